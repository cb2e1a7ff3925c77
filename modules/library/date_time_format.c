/* SPDX-License-Identifier: GPL-3.0-or-later */
/* date_time_format.c: writes a DateTime by a pattern like strftime's, in English whatever the locale. */
#include "modules/library/date_time.h"

#include <stdio.h>
#include <stdlib.h>

static const char months[12][10] = {"January", "February", "March",     "April",   "May",      "June",
                                    "July",    "August",   "September", "October", "November", "December"};
static const char days[7][10] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

/* What is written, taken apart once. */
struct view {
    const struct date_time *d;
    struct time_zone_state zone;
    struct calendar clock;
};

/* One directive into out; false when there is none of that letter. */
static bool directive(const struct view *v, char letter, char out[64]) {
    const struct calendar *c = &v->clock;
    int64_t week_year;
    int week = calendar_week(c, &week_year), hour = c->hour % 12 ? c->hour % 12 : 12, zone = abs(v->zone.offset) / 60;
    char sign = v->zone.offset < 0 ? '-' : '+';
    enum { SIZE = 64 };
    switch (letter) {
    case 'Y': return snprintf(out, SIZE, "%04d", (int)c->year);
    case 'y': return snprintf(out, SIZE, "%02d", (int)(c->year % 100));
    case 'm': return snprintf(out, SIZE, "%02d", c->month);
    case 'd': return snprintf(out, SIZE, "%02d", c->day);
    case 'e': return snprintf(out, SIZE, "%2d", c->day);
    case 'j': return snprintf(out, SIZE, "%03d", c->year_day);
    case 'H': return snprintf(out, SIZE, "%02d", c->hour);
    case 'I': return snprintf(out, SIZE, "%02d", hour);
    case 'M': return snprintf(out, SIZE, "%02d", c->minute);
    case 'S': return snprintf(out, SIZE, "%02d", c->second);
    case 'L': return snprintf(out, SIZE, "%03d", (int)v->d->nanosecond / 1000000);
    case 'f': return snprintf(out, SIZE, "%06d", (int)v->d->nanosecond / 1000);
    case 'N': return snprintf(out, SIZE, "%09d", (int)v->d->nanosecond);
    case 'p': return snprintf(out, SIZE, "%s", c->hour < 12 ? "AM" : "PM");
    case 'a': return snprintf(out, SIZE, "%.3s", days[c->weekday - 1]);
    case 'A': return snprintf(out, SIZE, "%s", days[c->weekday - 1]);
    case 'b': return snprintf(out, SIZE, "%.3s", months[c->month - 1]);
    case 'B': return snprintf(out, SIZE, "%s", months[c->month - 1]);
    case 'u': return snprintf(out, SIZE, "%d", c->weekday);
    case 'w': return snprintf(out, SIZE, "%d", c->weekday % 7);
    case 'V': return snprintf(out, SIZE, "%02d", week);
    case 'G': return snprintf(out, SIZE, "%04d", (int)week_year);
    case 'F': return snprintf(out, SIZE, "%04d-%02d-%02d", (int)c->year, c->month, c->day);
    case 'T': return snprintf(out, SIZE, "%02d:%02d:%02d", c->hour, c->minute, c->second);
    case 'R': return snprintf(out, SIZE, "%02d:%02d", c->hour, c->minute);
    case 'z': return snprintf(out, SIZE, "%c%02d%02d", sign, zone / 60 % 100, zone % 60);
    case ':': return snprintf(out, SIZE, "%c%02d:%02d", sign, zone / 60 % 100, zone % 60);
    case 'Z': return snprintf(out, SIZE, "%s", v->zone.name) >= 0;
    case 's': return snprintf(out, SIZE, "%lld", (long long)v->d->seconds);
    case 'n': return snprintf(out, SIZE, "\n");
    case 't': return snprintf(out, SIZE, "\t");
    case '%': return snprintf(out, SIZE, "%%");
    default: return false;
    }
}

static void look(struct view *v, const struct date_time *d) {
    v->d = d;
    date_zone_at(d->zone, d->seconds, &v->zone);
    calendar_from_seconds(d->seconds + v->zone.offset, &v->clock);
}

cp_value date_time_format(cp_context *cp, const struct date_time *d, const char *pattern, size_t size) {
    struct view v;
    struct output text = {0};
    const char *end = pattern + size;
    look(&v, d);
    while (pattern < end) {
        const char *percent = memchr(pattern, '%', (size_t)(end - pattern));
        size_t plain = (size_t)((percent ? percent : end) - pattern);
        if (!output_add(cp, &text, pattern, plain)) return CP_THROWN;
        if (!percent) break;
        pattern = percent + 1;
        char letter = pattern < end ? *pattern++ : 0, out[64];
        bool colon = letter == ':';
        if (!directive(&v, letter, out) || (colon && (pattern == end || *pattern++ != 'z')))
            return cp_throw(
                cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                "%%%c is nothing in a date's format; there are %%Y %%m %%d %%H %%M %%S %%L %%f %%N %%y %%e %%j %%I "
                "%%p %%a %%A %%b %%B %%u %%w %%V %%G %%F %%T %%R %%z %%:z %%Z %%s %%n %%t %%%%",
                letter > ' ' && letter < 127 ? letter : '?');
        if (!output_add_z(cp, &text, out)) return CP_THROWN;
    }
    return output_string(cp, &text);
}

cp_value date_time_iso(cp_context *cp, const struct date_time *d) {
    struct view v;
    char fraction[16] = "", zone[64];
    look(&v, d);
    if (d->nanosecond) {
        int length = snprintf(fraction, sizeof fraction, ".%09d", (int)d->nanosecond);
        while (fraction[length - 1] == '0') fraction[--length] = 0;
    }
    directive(&v, ':', zone);
    const struct calendar *c = &v.clock;
    return cp_string_format(cp, "%04d-%02d-%02dT%02d:%02d:%02d%s%s", (int)c->year, c->month, c->day, c->hour, c->minute,
                            c->second, fraction, v.zone.offset ? zone : "Z");
}
