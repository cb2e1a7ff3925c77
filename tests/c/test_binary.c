/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests that Binaries hold, change, find and store bytes, and that Buffers grow at both ends. */
#include "values.h"

#include "interp/data/binary.h"
#include "interp/data/buffer.h"
#include "interp/data/string.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define B binary_class.methods
#define F buffer_class.methods

static cp_value yes(void) { return cp->known.sym_true; }

static cp_value bytes(const char *z) { return cp_binary_n(cp, z, strlen(z)); }

static void holds(cp_value v, const char *expected, size_t size) {
    const char *data;
    size_t actual;
    assert_true(cp_bytes_of(v, &data, &actual));
    assert_int_equal(actual, size);
    assert_memory_equal(data, expected, size);
}
static void holds_z(cp_value v, const char *expected) { holds(v, expected, strlen(expected)); }

/* ---- Binary ---- */

static void making(void **unused) {
    (void)unused;
    holds(CALL(B, "Binary", CP_NIL, cp_fixnum(3)), "\0\0\0", 3);
    holds(CALL(B, "Binary", CP_NIL, cp_fixnum(0)), "", 0);
    holds_z(CALL(B, "Binary", CP_NIL, text("abc")), "abc");
    cp_value first = bytes("abc"), copy = CALL(B, "copy", first, CP_NIL);
    CALL(B, "set", copy, cp_fixnum(0), cp_fixnum('X'));
    holds_z(first, "abc");
    holds_z(copy, "Xbc");
    assert_true(CALL(B, "binary", first, CP_NIL) == first);
    assert_true(CALL(B, "isBinary", first, CP_NIL) == yes());
    is_integer(CALL(B, "length", first, CP_NIL), 3);
    is_text(CALL(B, "string", first, CP_NIL), "abc");
    is_error(CALL(B, "Binary", CP_NIL, cp_fixnum(-1)), CP_BAD_ARGUMENT, "size");
    is_error(CALL(B, "Binary", CP_NIL, cp_integer(cp, INT64_MAX)), CP_RUNTIME, "memory");
    holds_z(CALL(B, "+", bytes("ab"), text("cd")), "abcd");
    is_error(CALL(B, "+", bytes("ab"), cp_fixnum(1)), CP_TYPE_MISMATCH, "Integer");
    const char *data;
    size_t size;
    assert_false(cp_bytes_of(cp_fixnum(1), &data, &size));
    assert_false(cp_bytes_of(CP_NIL, &data, &size));
    assert_false(cp_bytes_of(cp_cons(CP_NIL, CP_NIL), &data, &size));
    holds_z(cp_symbol_z(cp, "name"), "name");
}

static void bytes_by_index(void **unused) {
    (void)unused;
    cp_value b = bytes("hello");
    is_integer(CALL(B, "get", b, cp_fixnum(1)), 'e');
    is_integer(CALL(B, "get", cp_binary_n(cp, "\xff", 1), cp_fixnum(0)), 255);
    is_error(CALL(B, "get", b, cp_fixnum(5)), CP_INDEX, "5");
    is_error(CALL(B, "get", b, cp_fixnum(-1)), CP_INDEX, "-1");
    is_integer(CALL(B, "set", b, cp_fixnum(0), cp_fixnum('J')), 'J');
    CALL(B, "set", b, cp_fixnum(3), text("py"));
    holds_z(b, "Jelpy");
    is_error(CALL(B, "set", b, cp_fixnum(4), text("py")), CP_INDEX, "2 bytes at the index 4");
    is_error(CALL(B, "set", b, cp_fixnum(5), cp_fixnum(0)), CP_INDEX, "5");
    is_error(CALL(B, "set", b, cp_fixnum(0), cp_fixnum(256)), CP_BAD_ARGUMENT, "0 to 255");
    is_error(CALL(B, "set", b, cp_fixnum(0), cp_fixnum(-1)), CP_BAD_ARGUMENT, "0 to 255");
    CALL(B, "set", b, cp_fixnum(5), text(""));
    CALL(B, "set", b, cp_fixnum(0), b); /* onto itself */
    holds_z(b, "Jelpy");
    holds_z(CALL(B, "extract", b, cp_fixnum(1), cp_fixnum(2)), "el");
    holds_z(CALL(B, "extract", b, cp_fixnum(3), CP_NIL), "py");
    holds_z(CALL(B, "extract", b, cp_fixnum(5), cp_fixnum(9)), "");
    is_error(CALL(B, "extract", b, cp_fixnum(6), CP_NIL), CP_INDEX, "6");
    CALL(B, "remove", b, cp_fixnum(1), cp_fixnum(2));
    holds_z(b, "Jpy");
    CALL(B, "remove", b, cp_fixnum(2), CP_NIL);
    holds_z(b, "Jp");
    is_error(CALL(B, "remove", b, cp_fixnum(3), CP_NIL), CP_INDEX, "3");
    is_error(CALL(B, "get", b, cp_fixnum(2)), CP_INDEX, "length is 2");
}

static void searching_and_translating(void **unused) {
    (void)unused;
    cp_value b = cp_binary_n(cp, "a\0bc\0bc", 7);
    is_integer(CALL(B, "search", b, cp_binary_n(cp, "\0b", 2), cp_fixnum(0)), 1);
    is_integer(CALL(B, "search", b, cp_binary_n(cp, "\0b", 2), cp_fixnum(2)), 4);
    is_integer(CALL(B, "search", b, cp_fixnum('c'), cp_fixnum(0)), 3);
    is_integer(CALL(B, "search", b, text(""), cp_fixnum(7)), 7);
    assert_true(CALL(B, "search", b, text("x"), cp_fixnum(0)) == CP_NIL);
    is_error(CALL(B, "search", b, cp_fixnum(256), cp_fixnum(0)), CP_BAD_ARGUMENT, "255");
    is_error(CALL(B, "search", b, text("x"), cp_fixnum(8)), CP_INDEX, "8");
    cp_value table = cp_binary_n(cp, NULL, 256);
    for (int i = 0; i < 256; i++) cp_binary_of(table)->data[i] = (unsigned char)(255 - i);
    holds(CALL(B, "translate", cp_binary_n(cp, "\0\1\xff", 3), table), "\xff\xfe\0", 3);
    is_error(CALL(B, "translate", b, b), CP_BAD_ARGUMENT, "7 bytes");
}

static void encoded(void **unused) {
    (void)unused;
    is_text(CALL(B, "hex", cp_binary_n(cp, "\xa1\x02", 2), CP_NIL), "A102");
    holds(CALL(B, "hex", bytes("a1 02"), yes()), "\xa1\x02", 2);
    cp_value b = bytes("old");
    assert_true(CALL(B, "fromHex", b, text("A102")) == cp->known.sym_ok);
    holds(b, "\xa1\x02", 2);
    is_error(CALL(B, "fromHex", b, text("A1x2")), CP_BAD_ARGUMENT, "byte 2");
    holds(b, "\xa1\x02", 2);
    is_text(CALL(B, "base64", cp_binary_n(cp, "\xff\xfe\xfd", 3), CP_NIL), "//79");
    holds(CALL(B, "base64", bytes("//79"), yes()), "\xff\xfe\xfd", 3);
    is_text(CALL(B, "quotedPrintable", cp_binary_n(cp, "a\r\n\0", 4), CP_NIL), "a=0D=0A=00");
    holds(CALL(B, "quotedPrintable", bytes("a=0D=0A=00"), yes()), "a\r\n\0", 4);
    assert_true(CALL(B, "==", bytes("a"), bytes("a")) == yes());
    assert_true(CALL(B, "==", bytes("a"), text("a")) == CP_NIL);
    assert_true(CALL(B, "!=", bytes("a"), bytes("b")) == yes());
    assert_true(CALL(B, "hash", bytes("a"), CP_NIL) == CALL(B, "hash", bytes("a"), CP_NIL));
}

static void files(void **unused) {
    (void)unused;
    char folder[] = "/tmp/test_binary_XXXXXX", name[64];
    assert_non_null(mkdtemp(folder));
    snprintf(name, sizeof name, "%s/file", folder);
    cp_value path = text(name), ok = cp->known.sym_ok, whole = cp_binary_n(cp, NULL, 100000);
    for (size_t i = 0; i < 100000; i++) cp_binary_of(whole)->data[i] = (unsigned char)(i * 7 >> 3);
    assert_true(CALL(B, "toFile", whole, path) == ok);
    cp_value b = bytes("small");
    assert_true(CALL(B, "fromFile", b, path) == ok);
    mem_collect();
    assert_true(CALL(B, "==", b, whole) == yes());
    assert_true(CALL(B, "toFile", bytes("short"), path) == ok); /* replaces, not overwrites */
    assert_true(CALL(B, "fromFile", b, path) == ok);
    holds_z(b, "short");
    cp_value buffer = CALL(F, "Buffer", CP_NIL, text("before"));
    assert_true(CALL(F, "fromFile", buffer, path) == ok);
    CALL(F, "append", buffer, text("er"));
    holds_z(buffer, "shorter");
    assert_true(CALL(B, "toFile", bytes(""), path) == ok);
    assert_true(CALL(B, "fromFile", b, path) == ok);
    holds_z(b, "");
    assert_int_equal(unlink(name), 0);
    is_error_of(CALL(B, "fromFile", b, path), CP_ERROR_FILE, CP_FILE_OPEN, name);
    is_error_of(CALL(B, "fromFile", b, text(folder)), CP_ERROR_FILE, CP_FILE_OPEN, "no ordinary file");
    is_error_of(CALL(B, "toFile", b, text(folder)), CP_ERROR_FILE, CP_FILE_OPEN, folder);
    is_error_of(CALL(B, "toFile", whole, text("/dev/full")), CP_ERROR_FILE, CP_FILE_WRITE, "/dev/full");
    is_error(CALL(B, "fromFile", b, cp_string_n(cp, "a\0b", 3)), CP_BAD_ARGUMENT, "NUL");
    assert_int_equal(mkfifo(name, 0600), 0); /* nobody writes: opening it must not wait */
    is_error_of(CALL(B, "fromFile", b, path), CP_ERROR_FILE, CP_FILE_OPEN, "no ordinary file");
    is_error_of(CALL(B, "toFile", b, path), CP_ERROR_FILE, CP_FILE_OPEN, name);
    unlink(name);
    rmdir(folder);
    assert_true(CALL(B, "fromFile", b, text("/proc/self/status")) == ok); /* says its size is 0 */
    assert_true(cp_binary_of(b)->size > 100);
}

/* ---- Buffer ---- */

static void buffer_methods(void **unused) {
    (void)unused;
    cp_value f = CALL(F, "Buffer", CP_NIL, cp_fixnum(10));
    is_integer(CALL(F, "length", f, CP_NIL), 0);
    is_integer(CALL(F, "bufferLength", f, CP_NIL), 10);
    CALL(F, "append", f, text("world"));
    CALL(F, "prepend", f, bytes("hello "));
    CALL(F, "append", f, cp_fixnum('!'));
    is_text(CALL(F, "string", f, CP_NIL), "hello world!");
    CALL(F, "append", f, f); /* its own bytes */
    CALL(F, "prepend", f, f);
    is_integer(CALL(F, "length", f, CP_NIL), 48);
    CALL(F, "consume", f, cp_fixnum(36));
    is_text(CALL(F, "string", f, CP_NIL), "hello world!");
    holds_z(CALL(F, "extract", f, cp_fixnum(6), cp_fixnum(5)), "world");
    is_error(CALL(F, "extract", f, cp_fixnum(13), CP_NIL), CP_INDEX, "13");
    is_error(CALL(F, "consume", f, cp_fixnum(-1)), CP_INDEX, "-1");
    is_error(CALL(F, "append", f, cp_fixnum(256)), CP_BAD_ARGUMENT, "255");
    is_error(CALL(F, "Buffer", CP_NIL, cp_fixnum(-1)), CP_BAD_ARGUMENT, "capacity");
    is_error(CALL(F, "Buffer", CP_NIL, cp_integer(cp, INT64_MAX)), CP_RUNTIME, "memory");
    holds_z(CALL(F, "binary", f, CP_NIL), "hello world!");
    assert_true(CALL(F, "==", f, CALL(F, "Buffer", CP_NIL, text("hello world!"))) == yes());
    assert_true(CALL(F, "!=", f, text("hello world!")) == yes());
    CALL(F, "consume", f, cp_fixnum(1000));
    holds_z(f, "");
    CALL(F, "append", f, text("x"));
    CALL(F, "reset", f, CP_NIL);
    holds_z(f, "");
    cp_value empty = CALL(F, "Buffer", CP_NIL, CP_NIL);
    holds_z(empty, "");
    is_text(CALL(F, "string", empty, CP_NIL), "");
    CALL(F, "append", empty, empty);
    assert_true(CALL(F, "==", empty, f) == yes());
    CALL(F, "prepend", empty, text("p"));
    holds_z(empty, "p");
}

/* Against a plain array; every step also stays within a bounded multiple of what is held. */
static void buffer_agrees_with_a_plain_array(void **unused) {
    (void)unused;
    enum { MOST = 20000 };
    static char plain[MOST * 2];
    size_t start = MOST, length = 0;
    uint64_t state = 21;
    struct buffer *f = buffer_of(buffer_new(cp, 0));
    for (int i = 0; i < 20000; i++) {
        char some[64];
        size_t size = next_random(&state) % sizeof some;
        for (size_t k = 0; k < size; k++) some[k] = (char)next_random(&state);
        switch (next_random(&state) % 3) {
        case 0:
            if (start + length + size > sizeof plain) break;
            assert_true(buffer_append(cp, f, some, size) == CP_NIL);
            memcpy(plain + start + length, some, size);
            length += size;
            break;
        case 1:
            if (start < size) break;
            assert_true(buffer_prepend(cp, f, some, size) == CP_NIL);
            start -= size;
            length += size;
            memcpy(plain + start, some, size);
            break;
        default:
            size *= 2;
            if (size > length) size = length;
            buffer_consume(f, size);
            start += size;
            length -= size;
            if (length == 0) start = MOST;
        }
        holds(cp_from_object(f), plain + start, length);
    }
}

/* A queue that is filled and emptied for ever must not grow, and long ones must not be copied over and over. */
static void buffer_as_a_queue_stays_small(void **unused) {
    (void)unused;
    struct buffer *f = buffer_of(buffer_new(cp, 0));
    char block[1000];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 3; i++) buffer_append(cp, f, block, sizeof block);
    for (int i = 0; i < 100000; i++) {
        buffer_append(cp, f, block, sizeof block);
        buffer_consume(f, sizeof block);
    }
    assert_int_equal(f->length, 3000);
    assert_true(f->capacity <= 16000);
    for (int i = 0; i < 200000; i++) buffer_prepend(cp, f, "y", 1);
    for (int i = 0; i < 200000; i++) buffer_consume(f, 1);
    assert_int_equal(f->length, 3000);
    assert_int_equal(f->data[f->start], 'x');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(making),
        cmocka_unit_test(bytes_by_index),
        cmocka_unit_test(searching_and_translating),
        cmocka_unit_test(encoded),
        cmocka_unit_test(files),
        cmocka_unit_test(buffer_methods),
        cmocka_unit_test(buffer_agrees_with_a_plain_array),
        cmocka_unit_test(buffer_as_a_queue_stays_small),
    };
    return cmocka_run_group_tests(tests, make_context, NULL);
}
