/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * configuration.c: the sections file in memory: parsing, asking, changing, and its text.
 *
 * The file is kept as its lines, so that comments, order and spelling survive a change. Entries are found through a
 * table of hashes, because parsing itself must find duplicates without taking quadratic time.
 */
#include "configuration.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum line_kind { LINE_OTHER, LINE_SECTION, LINE_ENTRY };

struct line {
    enum line_kind kind;
    char *raw;           /* as in the file, without its end; NULL when it was made or changed here */
    const char *section; /* of an entry or a section's line: points into the `name` of a section's line */
    char *name, *value;
};

struct configuration {
    struct line **lines;
    size_t count, room;
    size_t *table; /* 1 + index of an entry's or a section's line, 0 = free */
    size_t table_room, table_count;
};

/* ---- the table ---- */

static uint64_t hash_text(uint64_t hash, const char *text) {
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
    return (hash ^ 0xff) * 0x100000001b3;
}

/* Entries hash by section and name, the first line of a section by its name alone. */
static uint64_t hash_of(const char *section, const char *name) {
    uint64_t hash = hash_text(0xcbf29ce484222325, section);
    return name ? hash_text(hash, name) : hash;
}

static bool line_is(const struct line *line, const char *section, const char *name) {
    if (line->kind != (name ? LINE_ENTRY : LINE_SECTION)) return false;
    return strcmp(line->section, section) == 0 && (!name || strcmp(line->name, name) == 0);
}

/* The place of that line in the table, or the free one where it would be. The table is not empty. */
static size_t *table_find(const struct configuration *c, const char *section, const char *name) {
    size_t mask = c->table_room - 1, i = hash_of(section, name) & mask;
    while (c->table[i] && !line_is(c->lines[c->table[i] - 1], section, name)) i = (i + 1) & mask;
    return &c->table[i];
}

static bool table_rebuild(struct configuration *c, size_t room) {
    size_t *table = calloc(room, sizeof *table);
    if (!table) return false;
    free(c->table);
    c->table = table;
    c->table_room = room;
    c->table_count = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct line *line = c->lines[i];
        if (line->kind == LINE_OTHER) continue;
        size_t *place = table_find(c, line->section, line->kind == LINE_ENTRY ? line->name : NULL);
        if (*place) continue;
        *place = i + 1;
        c->table_count++;
    }
    return true;
}

static struct line *find(const struct configuration *c, const char *section, const char *name) {
    if (!c->table_room) return NULL;
    size_t place = *table_find(c, section, name);
    return place ? c->lines[place - 1] : NULL;
}

/* ---- lines ---- */

static void line_free(struct line *line) {
    if (!line) return;
    free(line->raw);
    free(line->name);
    free(line->value);
    free(line);
}

/* Makes room for two more lines, which is what one change adds at most. */
static bool make_room(struct configuration *c) {
    if (c->count + 2 > c->room) {
        size_t room = c->room ? c->room * 2 : 32;
        struct line **lines = realloc(c->lines, room * sizeof(struct line *));
        if (!lines) return false;
        c->lines = lines;
        c->room = room;
    }
    return (c->table_count + 2) * 2 <= c->table_room || table_rebuild(c, c->table_room ? c->table_room * 2 : 64);
}

void configuration_free(struct configuration *c) {
    if (!c) return;
    for (size_t i = 0; i < c->count; i++) line_free(c->lines[i]);
    free(c->lines);
    free(c->table);
    free(c);
}

/* ---- parsing ---- */

static bool fail(struct configuration_error *error, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(struct configuration_error *error, size_t line, const char *format, ...) {
    error->problem = CONFIGURATION_BAD;
    error->line = line;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

static void trim(const char **from, const char **to) {
    while (*from < *to && ((*from)[0] == ' ' || (*from)[0] == '\t')) ++*from;
    while (*to > *from && ((*to)[-1] == ' ' || (*to)[-1] == '\t')) --*to;
}

static bool plain_text(const char *text, const char *forbidden) {
    size_t size = strlen(text);
    if (size == 0 || text[0] == ' ' || text[size - 1] == ' ') return false;
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f || strchr(forbidden, *text)) return false;
    return true;
}

bool configuration_section_name_valid(const char *section) {
    if (!plain_text(section, "[]") || section[0] == '/' || section[strlen(section) - 1] == '/') return false;
    return !strstr(section, "//");
}

bool configuration_name_valid(const char *name) { return plain_text(name, "=\"") && !strchr("#;[", name[0]); }

/* A value as it is meant, malloc'd. NULL with *error filled in; its problem stays OK when memory ran out. */
static char *parse_value(const char *from, const char *to, size_t number, struct configuration_error *error) {
    char *value = malloc((size_t)(to - from) + 1), *end = value;
    if (!value) return NULL;
    if (from == to || *from != '"') {
        memcpy(value, from, (size_t)(to - from));
        value[to - from] = 0;
        return value;
    }
    const char *p = from + 1;
    for (; p < to && *p != '"'; p++) {
        if (*p != '\\') {
            *end++ = *p;
            continue;
        }
        static const char names[] = "ntr\\\"", means[] = "\n\t\r\\\"";
        const char *name = ++p < to && *p ? strchr(names, *p) : NULL;
        if (!name) {
            fail(error, number, "after a backslash stands n, t, r, \\ or \"");
            free(value);
            return NULL;
        }
        *end++ = means[name - names];
    }
    if (p != to - 1) {
        fail(error, number, p == to ? "the value has no closing quote" : "something follows the closing quote");
        free(value);
        return NULL;
    }
    *end = 0;
    return value;
}

/* Fills in *line from one line of text. `section` is the one it stands in, NULL before the first. */
static bool parse_line(const char *from, const char *to, size_t number, const char *section, struct line *line,
                       struct configuration_error *error) {
    line->raw = strndup(from, (size_t)(to - from));
    if (!line->raw) return false;
    trim(&from, &to);
    if (from == to || *from == '#' || *from == ';') return true;
    if (*from == '[') {
        if (to[-1] != ']') return fail(error, number, "the section's name has no closing bracket");
        from++, to--;
        trim(&from, &to);
        line->name = strndup(from, (size_t)(to - from));
        if (!line->name) return false;
        if (!configuration_section_name_valid(line->name))
            return fail(error, number, "this cannot be a section's name: [%.200s]", line->name);
        line->kind = LINE_SECTION;
        line->section = line->name;
        return true;
    }
    const char *equals = memchr(from, '=', (size_t)(to - from));
    if (!equals) return fail(error, number, "expected `name = value`, `[section]` or a comment");
    if (!section) return fail(error, number, "this stands before the first [section]");
    const char *name_end = equals, *value = equals + 1;
    trim(&from, &name_end);
    trim(&value, &to);
    line->name = strndup(from, (size_t)(name_end - from));
    if (!line->name) return false;
    if (!configuration_name_valid(line->name))
        return fail(error, number, "this cannot be the name of a value: `%.200s`", line->name);
    line->value = parse_value(value, to, number, error);
    if (!line->value) return false;
    line->kind = LINE_ENTRY;
    line->section = section;
    return true;
}

/* The number of the line whose index in c->lines this is: each line of the file has one. */
static bool add_parsed(struct configuration *c, struct line *line, size_t number, struct configuration_error *error) {
    if (line->kind != LINE_OTHER) {
        size_t *place = table_find(c, line->section, line->kind == LINE_ENTRY ? line->name : NULL);
        if (*place && line->kind == LINE_ENTRY)
            return fail(error, number, "`%.100s` is given twice in [%.100s], first in line %zu", line->name,
                        line->section, *place);
        if (!*place) {
            *place = c->count + 1;
            c->table_count++;
        }
    }
    c->lines[c->count++] = line;
    return true;
}

struct configuration *configuration_parse(const char *text, size_t size, struct configuration_error *error) {
    memset(error, 0, sizeof *error);
    if (size > CONFIGURATION_LIMIT) {
        fail(error, 0, "larger than %d bytes", CONFIGURATION_LIMIT);
        return NULL;
    }
    struct configuration *c = calloc(1, sizeof *c);
    const char *end = text + size, *section = NULL;
    bool good = c != NULL;
    if (good && size > 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3; /* a byte order mark */
    for (size_t number = 1; good && text < end; number++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text)), *stop = newline ? newline : end;
        const char *line_end = stop;
        while (line_end > text && line_end[-1] == '\r') line_end--;
        struct line *line = make_room(c) ? calloc(1, sizeof *line) : NULL;
        if (line && memchr(text, 0, (size_t)(line_end - text))) good = fail(error, number, "there is a NUL character");
        good = good && line && parse_line(text, line_end, number, section, line, error) &&
               add_parsed(c, line, number, error);
        if (!good) line_free(line);
        else if (line->kind == LINE_SECTION) section = line->section;
        text = newline ? newline + 1 : end;
    }
    if (good) return c;
    if (error->problem == CONFIGURATION_OK) fail(error, 0, "there is not enough memory");
    configuration_free(c);
    return NULL;
}

/* ---- asking ---- */

const char *configuration_get(const struct configuration *c, const char *section, const char *name) {
    const struct line *line = find(c, section, name);
    return line ? line->value : NULL;
}

bool configuration_has_section(const struct configuration *c, const char *section) { return find(c, section, NULL); }

bool configuration_next_entry(const struct configuration *c, const char *section, size_t *position, const char **name,
                              const char **value) {
    while (*position < c->count) {
        const struct line *line = c->lines[(*position)++];
        if (line->kind != LINE_ENTRY || strcmp(line->section, section) != 0) continue;
        *name = line->name;
        *value = line->value;
        return true;
    }
    return false;
}

bool configuration_next_section(const struct configuration *c, size_t *position, const char **name) {
    while (*position < c->count) {
        const struct line *line = c->lines[(*position)++];
        if (line->kind != LINE_SECTION) continue;
        *name = line->name;
        return true;
    }
    return false;
}

/* ---- changing ---- */

static size_t index_of(const struct configuration *c, const struct line *line) {
    size_t i = 0;
    while (c->lines[i] != line) i++;
    return i;
}

static void insert(struct configuration *c, size_t at, struct line *line) {
    memmove(c->lines + at + 1, c->lines + at, (c->count - at) * sizeof *c->lines);
    c->lines[at] = line;
    c->count++;
}

/* Where an entry is added to a section: behind its last entry, else behind its heading, so that blank lines and the
   comment of what follows stay where they are. */
static size_t place_in(const struct configuration *c, const char *section) {
    size_t place = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->lines[i]->kind != LINE_OTHER && strcmp(c->lines[i]->section, section) == 0) place = i + 1;
    return place;
}

static struct line *new_line(enum line_kind kind, const char *name, const char *value) {
    struct line *line = calloc(1, sizeof *line);
    if (!line) return NULL;
    line->kind = kind;
    if (name) line->name = strdup(name);
    if (value) line->value = strdup(value);
    if ((name && !line->name) || (value && !line->value)) {
        line_free(line);
        return NULL;
    }
    return line;
}

static bool remove_entry(struct configuration *c, struct line *line) {
    size_t at = index_of(c, line);
    memmove(c->lines + at, c->lines + at + 1, (c->count - at - 1) * sizeof *c->lines);
    c->count--;
    if (table_rebuild(c, c->table_room)) {
        line_free(line);
        return true;
    }
    insert(c, at, line);
    return false;
}

/* Adds heading (may be NULL) and entry (may be NULL); on failure both are freed and nothing has changed. */
static bool add_lines(struct configuration *c, struct line *heading, struct line *entry, const char *section) {
    size_t count = c->count;
    if (heading) {
        heading->section = heading->name;
        insert(c, c->count, heading);
    }
    size_t at = c->count;
    if (entry) {
        const struct line *owner = heading ? heading : find(c, section, NULL);
        entry->section = owner->section;
        at = place_in(c, section);
        insert(c, at, entry);
    }
    if (table_rebuild(c, c->table_room)) return true;
    if (entry) memmove(c->lines + at, c->lines + at + 1, (c->count - at - 1) * sizeof *c->lines);
    c->count = count;
    line_free(entry);
    line_free(heading);
    return false;
}

bool configuration_set(struct configuration *c, const char *section, const char *name, const char *value) {
    if (!configuration_section_name_valid(section) || (name && !configuration_name_valid(name))) return false;
    struct line *line = name ? find(c, section, name) : NULL;
    if (line && !value) return remove_entry(c, line);
    if (line) {
        char *copy = strdup(value);
        if (!copy) return false;
        free(line->raw);
        free(line->value);
        line->raw = NULL;
        line->value = copy;
        return true;
    }
    bool new_section = !find(c, section, NULL), new_entry = name && value;
    if (name && !value) return true; /* nothing to remove */
    if (!new_section && !new_entry) return true;
    if (!make_room(c)) return false;
    struct line *heading = new_section ? new_line(LINE_SECTION, section, NULL) : NULL;
    struct line *entry = new_entry ? new_line(LINE_ENTRY, name, value) : NULL;
    if ((new_section && !heading) || (new_entry && !entry)) {
        line_free(heading);
        line_free(entry);
        return false;
    }
    return add_lines(c, heading, entry, section);
}

/* ---- text ---- */

/* Whether a value reads back as it is without quotes. */
static bool bare(const char *value) {
    size_t size = strlen(value);
    if (size == 0) return true;
    if (strchr(" \t\"", value[0]) || strchr(" \t", value[size - 1])) return false;
    return !strpbrk(value, "\n\r");
}

static void write_value(FILE *out, const char *value) {
    if (bare(value)) {
        fputs(value, out);
        return;
    }
    putc('"', out);
    for (; *value; value++) {
        switch (*value) {
        case '\n': fputs("\\n", out); break;
        case '\r': fputs("\\r", out); break;
        case '\t': fputs("\\t", out); break;
        case '"':
        case '\\': putc('\\', out); /* fall through */
        default: putc(*value, out);
        }
    }
    putc('"', out);
}

char *configuration_text(const struct configuration *c, size_t *size) {
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out) return NULL;
    for (size_t i = 0; i < c->count; i++) {
        const struct line *line = c->lines[i];
        if (line->raw) fputs(line->raw, out);
        else if (line->kind == LINE_SECTION) fprintf(out, "%s[%s]", i ? "\n" : "", line->name);
        else {
            fprintf(out, "%s = ", line->name);
            write_value(out, line->value);
        }
        putc('\n', out);
    }
    bool failed = ferror(out);
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* ---- names ---- */

bool configuration_is_secret(const char *name) {
    static const char *const endings[] = {"password", "token", "secret"};
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t length = strlen(endings[i]);
        if (size < length) continue;
        size_t k = 0;
        while (k < length && tolower((unsigned char)name[size - length + k]) == endings[i][k]) k++;
        if (k == length) return true;
    }
    return false;
}

enum { NEAREST_LIMIT = 63 }; /* longer names are not compared */

/* Optimal string alignment: insertions, deletions, changes, and swaps of neighbours. Case is not a difference. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size) {
    size_t rows[3][NEAREST_LIMIT + 1];
    for (size_t j = 0; j <= b_size; j++) rows[0][j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            int x = tolower((unsigned char)a[i - 1]), y = tolower((unsigned char)b[j - 1]);
            size_t best = above[j - 1] + (x != y);
            if (above[j] + 1 < best) best = above[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) && y == tolower((unsigned char)a[i - 2]) &&
                second[j - 2] + 1 < best)
                best = second[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a_size % 3][b_size];
}

const char *configuration_nearest(const char *name, const char *const candidates[], size_t count) {
    size_t size = strlen(name), best = size / 3 + 2;
    const char *result = NULL;
    if (size > NEAREST_LIMIT) return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(candidates[i]);
        if (length > NEAREST_LIMIT) continue;
        size_t d = distance(name, size, candidates[i], length);
        if (d < best) best = d, result = candidates[i];
    }
    return result;
}
