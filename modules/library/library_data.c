/* SPDX-License-Identifier: GPL-3.0-or-later */
/* library_data.c: registers this part of the library; growing text; reading a whole file. */
#include "modules/library/library_data.h"

bool output_room(cp_context *cp, struct output *text, size_t more) {
    if (more <= text->capacity - text->size) return true;
    size_t capacity = text->capacity ? text->capacity : 128;
    while (capacity - text->size < more) {
        if (capacity > SIZE_MAX / 4) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "the text is too long"), false;
        capacity *= 2;
    }
    char *bytes = cp_try_alloc_atomic(cp, capacity);
    if (!bytes) return false;
    if (text->size) memcpy(bytes, text->bytes, text->size);
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

bool output_add(cp_context *cp, struct output *text, const char *bytes, size_t size) {
    if (size == 0) return true;
    if (!output_room(cp, text, size)) return false;
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    return true;
}

cp_value output_string(cp_context *cp, const struct output *text) {
    return cp_string_n(cp, text->size ? text->bytes : "", text->size);
}

cp_value library_read_file(cp_context *cp, cp_value path) {
    const cp_value arguments[] = {cp_string_z(cp, "file"), path};
    cp_value stream = cp_create(cp, "Stream", arguments, 2);
    if (stream == CP_THROWN) return stream;
    cp_value content = cp_send_z(cp, stream, "string", NULL, 0);
    if (content == CP_THROWN) return content;
    return cp_send_z(cp, stream, "close", NULL, 0) == CP_THROWN ? CP_THROWN : content;
}

void library_data_register(cp_context *cp) {
    static const cp_function_def *const functions[] = {json_functions, csv_functions, random_functions};
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) cp_define_functions(cp, functions[i]);
    static const cp_class_def *const classes[] = {&json_class, &csv_class,     &date_time_class,
                                                  &db_class,   &db_rows_class, &db_transaction_class};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) cp_define_class(cp, classes[i]);
}
