/* SPDX-License-Identifier: GPL-3.0-or-later */
/* placeholders.h: the ? of an SQL statement as PostgreSQL's $1 $2 ... Pure. */
#ifndef POSTGRESQL_PLACEHOLDERS_H
#define POSTGRESQL_PLACEHOLDERS_H

#include <stddef.h>

/*
 * Copies `sql` with each ? outside of quotes and comments numbered, and ?? made the operator ?. Returns the bytes
 * written, without a NUL; `out` needs placeholders_room(sql, size). *count becomes the number of placeholders.
 */
size_t placeholders_number(const char *sql, size_t size, char *out, int *count);
size_t placeholders_room(const char *sql, size_t size);

#endif
