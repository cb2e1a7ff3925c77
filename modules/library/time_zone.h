/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * time_zone.h: what a clock shows at a place: files of the tz database (TZif, RFC 9636) and the rules of POSIX TZ.
 * Pure: bytes in, offsets out; the process's own time zone is neither used nor changed.
 */
#ifndef LIBRARY_TIME_ZONE_H
#define LIBRARY_TIME_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIME_ZONE_ABBREVIATION 16 /* room for one, NUL included */

/* A day of the year and a time on it, at which the clocks change. */
struct time_zone_rule {
    enum { RULE_MONTH, RULE_JULIAN, RULE_DAY } kind; /* Mm.w.d, Jn (no leap day), n */
    int month, week, day;
    int64_t time; /* seconds, -167 to 167 hours */
};

/* A rule for all years, from a POSIX TZ text. */
struct time_zone_rules {
    bool present, changes;
    int32_t standard, daylight; /* seconds east of UTC */
    char standard_name[TIME_ZONE_ABBREVIATION], daylight_name[TIME_ZONE_ABBREVIATION];
    struct time_zone_rule start, end; /* of daylight saving */
};

/* Offsets into `data`, which the caller owns: times are big-endian numbers of 8 bytes (4 in version 1). */
struct time_zone {
    const unsigned char *data;
    size_t times, indices, types, names, name_size;
    uint32_t time_count, type_count;
    int time_size;
    struct time_zone_rules rules;
};

struct time_zone_state {
    int32_t offset; /* seconds east of UTC */
    bool daylight;
    char name[TIME_ZONE_ABBREVIATION];
};

/* Reads a TZif file, whose bytes must stay. False when it is none. */
bool time_zone_read(struct time_zone *zone, const unsigned char *data, size_t size);
/* Reads a POSIX TZ text: "CET-1CEST,M3.5.0,M10.5.0/3", "<+03>-3". False when it is none. */
bool time_zone_read_rules(struct time_zone_rules *rules, const char *text, size_t size);

/* What the clock there shows at a moment (seconds since 1970, UTC). */
void time_zone_at(const struct time_zone *zone, int64_t seconds, struct time_zone_state *state);

/*
 * The moment at which the clock there shows `local` (seconds since 1970 on that clock). A time that comes twice,
 * because clocks were turned back, is the earlier one, or with `later` the later one. A time that was left out, because
 * they were turned forward, is counted on from before the change: 02:30 becomes 03:30.
 */
int64_t time_zone_moment(const struct time_zone *zone, int64_t local, bool later);

#endif
