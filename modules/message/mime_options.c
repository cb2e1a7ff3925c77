/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_options.c: "text/plain; charset=utf-8" as a word and a List of (name value), and back.
 */
#include "modules/message/mime_object.h"

#include <strings.h>

#include "modules/header/header_parameter.h"
#include "modules/coding/mail_buffer.h"

bool mime_check_options(cp_context *cp, const char *field, cp_value options) {
    size_t count, length;
    if (!message_check_list(cp, field, options, &count)) return false;
    for (; cp_is_cell(options); options = cp_tail(options)) {
        cp_value item = cp_head(options);
        if (!cp_is_cell(item) || cp_list_length(item) != 2) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is a List of Lists (name value), but has %s in it",
                     field, message_quoted(cp, item));
            return false;
        }
        if (!message_check_list(cp, field, item, &length) || !message_check_line(cp, field, cp_head(item)))
            return false;
        const char *bytes;
        size_t size;
        cp_bytes_of(cp_head(item), &bytes, &size);
        if (!header_token_is_valid(bytes, size) || memchr(bytes, '*', size)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s: this cannot be a name: %s", field,
                     message_quoted(cp, cp_head(item)));
            return false;
        }
        cp_value value = cp_head(cp_tail(item));
        if (!cp_is_number(value) && !message_check_line(cp, field, value)) return false;
    }
    return true;
}

cp_value mime_options_text(cp_context *cp, cp_value start, cp_value options) {
    struct mail_buffer out = {0};
    mail_buffer_append(&out, cp_string_text(start), cp_string_size(start));
    for (; cp_is_cell(options); options = cp_tail(options)) {
        cp_value value = cp_head(cp_tail(cp_head(options)));
        const char *bytes;
        size_t size;
        cp_bytes_of(cp_head(cp_head(options)), &bytes, &size);
        mail_buffer_append(&out, "; ", 2);
        mail_buffer_append(&out, bytes, size);
        mail_buffer_append(&out, "=", 1);
        if (cp_is_number(value)) value = cp_to_string(cp, value);
        cp_bytes_of(value, &bytes, &size);
        bool token = header_token_is_valid(bytes, size);
        if (!token) mail_buffer_append(&out, "\"", 1);
        for (size_t i = 0; i < size; i++) {
            if (bytes[i] == '"' || bytes[i] == '\\') mail_buffer_append(&out, "\\", 1);
            mail_buffer_append_char(&out, bytes[i]);
        }
        if (!token) mail_buffer_append(&out, "\"", 1);
    }
    cp_value text = out.failed ? cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory")
                               : cp_string_n(cp, out.data ? out.data : "", out.size);
    mail_buffer_free(&out);
    return text;
}

cp_value mime_option(cp_value options, const char *name) {
    for (; cp_is_cell(options); options = cp_tail(options)) {
        const char *bytes;
        size_t size;
        cp_value item = cp_head(options);
        if (!cp_is_cell(item) || !cp_is_cell(cp_tail(item)) || !cp_bytes_of(cp_head(item), &bytes, &size)) continue;
        if (size == strlen(name) && strncasecmp(bytes, name, size) == 0) return cp_head(cp_tail(item));
    }
    return CP_UNSET;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* Adds the option whose name begins at `name`; of one in pieces (RFC 2231 3) the whole, at its first piece. */
static bool add_option(cp_context *cp, cp_list_builder *options, cp_value text, const char *name, size_t size) {
    const char *star = memchr(name, '*', size);
    struct mail_buffer value = {0};
    const char *base = cp_text_z(cp, cp_string_n(cp, name, star ? (size_t)(star - name) : size));
    if (mime_option(options->list, base) != CP_UNSET) return star != NULL;
    bool found = header_read_parameter(&value, cp_string_text(text), cp_string_size(text), base);
    if (found) {
        cp_value items[] = {cp_string_z(cp, base), cp_string_n(cp, value.data ? value.data : "", value.size)};
        cp_list_add(options, cp_list_n(items, 2));
    }
    mail_buffer_free(&value);
    return found;
}

bool mime_split_options(cp_context *cp, const char *field, cp_value text, cp_value *start, cp_value *options) {
    if (!message_check_line(cp, field, text)) return false;
    const char *p = cp_text_z(cp, text);
    size_t size = strcspn(p, ";"), end = size;
    while (end > 0 && is_blank(p[end - 1])) end--;
    size_t begin = 0;
    while (begin < end && is_blank(p[begin])) begin++;
    *start = cp_string_n(cp, p + begin, end - begin);
    cp_list_builder list = {0};
    for (p += size; *p; p += strcspn(p, ";")) {
        p += 1 + strspn(p + 1, " \t");
        if (*p == 0) break; /* a semicolon at the end */
        size_t length = strcspn(p, "= \t;\"");
        const char *name = p;
        p += length + strspn(p + length, " \t");
        bool fine = length > 0 && *p == '=';
        if (fine) {
            p += 1 + strspn(p + 1, " \t");
            if (*p == '"') {
                for (p++; *p && *p != '"'; p++)
                    if (*p == '\\' && p[1]) p++;
                fine = *p == '"';
            }
        }
        if (!fine || !add_option(cp, &list, text, name, length)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s has a malformed option at \"%.40s\": %s", field, name,
                     message_quoted(cp, text));
            return false;
        }
    }
    *options = list.list;
    return true;
}
