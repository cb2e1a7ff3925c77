/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library_data.h: the part of the library that turns outside data into values and back: JSON, CSV, dates, random bytes,
 * digests' names, databases. What its files share: their tables, the Symbols of success, and text that is being built.
 */
#ifndef LIBRARY_DATA_H
#define LIBRARY_DATA_H

#include "interp/carapace.h"

/* Defines the functions and classes of this part. Cheap: it only hands the constant tables over. */
void library_data_register(cp_context *cp);

extern const cp_function_def json_functions[], csv_functions[], random_functions[];
extern const cp_class_def json_class, csv_class, date_time_class, db_class, db_rows_class, db_transaction_class;

static inline cp_value library_truth(cp_context *cp, bool condition) {
    return condition ? cp_symbol_z(cp, "true") : CP_NIL;
}
static inline cp_value library_ok(cp_context *cp) { return cp_symbol_z(cp, "ok"); }

/* Has the collector see v up to here, when only bytes within it are used. */
static inline void library_keep(cp_value v) { __asm__ volatile("" : : "g"(v)); }

/*
 * Text that grows, in collected memory: it needs no freeing on any way out. Zeroed it is empty. The adding functions
 * return false after a throw (1.5, the memory limit).
 */
struct output {
    char *bytes;
    size_t size, capacity;
};
bool output_room(cp_context *cp, struct output *text, size_t more);
bool output_add(cp_context *cp, struct output *text, const char *bytes, size_t size);
static inline bool output_add_z(cp_context *cp, struct output *text, const char *z) {
    return output_add(cp, text, z, strlen(z));
}
static inline bool output_add_byte(cp_context *cp, struct output *text, char byte) {
    if (CP_UNLIKELY(text->size == text->capacity) && !output_room(cp, text, 1)) return false;
    text->bytes[text->size++] = byte;
    return true;
}
cp_value output_string(cp_context *cp, const struct output *text);

/* The whole content of a file as a String, read through a Stream so that waiting gives way. CP_THROWN: class 5. */
cp_value library_read_file(cp_context *cp, cp_value path);

#endif
