/* SPDX-License-Identifier: GPL-3.0-or-later */
/* calendar.c: days and dates of the Gregorian calendar. */
#include "modules/library/calendar.h"

static int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

bool calendar_is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int calendar_month_days(int64_t year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && calendar_is_leap(year));
}

/* Years begin in March here, so that the leap day is the last of its year. */
int64_t calendar_days(int64_t year, int month, int day) {
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return shifted * 365 + floor_divide(shifted, 4) - floor_divide(shifted, 100) + floor_divide(shifted, 400) +
           day_of_year - 719468;
}

int64_t calendar_seconds(const struct calendar *c) {
    return calendar_days(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
}

void calendar_from_seconds(int64_t seconds, struct calendar *c) {
    int64_t days = floor_divide(seconds, 86400), of_day = seconds - days * 86400;
    int64_t z = days + 719468, era = floor_divide(z, 146097), of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * of_year + 2) / 153;
    c->day = (int)(of_year - (153 * shifted_month + 2) / 5 + 1);
    c->month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    c->year = year_of_era + era * 400 + (c->month <= 2);
    c->hour = (int)(of_day / 3600);
    c->minute = (int)(of_day / 60 % 60);
    c->second = (int)(of_day % 60);
    c->weekday = (int)((days + 3) - floor_divide(days + 3, 7) * 7) + 1; /* 1970-01-01 was a Thursday */
    c->year_day = (int)(days - calendar_days(c->year, 1, 1)) + 1;
}

int calendar_week(const struct calendar *c, int64_t *year) {
    int thursday = c->year_day + 4 - c->weekday; /* of this week, as a day of this year */
    int length = 365 + calendar_is_leap(c->year);
    *year = c->year;
    if (thursday > length) {
        *year = c->year + 1;
        return 1;
    }
    if (thursday < 1) {
        *year = c->year - 1;
        thursday += 365 + calendar_is_leap(*year);
    }
    return (thursday - 1) / 7 + 1;
}
