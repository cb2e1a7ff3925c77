/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_mail_date: dates of RFC 5322 and its obsolete forms, against the C library's calendar. */
#ifndef _GNU_SOURCE
#endif
#include "mail_test.h"

#include <time.h>

#include "modules/header/mail_date.h"

static void parsed(const char *text, int64_t seconds, int offset) {
    int64_t got;
    int got_offset;
    struct mail_error error;
    if (mail_date_parse(text, strlen(text), &got, &got_offset, &error) != MAIL_OK)
        fail_msg("'%s': %s", text, error.text);
    if (got != seconds || got_offset != offset) fail_msg("'%s': %lld %d", text, (long long)got, got_offset);
}

static void good(void **state) {
    (void)state;
    parsed("Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360);
    parsed("21 Nov 1997 09:55 -0600", 880127700, -360);
    parsed("Fri, 21 Nov 97 09(comment):   55  :  06 -0600", 880127706, -360); /* RFC 5322 A.6.2 */
    parsed(
        "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)",
        -27723480, -210);
    parsed("1 Jan 1970 00:00:00 GMT", 0, 0);
    parsed("1 Jan 1970 00:00:00 UT", 0, 0);
    parsed("1 Jan 1970 00:00:00 EST", 18000, -300);
    parsed("1 Jan 1970 00:00:00 pdt", 25200, -420);
    parsed("1 Jan 1970 00:00:00 Z", 0, 0);
    parsed("1 Jan 1970 00:00:00 A", 0, 0);
    parsed("1 Jan 1970 00:00:00", 0, 0);
    parsed("1 jan 70 00:00:00 -0000", 0, 0);
    parsed("1 Jan 049 00:00:00 +0000", -662688000, 0);
    parsed("1 Jan 49 00:00:00 +0000", 2493072000, 0);
    parsed("29 Feb 2000 12:00:00 +0000", 951825600, 0);
    parsed("31 Dec 2016 23:59:60 +0000", 1483228800, 0);
    parsed("Mon, 21 Nov 1997 09:55:06 -0600", 880127706, -360); /* it was a Friday */
}

static void bad(void **state) {
    (void)state;
    static const char *const texts[] = {"",
                                        "x",
                                        "Fri",
                                        "Fri, ",
                                        "32 Jan 2000 0:0:0 +0000",
                                        "0 Jan 2000 0:0 +0000",
                                        "29 Feb 1900 0:0 +0000",
                                        "29 Feb 2001 0:0 +0000",
                                        "31 Apr 2001 0:0 +0000",
                                        "1 Foo 2000 0:0",
                                        "1 Jan 2000",
                                        "1 Jan 2000 24:00",
                                        "1 Jan 2000 0:60",
                                        "1 Jan 2000 0:0:61",
                                        "1 Jan 2000 0:0 +000",
                                        "1 Jan 2000 0:0 +00000",
                                        "1 Jan 2000 0:0 +0060",
                                        "1 Jan 2000 0:0 + 0000",
                                        "1 Jan 1899 0:0 +0000",
                                        "1 Jan 20000 0:0",
                                        "1 Jan 2000 0:0 +0000 x",
                                        "1 Jan 2000 0:0 (open",
                                        "Foo, 1 Jan 2000 0:0",
                                        "1 Jan 2 0:0 +0000",
                                        "((((((((((((((((((((((((((((((((((((((((((((((((((((1 Jan 2000 0:0"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t seconds;
        int offset;
        struct mail_error error;
        if (mail_date_parse(texts[i], strlen(texts[i]), &seconds, &offset, &error) == MAIL_OK)
            fail_msg("'%s' was accepted", texts[i]);
    }
}

static void format(void **state) {
    (void)state;
    char out[MAIL_DATE_SIZE];
    assert_int_equal(mail_date_format(out, 880127706, -360), MAIL_OK);
    assert_string_equal(out, "Fri, 21 Nov 1997 09:55:06 -0600");
    assert_int_equal(mail_date_format(out, 0, 345), MAIL_OK);
    assert_string_equal(out, "Thu, 1 Jan 1970 05:45:00 +0545");
    assert_int_equal(mail_date_format(out, -2208988800, 0), MAIL_OK);
    assert_string_equal(out, "Mon, 1 Jan 1900 00:00:00 +0000");
    assert_int_equal(mail_date_format(out, 253402300799, 0), MAIL_OK);
    assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 +0000");
    assert_int_equal(mail_date_format(out, -2208988801, 0), MAIL_SYNTAX);
    assert_int_equal(mail_date_format(out, -2208988800, -1), MAIL_SYNTAX);
    assert_int_equal(mail_date_format(out, 253402300800, 0), MAIL_SYNTAX);
    assert_int_equal(mail_date_format(out, 0, 6000), MAIL_SYNTAX);
    assert_int_equal(mail_date_format(out, INT64_MAX, 0), MAIL_SYNTAX);
    /* Every day from 1900 to 9999, by the C library. */
    for (int64_t day = -25567; day <= 2932896; day += 1) {
        time_t when = (time_t)(day * 86400 + 45296);
        struct tm tm;
        char wanted[MAIL_DATE_SIZE];
        gmtime_r(&when, &tm);
        if (mail_date_format(out, when, 0) != MAIL_OK) fail_msg("day %lld", (long long)day);
        strftime(wanted, sizeof wanted, "%a, %e %b %Y %H:%M:%S +0000", &tm);
        if (wanted[5] == ' ') memmove(wanted + 5, wanted + 6, strlen(wanted + 5));
        if (strcmp(out, wanted) != 0) fail_msg("'%s' is not '%s'", out, wanted);
        if (day % 97 != 0) continue;
        int64_t back;
        int offset;
        assert_int_equal(mail_date_parse(out, strlen(out), &back, &offset, NULL), MAIL_OK);
        assert_int_equal(back, when);
    }
}

static void local(void **state) {
    (void)state;
    setenv("TZ", "XXX-5:45", 1);
    tzset();
    assert_int_equal(mail_date_local_offset(0), 345);
    setenv("TZ", "YYY+3:30", 1);
    tzset();
    assert_int_equal(mail_date_local_offset(1700000000), -210);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(good), cmocka_unit_test(bad), cmocka_unit_test(format),
                                       cmocka_unit_test(local)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
