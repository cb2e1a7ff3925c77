/* SPDX-License-Identifier: GPL-3.0-or-later */
/* quoted_printable: RFC 2045 6.7, streaming both ways; the encoding of text that is mostly ASCII. */
#include "modules/coding/quoted_printable.h"

#include <string.h>

#define LINE 76 /* RFC 2045 6.7 (5), the soft break's "=" included */

static const char hex[] = "0123456789ABCDEF";

/* Bytes that stand for themselves anywhere in a line: RFC 2045 6.7 (2). */
static bool is_literal(unsigned char c) { return c >= 33 && c <= 126 && c != '='; }

void quoted_printable_encoder_init(struct quoted_printable_encoder *encoder) { memset(encoder, 0, sizeof *encoder); }

/* Each byte takes up to 3 characters, and each 73 characters a soft break of 3; what is held comes on top. */
size_t quoted_printable_encode_bound(size_t size) {
    size_t characters = (size + 8) * 3;
    return characters + characters / 73 * 3 + 8;
}

static char *put(struct quoted_printable_encoder *encoder, char *out, unsigned char c, bool escaped) {
    unsigned width = escaped ? 3 : 1;
    if (encoder->column + width > LINE - 1) {
        memcpy(out, "=\r\n", 3);
        out += 3;
        encoder->column = 0;
    }
    if (encoder->column == 0 && c == '.') {
        escaped = true; /* also after a soft break: a lone dot would end the message, a doubled one may stay doubled */
        width = 3;
    }
    if (escaped) {
        out[0] = '=';
        out[1] = hex[c >> 4];
        out[2] = hex[c & 15];
    } else {
        *out = (char)c;
    }
    encoder->column += width;
    return out + width;
}

/* Write what is held; white space at the end of a line is encoded, and so is a CR, which is bare if it comes here. */
static char *flush(struct quoted_printable_encoder *encoder, char *out, bool line_end) {
    for (unsigned i = 0; i < encoder->held_size; i++) {
        unsigned char c = (unsigned char)encoder->held[i];
        bool blank = c == ' ' || c == '\t';
        bool last = i + 1 == encoder->held_size;
        out = put(encoder, out, c, c == '\r' || (blank && last && line_end));
    }
    encoder->held_size = 0;
    return out;
}

/* Write a held "From" at the beginning of an output line; the F is encoded when a space follows. Text that a soft break
   moves to the beginning of a line is looked at again in step, so it is never missed. */
static char *flush_from(struct quoted_printable_encoder *encoder, char *out) {
    encoder->held_size = 0;
    out = put(encoder, out, 'F', true);
    out = put(encoder, out, 'r', false);
    out = put(encoder, out, 'o', false);
    return put(encoder, out, 'm', false);
}

/* held is one of: nothing; CR; one blank; a blank and CR; the first 1-4 letters of "From" at column 0. */
static char *step(struct quoted_printable_encoder *encoder, char *out, unsigned char c) {
    if (encoder->held_size > 0) {
        char *held = encoder->held;
        char last = held[encoder->held_size - 1];
        if (held[0] == 'F') {
            if (encoder->held_size < 4 && c == (unsigned char)"From"[encoder->held_size]) {
                held[encoder->held_size++] = (char)c;
                return out;
            }
            if (encoder->held_size == 4 && c == ' ') {
                out = flush_from(encoder, out);
            } else {
                out = flush(encoder, out, false);
            }
        } else if (last == '\r') {
            if (c == '\n') {
                encoder->held_size--;
                out = flush(encoder, out, true);
                memcpy(out, "\r\n", 2);
                encoder->column = 0;
                return out + 2;
            }
            out = flush(encoder, out, false);
        } else if (c == '\r') {
            held[encoder->held_size++] = (char)c;
            return out;
        } else {
            out = flush(encoder, out, c == '\n');
        }
    }
    if (c == '\n') {
        memcpy(out, "\r\n", 2);
        encoder->column = 0;
        return out + 2;
    }
    /* A letter that comes to stand at the beginning of an output line, be it by a soft break. */
    bool begins = encoder->column == 0 || encoder->column + 1 > LINE - 1;
    if (c == '\r' || c == ' ' || c == '\t' || (c == 'F' && begins)) {
        if (c == 'F' && encoder->column > 0) {
            memcpy(out, "=\r\n", 3);
            out += 3;
            encoder->column = 0;
        }
        encoder->held[encoder->held_size++] = (char)c;
        return out;
    }
    return put(encoder, out, c, !is_literal(c));
}

size_t quoted_printable_encode_update(struct quoted_printable_encoder *encoder, char *out, const void *in,
                                      size_t size) {
    const unsigned char *p = in, *limit = p + size;
    char *end = out;
    while (p < limit) {
        /* A run of literals inside a line needs no thought. */
        if (encoder->held_size == 0 && encoder->column > 0 && encoder->column < LINE - 1) {
            const unsigned char *stop = p + (LINE - 1 - encoder->column);
            if (stop > limit) stop = limit;
            const unsigned char *q = p;
            while (q < stop && is_literal(*q)) *end++ = (char)*q++;
            encoder->column += (unsigned)(q - p);
            p = q;
            if (p == limit) break;
        }
        end = step(encoder, end, *p++);
    }
    return (size_t)(end - out);
}

size_t quoted_printable_encode_finish(struct quoted_printable_encoder *encoder, char *out) {
    char *end = flush(encoder, out, true);
    encoder->column = 0;
    return (size_t)(end - out);
}

uint64_t quoted_printable_encoded_size(const void *in, size_t size) {
    struct quoted_printable_encoder encoder;
    char scratch[2048];
    const char *bytes = in;
    uint64_t total = 0;
    quoted_printable_encoder_init(&encoder);
    while (size > 0) {
        size_t count = size < 512 ? size : 512; /* quoted_printable_encode_bound(512) < sizeof scratch */
        total += quoted_printable_encode_update(&encoder, scratch, bytes, count);
        bytes += count;
        size -= count;
    }
    return total + quoted_printable_encode_finish(&encoder, scratch);
}

void quoted_printable_decoder_init(struct quoted_printable_decoder *decoder) { memset(decoder, 0, sizeof *decoder); }

/* A bare LF becomes two bytes; what is held comes on top. */
size_t quoted_printable_decode_bound(const struct quoted_printable_decoder *decoder, size_t size) {
    return size * 2 + decoder->blank_count + 8;
}

static int hex_value(unsigned char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10; /* not allowed to be made, advised to be read: RFC 2045 6.7 */
    return -1;
}

static unsigned char *release_blanks(struct quoted_printable_decoder *decoder, unsigned char *out) {
    memcpy(out, decoder->blanks, decoder->blank_count);
    out += decoder->blank_count;
    decoder->blank_count = 0;
    return out;
}

static unsigned char *release_escape(struct quoted_printable_decoder *decoder, unsigned char *out) {
    memcpy(out, decoder->escape, decoder->escape_size);
    out += decoder->escape_size;
    decoder->escape_size = 0;
    decoder->malformed++;
    return out;
}

/* Order in which things are held: escape, then blanks, then CR. */
static unsigned char *decode_step(struct quoted_printable_decoder *decoder, unsigned char *out, unsigned char c) {
    if (decoder->carriage_return) {
        decoder->carriage_return = false;
        if (c != '\n') {
            /* A bare CR is no line end: everything before it was content. */
            if (decoder->escape_size > 0) out = release_escape(decoder, out);
            out = release_blanks(decoder, out);
            *out++ = '\r';
        }
    }
    if (c == '\n') {
        bool soft = decoder->escape_size == 1;
        if (decoder->escape_size == 2) out = release_escape(decoder, out);
        decoder->escape_size = 0;
        decoder->blank_count = 0;
        if (!soft) {
            *out++ = '\r';
            *out++ = '\n';
        }
        return out;
    }
    if (c == '\r') {
        decoder->carriage_return = true;
        return out;
    }
    if (c == ' ' || c == '\t') {
        if (decoder->escape_size == 2) out = release_escape(decoder, out);
        if (decoder->blank_count == sizeof decoder->blanks) {
            if (decoder->escape_size > 0) out = release_escape(decoder, out);
            out = release_blanks(decoder, out);
        }
        decoder->blanks[decoder->blank_count++] = (char)c;
        return out;
    }
    if (decoder->blank_count > 0) {
        if (decoder->escape_size > 0) out = release_escape(decoder, out);
        out = release_blanks(decoder, out);
    }
    if (decoder->escape_size == 1) {
        if (hex_value(c) >= 0) {
            decoder->escape[decoder->escape_size++] = (char)c;
            return out;
        }
        out = release_escape(decoder, out);
    } else if (decoder->escape_size == 2) {
        if (hex_value(c) >= 0) {
            *out++ = (unsigned char)(hex_value((unsigned char)decoder->escape[1]) << 4 | hex_value(c));
            decoder->escape_size = 0;
            return out;
        }
        out = release_escape(decoder, out);
    }
    if (c == '=') {
        decoder->escape[0] = '=';
        decoder->escape_size = 1;
        return out;
    }
    *out++ = c;
    return out;
}

size_t quoted_printable_decode_update(struct quoted_printable_decoder *decoder, void *out, const char *in,
                                      size_t size) {
    const unsigned char *p = (const unsigned char *)in, *limit = p + size;
    unsigned char *end = out;
    while (p < limit) {
        if (decoder->escape_size == 0 && decoder->blank_count == 0 && !decoder->carriage_return) {
            while (p<limit && * p> 32 && *p != '=') *end++ = *p++;
            if (p == limit) break;
        }
        end = decode_step(decoder, end, *p++);
    }
    return (size_t)(end - (unsigned char *)out);
}

size_t quoted_printable_decode_finish(struct quoted_printable_decoder *decoder, void *out) {
    unsigned char *end = out;
    /* "=" alone at the end is a soft break whose line end was lost; white space at the end was added in transport. */
    if (decoder->escape_size == 2) end = release_escape(decoder, end);
    if (decoder->carriage_return) {
        if (decoder->escape_size > 0) end = release_escape(decoder, end);
        end = release_blanks(decoder, end);
        *end++ = '\r';
    }
    decoder->escape_size = 0;
    decoder->blank_count = 0;
    decoder->carriage_return = false;
    return (size_t)(end - (unsigned char *)out);
}
