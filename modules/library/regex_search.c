/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * regex_search.c: running PCRE2 within limits.
 *
 * PCRE2 bounds the steps from one starting place (MATCH_STEPS) and its memory (MATCH_MEMORY), but not the number of
 * starting places, so that \s+$ on a hundred thousand spaces takes minutes. Therefore a search goes by windows of
 * starting places, small ones where they are slow; between two of them other threads run and the time is added up.
 *
 * There is no just-in-time compilation: it knows no memory limit, and its code would be memory that the collector does
 * not see.
 *
 * Texts are looked at once, not at each search: in what PCRE2 sees every byte that begins no character is replaced by
 * the control SUBSTITUTE, so that it is a character, as everywhere in the language, and offsets stay.
 *
 * Patterns lie in collected memory, what PCRE2 needs during a match in malloc'd memory that all Regexes of a
 * context share: no match gives way to another thread.
 */
#include "modules/library/regex.h"
#include "modules/coding/utf8_text.h"

#include <stdlib.h>
#include <time.h>

enum {
    MATCH_STEPS = 5 * 1000 * 1000, /* from one starting place */
    MATCH_MEMORY = 64 * 1024,      /* KiB */
    MOST_PATTERN = 1 << 20,        /* bytes */
    FIRST_WINDOW = 1024,           /* bytes of starting places */
    LEAST_WIDE_WINDOW = 1 << 16,
};
static const double MOST_SECONDS = 5; /* of computing, for one search */
static const double SLOW = 0.005, FAST = 0.001;

/* ---- what all Regexes of a context share ------------------------------------------------------------------------- */

struct shared {
    pcre2_general_context *collected;
    pcre2_compile_context *compile;
    pcre2_match_context *context; /* these two are malloc'd */
    pcre2_match_data *data;
    uint32_t pairs;
    cp_value checked; /* the String that was looked at last */
    const char *text; /* what PCRE2 gets to see of it */
    bool ascii;
};

/* Nothing that PCRE2 keeps with a pattern points into collected memory but what its own frame on the stack holds. */
static void *allocate(size_t size, void *unused) {
    (void)unused;
    return cp_alloc_atomic(size);
}
static void leave(void *block, void *unused) { (void)block, (void)unused; }

static struct shared *shared_of(cp_context *cp) {
    void **state = cp_module_state(cp, "library.regex");
    if (*state) return *state;
    struct shared *shared = cp_alloc(sizeof *shared);
    shared->collected = pcre2_general_context_create(allocate, leave, NULL);
    shared->compile = pcre2_compile_context_create(shared->collected);
    pcre2_set_max_pattern_length(shared->compile, MOST_PATTERN);
    pcre2_set_newline(shared->compile, PCRE2_NEWLINE_LF);
    pcre2_set_bsr(shared->compile, PCRE2_BSR_UNICODE);
    shared->context = pcre2_match_context_create(NULL);
    if (!shared->context) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "Regex: no memory");
        return NULL;
    }
    pcre2_set_match_limit(shared->context, MATCH_STEPS);
    pcre2_set_heap_limit(shared->context, MATCH_MEMORY);
    *state = shared;
    return shared;
}

/* Match data with room for so many pairs of offsets. */
static pcre2_match_data *match_data(cp_context *cp, struct shared *shared, uint32_t pairs) {
    if (shared->pairs >= pairs) return shared->data;
    pcre2_match_data *data = pcre2_match_data_create(pairs < 32 ? 32 : pairs, NULL);
    if (!data) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "Regex: no memory for %u groups", pairs);
        return NULL;
    }
    pcre2_match_data_free(shared->data);
    shared->data = data;
    shared->pairs = pairs < 32 ? 32 : pairs;
    return data;
}

/* ---- compiling --------------------------------------------------------------------------------------------------- */

/* Damaged text is text: a byte that begins no character is one. */
static size_t character_size(const char *text, size_t size) {
    size_t bytes = utf8_text_character(text, size);
    return bytes ? bytes : 1;
}

static size_t count_characters(const char *text, size_t size) {
    size_t count = 0;
    for (size_t at = 0; at < size; count++) at += character_size(text + at, size - at);
    return count;
}

pcre2_code *regex_compile(cp_context *cp, cp_value pattern, uint32_t options) {
    struct shared *shared = shared_of(cp);
    if (!shared || cp_check_stack(cp) == CP_THROWN) return NULL;
    const char *text = cp_string_text(pattern);
    size_t size = cp_string_size(pattern), offset = 0;
    int error;
    if (!utf8_text_is_valid(text, size)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "Regex: the pattern is not UTF-8; write other bytes as \\xHH");
        return NULL;
    }
    options |= PCRE2_UTF | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_UTF_CHECK;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, size, options, &error, &offset, shared->compile);
    if (code) return code;
    PCRE2_UCHAR reason[160];
    if (pcre2_get_error_message(error, reason, sizeof reason) < 0) strcpy((char *)reason, "unknown error");
    if (offset > size) offset = size;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "Regex: %s, at character %zu of the pattern %.80s", (char *)reason,
             count_characters(text, offset), cp_text_z(cp, cp_to_source(cp, pattern)));
    return NULL;
}

/* A copy of the same size that is UTF-8. */
static const char *repaired(cp_context *cp, const char *text, size_t size) {
    enum { SUBSTITUTE = 0x1A };
    char *copy = cp_try_alloc_atomic(cp, size);
    if (!copy) return NULL;
    memcpy(copy, text, size);
    for (size_t at = 0; at < size;) {
        size_t bytes = utf8_text_character(text + at, size - at);
        if (!bytes) copy[at] = SUBSTITUTE;
        at += bytes ? bytes : 1;
    }
    return copy;
}

static bool look_at(cp_context *cp, struct shared *shared, cp_value subject) {
    if (shared->checked == subject) return true;
    const char *text = cp_string_text(subject);
    size_t size = cp_string_size(subject);
    bool ascii = utf8_text_is_ascii(text, size);
    const char *seen = ascii || utf8_text_is_valid(text, size) ? text : repaired(cp, text, size);
    if (!seen) return false;
    shared->checked = subject;
    shared->text = seen;
    shared->ascii = ascii;
    return true;
}

/* ---- searching --------------------------------------------------------------------------------------------------- */

bool search_start(cp_context *cp, struct search *search, cp_value regex, cp_value subject, cp_value from) {
    struct shared *shared = shared_of(cp);
    if (!shared) return false;
    const char *text = cp_string_text(subject);
    size_t size = cp_string_size(subject), offset = 0;
    if (!look_at(cp, shared, subject)) return false;
    *search =
        (struct search){.cp = cp, .regex = regex, .subject = subject, .text = shared->text, .ascii = shared->ascii};
    int64_t position;
    bool within = cp_to_int64(from, &position) && position >= 0 && (uint64_t)position <= size;
    if (within && shared->ascii) offset = (size_t)position;
    size_t before = 0;
    if (within && !shared->ascii)
        for (; before < (size_t)position && offset < size; before++)
            offset += character_size(text + offset, size - offset);
    if (!within || (!shared->ascii && before < (size_t)position)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "Regex: the search cannot begin at %s; the text has %zu characters",
                 cp_text_z(cp, cp_to_string(cp, from)), shared->ascii ? size : count_characters(text, size));
        return false;
    }
    search->from = search->known = offset;
    search->before = shared->ascii ? offset : before;
    return true;
}

size_t search_position(struct search *search, size_t offset) {
    if (search->ascii) return offset;
    const char *text = cp_string_text(search->subject);
    search->before += count_characters(text + search->known, offset - search->known);
    search->known = offset;
    return search->before;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int too_much(struct search *search, const char *what) {
    struct regex *regex = (struct regex *)search->regex;
    cp_throw(search->cp, CP_ERROR_CARAPACE, CP_RUNTIME, "Regex: %s; the pattern %.80s tries too many ways in this text",
             what, cp_text_z(search->cp, cp_to_source(search->cp, regex->pattern)));
    return -1;
}

static int failed(struct search *search, int error) {
    PCRE2_UCHAR reason[160];
    if (pcre2_get_error_message(error, reason, sizeof reason) < 0) strcpy((char *)reason, "unknown error");
    return too_much(search, (char *)reason);
}

/* Takes over what was found, and sets where to go on. */
static int found(struct search *search, pcre2_match_data *data, size_t **offsets) {
    struct regex *regex = (struct regex *)search->regex;
    const size_t *pairs = pcre2_get_ovector_pointer(data);
    size_t count = 2 * ((size_t)regex->group_count + 1), end = pairs[1];
    if (offsets) {
        *offsets = cp_alloc_atomic(count * sizeof **offsets);
        memcpy(*offsets, pairs, count * sizeof **offsets);
        if ((*offsets)[0] > end) (*offsets)[0] = end;
    }
    search->after_empty = pairs[0] >= end;
    search->from = end;
    return 1;
}

int search_next(struct search *search, size_t **offsets) {
    cp_context *cp = search->cp;
    struct regex *regex = (struct regex *)search->regex;
    struct shared *shared = shared_of(cp);
    pcre2_match_data *data = shared ? match_data(cp, shared, regex->group_count + 1) : NULL;
    if (!data) return -1;
    const char *text = search->text;
    size_t size = cp_string_size(search->subject), window = regex->one_piece ? SIZE_MAX : FIRST_WINDOW;
    size_t widest = size / 8 > LEAST_WIDE_WINDOW ? size / 8 : LEAST_WIDE_WINDOW, from = search->from;
    uint32_t options = PCRE2_NO_UTF_CHECK | (search->after_empty ? PCRE2_NOTEMPTY_ATSTART : 0);
    for (;;) {
        size_t last = window >= size - from ? size : from + window;
        pcre2_set_offset_limit(shared->context, last);
        double began = now();
        int result = pcre2_match(regex->code, (PCRE2_SPTR)text, size, from, options, data, shared->context);
        double took = now() - began;
        search->seconds += took;
        if (result > 0) return found(search, data, offsets);
        if (result != PCRE2_ERROR_NOMATCH) return failed(search, result);
        if (last == size) return 0;
        if (search->seconds > MOST_SECONDS) return too_much(search, "it takes too long");
        from = last + 1; /* behind the last starting place, and where a character begins */
        while (from < size && ((unsigned char)text[from] & 0xC0) == 0x80) from++;
        if (took > SLOW) window = window / 4 + 1;
        else if (took < FAST && window < widest) window *= 2;
        options &= ~PCRE2_NOTEMPTY_ATSTART;
        if (cp_poll(cp) == CP_THROWN) return -1;
        data = match_data(cp, shared, regex->group_count + 1); /* another thread may have needed a larger one */
        if (!data) return -1;
    }
}

cp_value search_match(struct search *search, size_t *offsets) {
    void **made = cp_module_state(search->cp, "library.match");
    cp_value value = cp_new(search->cp, *made);
    if (value == CP_THROWN) return value;
    struct match *match = (struct match *)value;
    match->regex = search->regex;
    match->subject = search->subject;
    match->offsets = offsets;
    match->start = search_position(search, offsets[0]);
    return value;
}
