/* SPDX-License-Identifier: GPL-3.0-or-later */
/* time_zone.c: files of the tz database (TZif, RFC 9636) and the rules of POSIX TZ. */
#include "modules/library/time_zone.h"

#include <string.h>

#include "modules/library/calendar.h"

/* ---- POSIX TZ (RFC 9636 3.3; POSIX.1 8.3) ---- */

struct scanner {
    const char *at, *end;
};

static bool accept(struct scanner *s, char c) {
    if (s->at == s->end || *s->at != c) return false;
    s->at++;
    return true;
}

static bool read_number(struct scanner *s, int most, int *value) {
    const char *first = s->at;
    *value = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        *value = *value * 10 + (*s->at++ - '0');
        if (*value > most) return false;
    }
    return s->at > first;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(struct scanner *s, int most_hours, int64_t *seconds) {
    int sign = 1, hours, minutes = 0, rest = 0;
    if (accept(s, '-')) sign = -1;
    else accept(s, '+');
    if (!read_number(s, most_hours, &hours)) return false;
    if (accept(s, ':')) {
        if (!read_number(s, 59, &minutes)) return false;
        if (accept(s, ':') && !read_number(s, 59, &rest)) return false;
    }
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return true;
}

static bool read_name(struct scanner *s, char name[TIME_ZONE_ABBREVIATION]) {
    bool quoted = accept(s, '<');
    size_t size = 0;
    while (s->at < s->end) {
        char c = *s->at;
        bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';
        if (!letter && !(quoted && ((c >= '0' && c <= '9') || c == '+' || c == '-'))) break;
        if (size == TIME_ZONE_ABBREVIATION - 1) return false;
        name[size++] = c;
        s->at++;
    }
    name[size] = 0;
    return size >= 3 && (!quoted || accept(s, '>'));
}

static bool read_rule(struct scanner *s, struct time_zone_rule *rule) {
    rule->time = 2 * 3600;
    if (accept(s, 'M')) {
        rule->kind = RULE_MONTH;
        if (!read_number(s, 12, &rule->month) || rule->month < 1 || !accept(s, '.')) return false;
        if (!read_number(s, 5, &rule->week) || rule->week < 1 || !accept(s, '.')) return false;
        if (!read_number(s, 6, &rule->day)) return false;
    } else if (accept(s, 'J')) {
        rule->kind = RULE_JULIAN;
        if (!read_number(s, 365, &rule->day) || rule->day < 1) return false;
    } else {
        rule->kind = RULE_DAY;
        if (!read_number(s, 365, &rule->day)) return false;
    }
    return !accept(s, '/') || read_time(s, 167, &rule->time);
}

bool time_zone_read_rules(struct time_zone_rules *rules, const char *text, size_t size) {
    struct scanner s = {text, text + size};
    int64_t west;
    *rules = (struct time_zone_rules){0};
    if (!read_name(&s, rules->standard_name) || !read_time(&s, 24, &west)) return false;
    rules->standard = (int32_t)-west;
    rules->present = true;
    if (s.at == s.end) return true;
    rules->changes = true;
    if (!read_name(&s, rules->daylight_name)) return false;
    rules->daylight = rules->standard + 3600;
    if (s.at < s.end && *s.at != ',') {
        if (!read_time(&s, 24, &west)) return false;
        rules->daylight = (int32_t)-west;
    }
    return accept(&s, ',') && read_rule(&s, &rules->start) && accept(&s, ',') && read_rule(&s, &rules->end) &&
           s.at == s.end;
}

/* The change in a year, as seconds since 1970 on the clock before it. */
static int64_t rule_in_year(const struct time_zone_rule *rule, int64_t year) {
    int64_t day;
    if (rule->kind == RULE_MONTH) {
        struct calendar first;
        calendar_from_seconds(calendar_days(year, rule->month, 1) * 86400, &first);
        int day_of_month = 1 + (rule->day - first.weekday % 7 + 7) % 7 + (rule->week - 1) * 7;
        if (day_of_month > calendar_month_days(year, rule->month)) day_of_month -= 7; /* week 5 is the last */
        day = calendar_days(year, rule->month, day_of_month);
    } else {
        day = calendar_days(year, 1, 1) + rule->day;
        if (rule->kind == RULE_JULIAN) day -= !(calendar_is_leap(year) && rule->day >= 60);
    }
    return day * 86400 + rule->time;
}

static void rules_at(const struct time_zone_rules *rules, int64_t seconds, struct time_zone_state *state) {
    bool daylight = false;
    if (rules->changes) {
        struct calendar local;
        calendar_from_seconds(seconds + rules->standard, &local);
        int64_t start = rule_in_year(&rules->start, local.year) - rules->standard;
        int64_t end = rule_in_year(&rules->end, local.year) - rules->daylight;
        daylight = start < end ? seconds >= start && seconds < end : seconds < end || seconds >= start;
    }
    state->offset = daylight ? rules->daylight : rules->standard;
    state->daylight = daylight;
    memcpy(state->name, daylight ? rules->daylight_name : rules->standard_name, TIME_ZONE_ABBREVIATION);
}

/* ---- TZif ---- */

static uint32_t big_endian_32(const unsigned char *b) {
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static int64_t time_of(const struct time_zone *zone, uint32_t i) {
    const unsigned char *b = zone->data + zone->times + (size_t)i * (size_t)zone->time_size;
    if (zone->time_size == 4) return (int32_t)big_endian_32(b);
    return (int64_t)((uint64_t)big_endian_32(b) << 32 | big_endian_32(b + 4));
}

/* Reads the block at *at and moves behind it. `keep`: the zone refers to it. */
static bool read_block(struct time_zone *zone, const unsigned char *data, size_t size, size_t *at, int time_size,
                       bool keep) {
    enum { HEADER = 44 };
    if (size - *at < HEADER || memcmp(data + *at, "TZif", 4) != 0) return false;
    const unsigned char *counts = data + *at + 20;
    uint64_t utc = big_endian_32(counts), standard = big_endian_32(counts + 4), leaps = big_endian_32(counts + 8);
    uint64_t times = big_endian_32(counts + 12), types = big_endian_32(counts + 16), names = big_endian_32(counts + 20);
    size_t width = (size_t)time_size;
    uint64_t total = times * width + times + types * 6 + names + leaps * (width + 4) + standard + utc;
    *at += HEADER;
    if (total > size - *at) return false;
    if (keep) {
        zone->data = data;
        zone->time_size = time_size;
        zone->times = *at;
        zone->indices = zone->times + times * width;
        zone->types = zone->indices + times;
        zone->names = zone->types + types * 6;
        zone->name_size = names;
        zone->time_count = (uint32_t)times;
        zone->type_count = (uint32_t)types;
        if (types == 0 || names == 0) return false;
        for (uint64_t i = 0; i < times; i++) {
            if (data[zone->indices + i] >= types) return false;
            if (i > 0 && time_of(zone, (uint32_t)i) <= time_of(zone, (uint32_t)i - 1)) return false;
        }
        for (uint64_t i = 0; i < types; i++) {
            int32_t offset = (int32_t)big_endian_32(data + zone->types + i * 6);
            if (offset < -26 * 3600 || offset > 26 * 3600 || data[zone->types + i * 6 + 5] >= names) return false;
        }
    }
    *at += total;
    return true;
}

bool time_zone_read(struct time_zone *zone, const unsigned char *data, size_t size) {
    size_t at = 0;
    *zone = (struct time_zone){0};
    if (size < 5) return false;
    bool first_only = data[4] == 0; /* version 1 has one block, of 32-bit times, and no rules */
    if (!read_block(zone, data, size, &at, 4, first_only)) return false;
    if (first_only) return true;
    if (!read_block(zone, data, size, &at, 8, true)) return false;
    if (at == size || data[at] != '\n') return false;
    at++;
    const unsigned char *end = memchr(data + at, '\n', size - at);
    if (!end) return false;
    size_t length = (size_t)(end - (data + at));
    return length == 0 || time_zone_read_rules(&zone->rules, (const char *)data + at, length);
}

static void type_at(const struct time_zone *zone, unsigned index, struct time_zone_state *state) {
    const unsigned char *type = zone->data + zone->types + index * 6;
    state->offset = (int32_t)big_endian_32(type);
    state->daylight = type[4] != 0;
    size_t length = 0, room = zone->name_size - type[5];
    const unsigned char *name = zone->data + zone->names + type[5];
    while (length < room && length < TIME_ZONE_ABBREVIATION - 1 && name[length]) length++;
    memcpy(state->name, name, length);
    state->name[length] = 0;
}

void time_zone_at(const struct time_zone *zone, int64_t seconds, struct time_zone_state *state) {
    if (zone->time_count == 0 || seconds >= time_of(zone, zone->time_count - 1)) {
        if (zone->rules.present) rules_at(&zone->rules, seconds, state);
        else type_at(zone, zone->time_count ? zone->data[zone->indices + zone->time_count - 1] : 0, state);
        return;
    }
    /* the last transition that is not after the moment; before the first, type 0 (RFC 9636 3.2) */
    uint32_t low = 0, high = zone->time_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (time_of(zone, middle) <= seconds) low = middle + 1;
        else high = middle;
    }
    type_at(zone, low ? zone->data[zone->indices + low - 1] : 0, state);
}

int64_t time_zone_moment(const struct time_zone *zone, int64_t local, bool later) {
    struct time_zone_state before, after, check;
    time_zone_at(zone, local - 86400 - 43200, &before);
    time_zone_at(zone, local + 86400, &after);
    int64_t a = local - before.offset, b = local - after.offset;
    time_zone_at(zone, a, &check);
    bool a_fits = check.offset == before.offset;
    time_zone_at(zone, b, &check);
    bool b_fits = check.offset == after.offset;
    if (a_fits && b_fits) return (a < b) != later ? a : b;
    return b_fits ? b : a;
}
