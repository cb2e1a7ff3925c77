/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration file: what it says, what is wrong with it and where, and that a change leaves the rest as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "modules/system/configuration.h"

static struct configuration *parse(const char *text) {
    struct configuration_error error;
    struct configuration *c = configuration_parse(text, strlen(text), &error);
    if (!c) print_error("line %zu: %s\n", error.line, error.text);
    assert_non_null(c);
    return c;
}

static void assert_text(const struct configuration *c, const char *expected) {
    size_t size;
    char *text = configuration_text(c, &size);
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(size, strlen(expected));
    free(text);
}

static const char sample[] = "# mine\n"
                             "[Communications/Stacks/Mail]\n"
                             "modules = Smtp,Util,Tcp\n"
                             "port    = 587\n"
                             "\n"
                             "; the service\n"
                             "[Communications/Services/MasterMailer]\n"
                             "  stack = Mail  \n"
                             "passwordEval = pass show mail/reports # \"x\"\n"
                             "title = \"  a \\\"b\\\"\\n\\t\\\\ \"\n"
                             "empty =\n"
                             "[Communications/Stacks/Mail]\n"
                             "more=1\n";

static void values_are_found(void **state) {
    (void)state;
    struct configuration *c = parse(sample);
    static const char mail[] = "Communications/Stacks/Mail", master[] = "Communications/Services/MasterMailer";
    assert_string_equal(configuration_get(c, mail, "modules"), "Smtp,Util,Tcp");
    assert_string_equal(configuration_get(c, mail, "port"), "587");
    assert_string_equal(configuration_get(c, mail, "more"), "1");
    assert_string_equal(configuration_get(c, master, "stack"), "Mail");
    assert_string_equal(configuration_get(c, master, "passwordEval"), "pass show mail/reports # \"x\"");
    assert_string_equal(configuration_get(c, master, "title"), "  a \"b\"\n\t\\ ");
    assert_string_equal(configuration_get(c, master, "empty"), "");
    assert_null(configuration_get(c, master, "port"));
    assert_null(configuration_get(c, mail, "Port"));
    assert_true(configuration_has_section(c, mail));
    assert_false(configuration_has_section(c, "Communications/Stacks"));
    configuration_free(c);
}

static void entries_come_in_order_from_all_openings(void **state) {
    (void)state;
    struct configuration *c = parse(sample);
    size_t position = 0;
    const char *name, *value;
    static const char *const expected[] = {"modules", "port", "more"};
    for (int i = 0; i < 3; i++) {
        assert_true(configuration_next_entry(c, "Communications/Stacks/Mail", &position, &name, &value));
        assert_string_equal(name, expected[i]);
    }
    assert_false(configuration_next_entry(c, "Communications/Stacks/Mail", &position, &name, &value));
    position = 0;
    int sections = 0;
    while (configuration_next_section(c, &position, &name)) sections++;
    assert_int_equal(sections, 3);
    configuration_free(c);
}

static void windows_line_ends_and_byte_order_mark(void **state) {
    (void)state;
    struct configuration *c = parse("\xef\xbb\xbf[A]\r\nb = c\r\nd = e\r\r\n");
    assert_string_equal(configuration_get(c, "A", "b"), "c");
    assert_string_equal(configuration_get(c, "A", "d"), "e");
    assert_text(c, "[A]\nb = c\nd = e\n");
    configuration_free(c);
}

static void errors_tell_the_line(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t line;
        const char *says;
    } cases[] = {
        {"[A]\nb = 1\n\nc\n", 4, "expected"},      {"b = 1\n", 1, "before the first"},
        {"\n[A\n", 2, "closing bracket"},          {"[]\n", 1, "section's name"},
        {"[a//b]\n", 1, "section's name"},         {"[A]\n= 1\n", 2, "name of a value"},
        {"[A]\nb = \"x\n", 2, "no closing quote"}, {"[A]\nb = \"x\" y\n", 2, "follows"},
        {"[A]\nb = \"\\q\"\n", 2, "backslash"},    {"[A]\nb = \"\\", 2, "backslash"},
        {"[A]\nb = \"", 2, "no closing quote"},    {"[A]\nb = 1\n[C]\n[A]\nb = 2\n", 5, "first in line 2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct configuration_error error;
        assert_null(configuration_parse(cases[i].text, strlen(cases[i].text), &error));
        assert_int_equal(error.problem, CONFIGURATION_BAD);
        assert_int_equal(error.line, cases[i].line);
        if (!strstr(error.text, cases[i].says)) fail_msg("case %zu says: %s", i, error.text);
    }
    struct configuration_error error;
    assert_null(configuration_parse("[A]\nb = \0\n", 10, &error));
    assert_int_equal(error.line, 2);
    char *large = calloc(1, CONFIGURATION_LIMIT + 1);
    assert_null(configuration_parse(large, CONFIGURATION_LIMIT + 1, &error));
    assert_int_equal(error.problem, CONFIGURATION_BAD);
    free(large);
}

static void unchanged_text_is_the_same(void **state) {
    (void)state;
    struct configuration *c = parse(sample);
    assert_text(c, sample);
    configuration_free(c);
}

static void changes_keep_comments_and_order(void **state) {
    (void)state;
    struct configuration *c = parse("# top\n[A]\nx = 1\n# about y\ny = 2\n\n# about B\n[B]\nz=3\n");
    assert_true(configuration_set(c, "A", "x", " two\nlines"));
    assert_true(configuration_set(c, "A", "new", "n"));
    assert_true(configuration_set(c, "B", "z", NULL));
    assert_true(configuration_set(c, "C/D", "first", ""));
    assert_true(configuration_set(c, "E", NULL, NULL));
    assert_true(configuration_set(c, "A", "absent", NULL));
    assert_text(c, "# top\n[A]\nx = \" two\\nlines\"\n# about y\ny = 2\nnew = n\n\n# about B\n[B]\n"
                   "\n[C/D]\nfirst = \n\n[E]\n");
    assert_null(configuration_get(c, "B", "z"));
    assert_string_equal(configuration_get(c, "A", "new"), "n");
    assert_string_equal(configuration_get(c, "C/D", "first"), "");
    assert_true(configuration_set(c, "B", "z", "again"));
    assert_string_equal(configuration_get(c, "B", "z"), "again");
    configuration_free(c);
}

/* Nothing that is set can change what else the file says. */
static void every_value_reads_back(void **state) {
    (void)state;
    static const char *const values[] = {
        "",     "plain", "  ",        "\"",    "a\"b", "\\",         "a\nb = c\n[X]", "\r\n",
        "\t x", "#no",   "[section]", "a = b", "\\n",  "trailing\\", "\xff\xfe",      "\"quoted\"",
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct configuration *c = parse("[A]\nafter = 1\n");
        assert_true(configuration_set(c, "A", "name", values[i]));
        size_t size;
        char *text = configuration_text(c, &size);
        struct configuration *again = parse(text);
        assert_string_equal(configuration_get(again, "A", "name"), values[i]);
        assert_string_equal(configuration_get(again, "A", "after"), "1");
        assert_false(configuration_has_section(again, "X"));
        free(text);
        configuration_free(c);
        configuration_free(again);
    }
}

static void names_that_cannot_stand_are_refused(void **state) {
    (void)state;
    struct configuration *c = parse("[A]\n");
    assert_false(configuration_set(c, "A", "a=b", "1"));
    assert_false(configuration_set(c, "A", "a\nb", "1"));
    assert_false(configuration_set(c, "A", "#a", "1"));
    assert_false(configuration_set(c, "A", "", "1"));
    assert_false(configuration_set(c, "A]\n[B", "a", "1"));
    assert_false(configuration_set(c, "A/", "a", "1"));
    assert_false(configuration_set(c, "", "a", "1"));
    assert_text(c, "[A]\n");
    configuration_free(c);
}

static void many_entries(void **state) {
    (void)state;
    struct configuration *c = parse("");
    char name[32];
    for (int i = 0; i < 2000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        assert_true(configuration_set(c, i % 2 ? "Odd" : "Even", name, name));
    }
    for (int i = 0; i < 2000; i += 7) {
        snprintf(name, sizeof name, "n%d", i);
        assert_string_equal(configuration_get(c, i % 2 ? "Odd" : "Even", name), name);
        assert_null(configuration_get(c, i % 2 ? "Even" : "Odd", name));
    }
    configuration_free(c);
}

static void secrets_by_name(void **state) {
    (void)state;
    assert_true(configuration_is_secret("password"));
    assert_true(configuration_is_secret("proxyPassword"));
    assert_true(configuration_is_secret("TOKEN"));
    assert_true(configuration_is_secret("clientSecret"));
    assert_false(configuration_is_secret("passwordEval"));
    assert_false(configuration_is_secret("secretary"));
    assert_false(configuration_is_secret("user"));
}

static void nearest_names(void **state) {
    (void)state;
    static const char *const names[] = {"directory", "levels", "maxSize", "format"};
    assert_string_equal(configuration_nearest("maxsize", names, 4), "maxSize");
    assert_string_equal(configuration_nearest("level", names, 4), "levels");
    assert_string_equal(configuration_nearest("fromat", names, 4), "format");
    assert_null(configuration_nearest("colour", names, 4));
    assert_null(configuration_nearest("", names, 0));
}

/* ---- files ---- */

static char folder[] = "/tmp/carapace-configuration-XXXXXX";
static char path[128];

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/below/here/carapace.conf", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    char command[160];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void saves_with_folders_and_mode_600(void **state) {
    (void)state;
    struct configuration *c = parse("[A]\npassword = p\n");
    assert_int_equal(configuration_save(c, path), 0);
    configuration_free(c);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    struct configuration_error error;
    c = configuration_load(path, &error);
    assert_non_null(c);
    assert_string_equal(configuration_get(c, "A", "password"), "p");
    configuration_free(c);
}

static void a_secret_others_can_read_is_refused(void **state) {
    (void)state;
    struct configuration_error error;
    static const mode_t modes[] = {0604, 0640, 0644};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_null(configuration_load(path, &error));
        assert_int_equal(error.problem, CONFIGURATION_BAD);
        assert_non_null(strstr(error.text, "chmod 600"));
        assert_non_null(strstr(error.text, "[A] holds `password`"));
    }
    struct configuration *c = parse("[A]\npasswordEval = p\npassword =\n");
    assert_int_equal(configuration_save(c, path), 0);
    configuration_free(c);
    assert_int_equal(chmod(path, 0644), 0);
    c = configuration_load(path, &error);
    assert_non_null(c);
    configuration_free(c);
}

static void absent_is_empty_and_a_folder_is_unreadable(void **state) {
    (void)state;
    struct configuration_error error;
    char absent[160];
    snprintf(absent, sizeof absent, "%s/no/such", folder);
    struct configuration *c = configuration_load(absent, &error);
    assert_non_null(c);
    assert_text(c, "");
    configuration_free(c);
    assert_null(configuration_load(folder, &error));
    assert_int_equal(error.problem, CONFIGURATION_UNREADABLE);
}

static void a_link_stays_a_link(void **state) {
    (void)state;
    char link[160];
    snprintf(link, sizeof link, "%s/link.conf", folder);
    assert_int_equal(symlink(path, link), 0);
    struct configuration *c = parse("[L]\na = 1\n");
    assert_int_equal(configuration_save(c, link), 0);
    configuration_free(c);
    struct stat status;
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    struct configuration_error error;
    c = configuration_load(path, &error);
    assert_string_equal(configuration_get(c, "L", "a"), "1");
    configuration_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found),
        cmocka_unit_test(entries_come_in_order_from_all_openings),
        cmocka_unit_test(windows_line_ends_and_byte_order_mark),
        cmocka_unit_test(errors_tell_the_line),
        cmocka_unit_test(unchanged_text_is_the_same),
        cmocka_unit_test(changes_keep_comments_and_order),
        cmocka_unit_test(every_value_reads_back),
        cmocka_unit_test(names_that_cannot_stand_are_refused),
        cmocka_unit_test(many_entries),
        cmocka_unit_test(secrets_by_name),
        cmocka_unit_test(nearest_names),
        cmocka_unit_test(saves_with_folders_and_mode_600),
        cmocka_unit_test(a_secret_others_can_read_is_refused),
        cmocka_unit_test(absent_is_empty_and_a_folder_is_unreadable),
        cmocka_unit_test(a_link_stays_a_link),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
