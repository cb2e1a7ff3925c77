/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_error: what the server answers as Errors that a person and a script understand, and as lines of the log. */
#include "modules/pop3/pop3.h"

#include <stdio.h>

#include "modules/protocol/smtp_reply.h"

/* ---- Errors ---- */

int pop3_error_code(pop3_code code) {
    switch (code) {
    case POP3_CODE_IN_USE: return POP3_ERROR_IN_USE;
    case POP3_CODE_LOGIN_DELAY: return POP3_ERROR_LOGIN_DELAY;
    case POP3_CODE_SYS_TEMP: return POP3_ERROR_SYS_TEMP;
    case POP3_CODE_SYS_PERM: return POP3_ERROR_SYS_PERM;
    case POP3_CODE_AUTH: return POP3_ERROR_AUTH;
    case POP3_CODE_NONE:
    case POP3_CODE_OTHER: break;
    }
    return POP3_ERROR_REFUSED;
}

cp_value pop3_error(cp_context *cp, int error_class, int code, cp_value text, cp_value enhanced) {
    cp_value error = cp_error_new(cp, error_class, code, text);
    bool temporary = error_class == CP_ERROR_COMMUNICATIONS ||
                     (error_class == CP_ERROR_POP3 &&
                      (code == POP3_ERROR_IN_USE || code == POP3_ERROR_LOGIN_DELAY || code == POP3_ERROR_SYS_TEMP));
    cp_error_set_detail(cp, error, "enhancedCode", enhanced);
    cp_error_set_detail(cp, error, "temporary", comms_truth(cp, temporary));
    return error;
}

cp_value pop3_throw_reply(cp_context *cp, struct pop3 *pop3, const char *what) {
    return cp_throw_value(cp, pop3_error(cp, CP_ERROR_POP3, pop3_error_code(pop3->code),
                                         cp_string_format(cp, "%s: %s", what, cp_text_z(cp, pop3->reply)),
                                         pop3->code_text));
}

cp_value pop3_failure_error(cp_context *cp, const struct pop3 *pop3) {
    return pop3_error(cp, pop3->failed_class, pop3->failed_code, pop3->failed_text, pop3->failed_enhanced);
}

/* ---- the log ---- */

enum { LINE_MAX_SHOWN = 512 };

void pop3_log_ask(cp_context *cp, struct pop3 *pop3) {
    pop3->logs = false;
    if (pop3->common.module.log == CP_NIL || pop3->common.module.log_failed) return;
    cp_value level = cp_string_z(cp, "pdus"), on = cp_send_z(cp, pop3->common.module.log, "isOn", &level, 1);
    if (on == CP_THROWN) {
        cp_take_error(cp);
        pop3->common.module.log_failed = true;
    } else pop3->logs = cp_is_true(on);
}

/* A log that cannot be written must not stop the mail: nothing more is logged. */
static void write_record(cp_context *cp, struct pop3 *pop3, cp_value text) {
    cp_value arguments[2] = {cp_string_z(cp, "pdus"), text};
    if (!pop3->logs || cp_send_z(cp, pop3->common.module.log, "info", arguments, 2) != CP_THROWN) return;
    cp_take_error(cp);
    pop3->logs = false;
    pop3->common.module.log_failed = true;
}

/* Of what holds a secret, the command, and of AUTH the mechanism. */
static size_t shown_of_secret(const char *line, size_t size) {
    size_t shown = 0;
    bool auth = size > 5 && memcmp(line, "AUTH ", 5) == 0;
    if (!auth && !(size > 5 && (memcmp(line, "PASS ", 5) == 0 || memcmp(line, "APOP ", 5) == 0))) return 0;
    for (shown = auth ? 5 : 0; shown < size && line[shown] > ' ';) shown++;
    return shown;
}

void pop3_log_output(cp_context *cp, struct pop3 *pop3) {
    const char *bytes;
    size_t size;
    pop3_client_output(pop3->client, &bytes, &size);
    size_t seen = pop3->log_seen < size ? pop3->log_seen : size;
    pop3->log_seen = size;
    if (!pop3->logs || size == seen) return;
    bool secret = pop3_client_output_is_secret(pop3->client);
    /* The records are made before the first is written: while it is, the output may move. */
    cp_list_builder records = {0};
    for (const char *line = bytes + seen, *end = bytes + size; line < end;) {
        const char *line_end = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((line_end ? line_end : end) - line);
        size_t text = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        char shown[LINE_MAX_SHOWN];
        if (secret) text = shown_of_secret(line, text);
        text = smtp_text_sanitise(shown, sizeof shown, line, text, false);
        cp_list_add(&records, cp_string_format(cp, "> %.*s%s%s", (int)text, shown, secret && text > 0 ? " " : "",
                                               secret ? "(secret)" : ""));
        line += length + (line_end != NULL);
    }
    for (cp_value rest = records.list; cp_is_cell(rest); rest = cp_tail(rest)) write_record(cp, pop3, cp_head(rest));
}

void pop3_log_event(cp_context *cp, struct pop3 *pop3, const pop3_event *event) {
    if (!pop3->logs) return;
    if (event->kind == POP3_CONTENT) pop3->log_content += event->size;
    if (event->kind == POP3_ENTRY) pop3->log_content++;
    if (event->kind == POP3_CHALLENGE) write_record(cp, pop3, cp_string_z(cp, "< + ..."));
    if (event->kind != POP3_DONE) return;
    if (pop3->log_content > 0) {
        bool lines = event->command == POP3_LIST || event->command == POP3_UIDL;
        write_record(cp, pop3,
                     cp_string_format(cp, "< (%llu %s)", (unsigned long long)pop3->log_content,
                                      lines ? "lines" : "bytes of content"));
    }
    pop3->log_content = 0;
    const struct comms_module *m = &pop3->common.module;
    const char *code = event->code_text, *text = event->text;
    if (comms_redaction_is_told(m, code, strlen(code))) code = "...";
    if (pop3->common.authenticating || comms_redaction_is_told(m, text, strlen(text))) text = "...";
    write_record(cp, pop3,
                 cp_string_format(cp, "< %s%s%s%s %s", event->ok ? "+OK" : "-ERR", *code ? " [" : "", code,
                                  *code ? "]" : "", text));
}
