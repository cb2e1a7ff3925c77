/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that one text is one Symbol, however many there are, and that the table's flags come from the text. */
#include "interp/builtin/builtin.h"
#include "interp/data/class.h"
#include "interp/data/symbol.h"
#include "interp/base/memory.h"
#include "no_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static cp_context *cp;

static uint32_t flags(const char *text) { return cp_symbol_of(cp_symbol_z(cp, text))->flags; }

static void same_text_is_same_word(void **unused) {
    (void)unused;
    char other[] = "message";
    assert_true(cp_symbol_z(cp, "message") == cp_symbol_n(cp, other, 7));
    assert_true(cp_symbol_z(cp, "message") != cp_symbol_z(cp, "Message"));
    assert_true(cp_symbol_n(cp, "message", 4) == cp_symbol_z(cp, "mess"));
    assert_true(cp_symbol_n(cp, "a\0b", 3) != cp_symbol_n(cp, "a\0c", 3));
    assert_true(cp_symbol_n(cp, "a\0b", 3) == cp_symbol_n(cp, "a\0b", 3));
    cp_value empty = cp_symbol_n(cp, "", 0);
    assert_true(cp_is_symbol(empty) && empty == cp_symbol_z(cp, ""));
    assert_string_equal(cp_symbol_of(cp_symbol_n(cp, "messages", 7))->text, "message");
    assert_true(cp_symbol_of(empty)->function == CP_UNSET);
}

static void flags_come_from_the_text(void **unused) {
    (void)unused;
    assert_int_equal(flags("timeout:"), CP_SYMBOL_KEYWORD);
    assert_int_equal(flags("::CommandLine"), CP_SYMBOL_GLOBAL);
    assert_int_equal(flags("::odd:"), CP_SYMBOL_GLOBAL);
    assert_int_equal(flags(":"), 0);
    assert_int_equal(flags("::"), CP_SYMBOL_GLOBAL);
    assert_int_equal(flags(":x"), 0);
    assert_int_equal(flags("Class::method"), 0);
    assert_int_equal(flags(""), 0);
}

static void many_survive_growth_and_collection(void **unused) {
    (void)unused;
    enum { MANY = 5000 };
    static uint64_t hidden[MANY]; /* inverted, so that only the table keeps the Symbols alive */
    char text[32];
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "symbol-%d", i);
        hidden[i] = ~cp_symbol_z(cp, text);
    }
    uint32_t count = cp->symbols->count;
    mem_collect();
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "symbol-%d", i);
        assert_true(cp_symbol_z(cp, text) == ~hidden[i]);
        assert_string_equal(cp_symbol_of(~hidden[i])->text, text);
    }
    assert_int_equal(cp->symbols->count, count);
    assert_true(2 * count <= cp->symbols->mask + 1);
}

static void finding_adds_nothing(void **unused) {
    (void)unused;
    uint32_t count = cp->symbols->count;
    assert_null(symbol_find(cp, "neverNamedAnywhere", 18));
    assert_int_equal(cp->symbols->count, count);
    cp_value made = cp_symbol_z(cp, "neverNamedAnywhere");
    assert_ptr_equal(symbol_find(cp, "neverNamedAnywhere", 18), cp_symbol_of(made));
}

static void a_walk_meets_each_once(void **unused) {
    (void)unused;
    uint32_t position = 0, count = 0, found = 0;
    cp_symbol *wanted = cp_symbol_of(cp_symbol_z(cp, "wanted"));
    for (cp_symbol *s; (s = symbol_walk(cp, &position)); count++) found += s == wanted;
    assert_int_equal(count, cp->symbols->count);
    assert_int_equal(found, 1);
    assert_null(symbol_walk(cp, &position));
}

static void known_names_are_the_scripts_names(void **unused) {
    (void)unused;
    assert_true(cp->known.sym_true == cp_symbol_z(cp, "true"));
    assert_true(cp->known.sym_equal == cp_symbol_z(cp, "=="));
    assert_true(cp->known.sym_ellipsis == cp_symbol_z(cp, "..."));
    /* Every member of the part of well_known that holds Symbols was filled. */
    for (const cp_value *v = &cp->known.sym_true; v <= &cp->known.sym_nil_type; v++) assert_true(cp_is_symbol(*v));
    assert_true(cp->known.type_object->any);
    assert_true(cp_is_string(cp->known.empty_string) && cp_string_size(cp->known.empty_string) == 0);
}

static void pins_are_found_until_unpinned(void **unused) {
    (void)unused;
    enum { MANY = 100 };
    uint32_t pins[MANY];
    for (int i = 0; i < MANY; i++) {
        pins[i] = cp_pin(cp, cp_cons(cp_fixnum(i), CP_NIL));
        assert_true(pins[i] != 0);
    }
    mem_collect();
    for (int i = 0; i < MANY; i++) assert_true(cp_head(cp_pinned(cp, pins[i])) == cp_fixnum(i));
    cp_unpin(cp, pins[3]);
    assert_true(cp_pinned(cp, pins[3]) == CP_UNSET);
    cp_unpin(cp, pins[3]); /* twice does no harm */
    assert_int_equal(cp->pin_count, MANY - 1);
    assert_int_equal(cp_pin(cp, CP_NIL), pins[3]);
    assert_true(cp_pinned(cp, pins[3]) == CP_NIL);
    assert_true(cp_pin(cp, CP_NIL) != pins[3]);
    assert_true(cp_pinned(cp, 0) == CP_UNSET);
    assert_true(cp_pinned(cp, 1000000) == CP_UNSET);
}

static void module_words_are_by_name(void **unused) {
    (void)unused;
    void **smtp = cp_module_state(cp, "Smtp"), **dns = cp_module_state(cp, "Dns");
    assert_null(*smtp);
    *smtp = &cp;
    assert_ptr_equal(cp_module_state(cp, "Smtp"), smtp);
    assert_ptr_not_equal(smtp, dns);
    assert_null(*dns);
}

int main(void) {
    mem_init();
    cp = builtin_context();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_text_is_same_word),
        cmocka_unit_test(flags_come_from_the_text),
        cmocka_unit_test(many_survive_growth_and_collection),
        cmocka_unit_test(finding_adds_nothing),
        cmocka_unit_test(a_walk_meets_each_once),
        cmocka_unit_test(known_names_are_the_scripts_names),
        cmocka_unit_test(pins_are_found_until_unpinned),
        cmocka_unit_test(module_words_are_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
