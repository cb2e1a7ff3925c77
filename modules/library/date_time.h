/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * date_time.h: what lies behind the class DateTime. date_time.c is the class as scripts see it, date_zone.c finds time
 * zones by name, date_time_format.c writes by a pattern.
 */
#ifndef LIBRARY_DATE_TIME_H
#define LIBRARY_DATE_TIME_H

#include "modules/library/calendar.h"
#include "modules/library/library_data.h"
#include "modules/library/time_zone.h"

/* A zone of the tz database, or a fixed offset. Never changed once it is made. */
struct date_zone {
    struct date_zone *next; /* in the list of those that were read */
    bool fixed;
    struct time_zone_state state; /* of a fixed one */
    struct time_zone file;
    char name[64];
};

struct date_time {
    cp_object header;
    struct date_zone *zone;
    int64_t seconds; /* since 1970, UTC */
    int32_t nanosecond;
};

/* The zone of a name: "Europe/Berlin", "UTC", "+02:00", "local" (TZ, else /etc/localtime). NULL after a throw: 1.4
   unknown, 1.8 no name. */
struct date_zone *date_zone_named(cp_context *cp, const char *name, size_t size);
struct date_zone *date_zone_fixed(int32_t offset);
void date_zone_at(const struct date_zone *zone, int64_t seconds, struct time_zone_state *state);
int64_t date_zone_moment(const struct date_zone *zone, int64_t local, bool later);

/* The text of a moment by a pattern like strftime's, in English whatever the locale. CP_THROWN: 1.8. */
cp_value date_time_format(cp_context *cp, const struct date_time *d, const char *pattern, size_t size);
/* "2024-05-01T12:30:00.25+02:00". */
cp_value date_time_iso(cp_context *cp, const struct date_time *d);

#endif
