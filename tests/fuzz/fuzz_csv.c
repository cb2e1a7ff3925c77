/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_csv: any bytes, whole and in two pieces, give the same records; each field lies within its record, and written
   again it reads back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/library/csv_scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 4096 };

static void check(int good) {
    if (!good) abort();
}

/* One record with all bytes there, growing the fields from little. */
static enum csv_result whole(struct csv_scan *scan, const char *bytes, size_t size) {
    enum csv_result result;
    csv_scan_begin(scan);
    scan->capacity = 1;
    while ((result = csv_scan_record(scan, bytes, size, true)) == CSV_FULL && scan->capacity < FIELDS)
        scan->capacity *= 2;
    return result;
}

/* The same record, of which first only `cut` bytes are there. */
static enum csv_result in_pieces(struct csv_scan *scan, const char *bytes, size_t size, size_t cut) {
    csv_scan_begin(scan);
    scan->capacity = FIELDS;
    enum csv_result result = csv_scan_record(scan, bytes, cut < size ? cut : size, false);
    return result == CSV_MORE ? csv_scan_record(scan, bytes, size, true) : result;
}

static void check_field(const struct csv_scan *scan, const struct csv_field *field, const char *bytes, size_t size) {
    check(field->start <= size && field->size <= size - field->start);
    char *plain = malloc(field->size + 1), *again = malloc(2 * field->size + 4);
    check(plain && again);
    memcpy(plain, bytes + field->start, field->size);
    size_t length =
        field->escaped ? csv_unescape(plain, bytes + field->start, field->size, (char)scan->quote) : field->size;
    check(length <= field->size);
    size_t at = 0;
    bool quotes = csv_needs_quotes(plain, length, (char)scan->separator, (char)scan->quote) || length == 0;
    if (quotes) again[at++] = (char)scan->quote;
    for (size_t i = 0; i < length; i++) {
        if (plain[i] == (char)scan->quote) again[at++] = plain[i];
        again[at++] = plain[i];
    }
    if (quotes) again[at++] = (char)scan->quote;
    again[at++] = '\n';
    struct csv_field fields[1];
    struct csv_scan other = {.fields = fields, .capacity = 1};
    csv_scan_init(&other, (char)scan->separator, (char)scan->quote, false);
    check(csv_scan_record(&other, again, at, false) == CSV_RECORD && other.count == 1 && other.position == at);
    size_t back =
        csv_unescape(again, again + fields[0].start, fields[0].escaped ? fields[0].size : 0, (char)scan->quote);
    if (!fields[0].escaped) memmove(again, again + fields[0].start, back = fields[0].size);
    check(back == length && memcmp(again, plain, length) == 0);
    free(plain);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct csv_field fields[FIELDS], others[FIELDS];
    if (size < 2) return 0;
    struct csv_scan scan = {.fields = fields}, pieces = {.fields = others};
    char separator = data[0] & 2 ? ';' : ',';
    csv_scan_init(&scan, separator, '"', data[0] & 1);
    csv_scan_init(&pieces, separator, '"', data[0] & 1);
    size_t cut = data[1];
    const char *bytes = (const char *)data + 2;
    size -= 2;
    for (;;) {
        enum csv_result result = whole(&scan, bytes, size);
        if (result == CSV_FULL) return 0;
        check(result == in_pieces(&pieces, bytes, size, cut));
        check(scan.position == pieces.position && scan.lines == pieces.lines);
        if (result != CSV_RECORD && result != CSV_BLANK) return 0;
        check(scan.position > 0 && scan.position <= size && scan.count == pieces.count && scan.count > 0);
        for (size_t i = 0; result == CSV_RECORD && i < scan.count; i++) {
            check(memcmp(&fields[i], &others[i], sizeof fields[i].start + sizeof fields[i].size) == 0);
            check_field(&scan, &fields[i], bytes, scan.position);
        }
        bytes += scan.position;
        size -= scan.position;
    }
}
