/* SPDX-License-Identifier: GPL-3.0-or-later */
/* packed.c: values of a database as bytes: a byte for the kind, eight for the number or the size, then the bytes. */
#include "modules/loadable/sqlite/packed.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 9, KEPT = 1 << 20 };

/* Room for a value with `size` bytes behind its head; NULL without memory. */
static char *add(struct packed *packed, enum packed_kind kind, const void *number, size_t size) {
    if (size > SIZE_MAX / 4) return NULL;
    size_t wanted = packed->size + HEAD + size;
    if (wanted > packed->capacity) {
        size_t capacity = packed->capacity ? packed->capacity : 256;
        while (capacity < wanted) capacity *= 2;
        char *bytes = realloc(packed->bytes, capacity);
        if (!bytes) return NULL;
        packed->bytes = bytes;
        packed->capacity = capacity;
    }
    char *at = packed->bytes + packed->size;
    at[0] = (char)kind;
    memcpy(at + 1, number, 8);
    packed->size = wanted;
    return at + HEAD;
}

bool packed_add_null(struct packed *packed) {
    int64_t nothing = 0;
    return add(packed, PACKED_NULL, &nothing, 0) != NULL;
}

bool packed_add_integer(struct packed *packed, int64_t integer) {
    return add(packed, PACKED_INTEGER, &integer, 0) != NULL;
}

bool packed_add_real(struct packed *packed, double real) { return add(packed, PACKED_REAL, &real, 0) != NULL; }

bool packed_add_bytes(struct packed *packed, enum packed_kind kind, const void *bytes, size_t size) {
    uint64_t number = size;
    char *to = add(packed, kind, &number, size);
    if (to && size) memcpy(to, bytes, size);
    return to != NULL;
}

struct packed_value packed_next(const struct packed *packed, size_t *at) {
    const char *from = packed->bytes + *at;
    struct packed_value value = {.kind = (enum packed_kind)from[0]};
    memcpy(&value.integer, from + 1, 8);
    memcpy(&value.real, from + 1, 8);
    *at += HEAD;
    if (value.kind != PACKED_TEXT && value.kind != PACKED_BYTES) return value;
    value.size = (size_t)value.integer;
    value.bytes = from + HEAD;
    *at += value.size;
    return value;
}

void packed_clear(struct packed *packed) {
    if (packed->capacity > KEPT) packed_free(packed);
    packed->size = 0;
}

void packed_free(struct packed *packed) {
    free(packed->bytes);
    *packed = (struct packed){0};
}
