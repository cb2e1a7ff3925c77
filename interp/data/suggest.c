/* SPDX-License-Identifier: GPL-3.0-or-later */
/* suggest.c: names of functions and classes that are spelled nearly like an unknown one. */
#include <strings.h>

#include "interp/data/class.h"
#include "interp/data/symbol.h"

static unsigned distance(const cp_symbol *a, const cp_symbol *b) {
    unsigned most = a->size <= 4 ? 1 : a->size <= 9 ? 2 : 3;
    if (a->size == b->size && !strncasecmp(a->text, b->text, a->size)) return 1;
    unsigned d = spelling_distance(a->text, a->size, b->text, b->size, most);
    return d > most || d >= a->size ? 100 : d;
}

cp_symbol *symbol_suggest_function(cp_context *cp, cp_symbol *name) {
    cp_symbol *best = NULL;
    unsigned least = 100;
    uint32_t position = 0;
    for (cp_symbol *s; (s = symbol_walk(cp, &position));) {
        if (s == name || s->text[0] == '%' || (s->function == CP_UNSET && !s->definition)) continue;
        unsigned d = distance(name, s);
        if (d < least || (d == least && best && strcmp(s->text, best->text) < 0)) least = d, best = s;
    }
    return least < 100 ? best : NULL;
}

cp_symbol *class_suggest_class(cp_context *cp, cp_symbol *name) {
    cp_symbol *best = NULL;
    unsigned least = 100;
    for (uint32_t i = 0; i < cp->classes->count; i++) {
        cp_class *c = cp->classes->classes[i];
        if (!c || !c->defined || c->name == name) continue;
        unsigned d = distance(name, c->name);
        if (d < least) least = d, best = c->name;
    }
    return least < 100 ? best : NULL;
}
