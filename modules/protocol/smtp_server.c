/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_server: the server's side of an SMTP session: lines to commands, commands to events, answers to replies. */
#include "modules/protocol/smtp_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/protocol/smtp_buffer.h"
#include "modules/protocol/smtp_envelope.h"
#include "modules/protocol/smtp_reply.h"

/* Where the session stands; each state allows what RFC 5321 4.1.4 says. */
typedef enum session_state {
    STATE_GREETED,
    STATE_READY,
    STATE_MAIL,
    STATE_RCPT,
    STATE_CONTENT,
    STATE_OVER
} session_state;

struct smtp_server {
    smtp_server_options options; /* domain is a malloc'd copy */
    smtp_buffer in, out;
    session_state state;
    smtp_server_event_kind due; /* the event that waits for an answer, or NONE */
    size_t recipients, errors;
    uint64_t content_size;
    bool skipping;      /* the rest of a line that was too long */
    bool esmtp;         /* the HELLO that waits for an answer was EHLO */
    bool extended;      /* the last one accepted was */
    bool utf8;          /* MAIL had SMTPUTF8 */
    bool line_start;    /* content: the next octet begins a line */
    bool after_cr;      /* content: the last octet was CR */
    bool bare;          /* content: a CR or LF alone was seen */
    bool too_large;     /* content: over the limit; the rest is read and dropped */
    bool quit_reported; /* QUIT was the last event */
    char line[SMTP_SERVER_LINE_MAX + 1];
};

/* ---- replies ---- */

/* One line. The enhanced code is left out for a client that does not know it (RFC 2034 section 4 has it only after
 * EHLO). */
static bool say(smtp_server *server, int code, const char *enhanced, const char *text) {
    char shown[500], line[600];
    smtp_text_sanitise(shown, sizeof shown, text, strlen(text), false);
    bool with = enhanced != NULL && server->extended;
    int length = snprintf(line, sizeof line, "%d %s%s%s\r\n", code, with ? enhanced : "", with ? " " : "", shown);
    return smtp_buffer_append(&server->out, line, (size_t)length);
}

static void end_session(smtp_server *server) {
    server->state = STATE_OVER;
    server->due = SMTP_SERVER_NONE;
    smtp_buffer_free(&server->in);
}

/* An error of the client's: too many of them end the session. */
static void complain(smtp_server *server, int code, const char *enhanced, const char *text) {
    if (++server->errors <= SMTP_SERVER_ERRORS_MAX) {
        if (!say(server, code, enhanced, text)) end_session(server);
        return;
    }
    say(server, 421, "4.7.0", "too many errors");
    end_session(server);
}

static bool say_hello(smtp_server *server) {
    if (!server->esmtp) return say(server, 250, NULL, server->options.domain);
    bool ok = smtp_buffer_append(&server->out, "250-", 4) && smtp_buffer_text(&server->out, server->options.domain) &&
              smtp_buffer_text(&server->out, "\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE");
    if (server->options.size_limit > 0)
        ok = ok && smtp_buffer_append(&server->out, " ", 1) &&
             smtp_buffer_number(&server->out, server->options.size_limit);
    return ok && smtp_buffer_text(&server->out, "\r\n250 ENHANCEDSTATUSCODES\r\n");
}

/* ---- arguments ---- */

/* Reads "<path>" at `*at`; the address without source route replaces the text in place and is NUL-terminated. Returns
 * it, or NULL; `*at` is then behind ">". Within quotes ">" is an octet like others. */
static char *take_path(char **at) {
    char *p = *at;
    bool quoted = false;
    while (*p == ' ') p++; /* RFC 5321 4.1.1.2 has no space there, clients do */
    if (*p++ != '<') return NULL;
    char *address = p;
    for (; *p != '\0' && (quoted || *p != '>'); p++) {
        if (quoted && *p == '\\' && p[1] != '\0') p++;
        else if (*p == '"') quoted = !quoted;
    }
    if (*p != '>') return NULL;
    *p++ = '\0';
    *at = p;
    if (*address == '@') { /* a source route "@a,@b:" is to be ignored (RFC 5321 appendix C) */
        char *colon = strchr(address, ':');
        if (colon == NULL) return NULL;
        address = colon + 1;
    }
    return address;
}

/* The next parameter of MAIL or RCPT, cut off in place; NULL at the end. `*value` is NULL when it has none. */
static char *take_parameter(char **at, char **value) {
    while (**at == ' ') (*at)++;
    if (**at == '\0') return NULL;
    char *keyword = *at;
    while (**at != '\0' && **at != ' ') (*at)++;
    if (**at == ' ') *(*at)++ = '\0';
    *value = strchr(keyword, '=');
    if (*value != NULL) *(*value)++ = '\0';
    return keyword;
}

static bool take_size(const char *value, uint64_t *size) {
    uint64_t number = 0;
    if (value == NULL || *value == '\0' || strlen(value) > 20) return false; /* RFC 1870 section 5: 1 to 20 digits */
    for (; *value != '\0'; value++) {
        if (*value < '0' || *value > '9' || number > (UINT64_MAX - 9) / 10) return false;
        number = number * 10 + (uint64_t)(*value - '0');
    }
    *size = number;
    return true;
}

/* ---- commands: each checks, and then either complains or makes an event that wants an answer ---- */

static bool raise(smtp_server *server, smtp_server_event *event, smtp_server_event_kind kind, const char *text) {
    server->due = kind;
    event->kind = kind;
    event->text = text;
    event->length = strlen(text);
    return true;
}

/* Ends a transaction, if there is one, and says so. */
static bool abandon(smtp_server *server, smtp_server_event *event) {
    bool begun = server->state > STATE_READY;
    if (begun) server->state = STATE_READY;
    server->recipients = 0;
    if (begun) event->kind = SMTP_SERVER_ABANDONED;
    return begun;
}

static bool command_hello(smtp_server *server, char *argument, bool esmtp, smtp_server_event *event) {
    size_t length = strlen(argument);
    while (length > 0 && argument[length - 1] == ' ') argument[--length] = '\0';
    if (!smtp_domain_check(argument)) {
        complain(server, 501, "5.5.4", "a domain or address literal is wanted");
        return false;
    }
    if (server->state > STATE_READY) server->state = STATE_READY; /* RFC 5321 4.1.4: as RSET; the event says it */
    server->recipients = 0;
    server->esmtp = event->esmtp = esmtp;
    return raise(server, event, SMTP_SERVER_HELLO, argument);
}

static bool command_mail(smtp_server *server, char *argument, smtp_server_event *event) {
    if (server->state != STATE_READY) {
        complain(server, 503, "5.5.1", server->state == STATE_GREETED ? "say hello first" : "a message is under way");
        return false;
    }
    char *at = argument + 5, *value, *sender;
    if (strncasecmp(argument, "FROM:", 5) != 0 || (sender = take_path(&at)) == NULL || (*at != '\0' && *at != ' ')) {
        complain(server, 501, "5.5.4", "syntax: MAIL FROM:<address>");
        return false;
    }
    for (char *keyword; (keyword = take_parameter(&at, &value)) != NULL;) {
        bool known = !server->options.no_extensions, good = false;
        if (known && strcasecmp(keyword, "SIZE") == 0) good = take_size(value, &event->size);
        else if (known && strcasecmp(keyword, "SMTPUTF8") == 0) event->smtputf8 = good = value == NULL;
        else if (known && strcasecmp(keyword, "BODY") == 0 && value != NULL) {
            event->body_8bit = strcasecmp(value, "8BITMIME") == 0;
            good = event->body_8bit || strcasecmp(value, "7BIT") == 0;
        } else {
            complain(server, 555, "5.5.4", "unknown parameter of MAIL FROM");
            return false;
        }
        if (good) continue;
        complain(server, 501, "5.5.4", "malformed parameter of MAIL FROM");
        return false;
    }
    if (*sender != '\0' && !smtp_address_check(sender, event->smtputf8)) {
        complain(server, 501, "5.1.7", "malformed sender address");
        return false;
    }
    if (server->options.size_limit > 0 && event->size > server->options.size_limit) {
        if (!say(server, 552, "5.3.4", "message larger than the limit")) end_session(server);
        return false;
    }
    server->utf8 = event->smtputf8;
    return raise(server, event, SMTP_SERVER_MAIL, sender);
}

static bool command_rcpt(smtp_server *server, char *argument, smtp_server_event *event) {
    if (server->state != STATE_MAIL && server->state != STATE_RCPT) {
        complain(server, 503, "5.5.1", "MAIL FROM comes first");
        return false;
    }
    char *at = argument + 3, *value, *recipient;
    if (strncasecmp(argument, "TO:", 3) != 0 || (recipient = take_path(&at)) == NULL || (*at != '\0' && *at != ' ')) {
        complain(server, 501, "5.5.4", "syntax: RCPT TO:<address>");
        return false;
    }
    if (take_parameter(&at, &value) != NULL) {
        complain(server, 555, "5.5.4", "unknown parameter of RCPT TO");
        return false;
    }
    if (!smtp_address_check(recipient, server->utf8)) {
        complain(server, 501, "5.1.3", "malformed recipient address");
        return false;
    }
    if (server->recipients >= server->options.max_recipients) {
        if (!say(server, 452, "4.5.3", "too many recipients")) end_session(server);
        return false;
    }
    return raise(server, event, SMTP_SERVER_RCPT, recipient);
}

static bool command_data(smtp_server *server, smtp_server_event *event) {
    if (server->state != STATE_RCPT) {
        complain(server, 503, "5.5.1", "no valid recipients");
        return false;
    }
    return raise(server, event, SMTP_SERVER_DATA, "");
}

/* True when the line is this verb, alone or followed by a space. */
static bool is_verb(const char *line, const char *verb) {
    size_t length = strlen(verb);
    return strncasecmp(line, verb, length) == 0 && (line[length] == '\0' || line[length] == ' ');
}

/* One command line in server->line. True when it made an event. */
static bool dispatch(smtp_server *server, size_t length, smtp_server_event *event) {
    char *line = server->line;
    while (length > 0 && line[length - 1] == ' ') line[--length] = '\0';
    char *argument = length > 4 ? line + 5 : line + length;
    bool ok = true;
    if (strlen(line) != length) complain(server, 500, "5.5.2", "NUL in a command");
    else if (is_verb(line, "EHLO") && !server->options.no_extensions)
        return command_hello(server, argument, true, event);
    else if (is_verb(line, "HELO")) return command_hello(server, argument, false, event);
    else if (is_verb(line, "MAIL")) return command_mail(server, argument, event);
    else if (is_verb(line, "RCPT")) return command_rcpt(server, argument, event);
    else if (is_verb(line, "DATA") && *argument == '\0') return command_data(server, event);
    else if (is_verb(line, "RSET") && *argument == '\0') {
        ok = say(server, 250, "2.0.0", "Ok");
        if (ok) return abandon(server, event);
    } else if (is_verb(line, "NOOP")) ok = say(server, 250, "2.0.0", "Ok");
    else if (is_verb(line, "HELP")) ok = say(server, 214, "2.0.0", "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT");
    else if (is_verb(line, "VRFY") && *argument != '\0') return raise(server, event, SMTP_SERVER_VERIFY, argument);
    else if (is_verb(line, "QUIT") && *argument == '\0') {
        say(server, 221, "2.0.0", "Bye");
        end_session(server);
    } else if (is_verb(line, "DATA") || is_verb(line, "RSET") || is_verb(line, "QUIT") || is_verb(line, "VRFY"))
        complain(server, 501, "5.5.4", "wrong argument");
    else if (is_verb(line, "EXPN")) complain(server, 502, "5.5.1", "not implemented");
    else complain(server, 500, "5.5.2", "unknown command");
    if (!ok) end_session(server);
    return false;
}

/* Takes the next command line out of the input. False when none is complete. Lines end in LF here: a CR before it is
 * dropped. Only content is strict about line ends, for there laxity lets one message hide in another. */
static bool take_line(smtp_server *server, size_t *length) {
    size_t available = smtp_buffer_length(&server->in);
    if (available == 0) return false;
    const char *bytes = server->in.bytes + server->in.begin;
    const char *line_feed = memchr(bytes, '\n', available);
    size_t size = line_feed ? (size_t)(line_feed - bytes) : available;
    if (size > SMTP_SERVER_LINE_MAX + 1 || server->skipping) {
        bool end = line_feed != NULL;
        smtp_buffer_consume(&server->in, end ? size + 1 : available);
        server->skipping = !end;
        if (end) complain(server, 500, "5.5.2", "line too long");
        *length = SIZE_MAX;
        return end;
    }
    if (line_feed == NULL) return false;
    *length = size > 0 && bytes[size - 1] == '\r' ? size - 1 : size;
    if (*length > SMTP_SERVER_LINE_MAX) *length = SMTP_SERVER_LINE_MAX + 1;
    else {
        memcpy(server->line, bytes, *length);
        server->line[*length] = '\0';
    }
    smtp_buffer_consume(&server->in, size + 1);
    if (*length > SMTP_SERVER_LINE_MAX) {
        complain(server, 500, "5.5.2", "line too long");
        *length = SIZE_MAX;
    }
    return true;
}

/* ---- content ---- */

/* How the octets at a line's start that may be the final dot look: 3 the end, 1 a dot to be dropped, 0 no dot, -1
 * unknown yet. */
static int final_dot(const char *bytes, size_t length) {
    if (length == 0) return -1;
    if (bytes[0] != '.') return 0;
    if (length == 1) return -1;
    if (bytes[1] != '\r') return 1;
    if (length == 2) return -1;
    return bytes[2] == '\n' ? 3 : 1;
}

/* The longest piece of content that needs no change, as an event; or the end of the message. */
static bool take_content(smtp_server *server, smtp_server_event *event) {
    for (;;) {
        size_t available = smtp_buffer_length(&server->in), at = 0;
        if (available == 0) return false;
        const char *bytes = server->in.bytes + server->in.begin;
        if (server->after_cr && bytes[0] != '\n') {
            server->bare = true;
            server->after_cr = false;
        }
        if (server->line_start) {
            int dot = final_dot(bytes, available);
            if (dot < 0) return false;
            if (dot == 3) {
                smtp_buffer_consume(&server->in, 3);
                event->size = server->content_size;
                event->bare_line_ends = server->bare;
                if (!server->too_large) return raise(server, event, SMTP_SERVER_MESSAGE, "");
                if (!say(server, 552, "5.3.4", "message larger than the limit")) end_session(server);
                return abandon(server, event);
            }
            if (dot == 1) {
                smtp_buffer_consume(&server->in, 1);
                server->line_start = false;
                continue; /* the buffer has more: the dot was not the last octet */
            }
            server->line_start = false;
        }
        while (at < available) { /* line by line, up to a line that begins with a dot */
            const char *line_feed = memchr(bytes + at, '\n', available - at);
            size_t end = line_feed ? (size_t)(line_feed - bytes) : available;
            const char *cr = memchr(bytes + at, '\r', end - at);
            /* A CR is in its place only as the last octet before LF, or as the last there is so far. */
            if (cr != NULL && cr + 1 < bytes + end) server->bare = true;
            bool preceded = end > at ? bytes[end - 1] == '\r' : server->after_cr;
            if (line_feed == NULL) {
                server->after_cr = preceded;
                at = available;
                break;
            }
            at = end + 1;
            server->after_cr = false;
            if (!preceded) {
                server->bare = true;
                continue;
            }
            server->line_start = true;
            if (at == available || bytes[at] == '.') break;
            server->line_start = false;
        }
        server->content_size += at;
        if (server->options.size_limit > 0 && server->content_size > server->options.size_limit)
            server->too_large = true;
        smtp_buffer_consume(&server->in, at); /* leaves the octets in place until the next input */
        if (server->too_large) continue;      /* the event of the end must know nothing of what is dropped */
        event->kind = SMTP_SERVER_CONTENT;
        event->text = bytes;
        event->length = at;
        return true;
    }
}

/* ---- the public face ---- */

bool smtp_server_next_event(smtp_server *server, smtp_server_event *event) {
    *event = (smtp_server_event){.kind = SMTP_SERVER_NONE, .text = ""};
    while (server->due == SMTP_SERVER_NONE && server->state != STATE_OVER &&
           smtp_buffer_length(&server->out) < SMTP_SERVER_OUTPUT_MAX) {
        size_t length;
        if (server->state == STATE_CONTENT) {
            if (take_content(server, event)) return true;
            break;
        }
        if (!take_line(server, &length)) break;
        if (length == SIZE_MAX) continue;
        if (dispatch(server, length, event)) return true;
        *event = (smtp_server_event){.kind = SMTP_SERVER_NONE, .text = ""};
    }
    if (server->state != STATE_OVER || server->quit_reported) return false;
    server->quit_reported = true;
    event->kind = SMTP_SERVER_QUIT;
    return true;
}

bool smtp_server_accept(smtp_server *server, const char *text) {
    smtp_server_event_kind due = server->due;
    bool ok = false;
    server->due = SMTP_SERVER_NONE;
    switch (due) {
    case SMTP_SERVER_HELLO:
        ok = say_hello(server);
        server->extended = server->esmtp;
        server->state = STATE_READY;
        break;
    case SMTP_SERVER_MAIL:
        ok = say(server, 250, "2.1.0", text ? text : "Ok");
        server->state = STATE_MAIL;
        break;
    case SMTP_SERVER_RCPT:
        ok = say(server, 250, "2.1.5", text ? text : "Ok");
        server->state = STATE_RCPT;
        server->recipients++;
        break;
    case SMTP_SERVER_DATA:
        ok = say(server, 354, NULL, text ? text : "End data with <CR><LF>.<CR><LF>");
        server->state = STATE_CONTENT;
        server->line_start = true;
        server->after_cr = server->bare = server->too_large = false;
        server->content_size = 0;
        break;
    case SMTP_SERVER_MESSAGE:
        ok = say(server, 250, "2.0.0", text ? text : "Ok");
        server->state = STATE_READY;
        server->recipients = 0;
        break;
    case SMTP_SERVER_VERIFY: ok = say(server, 252, "2.5.0", text ? text : "Send some mail, I will try my best"); break;
    default: return false;
    }
    if (!ok) end_session(server);
    return ok;
}

bool smtp_server_refuse(smtp_server *server, int code, const char *enhanced, const char *text) {
    smtp_enhanced_code parsed;
    if (server->due == SMTP_SERVER_NONE || code < 400 || code > 599) return false;
    if (enhanced != NULL && (smtp_enhanced_code_parse(enhanced, strlen(enhanced), &parsed) != strlen(enhanced) ||
                             parsed.status_class != code / 100))
        return false;
    /* Refusing the content ends the transaction; refusing DATA does not (RFC 5321 4.1.1.4: the client sends RSET). */
    if (server->due == SMTP_SERVER_MESSAGE) {
        server->state = STATE_READY;
        server->recipients = 0;
    }
    server->due = SMTP_SERVER_NONE;
    bool ok = say(server, code, enhanced, text);
    if (!ok || code == 421) end_session(server);
    return ok;
}

size_t smtp_server_input(smtp_server *server, const char *bytes, size_t length) {
    if (server->state == STATE_OVER) return length;
    size_t room = SMTP_SERVER_INPUT_MAX - smtp_buffer_length(&server->in);
    if (length > room) length = room;
    return smtp_buffer_append(&server->in, bytes, length) ? length : 0;
}

void smtp_server_output(const smtp_server *server, const char **bytes, size_t *length) {
    *length = smtp_buffer_length(&server->out);
    *bytes = *length > 0 ? server->out.bytes + server->out.begin : "";
}

void smtp_server_sent(smtp_server *server, size_t length) { smtp_buffer_consume(&server->out, length); }

smtp_server *smtp_server_new(const smtp_server_options *options) {
    if (options->domain == NULL || !smtp_domain_check(options->domain)) return NULL;
    smtp_server *server = calloc(1, sizeof *server);
    if (server == NULL) return NULL;
    server->options = *options;
    if (server->options.max_recipients == 0) server->options.max_recipients = 1000;
    server->options.domain = strdup(options->domain);
    char greeting[SMTP_DOMAIN_MAX + 8];
    if (server->options.domain != NULL) {
        snprintf(greeting, sizeof greeting, "%s %s", server->options.domain, options->no_extensions ? "SMTP" : "ESMTP");
        if (say(server, 220, NULL, greeting)) return server;
    }
    smtp_server_free(server);
    return NULL;
}

void smtp_server_free(smtp_server *server) {
    if (server == NULL) return;
    free((char *)server->options.domain);
    smtp_buffer_free(&server->in);
    smtp_buffer_free(&server->out);
    free(server);
}
