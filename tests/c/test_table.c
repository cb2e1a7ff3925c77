/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HashTables find what was put in, keep its order, and stay whole whatever is done during a walk. */
#include "data_doubles.h"
#include "interp/data/table.h"

static void set_get_remove(void **state) {
    (void)state;
    cp_value t = cp_table(cp);
    assert_true(cp_table_get(cp, t, fix(1)) == CP_UNSET);
    assert_false(cp_table_remove(cp, t, fix(1)));
    assert_true(cp_table_set(cp, t, fix(1), str("one")) != CP_THROWN);
    assert_true(cp_table_set(cp, t, CP_NIL, fix(0)) == fix(0));
    assert_true(cp_table_get(cp, t, CP_NIL) == fix(0));
    assert_int_equal(cp_table_count(t), 2);
    cp_table_set(cp, t, fix(1), fix(11));
    assert_int_equal(cp_table_count(t), 2);
    assert_shows(t, "{1 11 () 0}");
    assert_true(cp_table_remove(cp, t, fix(1)));
    assert_true(cp_table_get(cp, t, fix(1)) == CP_UNSET);
    cp_table_set(cp, t, fix(1), fix(12));
    assert_shows(t, "{() 0 1 12}");
}

static void keys_of_every_kind(void **state) {
    (void)state;
    cp_value t = cp_table(cp);
    cp_value big = cp_big_from_int64(cp, INT64_MAX);
    cp_table_set(cp, t, str("a"), fix(1));
    cp_table_set(cp, t, sym("a"), fix(2));
    cp_table_set(cp, t, cp_binary_n(cp, "a", 1), fix(3));
    cp_table_set(cp, t, list(str("a"), fix(1)), fix(4));
    cp_table_set(cp, t, fix(5), fix(5));
    cp_table_set(cp, t, cp_real(5.5), fix(6));
    cp_table_set(cp, t, big, fix(7));
    cp_table_set(cp, t, t, fix(8)); /* itself */
    assert_int_equal(cp_table_count(t), 8);
    assert_true(cp_table_get(cp, t, str("a")) == fix(1));
    assert_true(cp_table_get(cp, t, sym("a")) == fix(2));
    assert_true(cp_table_get(cp, t, cp_binary_n(cp, "a", 1)) == fix(3));
    assert_true(cp_table_get(cp, t, list(str("a"), cp_real(1))) == fix(4));
    assert_true(cp_table_get(cp, t, cp_real(5)) == fix(5));
    assert_true(cp_table_get(cp, t, cp_real(5.5)) == fix(6));
    assert_true(cp_table_get(cp, t, cp_big_from_int64(cp, INT64_MAX)) == fix(7));
    cp_table_set(cp, t, cp_real(0.0 / 0.0), fix(9));
    assert_int_equal(cp_table_count(t), 9);
}

/* Against a plain array, through growth, removal and the compaction that follows. */
static void random_operations(void **state) {
    (void)state;
    enum { KEYS = 500 };
    int64_t expected[KEYS];
    for (int i = 0; i < KEYS; i++) expected[i] = -1;
    cp_value t = cp_table(cp);
    uint32_t random = 99;
    size_t count = 0;
    for (int step = 0; step < 60000; step++) {
        random = random * 1664525 + 1013904223;
        int key = (int)(random >> 8) % KEYS;
        if (step / 10000 % 2 ? (random >> 28) < 12 : (random >> 28) < 4) { /* phases that shrink and that grow */
            assert_int_equal(cp_table_remove(cp, t, fix(key * 1024)), expected[key] >= 0);
            count -= expected[key] >= 0;
            expected[key] = -1;
        } else {
            cp_table_set(cp, t, fix(key * 1024), fix(step));
            count += expected[key] < 0;
            expected[key] = step;
        }
        assert_int_equal(cp_table_count(t), count);
    }
    for (int i = 0; i < KEYS; i++)
        assert_true(cp_table_get(cp, t, fix(i * 1024)) == (expected[i] < 0 ? CP_UNSET : fix(expected[i])));
    size_t position = 0, seen = 0;
    cp_value key, value;
    while (cp_table_next(t, &position, &key, &value)) {
        assert_true(value == fix(expected[cp_fixnum_value(key) / 1024]));
        seen++;
    }
    assert_int_equal(seen, count);
}

static void order_is_of_insertion(void **state) {
    (void)state;
    cp_value t = cp_table(cp);
    for (int i = 0; i < 1000; i++) cp_table_set(cp, t, fix((i * 7919) % 1009), fix(i));
    for (int i = 0; i < 1000; i += 2) cp_table_remove(cp, t, fix((i * 7919) % 1009));
    for (int i = 1000; i < 1009; i++) cp_table_set(cp, t, fix((i * 7919) % 1009), fix(i));
    cp_value values = ask(t, "values");
    assert_int_equal(cp_list_length(values), 509);
    for (cp_value rest = values; cp_tail(rest) != CP_NIL; rest = cp_tail(rest))
        assert_true(cp_fixnum_value(cp_head(rest)) < cp_fixnum_value(cp_head(cp_tail(rest))));
}

/* Used as a queue, a table must not grow: removed entries give their room back. */
static void a_queue_stays_small(void **state) {
    (void)state;
    cp_value t = cp_table(cp);
    for (int i = 0; i < 100000; i++) {
        cp_table_set(cp, t, fix(i), fix(i));
        if (i >= 10) assert_true(cp_table_remove(cp, t, fix(i - 10)));
    }
    assert_int_equal(cp_table_count(t), 10);
    assert_true(table_of(t)->block->capacity <= 64);
}

/* A walk meets every entry there was at its beginning and not removed, and ends although entries are added at each. */
static void changes_during_a_walk(void **state) {
    (void)state;
    cp_value t = cp_table(cp);
    for (int i = 0; i < 20; i++) cp_table_set(cp, t, fix(i), fix(i));
    for (int i = 0; i < 10; i++) cp_table_remove(cp, t, fix(i)); /* gaps that growing closes */
    cp_iterator iterator;
    cp_iterate(cp, &iterator, t);
    int64_t expected = 10, added = 1000;
    cp_value key;
    int turns = 0;
    while ((key = cp_next(cp, &iterator)) != CP_DONE) {
        if (cp_fixnum_value(key) < 1000) assert_true(key == fix(expected++));
        for (int i = 0; i < 5; i++, added++) cp_table_set(cp, t, fix(added), fix(0));
        assert_true(++turns < 1000);
    }
    assert_int_equal(expected, 20);

    cp_iterate(cp, &iterator, t);
    assert_true(cp_next(cp, &iterator) == fix(10));
    cp_table_remove(cp, t, fix(11));
    assert_true(cp_next(cp, &iterator) == fix(12));
    ask(t, "clear");
    assert_int_equal(cp_table_count(t), 0);
    assert_shows(t, "{}");
    cp_table_set(cp, t, fix(1), fix(1));
    assert_shows(t, "{1 1}");
}

static cp_value seen;
static cp_value see(cp_context *context, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    seen = cp_cons(cp_cons(arguments[0], arguments[1]), seen);
    return arguments[0] == fix(3) ? cp_throw(context, 1, CP_RUNTIME, "enough") : CP_NIL;
}
static const cp_function_def see_definition = {"see", "Object", "(key value)", see, ""};

static void methods(void **state) {
    (void)state;
    cp_value t = make("HashTable", fix(100), list(list(sym("a"), fix(1)), list(sym("b"), CP_NIL)));
    assert_true(ask(t, "chains") == fix(128));
    assert_shows(t, "{a 1 b ()}");
    assert_shows(make("HashTable", list(sym("a"), fix(1), sym("b"), fix(2))), "{a 1 b 2}");
    assert_shows(make("HashTable", CP_NIL), "{}");
    assert_true(ask(make("HashTable", CP_NIL), "chains") == fix(16));
    assert_throws(make("HashTable", list(sym("a"), fix(1), sym("b"))), 1, CP_BAD_ARGUMENT);
    assert_throws(make("HashTable", list(list(sym("a"), fix(1)), list(sym("b")))), 1, CP_BAD_ARGUMENT);
    assert_throws(make("HashTable", list(list(sym("a"), fix(1), fix(2)))), 1, CP_BAD_ARGUMENT);
    assert_throws(make("HashTable", list(fix(1), fix(2)), list(fix(1), fix(2))), 1, CP_BAD_ARGUMENT);
    assert_throws(make("HashTable", fix(0)), 1, CP_BAD_ARGUMENT);
    assert_throws(make("HashTable", fix((int64_t)1 << 40)), 1, CP_BAD_ARGUMENT);
    assert_true(send(t, "get", sym("a")) == fix(1));
    assert_true(send(t, "get", sym("z")) == CP_NIL);
    assert_true(send(t, "get", sym("z"), fix(9)) == fix(9));
    assert_true(send(t, "get", sym("b"), fix(9)) == CP_NIL);
    assert_true(send(t, "has", sym("b")) == sym("true") && send(t, "has", sym("z")) == CP_NIL);
    assert_true(send(t, "set", sym("c"), fix(3)) == fix(3));
    assert_shows(ask(t, "keys"), "(a b c)");
    assert_shows(ask(t, "values"), "(1 () 3)");
    assert_shows(ask(t, "list"), "((a 1) (b ()) (c 3))");
    assert_true(ask(t, "count") == fix(3) && ask(t, "length") == fix(3));
    assert_true(send(t, "remove", sym("a")) == sym("ok") && send(t, "remove", sym("a")) == CP_NIL);
    assert_true(send(t, "resize", fix(1000)) == CP_NIL);
    assert_true(ask(t, "chains") == fix(1024));
    assert_throws(send(t, "chains", fix(-1)), 1, CP_BAD_ARGUMENT);
    assert_shows(t, "{b () c 3}");
    cp_value f = function_new_native(cp, &see_definition, NULL);
    assert_true(send(t, "each", f) == CP_NIL);
    assert_shows(seen, "((c . 3) (b))");
    send(t, "set", fix(3), fix(3));
    assert_throws(send(t, "each", f), 1, CP_RUNTIME);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_get_remove),
        cmocka_unit_test(keys_of_every_kind),
        cmocka_unit_test(random_operations),
        cmocka_unit_test(order_is_of_insertion),
        cmocka_unit_test(a_queue_stays_small),
        cmocka_unit_test(changes_during_a_walk),
        cmocka_unit_test(methods),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
