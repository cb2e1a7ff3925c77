/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_message_id: form, uniqueness, reproducibility. */
#include "mail_test.h"

#include "modules/header/message_id.h"

static void form(void **state) {
    (void)state;
    struct mail_random random;
    char id[MESSAGE_ID_SIZE], other[MESSAGE_ID_SIZE];
    mail_random_init(&random);
    static const char *const domains[][2] = {{"example.org", "@example.org>"},        {"[192.0.2.1]", "@[192.0.2.1]>"},
                                             {NULL, "@localhost.invalid>"},           {"", "@localhost.invalid>"},
                                             {"b\xc3\xbc.de", "@localhost.invalid>"}, {"a b", "@localhost.invalid>"},
                                             {"a>\r\nX: y", "@localhost.invalid>"},   {"a..b", "@localhost.invalid>"}};
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++) {
        assert_int_equal(message_id_make(id, &random, 1700000000, domains[i][0], NULL), MAIL_OK);
        assert_true(message_id_is_valid(id, strlen(id)));
        assert_string_equal(strchr(id, '@'), domains[i][1]);
        assert_memory_equal(id, "<6553f100.", 10);
    }
    message_id_make(id, &random, 0, "x", NULL);
    message_id_make(other, &random, 0, "x", NULL);
    assert_string_not_equal(id, other);
}

static int compare(const void *a, const void *b) { return strcmp(a, b); }

static void unique(void **state) {
    (void)state;
    static char ids[20000][64];
    struct mail_random random;
    char id[MESSAGE_ID_SIZE];
    for (int seeded = 0; seeded < 2; seeded++) {
        mail_random_init(&random);
        if (seeded) mail_random_init_seed(&random, 42);
        for (size_t i = 0; i < 20000; i++) {
            message_id_make(id, &random, 0, "x", NULL);
            memcpy(ids[i], id + 3, 20); /* the random letters alone */
            ids[i][20] = '\0';
        }
        qsort(ids, 20000, sizeof ids[0], compare);
        for (size_t i = 1; i < 20000; i++) assert_string_not_equal(ids[i - 1], ids[i]);
    }
}

static void seeds(void **state) {
    (void)state;
    struct mail_random a, b, c;
    char x[64], y[64], z[64];
    mail_random_init_seed(&a, 1);
    mail_random_init_seed(&b, 1);
    mail_random_init_seed(&c, 2);
    for (int i = 0; i < 50; i++) {
        mail_random_letters(&a, x, 64);
        mail_random_letters(&b, y, 64);
        mail_random_letters(&c, z, 64);
        assert_memory_equal(x, y, 64);
        assert_memory_not_equal(x, z, 64);
    }
}

static void valid(void **state) {
    (void)state;
    static const char *const good[] = {"<a@b>", "<a.b+c@d.e>", "<a@[1.2.3.4]>"};
    static const char *const bad[] = {"",       "<>",        "a@b",        "<a>",     "<@b>",
                                      "<a@>",   "<a@b",      "a@b>",       "<a b@c>", "<a@b@c>",
                                      "<a@b>x", "<a@b\r\n>", "<a@b><c@d>", "<.a@b>",  "<a@[]>"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(message_id_is_valid(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (message_id_is_valid(bad[i], strlen(bad[i]))) fail_msg("'%s' was accepted", bad[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(form), cmocka_unit_test(unique), cmocka_unit_test(seeds),
                                       cmocka_unit_test(valid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
