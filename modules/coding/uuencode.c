/* SPDX-License-Identifier: GPL-3.0-or-later */
/* uuencode: reading the encoding of files in text from before MIME (POSIX uuencode). */
#include "modules/coding/uuencode.h"

#include <string.h>

void uuencode_decoder_init(struct uuencode_decoder *decoder) { memset(decoder, 0, sizeof *decoder); }

/* Of a line whose spaces were lost at most four characters are put back: at worst "#" and its newline are three bytes.
 */
size_t uuencode_decode_bound(const struct uuencode_decoder *decoder, size_t size) {
    return (decoder->size + size) * 2 + 8;
}

static unsigned value(char c) { return ((unsigned char)c - 32u) & 63; }

/* "begin" and three or four octal digits. */
static bool is_begin(const char *line, size_t size) {
    if (size < 9 || memcmp(line, "begin ", 6) != 0) return false;
    size_t i = 6;
    while (i < size && line[i] >= '0' && line[i] <= '7') i++;
    return i >= 9 && i <= 10 && (i == size || line[i] == ' ');
}

static bool is_end(const char *line, size_t size) { return size == 3 && memcmp(line, "end", 3) == 0; }

static size_t trimmed(const char *line, size_t size) {
    while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == '\n')) size--;
    return size;
}

static size_t decode_line(struct uuencode_decoder *decoder, unsigned char *out) {
    size_t size = trimmed(decoder->line, decoder->size), count = 0;
    const char *line = decoder->line;
    if (decoder->ended || size == 0) return 0;
    if (!decoder->begun) {
        decoder->begun = is_begin(line, size);
        return 0;
    }
    if (is_end(line, size)) {
        decoder->ended = true;
        return 0;
    }
    unsigned wanted = value(line[0]);
    size_t full = 1 + (wanted + 2) / 3 * 4;
    if (line[0] < 32 || line[0] > 96 || size > full + 1) {
        decoder->malformed++;
        return 0;
    }
    if (size + 4 < full) { /* cut off: what is there */
        decoder->malformed++;
        wanted = (unsigned)(size - 1) / 4 * 3;
    }
    for (size_t i = 1; count < wanted; i += 4) {
        unsigned group[4];
        for (size_t k = 0; k < 4; k++) group[k] = i + k < size ? value(line[i + k]) : 0;
        unsigned word = group[0] << 18 | group[1] << 12 | group[2] << 6 | group[3];
        for (int shift = 16; shift >= 0 && count < wanted; shift -= 8) out[count++] = (unsigned char)(word >> shift);
    }
    return count;
}

size_t uuencode_decode_update(struct uuencode_decoder *decoder, void *out, const char *in, size_t size) {
    size_t count = 0;
    for (const char *limit = in + size; in < limit;) {
        const char *newline = memchr(in, '\n', (size_t)(limit - in));
        size_t piece = (size_t)((newline ? newline + 1 : limit) - in);
        size_t room = UUENCODE_LINE - decoder->size;
        if (piece > room) decoder->long_line = true;
        memcpy(decoder->line + decoder->size, in, piece < room ? piece : room);
        decoder->size += (unsigned)(piece < room ? piece : room);
        in += piece;
        if (!newline) break;
        /* A long line cannot be data, but the name behind `begin` may be long. */
        if (!decoder->long_line || !decoder->begun) count += decode_line(decoder, (unsigned char *)out + count);
        else if (!decoder->ended) decoder->malformed++;
        decoder->size = 0;
        decoder->long_line = false;
    }
    return count;
}

size_t uuencode_decode_finish(struct uuencode_decoder *decoder, void *out) {
    size_t count = decoder->long_line ? 0 : decode_line(decoder, out);
    if (!decoder->ended) decoder->malformed++;
    decoder->size = 0;
    return count;
}

/* ---- finding ---- */

static size_t line_size(const char *text, size_t size, size_t at) {
    const char *newline = memchr(text + at, '\n', size - at);
    return newline ? (size_t)(newline - text) + 1 - at : size - at;
}

static bool looks_like_data(const char *line, size_t size) {
    size = trimmed(line, size);
    if (size == 0 || line[0] < 32 || line[0] > 96) return false;
    size_t full = 1 + (value(line[0]) + 2) / 3 * 4;
    for (size_t i = 0; i < size; i++)
        if (line[i] < 32 || line[i] > 96) return false;
    return size <= full + 1 && size + 4 > full; /* a check character more, or spaces lost at the end */
}

bool uuencode_find(const char *text, size_t size, size_t from, struct uuencode_block *block) {
    for (size_t at = from; at < size;) {
        size_t length = line_size(text, size, at), first = at + length;
        if (text[at] != 'b' || !is_begin(text + at, trimmed(text + at, length)) || first >= size ||
            (!looks_like_data(text + first, line_size(text, size, first)) &&
             !is_end(text + first, trimmed(text + first, line_size(text, size, first))))) {
            at = first;
            continue;
        }
        size_t name = at + 9, end = at + trimmed(text + at, length), next = first;
        while (name < end && text[name] != ' ') name++;
        while (name < end && text[name] == ' ') name++;
        while (end > name && text[end - 1] == ' ') end--;
        *block = (struct uuencode_block){.start = at, .name = name, .name_size = end - name};
        while (next < size) {
            size_t line = line_size(text, size, next), shown = trimmed(text + next, line);
            if (is_end(text + next, shown)) {
                block->end = next + line;
                return true;
            }
            if (shown > 0 && !looks_like_data(text + next, line)) break;
            next += line;
        }
        at = next; /* no end: the lines looked at are text, and not looked at again */
    }
    return false;
}
