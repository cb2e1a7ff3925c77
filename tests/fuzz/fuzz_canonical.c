/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_canonical: canonical form and dot transparency do not depend on the cut and can be undone. */
#ifndef _GNU_SOURCE
#endif
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

static void check_dots(const char *text, size_t size) {
    struct dot_stuffing stuffing;
    struct dot_unstuffing unstuffing;
    char *whole = malloc(dot_stuffing_bound(size) + 5), *pieces = malloc(dot_stuffing_bound(size) + 5),
         *back = malloc(size + 64);
    dot_stuffing_init(&stuffing);
    size_t count = dot_stuffing_update(&stuffing, whole, text, size);
    require(count <= dot_stuffing_bound(size));
    count += dot_stuffing_finish(&stuffing, whole + count);
    dot_stuffing_init(&stuffing);
    size_t other = 0, consumed, total = 0, used = 0;
    for (size_t i = 0; i < size; i++) other += dot_stuffing_update(&stuffing, pieces + other, text + i, 1);
    other += dot_stuffing_finish(&stuffing, pieces + other);
    require(other == count && memcmp(whole, pieces, count) == 0);
    require(size == 0 || memmem(whole, count - 5, "\r\n.\r\n", 5) == NULL);
    dot_unstuffing_init(&unstuffing);
    for (size_t i = 0; i < count; i += 3) {
        total += dot_unstuffing_update(&unstuffing, back + total, whole + i, count - i < 3 ? count - i : 3, &consumed);
        used += consumed;
    }
    require(unstuffing.done && used == count && total >= size && memcmp(back, text, size) == 0 && total - size <= 2);
    free(whole);
    free(pieces);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (int keep = 0; keep < 2; keep++) {
        struct canonical_stream stream;
        char *whole = malloc(canonical_bound(size) + 2), *pieces = malloc(canonical_bound(size) + 2);
        canonical_init(&stream, keep);
        size_t count = canonical_update(&stream, whole, (const char *)data, size);
        require(count <= canonical_bound(size));
        count += canonical_finish(&stream, whole + count);
        canonical_init(&stream, keep);
        size_t other = 0;
        for (size_t i = 0; i < size; i++) other += canonical_update(&stream, pieces + other, (const char *)data + i, 1);
        other += canonical_finish(&stream, pieces + other);
        require(other == count && memcmp(whole, pieces, count) == 0);
        require(keep || canonical_check(whole, count));
        if (!keep) check_dots(whole, count);
        free(whole);
        free(pieces);
    }
    /* Foreign data on the receiving side. */
    struct dot_unstuffing unstuffing;
    size_t consumed;
    char *out = malloc(size + 4);
    dot_unstuffing_init(&unstuffing);
    require(dot_unstuffing_update(&unstuffing, out, (const char *)data, size, &consumed) <= size + 4 &&
            consumed <= size);
    free(out);
    return 0;
}
