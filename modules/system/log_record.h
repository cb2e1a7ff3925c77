/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log_record.h: the text of one log record. Pure: no values, no I/O.
 *
 * A record cannot be forged by what is logged: as text its further lines begin with a tab and control characters are
 * written \xHH; as JSON it is one line.
 */
#ifndef SYSTEM_LOG_RECORD_H
#define SYSTEM_LOG_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct log_record {
    int64_t seconds; /* since 1970 */
    int milliseconds;
    char mark;         /* ' ' information, '!' warning, '*' error */
    const char *level; /* NULL = none */
    const char *log;   /* the log's name, for JSON */
    bool date;         /* whether a text record begins with the date */
    const char *text;
    size_t size;
};

/* The record with its newline, malloc'd; NULL without memory. Text: 2024-05-01 12:00:00.123 ! [script] text */
char *log_record_text(const struct log_record *record, size_t *size);
/* {"time":"2024-05-01T10:00:00.123Z","severity":"warning","level":"script","log":"mail","text":"text"} */
char *log_record_json(const struct log_record *record, size_t *size);

#endif
