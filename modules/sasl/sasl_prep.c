/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl_prep: RFC 4013 (a profile of RFC 3454) over utf8proc's tables. Those are of a newer Unicode than the RFC's 3.2:
 * characters assigned since are taken, as RFC 8265 does. */
#include "modules/sasl/sasl_prep.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

typedef struct range {
    int32_t first, last;
} range;

/* RFC 3454 B.1: mapped to nothing. */
static const range nothing[] = {{0xad, 0xad},     {0x34f, 0x34f},   {0x1806, 0x1806}, {0x180b, 0x180d},
                                {0x200b, 0x200d}, {0x2060, 0x2060}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
/* What of RFC 3454 C.2.2 and C.6 to C.9 is not told by its category. */
static const range prohibited[] = {{0x340, 0x341},    {0x6dd, 0x6dd},   {0x70f, 0x70f},     {0x180e, 0x180e},
                                   {0x200e, 0x200f},  {0x2028, 0x202e}, {0x2061, 0x2063},   {0x206a, 0x206f},
                                   {0x2ff0, 0x2ffb},  {0xfff9, 0xfffd}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001},
                                   {0xe0020, 0xe007f}};

static bool is_in(const range *table, size_t count, int32_t c) {
    for (size_t i = 0; i < count; i++)
        if (c >= table[i].first && c <= table[i].last) return true;
    return false;
}
#define IS_IN(table, c) is_in(table, sizeof(table) / sizeof(table)[0], c)

/* C.1.2, C.2 (controls), C.3 (private), C.4 and C.5 (no characters), and what is not assigned. */
static bool is_prohibited(int32_t c) {
    if (IS_IN(prohibited, c)) return true;
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN: return true;
    case UTF8PROC_CATEGORY_ZS: return c != ' ';
    default: return false;
    }
}

static bool goes_right_to_left(int32_t c) {
    utf8proc_propval_t class = utf8proc_get_property(c)->bidi_class;
    return class == UTF8PROC_BIDI_CLASS_R || class == UTF8PROC_BIDI_CLASS_AL;
}

/* RFC 3454 6: what is written from the right has nothing from the left in it, and begins and ends so. */
static bool directions_mix(const int32_t *text, size_t count) {
    bool right = false, left = false;
    for (size_t i = 0; i < count; i++) {
        right |= goes_right_to_left(text[i]);
        left |= utf8proc_get_property(text[i])->bidi_class == UTF8PROC_BIDI_CLASS_L;
    }
    return right && (left || !goes_right_to_left(text[0]) || !goes_right_to_left(text[count - 1]));
}

/* Decodes with the mappings of RFC 4013 2.1; -1 when it is not UTF-8. */
static ptrdiff_t decode(const char *text, size_t size, int32_t *out) {
    size_t count = 0;
    for (size_t at = 0; at < size;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(size - at), &c);
        if (used <= 0) return -1;
        at += (size_t)used;
        if (IS_IN(nothing, c)) continue;
        out[count++] = c != ' ' && utf8proc_category(c) == UTF8PROC_CATEGORY_ZS ? ' ' : c;
    }
    return (ptrdiff_t)count;
}

/* NFKC of code points into `out`, which has room for `room`; -1 when that is not enough. */
static ptrdiff_t normalise(const int32_t *text, size_t count, int32_t *out, size_t room) {
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    size_t used = 0;
    int class = 0;
    for (size_t i = 0; i < count; i++) {
        utf8proc_ssize_t more =
            utf8proc_decompose_char(text[i], out + used, (utf8proc_ssize_t)(room - used), options, &class);
        if (more < 0 || (size_t)more > room - used) return -1;
        used += (size_t)more;
    }
    /* Marks in their order (Unicode 3.11 D109), then composed. */
    for (size_t i = 1; i < used;) {
        int here = utf8proc_get_property(out[i])->combining_class,
            before = utf8proc_get_property(out[i - 1])->combining_class;
        if (here == 0 || before <= here) {
            i++;
            continue;
        }
        int32_t c = out[i];
        out[i] = out[i - 1];
        out[i - 1] = c;
        i = i > 1 ? i - 1 : i + 1;
    }
    return (ptrdiff_t)utf8proc_normalize_utf32(out, (utf8proc_ssize_t)used, options);
}

static char *encode(const int32_t *text, size_t count) {
    char *out = malloc(4 * count + 1);
    size_t used = 0;
    for (size_t i = 0; i < count && out != NULL; i++)
        used += (size_t)utf8proc_encode_char(text[i], (utf8proc_uint8_t *)out + used);
    if (out != NULL) out[used] = '\0';
    return out;
}

char *sasl_prep(const char *text, const char **why) {
    enum { EXPANSION = 18 }; /* code points that one can become under NFKC, at most */
    size_t size = strlen(text), room = size * EXPANSION + 1;
    int32_t *first = calloc(size + 1, sizeof *first), *normal = calloc(room, sizeof *normal);
    char *result = NULL;
    *why = "out of memory";
    if (first != NULL && normal != NULL) {
        ptrdiff_t count = decode(text, size, first);
        if (count < 0) *why = "it is not UTF-8";
        else {
            count = normalise(first, (size_t)count, normal, room);
            *why = NULL;
            if (count <= 0) *why = "nothing of it is left";
            for (ptrdiff_t i = 0; i < count && *why == NULL; i++)
                if (is_prohibited(normal[i]))
                    *why = "it has characters that RFC 4013 does not allow (controls, for example)";
            if (*why == NULL && directions_mix(normal, (size_t)count))
                *why = "it mixes letters written from the left and from the right (RFC 3454 6)";
            if (*why == NULL) {
                result = encode(normal, (size_t)count);
                if (result == NULL) *why = "out of memory";
            }
        }
    }
    if (first != NULL) explicit_bzero(first, (size + 1) * sizeof *first);
    if (normal != NULL) explicit_bzero(normal, room * sizeof *normal);
    free(first);
    free(normal);
    return result;
}
