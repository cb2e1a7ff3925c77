/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stream_memory.c: Streams of the kinds string and octet, whose content lies in memory.
 *
 * The content is input[0..end), and `start` is how far it was read, so reading works as for a file that is at its end.
 * A String cannot change, so its bytes are used in place until something is written.
 */
#include "stream.h"

cp_value stream_open_memory(cp_context *cp, struct stream *s, cp_value source) {
    s->input = NULL;
    s->start = s->end = s->capacity = 0;
    s->borrowed = CP_NIL;
    s->at_end = true;
    s->open = true;
    const char *bytes;
    size_t size;
    if (source == CP_NIL || !cp_bytes_of(source, &bytes, &size) || size == 0) return CP_NIL;
    if (cp_is_string(source)) {
        s->borrowed = source;
        s->input = (unsigned char *)(uintptr_t)bytes;
        s->end = s->capacity = size;
        return CP_NIL;
    }
    if (!stream_reserve(cp, s, size)) return CP_THROWN;
    if (!cp_bytes_of(source, &bytes, &size) || size > s->capacity) size = s->capacity;
    memcpy(s->input, bytes, size);
    s->end = size;
    return CP_NIL;
}

cp_value stream_memory_put(cp_context *cp, struct stream *s, const void *bytes, size_t size) {
    if (size == 0) return CP_NIL;
    if (!stream_reserve(cp, s, size)) return CP_THROWN;
    memcpy(s->input + s->end, bytes, size);
    s->end += size;
    return CP_NIL;
}
