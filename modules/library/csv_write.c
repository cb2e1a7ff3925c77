/* SPDX-License-Identifier: GPL-3.0-or-later */
/* csv_write.c: rows as lines of CSV (RFC 4180), quoted where they must be. */
#include "modules/library/csv.h"

static cp_value put_field(cp_context *cp, const struct csv *csv, struct output *text, cp_value value) {
    if (value == CP_NIL) return CP_NIL; /* an empty field */
    value = cp_to_string(cp, value);
    if (value == CP_THROWN) return value;
    const char *bytes = cp_string_text(value);
    size_t size = cp_string_size(value);
    char quote = (char)csv->scan.quote;
    bool done = true;
    if (!csv_needs_quotes(bytes, size, (char)csv->scan.separator, quote)) done = output_add(cp, text, bytes, size);
    else {
        done = output_add_byte(cp, text, quote);
        for (size_t i = 0; i < size && done; i++) {
            if (bytes[i] == quote) done = output_add_byte(cp, text, quote);
            done = done && output_add_byte(cp, text, bytes[i]);
        }
        done = done && output_add_byte(cp, text, quote);
    }
    library_keep(value);
    return done ? CP_NIL : CP_THROWN;
}

static bool end_row(cp_context *cp, const struct csv *csv, struct output *text, size_t start) {
    char quotes[2] = {(char)csv->scan.quote, (char)csv->scan.quote};
    /* A row of one empty field would be an empty line, which readers pass over. */
    if (text->size == start && !output_add(cp, text, quotes, 2)) return false;
    return output_add(cp, text, cp_string_text(csv->line_end), cp_string_size(csv->line_end));
}

static cp_value put_sequence(cp_context *cp, const struct csv *csv, struct output *text, cp_value row) {
    size_t start = text->size, wanted = 0, count = 0;
    cp_iterator iterator;
    cp_value item;
    if (csv->names != CP_NIL) cp_array_items(csv->names, &wanted);
    if (cp_iterate(cp, &iterator, row) == CP_THROWN) return CP_THROWN;
    for (; (item = cp_next(cp, &iterator)) != CP_DONE; count++) {
        if (item == CP_THROWN) return item;
        if (count && !output_add_byte(cp, text, (char)csv->scan.separator)) return CP_THROWN;
        if (put_field(cp, csv, text, item) == CP_THROWN) return CP_THROWN;
    }
    if (csv->names != CP_NIL && count != wanted)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a row of %zu fields does not fit the header's %zu",
                        count, wanted);
    return end_row(cp, csv, text, start) ? CP_NIL : CP_THROWN;
}

/* A HashTable's values in the order of the header; names that the table lacks are empty. */
static cp_value put_table(cp_context *cp, const struct csv *csv, struct output *text, cp_value table) {
    size_t start = text->size, count, known = 0;
    const cp_value *names = cp_array_items(csv->names, &count);
    for (size_t i = 0; i < count; i++) {
        cp_value value = cp_table_get(cp, table, names[i]);
        if (value != CP_UNSET) known++;
        if (i && !output_add_byte(cp, text, (char)csv->scan.separator)) return CP_THROWN;
        if (put_field(cp, csv, text, value == CP_UNSET ? CP_NIL : value) == CP_THROWN) return CP_THROWN;
    }
    if (known != cp_table_count(table))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the row has names that are not in the header");
    return end_row(cp, csv, text, start) ? CP_NIL : CP_THROWN;
}

cp_value csv_put_header(cp_context *cp, struct csv *csv, struct output *text) {
    if (csv->begun || csv->names == CP_NIL) return CP_NIL;
    csv->begun = true;
    return put_sequence(cp, csv, text, csv->names);
}

cp_value csv_put_row(cp_context *cp, struct csv *csv, struct output *text, cp_value row) {
    bool table = cp_has_class(row, CP_CLASS_HASH_TABLE);
    if (cp_is_string(row) || cp_is_binary(row) || cp_is_buffer(row))
        return cp_throw_type(cp, "a row", "List, Array or HashTable", row);
    if (!csv->begun && table && csv->names == CP_NIL && csv_set_header(cp, csv, row) == CP_THROWN) return CP_THROWN;
    if (csv_put_header(cp, csv, text) == CP_THROWN) return CP_THROWN;
    if (table && csv->names == CP_NIL)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "a HashTable cannot be a row here: there is no header, and Lists came before");
    cp_value result = table ? put_table(cp, csv, text, row) : put_sequence(cp, csv, text, row);
    if (result == CP_THROWN) return result;
    csv->begun = true;
    csv->rows++;
    return CP_NIL;
}
