/* SPDX-License-Identifier: GPL-3.0-or-later */
/* date_zone.c: finds time zones by name and keeps those that were read. */
#include "modules/library/date_time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/library/iso_date.h"

enum { FILE_LIMIT = 1 << 20 };

static void copy_name(struct date_zone *zone, const char *name, size_t size) {
    if (size >= sizeof zone->name) size = sizeof zone->name - 1;
    memcpy(zone->name, name, size);
    zone->name[size] = 0;
}

struct date_zone *date_zone_fixed(int32_t offset) {
    struct date_zone *zone = cp_alloc(sizeof *zone);
    zone->fixed = true;
    zone->state.offset = offset;
    int minutes = abs(offset) / 60;
    if (offset == 0) strcpy(zone->name, "UTC");
    else
        snprintf(zone->name, sizeof zone->name, "%c%02d:%02d", offset < 0 ? '-' : '+', minutes / 60 % 100,
                 minutes % 60);
    memcpy(zone->state.name, zone->name, TIME_ZONE_ABBREVIATION - 1);
    return zone;
}

void date_zone_at(const struct date_zone *zone, int64_t seconds, struct time_zone_state *state) {
    if (zone->fixed) *state = zone->state;
    else time_zone_at(&zone->file, seconds, state);
}

int64_t date_zone_moment(const struct date_zone *zone, int64_t local, bool later) {
    return zone->fixed ? local - zone->state.offset : time_zone_moment(&zone->file, local, later);
}

/* ---- files ---- */

/* A regular file of the system's own, some kilobytes: read at once. NULL when there is none. */
static unsigned char *read_file(const char *path, size_t *size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return NULL;
    struct stat status;
    unsigned char *data = NULL;
    *size = 0;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 && status.st_size <= FILE_LIMIT) {
        size_t wanted = (size_t)status.st_size;
        data = cp_alloc_atomic(wanted);
        while (*size < wanted) {
            ssize_t got = read(fd, data + *size, wanted - *size);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) break;
            *size += (size_t)got;
        }
    }
    close(fd);
    return data;
}

static struct date_zone *read_zone(const char *path) {
    size_t size;
    unsigned char *data = read_file(path, &size);
    struct date_zone *zone = cp_alloc(sizeof *zone);
    return data && time_zone_read(&zone->file, data, size) ? zone : NULL;
}

static const char *folder(void) {
    const char *named = getenv("TZDIR");
    return named && *named == '/' ? named : "/usr/share/zoneinfo";
}

/* "Europe/Berlin", "Etc/GMT+5": nothing that could lead out of the folder. */
static bool is_zone_name(const char *name, size_t size) {
    if (size == 0 || size >= sizeof((struct date_zone *)0)->name || name[0] == '/') return false;
    for (size_t i = 0; i < size; i++) {
        char c = name[i];
        bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
        if (!letter && !strchr("_+-/", c)) return false;
    }
    return true;
}

static struct date_zone *zone_of_database(const char *name) {
    char path[512];
    int length = snprintf(path, sizeof path, "%s/%s", folder(), name);
    return length < (int)sizeof path ? read_zone(path) : NULL;
}

/* What TZ says, as POSIX has it: a rule, or a name or path, which may have a colon before it; () for none. */
static struct date_zone *local_zone(const char *tz) {
    if (!tz) return read_zone("/etc/localtime");
    if (*tz == ':') tz++;
    if (*tz == '/') return read_zone(tz);
    if (is_zone_name(tz, strlen(tz))) {
        struct date_zone *zone = zone_of_database(tz);
        if (zone) return zone;
    }
    struct date_zone *zone = cp_alloc(sizeof *zone);
    return time_zone_read_rules(&zone->file.rules, tz, strlen(tz)) ? zone : NULL;
}

static struct date_zone *known_zone(cp_context *cp, const char *name, size_t size) {
    for (struct date_zone *zone = *cp_module_state(cp, "time zones"); zone; zone = zone->next)
        if (strlen(zone->name) == size && memcmp(zone->name, name, size) == 0) return zone;
    return NULL;
}

static struct date_zone *keep(cp_context *cp, struct date_zone *zone, const char *name, size_t size) {
    void **list = cp_module_state(cp, "time zones");
    copy_name(zone, name, size);
    zone->next = *list;
    *list = zone;
    return zone;
}

/* "local" is kept under the text of TZ, which the process may change. */
static struct date_zone *find_local(cp_context *cp) {
    const char *tz = getenv("TZ");
    char key[sizeof((struct date_zone *)0)->name];
    int length = snprintf(key, sizeof key, "local%s%s", tz ? " " : "", tz ? tz : "");
    bool fits = length < (int)sizeof key;
    struct date_zone *zone = fits ? known_zone(cp, key, (size_t)length) : NULL;
    if (zone) return zone;
    zone = tz && *tz == 0 ? NULL : local_zone(tz);
    if (!zone) zone = date_zone_fixed(0); /* as the C library does */
    if (fits) return keep(cp, zone, key, (size_t)length);
    copy_name(zone, "local", 5);
    return zone;
}

struct date_zone *date_zone_named(cp_context *cp, const char *name, size_t size) {
    int32_t offset;
    if (size == 5 && memcmp(name, "local", 5) == 0) return find_local(cp);
    if (size == 3 && memcmp(name, "UTC", 3) == 0) return date_zone_fixed(0);
    if (iso_offset_read(name, size, &offset)) return date_zone_fixed(offset);
    if (!is_zone_name(name, size)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                 "this is no name of a time zone: it is as Europe/Berlin, UTC, +02:00 or local");
        return NULL;
    }
    struct date_zone *zone = known_zone(cp, name, size);
    if (zone) return zone;
    const char *text = cp_text_z(cp, cp_string_n(cp, name, size));
    zone = zone_of_database(text);
    if (zone) return keep(cp, zone, text, size);
    cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN,
             "the system's time zone database (%s) has no zone %s; names are as Europe/Berlin", folder(), text);
    return NULL;
}
