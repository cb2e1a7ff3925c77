/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * csv.h: what lies behind the class Csv. csv.c is the class as scripts see it, csv_read.c makes rows of a Stream's
 * bytes, csv_write.c the reverse.
 */
#ifndef LIBRARY_CSV_H
#define LIBRARY_CSV_H

#include "modules/library/csv_scan.h"
#include "modules/library/library_data.h"
#include "modules/system/stream.h"

struct csv {
    cp_object header;
    cp_value source; /* the Stream */
    struct stream *stream;
    struct csv_scan scan;
    bool owned;         /* we opened the Stream, so we close it */
    bool busy;          /* a thread is within a read, perhaps waiting */
    bool begun;         /* the first bytes have been looked at, or the first row was written */
    bool want_header;   /* the first row is the header */
    cp_value names;     /* the header: Array of Strings, or () */
    cp_value line_end;  /* String */
    int64_t rows, line; /* rows read or written; lines read */
    int64_t row_line;   /* the line on which the last row began */
    int64_t limit;      /* bytes of one row at most */
};
#define CSV_LIMIT_DEFAULT (16 * 1024 * 1024)

enum csv_code { CSV_UNEXPECTED_END = 1, CSV_UNEXPECTED, CSV_BAD_LITERAL, CSV_BAD_FORM };

/* The next row: a List, or with a header a HashTable. CP_DONE at the end, CP_THROWN: 5.3, 8.x. */
cp_value csv_next(cp_context *cp, struct csv *csv);
/* Reads the header now, if the first row is one and has not been read. CP_NIL or CP_THROWN. */
cp_value csv_read_header(cp_context *cp, struct csv *csv);
/* Takes the items of a sequence as the header. CP_NIL or CP_THROWN (8.4: a name twice). */
cp_value csv_set_header(cp_context *cp, struct csv *csv, cp_value sequence);

/* Adds the header's text, if there is one and nothing has been written. CP_NIL or CP_THROWN. */
cp_value csv_put_header(cp_context *cp, struct csv *csv, struct output *text);
/* Adds the text of a row to `text`, and the header's before the first. CP_NIL or CP_THROWN. */
cp_value csv_put_row(cp_context *cp, struct csv *csv, struct output *text, cp_value row);

#endif
