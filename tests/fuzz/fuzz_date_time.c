/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_date_time: any bytes as a date of ISO 8601, as a TZif file and as a POSIX TZ rule: what is taken gives dates in
   range, offsets in range, and moments that the clock really shows. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/library/iso_date.h"
#include "modules/library/time_zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int good) {
    if (!good) abort();
}

static void check_date(const char *text, size_t size) {
    struct iso_date date, again;
    if (iso_date_read(text, size, &date)) return;
    const struct calendar *c = &date.clock;
    check(c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1);
    check(c->day <= calendar_month_days(c->year, c->month) && date.nanosecond >= 0 && date.nanosecond < 1000000000);
    struct calendar back;
    calendar_from_seconds(calendar_seconds(c), &back);
    check(back.year == c->year && back.month == c->month && back.day == c->day && back.second == c->second);
    char iso[64];
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02d.%09d", (int)c->year, c->month, c->day, c->hour, c->minute,
             c->second, date.nanosecond);
    check(!iso_date_read(iso, strlen(iso), &again) && again.nanosecond == date.nanosecond);
    check(calendar_seconds(&again.clock) == calendar_seconds(c));
    int64_t year;
    snprintf(iso, sizeof iso, "%04d-W%02d-%d", (int)c->year, calendar_week(c, &year), c->weekday);
    if (year == c->year) check(!iso_date_read(iso, strlen(iso), &again) && again.clock.year_day == c->year_day);
}

static void check_zone(const struct time_zone *zone, int64_t seed) {
    struct time_zone_state state;
    for (int64_t moment = CALENDAR_FIRST_SECOND; moment < CALENDAR_LAST_SECOND; moment += 3000000000 + seed) {
        time_zone_at(zone, moment, &state);
        check(state.offset >= -26 * 3600 && state.offset <= 26 * 3600 && strlen(state.name) < sizeof state.name);
        time_zone_moment(zone, moment, moment & 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct time_zone zone = {0};
    if (size < 1) return 0;
    int64_t seed = data[0] * 1000003;
    data++, size--;
    check_date((const char *)data, size);
    if (time_zone_read(&zone, data, size)) check_zone(&zone, seed);
    memset(&zone, 0, sizeof zone);
    if (time_zone_read_rules(&zone.rules, (const char *)data, size)) check_zone(&zone, seed);
    return 0;
}
