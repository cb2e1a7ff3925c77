/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Equality is what equal.h says, equal values have equal hashes, and no structure makes either hang or overflow. */
#include "data_doubles.h"
#include "interp/data/array.h"

static void same(cp_value a, cp_value b) {
    assert_true(cp_equal(cp, a, b));
    assert_true(cp_equal(cp, b, a));
    assert_int_equal(cp_hash(cp, a), cp_hash(cp, b));
}
static void different(cp_value a, cp_value b) {
    assert_false(cp_equal(cp, a, b));
    assert_false(cp_equal(cp, b, a));
}

static void numbers_by_value(void **state) {
    (void)state;
    same(fix(1), cp_real(1.0));
    same(fix(0), cp_real(-0.0));
    same(cp_integer(cp, INT64_MAX), cp_integer(cp, INT64_MAX));
    same(cp_integer(cp, INT64_MIN), cp_real(-0x1p63));
    same(cp_real(1e300), cp_real(1e300));
    different(cp_integer(cp, INT64_MAX), cp_real(0x1p63)); /* the nearest double, but not the same */
    different(fix(((int64_t)1 << 53) + 1), cp_real(0x1p53));
    different(fix(1), fix(2));
    different(fix(1), str("1"));
    different(fix(0), CP_NIL);
    different(cp_real(0.0 / 0.0), cp_real(0.0 / 0.0));
}

static void text_by_content(void **state) {
    (void)state;
    same(str("gr\xC3\xBCn"), str("gr\xC3\xBCn"));
    same(str(""), str(""));
    different(str("a"), str("b"));
    different(str("a"), str("a "));
    different(str("a"), sym("a"));
    different(str("a"), cp_binary_n(cp, "a", 1));
    same(cp_binary_n(cp, "\0a", 2), cp_binary_n(cp, "\0a", 2));
    different(cp_binary_n(cp, "\0a", 2), cp_binary_n(cp, "\0b", 2));
    same(sym("a"), sym("a"));
    different(sym("a"), sym("b"));
    different(str(""), CP_NIL);
}

static void lists_item_by_item(void **state) {
    (void)state;
    same(list(fix(1), list(str("a"), CP_NIL)), list(cp_real(1), list(str("a"), CP_NIL)));
    different(list(fix(1)), list(fix(1), fix(2)));
    different(list(fix(1)), CP_NIL);
    different(list(CP_NIL), CP_NIL);
    different(list(list(fix(1))), list(fix(1)));
    same(cp_cons(fix(1), fix(2)), cp_cons(fix(1), fix(2)));
    different(cp_cons(fix(1), fix(2)), cp_cons(fix(1), fix(3)));
    different(cp_cons(fix(1), fix(2)), list(fix(1), fix(2)));
    same(numbers(MANY), numbers(MANY));
    cp_value a = numbers(MANY);
    cp_cell_of(last_cell(a))->head = fix(-1);
    different(a, numbers(MANY));
    cp_value x = cp_array_n(cp, 2, fix(1)), y = cp_array_n(cp, 2, cp_real(1));
    same(x, y);
    different(x, list(fix(1), fix(1)));
    different(x, cp_array_n(cp, 3, fix(1)));
    array_of(y)->items[1] = fix(2);
    different(x, y);
    different(list(fix(1), x, fix(2)), list(fix(1), y, fix(2)));
    same(list(fix(1), x, fix(2)), list(fix(1), cp_array_n(cp, 2, fix(1)), fix(2)));
}

static void tables_in_any_order(void **state) {
    (void)state;
    cp_value a = make("HashTable", list(sym("a"), fix(1), sym("b"), list(fix(2))));
    cp_value b = make("HashTable", list(sym("b"), list(fix(2)), sym("a"), fix(1)));
    same(a, b);
    same(list(a, fix(1)), list(b, fix(1)));
    send(b, "set", sym("a"), fix(2));
    different(a, b);
    send(b, "remove", sym("a"));
    send(b, "set", sym("c"), fix(1));
    different(a, b);
    different(a, cp_table(cp));
    same(cp_table(cp), cp_table(cp));
}

static void objects(void **state) {
    (void)state;
    different(make("Reference", fix(1)), make("Reference", fix(1)));
    cp_value r = make("Reference", fix(1));
    same(r, r);
    cp_value e = cp_error_new(cp, 1, 1, str("x"));
    same(e, e);
    different(e, cp_error_new(cp, 1, 1, str("x")));
    same(function("range", fix(3)), function("range", fix(0), fix(3)));
    different(function("range", fix(3)), function("range", fix(1), fix(3)));
    different(function("range", fix(3)), fix(3));
}

static void circles(void **state) {
    (void)state;
    same(circular(0, 3), circular(0, 3));
    same(circular(5, 1), circular(5, 1));
    different(circular(0, 3), circular(0, 4));
    different(circular(0, 3), numbers(3));
    cp_value ones = list(fix(1)), two_ones = list(fix(1), fix(1));
    cp_cell_of(ones)->tail = ones;
    cp_cell_of(cp_tail(two_ones))->tail = two_ones;
    same(ones, two_ones); /* no walk finds a difference */
    cp_value a = list(fix(1), CP_NIL), b = list(fix(1), CP_NIL), c = list(fix(1), list(fix(2), CP_NIL));
    cp_cell_of(cp_tail(a))->head = a;
    cp_cell_of(cp_tail(b))->head = b;
    cp_cell_of(cp_tail(cp_head(cp_tail(c))))->head = c;
    same(a, b);
    different(a, c);
    cp_value x = cp_array_n(cp, 3, CP_NIL), y = cp_array_n(cp, 3, CP_NIL);
    for (int i = 0; i < 3; i++) array_of(x)->items[i] = x, array_of(y)->items[i] = y;
    same(x, y);
    array_of(y)->items[2] = fix(1);
    different(x, y);
    cp_value t = cp_table(cp), u = cp_table(cp);
    cp_table_set(cp, t, fix(1), t);
    cp_table_set(cp, u, fix(1), u);
    same(t, u);
    /* circles of 5,000 and 4,999 ones: about 10,000 steps, not their product */
    cp_value many = list(fix(1)), fewer = list(fix(1));
    for (int i = 1; i < 5000; i++) many = cp_cons(fix(1), many);
    for (int i = 1; i < 4999; i++) fewer = cp_cons(fix(1), fewer);
    cp_cell_of(last_cell(many))->tail = many;
    cp_cell_of(last_cell(fewer))->tail = fewer;
    same(many, fewer);
}

static cp_value nested(int depth, bool in_tail) {
    cp_value v = list(fix(1));
    while (depth-- > 0) v = in_tail ? list(fix(1), v) : list(v, fix(1));
    return v;
}

/* 2^60 paths through 61 Lists. */
static cp_value shared(int depth, cp_value end) {
    cp_value v = end;
    while (depth-- > 0) v = list(v, v);
    return v;
}

static void depth_and_sharing(void **state) {
    (void)state;
    same(nested(MANY, false), nested(MANY, false));
    same(nested(MANY, true), nested(MANY, true));
    different(nested(MANY, false), nested(MANY + 1, false));
    same(shared(60, fix(1)), shared(60, fix(1)));
    same(shared(200, fix(1)), shared(200, fix(1)));
    different(shared(60, fix(1)), shared(60, fix(2)));
}

/* Tables as keys of tables are the one thing that recurses in C. */
static void tables_as_keys_end(void **state) {
    (void)state;
    cp_value t = cp_table(cp), u = cp_table(cp);
    cp_table_set(cp, t, t, fix(1));
    cp_table_set(cp, u, u, fix(1));
    assert_false(cp_equal(cp, t, u));
    assert_true(cp->error == CP_NIL);
    cp_value a = cp_table(cp), b = cp_table(cp);
    for (int i = 0; i < MANY / 3; i++) {
        cp_value x = cp_table(cp), y = cp_table(cp);
        cp_table_set(cp, x, a, fix(1));
        cp_table_set(cp, y, b, fix(1));
        a = x;
        b = y;
    }
    cp_equal(cp, a, b);
    assert_true(cp->error == CP_NIL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_by_value),
        cmocka_unit_test(text_by_content),
        cmocka_unit_test(lists_item_by_item),
        cmocka_unit_test(tables_in_any_order),
        cmocka_unit_test(objects),
        cmocka_unit_test(circles),
        cmocka_unit_test(depth_and_sharing),
        cmocka_unit_test(tables_as_keys_end),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
