/* SPDX-License-Identifier: GPL-3.0-or-later */
/* profile_report.c: a profile as text: functions by the time spent in them and in what they call, then lines. */
#include "interp/run/profile.h"

#include <stdlib.h>

enum {
    FUNCTIONS_MOST = 40, /* rows of the report */
    LINES_MOST = 30,
    TEXT_MOST = 80,     /* bytes of a source line that are shown */
    SHARE_LEAST = 1000, /* less than a thousandth of the time is not shown */
};

struct function_time {
    uint32_t number;
    uint64_t self, total;
    uint32_t seen; /* the last node for which `total` was counted */
};

struct line_time {
    const struct source *source;
    int line;
    uint32_t offset;
    uint64_t self;
};

static double share(const struct profile *profile, uint64_t time) {
    return profile->total ? 100.0 * (double)time / (double)profile->total : 0;
}

/* ---- functions ---- */

/* A caller is often met after what it calls, so among equals the higher number comes first. */
static int by_total(const void *a, const void *b) {
    const struct function_time *x = a, *y = b;
    if (x->total != y->total) return x->total < y->total ? 1 : -1;
    return x->self != y->self ? (x->self < y->self ? 1 : -1) : (x->number < y->number) - (x->number > y->number);
}

/* A node's own time counts once for each function on its way to the root, however often it recurs there. */
static struct function_time *function_times(const struct profile *profile) {
    struct function_time *times = calloc(profile->roster->count, sizeof *times);
    if (!times) return NULL;
    for (uint32_t i = 0; i < profile->roster->count; i++) times[i].number = i;
    for (uint32_t i = 1; i < profile->node_count; i++) {
        uint64_t self = profile->nodes[i].self;
        times[profile->nodes[i].number].self += self;
        for (uint32_t at = i; at != 0 && self; at = profile->nodes[at].parent) {
            struct function_time *time = &times[profile->nodes[at].number];
            if (time->seen != i) time->total += self;
            time->seen = i;
        }
    }
    qsort(times, profile->roster->count, sizeof *times, by_total);
    return times;
}

static void write_functions(cp_context *cp, const struct profile *profile, FILE *out) {
    struct function_time *times = function_times(profile);
    if (!times) return;
    fprintf(out, "\n   total     self  function\n");
    for (uint32_t i = 0; i < profile->roster->count && i < FUNCTIONS_MOST; i++) {
        const struct function_time *time = &times[i];
        if (time->total == 0 || time->total < profile->total / SHARE_LEAST) break;
        const char *place = roster_place(cp, profile->roster, time->number);
        fprintf(out, "  %5.1f%%   %5.1f%%  %s%s%s%s\n", share(profile, time->total), share(profile, time->self),
                roster_title(cp, profile->roster, time->number), *place ? " (" : "", place, *place ? ")" : "");
    }
    free(times);
}

/* ---- lines ---- */

static int by_line(const void *a, const void *b) {
    const struct line_time *x = a, *y = b;
    if (x->source != y->source) return x->source < y->source ? -1 : 1;
    return (x->line > y->line) - (x->line < y->line);
}

static int by_self(const void *a, const void *b) {
    const struct line_time *x = a, *y = b;
    return x->self != y->self ? (x->self < y->self ? 1 : -1) : by_line(a, b);
}

/* Adds up the places of each line; the number of lines. */
static size_t lines_of_places(const struct profile *profile, struct line_time *lines) {
    size_t count = 0, kept = 0;
    for (uint32_t i = 1; i < profile->place_count; i++) {
        const struct profile_place *place = &profile->places[i];
        if (place->source < ROSTER_FIRST) continue;
        struct line_time line = {profile->roster->members[place->source], 0, place->offset, place->self};
        int column;
        source_place(line.source, place->offset, &line.line, &column);
        lines[count++] = line;
    }
    if (count == 0) return 0;
    qsort(lines, count, sizeof *lines, by_line);
    for (size_t i = 1; i < count; i++) {
        if (by_line(&lines[kept], &lines[i]) == 0) lines[kept].self += lines[i].self;
        else lines[++kept] = lines[i];
    }
    qsort(lines, kept + 1, sizeof *lines, by_self);
    return kept + 1;
}

static void write_source_line(const struct line_time *line, FILE *out) {
    size_t size, cut = 0;
    const char *text = source_line_at(line->source, line->offset, &size);
    while (size > 0 && (*text == ' ' || *text == '\t')) text++, size--;
    if (size > TEXT_MOST) {
        size = TEXT_MOST;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80) size--; /* not within a character */
        cut = 1;
    }
    for (size_t i = 0; i < size; i++) putc((unsigned char)text[i] < ' ' ? '?' : text[i], out);
    fputs(cut ? " ...\n" : "\n", out);
}

static void write_lines(cp_context *cp, const struct profile *profile, FILE *out) {
    struct line_time *lines = calloc(profile->place_count, sizeof *lines);
    if (!lines) return;
    size_t count = lines_of_places(profile, lines);
    if (count) fprintf(out, "\n    self  line, with the native functions it calls\n");
    for (size_t i = 0; i < count && i < LINES_MOST; i++) {
        char place[200];
        if (lines[i].self < profile->total / SHARE_LEAST) break;
        snprintf(place, sizeof place, "%s:%d", cp_text_z(cp, lines[i].source->name), lines[i].line);
        fprintf(out, "  %5.1f%%  %-24s ", share(profile, lines[i].self), place);
        write_source_line(&lines[i], out);
    }
    free(lines);
}

void profile_write_text(cp_context *cp, const struct profile *profile, FILE *out) {
    fprintf(out, "profile: %.2f s of processor time in %llu samples; %.2f s passed\n", (double)profile->total / 1e9,
            (unsigned long long)profile->samples, (double)profile->elapsed / 1e9);
    if (profile->samples == 0) {
        fprintf(out, "too short to be sampled\n");
        return;
    }
    write_functions(cp, profile, out);
    write_lines(cp, profile, out);
}
