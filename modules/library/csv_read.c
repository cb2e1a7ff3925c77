/* SPDX-License-Identifier: GPL-3.0-or-later */
/* csv_read.c: rows out of a Stream's bytes, in memory that does not grow with the Stream. */
#include "modules/library/csv.h"

#include <stdio.h>

/* Throws 8.code with the place. */
static cp_value fail(cp_context *cp, struct csv *csv, int code, const char *what) {
    cp_throw(cp, CP_ERROR_PARSE, code, "CSV, row %lld (line %lld): %s", (long long)csv->rows + 1, (long long)csv->line,
             what);
    cp_value error = cp_take_error(cp);
    cp_error_set_detail(cp, error, "csvRow", cp_integer(cp, csv->rows + 1));
    cp_error_set_detail(cp, error, "csvLine", cp_integer(cp, csv->line));
    return cp_throw_value(cp, error);
}

static bool grow_fields(cp_context *cp, struct csv_scan *scan) {
    size_t capacity = scan->capacity ? scan->capacity * 2 : 32;
    struct csv_field *fields = cp_try_alloc_atomic(cp, capacity * sizeof *fields);
    if (!fields) return false;
    if (scan->count) memcpy(fields, scan->fields, scan->count * sizeof *fields);
    scan->fields = fields;
    scan->capacity = capacity;
    return true;
}

/* Passes over a byte order mark. False after a throw. */
static bool begin(cp_context *cp, struct csv *csv) {
    static const char mark[] = "\xef\xbb\xbf";
    struct stream *s = csv->stream;
    int more = 1;
    while (more > 0 && stream_unread(s) < 3) more = stream_fill(cp, s);
    if (more < 0) return false;
    csv->begun = true;
    size_t unread = stream_unread(s);
    if (unread >= 2 &&
        (memcmp(s->input + s->start, "\xff\xfe", 2) == 0 || memcmp(s->input + s->start, "\xfe\xff", 2) == 0))
        return fail(cp, csv, CSV_BAD_LITERAL, "the text is UTF-16; only UTF-8 can be read"), false;
    if (unread >= 3 && memcmp(s->input + s->start, mark, 3) == 0) s->start += 3;
    return true;
}

/* Scans one record; its bytes are then at s->input + s->start, `scan.position` of them. CP_NIL, CP_DONE or CP_THROWN.
 */
static cp_value scan_record(cp_context *cp, struct csv *csv) {
    struct stream *s = csv->stream;
    struct csv_scan *scan = &csv->scan;
    if (stream_check(cp, s, true) == CP_THROWN || (!csv->begun && !begin(cp, csv))) return CP_THROWN;
    csv_scan_begin(scan);
    for (;;) {
        size_t unread = stream_unread(s);
        if (unread < scan->position) return fail(cp, csv, CSV_UNEXPECTED, "another thread has read from the Stream");
        switch (csv_scan_record(scan, unread ? (const char *)s->input + s->start : "", unread, s->at_end)) {
        case CSV_RECORD: return CP_NIL;
        case CSV_EMPTY: return CP_DONE;
        case CSV_BLANK:
            s->start += scan->position;
            csv->line += (int64_t)scan->lines;
            csv_scan_begin(scan);
            break;
        case CSV_FULL:
            if (!grow_fields(cp, scan)) return CP_THROWN;
            break;
        case CSV_MORE:
            if (unread > (uint64_t)csv->limit)
                return fail(cp, csv, CSV_BAD_FORM, "longer than `limit` allows; is a quote missing?");
            if (stream_fill(cp, s) < 0) return CP_THROWN;
            break;
        case CSV_BARE_QUOTE:
            csv->line += (int64_t)scan->lines;
            return fail(cp, csv, CSV_UNEXPECTED, "a quote within a field that does not begin with one");
        case CSV_AFTER_QUOTE:
            csv->line += (int64_t)scan->lines;
            return fail(cp, csv, CSV_UNEXPECTED, "text after the closing quote of a field");
        case CSV_UNTERMINATED: return fail(cp, csv, CSV_UNEXPECTED_END, "the text ends within quotes");
        }
    }
}

static cp_value field_value(cp_context *cp, const struct csv *csv, size_t i) {
    const struct csv_field *field = &csv->scan.fields[i];
    const char *bytes = (const char *)csv->stream->input + csv->stream->start + field->start;
    if (!field->escaped) return cp_string_n(cp, field->size ? bytes : "", field->size);
    char *copy = cp_try_alloc_atomic(cp, field->size);
    return copy ? cp_string_n(cp, copy, csv_unescape(copy, bytes, field->size, (char)csv->scan.quote)) : CP_THROWN;
}

static cp_value record_list(cp_context *cp, const struct csv *csv) {
    cp_list_builder row = {0};
    for (size_t i = 0; i < csv->scan.count; i++) {
        cp_value value = field_value(cp, csv, i);
        if (value == CP_THROWN) return value;
        cp_list_add(&row, value);
    }
    return row.list;
}

static cp_value record_table(cp_context *cp, struct csv *csv) {
    size_t count;
    const cp_value *names = cp_array_items(csv->names, &count);
    if (csv->scan.count != count && (!csv->scan.lenient || csv->scan.count > count)) {
        char what[80];
        snprintf(what, sizeof what, "it has %zu fields, but the header %zu", csv->scan.count, count);
        return fail(cp, csv, CSV_BAD_FORM, what);
    }
    cp_value table = cp_table(cp);
    for (size_t i = 0; i < count; i++) {
        cp_value value = i < csv->scan.count ? field_value(cp, csv, i) : CP_NIL;
        if (value == CP_THROWN || cp_table_set(cp, table, names[i], value) == CP_THROWN) return CP_THROWN;
    }
    return table;
}

/* Takes the record's bytes out of the Stream. */
static void consume(struct csv *csv) {
    csv->stream->start += csv->scan.position;
    csv->row_line = csv->line;
    csv->line += (int64_t)csv->scan.lines;
    csv->stream->line += (int64_t)csv->scan.lines;
}

cp_value csv_set_header(cp_context *cp, struct csv *csv, cp_value sequence) {
    cp_iterator iterator;
    cp_list_builder names = {0};
    cp_value seen = cp_table(cp), item;
    size_t count = 0;
    if (cp_iterate(cp, &iterator, sequence) == CP_THROWN) return CP_THROWN;
    while ((item = cp_next(cp, &iterator)) != CP_DONE) {
        if (item == CP_THROWN || (item = cp_to_string(cp, item)) == CP_THROWN) return CP_THROWN;
        if (cp_table_get(cp, seen, item) != CP_UNSET) {
            cp_value text = cp_string_format(cp, "the header has the name \"%.200s\" twice", cp_text_z(cp, item));
            return fail(cp, csv, CSV_BAD_FORM, cp_text_z(cp, text));
        }
        cp_table_set(cp, seen, item, item);
        cp_list_add(&names, item);
        count++;
    }
    cp_value array = cp_array_n(cp, count, CP_NIL);
    if (array == CP_THROWN) return array;
    cp_value *places = cp_array_items(array, &count);
    for (size_t i = 0; i < count; i++, names.list = cp_tail(names.list)) places[i] = cp_head(names.list);
    csv->names = array;
    csv->want_header = false;
    return CP_NIL;
}

static cp_value read_header(cp_context *cp, struct csv *csv) {
    cp_value found = scan_record(cp, csv);
    if (found == CP_THROWN) return found;
    cp_value names = found == CP_DONE ? CP_NIL : record_list(cp, csv);
    if (names == CP_THROWN || csv_set_header(cp, csv, names) == CP_THROWN) return CP_THROWN;
    if (found != CP_DONE) consume(csv);
    return CP_NIL;
}

static cp_value next_row(cp_context *cp, struct csv *csv) {
    if (csv->want_header && read_header(cp, csv) == CP_THROWN) return CP_THROWN;
    cp_value found = scan_record(cp, csv);
    if (found != CP_NIL) return found;
    cp_value row = csv->names == CP_NIL ? record_list(cp, csv) : record_table(cp, csv);
    if (row == CP_THROWN) return row;
    consume(csv);
    csv->rows++;
    return row;
}

/* A second thread must not read while the first waits in the middle of a row. */
static cp_value reading(cp_context *cp, struct csv *csv, cp_value (*read)(cp_context *, struct csv *)) {
    if (csv->busy)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "another thread is reading from this Csv: use a Lock");
    csv->busy = true;
    cp_value result = read(cp, csv);
    csv->busy = false;
    return result;
}

cp_value csv_next(cp_context *cp, struct csv *csv) { return reading(cp, csv, next_row); }

cp_value csv_read_header(cp_context *cp, struct csv *csv) {
    return csv->want_header ? reading(cp, csv, read_header) : CP_NIL;
}
