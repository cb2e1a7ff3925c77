/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_field: see the header. */
#include "modules/header/header_field.h"

#include <string.h>
#include <strings.h>

static bool is_space(char c) { return c == ' ' || c == '\t'; }

/* The end of the line that begins at `at`, behind its LF. */
static size_t line_end(const char *text, size_t size, size_t at) {
    const char *feed = memchr(text + at, '\n', size - at);
    return feed == NULL ? size : (size_t)(feed - text) + 1;
}

bool header_field_next(const char *text, size_t size, size_t *at, struct header_field *field) {
    size_t start = *at;
    if (start >= size) return false;
    size_t end = line_end(text, size, start);
    *at = end;
    if (text[start] == '\n' || (text[start] == '\r' && end - start == 2)) return false;
    while (end < size && is_space(text[end])) end = line_end(text, size, end);
    const char *colon = memchr(text + start, ':', end - start);
    size_t name = colon == NULL ? 0 : (size_t)(colon - (text + start));
    while (name > 0 && is_space(text[start + name - 1])) name--; /* RFC 5322 4.5: before the colon */
    *field = (struct header_field){text + start, end - start, name};
    *at = end;
    return true;
}

bool header_field_is(const struct header_field *field, const char *name, size_t size) {
    return field->name_size == size && strncasecmp(field->text, name, size) == 0;
}
