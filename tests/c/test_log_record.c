/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A log record says what was logged, and what was logged cannot look like another record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "modules/system/log_record.h"

static struct log_record record(char mark, const char *level, const char *text) {
    return (struct log_record){.seconds = 1714564800,
                               .milliseconds = 7,
                               .mark = mark,
                               .level = level,
                               .log = "mail",
                               .date = true,
                               .text = text,
                               .size = strlen(text)};
}

static void assert_record(struct log_record r, bool json, const char *expected) {
    size_t size;
    char *text = json ? log_record_json(&r, &size) : log_record_text(&r, &size);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    free(text);
}

static int use_utc(void **state) {
    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

static void text_has_date_mark_and_level(void **state) {
    (void)state;
    assert_record(record(' ', "script", "sent"), false, "2024-05-01 12:00:00.007   [script] sent\n");
    assert_record(record('!', "com", "slow"), false, "2024-05-01 12:00:00.007 ! [com] slow\n");
    assert_record(record('*', NULL, "lost"), false, "2024-05-01 12:00:00.007 * lost\n");
    struct log_record r = record('*', "com", "x");
    r.date = false;
    assert_record(r, false, "* [com] x\n");
}

static void text_cannot_be_forged(void **state) {
    (void)state;
    assert_record(record(' ', NULL, "a\r\n2024-05-01 12:00:00.007 * lost\n\n"), false,
                  "2024-05-01 12:00:00.007   a\n\t2024-05-01 12:00:00.007 * lost\n");
    assert_record(record(' ', NULL, "\x1b[2J\ta\rb\x7f"), false, "2024-05-01 12:00:00.007   \\x1b[2J\ta\\x0db\\x7f\n");
}

static void json_is_one_valid_line(void **state) {
    (void)state;
    assert_record(record('!', "com", "a \"b\"\\\n\x01\xc3\xa9\xff"), true,
                  "{\"time\":\"2024-05-01T12:00:00.007Z\",\"severity\":\"warning\",\"level\":\"com\",\"log\":\"mail\","
                  "\"text\":\"a \\\"b\\\"\\\\\\n\\u0001\xc3\xa9\\ufffd\"}\n");
    assert_record(record(' ', NULL, ""), true,
                  "{\"time\":\"2024-05-01T12:00:00.007Z\",\"severity\":\"info\",\"log\":\"mail\",\"text\":\"\"}\n");
    /* a sequence broken off at the end */
    assert_record(record('*', NULL, "\xe2\x82"), true,
                  "{\"time\":\"2024-05-01T12:00:00.007Z\",\"severity\":\"error\",\"log\":\"mail\","
                  "\"text\":\"\\ufffd\\ufffd\"}\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_date_mark_and_level),
        cmocka_unit_test(text_cannot_be_forged),
        cmocka_unit_test(json_is_one_valid_line),
    };
    return cmocka_run_group_tests(tests, use_utc, NULL);
}
