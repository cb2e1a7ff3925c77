/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * context.c: makes an interpreter's state: its tables and the names C code compares with. What is built in comes from
 * interp/builtin.
 */
#include "interp/data/context.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "interp/data/class.h"
#include "interp/data/symbol.h"
#include "interp/base/memory.h"

static void make_known(cp_context *cp) {
    struct well_known *known = &cp->known;
    const struct {
        cp_value *place;
        const char *text;
    } symbols[] = {
        {&known->sym_true, "true"},
        {&known->sym_ok, "ok"},
        {&known->sym_dot, "."},
        {&known->sym_quote, "quote"},
        {&known->sym_quasiquote, "quasiquote"},
        {&known->sym_unquote, "unquote"},
        {&known->sym_unquote_splicing, "unquoteSplicing"},
        {&known->sym_rest, "rest"},
        {&known->sym_this, "this"},
        {&known->sym_err, "err"},
        {&known->sym_ellipsis, "..."},
        {&known->sym_string, "string"},
        {&known->sym_length, "length"},
        {&known->sym_close, "close"},
        {&known->sym_get, "get"},
        {&known->sym_set, "set"},
        {&known->sym_call, "call"},
        {&known->sym_hash, "hash"},
        {&known->sym_equal, "=="},
        {&known->sym_next, "next"},
        {&known->sym_nil_type, "NIL"},
    };
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++)
        *symbols[i].place = cp_symbol_z(cp, symbols[i].text);
    known->type_object = type_named(cp, "Object", strlen("Object"));
    known->empty_string = cp_string_n(cp, "", 0);
}

/* From the 16 random bytes that the kernel gives every process, which cost no call. They serve other secrets, too, so
   they go through a one-way mixing first. */
static void make_hash_seed(cp_context *cp) {
    const char *bytes = (const char *)getauxval(AT_RANDOM);
    uint64_t random[2] = {(uint64_t)(uintptr_t)cp, (uint64_t)getpid()};
    if (bytes) memcpy(random, bytes, sizeof random);
    for (int i = 0; i < 2; i++) {
        unsigned __int128 product = (unsigned __int128)(random[i] ^ 0x9e3779b97f4a7c15u) * (random[!i] | 1);
        cp->hash_seed[i] = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    cp->hash_seed[1] |= 1;
}

cp_context *context_create(void) {
    cp_context *cp = mem_alloc_uncollectable(sizeof *cp); /* nothing else keeps it alive; never freed */
    make_hash_seed(cp);
    symbol_table_init(cp);
    class_table_init(cp);
    make_known(cp);
    return cp;
}
