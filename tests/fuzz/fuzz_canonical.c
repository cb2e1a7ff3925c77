/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_canonical: text on its way to the wire: canonical line ends, and the content between 354 and the final dot.
 * Neither depends on the cut, both can be undone, and nothing but the end looks like the end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/canonical.h"
#include "modules/protocol/smtp_content.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

/* Every CR is before LF, every LF behind CR. */
static bool is_canonical(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\r' && (i + 1 == size || text[i + 1] != '\n')) return false;
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
    }
    return true;
}

static smtp_buffer content_of(const char *text, size_t size, size_t cut) {
    smtp_content_writer writer;
    smtp_buffer out;
    smtp_buffer_init(&out);
    smtp_content_writer_init(&writer);
    for (size_t i = 0; i < size; i += cut)
        require(smtp_content_write(&writer, &out, text + i, size - i < cut ? size - i : cut));
    require(smtp_content_end(&writer, &out));
    return out;
}

/* What a receiver makes of content: the dot that begins a line is dropped (RFC 5321 4.5.2). */
static size_t without_dots(const char *content, size_t size, char *out) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++)
        if (content[i] != '.' || (i > 0 && content[i - 1] != '\n')) out[count++] = content[i];
    return count;
}

/* The octets given may be canonical or not; `canonical` is what they are meant to arrive as. */
static void check_content(const char *text, size_t size, const char *canonical, size_t canonical_bytes) {
    smtp_buffer whole = content_of(text, size, size + 1), pieces = content_of(text, size, 1);
    const char *bytes = whole.bytes + whole.begin;
    size_t count = whole.end - whole.begin;
    require(pieces.end - pieces.begin == count && memcmp(bytes, pieces.bytes + pieces.begin, count) == 0);
    require(count >= 3 && memcmp(bytes + count - 3, ".\r\n", 3) == 0 && is_canonical(bytes, count));
    const char *end = count == 3 ? bytes : memmem(bytes, count, "\r\n.\r\n", 5);
    require(end == bytes + (count == 3 ? 0 : count - 5));
    char *back = malloc(count);
    require(without_dots(bytes, count - 3, back) == canonical_bytes && memcmp(back, canonical, canonical_bytes) == 0);
    free(back);
    smtp_buffer_free(&whole);
    smtp_buffer_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int keep = 0; keep < 2; keep++) {
        struct canonical_stream stream;
        char *whole = malloc(canonical_bound(size) + 2), *pieces = malloc(canonical_bound(size) + 2);
        canonical_init(&stream, keep);
        size_t count = canonical_update(&stream, whole, (const char *)data, size);
        require(count <= canonical_bound(size));
        count += canonical_finish(&stream, whole + count);
        canonical_init(&stream, keep);
        size_t other = 0;
        for (size_t i = 0; i < size; i++) other += canonical_update(&stream, pieces + other, (const char *)data + i, 1);
        other += canonical_finish(&stream, pieces + other);
        require(other == count && memcmp(whole, pieces, count) == 0);
        require(keep || is_canonical(whole, count));
        if (!keep) check_content((const char *)data, size, whole, count);
        free(whole);
        free(pieces);
    }
    return 0;
}
