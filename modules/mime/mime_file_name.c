/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_file_name: names of attachments made safe. */
#include "modules/mime/mime_file_name.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "modules/coding/utf8_text.h"

/* U+00AD, U+061C, U+180E, U+200B..200F, U+2028..202E, U+2060..206F, U+FEFF, U+FFF9..FFFB: not to be seen, or they show
   "gpj.exe" as "exe.jpg". */
static bool is_invisible(const char *text, size_t length) {
    if (length < 2) return false;
    const unsigned char *c = (const unsigned char *)text;
    unsigned point = length == 2   ? (c[0] & 31u) << 6 | (c[1] & 63u)
                     : length == 3 ? (c[0] & 15u) << 12 | (c[1] & 63u) << 6 | (c[2] & 63u)
                                   : 0x10000;
    return (point >= 0x80 && point < 0xA0) || point == 0xAD || point == 0x61C || point == 0x180E ||
           (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E) ||
           (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF || (point >= 0xFFF9 && point <= 0xFFFB);
}

/* What is after the last dot, dot included, when it looks like an extension; else 0. */
static size_t extension_size(const char *name, size_t size) {
    const char *dot = size ? memrchr(name, '.', size) : NULL;
    size_t length = dot ? size - (size_t)(dot - name) : 0;
    return length > 1 && length < size && length <= 16 ? length : 0;
}

/* As Windows has it, the device is meant whatever the extension. */
static bool is_device(const char *name, size_t size) {
    static const char *const devices[] = {"con", "prn", "aux", "nul", "com", "lpt", "conin$", "conout$"};
    size_t stem = 0;
    while (stem < size && name[stem] != '.') stem++;
    while (stem > 0 && name[stem - 1] == ' ') stem--;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        size_t length = strlen(devices[i]);
        bool numbered = i == 4 || i == 5;
        if (stem == length + numbered && strncasecmp(name, devices[i], length) == 0 &&
            (!numbered || (name[length] >= '0' && name[length] <= '9')))
            return true;
    }
    return false;
}

static size_t trimmed(const char *name, size_t size) {
    while (size > 0 && (name[size - 1] == '.' || name[size - 1] == ' ')) size--;
    return size;
}

/* At most `most` bytes, no half character. */
static size_t cut(const char *name, size_t size, size_t most) {
    if (size <= most) return size;
    size = most;
    while (size > 0 && ((unsigned char)name[size] & 0xC0) == 0x80) size--;
    return size;
}

static void add_cleaned(struct mail_buffer *out, const char *name, size_t size) {
    for (size_t i = 0; i < size;) {
        size_t length = utf8_text_character(name + i, size - i);
        unsigned char c = (unsigned char)name[i];
        if (length == 0) {
            mail_buffer_append_char(out, '_');
            length = 1;
        } else if (length == 1 && (c < 32 || c == 127)) {
            /* left out */
        } else if (length == 1 && strchr("<>:\"|?*/\\", c)) mail_buffer_append_char(out, '_');
        else if (!is_invisible(name + i, length)) mail_buffer_append(out, name + i, length);
        i += length;
    }
}

static const char *default_extension(const char *type) {
    static const char *const extensions[][2] = {
        {"text/plain", ".txt"},      {"text/html", ".html"},        {"text/calendar", ".ics"},
        {"message/rfc822", ".eml"},  {"message/global", ".eml"},    {"image/png", ".png"},
        {"image/jpeg", ".jpg"},      {"image/gif", ".gif"},         {"application/pdf", ".pdf"},
        {"application/zip", ".zip"}, {"application/json", ".json"}, {"application/xml", ".xml"},
        {"text/csv", ".csv"},        {"text/vcard", ".vcf"},        {"application/ms-tnef", ".tnef"},
    };
    for (size_t i = 0; type && i < sizeof extensions / sizeof *extensions; i++)
        if (strcasecmp(type, extensions[i][0]) == 0) return extensions[i][1];
    return type && strncasecmp(type, "text/", 5) == 0 ? ".txt" : ".bin";
}

void mime_file_name_safe(struct mail_buffer *out, const char *name, size_t size, const char *type) {
    struct mail_buffer clean = {0};
    for (size_t i = size; i-- > 0;) {
        if (name[i] != '/' && name[i] != '\\') continue;
        name += i + 1;
        size -= i + 1;
        break;
    }
    add_cleaned(&clean, name, size);
    const char *text = clean.data ? clean.data : "";
    size_t left = clean.size;
    while (left > 0 && (*text == '.' || *text == ' ')) text++, left--;
    left = trimmed(text, left);
    if (left == 0) {
        mail_buffer_append_string(out, "attachment");
        mail_buffer_append_string(out, default_extension(type));
    } else {
        size_t device = is_device(text, left), extension = extension_size(text, left);
        if (device) mail_buffer_append_char(out, '_');
        if (left + device <= MIME_FILE_NAME_LIMIT) mail_buffer_append(out, text, left);
        else {
            size_t stem = cut(text, left - extension, MIME_FILE_NAME_LIMIT - extension - device);
            mail_buffer_append(out, text, trimmed(text, stem));
            mail_buffer_append(out, text + left - extension, extension);
        }
    }
    if (clean.failed) out->failed = true;
    mail_buffer_free(&clean);
}

void mime_file_name_numbered(struct mail_buffer *out, const char *name, size_t size, unsigned n) {
    size_t extension = extension_size(name, size);
    char number[16];
    snprintf(number, sizeof number, " (%u)", n);
    mail_buffer_append(out, name, size - extension);
    mail_buffer_append_string(out, number);
    mail_buffer_append(out, name + size - extension, extension);
}
