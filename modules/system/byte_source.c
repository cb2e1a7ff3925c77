/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * byte_source.c: see the header.
 */
#include "modules/system/byte_source.h"

enum { BLOCK = 64 * 1024 /* octets asked of `read` */ };

cp_value byte_source_open(cp_context *cp, struct byte_source *source, cp_value value, const char *what,
                          const char *classes) {
    const char *bytes;
    size_t size;
    *source = (struct byte_source){.value = value, .piece = value};
    if (cp_bytes_of(value, &bytes, &size)) return CP_NIL;
    source->blocks = cp_is_object(value) && cp_responds_to(cp, value, "read");
    return source->blocks ? CP_NIL : cp_throw_type(cp, what, classes, value);
}

int byte_source_next(cp_context *cp, struct byte_source *source, const char **bytes, size_t *size) {
    const cp_value count = cp_fixnum(BLOCK);
    if (!source->blocks && source->begun) return 0;
    source->begun = true;
    if (source->blocks) {
        if (cp_poll(cp) == CP_THROWN) return -1;
        source->piece = cp_send_z(cp, source->value, "read", &count, 1);
    }
    if (source->piece == CP_THROWN) return -1;
    if (source->piece == CP_NIL) return 0;
    if (cp_bytes_of(source->piece, bytes, size)) return *size > 0;
    cp_throw_type(cp, "what `read` gives", "String or Binary", source->piece);
    return -1;
}
