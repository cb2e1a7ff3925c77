/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace_record.h: recorded sessions as text: what the class Trace writes, and reads to play it again.
 *
 * As text a record is a line `0.012 received "220 mx\r\n"`, as JSON `{"time":0.012,"kind":"received","text":"220
 * mx\r\n"}`, with "base64" where the bytes are not UTF-8. Of a secret only the size is kept: `0.020 secret 24`.
 */
#ifndef LAYERS_TRACE_RECORD_H
#define LAYERS_TRACE_RECORD_H

#include "interp/carapace.h"

#include <stdio.h>

enum trace_kind { TRACE_CONNECT, TRACE_SENT, TRACE_RECEIVED, TRACE_SECRET, TRACE_CLOSED, TRACE_DISCONNECT };

struct trace_record {
    enum trace_kind kind;
    int64_t milliseconds; /* since the session's connect */
    char *bytes;          /* malloc'd; NULL for other kinds than sent and received */
    size_t size;          /* of the bytes, or of the secret */
};

struct trace_records {
    struct trace_record *items;
    size_t count, capacity;
};

/* Writes one; false when the file takes no more. */
bool trace_record_write(cp_context *cp, FILE *out, const struct trace_record *record, bool json);
/* Reads a line of either form, without its line end, into *record, whose bytes are the caller's to free. False, with
   the reason, when it is none. Empty lines and those that begin with # are for trace_records_read to pass over. */
bool trace_record_read(cp_context *cp, const char *line, size_t size, struct trace_record *record, const char **reason);
/* All records of a file's text. False with the reason and the number of the line; the records are empty then. */
bool trace_records_read(cp_context *cp, const char *text, size_t size, struct trace_records *records,
                        const char **reason, size_t *line);
void trace_records_free(struct trace_records *records);

#endif
