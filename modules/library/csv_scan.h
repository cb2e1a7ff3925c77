/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * csv_scan.h: finding the fields of one record of CSV (RFC 4180) in bytes of which more may follow. Pure: no I/O, no
 * values, no memory of its own.
 */
#ifndef LIBRARY_CSV_SCAN_H
#define LIBRARY_CSV_SCAN_H

#include <stdbool.h>
#include <stddef.h>

/* Offsets are from the record's first byte. */
struct csv_field {
    size_t start, size; /* without the quotes around */
    bool escaped;       /* has doubled quotes in it: see csv_unescape */
};

enum csv_result {
    CSV_RECORD,       /* scan->count fields; `position` bytes belong to the record, its line end among them */
    CSV_BLANK,        /* an empty line of `position` bytes */
    CSV_MORE,         /* needs more bytes: call again with the same and more */
    CSV_FULL,         /* needs more room for fields: call again with the same bytes */
    CSV_EMPTY,        /* final, and there are no bytes */
    CSV_BARE_QUOTE,   /* at `position`: a quote within a field that does not begin with one */
    CSV_AFTER_QUOTE,  /* at `position`: text between a closing quote and the separator */
    CSV_UNTERMINATED, /* final, within quotes */
};

struct csv_scan {
    unsigned char separator, quote;
    bool lenient; /* takes bare quotes as they are */
    struct csv_field *fields;
    size_t count, capacity;
    size_t position;
    size_t lines; /* line ends within the record, its own among them */
    int state;
    size_t start; /* of the field being scanned */
    bool escaped;
    bool stops[256];
};

/* Sets all but `fields` and `capacity`. separator and quote: two different ASCII characters, no line end. */
void csv_scan_init(struct csv_scan *scan, char separator, char quote, bool lenient);
/* Before each record. */
void csv_scan_begin(struct csv_scan *scan);
/* `bytes` is the record's beginning, the same as in the call before with more behind; `final`: no more will follow. */
enum csv_result csv_scan_record(struct csv_scan *scan, const char *bytes, size_t size, bool final);

/* Copies a field's bytes with each doubled quote made one; returns their number, at most `size`. */
size_t csv_unescape(char *out, const char *bytes, size_t size, char quote);

/* Whether a field must be written in quotes. */
bool csv_needs_quotes(const char *bytes, size_t size, char separator, char quote);

#endif
