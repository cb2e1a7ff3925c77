/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * support.h: what the files of this room share: their tables, the Symbols of success, and the check of a path.
 */
#ifndef SYSTEM_SUPPORT_H
#define SYSTEM_SUPPORT_H

#include "interp/carapace.h"

extern const cp_function_def system_function_table[];
extern const cp_function_def file_function_table[];
extern const cp_class_def stream_class;
extern const cp_class_def queue_class;
extern const cp_class_def event_class;
extern const cp_class_def lock_class;
extern const cp_class_def critical_section_class;
extern const cp_class_def lifetime_lock_class;
extern const cp_class_def registry_class;
extern const cp_class_def log_class;
extern const cp_class_def shortcut_class;
extern const cp_class_def process_class;

static inline cp_value truth(cp_context *cp, bool condition) { return condition ? cp_symbol_z(cp, "true") : CP_NIL; }
static inline cp_value success(cp_context *cp) { return cp_symbol_z(cp, "ok"); }

/* The NUL-terminated bytes of a String or Symbol that goes to a system call. NULL after a throw (1.8) when it is empty
   or has a NUL inside, behind which the system would not look. `what` names it in the Error's text. */
const char *system_text(cp_context *cp, const char *what, cp_value text);

/* The same in a block of its own, which an array in collected memory may hold: text within a String is kept alive only
   by the String, or from the C stack. "" when it is empty and `empty` allows it. */
const char *system_text_block(cp_context *cp, const char *what, cp_value text, bool empty);

/* The argument `value` as milliseconds for a wait: () is for ever (-1). False after a throw: negative or beyond int64.
 */
bool system_timeout(cp_context *cp, cp_value value, int64_t *milliseconds);

/* Whether a String or Symbol has exactly this text. */
bool text_is(cp_value text, const char *expected);

#endif
