/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_class: the class Pop3 for scripts: its properties and its table. */
#include "modules/pop3/pop3.h"

enum { TIMEOUT_MAX = 24 * 3600 * 1000 };
#define SIZE_LIMIT_MAX ((int64_t)1 << 50)

/* ---- properties ---- */

static cp_value get_greeting(cp_context *cp, cp_value self) { return pop3_of(cp, self)->greeting; }
static cp_value get_timestamp(cp_context *cp, cp_value self) { return pop3_of(cp, self)->timestamp; }
static cp_value get_capabilities(cp_context *cp, cp_value self) { return pop3_of(cp, self)->capabilities; }
static cp_value get_reply(cp_context *cp, cp_value self) { return pop3_of(cp, self)->reply; }
static cp_value get_stack(cp_context *cp, cp_value self) { return comms_stack_below(cp, comms_self(cp, self)); }
static cp_value get_error_class(cp_context *cp, cp_value self) {
    (void)cp, (void)self;
    return cp_fixnum(CP_ERROR_POP3);
}

static cp_value get_timeout(cp_context *cp, cp_value self) {
    int64_t timeout = pop3_of(cp, self)->timeout;
    return timeout > 0 ? cp_integer(cp, timeout) : CP_NIL;
}
static cp_value set_timeout(cp_context *cp, cp_value self, cp_value value) {
    int64_t timeout = 0;
    if (value != CP_NIL && (!cp_to_int64(value, &timeout) || timeout < 1 || timeout > TIMEOUT_MAX))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "timeout is 1 to %d milliseconds, or () for 2 minutes, not %s", TIMEOUT_MAX,
                        cp_text_z(cp, cp_to_source(cp, value)));
    pop3_of(cp, self)->timeout = timeout;
    return value;
}

static cp_value get_size_limit(cp_context *cp, cp_value self) {
    int64_t limit = pop3_of(cp, self)->size_limit;
    return limit > 0 ? cp_integer(cp, limit) : CP_NIL;
}
static cp_value set_size_limit(cp_context *cp, cp_value self, cp_value value) {
    int64_t limit = 0;
    if (value != CP_NIL && (!cp_to_int64(value, &limit) || limit < 1 || limit > SIZE_LIMIT_MAX))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "sizeLimit is 1 byte or more, or () for 1 GB, not %s",
                        cp_text_z(cp, cp_to_source(cp, value)));
    pop3_of(cp, self)->size_limit = limit;
    return value;
}

static cp_value get_secret(cp_context *cp, cp_value self) { return comms_secret_shown(cp, pop3_of(cp, self)->secret); }
static cp_value set_secret(cp_context *cp, cp_value self, cp_value value) {
    return comms_secret_set(cp, &pop3_of(cp, self)->secret, "secret", value) == CP_THROWN ? CP_THROWN : value;
}

static const cp_property_def properties[] = {
    COMMS_CLIENT_LOGIN_PROPERTIES,
    {"secret", "String", CP_READ_WRITE, NULL, get_secret, set_secret,
     "The secret shared with the server for APOP, which is chosen when this is set: only a digest of it is sent. It "
     "reads "
     "as *****. Errors: 1.8 a NUL in it."},
    {"authMechanism", "Symbol|String", CP_READ_WRITE, NULL, comms_client_get_auth_mechanism, pop3_set_auth_mechanism,
     "The way to log in, also where it shows the password to who listens. () takes APOP with a `secret`, else the best "
     "that the server offers, of SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 OAUTHBEARER XOAUTH2 "
     "CRAM-MD5 PLAIN LOGIN EXTERNAL, and then USER (with PASS); OAUTHBEARER, XOAUTH2, PLAIN, LOGIN and USER only over "
     "an encrypted connection whose other end is checked. Errors: 1.8 another one."},
    {"timeout", "Integer", CP_READ_WRITE, NULL, get_timeout, set_timeout,
     "Milliseconds within which an answer, or 4 KB more of it, must come, 1 to 86400000. () is 2 minutes. Errors: 1.8 "
     "out of range."},
    {"sizeLimit", "Integer", CP_READ_WRITE, NULL, get_size_limit, set_size_limit,
     "Bytes of one message above which the session is given up (12.7), so that a server cannot send without end. () is "
     "1 "
     "GB. Counts from the next connect. Errors: 1.8 below 1."},
    {"stack", "CommsStack", CP_READ_ONLY, NULL, get_stack, NULL, "The layers below."},
    COMMS_LOG_PROPERTY,
    {"errorClass", "Integer", CP_READ_ONLY, NULL, get_error_class, NULL,
     "12, the class of Errors that are the server's: code 0 it breaks the protocol, 1 it refuses, 2 the mailbox is in "
     "use "
     "(IN-USE), 3 too soon after the last log-in (LOGIN-DELAY), 4 a failure that passes (SYS/TEMP), 5 one that does "
     "not "
     "(SYS/PERM), 6 user or password are wrong (AUTH), 7 more than sizeLimit. The details: enhancedCode, the server's "
     "own "
     "code as \"SYS/TEMP\" or (); temporary, whether to try again later."},
    {"greeting", "String", CP_READ_ONLY, NULL, get_greeting, NULL, "The server's first words; () before connect."},
    {"connectionTimestamp", "String", CP_READ_ONLY, NULL, get_timestamp, NULL,
     "The time stamp in the greeting, as \"<1896.697170952@mail.x.test>\", of which APOP makes its digest; () when the "
     "server does not offer APOP."},
    {"capabilities", "List", CP_READ_ONLY, NULL, get_capabilities, NULL,
     "What the server offers, a String for each line of its answer to CAPA, as \"SASL PLAIN\"; () when it knows no "
     "CAPA."},
    {"reply", "String", CP_READ_ONLY, NULL, get_reply, NULL,
     "The server's last words, without +OK or -ERR and its code. Controls are shown as ?. Words that repeat a secret "
     "of the "
     "log-in under way are not shown."},
    {"tls", "Symbol|String", CP_READ_WRITE, NULL, comms_client_get_tls, comms_client_set_tls,
     "required: connect encrypts by STLS, and fails (13.13) where that is not offered. implicit: encrypted from the "
     "first "
     "word, as on port 995. opportunistic: by STLS where it is offered, to whomever; no password is sent over that in "
     "clear. off: in clear. () (the default): required away from this machine, off on it. A Tls that stands in the "
     "stack "
     "already satisfies them all. Errors: 1.8 another word."},
    COMMS_CLIENT_TLS_PROPERTIES,
    {0},
};

/* ---- what a client of mail does not do ---- */

static cp_value refuse_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    (void)m, (void)data;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "Pop3 reads mail and sends none: use Smtp");
}
static cp_value refuse_send_object(cp_context *cp, struct comms_module *m, cp_value object) {
    (void)object;
    return refuse_send(cp, m, NULL);
}
static int64_t refuse_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    (void)m, (void)into, (void)room, (void)timeout;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "Pop3 gives messages, not bytes: use fetch or fetchTo");
    return -1;
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"status", "List", "()", pop3_method_status,
     "STAT: the number of messages and the bytes of all, without those marked as deleted. Errors: 12, 1.3 nobody is "
     "logged in, 6.1, 6.9, 6.11."},
    {"listMailbox", "List", "()", pop3_method_list,
     "The messages, a List (number size uid) for each: numbers count from 1 and hold for this session, size is in "
     "bytes, "
     "uid stays the same for ever. Without uid where the server knows no UIDL. Errors: 12, 1.3, 6.1, 6.9, 6.11."},
    {"uidl", "List", "()", pop3_method_uidl,
     "The unique ids alone, a List (number uid) for each message. Errors: 12.1 the server knows none, 1.3, 6.1, 6.9, "
     "6.11."},
    {"fetch", "Mime", "((number Integer))", pop3_method_fetch,
     "The message of that number, parsed while it comes; what is above 4 MB is kept in a file without a name in "
     "TMPDIR. "
     "Errors: 12.1 there is none, 12.7, 1.8 below 1, 5.4 no room in TMPDIR, 1.3, 6.1, 6.9, 6.11."},
    {"fetchTo", "NIL", "((number Integer) (target Object))", pop3_method_fetch_to,
     "Writes the message of that number, byte by byte as it is, into an object with a method `write` as a Stream, or "
     "the "
     "file of that path; what was written remains after an Error. Errors: 12.1 there is none, 5.1, 5.4, otherwise as "
     "`fetch`."},
    {"fetchAll", "Integer", "((function Function))", pop3_method_fetch_all,
     "Fetches every message and calls the function with each, a Mime, and its number. Where the server allows it "
     "(PIPELINING) the next are asked for while one is on its way. In the function `delete` may be called, of this "
     "Pop3's methods alone; it takes effect when its turn comes. Gives the number of messages. Errors: what the "
     "function "
     "throws, 12 the first message that cannot be fetched or deleted, otherwise as `fetch`; nothing more is fetched "
     "then, "
     "and the detail `fetched` is the number of messages that the function has done with."},
    {"top", "Mime", "((number Integer) (lines Integer 0))", pop3_method_top,
     "The headers of a message and so many lines of its body. Errors: as `fetch`; 1.8 lines below 0; 12.1 the server "
     "knows no TOP."},
    {"delete", "NIL", "((number Integer))", pop3_method_delete,
     "Marks a message as deleted, which it is after disconnect. Errors: 12.1 there is none, 1.8, 1.3, 6.1, 6.9, 6.11."},
    {"reset", "NIL", "()", pop3_method_reset,
     "RSET: takes all marks for deletion off. Errors: 12, 1.3, 6.1, 6.9, 6.11."},
    {"noop", "NIL", "()", pop3_method_noop, "Keeps the connection alive. Errors: 12, 1.3, 6.1, 6.9, 6.11."},
    {"startTls", "NIL", "((layer Object ()))", pop3_method_start_tls,
     "STLS now, with that Tls or the tlsLayer: nothing when `tls` has seen to it in connect; before log-in. Errors: "
     "13.13 "
     "not offered, 12.CODE refused, 12.0 something was sent in clear behind the answer, 1.2 encrypted or logged in "
     "already, class 13, 6.1, 6.9, 6.11."},
    {"authenticate", "NIL", "()", pop3_method_authenticate,
     "Logs in with user, password, token, secret and authMechanism; connect does it when they are set. Errors: 12.6 "
     "and "
     "12.1 the server's refusal, 12.2 in use, 12.0 the server has not proved who it is or breaks the mechanism's "
     "rules, "
     "1.12 no way in common, 1.2 done already, 1.3 user or password missing, 4.2 passwordEval, 6.1, 6.9, 6.11."},
    {"connect", "NIL", "()", comms_method_connect,
     "Connects what is beneath, from the bottom up, reads the greeting, encrypts as `tls` says, and logs in when a "
     "user "
     "or token is set. Errors: 12 the server lets us not in, as authenticate and startTls, 1.2 connected already, 6.1, "
     "6.2, 6.9, 6.10, 6.12."},
    {"disconnect", "NIL", "()", comms_method_disconnect,
     "QUIT: messages that were marked are deleted, and what is beneath is disconnected; nothing happens when it is not "
     "connected. Errors after all is closed: 12 not all was deleted, 6.1, 6.9 the server did not answer, so nobody "
     "knows."},
    {"close", "NIL", "()", comms_method_close,
     "Closes the connection without QUIT, so that nothing is deleted, and without Errors, whatever the state. `close` "
     "of the CommsStack does the same, and so does the end of a `with`."},
    COMMS_METHODS_FOR_ALL,
    {0},
};

static const cp_class_def pop3_class = {
    .name = "Pop3",
    .doc = "A module that reads and deletes the mail in a mailbox (RFC 1939 with CAPA, PIPELINING, STLS and SASL). It "
           "stands directly on a Util. One thread at a time uses it, others wait; disconnect by another ends what is "
           "under way.",
    .size = sizeof(struct pop3),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

static const char *const needs_below[] = {"Util", NULL};

static const struct comms_kind pop3_kind = {
    .class_def = &pop3_class,
    .place = COMMS_TOP,
    .needs_below = needs_below,
    .ops = {.connect = pop3_connect,
            .disconnect = pop3_disconnect,
            .close = pop3_close,
            .send = refuse_send,
            .send_object = refuse_send_object,
            .receive = refuse_receive,
            .bind = comms_client_refuse_bind,
            .listen = comms_client_refuse_listen,
            .accept = comms_client_refuse_accept},
};

void pop3_register(cp_context *cp) { comms_define_module(cp, &pop3_kind); }
