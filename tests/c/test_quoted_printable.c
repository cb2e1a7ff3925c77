/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_quoted_printable: each rule of RFC 2045 6.7 in both directions. */
#include "mail_test.h"

#include "modules/coding/quoted_printable.h"
#include "modules/coding/transfer_encoding.h"

static size_t encode(char *out, const char *in, size_t size, size_t cut) {
    struct quoted_printable_encoder e;
    size_t count = 0;
    quoted_printable_encoder_init(&e);
    for (size_t i = 0; i < size; i += cut)
        count += quoted_printable_encode_update(&e, out + count, in + i, size - i < cut ? size - i : cut);
    return count + quoted_printable_encode_finish(&e, out + count);
}

static void check(const char *in, size_t size, const char *wanted) {
    char out[4096];
    for (size_t cut = 1; cut <= size + 1; cut += cut > 10 ? 50 : 1) {
        size_t count = encode(out, in, size, cut);
        out[count] = '\0';
        assert_string_equal(out, wanted);
        assert_int_equal(count, quoted_printable_encoded_size(in, size));
    }
}

static void rules(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"plain", "plain"},
        {"a=b", "a=3Db"},
        {"\xc3\xa4", "=C3=A4"},
        {"a\nb\r\nc", "a\r\nb\r\nc"},
        {"a\rb", "a=0Db"},
        {"a\r", "a=0D"},
        {"a\r\r\n", "a=0D\r\n"},
        {"end \n", "end=20\r\n"},
        {"end \t\n", "end =09\r\n"},
        {"end  \r\nx", "end =20\r\nx"},
        {"end ", "end=20"},
        {"\t", "=09"},
        {" \r", " =0D"},
        {"a\tb", "a\tb"},
        {".\n.x\n..", "=2E\r\n=2Ex\r\n=2E."},
        {"a.", "a."},
        {"From me\nFrom", "=46rom me\r\nFrom"},
        {"Fromage\n From x", "Fromage\r\n From x"},
        {"From\n", "From\r\n"},
        {"FromFrom ", "FromFrom=20"},
        {"FFrom x", "FFrom x"},
        {"\x7f\x01", "=7F=01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) check(cases[i][0], strlen(cases[i][0]), cases[i][1]);
    check("a\0b", 3, "a=00b");
}

static void soft_breaks(void **state) {
    (void)state;
    char in[400], wanted[400];
    memset(in, 'x', sizeof in);
    /* 75 characters stand, the 76th column is the soft break's. */
    memset(wanted, 'x', 75);
    strcpy(wanted + 75, "=\r\nx");
    check(in, 76, wanted);
    strcpy(wanted + 75, "");
    check(in, 75, wanted);
    in[75] = '.';
    strcpy(wanted + 75, "=\r\n=2E");
    check(in, 76, wanted); /* a dot that a soft break brings to the front */
    memcpy(in + 75, "From y", 6);
    strcpy(wanted + 75, "=\r\n=46rom y");
    check(in, 81, wanted);
    in[73] = '=';
    memset(wanted, 'x', 73);
    strcpy(wanted + 73, "=\r\n=3Dx=\r\n");
    char out[500];
    size_t count = encode(out, in, 75, 1);
    out[count] = '\0';
    memset(wanted, 'x', 73);
    strcpy(wanted + 73, "=\r\n=3Dx");
    assert_string_equal(out, wanted);
}

static void decode_check(const char *in, const char *wanted, unsigned malformed) {
    size_t size = strlen(in);
    for (size_t cut = 1; cut <= size + 1; cut++) {
        struct quoted_printable_decoder d;
        char out[4096];
        size_t count = 0;
        quoted_printable_decoder_init(&d);
        for (size_t i = 0; i < size; i += cut)
            count += quoted_printable_decode_update(&d, out + count, in + i, size - i < cut ? size - i : cut);
        count += quoted_printable_decode_finish(&d, out + count);
        out[count] = '\0';
        assert_string_equal(out, wanted);
        assert_int_equal(d.malformed, malformed);
    }
}

static void decoding(void **state) {
    (void)state;
    /* RFC 2045 6.7's own example */
    decode_check("Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
                 "Now's the time for all folk to come to the aid of their country.", 0);
    decode_check("a=3d=3D", "a==", 0);
    decode_check("soft=  \t\r\nline", "softline", 0);
    decode_check("soft=\nline", "softline", 0);
    decode_check("trail \t \r\nx  ", "trail\r\nx", 0);
    decode_check("lf\nx", "lf\r\nx", 0);
    decode_check("=XY=4", "=XY=4", 2);
    decode_check("=4 1", "=4 1", 1);
    decode_check("=\rx", "=\rx", 1);
    decode_check("==41", "=A", 1);
    decode_check("a=", "a", 0);
    decode_check("=E4\r", "\xE4\r", 0);
}

static void choice(void **state) {
    (void)state;
    char longest[1100];
    memset(longest, 'x', sizeof longest);
    assert_int_equal(transfer_encoding_choose("", 0, false), TRANSFER_7BIT);
    assert_int_equal(transfer_encoding_choose("a\nb\r\n", 5, false), TRANSFER_7BIT);
    assert_int_equal(transfer_encoding_choose(longest, 998, false), TRANSFER_7BIT);
    assert_int_equal(transfer_encoding_choose(longest, 999, false), TRANSFER_QUOTED_PRINTABLE);
    assert_int_equal(transfer_encoding_choose(longest, 999, true), TRANSFER_QUOTED_PRINTABLE);
    longest[998] = '\n';
    assert_int_equal(transfer_encoding_choose(longest, 1100, false), TRANSFER_7BIT);
    longest[998] = '\r';
    longest[999] = '\n';
    assert_int_equal(transfer_encoding_choose(longest, 1100, false), TRANSFER_7BIT);
    assert_int_equal(transfer_encoding_choose("a\rb", 3, false), TRANSFER_QUOTED_PRINTABLE);
    assert_int_equal(transfer_encoding_choose("a\r", 2, true), TRANSFER_QUOTED_PRINTABLE);
    assert_int_equal(transfer_encoding_choose("a\0b plain text", 14, true), TRANSFER_QUOTED_PRINTABLE);
    assert_int_equal(transfer_encoding_choose("some text with gr\xc3\xbc\xc3\x9f"
                                              "e",
                                              22, false),
                     TRANSFER_QUOTED_PRINTABLE);
    assert_int_equal(transfer_encoding_choose("gr\xc3\xbc\xc3\x9f"
                                              "e",
                                              7, true),
                     TRANSFER_8BIT);
    assert_int_equal(
        transfer_encoding_choose("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 18, false),
        TRANSFER_BASE64);
    assert_int_equal(transfer_encoding_from_name("Quoted-Printable", 16), TRANSFER_QUOTED_PRINTABLE);
    assert_int_equal(transfer_encoding_from_name("binary", 6), TRANSFER_AUTOMATIC);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules), cmocka_unit_test(soft_breaks),
                                       cmocka_unit_test(decoding), cmocka_unit_test(choice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
