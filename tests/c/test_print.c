/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values print as print.h says: what can read back does, and what is circular, deep or huge ends. */
#include "data_doubles.h"
#include "interp/data/print.h"

/* Bare, as `print` shows it. */
static const char *bare(cp_value v) {
    cp_value text = cp_to_string(cp, v);
    assert_true(cp_is_string(text));
    return cp_text_z(cp, text);
}

static void atoms(void **state) {
    (void)state;
    assert_shows(CP_NIL, "()");
    assert_shows(fix(0), "0");
    assert_shows(fix(-42), "-42");
    assert_shows(fix(CP_FIXNUM_MIN), "-4611686018427387904");
    assert_shows(fix(CP_FIXNUM_MAX), "4611686018427387903");
    assert_shows(cp_big_from_int64(cp, INT64_MIN), "-9223372036854775808");
    assert_shows(cp_real(33), "33.0");
    assert_shows(cp_real(0.1), "0.1");
    assert_shows(sym("five"), "five");
    assert_shows(sym("two words"), "two words");
    assert_shows(cp_binary_n(cp, "\xA1\x02", 2), "0x\"A102\"");
    assert_shows(cp_binary_n(cp, "", 0), "0x\"\"");
    assert_shows(list(fix(1), str("four"), sym("five"), cp_binary_n(cp, "\6", 1)), "(1 \"four\" five 0x\"06\")");
}

static void strings(void **state) {
    (void)state;
    cp_value s = str("a\"b\\\n\t\r\033\x01\x7F");
    assert_string_equal(bare(s), "a\"b\\\n\t\r\033\x01\x7F");
    assert_true(cp_to_string(cp, s) == s);
    assert_shows(s, "\"a\\\"b\\\\\\n\\t\\r\\e\\u{1}\\u{7F}\"");
    assert_shows(cp_string_n(cp, "a\0b", 3), "\"a\\0b\"");
    assert_shows(str("gr\xC3\xBCn \xE2\x82\xAC"), "\"gr\xC3\xBCn \xE2\x82\xAC\"");
    assert_shows(str("\xE2\x80\xAE\xC2\x9B"), "\"\\u{202E}\\u{9B}\""); /* would turn or command a terminal */
    assert_shows(str("\xFF"), "\"\xFF\"");
    assert_string_equal(bare(list(s)), "(\"a\\\"b\\\\\\n\\t\\r\\e\\u{1}\\u{7F}\")");
    assert_string_equal(bare(sym("x")), "x");
    assert_shows(str(""), "\"\"");
}

static cp_value dot(cp_value object, const char *name) { return list(sym("."), object, sym(name)); }

static void forms(void **state) {
    (void)state;
    assert_shows(list(sym("quote"), sym("x")), "(quote x)");
    assert_shows(dot(sym("a"), "b"), "a.b");
    assert_shows(dot(dot(sym("a"), "b"), "c"), "a.b.c");
    assert_shows(list(dot(sym("stack"), "send"), sym("m")), "(stack.send m)");
    assert_shows(dot(str("Hello"), "symbol"), "\"Hello\".symbol");
    assert_shows(dot(list(sym("list"), fix(1)), "length"), "(list 1).length");
    assert_shows(dot(sym("::x"), "y"), "::x.y");
    /* would not read back with a dot */
    assert_shows(dot(fix(5), "e3"), "(. 5 e3)");
    assert_shows(dot(dot(fix(5), "x"), "y"), "(. (. 5 x) y)");
    assert_shows(dot(sym("a b"), "c"), "(. a b c)");
    assert_shows(dot(sym("a"), "b.c"), "(. a b.c)");
    assert_shows(dot(sym("key:"), "b"), "(. key: b)");
    assert_shows(dot(sym("1a"), "b"), "(. 1a b)");
    assert_shows(dot(CP_NIL, "b"), "(. () b)");
    assert_shows(list(sym("."), sym("a")), "(. a)");
    assert_shows(list(sym("."), sym("a"), sym("b"), sym("c")), "(. a b c)");
    assert_shows(list(sym("."), sym("a"), fix(1)), "(. a 1)");
    assert_shows(list(sym("%list"), fix(1), sym("x")), "[1 x]");
    assert_shows(list(sym("%list")), "[]");
    assert_shows(list(sym("%table"), sym("k"), list(sym("%list"))), "{k []}");
    assert_shows(dot(list(sym("%list"), fix(1)), "length"), "(. [1] length)");
    assert_shows(cp_cons(sym("a"), sym("b")), "(a . b)");
}

static void structures(void **state) {
    (void)state;
    cp_value t = make("HashTable", list(sym("k"), str("v"), fix(1), list(fix(2))));
    assert_shows(t, "{k \"v\" 1 (2)}");
    assert_string_equal(bare(t), "{k \"v\" 1 (2)}");
    assert_shows(cp_table(cp), "{}");
    cp_value a = cp_array_n(cp, 2, str("x"));
    assert_string_equal(bare(list(a)), "(<Array \"x\" \"x\">)");
    assert_shows(make("Reference", str("x")), "<Reference \"x\">");
    assert_shows(function("range", fix(4)), "(range 0 4)");
    assert_shows(function("range", fix(4), fix(0), fix(-1)), "(range 4 0 -1)");
    assert_shows(function("range", cp_real(0), fix(1), cp_real(0.5)), "(range 0.0 1.0 0.5)");
    assert_shows(make("Enumerator", CP_NIL), "<Enumerator>");
    assert_shows(cp_symbol_of(sym("cons"))->function, "<Function cons>");
}

/* ---- objects with a method `string` ---- */

static const char *string_text;
static cp_value thing_string(cp_context *context, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    if (string_text && *string_text == '!') return cp_throw(context, 1, CP_RUNTIME, "no");
    if (string_text && *string_text == '@') return cp_to_string(context, list_of_values(&self, 1)); /* for ever */
    return string_text ? cp_string_z(context, string_text) : fix(1);
}
static const cp_method_def thing_methods[] = {{"string", "String", "()", thing_string, ""}, {0}};
static const cp_class_def thing_class = {.name = "Thing", .doc = "", .major = 1, .methods = thing_methods};
static const cp_class_def plain_class = {.name = "Plain", .doc = "", .major = 1};

static void objects(void **state) {
    (void)state;
    cp_value thing = cp_new(cp, cp_define_class(cp, &thing_class));
    string_text = "a thing";
    assert_string_equal(bare(thing), "a thing");
    assert_shows(thing, "<Thing a thing>");
    assert_string_equal(bare(list(thing)), "(<Thing a thing>)");
    string_text = "one\ntwo";
    assert_string_equal(bare(thing), "one\ntwo");
    assert_shows(thing, "<Thing one...>");
    string_text = "";
    assert_shows(thing, "<Thing>");
    string_text = NULL; /* no String */
    assert_string_equal(bare(thing), "<Thing>");
    string_text = "!";
    assert_throws(cp_to_string(cp, thing), 1, CP_RUNTIME);
    assert_throws(cp_to_source(cp, list(fix(1), thing)), 1, CP_RUNTIME);
    string_text = "@";
    assert_throws(cp_to_string(cp, thing), 1, CP_RUNTIME);
    char many[1000];
    memset(many, 'x', sizeof many - 1);
    many[sizeof many - 1] = 0;
    string_text = many;
    assert_true(strlen(source(thing)) < 300);
    assert_int_equal(strlen(bare(thing)), 999);
    assert_shows(cp_new(cp, cp_define_class(cp, &plain_class)), "<Plain>");
}

static void circular_deep_and_huge(void **state) {
    (void)state;
    assert_shows(circular(0, 1), "(0 ...)");
    assert_shows(circular(2, 2), "(0 1 2 3 ...)");
    cp_value inner = list(fix(1), CP_NIL);
    cp_cell_of(cp_tail(inner))->head = inner;
    const char *text = source(inner);
    assert_true(strlen(text) < 1000);
    assert_non_null(strstr(text, "(1 ...)"));
    cp_value t = cp_table(cp);
    cp_table_set(cp, t, t, t);
    assert_throws(cp_to_string(cp, t), 1, CP_RUNTIME); /* 2^100 paths: ends by size */
    cp_value deep = CP_NIL;
    for (int i = 0; i < MANY; i++) deep = list(deep);
    text = source(deep);
    assert_int_equal(strlen(text), 2 * PRINT_DEEPEST + 3);
    cp_value wide = CP_NIL;
    cp_value item = cp_string_n(cp, NULL, 999998);
    memset((char *)(uintptr_t)cp_string_text(item), 'x', 999998);
    for (int i = 0; i < 9; i++) wide = cp_cons(item, wide);
    assert_int_equal(cp_string_size(cp_to_source(cp, wide)), 9 * 1000000 + 8 + 2);
    wide = cp_cons(item, wide);
    assert_throws(cp_to_source(cp, wide), 1, CP_RUNTIME);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(atoms),      cmocka_unit_test(strings), cmocka_unit_test(forms),
        cmocka_unit_test(structures), cmocka_unit_test(objects), cmocka_unit_test(circular_deep_and_huge),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
