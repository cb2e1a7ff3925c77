/* SPDX-License-Identifier: GPL-3.0-or-later */
/* suggest.c: names of functions and classes that are spelled nearly like an unknown one. */
#include <strings.h>

#include "interp/data/class.h"
#include "interp/data/symbol.h"

unsigned spelling_likeness(const cp_symbol *typed, const cp_symbol *known) {
    /* Two mistakes in a word of three letters leave nothing of it; long words may have more. */
    unsigned most = typed->size <= 4 ? 1 : typed->size <= 9 ? 2 : 3;
    if (typed->size == known->size && !strncasecmp(typed->text, known->text, typed->size)) return 1;
    unsigned distance = spelling_distance(typed->text, typed->size, known->text, known->size, most);
    /* A name of which every byte would be replaced is no likeness: `+` for `-`. */
    return distance > most || distance >= typed->size ? SPELLING_UNLIKE : distance;
}

cp_symbol *symbol_suggest_function(cp_context *cp, cp_symbol *name) {
    cp_symbol *best = NULL;
    unsigned least = SPELLING_UNLIKE;
    uint32_t position = 0;
    for (cp_symbol *s; (s = symbol_walk(cp, &position));) {
        if (s == name || s->text[0] == '%' || (s->function == CP_UNSET && !s->definition)) continue;
        unsigned d = spelling_likeness(name, s);
        if (d < least || (d == least && best && strcmp(s->text, best->text) < 0)) least = d, best = s;
    }
    return least < SPELLING_UNLIKE ? best : NULL;
}

cp_symbol *class_suggest_class(cp_context *cp, cp_symbol *name) {
    cp_symbol *best = NULL;
    unsigned least = SPELLING_UNLIKE;
    for (uint32_t i = 0; i < cp->classes->count; i++) {
        cp_class *c = cp->classes->classes[i];
        if (!c || !c->defined || c->name == name) continue;
        const cp_symbol *known = symbol_find(cp, c->name->text, c->name->size);
        if (!known || class_lookup(cp, known) != c) continue; /* a package's own */
        unsigned d = spelling_likeness(name, c->name);
        if (d < least) least = d, best = c->name;
    }
    return least < SPELLING_UNLIKE ? best : NULL;
}
