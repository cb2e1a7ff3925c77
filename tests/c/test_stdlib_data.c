/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The embedded standard library holds what the folder holds: names in order, bytes unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "interp/run/stdlib_data.h"

static void names_ascend(void **state) {
    (void)state;
    for (size_t i = 1; i < stdlib_file_count; i++)
        assert_true(strcmp(stdlib_files[i - 1].name, stdlib_files[i].name) < 0);
}

static void ends_with_a_nul_not_counted(void **state) {
    (void)state;
    for (size_t i = 0; i < stdlib_file_count; i++) assert_int_equal(stdlib_files[i].text[stdlib_files[i].length], 0);
}

/* The runner gives the project's folder in CARAPACE_ROOT. */
static void bytes_are_those_of_the_file(void **state) {
    (void)state;
    const char *root = getenv("CARAPACE_ROOT");
    assert_non_null(root);
    for (size_t i = 0; i < stdlib_file_count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/stdlib/%s", root, stdlib_files[i].name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        for (size_t k = 0; k < stdlib_files[i].length; k++) assert_int_equal(getc(file), stdlib_files[i].text[k]);
        assert_int_equal(getc(file), EOF);
        fclose(file);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_ascend),
        cmocka_unit_test(ends_with_a_nul_not_counted),
        cmocka_unit_test(bytes_are_those_of_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
