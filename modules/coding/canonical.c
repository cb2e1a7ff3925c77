/* SPDX-License-Identifier: GPL-3.0-or-later */
/* canonical: the two transforms between text and the wire: CRLF line ends (RFC 2049 4) and SMTP dot transparency (RFC
 * 5321 4.5.2). */
#ifndef _GNU_SOURCE
#endif
#include "modules/coding/canonical.h"

#include <string.h>

void canonical_init(struct canonical_stream *stream, bool keep_cr) {
    stream->keep_cr = keep_cr;
    stream->after_cr = false;
    stream->open = false;
}

size_t canonical_bound(size_t size) { return size * 2 + 2; }

/* Copy a run without LF in which each CR is judged by what follows it; the run's own end is judged by the next call.
   Invariant: after a CR that was not kept, its CRLF is written already and a following LF is swallowed. */
static char *copy_line(struct canonical_stream *stream, char *out, const char *in, size_t size) {
    const char *limit = in + size;
    while (in < limit) {
        const char *cr = memchr(in, '\r', (size_t)(limit - in));
        size_t count = (size_t)((cr ? cr : limit) - in);
        memcpy(out, in, count);
        out += count;
        if (count > 0) {
            stream->open = true;
            stream->after_cr = false;
        }
        if (cr == NULL) break;
        *out++ = '\r';
        if (stream->keep_cr) {
            stream->open = true;
        } else {
            *out++ = '\n';
            stream->open = false;
        }
        stream->after_cr = true;
        in = cr + 1;
    }
    return out;
}

size_t canonical_update(struct canonical_stream *stream, char *out, const char *in, size_t size) {
    const char *limit = in + size;
    char *end = out;
    while (in < limit) {
        const char *lf = memchr(in, '\n', (size_t)(limit - in));
        end = copy_line(stream, end, in, (size_t)((lf ? lf : limit) - in));
        if (lf == NULL) break;
        if (!stream->after_cr) {
            *end++ = '\r';
            *end++ = '\n';
        } else if (stream->keep_cr) {
            *end++ = '\n';
        }
        stream->after_cr = false;
        stream->open = false;
        in = lf + 1;
    }
    return (size_t)(end - out);
}

size_t canonical_finish(struct canonical_stream *stream, char *out) {
    size_t count = 0;
    if (stream->open) {
        memcpy(out, "\r\n", 2);
        count = 2;
    }
    stream->open = false;
    stream->after_cr = false;
    return count;
}

bool canonical_check(const char *data, size_t size) {
    const char *p = data, *limit = data + size;
    while (p < limit) {
        const char *lf = memchr(p, '\n', (size_t)(limit - p));
        if (lf == NULL) return memchr(p, '\r', (size_t)(limit - p)) == NULL;
        /* The first CR of the line must be the one just before the LF. */
        const char *cr = memchr(p, '\r', (size_t)(lf - p));
        if (cr == NULL || cr + 1 != lf) return false;
        p = lf + 1;
    }
    return true;
}

void dot_stuffing_init(struct dot_stuffing *stuffing) { stuffing->matched = 2; }

/* Worst case: every third byte is a dot that begins a line; the very first may be one too. */
size_t dot_stuffing_bound(size_t size) { return size + size / 3 + 2; }

/* How much of CRLF stands at the end of in, given what stood before. */
static unsigned match_end(unsigned matched, const char *in, size_t size) {
    if (size == 0) return matched;
    if (in[size - 1] == '\r') return 1;
    if (in[size - 1] != '\n') return 0;
    if (size >= 2) return in[size - 2] == '\r' ? 2 : 0;
    return matched == 1 ? 2 : 0;
}

size_t dot_stuffing_update(struct dot_stuffing *stuffing, char *out, const char *in, size_t size) {
    const char *limit = in + size, *start = in, *from;
    char *end = out;
    if (size == 0) return 0;
    /* A line beginning that lies across the border of two pieces. */
    if (stuffing->matched == 2 && in[0] == '.') *end++ = '.';
    if (stuffing->matched == 1 && size >= 2 && in[0] == '\n' && in[1] == '.') {
        *end++ = '\n';
        *end++ = '.';
        start++;
    }
    from = start;
    while (from < limit) {
        const char *hit = memmem(from, (size_t)(limit - from), "\r\n.", 3);
        size_t count = (size_t)((hit ? hit + 2 : limit) - start);
        memcpy(end, start, count);
        end += count;
        if (hit == NULL) break;
        *end++ = '.';
        start = hit + 2; /* the dot itself is copied with what follows */
        from = start;
    }
    stuffing->matched = match_end(stuffing->matched, in, size);
    return (size_t)(end - out);
}

size_t dot_stuffing_finish(struct dot_stuffing *stuffing, char *out) {
    size_t count = 0;
    if (stuffing->matched != 2) {
        memcpy(out, "\r\n", 2);
        count = 2;
    }
    memcpy(out + count, ".\r\n", 3);
    stuffing->matched = 2;
    return count + 3;
}

void dot_unstuffing_init(struct dot_unstuffing *unstuffing) {
    unstuffing->matched = 2;
    unstuffing->done = false;
}

/* matched: 0 inside a line, 1 after CR, 2 at the beginning of a line, 3 after its dot, 4 after dot and CR. The dot, and
   a CR behind it, are held back; CRLF before them is written at once, since it belongs to the text. Only CRLF . CRLF
   ends the data, never a bare LF or CR form of it (RFC 5321 4.1.1.4: otherwise a second message could be smuggled in).
 */
size_t dot_unstuffing_update(struct dot_unstuffing *unstuffing, char *out, const char *in, size_t size,
                             size_t *consumed) {
    const char *p = in, *limit = in + size;
    char *end = out;
    while (p < limit && !unstuffing->done) {
        if (unstuffing->matched == 0) {
            const char *cr = memchr(p, '\r', (size_t)(limit - p));
            size_t count = (size_t)((cr ? cr + 1 : limit) - p);
            memcpy(end, p, count);
            end += count;
            p += count;
            if (cr) unstuffing->matched = 1;
            continue;
        }
        char c = *p++;
        switch (unstuffing->matched) {
        case 1:
            *end++ = c;
            unstuffing->matched = c == '\n' ? 2 : c == '\r' ? 1 : 0;
            break;
        case 2:
            if (c == '.') {
                unstuffing->matched = 3;
            } else {
                *end++ = c;
                unstuffing->matched = c == '\r' ? 1 : 0;
            }
            break;
        case 3:
            if (c == '\r') {
                unstuffing->matched = 4;
            } else {
                *end++ = c; /* the first dot is dropped, whatever follows */
                unstuffing->matched = 0;
            }
            break;
        default:
            if (c == '\n') {
                unstuffing->done = true;
            } else {
                *end++ = '\r';
                *end++ = c;
                unstuffing->matched = c == '\r' ? 1 : 0;
            }
            break;
        }
    }
    *consumed = (size_t)(p - in);
    return (size_t)(end - out);
}
