/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * format.c: printf for values.
 */
#include "interp/builtin/format.h"

#include "interp/base/utf8.h"
#include "interp/base/vector.h"
#include "interp/data/number.h"
#include "interp/data/string.h"

enum { FORMAT_MOST = 4096 }; /* width and precision */

struct conversion {
    bool left, plus, space, zero, alternate;
    size_t width, precision;
    bool has_precision;
    char letter;
};

static cp_value bad_spec(cp_context *cp, const char *spec, size_t size, const char *reason) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "format %s: %s", string_excerpt(spec, size), reason);
}

/* Reads digits; false above FORMAT_MOST. */
static bool read_number(const char **cursor, const char *end, size_t *number) {
    *number = 0;
    for (; *cursor < end && **cursor >= '0' && **cursor <= '9'; ++*cursor) {
        *number = *number * 10 + (size_t)(**cursor - '0');
        if (*number > FORMAT_MOST) return false;
    }
    return true;
}

/* Reads what follows a `%`; NULL, or the reason why it is no conversion. */
static const char *read_conversion(const char **cursor, const char *end, struct conversion *c) {
    const char *p = *cursor;
    *c = (struct conversion){0};
    for (bool flag = true; p < end && flag; p += flag) {
        switch (*p) {
        case '-': c->left = true; break;
        case '+': c->plus = true; break;
        case ' ': c->space = true; break;
        case '0': c->zero = true; break;
        case '#': c->alternate = true; break;
        default: flag = false;
        }
    }
    if (!read_number(&p, end, &c->width)) return "the width is above 4096";
    if (p < end && *p == '.') {
        p++;
        c->has_precision = true;
        if (!read_number(&p, end, &c->precision)) return "the precision is above 4096";
    }
    while (p < end && (*p == 'l' || *p == 'h')) p++;
    if (p == end) return "it ends within a conversion";
    c->letter = *p++;
    *cursor = p;
    return strchr("diuxXoeEfFgGaAs", c->letter) && c->letter ? NULL
                                                             : "a conversion is one of d i u x X o e E f F g G a A s";
}

static bool add_filling(struct bytes *out, char byte, size_t count) {
    if (!bytes_reserve(out, count)) return false;
    while (count--)
        if (!bytes_append_byte(out, byte)) return false;
    return true;
}

/* prefix (sign, 0x), zeros, digits; blanks before or behind up to the width. `taken` is the width of it all. */
static bool add_padded(struct bytes *out, const struct conversion *c, size_t taken, const char *prefix, size_t zeros,
                       const char *text, size_t size) {
    size_t blanks = c->width > taken ? c->width - taken : 0;
    return (c->left || add_filling(out, ' ', blanks)) && bytes_append_string(out, prefix) &&
           add_filling(out, '0', zeros) && bytes_append(out, text, size) && (!c->left || add_filling(out, ' ', blanks));
}

static cp_value add_integer(cp_context *cp, struct bytes *out, const struct conversion *c, cp_value v) {
    if (!cp_is_integer(v)) {
        char what[] = "the value of %?";
        what[sizeof what - 2] = c->letter;
        return cp_throw_type(cp, what, "Integer", v);
    }
    int base = c->letter == 'x' || c->letter == 'X' ? 16 : c->letter == 'o' ? 8 : 10;
    cp_value digits = number_integer_string(cp, v, base);
    if (digits == CP_THROWN) return CP_THROWN;
    const char *text = cp_string_text(digits);
    size_t size = cp_string_size(digits);
    char prefix[4] = "", *p = prefix;
    if (*text == '-') {
        *p++ = '-';
        text++;
        size--;
    } else if (c->plus) *p++ = '+';
    else if (c->space) *p++ = ' ';
    bool zero = size == 1 && *text == '0';
    if (c->alternate && base != 10 && !zero) {
        *p++ = '0';
        if (base == 16) *p++ = c->letter;
    }
    *p = 0;
    if (c->letter == 'X') {
        char *upper = cp_try_alloc_atomic(cp, size + 1);
        if (!upper) return CP_THROWN;
        for (size_t i = 0; i < size; i++) upper[i] = text[i] >= 'a' ? (char)(text[i] - 32) : text[i];
        text = upper;
    }
    if (zero && c->has_precision && c->precision == 0) size = 0; /* as in C */
    size_t zeros = c->has_precision && c->precision > size ? c->precision - size : 0;
    size_t taken = (size_t)(p - prefix) + zeros + size;
    if (c->zero && !c->left && !c->has_precision && c->width > taken) {
        zeros += c->width - taken;
        taken = c->width;
    }
    return add_padded(out, c, taken, prefix, zeros, text, size) ? CP_NIL : string_no_memory(cp);
}

static cp_value add_real(cp_context *cp, struct bytes *out, const struct conversion *c, cp_value v) {
    if (!cp_is_number(v)) {
        char what[] = "the value of %?";
        what[sizeof what - 2] = c->letter;
        return cp_throw_type(cp, what, "Integer or Real", v);
    }
    char spec[16], *p = spec;
    *p++ = '%';
    if (c->left) *p++ = '-';
    if (c->plus) *p++ = '+';
    if (c->space) *p++ = ' ';
    if (c->zero) *p++ = '0';
    if (c->alternate) *p++ = '#';
    *p++ = '*';
    if (c->has_precision) {
        *p++ = '.';
        *p++ = '*';
    }
    *p++ = c->letter;
    *p = 0;
    double d = cp_to_double(v);
    bool added = c->has_precision ? bytes_printf(out, spec, (int)c->width, (int)c->precision, d)
                                  : bytes_printf(out, spec, (int)c->width, d);
    return added ? CP_NIL : string_no_memory(cp);
}

static cp_value add_text(cp_context *cp, struct bytes *out, const struct conversion *c, cp_value v) {
    cp_value text = cp_is_string(v) ? v : cp_to_string(cp, v);
    if (text == CP_THROWN) return CP_THROWN;
    size_t length = string_length(text), size = cp_string_size(text);
    if (c->has_precision && c->precision < length) {
        length = c->precision;
        size = string_offset(cp, text, length);
    }
    return add_padded(out, c, length, "", 0, cp_string_text(text), size) ? CP_NIL : string_no_memory(cp);
}

static cp_value add_value(cp_context *cp, struct bytes *out, const struct conversion *c, cp_value v) {
    switch (c->letter) {
    case 's': return add_text(cp, out, c, v);
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': return add_integer(cp, out, c, v);
    default: return add_real(cp, out, c, v);
    }
}

static cp_value add_all(cp_context *cp, struct bytes *out, const char *spec, size_t size, const cp_value *values,
                        size_t count) {
    const char *p = spec, *end = spec + size;
    size_t used = 0;
    while (p < end) {
        const char *percent = memchr(p, '%', (size_t)(end - p));
        if (!percent) percent = end;
        if (!bytes_append(out, p, (size_t)(percent - p))) return string_no_memory(cp);
        if (percent == end) break;
        p = percent + 1;
        if (p < end && *p == '%') {
            if (!bytes_append_byte(out, *p++)) return string_no_memory(cp);
            continue;
        }
        struct conversion c;
        const char *reason = read_conversion(&p, end, &c);
        if (reason) return bad_spec(cp, spec, size, reason);
        if (used == count) return bad_spec(cp, spec, size, "it has more conversions than there are values");
        if (add_value(cp, out, &c, values[used++]) == CP_THROWN) return CP_THROWN;
    }
    if (used < count) return bad_spec(cp, spec, size, "it has fewer conversions than there are values");
    return CP_NIL;
}

cp_value format_text(cp_context *cp, const char *spec, size_t size, const cp_value *values, size_t count) {
    struct bytes out = {0};
    cp_value result = add_all(cp, &out, spec, size, values, count);
    if (result != CP_THROWN) result = string_try_n(cp, out.data ? out.data : "", out.length);
    bytes_free(&out);
    return result;
}
