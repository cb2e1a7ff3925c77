/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_header_parameter: RFC 2231's examples, what others send, round trips of all lengths. */
#include "mail_test.h"

#include "modules/header/header_parameter.h"

static void read_as(const char *header, const char *name, const char *wanted) {
    struct mail_buffer out = {0};
    if (wanted == NULL) {
        assert_false(header_read_parameter(&out, header, strlen(header), name));
    } else {
        assert_true(header_read_parameter(&out, header, strlen(header), name));
        expect_buffer(&out, wanted);
    }
    mail_buffer_free(&out);
}

static void rfc2231(void **state) {
    (void)state;
    read_as("message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n "
            "URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
            "url", "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar");
    read_as("application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A", "title",
            "This is ***fun***");
    read_as("application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n "
            "title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
            "title", "This is even more ***fun*** isn't it!");
}

static void others(void **state) {
    (void)state;
    read_as("attachment; filename=a.txt", "filename", "a.txt");
    read_as("attachment; FileName = \"a \\\"b\\\".txt\" ; x=y", "filename", "a \"b\".txt");
    read_as("attachment; filename=\"=?utf-8?q?=C3=A4?=.txt\"", "filename", "ä.txt");
    read_as("attachment; filename=\xc3\xa4.txt", "filename", "ä.txt");
    read_as("attachment; filename=two words.txt ; x=1", "filename", "two words.txt");
    read_as("attachment; filename=\"x\"; filename*=iso-8859-1''%E4", "filename", "ä");
    read_as("attachment; filename*=%E4", "filename", "\xEF\xBF\xBD");
    read_as("attachment; filename*=''a%zz%4", "filename", "a%zz%4");
    read_as("attachment; filename*1=b; filename*0=a; filename*3=d", "filename", "ab");
    read_as("attachment; filename*0*=utf-8''%C3; filename*1*=%A4", "filename", "ä");
    read_as("attachment; filename*=utf-8''a%0D%0Ab%00", "filename",
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
    read_as("attachment (c; filename=no); filename=yes", "filename", "yes");
    read_as("attachment; x=\"; filename=no\"; filename=yes", "filename", "yes");
    read_as("attachment; filename=", "filename", "");
    read_as("attachment; filename=\"open", "filename", "open");
    read_as("attachment; xfilename=a; filenamex=b; filename*x=c; filename**=d; filename*1=e", "filename", NULL);
    read_as("attachment", "filename", NULL);
    read_as("", "filename", NULL);
    read_as(";;;=;", "filename", NULL);
}

static void written(const char *value, const char *wanted) {
    struct mail_buffer out = {0};
    size_t column = 31;
    assert_int_equal(header_write_parameter(&out, &column, "filename", value, strlen(value), NULL), MAIL_OK);
    expect_buffer(&out, wanted);
    mail_buffer_free(&out);
}

static void write(void **state) {
    (void)state;
    written("a.txt", "; filename=a.txt");
    written("a b.txt", "; filename=\"a b.txt\"");
    written("a\"\\b", "; filename=\"a\\\"\\\\b\"");
    written("", "; filename=\"\"");
    written("it's", "; filename=\"it's\""); /* Python's email does not read it bare */
    written("Überweisung.pdf", "; filename*=UTF-8''%C3%9Cberweisung.pdf");
    written("a'%*b ü", "; filename*=UTF-8''a%27%25%2Ab%20%C3%BC");
    written("\xff", "; filename*=UTF-8''%EF%BF%BD");
    written("=?utf-8?q?x?=", "; filename*=UTF-8''%3D%3Futf-8%3Fq%3Fx%3F%3D");
    written("a name of more than thirty characters.pdf",
            ";\r\n filename=\"a name of more than thirty characters.pdf\"");
    struct mail_error error;
    struct mail_buffer out = {0};
    size_t column = 0;
    assert_int_equal(header_write_parameter(&out, &column, "filename", "a\r\nX: y", 7, &error), MAIL_CONTROL_CHARACTER);
    assert_int_equal(header_write_parameter(&out, &column, "filename", "a\0", 2, &error), MAIL_CONTROL_CHARACTER);
    assert_int_equal(header_write_parameter(&out, &column, "file name", "a", 1, &error), MAIL_SYNTAX);
    assert_int_equal(header_write_parameter(&out, &column, "a*", "a", 1, &error), MAIL_SYNTAX);
    assert_int_equal(header_write_parameter(&out, &column, "a", "x", 65537, &error), MAIL_TOO_LONG);
    char *broken = malloc(4000); /* each byte becomes U+FFFD, nine characters: found by fuzzing */
    memset(broken, 0xFF, 4000);
    assert_int_equal(header_write_parameter(&out, &column, "filename", broken, 4000, &error), MAIL_TOO_LONG);
    free(broken);
    assert_int_equal(out.size, 0);
    mail_buffer_free(&out);
}

static void lengths(void **state) {
    (void)state;
    static const char *const pieces[] = {"a", "\"", " ", "ö", "😀", "a b", "'"};
    char value[4096];
    for (size_t p = 0; p < sizeof pieces / sizeof pieces[0]; p++) {
        for (size_t count = 1; count < 400; count += count < 100 ? 1 : 37) {
            struct mail_buffer out = {0}, back = {0};
            size_t column = 31, size = 0;
            for (size_t i = 0; i < count; i++) {
                memcpy(value + size, pieces[p], strlen(pieces[p]));
                size += strlen(pieces[p]);
            }
            mail_buffer_append_string(&out, "Content-Disposition: attachment");
            assert_int_equal(header_write_parameter(&out, &column, "filename", value, size, NULL), MAIL_OK);
            mail_buffer_append(&out, "\r\n", 2);
            for (size_t i = 0, start = 0; i < out.size; i++) {
                if (out.data[i] != '\n') continue;
                if (i - start > 77) fail_msg("a line of %zu characters", i - start - 1);
                start = i + 1;
            }
            assert_true(header_read_parameter(&back, out.data, out.size - 2, "filename"));
            assert_int_equal(back.size, size);
            assert_memory_equal(back.data, value, size);
            mail_buffer_free(&out);
            mail_buffer_free(&back);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rfc2231), cmocka_unit_test(others), cmocka_unit_test(write),
                                       cmocka_unit_test(lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
