/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_header_field: where the fields of a message begin and end, and where they are over. */
#include "mail_test.h"

#include "modules/header/header_field.h"

/* The names are given with a "|" behind each; behind the fields `rest` of the message is left. */
static void expect_fields(const char *message, const char *names, const char *rest) {
    size_t size = strlen(message), at = 0, end = 0;
    char *exact = malloc(size); /* without a NUL, so that a read behind the end is found */
    memcpy(exact, message, size);
    struct header_field field;
    struct mail_buffer found = {0};
    while (header_field_next(exact, size, &at, &field)) {
        assert_ptr_equal(field.text, exact + end); /* nothing is left out between them */
        assert_true(field.size > 0 && field.name_size < field.size);
        end += field.size;
        assert_int_equal(at, end);
        mail_buffer_append(&found, field.text, field.name_size);
        mail_buffer_append_char(&found, '|');
    }
    expect_buffer(&found, names);
    assert_string_equal(message + at, rest);
    mail_buffer_free(&found);
    free(exact);
}

static void fields(void **state) {
    (void)state;
    expect_fields("", "", "");
    expect_fields("\r\n", "", "");
    expect_fields("\nX: y", "", "X: y");
    expect_fields("A: 1\r\nB: 2\r\n\r\nC: 3\r\n", "A|B|", "C: 3\r\n");
    expect_fields("A: 1\nB: 2\n\nC: 3\n", "A|B|", "C: 3\n");
    expect_fields("A: 1\r\n folded: more\r\n\tand more\r\nB \t: 2", "A|B|", "");
    expect_fields("A:\r\n \r\n\r\nbody", "A|", "body"); /* a line of white space goes on with the field */
    expect_fields("no field\r\nA:b:c\r\n: no name\r\n", "|A||", "");
    expect_fields("\rA: 1\r\n\r", "\rA||", ""); /* a bare CR is no line end */
}

static void names(void **state) {
    (void)state;
    const struct header_field field = {"SUBJect : x\r\n", 13, 7};
    assert_true(header_field_is(&field, "subject", 7));
    assert_false(header_field_is(&field, "subjec", 6) || header_field_is(&field, "subject ", 8) ||
                 header_field_is(&field, "", 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(fields), cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
