/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_error: what the engine says of a message or of the session as Errors that a person and a script understand. */
#include "modules/smtp/smtp.h"

#include <stdarg.h>
#include <stdio.h>

enum { SHOWN_RECIPIENTS = 10 }; /* recipients named in an Error's text; all are in its results */

/* ---- text that grows ---- */

struct text {
    char bytes[4096];
    size_t size;
};

static void add(struct text *text, const char *format, ...) CP_PRINTF(2, 3);
static void add(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int more = vsnprintf(text->bytes + text->size, sizeof text->bytes - text->size, format, arguments);
    va_end(arguments);
    if (more < 0) return;
    text->size += (size_t)more;
    if (text->size >= sizeof text->bytes) text->size = sizeof text->bytes - 1;
}

/* The server's words on one line: 550 5.1.1 No such user. Ours when code is 0. */
static void add_words(struct text *text, int code, smtp_enhanced_code enhanced, const char *words) {
    char line[320], number[12];
    smtp_enhanced_code_format(enhanced, number);
    smtp_text_sanitise(line, sizeof line, words, strlen(words), false);
    if (code > 0) add(text, "%d%s%s%s", code, *number ? " " : "", number, *line ? " " : "");
    add(text, "%s", line);
}

static void add_address(struct text *text, const char *address) {
    char line[SMTP_ADDRESS_MAX + 1];
    smtp_text_sanitise(line, sizeof line, address, strlen(address), false);
    add(text, "<%s>", line);
}

static cp_value text_value(cp_context *cp, const struct text *text) {
    /* A cut may have split a character. */
    struct text safe;
    safe.size = smtp_text_sanitise(safe.bytes, sizeof safe.bytes, text->bytes, text->size, false);
    return cp_string_n(cp, safe.bytes, safe.size);
}

/* ---- values ---- */

cp_value smtp_enhanced_value(cp_context *cp, smtp_enhanced_code code) {
    char text[12];
    smtp_enhanced_code_format(code, text);
    return *text ? cp_string_z(cp, text) : CP_NIL;
}

cp_value smtp_reply_value(cp_context *cp, int code, smtp_enhanced_code enhanced, const char *words) {
    char number[12], start[20] = {(char)('0' + code / 100 % 10), (char)('0' + code / 10 % 10), (char)('0' + code % 10)};
    smtp_enhanced_code_format(enhanced, number);
    size_t before = 3, size = strlen(number), length = strlen(words);
    if (size > 0) {
        start[before++] = ' ';
        memcpy(start + before, number, size);
        before += size;
    }
    if (length > 0) start[before++] = ' ';
    cp_value text = cp_string_n(cp, NULL, before + length);
    char *to = cp_string_of(text)->inline_text;
    memcpy(to, start, before);
    memcpy(to + before, words, length);
    return text;
}

/* ---- messages ---- */

/* To whom: <b@y.test>, or <b@y.test> and 2 others. */
static void add_to_whom(struct text *text, const smtp_message_result *result) {
    if (result->recipient_count == 0) return;
    add(text, " to ");
    add_address(text, result->recipients[0].address);
    if (result->recipient_count == 2) add(text, " and 1 other");
    if (result->recipient_count > 2) add(text, " and %zu others", result->recipient_count - 1);
}

/* Each refused recipient with the server's words for it. */
static void add_refused(struct text *text, const smtp_message_result *result) {
    size_t shown = 0;
    for (size_t i = 0; i < result->recipient_count; i++) {
        const smtp_recipient_result *recipient = &result->recipients[i];
        if (recipient->state != SMTP_MESSAGE_REFUSED) continue;
        if (shown++ == SHOWN_RECIPIENTS) break;
        add(text, "%s", shown > 1 ? "; " : "");
        add_address(text, recipient->address);
        add(text, " ");
        add_words(text, recipient->code, recipient->enhanced, recipient->text);
    }
    if (result->refused > SHOWN_RECIPIENTS) add(text, "; and %zu more", result->refused - SHOWN_RECIPIENTS);
}

static bool has_too_many(const smtp_message_result *result) {
    for (size_t i = 0; i < result->recipient_count; i++)
        if (result->recipients[i].state == SMTP_MESSAGE_REFUSED && result->recipients[i].too_many) return true;
    return false;
}

cp_value smtp_refusal_text(cp_context *cp, const smtp_message_result *result, const char *sender) {
    struct text text = {.size = 0};
    bool by_recipient = result->stage == SMTP_STAGE_RCPT;
    for (size_t i = 1; i < result->recipient_count && !by_recipient; i++) /* LMTP answers for each at the end */
        by_recipient = result->stage == SMTP_STAGE_END && result->recipients[i].text != result->recipients[0].text;
    if (result->state != SMTP_MESSAGE_REFUSED) {
        add_words(&text, result->code, result->enhanced, result->text);
        add(&text, result->state == SMTP_MESSAGE_IN_DOUBT ? "; it is not known whether the message" : "; the message");
        add_to_whom(&text, result);
        add(&text, result->state == SMTP_MESSAGE_IN_DOUBT ? " was delivered" : " was not delivered");
    } else if (by_recipient) {
        if (result->recipient_count == 1) add(&text, "the recipient was refused: ");
        else if (result->refused == result->recipient_count)
            add(&text, "all %zu recipients were refused: ", result->recipient_count);
        else
            add(&text, "%zu of %zu recipients %s refused, so nothing was sent: ", result->refused,
                result->recipient_count, result->refused == 1 ? "was" : "were");
        add_refused(&text, result);
        if (result->refused < result->recipient_count && has_too_many(result))
            add(&text, "; with partial set it goes in several transactions");
    } else {
        if (result->stage == SMTP_STAGE_MAIL) {
            add(&text, "the sender ");
            add_address(&text, sender);
            add(&text, " was refused for the message");
        } else add(&text, "the message");
        add_to_whom(&text, result);
        if (result->stage != SMTP_STAGE_MAIL)
            add(&text, " was refused%s",
                result->stage == SMTP_STAGE_DATA      ? " before its content"
                : result->stage == SMTP_STAGE_CONTENT ? " within its content"
                                                      : "");
        add(&text, ": ");
        add_words(&text, result->code, result->enhanced, result->text);
    }
    return text_value(cp, &text);
}

const char *smtp_stage_command(smtp_message_stage stage) {
    static const char *const commands[] = {[SMTP_STAGE_MAIL] = "MAIL FROM",
                                           [SMTP_STAGE_RCPT] = "RCPT TO",
                                           [SMTP_STAGE_DATA] = "DATA",
                                           [SMTP_STAGE_CONTENT] = "content",
                                           [SMTP_STAGE_END] = "end of content"};
    return commands[stage];
}

/* ---- Errors ---- */

cp_value smtp_error(cp_context *cp, int error_class, int code, cp_value text, cp_value enhanced, bool temporary,
                    bool in_doubt) {
    cp_value error = cp_error_new(cp, error_class, code, text);
    cp_error_set_detail(cp, error, "enhancedCode", enhanced);
    cp_error_set_detail(cp, error, "temporary", comms_truth(cp, temporary));
    cp_error_set_detail(cp, error, "inDoubt", comms_truth(cp, in_doubt));
    return error;
}

cp_value smtp_throw_reply(cp_context *cp, struct smtp *smtp, const char *what) {
    return cp_throw_value(cp, smtp_error(cp, CP_ERROR_SMTP, smtp->answer_code,
                                         cp_string_format(cp, "%s: %s", what, cp_text_z(cp, smtp->reply)),
                                         smtp->answer_enhanced, smtp->answer_code < 500, false));
}

/* A server that announces a limit would answer so (RFC 1870 6.1, RFC 5321 4.5.3.1.10, RFC 6152 3, RFC 6531 3.5). */
cp_value smtp_envelope_error(cp_context *cp, smtp_envelope_status status, const char *text) {
    static const struct {
        smtp_envelope_status status;
        int code;
        const char *enhanced;
    } replies[] = {{SMTP_ENVELOPE_TOO_LARGE, 552, "5.3.4"},          {SMTP_ENVELOPE_TOO_MANY_RECIPIENTS, 452, "4.5.3"},
                   {SMTP_ENVELOPE_TOO_MANY_DOMAINS, 452, "4.5.3"},   {SMTP_ENVELOPE_NO_BINARYMIME, 554, "5.6.3"},
                   {SMTP_ENVELOPE_NO_8BITMIME, 554, "5.6.3"},        {SMTP_ENVELOPE_NO_SMTPUTF8, 553, "5.6.7"},
                   {SMTP_ENVELOPE_NO_REQUIRETLS, 550, "5.7.30"},     {SMTP_ENVELOPE_NO_DELIVERBY, 555, "5.5.4"},
                   {SMTP_ENVELOPE_DELIVERBY_TOO_SOON, 501, "5.5.4"}, {SMTP_ENVELOPE_NO_FUTURERELEASE, 555, "5.5.4"},
                   {SMTP_ENVELOPE_HOLD_TOO_LONG, 501, "5.5.4"}};
    bool too_many = status == SMTP_ENVELOPE_TOO_MANY_RECIPIENTS || status == SMTP_ENVELOPE_TOO_MANY_DOMAINS;
    const char *advice = too_many ? "; set partial, and it goes in several transactions" : "";
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
        if (replies[i].status == status)
            return smtp_error(cp, CP_ERROR_SMTP, replies[i].code,
                              cp_string_format(cp, "the message was not sent: %s%s", text, advice),
                              cp_string_z(cp, replies[i].enhanced), false, false);
    return smtp_error(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                      cp_string_format(cp, "the message was not sent: %s", text), CP_NIL, false, false);
}

void smtp_failure_kind(const smtp_client_failure *failure, int *error_class, int *code) {
    if (failure->failure_class == SMTP_FAILURE_LOCAL) {
        *error_class = CP_ERROR_CARAPACE;
        *code = CP_RUNTIME;
    } else if (failure->failure_class != SMTP_FAILURE_CLOSED || failure->code > 0) {
        *error_class = CP_ERROR_SMTP;
        *code = failure->failure_class == SMTP_FAILURE_PROTOCOL ? 0 : failure->code; /* a reply that makes no sense */
    } else if (*error_class == 0) { /* else the caller knows better: a time-out, a reset */
        *error_class = CP_ERROR_COMMUNICATIONS;
        *code = CP_COMM_CLOSED;
    }
}
