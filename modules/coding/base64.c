/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base64: RFC 2045 6.8 and RFC 4648 4, streaming both ways; the encoding of every binary attachment. */
#include "modules/coding/base64.h"

#include <string.h>

#include "modules/coding/base64_simd.h"

enum { VECTOR_GROUPS = 10, LINE_GROUPS = BASE64_MIME_LINE / 4 };

/* Two characters for each 12-bit value, so that six bytes need four look-ups. 8 KB, constant: built by the
 * preprocessor, not at run time. */
#define ROW(a)                                                                                                         \
    {a, 'A'}, {a, 'B'}, {a, 'C'}, {a, 'D'}, {a, 'E'}, {a, 'F'}, {a, 'G'}, {a, 'H'}, {a, 'I'}, {a, 'J'}, {a, 'K'},      \
        {a, 'L'}, {a, 'M'}, {a, 'N'}, {a, 'O'}, {a, 'P'}, {a, 'Q'}, {a, 'R'}, {a, 'S'}, {a, 'T'}, {a, 'U'}, {a, 'V'},  \
        {a, 'W'}, {a, 'X'}, {a, 'Y'}, {a, 'Z'}, {a, 'a'}, {a, 'b'}, {a, 'c'}, {a, 'd'}, {a, 'e'}, {a, 'f'}, {a, 'g'},  \
        {a, 'h'}, {a, 'i'}, {a, 'j'}, {a, 'k'}, {a, 'l'}, {a, 'm'}, {a, 'n'}, {a, 'o'}, {a, 'p'}, {a, 'q'}, {a, 'r'},  \
        {a, 's'}, {a, 't'}, {a, 'u'}, {a, 'v'}, {a, 'w'}, {a, 'x'}, {a, 'y'}, {a, 'z'}, {a, '0'}, {a, '1'}, {a, '2'},  \
        {a, '3'}, {a, '4'}, {a, '5'}, {a, '6'}, {a, '7'}, {a, '8'}, {a, '9'}, {a, '+'}, {                              \
        a, '/'                                                                                                         \
    }
static const char pairs[4096][2] = {
    ROW('A'), ROW('B'), ROW('C'), ROW('D'), ROW('E'), ROW('F'), ROW('G'), ROW('H'), ROW('I'), ROW('J'), ROW('K'),
    ROW('L'), ROW('M'), ROW('N'), ROW('O'), ROW('P'), ROW('Q'), ROW('R'), ROW('S'), ROW('T'), ROW('U'), ROW('V'),
    ROW('W'), ROW('X'), ROW('Y'), ROW('Z'), ROW('a'), ROW('b'), ROW('c'), ROW('d'), ROW('e'), ROW('f'), ROW('g'),
    ROW('h'), ROW('i'), ROW('j'), ROW('k'), ROW('l'), ROW('m'), ROW('n'), ROW('o'), ROW('p'), ROW('q'), ROW('r'),
    ROW('s'), ROW('t'), ROW('u'), ROW('v'), ROW('w'), ROW('x'), ROW('y'), ROW('z'), ROW('0'), ROW('1'), ROW('2'),
    ROW('3'), ROW('4'), ROW('5'), ROW('6'), ROW('7'), ROW('8'), ROW('9'), ROW('+'), ROW('/'),
};

/* Encode `groups` whole groups of three bytes without line breaks. */
static char *encode_groups(char *out, const unsigned char *in, size_t groups) {
    if (groups >= VECTOR_GROUPS) {
        size_t done = base64_simd_groups(base64_simd_best(), out, in, groups);
        groups -= done;
        in += 3 * done;
        out += 4 * done;
    }
    /* 8 bytes are loaded for every 6 used, hence two groups more must follow. */
    for (; groups >= 4; groups -= 2, in += 6, out += 8) {
        uint64_t word;
        memcpy(&word, in, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        memcpy(out, pairs[word >> 52], 2);
        memcpy(out + 2, pairs[word >> 40 & 4095], 2);
        memcpy(out + 4, pairs[word >> 28 & 4095], 2);
        memcpy(out + 6, pairs[word >> 16 & 4095], 2);
    }
    for (; groups > 0; groups--, in += 3, out += 4) {
        unsigned word = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
        memcpy(out, pairs[word >> 12], 2);
        memcpy(out + 2, pairs[word & 4095], 2);
    }
    return out;
}

/* A rest of one or two bytes with its padding. */
static char *encode_rest(char *out, const unsigned char *in, size_t count) {
    unsigned word = (unsigned)in[0] << 16 | (count > 1 ? (unsigned)in[1] << 8 : 0);
    memcpy(out, pairs[word >> 12], 2);
    out[2] = count > 1 ? pairs[word & 4095][0] : '=';
    out[3] = '=';
    return out + 4;
}

void base64_encoder_init(struct base64_encoder *encoder, unsigned line_length) {
    memset(encoder, 0, sizeof *encoder);
    if (line_length > 0) encoder->line_length = line_length < 4 ? 4 : line_length & ~3u;
}

size_t base64_encode_bound(const struct base64_encoder *encoder, size_t size) {
    size_t characters = (size + 4) / 3 * 4 + 4;
    if (encoder->line_length == 0) return characters;
    return characters + (characters / encoder->line_length + 2) * 2;
}

/* Invariant with lines: column < line_length, a full line has its CRLF already. */
static char *encode_lines(struct base64_encoder *encoder, char *out, const unsigned char *in, size_t groups) {
    if (encoder->line_length == 0) return encode_groups(out, in, groups);
    while (groups > 0) {
        if (encoder->column == 0 && encoder->line_length == BASE64_MIME_LINE && groups >= 2 * LINE_GROUPS) {
            size_t lines = base64_simd_lines(base64_simd_best(), out, in, groups / LINE_GROUPS);
            groups -= lines * LINE_GROUPS;
            in += lines * LINE_GROUPS * 3;
            out += lines * (BASE64_MIME_LINE + 2);
        }
        size_t room = (encoder->line_length - encoder->column) / 4;
        size_t count = groups < room ? groups : room;
        out = encode_groups(out, in, count);
        in += count * 3;
        groups -= count;
        encoder->column += (unsigned)(count * 4);
        if (encoder->column == encoder->line_length) {
            *out++ = '\r';
            *out++ = '\n';
            encoder->column = 0;
        }
    }
    return out;
}

size_t base64_encode_update(struct base64_encoder *encoder, char *out, const void *in, size_t size) {
    const unsigned char *bytes = in;
    char *end = out;
    if (encoder->pending_count > 0) {
        while (encoder->pending_count < 3 && size > 0) {
            encoder->pending[encoder->pending_count++] = *bytes++;
            size--;
        }
        if (encoder->pending_count < 3) return 0;
        end = encode_lines(encoder, end, encoder->pending, 1);
        encoder->pending_count = 0;
    }
    end = encode_lines(encoder, end, bytes, size / 3);
    encoder->pending_count = size % 3;
    for (unsigned i = 0; i < encoder->pending_count; i++) encoder->pending[i] = bytes[size / 3 * 3 + i];
    return (size_t)(end - out);
}

size_t base64_encode_finish(struct base64_encoder *encoder, char *out) {
    char *end = out;
    if (encoder->pending_count > 0) {
        end = encode_rest(end, encoder->pending, encoder->pending_count);
        encoder->column += 4; /* there was room: column is a multiple of 4 below line_length */
    }
    if (encoder->line_length > 0 && encoder->column > 0) {
        *end++ = '\r';
        *end++ = '\n';
    }
    encoder->column = 0;
    encoder->pending_count = 0;
    return (size_t)(end - out);
}

uint64_t base64_encoded_size(uint64_t size, unsigned line_length) {
    struct base64_encoder encoder;
    uint64_t characters = (size / 3 + (size % 3 != 0)) * 4;
    base64_encoder_init(&encoder, line_length);
    if (encoder.line_length == 0) return characters;
    return characters + (characters / encoder.line_length + (characters % encoder.line_length != 0)) * 2;
}

size_t base64_encode(char *out, const void *in, size_t size) {
    const unsigned char *bytes = in;
    char *end = encode_groups(out, bytes, size / 3);
    if (size % 3 > 0) end = encode_rest(end, bytes + size / 3 * 3, size % 3);
    return (size_t)(end - out);
}

/* 64 + value for each byte of the alphabet, or one of these. */
enum { BAD = 0, SPACE = 1, PAD = 2, DIGIT = 64 };
static const unsigned char values[256] = {
    ['\t'] = SPACE,
    ['\n'] = SPACE,
    ['\r'] = SPACE,
    [' '] = SPACE,
    ['='] = PAD,
    ['+'] = 126,
    ['/'] = 127,
    ['0'] = 116,
    117,
    118,
    119,
    120,
    121,
    122,
    123,
    124,
    125,
    ['A'] = 64,
    65,
    66,
    67,
    68,
    69,
    70,
    71,
    72,
    73,
    74,
    75,
    76,
    77,
    78,
    79,
    80,
    81,
    82,
    83,
    84,
    85,
    86,
    87,
    88,
    89,
    ['a'] = 90,
    91,
    92,
    93,
    94,
    95,
    96,
    97,
    98,
    99,
    100,
    101,
    102,
    103,
    104,
    105,
    106,
    107,
    108,
    109,
    110,
    111,
    112,
    113,
    114,
    115,
};

void base64_decoder_init(struct base64_decoder *decoder) { memset(decoder, 0, sizeof *decoder); }

bool base64_decode_update(struct base64_decoder *decoder, void *out, size_t *written, const char *in, size_t size) {
    unsigned char *end = out;
    const unsigned char *start = (const unsigned char *)in, *p = start, *limit = start + size;
    *written = 0;
    if (decoder->failed) return false;
    while (p < limit) {
        /* Whole groups of ordinary characters, the usual case. */
        if (decoder->count == 0 && decoder->padding == 0) {
            while (limit - p >= 4) {
                unsigned a = values[p[0]], b = values[p[1]], c = values[p[2]], d = values[p[3]];
                if (!(a & b & c & d & DIGIT)) break;
                unsigned word = (a << 18) + (b << 12) + (c << 6) + d - DIGIT * (1u << 18 | 1u << 12 | 1u << 6 | 1u);
                end[0] = (unsigned char)(word >> 16);
                end[1] = (unsigned char)(word >> 8);
                end[2] = (unsigned char)word;
                end += 3;
                p += 4;
            }
            if (p == limit) break;
        }
        unsigned value = values[*p];
        if (value == SPACE) {
            p++;
            continue;
        }
        if (value == PAD) {
            /* Padding stands third or fourth, once a group only, and the bits it cuts off are zero (RFC 4648 3.5). */
            bool allowed = decoder->count == 2 || decoder->count == 3;
            unsigned lost = decoder->padding > 0 ? 0 : decoder->count == 2 ? decoder->bits & 15 : decoder->bits & 3;
            if (!allowed || lost != 0) break;
            if (decoder->padding == 0) {
                if (decoder->count == 2) *end++ = (unsigned char)(decoder->bits >> 4);
                if (decoder->count == 3) {
                    *end++ = (unsigned char)(decoder->bits >> 10);
                    *end++ = (unsigned char)(decoder->bits >> 2);
                }
            }
            decoder->padding++;
            decoder->count = (decoder->count + 1) & 3;
            p++;
            continue;
        }
        if (value == BAD || decoder->padding > 0) break;
        decoder->bits = decoder->bits << 6 | (value - DIGIT);
        decoder->count++;
        p++;
        if (decoder->count == 4) {
            *end++ = (unsigned char)(decoder->bits >> 16);
            *end++ = (unsigned char)(decoder->bits >> 8);
            *end++ = (unsigned char)decoder->bits;
            decoder->count = 0;
            decoder->bits = 0;
        }
    }
    decoder->position += (uint64_t)(p - start);
    decoder->failed = p < limit;
    *written = (size_t)(end - (unsigned char *)out);
    return !decoder->failed;
}

bool base64_decode_finish(struct base64_decoder *decoder) {
    if (decoder->count != 0) decoder->failed = true;
    return !decoder->failed;
}

bool base64_decode(void *out, size_t *written, const char *in, size_t size) {
    struct base64_decoder decoder;
    base64_decoder_init(&decoder);
    return base64_decode_update(&decoder, out, written, in, size) && base64_decode_finish(&decoder);
}
