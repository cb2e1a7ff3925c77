/* SPDX-License-Identifier: GPL-3.0-or-later */
/* iso_date.c: reading dates and times of ISO 8601 and RFC 3339. */
#include "modules/library/iso_date.h"

#include <string.h>

struct scanner {
    const char *at, *end;
};

static bool accept(struct scanner *s, char c) {
    if (s->at == s->end || *s->at != c) return false;
    s->at++;
    return true;
}

static bool is_digit(const struct scanner *s) { return s->at < s->end && *s->at >= '0' && *s->at <= '9'; }

/* Exactly that many digits. */
static bool digits(struct scanner *s, int count, int *value) {
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (!is_digit(s)) return false;
        *value = *value * 10 + (*s->at++ - '0');
    }
    return true;
}

static int digits_ahead(const struct scanner *s) {
    int count = 0;
    while (s->at + count < s->end && s->at[count] >= '0' && s->at[count] <= '9') count++;
    return count;
}

static bool read_offset(struct scanner *s, int32_t *offset) {
    *offset = 0;
    if (accept(s, 'Z') || accept(s, 'z')) return true;
    int sign = accept(s, '-') ? -1 : 1, hours, minutes = 0;
    if (sign > 0 && !accept(s, '+')) return false;
    if (!digits(s, 2, &hours)) return false;
    if (accept(s, ':') ? !digits(s, 2, &minutes) : digits_ahead(s) && !digits(s, 2, &minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    *offset = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool iso_offset_read(const char *text, size_t size, int32_t *offset) {
    struct scanner s = {text, text + size};
    return read_offset(&s, offset) && s.at == s.end;
}

static void set_day(struct calendar *c, int64_t days) { calendar_from_seconds(days * 86400, c); }

static const char *read_day(struct scanner *s, struct calendar *c) {
    int year, month, day, week;
    if (!digits(s, 4, &year)) return "a year of four digits should come first";
    if (year == 0) return "years begin with 0001";
    bool dashes = accept(s, '-');
    if (accept(s, 'W')) {
        if (!digits(s, 2, &week) || (dashes && !accept(s, '-')) || !digits(s, 1, &day))
            return "a week date is 2024-W18-3";
        struct calendar fourth; /* of January, which is in week 1 */
        set_day(&fourth, calendar_days(year, 1, 4));
        set_day(c, calendar_days(year, 1, 4) - (fourth.weekday - 1) + (week - 1) * 7 + day - 1);
        int64_t week_year;
        if (day < 1 || day > 7 || week < 1 || calendar_week(c, &week_year) != week)
            return "there is no such week or day";
        return NULL;
    }
    int ahead = digits_ahead(s);
    if (ahead == 3) { /* a day of the year */
        digits(s, 3, &day);
        if (day < 1 || day > 365 + calendar_is_leap(year)) return "there is no such day of the year";
        set_day(c, calendar_days(year, 1, 1) + day - 1);
        return NULL;
    }
    if (!digits(s, 2, &month)) return "a month of two digits should follow the year";
    if ((dashes && !accept(s, '-')) || !digits(s, 2, &day)) return "a day of two digits should follow the month";
    if (month < 1 || month > 12) return "the month is not 1 to 12";
    if (day < 1 || day > calendar_month_days(year, month)) return "the month has no such day";
    set_day(c, calendar_days(year, month, day));
    return NULL;
}

static const char *read_time(struct scanner *s, struct iso_date *date) {
    struct calendar *c = &date->clock;
    if (!digits(s, 2, &c->hour)) return "an hour of two digits should come";
    bool colons = accept(s, ':');
    if ((colons || digits_ahead(s)) && !digits(s, 2, &c->minute)) return "minutes of two digits should come";
    if (colons ? accept(s, ':') : digits_ahead(s) > 0)
        if (!digits(s, 2, &c->second)) return "seconds of two digits should come";
    if (accept(s, '.') || accept(s, ',')) {
        int scale = 100000000;
        if (!is_digit(s)) return "digits should follow the point";
        for (; is_digit(s); s->at++, scale /= 10) date->nanosecond += (*s->at - '0') * scale;
    }
    if (c->hour > 24 || c->minute > 59 || c->second > 60 ||
        (c->hour == 24 && (c->minute || c->second || date->nanosecond)))
        return "there is no such time of day";
    if (s->at == s->end) return NULL;
    accept(s, ' ');
    date->has_offset = true;
    return read_offset(s, &date->offset) ? NULL : "Z or an offset as +02:00 should follow the time";
}

const char *iso_date_read(const char *text, size_t size, struct iso_date *date) {
    struct scanner s = {text, text + size};
    *date = (struct iso_date){0};
    const char *wrong = read_day(&s, &date->clock);
    if (wrong) return wrong;
    if (s.at < s.end) {
        if (!accept(&s, 'T') && !accept(&s, 't') && !accept(&s, ' ')) return "T should follow the date";
        wrong = read_time(&s, date);
        if (wrong) return wrong;
        if (s.at < s.end) return "there is more text than a date";
    }
    /* hour 24 and a leap second are the next day's and minute's first */
    calendar_from_seconds(calendar_seconds(&date->clock), &date->clock);
    return date->clock.year > CALENDAR_LAST_YEAR ? "the year is beyond 9999" : NULL;
}
