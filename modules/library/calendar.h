/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calendar.h: days and dates of the Gregorian calendar, also before it was in use (ISO 8601). Pure. */
#ifndef LIBRARY_CALENDAR_H
#define LIBRARY_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#define CALENDAR_FIRST_YEAR 1
#define CALENDAR_LAST_YEAR 9999
/* The seconds since 1970 of years 1 to 9999. */
#define CALENDAR_FIRST_SECOND (-62135596800)
#define CALENDAR_LAST_SECOND 253402300799

/* A date and time of day; month, day, weekday (Monday is 1, Sunday 7) and year_day from 1. */
struct calendar {
    int64_t year;
    int month, day, hour, minute, second;
    int weekday, year_day;
};

bool calendar_is_leap(int64_t year);
/* month: 1-12 */
int calendar_month_days(int64_t year, int month);
/* Days since 1970-01-01. month: 1-12; year: -100000 to 100000. */
int64_t calendar_days(int64_t year, int month, int day);
/* Seconds since 1970-01-01 00:00 on the same clock; all parts within their ranges. */
int64_t calendar_seconds(const struct calendar *c);
/* The inverse of it, for any seconds of the years -100000 to 100000. */
void calendar_from_seconds(int64_t seconds, struct calendar *c);
/* The number of the week and the year it belongs to (ISO 8601: week 1 has the year's first Thursday). */
int calendar_week(const struct calendar *c, int64_t *year);

#endif
