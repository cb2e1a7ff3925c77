/* SPDX-License-Identifier: GPL-3.0-or-later */
/* json.h: JSON text (RFC 8259) to values and back, for the class Json and whoever speaks JSON in C. */
#ifndef LIBRARY_JSON_H
#define LIBRARY_JSON_H

#include "interp/carapace.h"

enum json_code { JSON_END = 1, JSON_UNEXPECTED, JSON_LITERAL, JSON_DEPTH, JSON_DUPLICATE, JSON_NO_FORM };

struct json_options {
    bool lists;     /* arrays as Lists; written, () is [] instead of false */
    bool strict;    /* a name twice in an object is an Error */
    int64_t depth;  /* arrays and objects within each other at most */
    int64_t indent; /* spaces a level when written, 0 = all on one line */
};
#define JSON_DEPTH_DEFAULT 1000

/* The value of a String's, Binary's or Buffer's text, which must be one JSON value and nothing more. CP_THROWN:
 * class 18.
 */
cp_value json_read(cp_context *cp, cp_value text, const struct json_options *options);
/* The JSON text of a value as a String. CP_THROWN: 18.4, 18.6. */
cp_value json_write(cp_context *cp, cp_value value, const struct json_options *options);

#endif
