/* SPDX-License-Identifier: GPL-3.0-or-later */
/* complete.c: completion by Tab. It looks at tables and at values of variables; it evaluates nothing. */
#include "interp/shell/complete.h"

#include <stdlib.h>

#include "interp/data/symbol.h"
#include "interp/run/core_functions.h"
#include "interp/run/load.h"
#include "interp/run/thread.h"

/* The matches found so far. `prefix` is kept before each: the `object.` of a member. */
struct matches {
    const char *prefix, *word;
    size_t prefix_size, word_size;
    char **names; /* names[0] is left free */
    size_t count, capacity;
};

static void add(struct matches *m, const char *text, size_t size) {
    if (size < m->word_size || memcmp(text, m->word, m->word_size)) return;
    if (m->count + 2 >= m->capacity) {
        size_t capacity = m->capacity ? m->capacity * 2 : 32;
        char **names = realloc(m->names, capacity * sizeof *names);
        if (!names) return;
        m->names = names;
        m->capacity = capacity;
    }
    char *name = malloc(m->prefix_size + size + 1);
    if (!name) return;
    memcpy(name, m->prefix, m->prefix_size);
    memcpy(name + m->prefix_size, text, size);
    name[m->prefix_size + size] = 0;
    m->names[1 + m->count++] = name;
}

static void add_symbol(struct matches *m, const cp_symbol *symbol) { add(m, symbol->text, symbol->size); }

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Sorts, drops what is there twice, and puts the common beginning first. */
static char **finish(struct matches *m) {
    if (m->count == 0) {
        free(m->names);
        return NULL;
    }
    qsort(m->names + 1, m->count, sizeof *m->names, compare);
    size_t kept = 1;
    for (size_t i = 2; i <= m->count; i++) {
        if (!strcmp(m->names[i], m->names[kept])) free(m->names[i]);
        else m->names[++kept] = m->names[i];
    }
    m->names[kept + 1] = NULL;
    size_t common = strlen(m->names[1]);
    const char *last = m->names[kept]; /* sorted: what first and last share, all share */
    for (size_t i = 0; i < common; i++)
        if (m->names[1][i] != last[i]) common = i;
    m->names[0] = strndup(m->names[1], common);
    if (kept == 1) { /* Readline wants a single match alone */
        free(m->names[1]);
        m->names[1] = NULL;
    }
    return m->names;
}

/* ---- sources of names ---- */

static void add_classes(struct matches *m, cp_context *cp) {
    for (uint32_t i = 0; i < cp->classes->count; i++) {
        const cp_class *c = cp->classes->classes[i];
        if (c && c->defined && !(c->definition && c->definition->flags & CP_CLASS_NOT_CREATABLE))
            add_symbol(m, c->name);
    }
    size_t position = 0;
    cp_value name, file;
    while (cp_table_next(cp->loads->autoloads, &position, &name, &file)) {
        char first = cp_symbol_of(name)->text[0];
        if (first >= 'A' && first <= 'Z') add_symbol(m, cp_symbol_of(name));
    }
}

static void add_variables(struct matches *m, struct file_scope *file) {
    size_t position = 0;
    cp_value name, variable;
    while (cp_table_next(file->variables, &position, &name, &variable))
        if (((struct file_variable *)variable)->declared) add_symbol(m, cp_symbol_of(name));
}

static void add_names(struct matches *m, cp_context *cp, struct file_scope *file) {
    uint32_t at = 0;
    for (cp_symbol *s; (s = symbol_walk(cp, &at));) {
        if (inspect_is_callable(s)) add_symbol(m, s);
        if ((s->flags & CP_SYMBOL_GLOBAL) && s->global && m->word_size >= 2) add_symbol(m, s);
    }
    size_t position = 0;
    cp_value name, where;
    while (cp_table_next(cp->loads->autoloads, &position, &name, &where)) add_symbol(m, cp_symbol_of(name));
    add_variables(m, file);
    static const char *const words[] = {"true", "false", "nil"};
    for (size_t i = 0; i < 3; i++) add(m, words[i], strlen(words[i]));
}

static void add_members(struct matches *m, cp_context *cp, cp_class *c) {
    class_build(cp, c);
    for (uint32_t i = 0; c->interface_count && i < c->interfaces[0].count; i++) {
        const struct member *member = c->interfaces[0].members[i];
        if (!(member->flags & MEMBER_PRIVATE)) add_symbol(m, member->name);
    }
}

/* ---- whose members ---- */

static cp_class *class_of_name(cp_context *cp, struct file_scope *file, const char *text, size_t size) {
    cp_symbol *name = symbol_find(cp, text, size);
    if (!name) return NULL;
    if (name->flags & CP_SYMBOL_GLOBAL) {
        struct thread *t = cp->current;
        if (!name->global || name->global > t->global_count || t->globals[name->global - 1] == CP_UNSET) return NULL;
        return cp_class_of(cp, cp_object_behind(t->globals[name->global - 1]));
    }
    struct file_variable *variable = file_scope_find(cp, file, name);
    if (variable && variable->declared) return cp_class_of(cp, cp_object_behind(variable->cell.value));
    return class_defined(cp, name); /* (help Smtp.connect) */
}

cp_class *complete_class_of(cp_context *cp, struct file_scope *file, const char *chain, size_t size) {
    const char *end = chain + size, *dot = memchr(chain, '.', size);
    cp_class *c = class_of_name(cp, file, chain, (size_t)((dot ? dot : end) - chain));
    while (c && dot) {
        const char *from = dot + 1;
        dot = memchr(from, '.', (size_t)(end - from));
        cp_symbol *name = symbol_find(cp, from, (size_t)((dot ? dot : end) - from));
        class_build(cp, c);
        struct member *member = name ? class_member(cp, c, 0, name) : NULL;
        if (!member || member->type->any || member->type->count != 1) return NULL;
        c = class_numbered(cp, member->type->numbers[0]);
        if (!c->defined) return NULL;
    }
    return c;
}

static bool follows_create(const char *line, int start) {
    int end = start;
    while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\t')) end--;
    return end < start && end >= 6 && !memcmp(line + end - 6, "create", 6) && (end == 6 || line[end - 7] == '(');
}

char **complete_word(cp_context *cp, struct file_scope *file, const char *line, int start, const char *word) {
    struct matches m = {.prefix = word, .word = word, .word_size = strlen(word)};
    const char *dot = strrchr(word, '.');
    if (dot) {
        cp_class *c = complete_class_of(cp, file, word, (size_t)(dot - word));
        m.word = dot + 1;
        m.prefix_size = (size_t)(m.word - word);
        m.word_size -= m.prefix_size;
        if (c) add_members(&m, cp, c);
    } else if (follows_create(line, start)) add_classes(&m, cp);
    else {
        add_names(&m, cp, file);
        if (*word >= 'A' && *word <= 'Z') add_classes(&m, cp);
    }
    return finish(&m);
}
