/* SPDX-License-Identifier: GPL-3.0-or-later */
/* match.c: the class Match: what a Regex found, where, and its groups. */
#include "modules/library/regex.h"
#include "modules/coding/utf8_text.h"

/* ---- helpers ---- */

static struct match *match_of(cp_value v) { return (struct match *)v; }
static struct regex *regex_of(const struct match *match) { return (struct regex *)match->regex; }

cp_value match_group(cp_context *cp, const struct match *match, size_t group) {
    size_t from = match->offsets[2 * group], to = match->offsets[2 * group + 1];
    if (from == PCRE2_UNSET || to < from) return CP_NIL;
    return cp_string_n(cp, cp_string_text(match->subject) + from, to - from);
}

size_t match_named(const struct match *match, const char *name, size_t size) {
    const struct regex *regex = regex_of(match);
    char text[64];
    PCRE2_SPTR first, last;
    if (size >= sizeof text || memchr(name, 0, size)) return SIZE_MAX;
    memcpy(text, name, size);
    text[size] = 0;
    int step = pcre2_substring_nametable_scan(regex->code, (PCRE2_SPTR)text, &first, &last);
    if (step < 0) return SIZE_MAX;
    size_t number = SIZE_MAX;
    for (PCRE2_SPTR entry = first; entry <= last; entry += step) {
        size_t group = (size_t)entry[0] << 8 | entry[1];
        if (number == SIZE_MAX || match->offsets[2 * number] == PCRE2_UNSET) number = group;
    }
    return number;
}

/* The group that a script names by number, String or Symbol; SIZE_MAX after a throw. */
static size_t group_number(cp_context *cp, const struct match *match, cp_value group) {
    int64_t number;
    const char *name;
    size_t size;
    if (cp_is_integer(group)) {
        if (cp_to_int64(group, &number) && number >= 0 && number <= regex_of(match)->group_count) return (size_t)number;
        cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "Match: there is no group %s; the pattern has %u",
                 cp_text_z(cp, cp_to_string(cp, group)), regex_of(match)->group_count);
        return SIZE_MAX;
    }
    size_t found = cp_bytes_of(group, &name, &size) ? match_named(match, name, size) : SIZE_MAX;
    if (found == SIZE_MAX)
        cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "Match: the pattern has no group of the name %s",
                 cp_text_z(cp, cp_to_source(cp, group)));
    return found;
}

/* A byte offset at or behind the match's start, or before it (a look-behind), as a position in characters. */
static cp_value position(cp_context *cp, const struct match *match, size_t offset) {
    if (offset == PCRE2_UNSET) return CP_NIL;
    const char *text = cp_string_text(match->subject);
    size_t start = match->offsets[0], at = offset < start ? 0 : start, count = offset < start ? 0 : match->start;
    while (at < offset) {
        size_t bytes = utf8_text_character(text + at, cp_string_size(match->subject) - at);
        at += bytes ? bytes : 1;
        count++;
    }
    return cp_integer(cp, (int64_t)count);
}

/* ---- properties ---- */

static cp_value get_text(cp_context *cp, cp_value self) { return match_group(cp, match_of(self), 0); }
static cp_value get_start(cp_context *cp, cp_value self) { return cp_integer(cp, (int64_t)match_of(self)->start); }
static cp_value get_end(cp_context *cp, cp_value self) {
    return position(cp, match_of(self), match_of(self)->offsets[1]);
}

static cp_value get_groups(cp_context *cp, cp_value self) {
    cp_list_builder list = {0};
    for (size_t i = 1; i <= regex_of(match_of(self))->group_count; i++)
        cp_list_add(&list, match_group(cp, match_of(self), i));
    return list.list;
}

static cp_value get_names(cp_context *cp, cp_value self) {
    struct match *match = match_of(self);
    const pcre2_code *code = regex_of(match)->code;
    uint32_t count = 0, step = 0;
    PCRE2_SPTR entry = NULL;
    pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &step);
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &entry);
    cp_value table = cp_table(cp);
    for (; count > 0; count--, entry += step) {
        const char *name = (const char *)entry + 2;
        cp_value text = match_group(cp, match, match_named(match, name, strlen(name)));
        if (cp_table_set(cp, table, cp_string_z(cp, name), text) == CP_THROWN) return CP_THROWN;
    }
    return table;
}

static cp_value part(cp_context *cp, cp_value self, size_t from, size_t to) {
    return cp_string_n(cp, cp_string_text(match_of(self)->subject) + from, to - from);
}
static cp_value get_before(cp_context *cp, cp_value self) { return part(cp, self, 0, match_of(self)->offsets[0]); }
static cp_value get_after(cp_context *cp, cp_value self) {
    return part(cp, self, match_of(self)->offsets[1], cp_string_size(match_of(self)->subject));
}

/* ---- methods ---- */

static cp_value m_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t group = group_number(cp, match_of(self), arguments[0]);
    return group == SIZE_MAX ? CP_THROWN : match_group(cp, match_of(self), group);
}

static cp_value m_start_of(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t group = group_number(cp, match_of(self), arguments[0]);
    return group == SIZE_MAX ? CP_THROWN : position(cp, match_of(self), match_of(self)->offsets[2 * group]);
}

static cp_value m_end_of(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    size_t group = group_number(cp, match_of(self), arguments[0]);
    return group == SIZE_MAX ? CP_THROWN : position(cp, match_of(self), match_of(self)->offsets[2 * group + 1]);
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return get_text(cp, self);
}

/* ---- table ---- */

static const cp_property_def properties[] = {
    {"text", "String", CP_READ_ONLY, NULL, get_text, NULL, "What the whole pattern matched."},
    {"start", "Integer", CP_READ_ONLY, NULL, get_start, NULL, "The index of the match's first character in the text."},
    {"end", "Integer", CP_READ_ONLY, NULL, get_end, NULL, "The index of the character behind the match."},
    {"groups", "List", CP_READ_ONLY, NULL, get_groups, NULL,
     "What the groups matched, from the first on; () for one that took no part."},
    {"names", "HashTable", CP_READ_ONLY, NULL, get_names, NULL, "What the groups that have a name matched, by name."},
    {"before", "String", CP_READ_ONLY, NULL, get_before, NULL, "The text before the match."},
    {"after", "String", CP_READ_ONLY, NULL, get_after, NULL, "The text behind the match."},
    {0},
};

static const cp_method_def methods[] = {
    {"get", "String", "((group Integer|String|Symbol))", m_get,
     "What a group matched, by number (0 is the whole match) or name; () when it took no part. Error 1.7 for a number "
     "and "
     "1.4 for a name that the pattern does not have."},
    {"startOf", "Integer", "((group Integer|String|Symbol))", m_start_of,
     "The index of a group's first character in the text; () when it took no part. Errors as get."},
    {"endOf", "Integer", "((group Integer|String|Symbol))", m_end_of,
     "The index of the character behind a group; () when it took no part. Errors as get."},
    {"string", "String", "()", m_string, "What the whole pattern matched."},
    {0},
};

const cp_class_def match_class = {
    .name = "Match",
    .doc = "What a Regex found in a text: the place, the text and its groups. Made by Regex.match and matchAll.",
    .size = sizeof(struct match),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
