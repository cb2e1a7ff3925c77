/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_class: the class Smtp for scripts: its properties, the commands that stand alone, and its table. */
#include "modules/smtp/smtp.h"

#include "modules/comms/util.h"

enum { TIMEOUT_MAX = 24 * 3600 * 1000 };

/* ---- properties ---- */

static cp_value get_local_domain(cp_context *cp, cp_value self) { return smtp_of(cp, self)->local_domain; }
static cp_value set_local_domain(cp_context *cp, cp_value self, cp_value value) {
    if (value != CP_NIL) {
        const char *text = cp_text_z(cp, value);
        if (strlen(text) != cp_string_size(value) || !smtp_domain_check(text))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "localMailDomain is a domain as mail.example.org or an address as [192.0.2.1], at most "
                            "%d characters without space, not %s",
                            SMTP_DOMAIN_MAX, cp_text_z(cp, cp_to_source(cp, value)));
    }
    return smtp_of(cp, self)->local_domain = value;
}

static cp_value get_remote_domain(cp_context *cp, cp_value self) { return smtp_of(cp, self)->remote_domain; }
static cp_value get_greeting(cp_context *cp, cp_value self) { return smtp_of(cp, self)->greeting; }
static cp_value get_capabilities(cp_context *cp, cp_value self) { return smtp_of(cp, self)->capabilities; }
static cp_value get_reply(cp_context *cp, cp_value self) { return smtp_of(cp, self)->reply; }
static cp_value get_stack(cp_context *cp, cp_value self) { return comms_stack_below(cp, comms_self(cp, self)); }
static cp_value get_error_class(cp_context *cp, cp_value self) {
    (void)cp, (void)self;
    return cp_fixnum(CP_ERROR_SMTP);
}

static cp_value get_partial(cp_context *cp, cp_value self) { return comms_truth(cp, smtp_of(cp, self)->partial); }
static cp_value set_partial(cp_context *cp, cp_value self, cp_value value) {
    struct smtp *smtp = smtp_of(cp, self);
    smtp->partial = cp_is_true(value);
    if (smtp->client != NULL) smtp_client_set_partial(smtp->client, smtp->partial);
    return value;
}

static cp_value get_window(cp_context *cp, cp_value self) {
    int window = smtp_of(cp, self)->streaming.window;
    return cp_fixnum(window > 0 ? window : SMTP_WINDOW);
}
static cp_value set_window(cp_context *cp, cp_value self, cp_value value) {
    int64_t window = 0;
    if (!cp_to_int64(value, &window) || window < 1 || window > SMTP_WINDOW_MAX)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "window is 1 to %d messages, not %s", SMTP_WINDOW_MAX,
                        cp_text_z(cp, cp_to_source(cp, value)));
    smtp_of(cp, self)->streaming.window = (int)window;
    return value;
}

static cp_value get_chunking(cp_context *cp, cp_value self) {
    return comms_truth(cp, !smtp_of(cp, self)->streaming.no_chunking);
}
static cp_value set_chunking(cp_context *cp, cp_value self, cp_value value) {
    smtp_of(cp, self)->streaming.no_chunking = !cp_is_true(value);
    return value;
}

static cp_value get_binary_mime(cp_context *cp, cp_value self) {
    return comms_truth(cp, smtp_of(cp, self)->binary_mime);
}
static cp_value set_binary_mime(cp_context *cp, cp_value self, cp_value value) {
    smtp_of(cp, self)->binary_mime = cp_is_true(value);
    return value;
}

static cp_value get_timeout(cp_context *cp, cp_value self) {
    int64_t timeout = smtp_of(cp, self)->timeout;
    return timeout > 0 ? cp_integer(cp, timeout) : CP_NIL;
}
static cp_value set_timeout(cp_context *cp, cp_value self, cp_value value) {
    int64_t timeout = 0;
    if (value != CP_NIL && (!cp_to_int64(value, &timeout) || timeout < 1 || timeout > TIMEOUT_MAX))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "timeout is 1 to %d milliseconds, or () for the times of RFC 5321", TIMEOUT_MAX);
    smtp_of(cp, self)->timeout = timeout;
    return value;
}

static bool text_is(cp_value value, const char *word) {
    const char *bytes;
    size_t size;
    return cp_bytes_of(value, &bytes, &size) && size == strlen(word) && memcmp(bytes, word, size) == 0;
}

static cp_value get_protocol(cp_context *cp, cp_value self) {
    return cp_symbol_z(cp, smtp_of(cp, self)->lmtp ? "lmtp" : "smtp");
}
static cp_value set_protocol(cp_context *cp, cp_value self, cp_value value) {
    bool lmtp = text_is(value, "lmtp");
    if (!lmtp && !text_is(value, "smtp"))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "protocol is smtp or lmtp, not %s",
                        cp_text_z(cp, cp_to_source(cp, value)));
    smtp_of(cp, self)->lmtp = lmtp;
    return value;
}

static const cp_property_def properties[] = {
    {"localMailDomain", "String", CP_READ_WRITE, NULL, get_local_domain, set_local_domain,
     "What EHLO names us: a domain, or an address as [192.0.2.1]. () is this machine's name if it has a domain, else "
     "the address of our end of the connection. Counts from the next connect. Errors: 1.8 a space or control in it, "
     "too long."},
    {"remoteMailDomain", "String", CP_READ_ONLY, NULL, get_remote_domain, NULL,
     "The server's name for itself, from its greeting and its reply to EHLO; () before connect."},
    {"stack", "CommsStack", CP_READ_ONLY, NULL, get_stack, NULL, "The layers below."},
    COMMS_LOG_PROPERTY,
    {"errorClass", "Integer", CP_READ_ONLY, NULL, get_error_class, NULL,
     "10, the class of Errors that are the server's: their code is its reply code, 0 when it broke the protocol."},
    {"greeting", "String", CP_READ_ONLY, NULL, get_greeting, NULL,
     "The server's first words, with the reply code; () before connect."},
    {"capabilities", "List", CP_READ_ONLY, NULL, get_capabilities, NULL,
     "What the server offers, a String for each line of its reply to EHLO, as \"SIZE 10240000\"; () when it knows "
     "only HELO."},
    {"reply", "String", CP_READ_ONLY, NULL, get_reply, NULL,
     "The server's last words: reply code, enhanced code if it gave one, and text, of several lines perhaps. "
     "Controls are shown as ?. Words that repeat a secret of the log-in under way are not shown."},
    {"partial", "Symbol", CP_READ_WRITE, NULL, get_partial, set_partial,
     "true: a message goes to those recipients whom the server accepts, and its `results` tell of each; more than the "
     "server takes at once (LIMITS, RFC 9422, or 452 for those beyond its limit) go in several transactions, and "
     "`results` "
     "gathers them: it is accepted when one recipient is, in doubt when one is in doubt. () (the default): it goes to "
     "all "
     "or to nobody, so that more recipients than the server takes are an Error (10.452) and nothing is sent."},
    {"window", "Integer", CP_READ_WRITE, NULL, get_window, set_window,
     "Messages that sendAll has under way at most, 1 to 1000, 200 when nothing is said. Where the server offers "
     "PIPELINING and CHUNKING they are written one behind the other without a reply awaited in between; a connection "
     "that is lost leaves those not answered inDoubt. 1 waits for each. Errors: 1.8 out of range."},
    {"chunking", "Symbol", CP_READ_WRITE, NULL, get_chunking, set_chunking,
     "true (the default): content goes by BDAT (RFC 3030) where the server offers it; one that then does not know BDAT "
     "is connected to anew, and gets it by DATA from then on. () uses DATA. Counts from the next connect."},
    {"binaryMime", "Symbol", CP_READ_WRITE, NULL, get_binary_mime, set_binary_mime,
     "true: attachments and texts that would go in base64 go as they are, a quarter less to send, where the server "
     "offers BINARYMIME and CHUNKING (RFC 3030). () (the default): base64, which passes every server behind that one; "
     "each that cannot take binary has to encode the message or to return it. A message that Dkim signs goes in base64 "
     "all the same, for who encodes it on the way would break the signature (RFC 6376 5.3)."},
    {"timeout", "Integer", CP_READ_WRITE, NULL, get_timeout, set_timeout,
     "Milliseconds after which any one reply is given up, 1 to 86400000. () leaves it to RFC 5321 4.5.3.2: 5 "
     "minutes, 10 for the end of a message. Errors: 1.8 out of range."},
    {"protocol", "Symbol|String", CP_READ_WRITE, NULL, get_protocol, set_protocol,
     "smtp (the default) or lmtp (RFC 2033), where the server answers for each recipient. Counts from the next "
     "connect. Errors: 1.8 another word."},
    {"tls", "Symbol|String", CP_READ_WRITE, NULL, comms_client_get_tls, comms_client_set_tls,
     "required: connect encrypts by STARTTLS, and fails (13.13) where that is not offered. implicit: encrypted from "
     "the first "
     "word, as on port 465. opportunistic: by STARTTLS where it is offered, to whomever; no password is sent over that "
     "in "
     "clear. off: in clear. () (the default): required away from this machine, off on it. A Tls that stands in the "
     "stack "
     "already satisfies them all. Errors: 1.8 another word."},
    COMMS_CLIENT_TLS_PROPERTIES,
    COMMS_CLIENT_LOGIN_PROPERTIES,
    {"authMechanism", "Symbol|String", CP_READ_WRITE, NULL, comms_client_get_auth_mechanism, smtp_set_auth_mechanism,
     "The one to log in with, also where it shows the password to who listens. () takes the best that the server "
     "offers, of "
     "SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 OAUTHBEARER XOAUTH2 CRAM-MD5 PLAIN LOGIN EXTERNAL; "
     "OAUTHBEARER, XOAUTH2, PLAIN and LOGIN only over an encrypted connection whose other end is checked. Errors: 1.8 "
     "another one."},
    {0},
};

/* ---- commands that stand alone ---- */

/* Waits for the reply to a command that was given to the engine. CP_THROWN, or CP_NIL with the reply in `smtp`. */
static cp_value finish_command(cp_context *cp, struct smtp *smtp, smtp_client_status status) {
    if (smtp_await_answer(cp, smtp, status) != CP_THROWN) return CP_NIL;
    if (status == SMTP_CLIENT_OK) {
        cp_value error = cp_take_error(cp);
        smtp_close_failed(cp, smtp);
        cp_throw_value(cp, error);
    }
    return CP_THROWN;
}

static cp_value noop(cp_context *cp, struct smtp *smtp, cp_value nothing) {
    (void)nothing;
    if (finish_command(cp, smtp, smtp_client_noop(smtp->client)) == CP_THROWN) return CP_THROWN;
    return smtp->answer_code < 400 ? CP_NIL : smtp->reply;
}

static cp_value reset(cp_context *cp, struct smtp *smtp, cp_value nothing) {
    (void)nothing;
    return finish_command(cp, smtp, smtp_client_reset(smtp->client));
}

static cp_value verify(cp_context *cp, struct smtp *smtp, cp_value address) {
    const char *text = cp_text_z(cp, address);
    smtp_client_status status =
        strlen(text) == cp_string_size(address) ? smtp_client_verify(smtp->client, text) : SMTP_CLIENT_BAD_ARGUMENT;
    if (status == SMTP_CLIENT_BAD_ARGUMENT)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "what verify asks for has 1 to 400 bytes and no control characters, not %.500s",
                        cp_text_z(cp, cp_to_source(cp, address)));
    if (finish_command(cp, smtp, status) == CP_THROWN) return CP_THROWN;
    return smtp->answer_code < 400 ? smtp->reply : smtp_throw_reply(cp, smtp, "the server does not verify the address");
}

static cp_value in_turn(cp_context *cp, cp_value self, cp_value argument,
                        cp_value (*command)(cp_context *cp, struct smtp *smtp, cp_value argument)) {
    struct smtp *smtp = smtp_of(cp, self);
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = smtp_need_connection(cp, smtp);
    if (result != CP_THROWN) result = command(cp, smtp, argument);
    smtp_leave(cp, smtp);
    return result;
}

#define METHOD(command)                                                                                                \
    static cp_value method_##command(cp_context *cp, cp_value self, const cp_value *arguments, int count) {            \
        return in_turn(cp, self, count > 0 ? arguments[0] : CP_NIL, command);                                          \
    }
METHOD(noop)
METHOD(reset)
METHOD(verify)
#undef METHOD

/* ---- what a client of mail does not do ---- */

static cp_value refuse_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    (void)m, (void)data;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "Smtp sends SmtpMessages, not bytes");
}
static int64_t refuse_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    (void)m, (void)into, (void)room, (void)timeout;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "Smtp sends mail and receives none");
    return -1;
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"send", "String", "((message SmtpMessage))", smtp_method_send,
     "Sends a message and waits for the server's word on it. Gives its Message-ID; the server's words are in "
     "`reply`, what became of each recipient in the message's `results`. Errors: 10.CODE refused, with the details "
     "enhancedCode, temporary, command and results (nothing was sent to anybody, unless results say so); 6.1, 6.9 "
     "the connection was lost, inDoubt when it was after the last byte: the message may have arrived; 6.11 not "
     "connected; what is wrong with the message itself. After a lost connection call connect."},
    {"sendAll", "Integer", "(messages (tell Function ()))", smtp_method_send_all,
     "Sends many messages, without waiting for the reply to one before the next is written where the server allows "
     "it. `messages` is a List, an Array, an Enumerator, or a function that gives the next message until it gives "
     "(). Gives the number accepted. A refused message does not stop the rest: its `results` tell, and `tell` is "
     "called with each message and its Error, () if it was accepted. When the connection is lost it connects again, "
     "unless no message had come to an end on it, sends once more what was certainly not delivered, as it was, and "
     "goes "
     "on; what may have been is not sent twice, its Error is inDoubt. So it does when the server takes no more "
     "messages "
     "on a connection. Errors: as connect, or what `messages` and `tell` "
     "throw, after the messages under way are settled; their detail `accepted` is the number."},
    {"noop", "String", "()", method_noop,
     "Asks whether the server is still there: () when all is well, else its words. Errors: 6.1, 6.9, 6.11, 10.421."},
    {"reset", "NIL", "()", method_reset,
     "RSET: ends whatever the server still holds open. Errors: 10.CODE, 6.1, 6.9, 6.11."},
    {"verify", "String", "((address String))", method_verify,
     "VRFY: the server's words about an address or a name; most servers say 252, neither yes nor no. Errors: 10.CODE "
     "it refuses, 1.8 controls in the address, 6.1, 6.9, 6.11."},
    {"startTls", "NIL", "((layer Object ()))", smtp_method_start_tls,
     "STARTTLS now, with that Tls or the tlsLayer: nothing when `tls` has seen to it in connect. Errors: 13.13 not "
     "offered, "
     "10.CODE refused, 1.2 encrypted already, class 13, 6.1, 6.9, 6.11."},
    {"authenticate", "NIL", "()", smtp_method_authenticate,
     "Logs in with user, password, token and authMechanism; connect does it when they are set. Errors: 10.CODE the "
     "server's "
     "refusal, 10.0 the server has not proved who it is or breaks the mechanism's rules, 1.12 no mechanism in common, "
     "1.2 "
     "done already, 1.3 user or password missing, 4.2 passwordEval, 6.1, 6.9, 6.11."},
    COMMS_METHODS_WITHOUT_SEND,
    {0},
};

static const cp_class_def smtp_class = {
    .name = "Smtp",
    .doc = "A module that sends mail (RFC 5321) or hands it to a local delivery agent (LMTP). It stands directly on a "
           "Util. One thread at a time uses it, others wait; disconnect by another ends what is under way.",
    .size = sizeof(struct smtp),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

static const char *const needs_below[] = {"Util", NULL};

static const struct comms_kind smtp_kind = {
    .class_def = &smtp_class,
    .place = COMMS_TOP,
    .needs_below = needs_below,
    .ops = {.connect = smtp_connect,
            .disconnect = smtp_disconnect,
            .send = refuse_send,
            .send_object = smtp_send_object,
            .receive = refuse_receive,
            .bind = comms_client_refuse_bind,
            .listen = comms_client_refuse_listen,
            .accept = comms_client_refuse_accept},
};

void smtp_register(cp_context *cp) { comms_define_module(cp, &smtp_kind); }
