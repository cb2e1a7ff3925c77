/* SPDX-License-Identifier: GPL-3.0-or-later */
/* csv.c: the class Csv and the functions csvParse and csvString. */
#include "modules/library/csv.h"

static inline struct csv *csv_of(cp_value v) { return (struct csv *)cp_object_of(v); }

/* ---- helpers ---- */

/* One ASCII character that may stand between or around fields; `otherwise` for (). False after a throw. */
static bool to_mark(cp_context *cp, const char *what, cp_value value, char otherwise, char *mark) {
    *mark = otherwise;
    if (value == CP_NIL) return true;
    if (cp_is_string(value) && cp_string_size(value) == 1) {
        *mark = cp_string_text(value)[0];
        if ((*mark & 0x80) == 0 && *mark != '\n' && *mark != '\r' && *mark != 0) return true;
    }
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the %s is one ASCII character and no line end", what);
    return false;
}

static cp_value set_up(cp_context *cp, struct csv *csv, cp_value separator, cp_value quote, cp_value header,
                       cp_value line_end, bool lenient) {
    char separator_byte, quote_byte;
    if (!to_mark(cp, "separator", separator, ',', &separator_byte) || !to_mark(cp, "quote", quote, '"', &quote_byte))
        return CP_THROWN;
    if (separator_byte == quote_byte)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "separator and quote must differ");
    csv_scan_init(&csv->scan, separator_byte, quote_byte, lenient);
    csv->line = 1;
    csv->limit = CSV_LIMIT_DEFAULT;
    csv->line_end = line_end == CP_NIL ? cp_string_z(cp, "\r\n") : line_end;
    const char *end = cp_text_z(cp, csv->line_end);
    if (strcmp(end, "\n") != 0 && strcmp(end, "\r\n") != 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "lineEnd is \"\\n\" or \"\\r\\n\"");
    if (cp_is_string(header))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "header is true, or a List of the names");
    csv->want_header = cp_is_symbol(header);
    return header == CP_NIL || csv->want_header ? CP_NIL : csv_set_header(cp, csv, header);
}

static cp_value make_stream(cp_context *cp, const char *kind, cp_value source, cp_value mode) {
    const cp_value arguments[] = {cp_string_z(cp, kind), source, mode};
    return cp_create(cp, "Stream", arguments, 3);
}

static cp_value all_rows(cp_context *cp, struct csv *csv) {
    cp_list_builder rows = {0};
    for (;;) {
        cp_value row = csv_next(cp, csv);
        if (row == CP_DONE) return rows.list;
        if (row == CP_THROWN) return row;
        cp_list_add(&rows, row);
    }
}

/* ---- properties ---- */

static cp_value get_header(cp_context *cp, cp_value self) {
    struct csv *csv = csv_of(self);
    if (csv->stream->readable && csv_read_header(cp, csv) == CP_THROWN) return CP_THROWN;
    if (csv->names == CP_NIL) return CP_NIL;
    size_t count;
    const cp_value *names = cp_array_items(csv->names, &count);
    return cp_list_n(names, count);
}
static cp_value get_row(cp_context *cp, cp_value self) { return cp_integer(cp, csv_of(self)->rows); }
static cp_value get_line(cp_context *cp, cp_value self) { return cp_integer(cp, csv_of(self)->row_line); }
static cp_value get_limit(cp_context *cp, cp_value self) { return cp_integer(cp, csv_of(self)->limit); }
static cp_value set_limit(cp_context *cp, cp_value self, cp_value value) {
    int64_t limit;
    if (!cp_to_int64(value, &limit) || limit < 1)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the limit is 1 byte or more");
    csv_of(self)->limit = limit;
    return value;
}

static const cp_property_def properties[] = {
    {"header", "List", CP_READ_ONLY, NULL, get_header, NULL,
     "The names of the fields, or () when there is no header. Reads the first row if need be. Errors: as `next`."},
    {"row", "Integer", CP_READ_ONLY, NULL, get_row, NULL,
     "How many rows have been read or written, without the header."},
    {"line", "Integer", CP_READ_ONLY, NULL, get_line, NULL, "The line on which the row read last began, from 1."},
    {"limit", "Integer", CP_READ_WRITE, NULL, get_limit, set_limit,
     "The most bytes that one row may have when it is read, at first 16 MiB. Errors: 1.8 below 1."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct csv *csv = csv_of(self);
    cp_value source = arguments[0], mode = arguments[3];
    cp_value done = set_up(cp, csv, arguments[1], arguments[5], arguments[2], arguments[4], cp_is_true(arguments[6]));
    if (done == CP_THROWN) return CP_THROWN;
    csv->owned = cp_is_string(source);
    if (csv->owned && (source = make_stream(cp, "file", source, mode)) == CP_THROWN) return CP_THROWN;
    csv->source = source;
    csv->stream = stream_in(cp, source);
    if (!csv->stream) return cp_throw_type(cp, "the source of a Csv", "String (a path) or Stream", source);
    return CP_NIL;
}

static cp_value method_next(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value row = csv_next(cp, csv_of(self));
    return row == CP_DONE ? CP_NIL : row;
}

static cp_value method_rows(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return all_rows(cp, csv_of(self));
}

static cp_value method_each(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    for (;;) {
        cp_value row = csv_next(cp, csv_of(self));
        if (row == CP_DONE) return CP_NIL;
        if (row == CP_THROWN || cp_call(cp, arguments[0], &row, 1) == CP_THROWN) return CP_THROWN;
    }
}

static cp_value method_write(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct csv *csv = csv_of(self);
    struct output text = {0};
    if (stream_check(cp, csv->stream, false) == CP_THROWN) return CP_THROWN;
    if (csv_put_row(cp, csv, &text, arguments[0]) == CP_THROWN) return CP_THROWN;
    if (stream_put(cp, csv->stream, text.bytes, text.size) == CP_THROWN) return CP_THROWN;
    return csv->stream->kind == STREAM_STDIO ? stream_flush(cp, csv->stream) : CP_NIL;
}

static cp_value method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct csv *csv = csv_of(self);
    struct output text = {0};
    if (csv->stream->open && csv->stream->writable && !csv->stream->readable &&
        (csv_put_header(cp, csv, &text) == CP_THROWN ||
         stream_put(cp, csv->stream, text.bytes, text.size) == CP_THROWN))
        return CP_THROWN;
    if (csv->owned) return stream_close(cp, csv->stream);
    return cp_send_z(cp, csv->source, "flush", NULL, 0);
}

static const cp_method_def methods[] = {
    {"Csv", "NIL",
     "((source String|Stream) (separator String \",\") (header Object ()) (mode String \"r\") (lineEnd String ()) "
     "(quote String ()) (lenient Object ()))",
     construct,
     "Opens CSV (RFC 4180) for reading, or with mode: \"w\" or \"a\" for writing. `source` is a path or a Stream. "
     "header: true takes the first row as the names of the fields, and a List of names says them; rows are then "
     "HashTables, and written as such. `lineEnd` is what ends a written row, \"\\r\\n\" or \"\\n\". lenient: true "
     "takes "
     "a quote within an unquoted field as it is, and rows shorter than the header. Errors: 5.1 cannot open, 1.8, 8.4 a "
     "name twice in the header."},
    {"next", "Object", "()", method_next,
     "The next row: a List of Strings, or a HashTable when there is a header. () at the end, so that (for row csv ...) "
     "goes through all. Lines end with LF or CR LF; empty ones and a byte order mark are passed over. Errors: 5.3, 8.1 "
     "end within quotes, 8.2 misplaced quote, 8.4 does not fit the header or is longer than `limit`; err.csvRow, "
     "err.csvLine tell where."},
    {"rows", "List", "()", method_rows, "All rows that are left. Errors: as `next`."},
    {"each", "NIL", "(function)", method_each, "Calls a function with each row that is left. Errors: as `next`."},
    {"write", "NIL", "((row List|Array|HashTable))", method_write,
     "Writes a row: a List or Array of values, () being an empty field, or a HashTable by the header, which the first "
     "HashTable makes if there is none. The header is written before the first row, or at `close`. Errors: 5.4, 1.8 "
     "does not fit the "
     "header."},
    {"close", "NIL", "()", method_close,
     "Closes what the path opened; of a Stream that was given, writes out what is held back. Errors: 5.4."},
    {0},
};

const cp_class_def csv_class = {
    .name = "Csv",
    .doc = "Reads and writes rows of CSV, one at a time, so that files of any size need little memory.",
    .size = sizeof(struct csv),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

/* ---- functions ---- */

static cp_value function_parse(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct csv *csv = cp_alloc(sizeof *csv);
    if (set_up(cp, csv, arguments[1], CP_NIL, arguments[2], CP_NIL, cp_is_true(arguments[3])) == CP_THROWN)
        return CP_THROWN;
    csv->source = make_stream(cp, "string", arguments[0], CP_NIL);
    if (csv->source == CP_THROWN) return CP_THROWN;
    csv->stream = stream_in(cp, csv->source);
    return all_rows(cp, csv);
}

static cp_value function_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct csv *csv = cp_alloc(sizeof *csv);
    struct output text = {0};
    cp_iterator iterator;
    cp_value row;
    if (set_up(cp, csv, arguments[1], CP_NIL, arguments[2], arguments[3], false) == CP_THROWN) return CP_THROWN;
    if (cp_iterate(cp, &iterator, arguments[0]) == CP_THROWN) return CP_THROWN;
    while ((row = cp_next(cp, &iterator)) != CP_DONE)
        if (row == CP_THROWN || csv_put_row(cp, csv, &text, row) == CP_THROWN) return CP_THROWN;
    return csv_put_header(cp, csv, &text) == CP_THROWN ? CP_THROWN : output_string(cp, &text);
}

const cp_function_def csv_functions[] = {
    {"csvParse", "List", "((text String) (separator String \",\") (header Object ()) (lenient Object ()))",
     function_parse, "The rows of a text of CSV, as Csv gives them. Errors: class 8, 1.8."},
    {"csvString", "String", "(rows (separator String \",\") (header List|Array ()) (lineEnd String ()))",
     function_string, "The CSV text of rows, as Csv writes them. Errors: 1.8, 1.11."},
    {0},
};
