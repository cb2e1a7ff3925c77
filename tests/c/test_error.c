/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that Errors are thrown, taken, chained and printed, and that class Error answers as scripts expect. */
#include "interp/builtin/builtin.h"
#include "interp/data/class.h"
#include "interp/data/error.h"
#include "interp/base/memory.h"
#include "no_machine.h"
#include "interp/base/utf8.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static cp_context *cp;

static const char *text_of(cp_value string) {
    assert_true(cp_is_string(string));
    return cp_text_z(cp, string);
}

/* Takes the Error and checks what it is. */
static cp_value taken(cp_value thrown, int error_class, int code) {
    assert_true(thrown == CP_THROWN);
    cp_value error = cp_take_error(cp);
    assert_true(cp->error == CP_NIL);
    assert_int_equal(cp_error_class_of(error), error_class);
    assert_int_equal(cp_error_code_of(error), code);
    return error;
}

static void is_text(cp_value error, const char *text) { assert_string_equal(text_of(cp_error_text_of(error)), text); }

static struct member *member(const char *name) {
    cp_class *c = class_numbered(cp, CP_CLASS_ERROR);
    struct member *m = class_member(cp, c, 0, cp_symbol_of(cp_symbol_z(cp, name)));
    assert_non_null(m);
    return m;
}

static cp_value call(cp_value self, const char *method, int count, const cp_value *arguments) {
    struct member *m = member(method);
    assert_int_equal(m->kind, MEMBER_METHOD);
    return function_of(m->function)->native(cp, self, arguments, count);
}

static cp_value get(cp_value self, const char *property) {
    struct member *m = member(property);
    assert_int_equal(m->kind, MEMBER_COMPUTED);
    return m->property->get(cp, self);
}

static cp_value put(cp_value self, const char *property, cp_value v) {
    return member(property)->property->set(cp, self, v);
}

static cp_value construct(int count, const cp_value *arguments) {
    cp_class *c = class_numbered(cp, CP_CLASS_ERROR);
    class_build(cp, c);
    cp_value self = cp_new(cp, c);
    cp_value result = function_of(c->constructor->function)->native(cp, self, arguments, count);
    return result == CP_THROWN ? CP_THROWN : self;
}

static void throwing_and_taking(void **unused) {
    (void)unused;
    cp_value error = taken(cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT, "no answer in %d ms", 30), 6, 1);
    is_text(error, "no answer in 30 ms");
    assert_true(error_of(error)->cause == CP_NIL);
    assert_true(cp_throw_value(cp, error) == CP_THROWN);
    assert_true(cp->error == error);
    assert_true(cp_take_error(cp) == error);
    error = cp_take_error(cp); /* nothing was thrown: still an Error */
    assert_int_equal(cp_error_code_of(error), CP_INTERNAL);
    error = taken(cp_throw_value(cp, cp_fixnum(3)), 1, CP_TYPE_MISMATCH);
    is_text(error, "what is thrown must be Error, got Integer 3");
}

static void errors_that_are_none(void **unused) {
    (void)unused;
    assert_int_equal(cp_error_class_of(cp_fixnum(1)), 0);
    assert_int_equal(cp_error_code_of(CP_NIL), 0);
    assert_true(cp_error_text_of(CP_NIL) == CP_NIL);
    assert_true(cp_error_detail(cp, CP_NIL, "x") == CP_UNSET);
    cp_error_set_detail(cp, CP_NIL, "x", CP_NIL);
}

static void long_texts_are_cut_between_characters(void **unused) {
    (void)unused;
    for (int shift = 0; shift < 4; shift++) {
        char *text = malloc(20001);
        memset(text, 'x', (size_t)shift);
        for (int i = shift; i + 4 <= 20000; i += 4) memcpy(text + i, "\xF0\x9F\x93\xA7", 4);
        text[shift + (20000 - shift) / 4 * 4] = '\0';
        cp_value error = taken(cp_throw(cp, 1, 1, "%s", text), 1, 1);
        free(text);
        cp_value cut = cp_error_text_of(error);
        assert_true(cp_string_size(cut) <= 8192 && cp_string_size(cut) > 8180);
        assert_true(utf8_valid(cp_string_text(cut), cp_string_size(cut)));
        assert_memory_equal(cp_string_text(cut) + cp_string_size(cut) - 3, "...", 3);
    }
    char exact[8193];
    memset(exact, 'y', 8192);
    exact[8192] = '\0';
    assert_string_equal(text_of(cp_error_text_of(taken(cp_throw(cp, 1, 1, "%s", exact), 1, 1))), exact);
}

static void errno_texts(void **unused) {
    (void)unused;
    cp_value error = taken(cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, ENOENT, "cannot open %s", "/x"), 5, 1);
    is_text(error, "cannot open /x: No such file or directory");
    taken(cp_throw_errno(cp, CP_ERROR_SYSTEM, 0, EACCES, "mkdir"), 3, EACCES);
    taken(cp_throw_errno(cp, CP_ERROR_SYSTEM, 7, EACCES, "mkdir"), 3, EACCES);
    taken(cp_throw_errno(cp, CP_ERROR_FILE, 0, EACCES, "x"), 5, EACCES);
    assert_true(cp_throw_errno(cp, 5, 1, 99999, "odd") == CP_THROWN);
    cp_take_error(cp);
}

static void type_texts(void **unused) {
    (void)unused;
    cp_value three[] = {cp_fixnum(1), cp_fixnum(2), cp_fixnum(3)};
    cp_value error = taken(cp_throw_type(cp, "argument 1 of cube", "Integer", cp_string_z(cp, "ten")), 1, 11);
    is_text(error, "argument 1 of cube must be Integer, got String \"ten\"");
    is_text(taken(cp_throw_type(cp, "n", "Integer", CP_NIL), 1, 11), "n must be Integer, got ()");
    is_text(taken(cp_throw_type(cp, "n", "Integer", cp_list_n(three, 3)), 1, 11),
            "n must be Integer, got List of 3 items");
    is_text(taken(cp_throw_type(cp, "n", "Integer", cp_symbol_z(cp, "ok")), 1, 11), "n must be Integer, got Symbol ok");
    error = cp_error_new(cp, 1, 1, cp_string_z(cp, "t"));
    is_text(taken(cp_throw_type(cp, "n", "Integer", error), 1, 11), "n must be Integer, got Error");
    char expected[256], many[400];
    memset(many, 'z', sizeof many);
    error = taken(cp_throw_type(cp, "n", "Integer", cp_string_n(cp, many, sizeof many)), 1, 11);
    snprintf(expected, sizeof expected, "n must be Integer, got String \"%.39s...", many);
    is_text(error, expected);
}

static void a_later_error_remembers_the_earlier(void **unused) {
    (void)unused;
    cp_throw(cp, 6, 1, "first");
    cp_value first = cp->error;
    cp_throw(cp, 5, 2, "second");
    cp_value second = cp->error;
    assert_true(second != first && error_of(second)->cause == first);
    cp_throw_value(cp, first); /* the chain must not bite its tail */
    assert_true(error_of(first)->cause == CP_NIL);
    cp_take_error(cp);
    for (int i = 0; i < 1000; i++) cp_throw(cp, 1, i, "again");
    int length = 0;
    for (cp_value e = cp_take_error(cp); e != CP_NIL; e = error_of(e)->cause) length++;
    assert_in_range(length, 1, 20);
}

static void details(void **unused) {
    (void)unused;
    cp_value error = cp_error_new(cp, CP_ERROR_SMTP, 550, cp_string_z(cp, "no such user"));
    assert_true(cp_error_detail(cp, error, "enhancedCode") == CP_UNSET);
    cp_error_set_detail(cp, error, "enhancedCode", cp_string_z(cp, "5.1.1"));
    cp_error_set_detail(cp, error, "command", cp_string_z(cp, "RCPT"));
    cp_error_set_detail(cp, error, "enhancedCode", cp_string_z(cp, "5.1.2"));
    assert_string_equal(text_of(cp_error_detail(cp, error, "enhancedCode")), "5.1.2");
    assert_int_equal(cp_list_length(error_of(error)->details), 2);
    cp_value name = cp_symbol_z(cp, "command"), nothing = cp_string_z(cp, "nothing");
    assert_string_equal(text_of(call(error, "get", 1, &name)), "RCPT");
    assert_true(call(error, "get", 1, &nothing) == CP_NIL);
    cp_class *c = cp_class_of(cp, error);
    assert_string_equal(text_of(c->missing(cp, error, name, NULL, 0)), "RCPT");
    assert_true(c->missing(cp, error, cp_symbol_z(cp, "nothing"), NULL, 0) == CP_UNSET);
    assert_true(cp_responds_to(cp, error, "command"));
    assert_true(cp_responds_to(cp, error, "locate"));
    assert_false(cp_responds_to(cp, error, "nothing"));
    assert_false(cp_responds_to(cp, error, "Error"));
}

static void constructing(void **unused) {
    (void)unused;
    cp_value some[] = {cp_fixnum(7), cp_fixnum(2), cp_string_z(cp, "row "), cp_fixnum(12), cp_string_z(cp, " is bad")};
    cp_value error = construct(5, some);
    assert_int_equal(cp_error_class_of(error), 7);
    assert_int_equal(cp_error_code_of(error), 2);
    is_text(error, "row 12 is bad");
    cp_value none[] = {cp_fixnum(0), cp_fixnum(0), CP_NIL};
    error = construct(3, none);
    is_text(error, "");
    assert_true(get(error, "cause") == CP_NIL && get(error, "trace") == CP_NIL);
    cp_value number[] = {cp_fixnum(7), cp_fixnum(2), cp_fixnum(44)};
    is_text(construct(3, number), "44");
    cp_value huge[] = {cp_fixnum(INT64_C(1) << 40), cp_fixnum(2), CP_NIL};
    taken(construct(3, huge), 1, CP_BAD_ARGUMENT);
}

static void properties_and_methods(void **unused) {
    (void)unused;
    cp_value error = cp_error_new(cp, 6, 1, cp_string_z(cp, "slow"));
    assert_true(get(error, "class") == cp_fixnum(6) && get(error, "code") == cp_fixnum(1));
    assert_string_equal(text_of(get(error, "text")), "slow");
    assert_string_equal(text_of(get(error, "file")), "");
    assert_true(put(error, "class", cp_fixnum(-5)) == cp_fixnum(-5) && get(error, "class") == cp_fixnum(-5));
    assert_true(put(error, "class", CP_NIL) == CP_NIL && get(error, "class") == cp_fixnum(0));
    taken(put(error, "line", cp_fixnum(INT64_C(1) << 31)), 1, CP_BAD_ARGUMENT);
    put(error, "text", CP_NIL);
    is_text(error, "");
    cp_value set[] = {cp_fixnum(8), cp_fixnum(3), cp_string_z(cp, "bad literal")};
    assert_true(call(error, "set", 3, set) == CP_NIL);
    assert_string_equal(text_of(call(error, "string", 0, NULL)), "error 8.3: bad literal");
    cp_value place[] = {cp_string_z(cp, "a.cpl"), cp_fixnum(12), cp_fixnum(7)};
    assert_true(call(error, "locate", 3, place) == CP_NIL);
    assert_string_equal(text_of(call(error, "string", 0, NULL)), "error 8.3: bad literal");
    assert_true(get(error, "showLocation") == CP_NIL);
    put(error, "showLocation", cp->known.sym_true);
    assert_string_equal(text_of(call(error, "string", 0, NULL)), "a.cpl:12:7: error 8.3: bad literal");
    cp_value other = cp_error_new(cp, 1, 1, cp_string_z(cp, "x"));
    assert_true(get(other, "showLocation") == cp->known.sym_true); /* shared */
    assert_string_equal(text_of(call(other, "string", 0, NULL)), "error 1.1: x");
    put(other, "showLocation", CP_NIL);
    error_locate(error, cp_string_z(cp, "b.cpl"), 1, 1); /* a first place stays */
    assert_true(get(error, "line") == cp_fixnum(12) && get(error, "positionInLine") == cp_fixnum(7));
    assert_true(call(error, "clear", 0, NULL) == CP_NIL);
    assert_string_equal(text_of(call(error, "string", 0, NULL)), "error 0.0: ");
    assert_true(get(error, "line") == cp_fixnum(0));
    assert_int_equal(member("cause")->flags, MEMBER_READ_ONLY);
    assert_int_equal(member("text")->flags, 0);
}

static void titles(void **unused) {
    (void)unused;
    assert_string_equal(error_class_title(1), "Carapace");
    assert_string_equal(error_class_title(5), "FileHandling");
    assert_string_equal(error_class_title(CP_ERROR_FFI), "Ffi");
    assert_null(error_class_title(0));
    assert_null(error_class_title(-1));
    assert_null(error_class_title(100));
    assert_string_equal(error_code_title(1, 9), "division by zero");
    assert_string_equal(error_code_title(6, 12), "cancelled");
    assert_string_equal(error_code_title(3, ENOENT), "No such file or directory");
    assert_null(error_code_title(3, 99999));
    assert_null(error_code_title(6, 13));
    assert_null(error_code_title(10, 550));
    assert_null(error_code_title(1, INT32_MIN));
    for (int c = 1; c <= 19; c++) assert_non_null(error_class_title(c));
}

int main(void) {
    mem_init();
    cp = builtin_context();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(throwing_and_taking),
        cmocka_unit_test(errors_that_are_none),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(errno_texts),
        cmocka_unit_test(type_texts),
        cmocka_unit_test(a_later_error_remembers_the_earlier),
        cmocka_unit_test(details),
        cmocka_unit_test(constructing),
        cmocka_unit_test(properties_and_methods),
        cmocka_unit_test(titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
