/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packed.h: values of a database as bytes in malloc'd memory, which a worker may read and write. */
#ifndef SQLITE_PACKED_H
#define SQLITE_PACKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packed_kind { PACKED_NULL, PACKED_INTEGER, PACKED_REAL, PACKED_TEXT, PACKED_BYTES };

struct packed {
    char *bytes;
    size_t size, capacity;
};

struct packed_value {
    enum packed_kind kind;
    int64_t integer;
    double real;
    const char *bytes; /* within the packed ones, until they change */
    size_t size;
};

/* The adding functions return false without memory; what was added before stays. */
bool packed_add_null(struct packed *packed);
bool packed_add_integer(struct packed *packed, int64_t integer);
bool packed_add_real(struct packed *packed, double real);
bool packed_add_bytes(struct packed *packed, enum packed_kind kind, const void *bytes, size_t size);
/* The value at *at, which is moved behind it; there must be one. */
struct packed_value packed_next(const struct packed *packed, size_t *at);
void packed_clear(struct packed *packed);
void packed_free(struct packed *packed);

#endif
