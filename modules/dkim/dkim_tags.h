/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_tags: the tag lists `name=value; name=value` of RFC 6376 3.2. */
#ifndef DKIM_TAGS_H
#define DKIM_TAGS_H

#include <stdbool.h>
#include <stddef.h>

enum { DKIM_TAGS_MAX = 64 };

struct dkim_tag {
    const char *name, *value;     /* in the text */
    size_t name_size, value_size; /* without white space around */
};

struct dkim_tags {
    struct dkim_tag items[DKIM_TAGS_MAX];
    size_t count;
};

/* False when the text is no such list, names a tag twice or has too many. */
bool dkim_tags_read(struct dkim_tags *tags, const char *text, size_t size);
/* NULL when there is none of that name. */
const struct dkim_tag *dkim_tag(const struct dkim_tags *tags, const char *name);
/* Whether the value is that word, without regard to case; false for NULL. */
bool dkim_tag_is(const struct dkim_tag *tag, const char *word);
/* The value without any white space, NUL-terminated. False when it does not fit. */
bool dkim_tag_plain(const struct dkim_tag *tag, char *out, size_t room);

#endif
