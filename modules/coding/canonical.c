/* SPDX-License-Identifier: GPL-3.0-or-later */
/* canonical: see the header. */
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

/* A piece without any CR, as most are, is not searched for one line by line. */
static size_t update_without_cr(struct canonical_stream *stream, char *out, const char *in, size_t size) {
    const char *limit = in + size;
    char *end = out;
    while (in < limit) {
        const char *lf = memchr(in, '\n', (size_t)(limit - in));
        size_t count = (size_t)((lf ? lf : limit) - in);
        memcpy(end, in, count);
        end += count;
        stream->open = lf == NULL;
        if (lf == NULL) break;
        memcpy(end, "\r\n", 2);
        end += 2;
        in = lf + 1;
    }
    return (size_t)(end - out);
}

size_t canonical_update(struct canonical_stream *stream, char *out, const char *in, size_t size) {
    const char *limit = in + size;
    char *end = out;
    if (!stream->after_cr && size > 0 && memchr(in, '\r', size) == NULL)
        return update_without_cr(stream, out, in, size);
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
