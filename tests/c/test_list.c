/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists, Arrays, Ranges, Enumerators and the built-in functions on them do what their docs say, and end on any shape.
 */
#include "data_doubles.h"
#include "interp/data/array.h"
#include "interp/data/list.h"

/* ---- the C interface ---- */

static void builder_and_length(void **state) {
    (void)state;
    cp_list_builder b = {0};
    assert_true(b.list == CP_NIL);
    for (int i = 0; i < 5; i++) cp_list_add(&b, fix(i));
    assert_shows(b.list, "(0 1 2 3 4)");
    assert_int_equal(cp_list_length(b.list), 5);
    assert_int_equal(cp_list_length(CP_NIL), 0);
    assert_shows(cp_list_reverse(b.list), "(4 3 2 1 0)");
    assert_shows(b.list, "(0 1 2 3 4)");
}

/* Every small shape of circle: the number of different cells is found, whatever the place of the marks. */
static void measure_counts_different_cells(void **state) {
    (void)state;
    for (int before = 0; before < 70; before++) {
        for (int cycle = 1; cycle < 70; cycle++) {
            size_t cells;
            assert_int_equal(list_measure(circular(before, cycle), &cells), LIST_CIRCULAR);
            assert_int_equal(cells, before + cycle);
        }
    }
    size_t cells;
    assert_int_equal(list_measure(cp_cons(fix(1), cp_cons(fix(2), fix(3))), &cells), LIST_IMPROPER);
    assert_int_equal(cells, 2);
    assert_int_equal(list_measure(numbers(MANY), &cells), LIST_PROPER);
    assert_int_equal(cells, MANY);
}

static void circular_lists_end_every_method(void **state) {
    (void)state;
    cp_value l = circular(3, 5);
    assert_throws(ask(l, "length"), 1, CP_BAD_ARGUMENT);
    assert_throws(ask(l, "reverse"), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "endCons", fix(1)), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "get", fix(1)), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "set", fix(1), fix(1)), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "member", fix(99)), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "find", fix(99)), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "findAux", fix(99)), 1, CP_BAD_ARGUMENT);
    assert_throws(function("length", l), 1, CP_BAD_ARGUMENT);
    assert_throws(function("reverse", l), 1, CP_BAD_ARGUMENT);
    assert_throws(function("join", l), 1, CP_BAD_ARGUMENT);
    assert_throws(make("HashTable", fix(1), l), 1, CP_BAD_ARGUMENT);
    assert_int_equal(cp_list_length(l), 8);
    assert_int_equal(cp_list_length(cp_list_reverse(l)), 8);
    assert_shows(l, "(0 1 2 3 4 5 6 7 ...)");
    assert_true(function("isEmpty", l) == CP_NIL);
}

static void improper_lists_lose_no_tail(void **state) {
    (void)state;
    cp_value l = cp_cons(fix(1), cp_cons(fix(2), fix(3)));
    assert_true(ask(l, "length") == fix(2));
    assert_throws(ask(l, "reverse"), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "endCons", fix(4)), 1, CP_BAD_ARGUMENT);
    assert_throws(send(l, "get", fix(2)), 1, CP_INDEX);
    assert_true(send(l, "member", fix(3)) == CP_NIL);
    assert_shows(l, "(1 2 . 3)");
    assert_throws(function("cons", fix(1), fix(2)), 1, CP_TYPE_MISMATCH);
    assert_throws(send(l, "replaceTail", fix(2)), 1, CP_TYPE_MISMATCH);
}

/* ---- methods ---- */

static void head_tail_cons(void **state) {
    (void)state;
    cp_value l = list(fix(1), str("four"), sym("five"));
    assert_shows(l, "(1 \"four\" five)");
    assert_true(ask(l, "head") == fix(1));
    assert_shows(ask(l, "tail"), "(\"four\" five)");
    assert_throws(ask(CP_NIL, "head"), 1, CP_INDEX);
    assert_true(ask(CP_NIL, "tail") == CP_NIL);
    cp_value longer = send(l, "cons", fix(0));
    assert_shows(longer, "(0 1 \"four\" five)");
    assert_true(cp_tail(longer) == l);
    assert_shows(send(CP_NIL, "cons", CP_NIL), "(())");
    assert_shows(make("List", fix(1), fix(2)), "(1 2)");
}

static void end_cons_works_in_place(void **state) {
    (void)state;
    cp_value l = list(fix(1));
    assert_true(send(l, "endCons", fix(2)) == l);
    assert_true(send(l, "endCons", fix(3)) == l);
    assert_shows(l, "(1 2 3)");
    cp_value fresh = send(CP_NIL, "endCons", fix(1));
    assert_shows(fresh, "(1)");
    assert_true(send(fresh, "endCons", fix(2)) == fresh);
}

static void get_set_member_count_from_0(void **state) {
    (void)state;
    cp_value l = list(fix(10), fix(11), fix(12));
    assert_true(send(l, "get", fix(0)) == fix(10));
    assert_true(send(l, "get", fix(2)) == fix(12));
    assert_throws(send(l, "get", fix(3)), 1, CP_INDEX);
    assert_throws(send(l, "get", fix(-1)), 1, CP_INDEX);
    assert_throws(send(CP_NIL, "get", fix(0)), 1, CP_INDEX);
    assert_throws(send(l, "get", cp_big_from_int64(cp, INT64_MAX)), 1, CP_INDEX);
    assert_true(send(l, "set", fix(1), str("x")) != CP_THROWN);
    assert_shows(l, "(10 \"x\" 12)");
    assert_throws(send(l, "set", fix(3), fix(0)), 1, CP_INDEX);
    assert_throws(send(CP_NIL, "set", fix(0), fix(0)), 1, CP_INDEX);
    assert_true(send(l, "member", str("x")) == fix(1));
    assert_true(send(l, "member", cp_real(12.0)) == fix(2));
    assert_true(send(l, "member", sym("x")) == CP_NIL);
}

static void find_reads_attributes(void **state) {
    (void)state;
    cp_value flat = list(sym("a"), sym("b"), sym("b"), fix(2), sym("c"));
    assert_true(send(flat, "find", sym("a")) == sym("b"));
    assert_true(send(flat, "find", sym("b")) == fix(2)); /* the value b in the first pair is no attribute */
    assert_true(send(flat, "find", sym("c")) == CP_NIL); /* has no value */
    assert_shows(send(flat, "findAux", sym("a")), "(b b 2 c)");
    send(send(flat, "findAux", sym("b")), "replaceHead", fix(7));
    assert_shows(flat, "(a b b 7 c)");
    cp_value pairs = list(list(str("To"), fix(1)), CP_NIL, fix(3), list(str("Cc")), cp_cons(str("Bcc"), fix(5)));
    assert_true(send(pairs, "find", str("To")) == fix(1));
    assert_true(send(pairs, "find", str("Cc")) == CP_NIL);
    assert_true(send(pairs, "find", str("Bcc")) == fix(5));
    assert_true(send(pairs, "find", str("From")) == CP_NIL);
    assert_shows(send(pairs, "findAux", str("Cc")), "((\"Cc\") (\"Bcc\" . 5))");
    assert_true(send(CP_NIL, "find", fix(1)) == CP_NIL);
}

static void replacing_in_place(void **state) {
    (void)state;
    cp_value l = list(fix(1), fix(2));
    assert_true(send(l, "replaceHead", fix(9)) == l);
    assert_true(send(l, "replaceTail", list(fix(8), fix(7))) == l);
    assert_shows(l, "(9 8 7)");
    send(l, "replaceTail", CP_NIL);
    assert_shows(l, "(9)");
    assert_throws(send(CP_NIL, "replaceHead", fix(1)), 1, CP_INDEX);
    assert_throws(send(CP_NIL, "replaceTail", CP_NIL), 1, CP_INDEX);
    send(l, "replaceTail", l);
    assert_throws(ask(l, "length"), 1, CP_BAD_ARGUMENT);
}

/* ---- Arrays ---- */

static cp_value longer_first(cp_context *context, cp_value self, const cp_value *arguments, int count) {
    (void)context, (void)self, (void)count;
    return cp_fixnum((int64_t)cp_string_size(arguments[1]) - (int64_t)cp_string_size(arguments[0]));
}
static cp_value throws_at_3(cp_context *context, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    if (arguments[0] == fix(3)) return cp_throw(context, 1, CP_RUNTIME, "no threes");
    return arguments[0] < arguments[1] ? context->known.sym_true : CP_NIL;
}
static cp_value always(cp_context *context, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count, (void)arguments;
    return context->known.sym_true;
}
static const cp_function_def comparators[] = {
    {"longerFirst", "Integer", "(a b)", longer_first, ""},
    {"throwsAt3", "Object", "(a b)", throws_at_3, ""},
    {"always", "Object", "(a b)", always, ""},
};

static cp_value array_from(cp_value l) {
    cp_value array = cp_array_n(cp, cp_list_length(l), CP_NIL);
    size_t count;
    cp_value *items = cp_array_items(array, &count);
    for (size_t i = 0; i < count; i++, l = cp_tail(l)) items[i] = cp_head(l);
    return array;
}

static void arrays(void **state) {
    (void)state;
    cp_value a = make("Array", fix(3), str("x"));
    assert_shows(a, "<Array \"x\" \"x\" \"x\">");
    assert_true(ask(a, "length") == fix(3));
    assert_true(send(a, "set", fix(1), fix(5)) == fix(5));
    assert_true(send(a, "get", fix(1)) == fix(5));
    assert_throws(send(a, "get", fix(3)), 1, CP_INDEX);
    assert_throws(send(a, "set", fix(-1), fix(0)), 1, CP_INDEX);
    assert_shows(ask(a, "list"), "(\"x\" 5 \"x\")");
    assert_true(send(a, "fill", fix(0)) == a);
    assert_shows(a, "<Array 0 0 0>");
    assert_shows(make("Array", fix(0)), "<Array>");
    assert_throws(make("Array", fix(-1)), 1, CP_BAD_ARGUMENT);
    assert_throws(make("Array", fix(CP_FIXNUM_MAX)), 1, CP_RUNTIME);
    assert_throws(make("Array", fix((int64_t)1 << 50)), 1, CP_RUNTIME);
}

static void sorting(void **state) {
    (void)state;
    cp_value f = function_new_native(cp, &comparators[0], NULL);
    cp_value a = array_from(list(fix(3), cp_real(0.5), fix(-2), fix(1), cp_real(2.5)));
    assert_shows(ask(a, "sort"), "<Array -2 0.5 1 2.5 3>");
    assert_shows(ask(array_from(list(str("b"), sym("a"), str(""), str("ab"))), "sort"), "<Array \"\" a \"ab\" \"b\">");
    assert_throws(ask(array_from(list(fix(1), str("a"))), "sort"), 1, CP_TYPE_MISMATCH);
    a = array_from(list(str("a"), str("bb"), str("c"), str("dd"), str("eee"), str("f")));
    assert_shows(send(a, "sort", f), "<Array \"eee\" \"bb\" \"dd\" \"a\" \"c\" \"f\">"); /* stable */
    a = array_from(list(fix(5), fix(3), fix(4), fix(1)));
    assert_throws(send(a, "sort", function_new_native(cp, &comparators[1], NULL)), 1, CP_RUNTIME);
    assert_shows(a, "<Array 5 3 4 1>");
    send(a, "sort", function_new_native(cp, &comparators[2], NULL)); /* lies */
    ask(a, "sort");
    assert_shows(a, "<Array 1 3 4 5>");
}

/* All sizes around the powers of two, against the order the C library finds. */
static int by_value(const void *a, const void *b) {
    int64_t x = cp_fixnum_value(*(const cp_value *)a), y = cp_fixnum_value(*(const cp_value *)b);
    return (x > y) - (x < y);
}
static void sorting_sizes(void **state) {
    (void)state;
    uint32_t random = 12345;
    for (size_t count = 0; count < 300; count++) {
        cp_value items[300], expected[300];
        for (size_t i = 0; i < count; i++) {
            random = random * 1664525 + 1013904223;
            items[i] = expected[i] = fix((int64_t)(random >> 24) - 100);
        }
        qsort(expected, count, sizeof expected[0], by_value);
        assert_true(sort_values(cp, items, count, CP_NIL) == CP_NIL);
        assert_memory_equal(items, expected, count * sizeof items[0]);
    }
}

/* ---- functions, Ranges, Enumerators, References ---- */

static void functions(void **state) {
    (void)state;
    assert_shows(function("cons", fix(1), CP_NIL), "(1)");
    assert_throws(function("headOf", CP_NIL), 1, CP_INDEX);
    assert_throws(function("headOf", fix(1)), 1, CP_TYPE_MISMATCH);
    assert_true(function("tailOf", CP_NIL) == CP_NIL);
    assert_true(function("headOf", list(fix(4))) == fix(4));
    assert_shows(function("list", fix(1), CP_NIL), "(1 ())");
    assert_true(function("length", str("gr\xC3\xBC\xC3\x9F")) == fix(4));
    assert_true(function("length", CP_NIL) == fix(0));
    assert_throws(function("length", fix(1)), 1, CP_TYPE_MISMATCH);
    assert_shows(function("reverse", str("gr\xC3\xBC\xC3\x9F\xFF")), "\"\xFF\xC3\x9F\xC3\xBCrg\"");
    assert_shows(function("reverse", numbers(3)), "(2 1 0)");
    assert_shows(function("reverse", cp_binary_n(cp, "\1\2\3\4", 4)), "0x\"04030201\"");
    assert_shows(function("reverse", array_from(numbers(3))), "<Array 2 1 0>");
    assert_shows(function("join", list(str("a"), fix(1), sym("b"), CP_NIL)), "\"a1b()\"");
    assert_shows(function("join", list(str("a"), list(str("b"))), str(", ")), "\"a, (\\\"b\\\")\"");
    assert_shows(function("join", CP_NIL, str(", ")), "\"\"");
    assert_throws(function("join", fix(3)), 1, CP_TYPE_MISMATCH);
    assert_throws(function("join", numbers(2), fix(3)), 1, CP_TYPE_MISMATCH);
    cp_value empty[] = {CP_NIL, str(""), cp_binary_n(cp, "", 0), cp_table(cp), cp_array_n(cp, 0, CP_NIL)};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
        assert_true(function("isEmpty", empty[i]) == sym("true"));
    assert_true(function("isEmpty", str("x")) == CP_NIL);
}

static void scrambling(void **state) {
    (void)state;
    const char *texts[] = {"", "a", "secret", "\xFF\x80 p\xC3\xA4ssword",
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cp_value hidden = function("scramble", str(texts[i]));
        assert_true(hidden != CP_THROWN);
        if (i > 1) assert_null(strstr(cp_text_z(cp, hidden), texts[i]));
        for (const char *c = cp_text_z(cp, hidden); *c; c++) assert_true(*c > ' ' && *c < 127);
        assert_true(cp_equal(cp, function("unscramble", hidden), str(texts[i])));
    }
    assert_shows(function("scramble", str("secret")),
                 "\"1np7b1ZZ\""); /* files made by one version are read by the next */
    assert_throws(function("unscramble", str("not base64!")), 1, CP_BAD_ARGUMENT);
}

static void ranges(void **state) {
    (void)state;
    assert_shows(ask(function("range", fix(4)), "list"), "(0 1 2 3)");
    assert_shows(ask(function("range", fix(2), fix(5)), "list"), "(2 3 4)");
    assert_shows(ask(function("range", fix(5), fix(0), fix(-2)), "list"), "(5 3 1)");
    assert_shows(ask(function("range", fix(0), fix(1), cp_real(0.25)), "list"), "(0.0 0.25 0.5 0.75)");
    assert_true(ask(function("range", fix(5), fix(2)), "list") == CP_NIL);
    assert_throws(function("range", fix(1), fix(2), fix(0)), 1, CP_BAD_ARGUMENT);
    assert_throws(function("range", cp_real(1), cp_real(2), cp_real(0)), 1, CP_BAD_ARGUMENT);
    assert_throws(function("range", cp_real(0), cp_real(1.0 / 0.0)), 1, CP_BAD_ARGUMENT);
    assert_throws(function("range", cp_real(0.0 / 0.0)), 1, CP_BAD_ARGUMENT);
    cp_value huge = function("range", cp_integer(cp, INT64_MIN + 1), cp_integer(cp, INT64_MAX), fix(2));
    assert_true(cp_equal(cp, ask(huge, "length"), cp_integer(cp, INT64_MAX)));
    assert_true(cp_equal(cp, send(huge, "get", cp_integer(cp, INT64_MAX - 1)), cp_integer(cp, INT64_MAX - 2)));
    assert_throws(function("range", cp_integer(cp, INT64_MIN), cp_integer(cp, INT64_MAX)), 1, CP_BAD_ARGUMENT);
    assert_throws(ask(function("range", fix((int64_t)1 << 60)), "list"), 1, CP_RUNTIME);
    cp_value r = function("range", fix(0), fix(10), fix(3));
    assert_true(send(r, "get", fix(3)) == fix(9));
    assert_throws(send(r, "get", fix(4)), 1, CP_INDEX);
    assert_shows(r, "(range 0 10 3)");
    assert_true(cp_equal(cp, r, function("range", fix(0), fix(12), fix(3))));
    assert_int_equal(cp_hash(cp, r), cp_hash(cp, function("range", fix(0), fix(12), fix(3))));
    assert_false(cp_equal(cp, r, function("range", fix(0), fix(10), fix(4))));
    assert_true(ask(r, "start") == fix(0) && ask(r, "end") == fix(10) && ask(r, "step") == fix(3));
}

/* The items of any sequence as text. */
static const char *walk(cp_value sequence) {
    cp_iterator iterator;
    cp_list_builder items = {0};
    assert_true(cp_iterate(cp, &iterator, sequence) == CP_NIL);
    for (cp_value item; (item = cp_next(cp, &iterator)) != CP_DONE;) {
        assert_true(item != CP_THROWN);
        cp_list_add(&items, item);
    }
    return source(items.list);
}

static void iterating(void **state) {
    (void)state;
    assert_string_equal(walk(CP_NIL), "()");
    assert_string_equal(walk(list(fix(1), CP_NIL, fix(3))), "(1 () 3)");
    assert_string_equal(walk(array_from(list(fix(1), CP_NIL))), "(1 ())");
    assert_string_equal(walk(str("a\xC3\xA4\xFF")), "(\"a\" \"\xC3\xA4\" \"\xFF\")");
    assert_string_equal(walk(cp_binary_n(cp, "\x01\xFF", 2)), "(1 255)");
    assert_string_equal(walk(function("range", fix(3))), "(0 1 2)");
    assert_string_equal(walk(make("Enumerator", numbers(3))), "(0 1 2)");
    assert_string_equal(walk(numbers(0)), "()");
    cp_iterator iterator;
    assert_throws(cp_iterate(cp, &iterator, fix(1)), 1, CP_TYPE_MISMATCH);
    assert_true(cp_iterate(cp, &iterator, circular(5, 7)) == CP_NIL);
    cp_value item;
    int given = 0;
    while ((item = cp_next(cp, &iterator)) != CP_THROWN && given < 1000) given++;
    assert_throws(item, 1, CP_BAD_ARGUMENT);
    assert_true(given >= 12);
}

static void enumerators(void **state) {
    (void)state;
    cp_value e = make("Enumerator", list(fix(7), CP_NIL, fix(9)));
    assert_true(ask(e, "length") == fix(3));
    assert_true(ask(e, "current") == fix(7));
    assert_true(ask(e, "forward") == sym("ok"));
    assert_true(ask(e, "current") == CP_NIL && ask(e, "finished") == CP_NIL);
    assert_true(ask(e, "next") == CP_NIL);
    assert_true(ask(e, "next") == fix(9));
    assert_true(ask(e, "finished") == sym("true"));
    assert_true(ask(e, "next") == CP_NIL && ask(e, "forward") == CP_NIL && ask(e, "current") == CP_NIL);
    ask(e, "reset");
    assert_true(ask(e, "current") == fix(7));
    cp_value outer = make("Enumerator", e); /* shares the cursor, and resets it */
    assert_true(ask(outer, "next") == fix(7) && ask(outer, "length") == fix(3));
    ask(outer, "reset");
    assert_true(ask(outer, "next") == fix(7));
    assert_throws(make("Enumerator", fix(1)), 1, CP_TYPE_MISMATCH);
    for (int i = 0; i < 200000; i++) e = make("Enumerator", e); /* a chain deeper than the C stack */
    assert_true(ask(e, "length") == fix(3));
    assert_throws(ask(e, "next"), 1, CP_RUNTIME);
    assert_throws(ask(e, "reset"), 1, CP_RUNTIME);
}

static void references(void **state) {
    (void)state;
    cp_value r = make("Reference", str("x"));
    assert_shows(ask(r, "contents"), "\"x\"");
    assert_shows(ask(r, "contentType"), "\"String\"");
    send(r, "contents", CP_NIL);
    assert_shows(ask(r, "contentType"), "\"List\"");
    assert_shows(r, "<Reference ()>");
    send(r, "contents", r);
    assert_true(strstr(source(r), "...") != NULL);
    assert_false(cp_equal(cp, r, make("Reference", r)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builder_and_length),
        cmocka_unit_test(measure_counts_different_cells),
        cmocka_unit_test(circular_lists_end_every_method),
        cmocka_unit_test(improper_lists_lose_no_tail),
        cmocka_unit_test(head_tail_cons),
        cmocka_unit_test(end_cons_works_in_place),
        cmocka_unit_test(get_set_member_count_from_0),
        cmocka_unit_test(find_reads_attributes),
        cmocka_unit_test(replacing_in_place),
        cmocka_unit_test(arrays),
        cmocka_unit_test(sorting),
        cmocka_unit_test(sorting_sizes),
        cmocka_unit_test(functions),
        cmocka_unit_test(scrambling),
        cmocka_unit_test(ranges),
        cmocka_unit_test(iterating),
        cmocka_unit_test(enumerators),
        cmocka_unit_test(references),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
