/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * regex.h: searching a text with PCRE2 so that no pattern and no text can hang the program: regex_search.c does it,
 * regex.c and match.c are the classes Regex and Match, regex_replace.c writes replacements.
 *
 * Offsets are bytes; positions that scripts see are characters.
 */
#ifndef LIBRARY_REGEX_H
#define LIBRARY_REGEX_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "modules/library/library.h"

struct regex {
    cp_object header;
    cp_value pattern, flags; /* Strings */
    pcre2_code *code;        /* in collected memory */
    uint32_t group_count;    /* without the whole match */
    bool one_piece;          /* \G or (*VERB): what it finds depends on where the search began */
};

/* One match. Offsets are in the order of the groups, start and end, PCRE2_UNSET for a group that took no part. */
struct match {
    cp_object header;
    cp_value regex, subject;
    size_t *offsets;
    size_t start; /* position of the whole match in characters */
};

/* A text that is searched several times from left to right. */
struct search {
    cp_context *cp;
    cp_value regex, subject;
    const char *text; /* the subject as PCRE2 sees it: of the same size, but surely UTF-8 */
    bool ascii;
    size_t from;          /* where the next search begins */
    bool after_empty;     /* an empty match must not be found again at `from` */
    size_t known, before; /* an offset and how many characters lie before it */
    double seconds;       /* spent in this search so far */
};

/* Compiles; NULL, with 1.8 and the place thrown, when the pattern is wrong. */
pcre2_code *regex_compile(cp_context *cp, cp_value pattern, uint32_t options);

/* Begins at a character position from 0 to the length; false with 1.7 thrown when it is no such. */
bool search_start(cp_context *cp, struct search *search, cp_value regex, cp_value subject, cp_value from);
/* Finds the next match: 1, and its offsets are in *offsets (collected memory, or NULL as argument); 0: none; -1: thrown
   (1.5 when it would take too long). */
int search_next(struct search *search, size_t **offsets);
/* The Match of offsets just found. */
cp_value search_match(struct search *search, size_t *offsets);
/* Characters before an offset that is not below any asked before. */
size_t search_position(struct search *search, size_t offset);

/* The bytes of a group of a match: () when it took no part. */
cp_value match_group(cp_context *cp, const struct match *match, size_t group);
/* The number of the group of that name, whichever of its like-named took part; SIZE_MAX when there is none. */
size_t match_named(const struct match *match, const char *name, size_t size);

/* Regex.replace: `with` is a template or a function. */
cp_value regex_replace(cp_context *cp, cp_value regex, cp_value subject, cp_value with, cp_value most);

#endif
