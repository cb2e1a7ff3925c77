/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transfer_decode: any Content-Transfer-Encoding undone as far as it can be. What is broken is described, with what
   others do, in docs/violations.md. */
#include "modules/coding/transfer_decode.h"

#include <string.h>
#include <strings.h>

static bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || strchr(";,()\"'", c); }

enum content_encoding content_encoding_read(const char *value, size_t size) {
    static const struct {
        const char *name;
        enum content_encoding encoding;
    } names[] = {
        {"7bit", CONTENT_IDENTITY},
        {"8bit", CONTENT_IDENTITY},
        {"binary", CONTENT_IDENTITY},
        {"7-bit", CONTENT_IDENTITY},
        {"8-bit", CONTENT_IDENTITY},
        {"base64", CONTENT_BASE64},
        {"quoted-printable", CONTENT_QUOTED_PRINTABLE},
        {"uuencode", CONTENT_UUENCODE},
        {"uue", CONTENT_UUENCODE},
        {"x-uuencode", CONTENT_UUENCODE},
        {"x-uue", CONTENT_UUENCODE},
    };
    size_t start = 0, depth = 0;
    for (; start < size; start++) { /* white space, quotes and comments in front */
        if (value[start] == '(') depth++;
        else if (value[start] == ')' && depth > 0) depth--;
        else if (depth == 0 && !ends_word(value[start])) break;
    }
    size_t end = start;
    while (end < size && value[end] != 0 && !ends_word(value[end])) end++;
    if (end == start) return CONTENT_IDENTITY;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == end - start && strncasecmp(names[i].name, value + start, end - start) == 0)
            return names[i].encoding;
    return CONTENT_UNKNOWN;
}

void transfer_decoder_init(struct transfer_decoder *decoder, enum content_encoding encoding) {
    decoder->encoding = encoding;
    decoder->malformed = 0;
    decoder->ended = false;
    if (encoding == CONTENT_BASE64) base64_decoder_init(&decoder->base64);
    if (encoding == CONTENT_QUOTED_PRINTABLE) quoted_printable_decoder_init(&decoder->quoted_printable);
    if (encoding == CONTENT_UUENCODE) uuencode_decoder_init(&decoder->uuencode);
}

size_t transfer_decode_bound(const struct transfer_decoder *decoder, size_t size) {
    switch (decoder->encoding) {
    case CONTENT_BASE64: return size / 4 * 3 + 8;
    case CONTENT_QUOTED_PRINTABLE: return quoted_printable_decode_bound(&decoder->quoted_printable, size);
    case CONTENT_UUENCODE: return uuencode_decode_bound(&decoder->uuencode, size);
    default: return size;
    }
}

/* ---- base64 ---- */

/* The bytes of a group that was cut off: RFC 4648 4 as if its padding were there. A single character is no byte. */
static size_t finish_group(struct base64_decoder *decoder, unsigned char *out) {
    size_t count = 0;
    if (decoder->padding == 0 && decoder->count == 2) out[count++] = (unsigned char)(decoder->bits >> 4);
    if (decoder->padding == 0 && decoder->count == 3) {
        out[count++] = (unsigned char)(decoder->bits >> 10);
        out[count++] = (unsigned char)(decoder->bits >> 2);
    }
    decoder->count = decoder->padding = 0;
    decoder->bits = 0;
    return count;
}

/* The strict decoder is the fast one: it runs until something is wrong, that one character is dealt with, and it goes
   on. Each call takes one character at least, so the whole stays linear. What follows padding is not data: RFC 2045 6.8
   takes padding as the end, and what lists and gateways add comes there. */
static size_t decode_base64(struct transfer_decoder *decoder, unsigned char *out, const char *in, size_t size) {
    struct base64_decoder *base64 = &decoder->base64;
    size_t total = 0;
    while (size > 0 && !decoder->ended) {
        uint64_t before = base64->position;
        size_t written, taken;
        bool fine = base64_decode_update(base64, out + total, &written, in, size);
        total += written;
        if (fine) break;
        taken = (size_t)(base64->position - before);
        base64->failed = false;
        in += taken;
        size -= taken;
        decoder->malformed++;
        bool pads = *in == '=' && (base64->count > 0 || base64->padding > 0);
        bool in_alphabet = (*in >= 'A' && *in <= 'Z') || (*in >= 'a' && *in <= 'z') || (*in >= '0' && *in <= '9') ||
                           *in == '+' || *in == '/';
        if (pads || in_alphabet) { /* padding that cuts bits off, or data behind padding */
            total += finish_group(base64, out + total);
            decoder->ended = true;
        }
        in++;
        size--;
        base64->position++;
    }
    return total;
}

size_t base64_decode_lenient(void *out, const char *in, size_t size) {
    struct transfer_decoder decoder;
    transfer_decoder_init(&decoder, CONTENT_BASE64);
    size_t count = decode_base64(&decoder, out, in, size);
    return count + finish_group(&decoder.base64, (unsigned char *)out + count);
}

/* ---- all ---- */

size_t transfer_decode_update(struct transfer_decoder *decoder, void *out, const char *in, size_t size) {
    size_t count;
    switch (decoder->encoding) {
    case CONTENT_BASE64: return decode_base64(decoder, out, in, size);
    case CONTENT_QUOTED_PRINTABLE:
        count = quoted_printable_decode_update(&decoder->quoted_printable, out, in, size);
        decoder->malformed = decoder->quoted_printable.malformed;
        return count;
    case CONTENT_UUENCODE: return uuencode_decode_update(&decoder->uuencode, out, in, size);
    default: memcpy(out, in, size); return size;
    }
}

size_t transfer_decode_finish(struct transfer_decoder *decoder, void *out) {
    size_t count;
    switch (decoder->encoding) {
    case CONTENT_BASE64:
        if (decoder->base64.count != 0) decoder->malformed++;
        return finish_group(&decoder->base64, out);
    case CONTENT_QUOTED_PRINTABLE:
        count = quoted_printable_decode_finish(&decoder->quoted_printable, out);
        decoder->malformed = decoder->quoted_printable.malformed;
        return count;
    case CONTENT_UUENCODE:
        count = uuencode_decode_finish(&decoder->uuencode, out);
        decoder->malformed = decoder->uuencode.malformed;
        return count;
    default: return 0;
    }
}
