/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_placeholders: any SQL is copied within the room that is foretold, with nothing changed but its question marks.
 */
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "modules/loadable/postgresql/placeholders.c" /* a loadable module, so not in the library */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
    if (!good) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *sql = (const char *)data;
    size_t room = placeholders_room(sql, size);
    char *out = malloc(room);
    int count, seen = 0;
    check(out != NULL);
    size_t length = placeholders_number(sql, size, out, &count), at = 0;
    check(length <= room && count >= 0);
    for (size_t i = 0; i < length || at < size;) { /* both side by side, a run of question marks at a time */
        if (at < size && sql[at] != '?') {
            check(i < length && out[i++] == sql[at++]);
            continue;
        }
        size_t run = 0, left = 0;
        while (at < size && sql[at] == '?') at++, run++;
        while (i < length && out[i] == '?') i++, left++;
        check(run > 0);
        if (left == run) continue; /* within quotes or a comment */
        check(left == run / 2);
        if (run % 2 == 0) continue;
        char number[16];
        int digits = snprintf(number, sizeof number, "$%d", ++seen);
        check(length - i >= (size_t)digits && memcmp(out + i, number, (size_t)digits) == 0);
        i += (size_t)digits;
    }
    check(at == size && seen == count);
    free(out);
    return 0;
}
