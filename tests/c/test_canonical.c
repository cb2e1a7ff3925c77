/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_canonical: line ends and dots at every place, cut at every place. */
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
    assert_true(canonical_check("a\r\nb", 4) && canonical_check("", 0) && canonical_check("\r\n\r\n", 4));
    assert_false(canonical_check("a\nb", 3) || canonical_check("a\rb\r\n", 5) || canonical_check("a\r", 2) ||
                 canonical_check("\r\r\n", 3));
}

static void dots(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"", ".\r\n"},
        {".", "..\r\n.\r\n"},
        {".\r\n", "..\r\n.\r\n"},
        {"a\r\n", "a\r\n.\r\n"},
        {"a", "a\r\n.\r\n"},
        {"a.b\r\n.c\r\n", "a.b\r\n..c\r\n.\r\n"},
        {"..\r\n", "...\r\n.\r\n"},
        {".\r\n.\r\n.\r\n", "..\r\n..\r\n..\r\n.\r\n"},
        {"\r\n.\r\n", "\r\n..\r\n.\r\n"},
        {"a\r\n\r\n.", "a\r\n\r\n..\r\n.\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *in = cases[i][0];
        size_t size = strlen(in);
        for (size_t cut = 1; cut <= size + 1; cut++) {
            struct dot_stuffing s;
            struct dot_unstuffing u;
            char out[64], back[64];
            size_t count = 0, total = 0, consumed;
            dot_stuffing_init(&s);
            for (size_t k = 0; k < size; k += cut)
                count += dot_stuffing_update(&s, out + count, in + k, size - k < cut ? size - k : cut);
            count += dot_stuffing_finish(&s, out + count);
            out[count] = '\0';
            assert_string_equal(out, cases[i][1]);
            dot_unstuffing_init(&u);
            for (size_t k = 0; k < count; k += cut)
                total += dot_unstuffing_update(&u, back + total, out + k, count - k < cut ? count - k : cut, &consumed);
            assert_true(u.done);
            assert_memory_equal(back, in, size);
            assert_int_equal(total, size + (size > 0 && in[size - 1] != '\n' ? 2 : 0));
        }
    }
}

/* Only CRLF . CRLF ends the data: other forms would let a second message be smuggled in. */
static void smuggling(void **state) {
    (void)state;
    static const char *const open[] = {"a\n.\n",   "a\n.\r\n",     "a\r.\r",   "a\r\n.\n",
                                       "a\r\n.\r", "a\r\n.\r\r\n", "a\r.\r\n", "a\n\r.\r\n"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        struct dot_unstuffing u;
        char out[32];
        size_t consumed;
        dot_unstuffing_init(&u);
        dot_unstuffing_update(&u, out, open[i], strlen(open[i]), &consumed);
        if (u.done) fail_msg("case %zu ended the data", i);
    }
    struct dot_unstuffing u;
    char out[32];
    size_t consumed;
    dot_unstuffing_init(&u);
    assert_int_equal(dot_unstuffing_update(&u, out, "x\r\n.\r\nQUIT\r\n", 12, &consumed), 3);
    assert_true(u.done);
    assert_int_equal(consumed, 6);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(line_ends), cmocka_unit_test(dots),
                                       cmocka_unit_test(smuggling)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
