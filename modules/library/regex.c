/* SPDX-License-Identifier: GPL-3.0-or-later */
/* regex.c: the class Regex: regular expressions of PCRE2 on text by character. */
#include "modules/library/regex.h"

/* ---- helpers ---- */

static struct regex *regex_of(cp_value v) { return (struct regex *)v; }

static cp_value truth(cp_context *cp, bool holds) { return holds ? cp_symbol_z(cp, "true") : CP_NIL; }

/* Whether what is found depends on where the search began, or verbs end it: such a search cannot go by windows. */
static bool looks_back(const char *text, size_t size) {
    for (size_t i = 0; i + 1 < size; i++)
        if ((text[i] == '\\' && text[i + 1] == 'G') || (text[i] == '(' && text[i + 1] == '*')) return true;
    return false;
}

static bool read_flags(cp_context *cp, cp_value flags, uint32_t *options) {
    static const struct {
        char letter;
        uint32_t option;
    } known[] = {
        {'i', PCRE2_CASELESS}, {'m', PCRE2_MULTILINE}, {'s', PCRE2_DOTALL}, {'x', PCRE2_EXTENDED}, {'u', PCRE2_UCP}};
    *options = 0;
    for (size_t i = 0; i < cp_string_size(flags); i++) {
        size_t k = 0;
        while (k < sizeof known / sizeof known[0] && known[k].letter != cp_string_text(flags)[i]) k++;
        if (k == sizeof known / sizeof known[0]) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "Regex: the flags are i m s x u, not %s",
                     cp_text_z(cp, cp_to_source(cp, flags)));
            return false;
        }
        *options |= known[k].option;
    }
    return true;
}

static bool compiled(cp_context *cp, cp_value self) {
    if (regex_of(self)->code) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "Regex: it has no pattern: its constructor did not finish");
    return false;
}

static bool start(cp_context *cp, struct search *search, cp_value self, const cp_value *arguments) {
    return compiled(cp, self) && search_start(cp, search, self, arguments[0], arguments[1]);
}

/* ---- properties ---- */

static cp_value get_pattern(cp_context *cp, cp_value self) { return (void)cp, regex_of(self)->pattern; }
static cp_value get_flags(cp_context *cp, cp_value self) { return (void)cp, regex_of(self)->flags; }
static cp_value get_group_count(cp_context *cp, cp_value self) {
    return (void)cp, cp_fixnum(regex_of(self)->group_count);
}

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct regex *regex = regex_of(self);
    uint32_t options;
    if (!read_flags(cp, arguments[1], &options)) return CP_THROWN;
    pcre2_code *code = regex_compile(cp, arguments[0], options);
    if (!code) return CP_THROWN;
    regex->pattern = arguments[0];
    regex->flags = arguments[1];
    regex->one_piece = looks_back(cp_string_text(arguments[0]), cp_string_size(arguments[0]));
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &regex->group_count);
    regex->code = code;
    return CP_NIL;
}

static cp_value m_test(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct search search;
    if (!start(cp, &search, self, arguments)) return CP_THROWN;
    int found = search_next(&search, NULL);
    return found < 0 ? CP_THROWN : truth(cp, found);
}

static cp_value m_match(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct search search;
    size_t *offsets;
    if (!start(cp, &search, self, arguments)) return CP_THROWN;
    int found = search_next(&search, &offsets);
    return found < 0 ? CP_THROWN : found ? search_match(&search, offsets) : CP_NIL;
}

static cp_value m_match_all(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct search search;
    size_t *offsets;
    cp_list_builder list = {0};
    if (!start(cp, &search, self, arguments)) return CP_THROWN;
    for (uint32_t turn = 1;; turn++) {
        if (turn % 256 == 0 && cp_poll(cp) == CP_THROWN) return CP_THROWN;
        int found = search_next(&search, &offsets);
        if (found < 0) return CP_THROWN;
        if (found == 0) return list.list;
        cp_list_add(&list, search_match(&search, offsets));
    }
}

static cp_value m_replace(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return compiled(cp, self) ? regex_replace(cp, self, arguments[0], arguments[1], arguments[2]) : CP_THROWN;
}

static cp_value m_split(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value subject = arguments[0], given[] = {subject, cp_fixnum(0)};
    struct search search;
    cp_list_builder list = {0};
    int64_t left = INT64_MAX;
    if (arguments[1] != CP_NIL && (!cp_to_int64(arguments[1], &left) || left < 0))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "Regex.split: most must be 0 or more");
    if (!start(cp, &search, self, given)) return CP_THROWN;
    const char *text = cp_string_text(subject);
    size_t size = cp_string_size(subject), done = 0, *offsets;
    while (left > 0) {
        int found = search_next(&search, &offsets);
        if (found < 0) return CP_THROWN;
        if (found == 0) break;
        if (offsets[0] == offsets[1] && (offsets[0] == done || offsets[0] == size)) continue; /* parts nothing */
        cp_list_add(&list, cp_string_n(cp, text + done, offsets[0] - done));
        done = offsets[1];
        left--;
    }
    cp_list_add(&list, cp_string_n(cp, text + done, size - done));
    return list.list;
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    if (!compiled(cp, self)) return CP_THROWN;
    return cp_string_format(cp, "/%s/%s", cp_text_z(cp, regex_of(self)->pattern), cp_text_z(cp, regex_of(self)->flags));
}

/* ---- table ---- */

static const cp_property_def properties[] = {
    {"pattern", "String", CP_READ_ONLY, NULL, get_pattern, NULL, "The pattern as it was given."},
    {"flags", "String", CP_READ_ONLY, NULL, get_flags, NULL, "The flags as they were given."},
    {"groupCount", "Integer", CP_READ_ONLY, NULL, get_group_count, NULL, "How many groups the pattern has."},
    {0},
};

static const cp_method_def methods[] = {
    {"Regex", "NIL", "((pattern String) (flags String \"\"))", construct,
     "Compiles a pattern of PCRE2 (as Perl's; see pcre2pattern). Flags: i without regard to case, m ^ and $ at each "
     "line, "
     "s . takes line ends too, x blanks and comments in the pattern, u \\d \\w \\s \\b by Unicode. A raw String, "
     "\"\"\"\\d+\"\"\", needs no doubled backslashes. Error 1.8, with the place, for a pattern that is wrong."},
    {"test", "Symbol", "((text String) (from Integer 0))", m_test,
     "true when the pattern matches somewhere in the text, at or after from; else (). Errors as match."},
    {"match", "Match", "((text String) (from Integer 0))", m_match,
     "The first match that begins at or after the character from, or (). Error 1.7 when from lies outside the text, "
     "1.5 "
     "when the pattern would try too many ways (5,000,000 steps from one place, 64 MB, 5 seconds)."},
    {"matchAll", "List", "((text String) (from Integer 0))", m_match_all,
     "All matches, from left to right, none overlapping the one before. Errors as match."},
    {"replace", "String", "((text String) (with String|Function) (count Integer ()))", m_replace,
     "The text with every match replaced, or the first count of them. A String is a template: $1 ${1} ${name} are "
     "groups, "
     "$& the whole match, $$ a dollar sign; a function gets the Match. Error 1.8 for a template that names no group, "
     "1.5 "
     "as match."},
    {"split", "List", "((text String) (most Integer ()))", m_split,
     "The parts of the text between the matches, empty ones included; at most so many cuts. A match of nothing cuts "
     "between two characters. Error 1.5 as match."},
    {"string", "String", "()", m_string, "/pattern/flags."},
    {0},
};

const cp_class_def regex_class = {
    .name = "Regex",
    .doc = "A regular expression (PCRE2) on text by character; a byte that is not UTF-8 is seen as the control U+001A. "
           "No pattern can hang the program: what takes too long is "
           "error 1.5.",
    .size = sizeof(struct regex),
    .major = 1,
    .properties = properties,
    .methods = methods,
};
