/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pin.c: values that C libraries refer to by a small integer, and words that modules keep per context.
 *
 * Invariant: a place of the pin table holds a pinned value or a link, which is a sentinel no script sees: the next free
 * place in the high half, the mark in the low one. Place 0 is never given away and ends the chain.
 */
#include "interp/data/context.h"
#include "interp/base/memory.h"

enum { FIRST_PINS = 32, FREE_MARK = 30 };

static cp_value link_to(uint32_t next) { return (cp_value)next << 32 | FREE_MARK; }
static bool is_link(cp_value v) { return (uint32_t)v == FREE_MARK; }

static void grow(cp_context *cp) {
    uint32_t old = cp->pin_capacity, capacity = old ? 2 * old : FIRST_PINS;
    cp_value *pins = mem_alloc(capacity * sizeof(cp_value));
    if (old) memcpy(pins, cp->pins, old * sizeof(cp_value));
    else pins[0] = link_to(0);
    for (uint32_t i = old ? old : 1; i < capacity; i++) pins[i] = link_to(i + 1 < capacity ? i + 1 : 0);
    cp->pins = pins;
    cp->pin_capacity = capacity;
    cp->pin_free = old ? old : 1;
}

uint32_t cp_pin(cp_context *cp, cp_value v) {
    if (!cp->pin_free) grow(cp);
    uint32_t pin = cp->pin_free;
    cp->pin_free = (uint32_t)(cp->pins[pin] >> 32);
    cp->pins[pin] = v;
    cp->pin_count++;
    return pin;
}

cp_value cp_pinned(cp_context *cp, uint32_t pin) {
    return pin < cp->pin_capacity && !is_link(cp->pins[pin]) ? cp->pins[pin] : CP_UNSET;
}

void cp_unpin(cp_context *cp, uint32_t pin) {
    if (pin >= cp->pin_capacity || is_link(cp->pins[pin])) return;
    cp->pins[pin] = link_to(cp->pin_free);
    cp->pin_free = pin;
    cp->pin_count--;
}

struct module_word {
    struct module_word *next;
    const char *name;
    void *state;
};

void **cp_module_state(cp_context *cp, const char *name) {
    struct module_word *before = NULL, *word = cp->module_state;
    while (word != NULL && word->name != name && strcmp(word->name, name) != 0) before = word, word = word->next;
    if (word != NULL && before == NULL) return &word->state;
    if (word != NULL) before->next = word->next; /* to the front: the same few are asked for again and again */
    else {
        word = mem_alloc(sizeof *word);
        word->name = name;
    }
    word->next = cp->module_state;
    cp->module_state = word;
    return &word->state;
}
