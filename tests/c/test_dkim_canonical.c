/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dkim_canonical: header fields and bodies as DKIM hashes them: the examples of RFC 6376 3.4.5, and the rules
 * behind them. */
#include "mail_test.h"

#include "modules/dkim/dkim_canonical.h"

static void append(void *out, const char *bytes, size_t size) { mail_buffer_append(out, bytes, size); }

/* The body, given in pieces of every size, becomes exactly this. */
static void expect_body(const char *body, bool relaxed, uint64_t limit, const char *wanted) {
    size_t size = strlen(body);
    for (size_t cut = 1; cut <= size + 1; cut++) {
        struct dkim_body canonical;
        struct mail_buffer out = {0};
        dkim_body_init(&canonical, relaxed, limit, append, &out);
        for (size_t i = 0; i < size; i += cut) dkim_body_update(&canonical, body + i, size - i < cut ? size - i : cut);
        dkim_body_finish(&canonical);
        expect_buffer(&out, wanted);
        assert_int_equal(canonical.written, strlen(wanted));
        mail_buffer_free(&out);
    }
}

/* All header fields of the message, one behind the other. */
static void expect_header(const char *message, bool relaxed, const char *wanted) {
    size_t count, body;
    struct mail_buffer out = {0};
    struct header_field *fields = dkim_fields(message, strlen(message), &count, &body);
    for (size_t i = 0; i < count; i++) dkim_field_canonical(&out, &fields[i], relaxed);
    expect_buffer(&out, wanted);
    mail_buffer_free(&out);
    free(fields);
}

/* The three examples have one message. */
static void examples(void **state) {
    (void)state;
    static const char header[] = "A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n", body[] = " C \r\nD \t E\r\n\r\n\r\n";
    expect_header(header, true, "a:X\r\nb:Y Z\r\n");
    expect_header(header, false, "A: X\r\nB : Y\t\r\n\tZ  \r\n");
    expect_body(body, true, UINT64_MAX, " C\r\nD E\r\n");
    expect_body(body, false, UINT64_MAX, " C \r\nD \t E\r\n");
}

/* 3.4.3: empty lines at the end do not count, a missing CRLF is added, an empty body is one CRLF. 3.4.4: white space at
 * a line's end does not count either, all other is one space, and an empty body is empty. */
static void bodies(void **state) {
    (void)state;
    static const struct {
        const char *body, *simple, *relaxed;
    } cases[] = {
        {"", "\r\n", ""},
        {"\r\n", "\r\n", ""},
        {"\r\n\r\n\r\n", "\r\n", ""},
        {"a", "a\r\n", "a\r\n"},
        {"a\r\n\r\n\r\n", "a\r\n", "a\r\n"},
        {"\r\n\r\na\r\n", "\r\n\r\na\r\n", "\r\n\r\na\r\n"},
        {"a\r\n\r\n\r\nb", "a\r\n\r\n\r\nb\r\n", "a\r\n\r\n\r\nb\r\n"},
        {" \t\r\n", " \t\r\n", ""},
        {"a\r\n \r\n\t\r\n", "a\r\n \r\n\t\r\n", "a\r\n"},
        {"\ta \t b\t \r\n", "\ta \t b\t \r\n", " a b\r\n"},
        {"a\r", "a\r\r\n", "a\r\r\n"}, /* a bare CR or LF ends no line */
        {"a\nb\r\n\n\r\n", "a\nb\r\n\n\r\n", "a\nb\r\n\n\r\n"},
        {"a\r\r\n", "a\r\r\n", "a\r\r\n"},
        {"\r\r\n\r", "\r\r\n\r\r\n", "\r\r\n\r\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_body(cases[i].body, false, UINT64_MAX, cases[i].simple);
        expect_body(cases[i].body, true, UINT64_MAX, cases[i].relaxed);
    }
}

/* 3.5 (l=): octets of the canonical form, not of the body. */
static void limits(void **state) {
    (void)state;
    expect_body("a  b\r\nc\r\n", true, 0, "");
    expect_body("a  b\r\nc\r\n", true, 5, "a b\r\n");
    expect_body("a  b\r\nc\r\n", true, 6, "a b\r\nc");
    expect_body("a  b\r\nc\r\n", true, 100, "a b\r\nc\r\n");
    expect_body("a\r\n\r\n", false, 4, "a\r\n");
}

/* Lines longer than the canonicaliser's own buffer. */
static void long_lines(void **state) {
    (void)state;
    char body[9003], wanted[9003];
    memset(body, 'x', sizeof body);
    memcpy(body + 9000, "\r\n", 3);
    memcpy(wanted, body, sizeof body);
    for (size_t cut = 1000; cut < 9000; cut += 2500) body[cut] = ' ', wanted[cut] = ' ';
    for (size_t cut = 1; cut <= sizeof body; cut += 997) {
        struct dkim_body canonical;
        struct mail_buffer out = {0};
        dkim_body_init(&canonical, true, UINT64_MAX, append, &out);
        for (size_t i = 0; i < 9002; i += cut) dkim_body_update(&canonical, body + i, 9002 - i < cut ? 9002 - i : cut);
        dkim_body_finish(&canonical);
        expect_buffer(&out, wanted);
        mail_buffer_free(&out);
    }
}

static void headers(void **state) {
    (void)state;
    expect_header("SUBJect \t:  one\r\n two\r\n\t\r\n  three \t \r\nX:\r\nY: \r\n \r\n", true,
                  "subject:one two three\r\nx:\r\ny:\r\n");
    expect_header("X: no line end", true, "x:no line end\r\n");
    expect_header("X: no line end", false, "X: no line end\r\n");
    expect_header("\r\nX: in the body\r\n", true, "");
}

static void fields(void **state) {
    (void)state;
    static const char message[] = "From: a\r\n b\r\nno field\r\nTo : c\r\n\r\nbody: d\r\n";
    size_t count, body;
    struct header_field *found = dkim_fields(message, sizeof message - 1, &count, &body);
    assert_int_equal(count, 3);
    assert_string_equal(message + body, "body: d\r\n");
    assert_true(header_field_is(&found[0], "FROM", 4) && found[0].size == 13);
    assert_int_equal(found[1].name_size, 0);
    assert_true(header_field_is(&found[2], "to", 2));
    assert_false(header_field_is(&found[2], "t", 1));
    free(found);
    found = dkim_fields("", 0, &count, &body);
    assert_true(found != NULL && count == 0 && body == 0);
    free(found);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(examples), cmocka_unit_test(bodies),
                                       cmocka_unit_test(limits),   cmocka_unit_test(long_lines),
                                       cmocka_unit_test(headers),  cmocka_unit_test(fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
