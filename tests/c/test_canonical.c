/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_canonical: line ends at every place, cut at every place. */
#include "mail_test.h"

#include "modules/coding/canonical.h"

static void check(const char *in, size_t size, bool keep, const char *wanted) {
    for (size_t cut = 1; cut <= size + 1; cut++) {
        struct canonical_stream s;
        char out[256];
        size_t count = 0;
        canonical_init(&s, keep);
        for (size_t i = 0; i < size; i += cut)
            count += canonical_update(&s, out + count, in + i, size - i < cut ? size - i : cut);
        count += canonical_finish(&s, out + count);
        out[count] = '\0';
        assert_string_equal(out, wanted);
    }
}

static void line_ends(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"", "", ""},
        {"a", "a\r\n", "a\r\n"},
        {"a\n", "a\r\n", "a\r\n"},
        {"a\r\n", "a\r\n", "a\r\n"},
        {"a\r", "a\r\n", "a\r\r\n"},
        {"\n", "\r\n", "\r\n"},
        {"\r", "\r\n", "\r\r\n"},
        {"\r\r\n", "\r\n\r\n", "\r\r\n"},
        {"\n\r", "\r\n\r\n", "\r\n\r\r\n"},
        {"a\n\nb\r\rc\r\n\r\nd", "a\r\n\r\nb\r\n\r\nc\r\n\r\nd\r\n", "a\r\n\r\nb\r\rc\r\n\r\nd\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check(cases[i][0], strlen(cases[i][0]), false, cases[i][1]);
        check(cases[i][0], strlen(cases[i][0]), true, cases[i][2]);
    }
}

static void checked(void **state) {
    (void)state;
    static const char *const canonical[] = {"", "a", "\r\n", "a\r\nb", "\r\n\r\n.\r\n"};
    static const char *const others[] = {"\n", "\r", "a\n", "a\r", "\r\r\n", "\n\r", "a\r\nb\rc\r\n", "a\r\n\nb"};
    for (size_t i = 0; i < sizeof canonical / sizeof canonical[0]; i++)
        assert_true(canonical_check(canonical[i], strlen(canonical[i])));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_false(canonical_check(others[i], strlen(others[i])));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(line_ends), cmocka_unit_test(checked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
