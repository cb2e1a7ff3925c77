/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transfer_encoding: which Content-Transfer-Encoding (RFC 2045 6) suits a body. */
#include "modules/coding/transfer_encoding.h"

#include <string.h>
#include <strings.h>

#include "modules/coding/base64.h"
#include "modules/coding/quoted_printable.h"
#include "modules/coding/utf8_text.h"

/* One line, or what stands behind the last: its length, and whether a CR in it is not its end's. */
static void examine_line(struct text_traits *traits, const char *line, const char *lf, const char *limit, bool has_cr) {
    const char *end = lf ? lf : limit;
    if (has_cr && lf && end > line && end[-1] == '\r') end--;
    else traits->bare_lf += lf != NULL;
    if (has_cr && end > line && memchr(line, '\r', (size_t)(end - line))) traits->has_bare_cr = true;
    if ((uint64_t)(end - line) > traits->longest_line) traits->longest_line = (uint64_t)(end - line);
}

void text_examine(struct text_traits *traits, const char *text, size_t size) {
    const char *limit = text + size;
    memset(traits, 0, sizeof *traits);
    traits->is_utf8 = true;
    if (size == 0) return;
    traits->has_8bit = !utf8_text_is_ascii(text, size);
    if (traits->has_8bit) traits->is_utf8 = utf8_text_is_valid(text, size);
    traits->has_nul = memchr(text, 0, size) != NULL;
    bool has_cr = memchr(text, '\r', size) != NULL; /* most texts have none: then no line is searched for one */
    for (const char *line = text; line < limit;) {
        const char *lf = memchr(line, '\n', (size_t)(limit - line));
        examine_line(traits, line, lf, limit, has_cr);
        line = lf ? lf + 1 : limit;
    }
}

enum transfer_encoding transfer_encoding_of(const struct text_traits *traits, const char *text, size_t size,
                                            bool allow_8bit) {
    /* 998 is the limit of RFC 5322 2.1.1 and RFC 2045 2.7 and 2.8 for both. */
    if (!traits->has_nul && !traits->has_bare_cr && traits->longest_line <= 998) {
        if (!traits->has_8bit) return TRANSFER_7BIT;
        if (allow_8bit) return TRANSFER_8BIT;
    }
    uint64_t base64 = base64_encoded_size(size + traits->bare_lf, BASE64_MIME_LINE);
    return quoted_printable_encoded_size(text, size) <= base64 ? TRANSFER_QUOTED_PRINTABLE : TRANSFER_BASE64;
}

enum transfer_encoding transfer_encoding_choose(const char *text, size_t size, bool allow_8bit) {
    struct text_traits traits;
    text_examine(&traits, text, size);
    return transfer_encoding_of(&traits, text, size, allow_8bit);
}

static const char *const names[] = {NULL, "7bit", "8bit", "quoted-printable", "base64", "binary"};

const char *transfer_encoding_name(enum transfer_encoding encoding) { return names[encoding]; }

enum transfer_encoding transfer_encoding_from_name(const char *name, size_t size) {
    for (unsigned i = TRANSFER_7BIT; i <= TRANSFER_BASE64; i++) {
        if (strlen(names[i]) == size && strncasecmp(names[i], name, size) == 0) return (enum transfer_encoding)i;
    }
    return TRANSFER_AUTOMATIC;
}
