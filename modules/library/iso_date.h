/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iso_date.h: dates and times as ISO 8601 and RFC 3339 write them. Pure. */
#ifndef LIBRARY_ISO_DATE_H
#define LIBRARY_ISO_DATE_H

#include <stddef.h>

#include "modules/library/calendar.h"

struct iso_date {
    struct calendar clock; /* year to second; hour 24 and second 60 have been carried over */
    int nanosecond;
    bool has_offset;
    int32_t offset; /* seconds east of UTC */
};

/*
 * Reads "2024-05-01", "2024-05-01T12:30", "2024-05-01 12:30:00.25+02:00", "20240501T123000Z", "2024-122" (day of the
 * year) and "2024-W18-3". Fractions have any number of digits, of which nine count. NULL, or what was wrong.
 */
const char *iso_date_read(const char *text, size_t size, struct iso_date *date);

/* "Z", "+02:00", "-0330", "+02": false when it is none. */
bool iso_offset_read(const char *text, size_t size, int32_t *offset);

#endif
