/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_tags: see the header. */
#include "modules/dkim/dkim_tags.h"

#include <string.h>
#include <strings.h>

static bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static bool is_name_character(char c, bool first) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (!first && ((c >= '0' && c <= '9') || c == '_'));
}

bool dkim_tags_read(struct dkim_tags *tags, const char *text, size_t size) {
    tags->count = 0;
    for (size_t at = 0; at < size;) {
        const char *semicolon = memchr(text + at, ';', size - at);
        size_t end = semicolon ? (size_t)(semicolon - text) : size, next = end + 1;
        while (at < end && is_white(text[at])) at++;
        while (end > at && is_white(text[end - 1])) end--;
        if (at == end) { /* a semicolon behind the last tag is allowed; elsewhere an empty tag is not */
            for (at = next; at < size; at++)
                if (!is_white(text[at])) return false;
            return tags->count > 0;
        }
        size_t name = at;
        while (name < end && is_name_character(text[name], name == at)) name++;
        size_t value = name;
        while (value < end && is_white(text[value])) value++;
        if (name == at || value == end || text[value] != '=' || tags->count == DKIM_TAGS_MAX) return false;
        value++;
        while (value < end && is_white(text[value])) value++;
        struct dkim_tag tag = {text + at, text + value, name - at, end - value};
        for (size_t i = 0; i < tags->count; i++)
            if (tags->items[i].name_size == tag.name_size && !memcmp(tags->items[i].name, tag.name, tag.name_size))
                return false;
        tags->items[tags->count++] = tag;
        at = next;
    }
    return tags->count > 0;
}

const struct dkim_tag *dkim_tag(const struct dkim_tags *tags, const char *name) {
    for (size_t i = 0; i < tags->count; i++)
        if (tags->items[i].name_size == strlen(name) && !memcmp(tags->items[i].name, name, strlen(name)))
            return &tags->items[i];
    return NULL;
}

bool dkim_tag_is(const struct dkim_tag *tag, const char *word) {
    return tag && tag->value_size == strlen(word) && strncasecmp(tag->value, word, tag->value_size) == 0;
}

bool dkim_tag_plain(const struct dkim_tag *tag, char *out, size_t room) {
    size_t used = 0;
    for (size_t i = 0; i < tag->value_size; i++) {
        char c = tag->value[i];
        if (is_white(c)) continue;
        if (c == 0 || used + 1 >= room) return false;
        out[used++] = c;
    }
    out[used] = 0;
    return true;
}
