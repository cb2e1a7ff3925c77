/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_date: the date-time of RFC 5322 3.3, written and read. */
#include "modules/header/mail_date.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

#define FIRST_SECOND (-2208988800) /* 1900-01-01, RFC 5322 3.3 */
#define LAST_SECOND 253402300799   /* 9999-12-31 23:59:59 */
#define OFFSET_LIMIT (99 * 60 + 59)

/* Days since 1970-01-01 of a Gregorian date, month 1-12. Years begin in March here, so that the leap day is the last of
 * its year. */
static int64_t days_from_date(int64_t year, int month, int day) {
    int64_t shifted = month <= 2 ? year - 1 : year;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719468;
}

/* The inverse, for days from 1900 to 9999. */
static void date_from_days(int64_t count, int *year, int *month, int *day) {
    int64_t z = count + 719468;
    int64_t era = z / 146097, of_era = z % 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted_month = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted_month + 2) / 5 + 1);
    *month = (int)(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

int mail_date_local_offset(int64_t seconds) {
    time_t when = (time_t)seconds;
    struct tm local;
    if (localtime_r(&when, &local) == NULL) return 0;
    return (int)(local.tm_gmtoff / 60);
}

/* Two digits, and what stands behind them unless it is 0. By hand, because printf took a tenth of a small message. */
static char *two_digits(char *out, int number, char behind) {
    out[0] = (char)('0' + number / 10);
    out[1] = (char)('0' + number % 10);
    out[2] = behind;
    return out + (behind != 0 ? 3 : 2);
}

enum mail_status mail_date_format(char out[MAIL_DATE_SIZE], int64_t seconds, int offset_minutes) {
    int year, month, day;
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND || abs(offset_minutes) > OFFSET_LIMIT) return MAIL_SYNTAX;
    int64_t local = seconds + (int64_t)offset_minutes * 60;
    if (local < FIRST_SECOND || local > LAST_SECOND) return MAIL_SYNTAX;
    int64_t since_1900 = local - FIRST_SECOND;
    int second = (int)(since_1900 % 86400);
    int64_t day_count = since_1900 / 86400;
    date_from_days(day_count + FIRST_SECOND / 86400, &year, &month, &day);
    int zone = abs(offset_minutes);
    memcpy(out, days[(day_count + 1) % 7], 3);
    memcpy(out + 3, ", ", 2);
    out += 5;
    if (day >= 10) *out++ = (char)('0' + day / 10);
    *out++ = (char)('0' + day % 10);
    *out++ = ' ';
    memcpy(out, months[month - 1], 3);
    out[3] = ' ';
    out = two_digits(two_digits(out + 4, year / 100, 0), year % 100, ' ');
    out = two_digits(out, second / 3600, ':');
    out = two_digits(out, second / 60 % 60, ':');
    out = two_digits(out, second % 60, ' ');
    *out++ = offset_minutes < 0 ? '-' : '+';
    two_digits(two_digits(out, zone / 60, 0), zone % 60, 0)[0] = '\0';
    return MAIL_OK;
}

struct scanner {
    const char *text;
    size_t size, at;
};

/* Skip folding white space and comments; false when a comment is not closed or nests too deep. The place is then kept,
   so that whoever looks next sees the same fault. */
static bool skip_blanks(struct scanner *s) {
    size_t start = s->at;
    unsigned depth = 0;
    while (s->at < s->size) {
        char c = s->text[s->at];
        if (c == '(') {
            if (++depth > 32) break;
        } else if (c == ')' && depth > 0) {
            depth--;
        } else if (c == '\\' && depth > 0) {
            s->at++;
            if (s->at >= s->size) break;
        } else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            break;
        }
        s->at++;
    }
    if (depth == 0) return true;
    s->at = start;
    return false;
}

/* Digits at the present place: their count, 0 if none or more than max. */
static int read_number(struct scanner *s, int max, int *value) {
    int count = 0;
    *value = 0;
    if (!skip_blanks(s)) return 0;
    while (s->at < s->size && s->text[s->at] >= '0' && s->text[s->at] <= '9') {
        if (++count > max) return 0;
        *value = *value * 10 + (s->text[s->at++] - '0');
    }
    return count;
}

static size_t read_word(struct scanner *s, const char **word) {
    if (!skip_blanks(s)) return 0;
    size_t start = s->at;
    while (s->at < s->size && ((s->text[s->at] | 32) >= 'a' && (s->text[s->at] | 32) <= 'z')) s->at++;
    *word = s->text + start;
    return s->at - start;
}

static bool accept(struct scanner *s, char c) {
    if (!skip_blanks(s) || s->at >= s->size || s->text[s->at] != c) return false;
    s->at++;
    return true;
}

/* RFC 5322 4.3: names of zones; military letters and unknown names count as -0000. */
static int named_zone(const char *word, size_t size) {
    static const struct {
        char name[4];
        int hours;
    } zones[] = {{"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6},
                 {"MDT", -6}, {"MST", -7}, {"PDT", -7}, {"PST", -8}};
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        if (size == 3 && strncasecmp(word, zones[i].name, 3) == 0) return zones[i].hours * 60;
    }
    return 0;
}

static enum mail_status bad(struct scanner *s, struct mail_error *error, const char *what) {
    return mail_error_set(error, MAIL_SYNTAX, s->at, "%s in date '%.*s'", what, (int)(s->size < 80 ? s->size : 80),
                          s->text);
}

enum mail_status mail_date_parse(const char *text, size_t size, int64_t *seconds, int *offset_minutes,
                                 struct mail_error *error) {
    static const int month_days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    struct scanner s = {text, size, 0};
    const char *word;
    int day, month, year, hour, minute, second = 0, offset = 0, digits;

    size_t length = read_word(&s, &word);
    if (length > 0) {
        bool known = false;
        for (int i = 0; i < 7; i++) known |= length == 3 && strncasecmp(word, days[i], 3) == 0;
        if (!known) return bad(&s, error, "unknown day of the week");
        accept(&s, ',');
    }
    if (read_number(&s, 2, &day) == 0) return bad(&s, error, "no day of the month");
    length = read_word(&s, &word);
    for (month = 1; month <= 12; month++) {
        if (length == 3 && strncasecmp(word, months[month - 1], 3) == 0) break;
    }
    if (month > 12) return bad(&s, error, "no month");
    digits = read_number(&s, 4, &year);
    if (digits < 2) return bad(&s, error, "no year");
    if (digits == 2) year += year < 50 ? 2000 : 1900; /* RFC 5322 4.3 */
    if (digits == 3) year += 1900;
    if (year < 1900) return bad(&s, error, "year before 1900");
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day < 1 || day > month_days[month - 1] || (month == 2 && day == 29 && !leap))
        return bad(&s, error, "no such day");

    if (read_number(&s, 2, &hour) == 0 || !accept(&s, ':')) return bad(&s, error, "no time of day");
    if (read_number(&s, 2, &minute) == 0) return bad(&s, error, "no minutes");
    if (accept(&s, ':') && read_number(&s, 2, &second) == 0) return bad(&s, error, "no seconds");
    if (hour > 23 || minute > 59 || second > 60) return bad(&s, error, "no such time of day");

    if (!skip_blanks(&s)) return bad(&s, error, "comment not closed");
    if (s.at < s.size && (s.text[s.at] == '+' || s.text[s.at] == '-')) {
        int sign = s.text[s.at++] == '-' ? -1 : 1, value;
        size_t start = s.at;
        if (read_number(&s, 4, &value) != 4 || s.at != start + 4 || value % 100 > 59) return bad(&s, error, "bad zone");
        offset = sign * (value / 100 * 60 + value % 100);
    } else if ((length = read_word(&s, &word)) > 0) {
        offset = named_zone(word, length);
    }
    if (!skip_blanks(&s)) return bad(&s, error, "comment not closed");
    if (s.at < s.size) return bad(&s, error, "unexpected text");
    /* A leap second is the next minute's first. */
    *seconds = days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - (int64_t)offset * 60;
    *offset_minutes = offset;
    return MAIL_OK;
}
