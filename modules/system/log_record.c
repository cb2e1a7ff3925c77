/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * log_record.c: the text of one log record.
 */
#include "log_record.h"
#include "stream_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *finish(FILE *out, char **text) {
    bool failed = ferror(out);
    if (fclose(out) == 0 && !failed) return *text;
    free(*text);
    return NULL;
}

char *log_record_text(const struct log_record *record, size_t *size) {
    char *result = NULL;
    FILE *out = open_memstream(&result, size);
    if (!out) return NULL;
    time_t seconds = record->seconds;
    struct tm tm;
    char date[32] = "?";
    if (record->date && localtime_r(&seconds, &tm)) strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &tm);
    if (record->date) fprintf(out, "%s.%03d ", date, record->milliseconds);
    fprintf(out, "%c ", record->mark);
    if (record->level) fprintf(out, "[%s] ", record->level);
    size_t end = record->size;
    while (end > 0 && (record->text[end - 1] == '\n' || record->text[end - 1] == '\r')) end--;
    for (size_t i = 0; i < end; i++) {
        unsigned char c = (unsigned char)record->text[i];
        if (c == '\n') fputs("\n\t", out);
        else if (c == '\r' && i + 1 < end && record->text[i + 1] == '\n') continue;
        else if ((c < ' ' && c != '\t') || c == 0x7f) fprintf(out, "\\x%02x", c);
        else putc(c, out);
    }
    putc('\n', out);
    return finish(out, &result);
}

static void json_string(FILE *out, const char *name, const char *text, size_t size) {
    fprintf(out, "\"%s\":\"", name);
    const unsigned char *p = (const unsigned char *)text, *end = p + size;
    while (p < end) {
        size_t length = scan_character(p, (size_t)(end - p));
        if (length < 2 && *p >= 0x80) { /* not UTF-8, which JSON must be */
            fputs("\\ufffd", out);
            length = 1;
        } else if (*p == '"' || *p == '\\') fprintf(out, "\\%c", *p);
        else if (*p == '\n') fputs("\\n", out);
        else if (*p < ' ' || *p == 0x7f) fprintf(out, "\\u%04x", *p);
        else fwrite(p, 1, length, out);
        p += length;
    }
    putc('"', out);
}

char *log_record_json(const struct log_record *record, size_t *size) {
    char *result = NULL;
    FILE *out = open_memstream(&result, size);
    if (!out) return NULL;
    time_t seconds = record->seconds;
    struct tm tm;
    char date[32] = "?";
    if (gmtime_r(&seconds, &tm)) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    fprintf(out, "{\"time\":\"%s.%03dZ\",\"severity\":\"%s\",", date, record->milliseconds,
            record->mark == '*'   ? "error"
            : record->mark == '!' ? "warning"
                                  : "info");
    if (record->level) fprintf(out, "\"level\":\"%s\",", record->level);
    json_string(out, "log", record->log, strlen(record->log));
    putc(',', out);
    json_string(out, "text", record->text, record->size);
    fputs("}\n", out);
    return finish(out, &result);
}
