/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a configuration file: parsing ends, what was read is written back unchanged, and a value that is set
 * reads back and changes no other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "modules/system/configuration.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
    if (!good) abort();
}

/* Every entry of a is in b, but the one that was set. */
static void compare(const struct configuration *a, const struct configuration *b, const char *section,
                    const char *set) {
    size_t i = 0;
    const char *heading, *name, *value;
    while (configuration_next_section(a, &i, &heading)) {
        check(configuration_has_section(b, heading));
        size_t k = 0;
        while (configuration_next_entry(a, heading, &k, &name, &value)) {
            if (strcmp(heading, section) == 0 && strcmp(name, set) == 0) continue;
            const char *other = configuration_get(b, heading, name);
            check(other && strcmp(value, other) == 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct configuration_error error;
    struct configuration *c = configuration_parse((const char *)data, size, &error);
    check(c ? error.problem == CONFIGURATION_OK : error.problem != CONFIGURATION_OK && *error.text);
    if (!c) return 0;
    size_t length;
    char *text = configuration_text(c, &length);
    check(text != NULL);
    struct configuration *again = configuration_parse(text, length, &error);
    check(again != NULL);
    compare(c, again, "", "");
    free(text);
    /* the end of the input as a value */
    char value[64] = "";
    size_t tail = size < sizeof value - 1 ? size : sizeof value - 1;
    if (tail) memcpy(value, data + size - tail, tail);
    if (configuration_set(again, "A/B", "name", value)) {
        text = configuration_text(again, &length);
        struct configuration *third = configuration_parse(text, length, &error);
        check(third && strcmp(configuration_get(third, "A/B", "name"), value) == 0);
        compare(c, third, "A/B", "name");
        compare(third, again, "", "");
        check(configuration_set(third, "A/B", "name", NULL) && !configuration_get(third, "A/B", "name"));
        configuration_free(third);
        free(text);
    }
    configuration_free(again);
    configuration_free(c);
    return 0;
}
