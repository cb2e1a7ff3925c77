/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * enumerator.c: the class Enumerator (language.md 8): a cursor over any sequence.
 */
#include "interp/builtin/tables.h"
#include "interp/data/iterate.h"

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

/* () at the end stands for "nothing"; whoever has () among the items asks `finished`. */
static cp_value or_nil(cp_value item) { return item == CP_DONE ? CP_NIL : item; }

/* ---- methods ----------------------------------------------------------------------------------------------------- */

static cp_value enumerator_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    struct enumerator *enumerator = cp_alloc(sizeof *enumerator);
    enumerator->header.class_number = CP_CLASS_ENUMERATOR;
    enumerator->sequence = arguments[0];
    enumerator->current = CP_UNSET;
    if (cp_iterate(cp, &enumerator->iterator, arguments[0]) == CP_THROWN) return CP_THROWN;
    return cp_from_object(enumerator);
}

static cp_value enumerator_length(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value length = sequence_length(cp, enumerator_of(self)->sequence);
    if (length != CP_UNSET) return length;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                    "Enumerator.length: what it walks has no length, only a next item");
}

static cp_value enumerator_reset(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    struct enumerator *enumerator = enumerator_of(self);
    /* what has only `next` or is an Enumerator knows itself where it stands */
    if (cp_responds_to(cp, enumerator->sequence, "next")) {
        if (!cp_responds_to(cp, enumerator->sequence, "reset"))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                            "Enumerator.reset: what it walks has no method reset, so it cannot start again");
        if (cp_send_z(cp, enumerator->sequence, "reset", NULL, 0) == CP_THROWN) return CP_THROWN;
    }
    enumerator->current = CP_UNSET;
    return cp_iterate(cp, &enumerator->iterator, enumerator->sequence);
}

static cp_value enumerator_forward(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value item = enumerator_take(cp, enumerator_of(self));
    if (item == CP_THROWN) return CP_THROWN;
    item = enumerator_peek(cp, enumerator_of(self));
    if (item == CP_THROWN) return CP_THROWN;
    return item == CP_DONE ? CP_NIL : cp->known.sym_ok;
}

static cp_value enumerator_current(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return or_nil(enumerator_peek(cp, enumerator_of(self)));
}

static cp_value enumerator_next(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return or_nil(enumerator_take(cp, enumerator_of(self)));
}

static cp_value enumerator_finished(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value item = enumerator_peek(cp, enumerator_of(self));
    if (item == CP_THROWN) return CP_THROWN;
    return item == CP_DONE ? cp->known.sym_true : CP_NIL;
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static const cp_method_def methods[] = {
    {"Enumerator", "Enumerator", "(sequence)", enumerator_construct,
     "Makes a cursor that stands on the first item of a List, Array, HashTable (its keys), String (its characters), "
     "Binary or Buffer (its bytes), Range, Enumerator, or of what an object's method next gives until it gives ()."},
    {"length", "Integer", "()", enumerator_length,
     "The number of items of the whole sequence. What has only a method next has no length: error 1.12."},
    {"reset", "NIL", "()", enumerator_reset,
     "Puts the cursor on the first item again. What has a method next needs a method reset too, else error 1.12."},
    {"forward", "Symbol", "()", enumerator_forward, "Moves the cursor to the next item: ok, or () when there is none."},
    {"current", "Object", "()", enumerator_current, "The item the cursor stands on; () after the last."},
    {"next", "Object", "()", enumerator_next,
     "The item the cursor stands on, after which the cursor moves on; () after the last."},
    {"finished", "Symbol", "()", enumerator_finished, "true when the cursor is after the last item; else ()."},
    {0},
};

const cp_class_def enumerator_class = {
    .name = "Enumerator",
    .doc = "A cursor over a sequence. It starts on the first item; `for` goes on from where it stands.",
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .methods = methods,
};
