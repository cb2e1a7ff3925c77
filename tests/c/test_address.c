/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_address: mailboxes good and bad, lists and groups, limits, writing. */
#include "mail_test.h"

#include "modules/coding/mail_random.h"
#include "modules/header/address.h"

/* text, display name, local part, domain, spec; spec NULL: local@domain. */
static const char *const good[][5] = {
    {"bob@example.org", "", "bob", "example.org", NULL},
    {"  bob@example.org\t", "", "bob", "example.org", NULL},
    {"<bob@example.org>", "", "bob", "example.org", NULL},
    {"Bob <bob@example.org>", "Bob", "bob", "example.org", NULL},
    {"Bob Smith<bob@example.org>", "Bob Smith", "bob", "example.org", NULL},
    {"Bob   Smith <bob@example.org>", "Bob Smith", "bob", "example.org", NULL},
    {"\"Smith, Bob\" <bob@example.org>", "Smith, Bob", "bob", "example.org", NULL},
    {"\"a \\\"b\\\" \\\\\" <x@y.z>", "a \"b\" \\", "x", "y.z", NULL},
    {"\"\" <x@y.z>", "", "x", "y.z", NULL},
    {"J. Doe <x@y.z>", "J. Doe", "x", "y.z", NULL},
    {"a.b.c@d", "", "a.b.c", "d", NULL},
    {"!#$%&'*+-/=?^_`{|}~@example.org", "", "!#$%&'*+-/=?^_`{|}~", "example.org", NULL},
    {"\"john doe\"@example.org", "", "john doe", "example.org", "\"john doe\"@example.org"},
    {"\"john\"@example.org", "", "john", "example.org", NULL},
    {"\"a\\\"b\"@example.org", "", "a\"b", "example.org", "\"a\\\"b\"@example.org"},
    {"\"a@b\"@example.org", "", "a@b", "example.org", "\"a@b\"@example.org"},
    {"\"\"@example.org", "", "", "example.org", "\"\"@example.org"},
    {"\"a..b\"@example.org", "", "a..b", "example.org", "\"a..b\"@example.org"},
    {"a.\"b\".c@example.org", "", "a.b.c", "example.org", NULL},
    {"a . b @ c . d", "", "a.b", "c.d", NULL},
    {"a(x)@(y)b(z)", "", "a", "b", NULL},
    {"(c1) Bob (c2(nested\\))) <bob@example.org> (c3)", "Bob", "bob", "example.org", NULL},
    {"x@[192.0.2.1]", "", "x", "[192.0.2.1]", NULL},
    {"x@[IPv6:2001:db8::1]", "", "x", "[IPv6:2001:db8::1]", NULL},
    {"x@[ipv6:::1]", "", "x", "[ipv6:::1]", NULL},
    {"x@[tag:content]", "", "x", "[tag:content]", NULL},
    {"<@a.example,@b.example:x@y.z>", "", "x", "y.z", NULL},
    {"x@under_score.example", "", "x", "under_score.example", NULL},
    {"x@xn--bcher-kva.example", "", "x", "xn--bcher-kva.example", NULL},
    {"x@1.example", "", "x", "1.example", NULL},
    {"Grün <grün@bücher.example>", "Grün", "grün", "bücher.example", NULL},
    {"用户@例子.广告", "", "用户", "例子.广告", NULL},
    {"=?utf-8?q?J=C3=B6rg?= <j@x.org>", "Jörg", "j", "x.org", NULL},
    {"=?utf-8?q?a?= =?utf-8?q?b?= <j@x.org>", "ab", "j", "x.org", NULL},
    {"=?utf-8?q?M=C3=BCller,_H?= <j@x.org>", "Müller, H", "j", "x.org", NULL},
    {"=?utf-8?q?a=0D=0AX:_b?= <j@x.org>", "a  X: b", "j", "x.org", NULL},
    {",, x@y.z ,", "", "x", "y.z", NULL},
    {"Group: x@y.z;", "", "x", "y.z", NULL},
};

static void accepted(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct address_list list;
        struct mail_error error;
        char spec[300];
        if (address_parse(&list, good[i][0], strlen(good[i][0]), &error) != MAIL_OK)
            fail_msg("'%s': %s", good[i][0], error.text);
        const struct address *a = &list.items[0];
        snprintf(spec, sizeof spec, "%s@%s", good[i][2], good[i][3]);
        assert_string_equal(a->display_name, good[i][1]);
        assert_string_equal(a->local_part, good[i][2]);
        assert_string_equal(a->domain, good[i][3]);
        assert_string_equal(a->spec, good[i][4] ? good[i][4] : spec);
        address_list_free(&list);
    }
}

static const struct {
    const char *text;
    enum mail_status status;
    const char *words;
    size_t position;
} bad[] = {
    {"", MAIL_SYNTAX, "empty address", 0},
    {" (only a comment) ", MAIL_SYNTAX, "empty address", 0},
    {"bob", MAIL_SYNTAX, "no @ in 'bob'", 3},
    {"x@y, bob , z@y", MAIL_SYNTAX, "no @ in 'bob '", 9},
    {"Bob Smith", MAIL_SYNTAX, "before the @", 4},
    {"@example.org", MAIL_SYNTAX, "nothing before the @", 0},
    {"bob@", MAIL_SYNTAX, "no domain after the @ in 'bob@'", 4},
    {"bob@ , x@y", MAIL_SYNTAX, "no domain after the @", 5},
    {"bob@@example.org", MAIL_SYNTAX, "no domain after the @", 4},
    {"bob@a@b", MAIL_SYNTAX, "unexpected '@'", 5},
    {".bob@x.org", MAIL_SYNTAX, "a dot at the beginning", 0},
    {"bob.@x.org", MAIL_SYNTAX, "a dot just before the @", 4},
    {"b..ob@x.org", MAIL_SYNTAX, "two dots in a row", 2},
    {"bob@.x.org", MAIL_SYNTAX, "a dot just after the @", 4},
    {"bob@x..org", MAIL_SYNTAX, "two dots in a row", 6},
    {"bob@x.org.", MAIL_SYNTAX, "a dot at the end of the domain", 10},
    {"john doe@x.org", MAIL_SYNTAX, "space or comma", 5},
    {"bob@x org", MAIL_SYNTAX, "unexpected 'o'", 6},
    {"bob@-x.org", MAIL_SYNTAX, "hyphen", 4},
    {"bob@x-.org", MAIL_SYNTAX, "hyphen", 4},
    {"bob@x!y.org", MAIL_SYNTAX, "'!' cannot be in a domain", 5},
    {"bob@x/y", MAIL_SYNTAX, "'/' cannot", 5},
    {"<>", MAIL_SYNTAX, "empty address in '<>'", 1},
    {"Bob <>", MAIL_SYNTAX, "empty address", 5},
    {"Bob <bob>", MAIL_SYNTAX, "no @", 8},
    {"Bob <bob@x.org", MAIL_SYNTAX, "no > in", 14},
    {"Bob bob@x.org>", MAIL_SYNTAX, "space or comma", 4},
    {"bob@x.org>", MAIL_SYNTAX, "unexpected '>'", 9},
    {"<bob@x.org> Bob", MAIL_SYNTAX, "unexpected 'B'", 12},
    {"<bob@x.org> <a@b>", MAIL_SYNTAX, "unexpected '<'", 12},
    {"\"Bob <bob@x.org>", MAIL_SYNTAX, "quotation mark not closed", 0},
    {"\"bob@x.org", MAIL_SYNTAX, "quotation mark not closed", 0},
    {"bob@x.org (open", MAIL_SYNTAX, "comment '(open' is not closed", 10},
    {"bob)@x.org", MAIL_SYNTAX, "unexpected ')'", 3},
    {"a[b]@x.org", MAIL_SYNTAX, "unexpected '['", 1},
    {"a\\b@x.org", MAIL_SYNTAX, "unexpected '\\'", 1},
    {"bob@[192.0.2.1", MAIL_SYNTAX, "'[' is not closed", 4},
    {"bob@[192.0.2.256]", MAIL_SYNTAX, "no address literal", 4},
    {"bob@[192.0.2]", MAIL_SYNTAX, "no address literal", 4},
    {"bob@[IPv6:zz]", MAIL_SYNTAX, "no address literal", 4},
    {"bob@[]", MAIL_SYNTAX, "no address literal", 4},
    {"bob@[1.2.3.4]x", MAIL_SYNTAX, "unexpected 'x'", 13},
    {"a@b\r\nRCPT TO:<x@y>", MAIL_CONTROL_CHARACTER, "line break in an address at byte 3", 3},
    {"a@b\n", MAIL_CONTROL_CHARACTER, "line break", 3},
    {"a\r@b", MAIL_CONTROL_CHARACTER, "line break", 1},
    {"\"a\nb\"@c", MAIL_CONTROL_CHARACTER, "line break", 2},
    {"a\x01@b", MAIL_SYNTAX, "control character 0x01", 1},
    {"\"a\x01\"@b", MAIL_SYNTAX, "control character", 2},
    {"a\x7f@b", MAIL_SYNTAX, "control character 0x7F", 1},
    {"\xff@b", MAIL_ENCODING, "not valid UTF-8", 0},
    {"a@b\xc3", MAIL_ENCODING, "not valid UTF-8", 2},
    {"a\xc2\xa0@b", MAIL_SYNTAX, "invisible character U+00A0", 0},
    {"a@b\xe2\x80\x8b.org", MAIL_SYNTAX, "invisible character U+200B", 2},
    {"a@b, c@d", MAIL_SYNTAX, "2 addresses where one is wanted", 0},
    {"a@b; c@d", MAIL_SYNTAX, "unexpected ';'", 3},
    {"G: a@b", MAIL_SYNTAX, "no ; at the end of the group", 0},
    {"G: H: a@b;;", MAIL_SYNTAX, "a group inside a group", 3},
    {": a@b;", MAIL_SYNTAX, "a group without a name", 0},
    {"G: a@b; c@d", MAIL_SYNTAX, "unexpected 'c'", 8},
};

static void refused(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct address_list list;
        struct mail_error error;
        enum mail_status status = address_parse(&list, bad[i].text, strlen(bad[i].text), &error);
        if (status == MAIL_OK) fail_msg("'%s' was accepted", bad[i].text);
        if (status != bad[i].status || !strstr(error.text, bad[i].words) || error.position != bad[i].position) {
            fail_msg("'%s': %d at %zu: %s", bad[i].text, status, error.position, error.text);
        }
        assert_int_equal(list.count, 0);
        for (const char *c = error.text; *c; c++) assert_true((unsigned char)*c >= 32);
    }
    struct address_list list;
    assert_int_equal(address_parse(&list, "a@b\0c", 5, NULL), MAIL_CONTROL_CHARACTER);
}

static enum mail_status parse_lengths(size_t local, size_t label, size_t labels, bool last) {
    char text[2000];
    size_t size = local;
    struct address_list list;
    memset(text, 'a', local);
    text[size++] = '@';
    for (size_t i = 0; i < labels; i++) {
        memset(text + size, 'b', label);
        size += label;
        if (i + 1 < labels) text[size++] = '.';
    }
    if (last) {
        memcpy(text + size, ".c", 2);
        size += 2;
    }
    enum mail_status status = address_parse(&list, text, size, NULL);
    address_list_free(&list);
    return status;
}

static void limits(void **state) {
    (void)state;
    assert_int_equal(parse_lengths(64, 10, 1, false), MAIL_OK);
    assert_int_equal(parse_lengths(65, 10, 1, false), MAIL_TOO_LONG);
    assert_int_equal(parse_lengths(1, 63, 1, false), MAIL_OK);
    assert_int_equal(parse_lengths(1, 64, 1, false), MAIL_TOO_LONG);
    assert_int_equal(parse_lengths(60, 63, 3, true), MAIL_OK);        /* 60 + 1 + 193 = 254 */
    assert_int_equal(parse_lengths(61, 63, 3, true), MAIL_TOO_LONG);  /* 255 */
    assert_int_equal(parse_lengths(62, 47, 4, false), MAIL_OK);       /* 62 + 1 + 191 = 254 */
    assert_int_equal(parse_lengths(63, 47, 4, false), MAIL_TOO_LONG); /* 255 */
    assert_int_equal(parse_lengths(1, 63, 4, true), MAIL_TOO_LONG);
    char text[400];
    struct address_list list;
    memset(text, '(', 32);
    memset(text + 32, ')', 32);
    memcpy(text + 64, "a@b", 3);
    assert_int_equal(address_parse(&list, text, 67, NULL), MAIL_OK);
    address_list_free(&list);
    memset(text, '(', 33);
    memset(text + 33, ')', 33);
    memcpy(text + 66, "a@b", 3);
    assert_int_equal(address_parse(&list, text, 69, NULL), MAIL_TOO_MANY);
}

static void many(void **state) {
    (void)state;
    struct mail_buffer text = {0};
    struct address_list list;
    struct mail_error error;
    for (int i = 0; i < ADDRESS_LIST_LIMIT; i++) mail_buffer_append_string(&text, "\"N, N\" <a@b>,");
    assert_int_equal(address_list_parse(&list, text.data, text.size, &error), MAIL_OK);
    assert_int_equal(list.count, ADDRESS_LIST_LIMIT);
    address_list_free(&list);
    mail_buffer_append_string(&text, "a@b");
    assert_int_equal(address_list_parse(&list, text.data, text.size, &error), MAIL_TOO_MANY);
    mail_buffer_free(&text);
}

static void written(const char *in, const char *wanted) {
    struct address_list list;
    struct mail_error error;
    struct mail_buffer out = {0};
    assert_int_equal(address_list_parse(&list, in, strlen(in), &error), MAIL_OK);
    assert_int_equal(address_write_header(&out, "To", &list, 1, &error), MAIL_OK);
    expect_buffer(&out, wanted);
    mail_buffer_free(&out);
    address_list_free(&list);
}

static void writing(void **state) {
    (void)state;
    written("a@b", "To: a@b\r\n");
    written("Bob <a@b>, \"X, Y\" <c@d>", "To: Bob <a@b>, \"X, Y\" <c@d>\r\n");
    written("Jörg <a@b>", "To: =?UTF-8?B?SsO2cmc=?= <a@b>\r\n");
    written("grün@b", "To: grün@b\r\n");
    written("\"a b\"@c", "To: \"a b\"@c\r\n");
    written("Friends: a@b, \"C\" <c@d>;, e@f", "To: Friends: a@b, C <c@d>;, e@f\r\n");
    written("A: a@b;, B: c@d;", "To: A: a@b;, B: c@d;\r\n");
    written("someone.with.a.long.name@example.org, another.one.with.a.long.name@example.org",
            "To: someone.with.a.long.name@example.org,\r\n another.one.with.a.long.name@example.org\r\n");
}

static void comparing(void **state) {
    (void)state;
    struct address_list list;
    const char *text = "Bob@Example.ORG, Bob@example.org, bob@example.org, \"Bob\"@example.org, Bob@example.com";
    assert_int_equal(address_list_parse(&list, text, strlen(text), NULL), MAIL_OK);
    assert_true(address_equal(&list.items[0], &list.items[1]));
    assert_false(address_equal(&list.items[0], &list.items[2]));
    assert_true(address_equal(&list.items[0], &list.items[3]));
    assert_false(address_equal(&list.items[0], &list.items[4]));
    address_list_free(&list);
}

static void groups(void **state) {
    (void)state;
    struct address_list list;
    const char *text = "a@b, undisclosed-recipients:;, \"My, Group\": c@d, E <e@f>;, g@h";
    assert_int_equal(address_list_parse(&list, text, strlen(text), NULL), MAIL_OK);
    assert_int_equal(list.count, 4);
    assert_null(list.items[0].group);
    assert_string_equal(list.items[1].group, "My, Group");
    assert_string_equal(list.items[2].group, "My, Group");
    assert_null(list.items[3].group);
    address_list_free(&list);
}

/* What address_plain reads alone, the whole grammar, to which a comment sends it, must read the same; and refuse what
   it refuses. */
static void plain_as_the_grammar(void **state) {
    static const char *const pieces[] = {"a", "b.c", "@", "@x",     "@x.y-z", ".", "-",
                                         "<", ">",   " ", "J. D <", "_1",     "=?"};
    struct mail_random random;
    size_t same = 0;
    (void)state;
    mail_random_init_seed(&random, 7);
    for (int round = 0; round < 100000; round++) {
        struct address_list plain, whole;
        struct mail_error error;
        unsigned char bytes[8];
        char text[80];
        size_t size = 0;
        mail_random_bytes(&random, bytes, sizeof bytes);
        for (size_t i = 1; i < 3u + bytes[0] % 6; i++) {
            const char *piece = pieces[bytes[i] % (sizeof pieces / sizeof *pieces)];
            memcpy(text + size, piece, strlen(piece));
            size += strlen(piece);
        }
        memcpy(text + size, "()", 3);
        enum mail_status first = address_list_parse(&plain, text, size, &error);
        enum mail_status second = address_list_parse(&whole, text, size + 2, &error);
        if (first != second || plain.count != whole.count) fail_msg("'%.*s': %d, %d", (int)size, text, first, second);
        for (size_t i = 0; i < plain.count; i++) {
            const struct address *a = &plain.items[i], *b = &whole.items[i];
            assert_string_equal(a->display_name, b->display_name);
            assert_string_equal(a->local_part, b->local_part);
            assert_string_equal(a->domain, b->domain);
            assert_string_equal(a->spec, b->spec);
            assert_null(a->group);
            assert_false(a->non_ascii_local || a->non_ascii_domain);
            same += plain.storage == NULL;
        }
        address_list_free(&plain);
        address_list_free(&whole);
    }
    assert_true(same > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(accepted), cmocka_unit_test(refused),
                                       cmocka_unit_test(limits),   cmocka_unit_test(many),
                                       cmocka_unit_test(writing),  cmocka_unit_test(comparing),
                                       cmocka_unit_test(groups),   cmocka_unit_test(plain_as_the_grammar)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
