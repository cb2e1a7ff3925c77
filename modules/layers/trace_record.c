/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace_record.c: writing and reading one recorded event, as a line of text or of JSON.
 */
#include "modules/layers/trace_record.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/base64.h"
#include "modules/coding/utf8_text.h"
#include "modules/library/json.h"

static const char *const kind_names[] = {"connect", "sent", "received", "secret", "closed", "disconnect"};
enum { KINDS = sizeof kind_names / sizeof *kind_names };
enum { LATEST = 1000000000 }; /* seconds */

static bool has_bytes(enum trace_kind kind) { return kind == TRACE_SENT || kind == TRACE_RECEIVED; }

/* ---- text ---- */

static void write_escaped(FILE *out, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\r') fputs("\\r", out);
        else if (c == '\n') fputs("\\n", out);
        else if (c == '\t') fputs("\\t", out);
        else if (c == '\\' || c == '"') fprintf(out, "\\%c", c);
        else if (c < ' ' || c >= 0x7F) fprintf(out, "\\x%02X", c);
        else putc(c, out);
    }
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What stands between quotes. NULL with the reason. */
static char *read_escaped(const char *text, size_t size, size_t *length, const char **reason) {
    char *bytes = malloc(size + 1);
    size_t used = 0;
    *reason = "out of memory";
    if (!bytes) return NULL;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\\') {
            char next = i + 1 < size ? text[++i] : 0;
            if (next == 'r') c = '\r';
            else if (next == 'n') c = '\n';
            else if (next == 't') c = '\t';
            else if (next == '\\' || next == '"') c = next;
            else if (next == 'x' && i + 2 < size && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
                c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
                i += 2;
            } else {
                *reason = "an escape is \\r \\n \\t \\\\ \\\" or \\xHH";
                free(bytes);
                return NULL;
            }
        }
        bytes[used++] = c;
    }
    bytes[used] = 0;
    *length = used;
    return bytes;
}

static bool find_kind(const char *name, size_t size, enum trace_kind *kind) {
    for (int i = 0; i < KINDS; i++)
        if (strlen(kind_names[i]) == size && memcmp(kind_names[i], name, size) == 0) {
            *kind = (enum trace_kind)i;
            return true;
        }
    return false;
}

static bool read_seconds(double seconds, int64_t *milliseconds, const char **reason) {
    *reason = "the time is not a number of seconds";
    if (!(seconds >= 0 && seconds <= LATEST)) return false;
    *milliseconds = (int64_t)round(seconds * 1000);
    return true;
}

/* The line has a NUL at its end. */
static bool read_text(const char *line, size_t size, struct trace_record *record, const char **reason) {
    char *end;
    if (!read_seconds(strtod(line, &end), &record->milliseconds, reason) || end == line || *end != ' ') return false;
    const char *name = end + 1;
    size_t length = strcspn(name, " ");
    *reason = "the kind is none of connect, sent, received, secret, closed, disconnect";
    if (!find_kind(name, length, &record->kind)) return false;
    const char *rest = name + length;
    size_t left = size - (size_t)(rest - line);
    if (has_bytes(record->kind)) {
        *reason = "the bytes do not stand between quotes";
        if (left < 3 || rest[1] != '"' || rest[left - 1] != '"') return false;
        record->bytes = read_escaped(rest + 2, left - 3, &record->size, reason);
        return record->bytes != NULL;
    }
    *reason = "something stands behind the record";
    if (record->kind != TRACE_SECRET) return left == 0;
    *reason = "the size of a secret is missing";
    if (left < 2 || rest[1] < '0' || rest[1] > '9') return false;
    errno = 0;
    unsigned long long value = strtoull(rest + 1, &end, 10);
    record->size = (size_t)value;
    return errno == 0 && *end == 0;
}

/* ---- JSON ---- */

static bool write_json(cp_context *cp, FILE *out, const struct trace_record *record) {
    const struct json_options options = {.depth = 8};
    cp_value object = cp_table(cp);
    cp_table_set(cp, object, cp_string_z(cp, "time"), cp_real((double)record->milliseconds / 1000));
    cp_table_set(cp, object, cp_string_z(cp, "kind"), cp_string_z(cp, kind_names[record->kind]));
    if (record->kind == TRACE_SECRET)
        cp_table_set(cp, object, cp_string_z(cp, "size"), cp_integer(cp, (int64_t)record->size));
    if (has_bytes(record->kind) && utf8_text_is_valid(record->bytes, record->size))
        cp_table_set(cp, object, cp_string_z(cp, "text"), cp_string_n(cp, record->bytes, record->size));
    else if (has_bytes(record->kind)) {
        char *coded = cp_alloc_atomic((size_t)base64_encoded_size(record->size, 0) + 1);
        size_t size = base64_encode(coded, record->bytes, record->size);
        cp_table_set(cp, object, cp_string_z(cp, "base64"), cp_string_n(cp, coded, size));
    }
    cp_value text = json_write(cp, object, &options);
    if (text == CP_THROWN) return cp_take_error(cp), false;
    fwrite(cp_string_text(text), 1, cp_string_size(text), out);
    return true;
}

static cp_value field(cp_context *cp, cp_value object, const char *name) {
    return cp_table_get(cp, object, cp_string_z(cp, name));
}

static bool read_json_bytes(cp_context *cp, cp_value object, struct trace_record *record, const char **reason) {
    cp_value text = field(cp, object, "text"), coded = field(cp, object, "base64");
    *reason = "there is neither text nor base64";
    if (!cp_is_string(text) && !cp_is_string(coded)) return false;
    cp_value given = cp_is_string(text) ? text : coded;
    size_t size = cp_string_size(given);
    *reason = "out of memory";
    record->bytes = malloc(size + 4);
    if (!record->bytes) return false;
    record->size = size;
    if (given == text) memcpy(record->bytes, cp_string_text(given), size);
    else if (!base64_decode(record->bytes, &record->size, cp_string_text(given), size)) {
        *reason = "this is not base64";
        free(record->bytes);
        record->bytes = NULL;
        return false;
    }
    return true;
}

static bool read_json(cp_context *cp, const char *line, size_t size, struct trace_record *record, const char **reason) {
    const struct json_options options = {.depth = 8};
    cp_value object = json_read(cp, cp_string_n(cp, line, size), &options);
    *reason = "this is not JSON";
    if (object == CP_THROWN) return cp_take_error(cp), false;
    if (!cp_has_class(object, CP_CLASS_HASH_TABLE)) return false;
    cp_value time = field(cp, object, "time"), kind = field(cp, object, "kind"), length = field(cp, object, "size");
    *reason = "there is no time";
    if (!cp_is_fixnum(time) && !cp_is_real(time)) return false;
    *reason = "the kind is none of connect, sent, received, secret, closed, disconnect";
    if (!cp_is_string(kind) || !find_kind(cp_string_text(kind), cp_string_size(kind), &record->kind)) return false;
    if (!read_seconds(cp_to_double(time), &record->milliseconds, reason)) return false;
    if (has_bytes(record->kind)) return read_json_bytes(cp, object, record, reason);
    if (record->kind != TRACE_SECRET) return true;
    *reason = "the size of a secret is missing";
    if (!cp_is_fixnum(length) || cp_fixnum_value(length) < 0) return false;
    record->size = (size_t)cp_fixnum_value(length);
    return true;
}

/* ---- both ---- */

bool trace_record_write(cp_context *cp, FILE *out, const struct trace_record *record, bool json) {
    if (json) write_json(cp, out, record);
    else {
        fprintf(out, "%lld.%03d %s", (long long)(record->milliseconds / 1000), (int)(record->milliseconds % 1000),
                kind_names[record->kind]);
        if (has_bytes(record->kind)) {
            fputs(" \"", out);
            write_escaped(out, record->bytes, record->size);
            putc('"', out);
        } else if (record->kind == TRACE_SECRET) fprintf(out, " %zu", record->size);
    }
    putc('\n', out);
    return !ferror(out) && fflush(out) == 0;
}

bool trace_record_read(cp_context *cp, const char *line, size_t size, struct trace_record *record,
                       const char **reason) {
    *record = (struct trace_record){0};
    if (size > 0 && line[0] == '{') return read_json(cp, line, size, record, reason);
    *reason = "there is a NUL in it";
    if (memchr(line, 0, size)) return false;
    char *copy = strndup(line, size);
    *reason = "out of memory";
    bool fine = copy && read_text(copy, size, record, reason);
    free(copy);
    return fine;
}

static bool add(struct trace_records *records, const struct trace_record *record) {
    if (records->count == records->capacity) {
        size_t capacity = records->capacity ? records->capacity * 2 : 64;
        struct trace_record *more = realloc(records->items, capacity * sizeof *more);
        if (!more) return false;
        records->items = more;
        records->capacity = capacity;
    }
    records->items[records->count++] = *record;
    return true;
}

bool trace_records_read(cp_context *cp, const char *text, size_t size, struct trace_records *records,
                        const char **reason, size_t *line) {
    *records = (struct trace_records){0};
    *line = 0;
    for (size_t at = 0, next; at < size; at = next) {
        const char *feed = memchr(text + at, '\n', size - at);
        size_t end = feed ? (size_t)(feed - text) : size;
        next = end + 1;
        ++*line;
        if (end > at && text[end - 1] == '\r') end--;
        if (end == at || text[at] == '#') continue;
        struct trace_record record;
        if (!trace_record_read(cp, text + at, end - at, &record, reason)) {
            trace_records_free(records);
            return false;
        }
        if (!add(records, &record)) {
            free(record.bytes);
            trace_records_free(records);
            *reason = "out of memory";
            return false;
        }
    }
    return true;
}

void trace_records_free(struct trace_records *records) {
    for (size_t i = 0; i < records->count; i++) free(records->items[i].bytes);
    free(records->items);
    *records = (struct trace_records){0};
}
