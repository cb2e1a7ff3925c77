/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * support.c: registers the room, and checks arguments that many of its functions take.
 */
#include "support.h"
#include "system.h"

const char *system_text(cp_context *cp, const char *what, cp_value text) {
    const char *bytes;
    size_t size;
    if (!cp_bytes_of(text, &bytes, &size)) {
        cp_throw_type(cp, what, "String", text);
        return NULL;
    }
    if (size == 0) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the %s is empty", what);
        return NULL;
    }
    if (memchr(bytes, 0, size)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the %s has a NUL character in it", what);
        return NULL;
    }
    return cp_text_z(cp, text);
}

const char *system_text_block(cp_context *cp, const char *what, cp_value text, bool empty) {
    const char *bytes;
    size_t size;
    if (empty && cp_bytes_of(text, &bytes, &size) && size == 0) return "";
    const char *from = system_text(cp, what, text);
    return from ? memcpy(cp_alloc_atomic(strlen(from) + 1), from, strlen(from) + 1) : NULL;
}

bool system_timeout(cp_context *cp, cp_value value, int64_t *milliseconds) {
    *milliseconds = -1;
    if (value == CP_NIL) return true;
    if (!cp_to_int64(value, milliseconds) || *milliseconds < 0) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a time is 0 or more milliseconds");
        return false;
    }
    return true;
}

bool text_is(cp_value text, const char *expected) {
    const char *bytes;
    size_t size;
    return cp_bytes_of(text, &bytes, &size) && size == strlen(expected) && memcmp(bytes, expected, size) == 0;
}

void system_register(cp_context *cp) {
    cp_define_functions(cp, system_function_table);
    cp_define_functions(cp, file_function_table);
    static const cp_class_def *const classes[] = {
        &stream_class,        &queue_class,    &event_class, &lock_class,     &critical_section_class,
        &lifetime_lock_class, &registry_class, &log_class,   &shortcut_class, &process_class,
    };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) cp_define_class(cp, classes[i]);
    *cp_module_state(cp, "class Stream") = cp_find_class(cp, stream_class.name);
    cp_at_end(cp, stream_flush_all);
}
