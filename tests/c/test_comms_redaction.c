/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests comms_redaction.h on what scripts cannot choose: where reads are cut, the forms of secrets, what is withheld.
 */
#include "in_runtime.h"

#include "modules/comms/comms_redaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static cp_context *cp;

/* A module in which somebody logs in with that password. */
static struct comms_module *logging_in(const char *password) {
    struct comms_module *m = cp_alloc(sizeof *m);
    assert_int_equal(comms_redaction_begin(cp, m), CP_NIL);
    comms_redaction_add(m, password);
    return m;
}

/* All that is shown of a text that comes in pieces of so many bytes, the first of them shorter or not at all, and then
 * nothing more. */
static char *shown_of(const struct comms_module *m, const char *text, size_t first, size_t piece) {
    struct comms_withheld withheld = {0};
    size_t whole = strlen(text), at = 0, used = 0;
    char *all = cp_alloc_atomic(whole + 1);
    const char *shown;
    while (at < whole) {
        size_t size = at == 0 && first > 0 ? first : piece;
        if (size > whole - at) size = whole - at;
        size_t length = comms_redaction_show(m->redaction, &withheld, text + at, size, &shown);
        memcpy(all + used, shown, length);
        used += length;
        at += size;
        assert_true(used + withheld.size == at);
    }
    size_t length = comms_redaction_show(NULL, &withheld, "", 0, &shown);
    memcpy(all + used, shown, length);
    assert_int_equal(used + length, whole);
    assert_int_equal(withheld.size, 0);
    all[whole] = '\0';
    return all;
}

/* The same wherever the text is cut. */
static void expect_shown(const struct comms_module *m, const char *text, const char *expected) {
    size_t whole = strlen(text);
    for (size_t first = 0; first <= whole; first++) assert_string_equal(shown_of(m, text, first, whole), expected);
    for (size_t piece = 1; piece < 8; piece++) assert_string_equal(shown_of(m, text, 0, piece), expected);
}

static void what_is_starred(void **state) {
    (void)state;
    const struct comms_module *m = logging_in("hunter2");
    expect_shown(m, "535 no\r\n221 bye\r\n", "535 no\r\n221 bye\r\n");
    expect_shown(m, "535 bad hunter2, bob\r\n221 bye\r\n", "535 bad ************\r\n221 bye\r\n");
    expect_shown(m, "535-HUNTER2\r\n535 hunter2\r\n", "535-*******\r\n535 *******\r\n");
    expect_shown(m, "535 hunt\nhun hunhunt\n",
                 "535 ****\nhun hun****\n"); /* the first half is enough where it is cut */
    expect_shown(m, "535 hunt...\n535 hunt..\n535 hunter...", "535 *******\n535 hunt..\n535 *********");
    expect_shown(m, "535 hunting, hunter 3\n", "535 hunting, hunter 3\n");
    expect_shown(m, "535 a hun is no hun\r\n", "535 a hun is no hun\r\n");
    expect_shown(m, "535 not ended: hun", "535 not ended: ***"); /* it may have been going to be one */
    expect_shown(m, "hhhuhunhunt", "hhhuhun****");
}

static void base64_at_any_place(void **state) {
    (void)state;
    const struct comms_module *m = logging_in("hunter2");
    expect_shown(m, "334 aHVudGVyMg==\r\n", "334 ************\r\n"); /* hunter2 */
    expect_shown(m, "334 eGh1bnRlcjI=\r\n", "334 eG**********\r\n"); /* xhunter2 */
    expect_shown(m, "334 eHhodW50ZXIy\r\n", "334 eHh*********\r\n"); /* xxhunter2 */
    expect_shown(m, "334 VXNlcm5hbWU6\r\n", "334 VXNlcm5hbWU6\r\n"); /* Username: */
    expect_shown(m, "535 AGJvYgBodW50ZXIy", "535 AGJvYgB*********"); /* NUL bob NUL hunter2 */
    comms_redaction_add_sent(m, "\0bob\0hunter2", 12);
    expect_shown(m, "535 AGJvYgBodW50ZXIy", "535 ****************");
    expect_shown(m, "535 AGJvYgB hm\r\n", "535 AGJvYgB hm\r\n");
}

static void words(void **state) {
    (void)state;
    struct comms_module *m = logging_in("a\tb\xff"
                                        "c");
    assert_true(comms_redaction_is_told(m, "it is a b?c", 11)); /* as Errors show it */
    assert_false(comms_redaction_is_told(m, "it is a b", 9));
    assert_string_equal(cp_text_z(cp, comms_redaction_words(cp, m, "A B?C")), COMMS_REDACTION_SAYS);
    assert_string_equal(cp_text_z(cp, comms_redaction_words(cp, m, "no")), "no");
    comms_redaction_end(cp, m);
    assert_string_equal(cp_text_z(cp, comms_redaction_words(cp, m, "A B?C")), "A B?C");
    comms_redaction_add(m, "nobody logs in");
    assert_false(comms_redaction_is_told(m, "nobody logs in", 14));
    m = logging_in("hunter2");
    assert_true(comms_redaction_is_told(m, "it is hunt", 10)); /* cut by us */
    assert_true(comms_redaction_is_told(m, "it is \"hunt...\"", 15));
    assert_false(comms_redaction_is_told(m, "hunting is over", 15));
    m = logging_in("");
    comms_redaction_add(m, NULL);
    comms_redaction_add_sent(m, "\1", 1);
    assert_false(comms_redaction_is_told(m, "\1 \r\n", 4));
    m = logging_in("q");
    assert_true(comms_redaction_is_told(m, "Q", 1));
    assert_false(comms_redaction_is_told(m, "abc", 3));
}

/* A token as large as they may be, repeated byte by byte; and more responses than there are signs for. */
static void much(void **state) {
    (void)state;
    enum { SIZE = 65536 };
    char *token = malloc(SIZE + 1);
    memset(token, 'a', SIZE);
    token[SIZE] = '\0';
    const struct comms_module *m = logging_in(token);
    char *shown = shown_of(m, token, 0, 1);
    assert_int_equal(strspn(shown, "*"), SIZE);
    memset(token, 'b', SIZE);
    for (size_t i = 0; i < SIZE; i += 63) memset(token + i, 'a', i + 62 < SIZE ? 62 : 0);
    assert_string_equal(shown_of(m, token, 0, 7), token); /* never more than 62 of the 64 bytes */
    for (int i = 0; i < 200; i++) comms_redaction_add_sent(m, "response", 8);
    assert_string_equal(shown_of(m, "response\nx", 0, 3), "********\nx");
    free(token);
}

/* What was withheld in one log-in does not become a part of a secret of the next. */
static void another_login(void **state) {
    (void)state;
    struct comms_module *m = logging_in("hunter2");
    struct comms_withheld withheld = {0};
    const char *shown;
    assert_int_equal(comms_redaction_show(m->redaction, &withheld, "535 hun", 7, &shown), 4);
    struct comms_module *next = logging_in("terrier");
    assert_int_equal(comms_redaction_show(next->redaction, &withheld, "ter\r\n", 5, &shown), 8);
    assert_memory_equal(shown, "***ter\r\n", 8);
    assert_int_equal(comms_redaction_show(NULL, &withheld, "", 0, &shown), 0);
    const char *same = "terrier";
    assert_int_equal(comms_redaction_show(NULL, &withheld, same, 7, &shown), 7);
    assert_ptr_equal(shown, same);
}

static int all(cp_context *context, void *unused) {
    (void)unused;
    cp = context;
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_starred), cmocka_unit_test(base64_at_any_place),
                                       cmocka_unit_test(words), cmocka_unit_test(much),
                                       cmocka_unit_test(another_login)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void) { return run_in_runtime(all, false); }
