/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address_plain: the form that nearly every address has, in one pass and one allocation; of a message with one
 * recipient the grammar of address.c was a sixth of the cost. What is read here address.c reads the same. */
#include "modules/header/address_plain.h"

#include <stdlib.h>
#include <string.h>

#include "modules/header/header_class.h"

enum { PLAIN_MOST = 512 /* bytes */, LABEL_MOST = 63 };

/* Without "?" there is no encoded word (RFC 2047 2). */
static bool is_local(char c) { return header_is(c, HEADER_ATEXT) && c != '?'; }

/* The end of the local part that begins at `at`; `at` itself when it is none of words joined by single dots. */
static size_t local_end(const char *text, size_t size, size_t at) {
    size_t start = at;
    while (at < size && is_local(text[at])) {
        while (at < size && is_local(text[at])) at++;
        if (at == size || text[at] != '.') return at;
        at++;
    }
    return start;
}

/* Likewise of the domain. */
static size_t domain_end(const char *text, size_t size, size_t at) {
    size_t start = at;
    while (at < size && header_is(text[at], HEADER_DOMAIN)) {
        size_t label = at;
        while (at < size && header_is(text[at], HEADER_DOMAIN)) at++;
        if (text[label] == '-' || text[at - 1] == '-' || at - label > LABEL_MOST) return start;
        if (at == size || text[at] != '.') return at;
        at++;
    }
    return start;
}

/* The size of the name in front of an angle bracket, white space excluded, *behind being the bracket's place; words of
   a phrase with one space between them. False when it is not such. */
static bool read_name(const char *text, size_t size, size_t *name, size_t *behind) {
    size_t at = 0;
    *name = 0;
    while (at < size && (is_local(text[at]) || text[at] == '.')) {
        while (at < size && (is_local(text[at]) || text[at] == '.')) at++;
        *name = at;
        if (at < size && text[at] == ' ') at++;
    }
    *behind = at;
    return at < size && text[at] == '<';
}

static char *put(char *out, const char *text, size_t size) {
    memcpy(out, text, size);
    out[size] = '\0';
    return out + size + 1;
}

bool address_plain_parse(struct address_list *list, const char *text, size_t size) {
    size_t name = 0, start = 0, at, domain, end;
    if (size == 0 || size > PLAIN_MOST) return false;
    bool angle = text[size - 1] == '>';
    if (angle && !read_name(text, size, &name, &start)) return false;
    start += angle;
    at = local_end(text, size, start);
    if (at == start || at == size || text[at] != '@' || at - start > ADDRESS_LOCAL_LIMIT) return false;
    domain = at + 1;
    end = domain_end(text, size, domain);
    if (end == domain || end + angle != size || end - domain > ADDRESS_DOMAIN_LIMIT || end - start > ADDRESS_SPEC_LIMIT)
        return false;

    struct address *a = malloc(sizeof *a + name + 1 + (at - start) + 1 + (end - start) + 1);
    if (a == NULL) return false;
    char *texts = (char *)(a + 1);
    *a = (struct address){.display_name = texts};
    a->local_part = texts = put(texts, text, name);
    a->spec = texts = put(texts, text + start, at - start);
    a->domain = texts + (domain - start);
    put(texts, text + start, end - start);
    *list = (struct address_list){.items = a, .count = 1};
    return true;
}
