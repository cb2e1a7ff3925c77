/* SPDX-License-Identifier: GPL-3.0-or-later */
/* date_time.c: the class DateTime: a moment, and the zone whose clocks show it. */
#include "modules/library/date_time.h"

#include <math.h>
#include <time.h>

#include "modules/library/iso_date.h"
#include "modules/header/mail_date.h"

static inline struct date_time *date_of(cp_value v) { return (struct date_time *)cp_object_of(v); }

enum { NANOSECONDS = 1000000000 };
#define PART_LIMIT 400000000000 /* more than the seconds of 9999 years: sums of parts stay within 64 bits */

/* ---- helpers ---- */

static cp_value out_of_range(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a DateTime is in the years 1 to 9999");
}

/* The year must be in range on the zone's clock, too. */
static cp_value check_range(cp_context *cp, const struct date_time *d) {
    struct time_zone_state state;
    if (d->seconds < CALENDAR_FIRST_SECOND || d->seconds > CALENDAR_LAST_SECOND) return out_of_range(cp);
    date_zone_at(d->zone, d->seconds, &state);
    int64_t local = d->seconds + state.offset;
    return local < CALENDAR_FIRST_SECOND || local > CALENDAR_LAST_SECOND ? out_of_range(cp) : CP_NIL;
}

/* What the zone's clock shows. */
static struct calendar clock_of(const struct date_time *d, struct time_zone_state *state) {
    struct calendar clock;
    date_zone_at(d->zone, d->seconds, state);
    calendar_from_seconds(d->seconds + state->offset, &clock);
    return clock;
}

static struct calendar clock_at(cp_value self) {
    struct time_zone_state state;
    return clock_of(date_of(self), &state);
}

static cp_value make(cp_context *cp, cp_value like, int64_t seconds, int32_t nanosecond, struct date_zone *zone) {
    cp_value made = cp_new(cp, cp_class_of(cp, like));
    *date_of(made) = (struct date_time){date_of(made)->header, zone, seconds, nanosecond};
    return check_range(cp, date_of(made)) == CP_THROWN ? CP_THROWN : made;
}

/* A DateTime of the class of `self`, or CP_THROWN (1.11). */
static cp_value same_class(cp_context *cp, cp_value self, cp_value other) {
    if (cp_has_class(other, cp_object_of(self)->class_number)) return CP_NIL;
    return cp_throw_type(cp, "the other moment", "DateTime", other);
}

/* A count of something, Integer within PART_LIMIT. False after a throw. */
static bool to_part(cp_context *cp, const char *what, cp_value value, int64_t *part) {
    if (cp_to_int64(value, part) && *part <= PART_LIMIT && *part >= -PART_LIMIT) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the number of %s is too large", what);
    return false;
}

/* Integer or Real seconds as whole ones and nanoseconds 0 to 999999999. False after a throw. */
static bool to_seconds(cp_context *cp, cp_value value, int64_t *seconds, int64_t *nanoseconds) {
    *nanoseconds = 0;
    if (!cp_is_real(value)) {
        if (cp_is_integer(value)) return to_part(cp, "seconds", value, seconds);
        cp_throw_type(cp, "seconds", "Integer or Real", value);
        return false;
    }
    double real = cp_real_value(value), whole = floor(real);
    if (!(fabs(real) <= (double)PART_LIMIT)) return to_part(cp, "seconds", CP_NIL, seconds);
    *seconds = (int64_t)whole;
    *nanoseconds = llround((real - whole) * NANOSECONDS);
    if (*nanoseconds == NANOSECONDS) ++*seconds, *nanoseconds = 0;
    return true;
}

static struct date_zone *to_zone(cp_context *cp, cp_value name) {
    if (name == CP_NIL) return date_zone_named(cp, "local", 5);
    return date_zone_named(cp, cp_string_text(name), cp_string_size(name));
}

/* ---- construction ---- */

static cp_value set_now(cp_context *cp, struct date_time *d, cp_value zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    d->seconds = now.tv_sec;
    d->nanosecond = (int32_t)now.tv_nsec;
    d->zone = to_zone(cp, zone);
    return d->zone ? CP_NIL : CP_THROWN;
}

static cp_value set_seconds(cp_context *cp, struct date_time *d, cp_value seconds, cp_value zone) {
    int64_t nanoseconds;
    if (!to_seconds(cp, seconds, &d->seconds, &nanoseconds)) return CP_THROWN;
    d->nanosecond = (int32_t)nanoseconds;
    d->zone = to_zone(cp, zone);
    return d->zone ? check_range(cp, d) : CP_THROWN;
}

static cp_value unreadable(cp_context *cp, cp_value text, const char *why) {
    return cp_throw(cp, CP_ERROR_PARSE, 3, "\"%.80s\" is no date: %s", cp_text_z(cp, text), why);
}

/* ISO 8601, or RFC 5322 if it does not begin with a year. */
static cp_value set_text(cp_context *cp, struct date_time *d, cp_value text, cp_value zone, bool later) {
    const char *bytes = cp_string_text(text);
    size_t size = cp_string_size(text);
    struct iso_date iso;
    const char *wrong = iso_date_read(bytes, size, &iso);
    int minutes;
    if (!wrong && !iso.has_offset) {
        d->nanosecond = iso.nanosecond;
        d->zone = to_zone(cp, zone);
        if (!d->zone) return CP_THROWN;
        d->seconds = date_zone_moment(d->zone, calendar_seconds(&iso.clock), later);
        return check_range(cp, d);
    }
    if (!wrong) {
        d->seconds = calendar_seconds(&iso.clock) - iso.offset;
        d->nanosecond = iso.nanosecond;
    } else {
        bool year_first = size >= 4 && strspn(cp_text_z(cp, text), "0123456789") >= 4;
        if (year_first) return unreadable(cp, text, wrong);
        if (mail_date_parse(bytes, size, &d->seconds, &minutes, NULL) != MAIL_OK)
            return unreadable(cp, text, "it is as neither ISO 8601 nor RFC 5322 has it");
        iso.offset = minutes * 60;
    }
    d->zone = zone == CP_NIL ? date_zone_fixed(iso.offset) : to_zone(cp, zone);
    return d->zone ? check_range(cp, d) : CP_THROWN;
}

/* arguments: year to second, as the constructor has them. */
static cp_value set_parts(cp_context *cp, struct date_time *d, const cp_value *arguments, cp_value zone, bool later,
                          cp_value nanosecond) {
    static const struct {
        const char *name;
        int64_t least, most;
    } ranges[] = {{"year", 1, 9999}, {"month", 1, 12},  {"day", 1, 31},
                  {"hour", 0, 23},   {"minute", 0, 59}, {"second", 0, 59}};
    int64_t parts[6], fraction;
    for (int i = 0; i < 6; i++)
        if (!cp_to_int64(arguments[i], &parts[i]) || parts[i] < ranges[i].least || parts[i] > ranges[i].most)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the %s of a DateTime is %lld to %lld",
                            ranges[i].name, (long long)ranges[i].least, (long long)ranges[i].most);
    if (parts[2] > calendar_month_days(parts[0], (int)parts[1]))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "month %d of %d has no day %d", (int)parts[1],
                        (int)parts[0], (int)parts[2]);
    if (!cp_to_int64(nanosecond, &fraction) || fraction < 0 || fraction >= NANOSECONDS)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the nanosecond of a DateTime is 0 to 999999999");
    struct calendar clock = {.year = parts[0],
                             .month = (int)parts[1],
                             .day = (int)parts[2],
                             .hour = (int)parts[3],
                             .minute = (int)parts[4],
                             .second = (int)parts[5]};
    d->nanosecond = (int32_t)fraction;
    d->zone = to_zone(cp, zone);
    if (!d->zone) return CP_THROWN;
    d->seconds = date_zone_moment(d->zone, calendar_seconds(&clock), later);
    return check_range(cp, d);
}

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct date_time *d = date_of(self);
    cp_value first = arguments[0], zone = arguments[6], seconds = arguments[9];
    bool later = cp_is_true(arguments[7]);
    if (seconds != CP_NIL) return set_seconds(cp, d, seconds, zone);
    if (first == CP_NIL) return set_now(cp, d, zone);
    if (cp_is_string(first)) return set_text(cp, d, first, zone, later);
    return set_parts(cp, d, arguments, zone, later, arguments[8]);
}

/* ---- properties ---- */

#define CLOCK_PROPERTY(name, member)                                                                                   \
    static cp_value get_##name(cp_context *cp, cp_value self) { return cp_integer(cp, clock_at(self).member); }
CLOCK_PROPERTY(year, year)
CLOCK_PROPERTY(month, month)
CLOCK_PROPERTY(day, day)
CLOCK_PROPERTY(hour, hour)
CLOCK_PROPERTY(minute, minute)
CLOCK_PROPERTY(second, second)
CLOCK_PROPERTY(weekday, weekday)
CLOCK_PROPERTY(year_day, year_day)

static cp_value get_nanosecond(cp_context *cp, cp_value self) { return cp_integer(cp, date_of(self)->nanosecond); }
static cp_value get_time(cp_context *cp, cp_value self) { return cp_integer(cp, date_of(self)->seconds); }

static cp_value get_week(cp_context *cp, cp_value self) {
    struct calendar clock = clock_at(self);
    int64_t year;
    return cp_integer(cp, calendar_week(&clock, &year));
}

static cp_value get_zone(cp_context *cp, cp_value self) {
    const char *name = date_of(self)->zone->name;
    return cp_string_z(cp, strncmp(name, "local", 5) == 0 ? "local" : name);
}

static cp_value get_offset(cp_context *cp, cp_value self) {
    struct time_zone_state state;
    clock_of(date_of(self), &state);
    return cp_integer(cp, state.offset);
}

static cp_value get_daylight(cp_context *cp, cp_value self) {
    struct time_zone_state state;
    clock_of(date_of(self), &state);
    return library_truth(cp, state.daylight);
}

static const cp_property_def properties[] = {
    {"year", "Integer", CP_READ_ONLY, NULL, get_year, NULL, "The year, 1 to 9999."},
    {"month", "Integer", CP_READ_ONLY, NULL, get_month, NULL, "The month, 1 to 12."},
    {"day", "Integer", CP_READ_ONLY, NULL, get_day, NULL, "The day of the month, from 1."},
    {"hour", "Integer", CP_READ_ONLY, NULL, get_hour, NULL, "The hour, 0 to 23."},
    {"minute", "Integer", CP_READ_ONLY, NULL, get_minute, NULL, "The minute, 0 to 59."},
    {"second", "Integer", CP_READ_ONLY, NULL, get_second, NULL, "The second, 0 to 59."},
    {"nanosecond", "Integer", CP_READ_ONLY, NULL, get_nanosecond, NULL, "The part of a second, 0 to 999999999."},
    {"weekday", "Integer", CP_READ_ONLY, NULL, get_weekday, NULL, "The day of the week: Monday is 1, Sunday 7."},
    {"yearDay", "Integer", CP_READ_ONLY, NULL, get_year_day, NULL, "The day of the year, from 1."},
    {"week", "Integer", CP_READ_ONLY, NULL, get_week, NULL,
     "The number of the week (ISO 8601: it begins on Monday, week 1 has the year's first Thursday)."},
    {"zone", "String", CP_READ_ONLY, NULL, get_zone, NULL,
     "The zone's name: as Europe/Berlin, UTC, +02:00, or local for the system's."},
    {"offset", "Integer", CP_READ_ONLY, NULL, get_offset, NULL, "Seconds that the zone is east of UTC at this moment."},
    {"isDaylightSaving", "Symbol", CP_READ_ONLY, NULL, get_daylight, NULL, "true in daylight saving time, else ()."},
    {"time", "Integer", CP_READ_ONLY, NULL, get_time, NULL, "The seconds since 1970-01-01 00:00 UTC, as `time` gives."},
    {0},
};

/* ---- methods: text ---- */

static cp_value method_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return date_time_iso(cp, date_of(self));
}

static cp_value method_mail(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct time_zone_state state;
    char text[MAIL_DATE_SIZE];
    clock_of(date_of(self), &state);
    if (mail_date_format(text, date_of(self)->seconds, state.offset / 60) != MAIL_OK)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "dates of mail begin with the year 1900");
    return cp_string_z(cp, text);
}

static cp_value method_format(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value text = date_time_format(cp, date_of(self), cp_string_text(arguments[0]), cp_string_size(arguments[0]));
    library_keep(arguments[0]);
    return text;
}

/* ---- methods: arithmetic ---- */

static cp_value method_in_zone(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct date_zone *zone = to_zone(cp, arguments[0]);
    return zone ? make(cp, self, date_of(self)->seconds, date_of(self)->nanosecond, zone) : CP_THROWN;
}

/* The moment at which the clock shows `local`; of two, the one with the offset that was. */
static int64_t moment_near(const struct date_time *d, int64_t local, int32_t offset) {
    struct time_zone_state state;
    int64_t later = date_zone_moment(d->zone, local, true);
    date_zone_at(d->zone, later, &state);
    return state.offset == offset ? later : date_zone_moment(d->zone, local, false);
}

static cp_value method_add(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    static const char *const names[] = {"years", "months", "weeks", "days", "hours", "minutes"};
    const struct date_time *d = date_of(self);
    int64_t parts[6], seconds, nanoseconds, moment = d->seconds;
    for (int i = 0; i < 6; i++)
        if (!to_part(cp, names[i], arguments[i], &parts[i])) return CP_THROWN;
    if (!to_seconds(cp, arguments[6], &seconds, &nanoseconds)) return CP_THROWN;
    int64_t months = parts[0] * 12 + parts[1], days = parts[2] * 7 + parts[3];
    if (months || days) { /* on the clock: the time of day stays */
        struct time_zone_state state;
        struct calendar clock = clock_of(d, &state);
        int64_t month = clock.year * 12 + clock.month - 1 + months;
        if (month < 12 || month >= (CALENDAR_LAST_YEAR + 1) * 12) return out_of_range(cp);
        clock.year = month / 12;
        clock.month = (int)(month % 12) + 1;
        int last = calendar_month_days(clock.year, clock.month);
        if (clock.day > last) clock.day = last;
        int64_t local = calendar_seconds(&clock) + days * 86400;
        if (local < CALENDAR_FIRST_SECOND || local > CALENDAR_LAST_SECOND) return out_of_range(cp);
        moment = moment_near(d, local, state.offset);
    }
    nanoseconds += d->nanosecond;
    moment += parts[4] * 3600 + parts[5] * 60 + seconds + nanoseconds / NANOSECONDS;
    return make(cp, self, moment, (int32_t)(nanoseconds % NANOSECONDS), d->zone);
}

static cp_value method_plus(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t seconds, nanoseconds;
    if (!to_seconds(cp, arguments[0], &seconds, &nanoseconds)) return CP_THROWN;
    nanoseconds += date_of(self)->nanosecond;
    return make(cp, self, date_of(self)->seconds + seconds + nanoseconds / NANOSECONDS,
                (int32_t)(nanoseconds % NANOSECONDS), date_of(self)->zone);
}

static cp_value method_minus(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    if (cp_is_integer(arguments[0])) {
        int64_t seconds;
        if (!to_part(cp, "seconds", arguments[0], &seconds)) return CP_THROWN;
        cp_value negative = cp_integer(cp, -seconds);
        return method_plus(cp, self, &negative, count);
    }
    if (cp_is_real(arguments[0])) {
        cp_value negative = cp_real(-cp_real_value(arguments[0]));
        return method_plus(cp, self, &negative, count);
    }
    if (same_class(cp, self, arguments[0]) == CP_THROWN) return CP_THROWN;
    const struct date_time *a = date_of(self), *b = date_of(arguments[0]);
    int64_t seconds = a->seconds - b->seconds;
    if (a->nanosecond == b->nanosecond) return cp_integer(cp, seconds);
    return cp_real((double)seconds + (a->nanosecond - b->nanosecond) / 1e9);
}

/* Whole months from a to b, both on the same clock; toward zero. */
static int64_t months_between(const struct calendar *a, const struct calendar *b, int64_t of_month_a,
                              int64_t of_month_b) {
    int64_t months = (b->year - a->year) * 12 + b->month - a->month;
    if (months > 0 && of_month_b < of_month_a) months--;
    if (months < 0 && of_month_b > of_month_a) months++;
    return months;
}

static int64_t days_between(int64_t local_a, int64_t local_b, int nanosecond_a, int nanosecond_b) {
    int64_t seconds = local_b - local_a;
    if (seconds > 0 && nanosecond_b < nanosecond_a) seconds--;
    if (seconds < 0 && nanosecond_b > nanosecond_a) seconds++;
    return seconds / 86400;
}

static cp_value method_until(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    static const char *const units[] = {"years", "months",  "weeks",   "days",
                                        "hours", "minutes", "seconds", "milliseconds"};
    static const int64_t lengths[] = {0, 0, 0, 0, 3600, 60, 1};
    if (same_class(cp, self, arguments[0]) == CP_THROWN) return CP_THROWN;
    const struct date_time *a = date_of(self), *b = date_of(arguments[0]);
    size_t unit = 0;
    const char *name = cp_text_z(cp, arguments[1]);
    while (unit < 8 && strcmp(units[unit], name) != 0) unit++;
    if (unit == 8)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "the unit is years, months, weeks, days, hours, minutes, seconds or milliseconds");
    int64_t seconds = b->seconds - a->seconds, nanoseconds = b->nanosecond - a->nanosecond;
    if (seconds > 0 && nanoseconds < 0) seconds--, nanoseconds += NANOSECONDS;
    if (seconds < 0 && nanoseconds > 0) seconds++, nanoseconds -= NANOSECONDS;
    if (unit == 7) return cp_integer(cp, seconds * 1000 + nanoseconds / 1000000);
    if (unit >= 4) return cp_integer(cp, seconds / lengths[unit]);
    struct time_zone_state state_a, state_b;
    struct date_time other = {b->header, a->zone, b->seconds, b->nanosecond};
    struct calendar from = clock_of(a, &state_a), to = clock_of(&other, &state_b);
    if (unit >= 2) {
        int64_t days =
            days_between(a->seconds + state_a.offset, b->seconds + state_b.offset, a->nanosecond, b->nanosecond);
        return cp_integer(cp, unit == 2 ? days / 7 : days);
    }
    /* the place within the month, to the nanosecond */
    int64_t place_a = ((from.day * 24 + from.hour) * 60 + from.minute) * 60LL + from.second;
    int64_t place_b = ((to.day * 24 + to.hour) * 60 + to.minute) * 60LL + to.second;
    place_a = place_a * NANOSECONDS + a->nanosecond;
    place_b = place_b * NANOSECONDS + b->nanosecond;
    int64_t months = months_between(&from, &to, place_a, place_b);
    return cp_integer(cp, unit == 0 ? months / 12 : months);
}

static cp_value method_start_of(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    static const char *const units[] = {"year", "month", "week", "day", "hour", "minute", "second"};
    const struct date_time *d = date_of(self);
    struct time_zone_state state;
    struct calendar clock = clock_of(d, &state);
    size_t unit = 0;
    const char *name = cp_text_z(cp, arguments[0]);
    while (unit < 7 && strcmp(units[unit], name) != 0) unit++;
    if (unit == 7)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "the unit is year, month, week, day, hour, minute or second");
    if (unit >= 4) { /* within the same offset, so that an hour that comes twice stays itself */
        int64_t part = unit == 4 ? clock.minute * 60 + clock.second : unit == 5 ? clock.second : 0;
        return make(cp, self, d->seconds - part, 0, d->zone);
    }
    clock.hour = clock.minute = clock.second = 0;
    if (unit <= 1) clock.day = 1;
    if (unit == 0) clock.month = 1;
    int64_t local = calendar_seconds(&clock) - (unit == 2 ? (clock.weekday - 1) * 86400 : 0);
    return make(cp, self, date_zone_moment(d->zone, local, false), 0, d->zone);
}

/* ---- methods: comparing ---- */

static int order(cp_value a, cp_value b) {
    const struct date_time *x = date_of(a), *y = date_of(b);
    if (x->seconds != y->seconds) return x->seconds < y->seconds ? -1 : 1;
    return (x->nanosecond > y->nanosecond) - (x->nanosecond < y->nanosecond);
}

#define COMPARISON(name, condition)                                                                                    \
    static cp_value method_##name(cp_context *cp, cp_value self, const cp_value *arguments, int count) {               \
        (void)count;                                                                                                   \
        if (same_class(cp, self, arguments[0]) == CP_THROWN) return CP_THROWN;                                         \
        int compared = order(self, arguments[0]);                                                                      \
        return library_truth(cp, condition);                                                                           \
    }
COMPARISON(less, compared < 0)
COMPARISON(less_equal, compared <= 0)
COMPARISON(greater, compared > 0)
COMPARISON(greater_equal, compared >= 0)

static cp_value method_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    bool same = cp_has_class(arguments[0], cp_object_of(self)->class_number) && order(self, arguments[0]) == 0;
    return library_truth(cp, same);
}

static cp_value method_not_equal(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return library_truth(cp, method_equal(cp, self, arguments, count) == CP_NIL);
}

static cp_value method_hash(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_integer(cp, date_of(self)->seconds * 1000 + date_of(self)->nanosecond % 1000);
}

/* ---- table ---- */

static const cp_method_def methods[] = {
    {"DateTime", "NIL",
     "((year Integer|String ()) (month Integer 1) (day Integer 1) (hour Integer 0) (minute Integer 0) (second Integer "
     "0) "
     "(zone String ()) (later Object ()) (nanosecond Integer 0) (seconds Integer|Real ()))",
     construct,
     "(create DateTime) is now; (create DateTime 2024 5 1 12 30) a time by its parts; (create DateTime \"...\") what a "
     "text of ISO 8601 or RFC 5322 says; (create DateTime seconds: n) that long after 1970-01-01 00:00 UTC. `zone` is "
     "Europe/Berlin and the like, UTC, +02:00, or local, the default; a text with an offset has that as its zone "
     "unless "
     "`zone` says another, in which it is then shown. A time that clocks show twice, when they are turned back, is the "
     "earlier one, or with later: true the other; one that they leave out is counted on from before the change (02:30 "
     "is 03:30). Errors: 1.8 out of range, 1.4 unknown zone, 8.3 text that is no date."},
    {"string", "String", "()", method_string, "The moment in ISO 8601: 2024-05-01T12:30:00+02:00, Z for offset 0."},
    {"json", "String", "()", method_string, "The same; jsonString writes this."},
    {"mail", "String", "()", method_mail,
     "The moment as mail has it (RFC 5322): Wed, 1 May 2024 12:30:00 +0200. Errors: 1.8 before 1900."},
    {"format", "String", "((pattern String))", method_format,
     "The moment by a pattern, in English. %Y %y year, %m %B %b month, %d %e %j day, %H %I %p hour, %M minute, %S "
     "second, "
     "%L %f %N milli-, micro-, nanoseconds, %A %a %u %w weekday, %G %V year and number of the week, %F is %Y-%m-%d, %T "
     "is %H:%M:%S, %R is %H:%M, %z +0200, %:z +02:00, %Z CEST, %s seconds since 1970, %n %t %%. Errors: 1.8."},
    {"inZone", "DateTime", "((zone String))", method_in_zone,
     "The same moment on the clocks of another zone. Errors: 1.4, 1.8."},
    {"add", "DateTime",
     "((years Integer 0) (months Integer 0) (weeks Integer 0) (days Integer 0) (hours Integer 0) (minutes Integer 0) "
     "(seconds Integer|Real 0))",
     method_add,
     "A later moment, or an earlier one by negative numbers. Years, months, weeks and days are of the calendar: the "
     "time "
     "of day stays, and of a month that is too short the last day is taken; then hours, minutes and seconds go by. "
     "(d.add days: 1). Errors: 1.8 out of range."},
    {"until", "Integer", "((other DateTime) (unit String \"seconds\"))", method_until,
     "How many whole units go by from here to `other`, negative when that is earlier: years, months, weeks, days (on "
     "the "
     "calendar of this zone), hours, minutes, seconds, milliseconds. Errors: 1.8 unknown unit."},
    {"startOf", "DateTime", "((unit String))", method_start_of,
     "The beginning of the year, month, week, day, hour, minute or second that this moment is in. Errors: 1.8."},
    {"+", "DateTime", "((seconds Integer|Real))", method_plus, "So many seconds later. Errors: 1.8 out of range."},
    {"-", "Object", "((other DateTime|Integer|Real))", method_minus,
     "So many seconds earlier; of another DateTime the seconds between, an Integer, or a Real when there are parts of "
     "one. Errors: 1.8."},
    {"==", "Symbol", "((other))", method_equal, "true for the same moment, whatever the zones."},
    {"!=", "Symbol", "((other))", method_not_equal, "true for another moment."},
    {"<", "Symbol", "((other DateTime))", method_less, "true when earlier."},
    {"<=", "Symbol", "((other DateTime))", method_less_equal, "true when not later."},
    {">", "Symbol", "((other DateTime))", method_greater, "true when later."},
    {">=", "Symbol", "((other DateTime))", method_greater_equal, "true when not earlier."},
    {"hash", "Integer", "()", method_hash, "The same for equal moments."},
    {0},
};

const cp_class_def date_time_class = {
    .name = "DateTime",
    .doc = "A moment to the nanosecond in the years 1 to 9999, with the time zone whose clocks show it. It never "
           "changes: what computes gives a new one. Zones come from the system's tz database.",
    .size = sizeof(struct date_time),
    .major = 1,
    .properties = properties,
    .methods = methods,
};
