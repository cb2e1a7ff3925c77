/* SPDX-License-Identifier: GPL-3.0-or-later */
/* transfer_encoding: which Content-Transfer-Encoding (RFC 2045 6) suits a body. */
#include "modules/coding/transfer_encoding.h"

#include <string.h>
#include <strings.h>

#include "modules/coding/base64.h"
#include "modules/coding/quoted_printable.h"
#include "modules/coding/utf8_text.h"

void text_examine(struct text_traits *traits, const char *text, size_t size) {
    const char *p = text, *limit = text + size;
    memset(traits, 0, sizeof *traits);
    traits->has_8bit = !utf8_text_is_ascii(text, size);
    traits->is_utf8 = !traits->has_8bit || utf8_text_is_valid(text, size);
    traits->has_nul = size > 0 && memchr(text, 0, size) != NULL;
    while (p < limit) {
        const char *lf = memchr(p, '\n', (size_t)(limit - p));
        const char *end = lf ? lf : limit;
        if (lf && end > p && end[-1] == '\r') end--;
        if (end > p && memchr(p, '\r', (size_t)(end - p))) traits->has_bare_cr = true;
        if ((uint64_t)(end - p) > traits->longest_line) traits->longest_line = (uint64_t)(end - p);
        p = lf ? lf + 1 : limit;
    }
}

/* Size of text once each bare LF is CRLF: what base64 will encode. */
static uint64_t canonical_size(const char *text, size_t size) {
    uint64_t total = size;
    const char *p = text, *limit = text + size;
    while (p < limit) {
        const char *lf = memchr(p, '\n', (size_t)(limit - p));
        if (lf == NULL) break;
        if (lf == text || lf[-1] != '\r') total++;
        p = lf + 1;
    }
    return total;
}

enum transfer_encoding transfer_encoding_choose(const char *text, size_t size, bool allow_8bit) {
    struct text_traits traits;
    text_examine(&traits, text, size);
    /* 998 is the limit of RFC 5322 2.1.1 and RFC 2045 2.7 and 2.8 for both. */
    if (!traits.has_nul && !traits.has_bare_cr && traits.longest_line <= 998) {
        if (!traits.has_8bit) return TRANSFER_7BIT;
        if (allow_8bit) return TRANSFER_8BIT;
    }
    uint64_t base64 = base64_encoded_size(canonical_size(text, size), BASE64_MIME_LINE);
    return quoted_printable_encoded_size(text, size) <= base64 ? TRANSFER_QUOTED_PRINTABLE : TRANSFER_BASE64;
}

static const char *const names[] = {NULL, "7bit", "8bit", "quoted-printable", "base64", "binary"};

const char *transfer_encoding_name(enum transfer_encoding encoding) { return names[encoding]; }

enum transfer_encoding transfer_encoding_from_name(const char *name, size_t size) {
    for (unsigned i = TRANSFER_7BIT; i <= TRANSFER_BASE64; i++) {
        if (strlen(names[i]) == size && strncasecmp(names[i], name, size) == 0) return (enum transfer_encoding)i;
    }
    return TRANSFER_AUTOMATIC;
}
