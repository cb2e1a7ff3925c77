/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_client: commands in their order, and how the server's octets are read as the answers to them. The words of
 * answers are understood in pop3_reply.c. */
#include "modules/protocol/pop3_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/base64.h"
#include "modules/protocol/auth_command.h"
#include "modules/protocol/pop3_client_internal.h"

/* ---- making ---- */

pop3_client *pop3_client_new(void) {
    pop3_client *client = calloc(1, sizeof *client);
    if (client == NULL) return NULL;
    client->waiting[0] = (struct pop3_waiting){.command = POP3_GREETING, .written = true};
    client->waiting_count = 1;
    return client;
}

static void free_capabilities(pop3_client *client) {
    for (size_t i = 0; i < client->capability_count; i++) free(client->capabilities[i]);
    client->capability_count = 0;
}

static void wipe_output(pop3_client *client) {
    if (client->output.data != NULL) explicit_bzero(client->output.data, client->output.capacity);
    mail_buffer_free(&client->output);
    client->output_done = 0;
    client->output_secret = false;
}

void pop3_client_free(pop3_client *client) {
    if (client == NULL) return;
    free_capabilities(client);
    wipe_output(client);
    for (size_t i = 0; i < POP3_COMMANDS_MAX; i++) free(client->waiting[i].line);
    mail_buffer_free(&client->line);
    free(client->challenge);
    explicit_bzero(client, sizeof *client);
    free(client);
}

void pop3_client_set_limit(pop3_client *client, uint64_t octets) { client->limit = octets; }

/* ---- output ---- */

void pop3_client_output(const pop3_client *client, const char **bytes, size_t *size) {
    *bytes = client->output.data != NULL ? client->output.data + client->output_done : "";
    *size = client->over ? 0 : client->output.size - client->output_done;
}

void pop3_client_sent(pop3_client *client, size_t size) {
    size_t left = client->output.size - client->output_done;
    client->output_done += size < left ? size : left;
    if (client->output_done < client->output.size) return;
    if (client->output_secret) wipe_output(client);
    else {
        client->output_done = 0;
        mail_buffer_clear(&client->output);
    }
}

bool pop3_client_output_is_secret(const pop3_client *client) { return client->output_secret; }

/* A secret is written into a block of its own, which is never moved and so leaves no copies. */
static bool put_secret(pop3_client *client, const char *first, const char *second, const char *base64, size_t size) {
    size_t encoded = base64 != NULL ? (size_t)base64_encoded_size(size, 0) : 0;
    size_t words = strlen(first) + strlen(second);
    char *at = mail_buffer_reserve(&client->output, words + encoded + 4);
    if (at == NULL) return false;
    client->output_secret = true;
    at = stpcpy(stpcpy(at, first), second);
    if (base64 != NULL && size > 0) at += base64_encode(at, base64, size);
    memcpy(at, "\r\n", 2);
    client->output.size = (size_t)(at + 2 - client->output.data);
    return true;
}

/* ---- commands ---- */

static struct pop3_waiting *waiting_at(pop3_client *client, size_t index) {
    return &client->waiting[(client->waiting_first + index) % POP3_COMMANDS_MAX];
}

/* Those after which the server may become another, or whose answer may ask something (RFC 2449 6.6, RFC 2595 4). */
static bool stands_alone(pop3_command command) {
    return command == POP3_CAPA || command == POP3_STLS || command == POP3_QUIT || command == POP3_AUTH ||
           command == POP3_USER || command == POP3_PASS || command == POP3_APOP || command == POP3_GREETING;
}

static pop3_status may_add(pop3_client *client, pop3_command command) {
    bool before = command == POP3_USER || command == POP3_PASS || command == POP3_APOP || command == POP3_AUTH ||
                  command == POP3_STLS;
    bool either = command == POP3_CAPA || command == POP3_QUIT;
    if (client->over) return POP3_CLOSED;
    if (client->tls_due || (!either && before == client->transaction)) return POP3_WRONG_STATE;
    if (client->waiting_count == POP3_COMMANDS_MAX) return POP3_BUSY;
    if (client->waiting_count == 0) return POP3_OK;
    return stands_alone(command) || stands_alone(waiting_at(client, 0)->command) ? POP3_BUSY : POP3_OK;
}

static void add_waiting(pop3_client *client, pop3_command command, char *line) {
    *waiting_at(client, client->waiting_count++) =
        (struct pop3_waiting){.command = command, .line = line, .written = line == NULL};
}

/* Writes what may be written now: all of it where the server takes commands ahead, else only the first. */
static bool write_commands(pop3_client *client) {
    size_t most = client->pipelining ? client->waiting_count : client->waiting_count > 0;
    for (size_t i = 0; i < most; i++) {
        struct pop3_waiting *waiting = waiting_at(client, i);
        if (waiting->written) continue;
        mail_buffer_append_string(&client->output, waiting->line);
        free(waiting->line);
        waiting->line = NULL;
        waiting->written = true;
    }
    return !client->output.failed;
}

static const char *const verbs[] = {
    [POP3_CAPA] = "CAPA", [POP3_STLS] = "STLS", [POP3_STAT] = "STAT", [POP3_LIST] = "LIST",
    [POP3_UIDL] = "UIDL", [POP3_RETR] = "RETR", [POP3_TOP] = "TOP",   [POP3_DELE] = "DELE",
    [POP3_NOOP] = "NOOP", [POP3_RSET] = "RSET", [POP3_QUIT] = "QUIT"};

pop3_status pop3_client_command(pop3_client *client, pop3_command command, uint64_t message, uint64_t lines) {
    char line[80];
    if (command > POP3_QUIT || verbs[command] == NULL) return POP3_BAD_ARGUMENT;
    pop3_status status = may_add(client, command);
    if (status != POP3_OK) return status;
    if (command == POP3_TOP)
        snprintf(line, sizeof line, "TOP %llu %llu\r\n", (unsigned long long)message, (unsigned long long)lines);
    else if (command == POP3_RETR || command == POP3_DELE)
        snprintf(line, sizeof line, "%s %llu\r\n", verbs[command], (unsigned long long)message);
    else snprintf(line, sizeof line, "%s\r\n", verbs[command]);
    char *copy = strdup(line);
    if (copy == NULL) return POP3_NO_MEMORY;
    add_waiting(client, command, copy);
    if (write_commands(client)) return POP3_OK;
    client->over = true; /* what is in the output is not known any more */
    return POP3_NO_MEMORY;
}

/* Whether it can stand in a command: no controls, which would end it, and where a space would part it none. */
static bool is_sendable(const char *text, bool with_spaces) {
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f || (*c == ' ' && !with_spaces)) return false;
    return *text != '\0';
}

static pop3_status add_secret(pop3_client *client, pop3_command command, const char *first, const char *second,
                              const char *base64, size_t size) {
    pop3_status status = may_add(client, command);
    if (status != POP3_OK) return status;
    if (!put_secret(client, first, second, base64, size)) return POP3_NO_MEMORY;
    add_waiting(client, command, NULL);
    return POP3_OK;
}

pop3_status pop3_client_user(pop3_client *client, const char *user) {
    /* Spaces in a name are not for APOP, but servers take them here. */
    if (!is_sendable(user, true) || strlen(user) + 7 > POP3_COMMAND_LINE_MAX) return POP3_BAD_ARGUMENT;
    pop3_status status = add_secret(client, POP3_USER, "USER ", user, NULL, 0);
    client->output_secret = false;
    return status;
}

pop3_status pop3_client_password(pop3_client *client, const char *password) {
    if (!is_sendable(password, true) || strlen(password) + 7 > POP3_COMMAND_LINE_MAX) return POP3_BAD_ARGUMENT;
    return add_secret(client, POP3_PASS, "PASS ", password, NULL, 0);
}

pop3_status pop3_client_apop(pop3_client *client, const char *user, const char *digest) {
    char words[POP3_COMMAND_LINE_MAX];
    if (!is_sendable(user, false) || !is_sendable(digest, false) ||
        strlen(user) + strlen(digest) + 8 > POP3_COMMAND_LINE_MAX)
        return POP3_BAD_ARGUMENT;
    snprintf(words, sizeof words, "APOP %s ", user);
    return add_secret(client, POP3_APOP, words, digest, NULL, 0);
}

bool pop3_client_auth_fits(const char *mechanism, size_t size) {
    return auth_command_fits(mechanism, size, POP3_COMMAND_LINE_MAX);
}

pop3_status pop3_client_auth(pop3_client *client, const char *mechanism, const char *initial, size_t size) {
    char command[AUTH_COMMAND_MAX];
    if (!auth_command_write(command, mechanism, initial, size, POP3_COMMAND_LINE_MAX)) return POP3_BAD_ARGUMENT;
    return add_secret(client, POP3_AUTH, command, "", initial, size);
}

pop3_status pop3_client_respond(pop3_client *client, const char *response, size_t size) {
    if (client->over) return POP3_CLOSED;
    if (!client->challenged) return POP3_WRONG_STATE;
    if (!put_secret(client, response == NULL ? "*" : "", "", response, size)) return POP3_NO_MEMORY;
    client->challenged = false;
    return POP3_OK;
}

pop3_status pop3_client_encrypted(pop3_client *client) {
    if (client->over) return POP3_CLOSED;
    if (!client->tls_due) return POP3_WRONG_STATE;
    client->tls_due = false;
    free_capabilities(client);
    client->pipelining = false;
    return POP3_OK;
}

/* ---- what is known ---- */

const char *pop3_client_timestamp(const pop3_client *client) { return client->timestamp; }
size_t pop3_client_capability_count(const pop3_client *client) { return client->capability_count; }
const char *pop3_client_capability(const pop3_client *client, size_t index) { return client->capabilities[index]; }

const char *pop3_client_offers(const pop3_client *client, const char *name) {
    size_t size = strlen(name);
    for (size_t i = 0; i < client->capability_count; i++) {
        const char *line = client->capabilities[i];
        if (strncasecmp(line, name, size) != 0) continue;
        if (line[size] == '\0') return line + size;
        if (line[size] == ' ') return line + size + 1;
    }
    return NULL;
}

bool pop3_client_in_transaction(const pop3_client *client) { return client->transaction && !client->over; }
size_t pop3_client_waiting(const pop3_client *client) { return client->waiting_count; }
size_t pop3_client_room(const pop3_client *client) { return POP3_COMMANDS_MAX - client->waiting_count; }
uint64_t pop3_client_taken(const pop3_client *client) { return client->taken; }
uint64_t pop3_client_answers(const pop3_client *client) { return client->answers; }

/* ---- the end ---- */

static void fail(pop3_client *client, pop3_failure failure, pop3_event *event) {
    client->over = true;
    if (client->output_secret) wipe_output(client);
    *event = (pop3_event){.kind = POP3_FAILED,
                          .failure = failure,
                          .command = client->waiting_count > 0 ? waiting_at(client, 0)->command : POP3_NOOP,
                          .code = client->code,
                          .code_text = client->code_text,
                          .text = client->text};
}

static void fail_saying(pop3_client *client, pop3_failure failure, const char *words, pop3_event *event) {
    snprintf(client->text, sizeof client->text, "%s", words);
    client->code = POP3_CODE_NONE;
    client->code_text[0] = '\0';
    fail(client, failure, event);
}

void pop3_client_close(pop3_client *client, const char *words, pop3_event *event) {
    *event = (pop3_event){.kind = POP3_NONE};
    if (client->over) return;
    char shown[POP3_TEXT_MAX], *where = shown;
    if (words == NULL)
        where += snprintf(shown, sizeof shown, "the server has closed the connection%s",
                          client->body      ? " in the middle of an answer"
                          : client->tls_due ? " before the handshake"
                                            : "");
    else pop3_show_text(shown, sizeof shown, words, strlen(words));
    fail_saying(client, POP3_FAILURE_CLOSED, shown, event);
}

/* ---- answers ---- */

/* Memory for a line, whose end has not come yet. False: `event` is a failure. */
static bool keep_line(pop3_client *client, const char *bytes, size_t size, pop3_event *event) {
    bool long_lines = client->waiting_count > 0 && waiting_at(client, 0)->command == POP3_AUTH;
    size_t most = long_lines ? POP3_CHALLENGE_LINE_MAX : POP3_LINE_MAX;
    if (client->line.size + size > most) {
        char words[96];
        snprintf(words, sizeof words, "the server's line is longer than %zu octets", most);
        fail_saying(client, POP3_FAILURE_PROTOCOL, words, event);
        return false;
    }
    mail_buffer_append(&client->line, bytes, size);
    if (!client->line.failed) return true;
    fail_saying(client, POP3_FAILURE_MEMORY, "out of memory", event);
    return false;
}

/* The command is answered: the next may be written. */
static void done(pop3_client *client, pop3_event *event) {
    struct pop3_waiting *waiting = waiting_at(client, 0);
    pop3_command command = waiting->command;
    client->waiting_first = (client->waiting_first + 1) % POP3_COMMANDS_MAX;
    client->waiting_count--;
    client->answers++;
    client->body = false;
    bool logs_in = command == POP3_PASS || command == POP3_APOP || command == POP3_AUTH;
    if (client->ok && logs_in) client->transaction = true;
    if (client->ok && command == POP3_STLS) client->tls_due = true;
    if (command == POP3_CAPA) client->pipelining = pop3_client_offers(client, "PIPELINING") != NULL;
    if (command == POP3_QUIT) client->over = true;
    *event = (pop3_event){.kind = POP3_DONE,
                          .command = command,
                          .ok = client->ok,
                          .code = client->code,
                          .code_text = client->code_text,
                          .text = client->text,
                          .number = client->number,
                          .octets = client->octets};
    if (!client->over && !write_commands(client)) fail_saying(client, POP3_FAILURE_MEMORY, "out of memory", event);
}

static void protocol_error(pop3_client *client, const char *what, const char *line, size_t size, pop3_event *event) {
    char shown[128], words[POP3_TEXT_MAX];
    pop3_show_text(shown, sizeof shown, line, size);
    snprintf(words, sizeof words, "%s: \"%s\"", what, shown);
    fail_saying(client, POP3_FAILURE_PROTOCOL, words, event);
}

static bool has_body(pop3_command command) {
    return command == POP3_CAPA || command == POP3_LIST || command == POP3_UIDL || command == POP3_RETR ||
           command == POP3_TOP;
}

/* "+ " and base64: the challenge of a mechanism. */
static void challenge(pop3_client *client, const char *line, size_t size, pop3_event *event) {
    while (size > 0 && *line == ' ') line++, size--;
    free(client->challenge);
    client->challenge = malloc(size + 4);
    if (client->challenge == NULL) {
        fail_saying(client, POP3_FAILURE_MEMORY, "out of memory", event);
        return;
    }
    size_t length = 0;
    bool good = pop3_decode_base64(client->challenge, line, size, &length);
    client->challenged = true;
    client->answers++;
    *event = (pop3_event){.kind = POP3_CHALLENGE,
                          .command = POP3_AUTH,
                          .text = "",
                          .code_text = "",
                          .bytes = good ? client->challenge : NULL,
                          .size = good ? length : 0};
}

/* The first line of an answer. */
static void answer(pop3_client *client, const char *line, size_t size, pop3_event *event) {
    if (client->waiting_count == 0 || client->tls_due || client->challenged) {
        /* Before a handshake it would be taken for what the encrypted server says (RFC 2595 4). */
        bool error = !client->tls_due && pop3_read_answer(client, line, size) && !client->ok;
        if (error) fail(client, POP3_FAILURE_CLOSED, event); /* why it is going to close */
        else
            protocol_error(client,
                           client->tls_due ? "the server has sent something in clear behind its answer to STLS"
                                           : "the server says something that nobody has asked for",
                           line, size, event);
        return;
    }
    struct pop3_waiting *waiting = waiting_at(client, 0);
    pop3_command command = waiting->command;
    if (command == POP3_AUTH && size > 0 && line[0] == '+' && (size == 1 || line[1] == ' ')) {
        challenge(client, line + 1, size - 1, event);
        return;
    }
    if (!waiting->written || !pop3_read_answer(client, line, size)) {
        protocol_error(client, "the server's answer is neither +OK nor -ERR", line, size, event);
        return;
    }
    if (command == POP3_CAPA) free_capabilities(client);
    if (command == POP3_GREETING && client->ok) pop3_find_timestamp(client, line, size);
    if (command == POP3_STAT && client->ok && !pop3_read_status(client)) {
        protocol_error(client, "the server's answer to STAT is not two numbers", line, size, event);
        return;
    }
    if (client->ok && has_body(command)) {
        client->body = true;
        client->body_count = 0;
        client->place = POP3_AT_START;
    } else done(client, event);
}

/* ---- listings ---- */

static bool add_capability(pop3_client *client, const char *line, size_t size) {
    if (client->capability_count == POP3_CAPABILITIES_MAX) return true; /* enough */
    char *copy = malloc(size + 1);
    if (copy == NULL) return false;
    size = pop3_show_text(copy, size + 1, line, size);
    copy[size] = '\0';
    client->capabilities[client->capability_count++] = copy;
    return true;
}

/* A line of LIST, UIDL or CAPA. */
static void listing(pop3_client *client, const char *line, size_t size, pop3_event *event) {
    pop3_command command = waiting_at(client, 0)->command;
    if (size == 1 && *line == '.') {
        done(client, event);
        return;
    }
    if (size > 0 && *line == '.') line++, size--;
    if (++client->body_count > POP3_LISTING_MAX || (command == POP3_CAPA && client->body_count > 10000)) {
        fail_saying(client, POP3_FAILURE_LIMIT, "the server's listing has no end", event);
        return;
    }
    if (command == POP3_CAPA) {
        if (!add_capability(client, line, size)) fail_saying(client, POP3_FAILURE_MEMORY, "out of memory", event);
        return;
    }
    *event = (pop3_event){.kind = POP3_ENTRY, .command = command, .text = "", .code_text = ""};
    if (!pop3_read_entry(client, event, line, size))
        protocol_error(client,
                       command == POP3_LIST ? "a line of LIST is not a message's number and its size"
                                            : "a line of UIDL is not a message's number and its unique id",
                       line, size, event);
}

/* ---- content ---- */

static size_t content_event(pop3_client *client, const char *bytes, size_t size, size_t taken, pop3_event *event) {
    client->body_count += size;
    if (client->limit > 0 && client->body_count > client->limit) {
        char words[128];
        snprintf(words, sizeof words, "the message is longer than %llu octets", (unsigned long long)client->limit);
        fail_saying(client, POP3_FAILURE_LIMIT, words, event);
        return taken;
    }
    *event = (pop3_event){.kind = POP3_CONTENT,
                          .command = waiting_at(client, 0)->command,
                          .text = "",
                          .code_text = "",
                          .bytes = bytes,
                          .size = size};
    return taken;
}

/* A line ends with CR LF, and only such a line's beginning is one: a message with a bare LF before a dot must not be
 * able to end itself and go on with answers of its own. Of a server whose answers end with LF alone, LF does. */
static size_t content(pop3_client *client, const char *bytes, size_t size, pop3_event *event) {
    size_t at = 0;
    while (at < size) {
        switch (client->place) {
        case POP3_AT_START:
            if (bytes[at] != '.') {
                client->place = POP3_IN_LINE;
                client->last_cr = false;
                break;
            }
            if (at > 0) return content_event(client, bytes, at, at, event);
            client->place = POP3_AT_DOT;
            /* The dot is no content. What follows is looked at in a call of its own, with an event or without. */
            return 1;
        case POP3_AT_DOT:
            if (bytes[at] == '\n' && client->bare_lf) {
                done(client, event);
                return 1;
            }
            if (bytes[at] == '\r') {
                client->place = POP3_AT_DOT_CR;
                return 1;
            }
            client->place = POP3_IN_LINE;
            client->last_cr = false;
            break;
        case POP3_AT_DOT_CR:
            if (bytes[at] == '\n') {
                done(client, event);
                return 1;
            }
            client->place = POP3_IN_LINE; /* the line was a stuffed one that begins with CR */
            client->last_cr = true;
            return content_event(client, "\r", 1, 0, event);
        case POP3_IN_LINE: {
            const char *end = memchr(bytes + at, '\n', size - at);
            if (end == NULL) {
                client->last_cr = bytes[size - 1] == '\r';
                return content_event(client, bytes, size, size, event);
            }
            bool cr = end > bytes + at ? end[-1] == '\r' : client->last_cr;
            client->last_cr = false;
            if (cr || client->bare_lf) client->place = POP3_AT_START;
            at = (size_t)(end - bytes) + 1;
            break;
        }
        }
    }
    return content_event(client, bytes, size, size, event);
}

/* ---- input ---- */

static size_t take_line(pop3_client *client, const char *bytes, size_t size, pop3_event *event) {
    const char *end = memchr(bytes, '\n', size);
    size_t taken = end != NULL ? (size_t)(end - bytes) + 1 : size;
    if (!keep_line(client, bytes, taken, event) || end == NULL) return taken;
    const char *line = client->line.data;
    size_t length = client->line.size - 1;
    bool bare = length == 0 || line[length - 1] != '\r';
    if (!bare) length--;
    if (client->body) listing(client, line, length, event);
    else {
        client->bare_lf = bare;
        answer(client, line, length, event);
    }
    mail_buffer_clear(&client->line);
    return taken;
}

size_t pop3_client_input(pop3_client *client, const char *bytes, size_t size, pop3_event *event) {
    size_t taken = 0;
    *event = (pop3_event){.kind = POP3_NONE};
    if (client->over) return size;
    while (taken < size && event->kind == POP3_NONE) {
        pop3_command command = client->waiting_count > 0 ? waiting_at(client, 0)->command : POP3_NOOP;
        bool message = client->body && (command == POP3_RETR || command == POP3_TOP);
        taken += message ? content(client, bytes + taken, size - taken, event)
                         : take_line(client, bytes + taken, size - taken, event);
    }
    client->taken += taken;
    return taken;
}
