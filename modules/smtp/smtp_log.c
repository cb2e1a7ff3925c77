/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_log: each command and each line of a reply as a record of level pdus; the content of messages only as its size.
 */
#include "modules/smtp/smtp.h"

#include <stdio.h>

enum { LINE_MAX_SHOWN = 512 }; /* bytes of one line; longer ones are cut */

/* A line of a reply whose end has not come yet. */
struct smtp_log_line {
    size_t size;
    bool cut;
    char bytes[LINE_MAX_SHOWN];
};

void smtp_log_ask(cp_context *cp, struct smtp *smtp) {
    smtp->logs = false;
    if (smtp->common.module.log == CP_NIL || smtp->common.module.log_failed) return;
    cp_value level = cp_string_z(cp, "pdus"), on = cp_send_z(cp, smtp->common.module.log, "isOn", &level, 1);
    if (on == CP_THROWN) {
        cp_take_error(cp);
        smtp->common.module.log_failed = true;
        return;
    }
    smtp->logs = cp_is_true(on);
    if (smtp->logs && smtp->log_line == NULL) smtp->log_line = cp_alloc_atomic(sizeof *smtp->log_line);
    if (smtp->logs) *smtp->log_line = (struct smtp_log_line){.size = 0};
}

/* A log that cannot be written must not stop the mail: nothing more is logged. */
static void write_record(cp_context *cp, struct smtp *smtp, const char *mark, const char *bytes, size_t size,
                         bool cut) {
    char shown[LINE_MAX_SHOWN + 64];
    size = smtp_text_sanitise(shown, sizeof shown, bytes, size, false);
    cp_value arguments[2] = {cp_string_z(cp, "pdus"),
                             cp_string_format(cp, "%s %.*s%s", mark, (int)size, shown, cut ? "..." : "")};
    if (cp_send_z(cp, smtp->common.module.log, "info", arguments, 2) != CP_THROWN) return;
    cp_take_error(cp);
    smtp->logs = false;
    smtp->common.module.log_failed = true;
}

/* How much content has gone, once something else is to be said. */
static void write_content(cp_context *cp, struct smtp *smtp) {
    char text[64];
    if (smtp->log_content == 0) return;
    int length = snprintf(text, sizeof text, "(%llu bytes of content)", (unsigned long long)smtp->log_content);
    smtp->log_content = 0;
    write_record(cp, smtp, ">", text, (size_t)length, false);
}

/* A line of AUTH: of the command, the mechanism; of the rest, nothing. */
static void write_secret(cp_context *cp, struct smtp *smtp, char *copy, size_t size) {
    size_t shown = 0;
    if (size > 5 && memcmp(copy, "AUTH ", 5) == 0)
        for (shown = 5; shown < size && copy[shown] > ' ';) shown++;
    cp_value text = cp_string_format(cp, "%.*s%s(secret)", (int)shown, copy, shown > 0 ? " " : "");
    explicit_bzero(copy, size);
    write_record(cp, smtp, ">", cp_string_text(text), cp_string_size(text), false);
}

void smtp_log_output(cp_context *cp, struct smtp *smtp, bool content) {
    if (!smtp->logs) return;
    const char *bytes;
    size_t size;
    smtp_client_output(smtp->client, &bytes, &size);
    size_t seen = smtp->log_seen < size ? smtp->log_seen : size;
    smtp->log_seen = size;
    bytes += seen;
    size -= seen;
    if (content) smtp->log_content += size;
    if (content || size == 0) return;
    /* The records are made before the first is written: while it is, the output may move. */
    char *copy = cp_try_alloc_atomic(cp, size);
    if (copy == NULL) {
        cp_take_error(cp);
        return;
    }
    memcpy(copy, bytes, size);
    write_content(cp, smtp);
    if (smtp_client_output_is_secret(smtp->client)) {
        write_secret(cp, smtp, copy, size);
        return;
    }
    for (char *line = copy, *end = copy + size; line < end && smtp->logs;) {
        char *line_end = memchr(line, '\n', (size_t)(end - line));
        size_t length = (size_t)((line_end ? line_end : end) - line);
        size_t text = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        bool cut = text > LINE_MAX_SHOWN;
        write_record(cp, smtp, ">", line, cut ? LINE_MAX_SHOWN : text, cut);
        line += length + (line_end != NULL);
    }
}

/* Of a line that is not to be shown, the reply code, if it begins with one. */
static void keep_code(struct smtp_log_line *line) {
    size_t digits = 0;
    while (digits < 3 && digits < line->size && line->bytes[digits] >= '0' && line->bytes[digits] <= '9') digits++;
    if (digits < 3) digits = 0;
    if (line->size > digits)
        line->size = (size_t)(stpcpy(line->bytes + digits, digits > 0 ? " ..." : "...") - line->bytes);
    line->cut = false;
}

void smtp_log_input(cp_context *cp, struct smtp *smtp, const char *bytes, size_t size) {
    if (smtp->logs) write_content(cp, smtp);
    struct smtp_log_line *line = smtp->log_line;
    for (const char *end = bytes + size; bytes < end && smtp->logs;) {
        const char *line_end = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t length = (size_t)((line_end ? line_end : end) - bytes), room = LINE_MAX_SHOWN - line->size;
        memcpy(line->bytes + line->size, bytes, length < room ? length : room);
        line->cut |= length > room;
        line->size += length < room ? length : room;
        bytes += length + (line_end != NULL);
        if (line_end == NULL) break;
        if (line->size > 0 && line->bytes[line->size - 1] == '\r') line->size--;
        /* While somebody logs in, and when that has failed, a server may say again what it was told. */
        if (smtp->common.authenticating || comms_redaction_is_told(&smtp->common.module, line->bytes, line->size))
            keep_code(line);
        write_record(cp, smtp, "<", line->bytes, line->size, line->cut);
        *line = (struct smtp_log_line){.size = 0};
    }
}
