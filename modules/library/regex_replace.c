/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * regex_replace.c: replacing what a Regex finds, by a template or by what a function gives.
 *
 * In a template $1 and ${1} are groups, ${name} is a group by name, $& and $0 the whole match, $$ a dollar sign. It is
 * read anew for each match: templates are short, and nothing has to be kept.
 */
#include "modules/library/library_data.h"
#include "modules/library/regex.h"

/* ---- helpers ---- */

/* The text so far; the function that replaces may throw, or its thread be stopped, so it is in collected memory. */
struct writer {
    cp_context *cp;
    struct output text;
};

static bool put(struct writer *out, const char *bytes, size_t size) {
    return output_add(out->cp, &out->text, bytes, size);
}

/* ---- templates ---- */

static bool bad_template(struct writer *out, cp_value with, const char *reason) {
    cp_throw(out->cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
             "Regex.replace: %s in %.80s; $1 ${1} ${name} are groups, $& is the whole match, $$ is a dollar sign",
             reason, cp_text_z(out->cp, cp_to_source(out->cp, with)));
    return false;
}

/* A number in [*at, end): SIZE_MAX when there is no digit. At most two digits are taken when it stands bare. */
static size_t read_number(const char **at, const char *end, int most) {
    size_t number = SIZE_MAX;
    for (; *at < end && **at >= '0' && **at <= '9' && most > 0; ++*at, most--)
        number = (number == SIZE_MAX ? 0 : number * 10) + (size_t)(**at - '0');
    return number;
}

/* The group meant by what follows a dollar sign; SIZE_MAX after a throw. */
static size_t template_group(struct writer *out, const struct match *match, cp_value with, const char **at,
                             const char *end) {
    size_t groups = ((struct regex *)match->regex)->group_count, number;
    if (*at < end && **at == '&') return ++*at, 0;
    if (*at < end && **at == '{') {
        const char *name = ++*at, *close = memchr(name, '}', (size_t)(end - name));
        if (!close) return bad_template(out, with, "${ is not closed"), SIZE_MAX;
        number = read_number(at, close, 9);
        if (*at != close) number = match_named(match, name, (size_t)(close - name));
        *at = close + 1;
    } else number = read_number(at, end, 2);
    if (number != SIZE_MAX && number <= groups) return number;
    bad_template(out, with, "a $ names no group of the pattern");
    return SIZE_MAX;
}

static bool put_template(struct writer *out, const struct match *match, cp_value with) {
    const char *at = cp_string_text(with), *end = at + cp_string_size(with);
    while (at < end) {
        const char *dollar = memchr(at, '$', (size_t)(end - at));
        if (!put(out, at, (size_t)((dollar ? dollar : end) - at))) return false;
        if (!dollar) return true;
        at = dollar + 1;
        if (at < end && *at == '$') {
            if (!put(out, at++, 1)) return false;
            continue;
        }
        size_t group = template_group(out, match, with, &at, end);
        if (group == SIZE_MAX) return false;
        size_t from = match->offsets[2 * group], to = match->offsets[2 * group + 1];
        if (from != PCRE2_UNSET && to >= from && !put(out, cp_string_text(match->subject) + from, to - from))
            return false;
    }
    return true;
}

/* ---- replacing ---- */

static bool put_result(struct writer *out, cp_value function, cp_value match) {
    cp_value result = cp_call(out->cp, function, &match, 1);
    if (result != CP_THROWN) result = cp_to_string(out->cp, result);
    return result != CP_THROWN && put(out, cp_string_text(result), cp_string_size(result));
}

cp_value regex_replace(cp_context *cp, cp_value regex, cp_value subject, cp_value with, cp_value most) {
    struct writer out = {.cp = cp};
    struct search search;
    int64_t left = INT64_MAX;
    if (most != CP_NIL && (!cp_to_int64(most, &left) || left < 0))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "Regex.replace: count must be 0 or more");
    if (!search_start(cp, &search, regex, subject, cp_fixnum(0))) return CP_THROWN;
    size_t done = 0, *offsets;
    bool any = false;
    for (; left > 0; left--) {
        int found = search_next(&search, &offsets);
        if (found < 0) return CP_THROWN;
        if (found == 0) break;
        any = true;
        if (offsets[0] > done && !put(&out, cp_string_text(subject) + done, offsets[0] - done)) return CP_THROWN;
        done = offsets[1];
        if (cp_is_string(with)) {
            struct match match = {.regex = regex, .subject = subject, .offsets = offsets};
            if (!put_template(&out, &match, with)) return CP_THROWN;
            continue;
        }
        cp_value match = search_match(&search, offsets);
        if (match == CP_THROWN || !put_result(&out, with, match)) return CP_THROWN;
    }
    if (!any) return subject;
    if (!put(&out, cp_string_text(subject) + done, cp_string_size(subject) - done)) return CP_THROWN;
    return output_string(cp, &out.text);
}
