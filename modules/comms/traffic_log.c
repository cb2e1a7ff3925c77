/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * traffic_log.c: what a module writes to its log. A log that fails never disturbs the traffic: it is then left alone.
 */
#include "comms_private.h"
#include "comms_redaction.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_BYTES = 200, SHOWN_BYTES_OF_TRACE = 8192 };

/* Calls a method of the log; CP_NIL when it fails, which an Error that was on its way survives. */
static cp_value ask(cp_context *cp, struct comms_module *m, const char *method, const char *level, cp_value text) {
    cp_value arguments[] = {cp_symbol_z(cp, level), text};
    cp_value result = cp_send_z(cp, m->log, method, arguments, text == CP_UNSET ? 1 : 2);
    if (result != CP_THROWN) return result;
    cp_take_error(cp);
    m->log_failed = true;
    return CP_NIL;
}

static bool is_on(cp_context *cp, struct comms_module *m, const char *level) {
    return m->log != CP_NIL && !m->log_failed && cp_is_true(ask(cp, m, "isOn", level, CP_UNSET));
}

void comms_log(cp_context *cp, struct comms_module *m, const char *format, ...) {
    if (CP_LIKELY(m->log == CP_NIL) || !is_on(cp, m, "com")) return;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ask(cp, m, "info", "com", cp_string_format(cp, "%s: %s", comms_name(m), text));
}

/* Control characters and what is not ASCII are written \xHH, so that a peer cannot forge a record. */
static void escape(FILE *out, const unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char c = bytes[i];
        if (c == '\r') fputs("\\r", out);
        else if (c == '\n') fputs("\\n", out);
        else if (c == '\t') fputs("\\t", out);
        else if (c == '\\') fputs("\\\\", out);
        else if (c < ' ' || c >= 0x7f) fprintf(out, "\\x%02x", c);
        else putc(c, out);
    }
}

/* `size`: of what went through, of which there may be less to be shown; `parts` of NULL: a secret. */
static void log_traffic(cp_context *cp, struct comms_module *m, bool trace, const char *what, size_t size,
                        const struct iovec *parts, size_t count) {
    char *text = NULL;
    size_t length = 0, left = trace ? SHOWN_BYTES_OF_TRACE : SHOWN_BYTES, more = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out) return;
    fprintf(out, "%s: %s %zu bytes: ", comms_name(m), what, size);
    if (!parts) fputs("(secret)", out);
    for (size_t i = 0; parts && i < count; i++) {
        size_t shown = parts[i].iov_len < left ? parts[i].iov_len : left;
        escape(out, parts[i].iov_base, shown);
        left -= shown;
        more += parts[i].iov_len - shown;
    }
    if (more > 0) fputs("...", out);
    bool failed = fclose(out) != 0;
    cp_value record = failed ? CP_UNSET : cp_string_n(cp, text, length);
    free(text);
    if (!failed) ask(cp, m, "info", trace ? "trace" : "com", record);
}

/* The level at which traffic is taken: false for none. */
static bool takes_traffic(cp_context *cp, struct comms_module *m, bool *trace) {
    *trace = is_on(cp, m, "trace");
    return *trace || is_on(cp, m, "com");
}

void comms_log_sent(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    bool trace;
    if (!takes_traffic(cp, m, &trace)) return;
    log_traffic(cp, m, trace, "sends", data->size, data->secret ? NULL : data->parts, data->count);
}

void comms_log_received(cp_context *cp, struct comms_module *m, const char *bytes, size_t size) {
    bool trace;
    if (!takes_traffic(cp, m, &trace)) return;
    const cp_resource *redaction = comms_redaction_above(m);
    size_t length = size;
    if (redaction != NULL && m->withheld == NULL) m->withheld = cp_alloc(sizeof *m->withheld);
    if (m->withheld != NULL) length = comms_redaction_show(redaction, m->withheld, bytes, size, &bytes);
    struct iovec part = {(void *)(uintptr_t)bytes, length};
    log_traffic(cp, m, trace, "receives", size, &part, 1);
}
