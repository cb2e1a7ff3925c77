/* SPDX-License-Identifier: GPL-3.0-or-later */
/* charset: text in the character sets that mail uses, as UTF-8. */
#include "modules/coding/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <strings.h>

#include "modules/coding/mail_buffer.h"
#include "modules/coding/utf8_text.h"

#define NAME_LIMIT 40

/* iconv loads a module for each set it knows, several hundred; the rare ones have had memory errors, and the name comes
   from a stranger. Hence only these. A prefix ends with '*', behind which digits, letters and hyphens may follow. */
static const char *const allowed[] = {
    "iso-8859-*",  "windows-125*", "cp125*",  "cp437",  "cp850",  "cp852",    "cp866",       "cp874",
    "cp932",       "cp949",        "koi8-r",  "koi8-u", "gb2312", "gbk",      "gb18030",     "big5",
    "big5-hkscs",  "shift_jis",    "sjis",    "euc-jp", "euc-kr", "euc-tw",   "iso-2022-jp", "iso-2022-kr",
    "windows-31j", "macintosh",    "tis-620", "utf-7",  "utf-16", "utf-16le", "utf-16be",
};

/* Names that senders use for these, and sets that contain what is meant by what is said. */
static const char *const aliases[][2] = {
    {"utf_8", "utf-8"},
    {"unicode-1-1-utf-7", "utf-7"},
    {"ansi_x3.4-1968", "us-ascii"},
    {"iso-8859-8-i", "iso-8859-8"}, /* RFC 1556: only the direction differs */
    {"latin-1", "iso-8859-1"},
    {"x-sjis", "shift_jis"},
    {"gb2312", "gbk"},
    {"x-gbk", "gbk"},
    {"ks_c_5601-1987", "cp949"},
    {"x-mac-roman", "macintosh"},
    {"windows-874", "cp874"},
};

/* The name to go by: an alias's, and "iso-8859-15" of iso8859-15 and ISO_8859-15. `room` has NAME_LIMIT + 1 bytes. */
static const char *usual_name(char *room, const char *name, size_t *size) {
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (strlen(aliases[i][0]) != *size || strncasecmp(aliases[i][0], name, *size) != 0) continue;
        *size = strlen(aliases[i][1]);
        return aliases[i][1];
    }
    size_t skip = *size > 3 && (name[3] == '_' || name[3] == '-') ? 4 : 3;
    if (*size <= skip + 5 || *size - skip + 4 > NAME_LIMIT || strncasecmp(name, "iso", 3) != 0 ||
        memcmp(name + skip, "8859-", 5) != 0)
        return name;
    memcpy(room, "iso-", 4);
    memcpy(room + 4, name + skip, *size - skip);
    *size = *size - skip + 4;
    return room;
}

static bool is_allowed(const char *name, size_t size) {
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        size_t length = strlen(allowed[i]);
        bool prefix = allowed[i][length - 1] == '*';
        if (prefix) length--;
        if (size < length || strncasecmp(name, allowed[i], length) != 0) continue;
        if (size == length && !prefix) return true;
        if (!prefix || size > length + 3) continue;
        bool plain = size > length;
        for (size_t k = length; k < size; k++) plain &= name[k] >= '0' && name[k] <= '9';
        if (plain) return true;
    }
    return false;
}

static bool same(const char *name, size_t size, const char *wanted) {
    return strlen(wanted) == size && strncasecmp(name, wanted, size) == 0;
}

static void from_latin1(struct mail_buffer *out, const char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) utf8_text_append(out, (unsigned char)bytes[i]);
}

static bool from_iconv(struct mail_buffer *out, const char *name, const char *bytes, size_t size) {
    iconv_t converter = iconv_open("UTF-8", name);
    if (converter == (iconv_t)-1) return false;
    char *in = (char *)bytes; /* iconv does not write there; its prototype lacks the const */
    size_t left = size;
    bool flushed = false;
    while (!flushed && !out->failed) {
        char piece[512], *to = piece;
        size_t room = sizeof piece;
        flushed = left == 0; /* the last call puts out what the state holds */
        size_t result = iconv(converter, flushed ? NULL : &in, flushed ? NULL : &left, &to, &room);
        int reason = errno;
        /* Some converters pass surrogates and the like: the repair makes sure of valid UTF-8. iconv never cuts a
         * character. */
        utf8_text_repair(out, piece, (size_t)(to - piece));
        if (result == (size_t)-1 && !flushed && reason != E2BIG) {
            utf8_text_append(out, 0xFFFD);
            if (reason == EINVAL) {
                left = 0; /* cut off at the end */
            } else if (left > 0) {
                in++;
                left--;
            }
        }
    }
    iconv_close(converter);
    return true;
}

static bool is_utf8(const char *name, size_t size) {
    return same(name, size, "utf-8") || same(name, size, "utf8") || same(name, size, "us-ascii") ||
           same(name, size, "ascii");
}

static bool is_latin1(const char *name, size_t size) {
    return same(name, size, "iso-8859-1") || same(name, size, "latin1");
}

bool charset_is_known(const char *charset, size_t charset_size) {
    char room[NAME_LIMIT + 1];
    charset = usual_name(room, charset, &charset_size);
    return is_utf8(charset, charset_size) || is_latin1(charset, charset_size) ||
           (charset_size <= NAME_LIMIT && is_allowed(charset, charset_size));
}

bool charset_to_utf8(struct mail_buffer *out, const char *charset, size_t charset_size, const char *bytes,
                     size_t size) {
    char name[NAME_LIMIT + 1], room[NAME_LIMIT + 1];
    charset = usual_name(room, charset, &charset_size);
    if (is_utf8(charset, charset_size)) {
        utf8_text_repair(out, bytes, size);
        return true;
    }
    if (is_latin1(charset, charset_size)) {
        from_latin1(out, bytes, size);
        return true;
    }
    if (charset_size > NAME_LIMIT || !is_allowed(charset, charset_size)) return false;
    if (same(charset, charset_size, "utf-16")) { /* RFC 2781 4.3: by its mark, else big-endian; iconv takes ours */
        bool marked = size > 1 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0);
        charset = marked && bytes[0] == '\xFF' ? "utf-16le" : "utf-16be";
        charset_size = 8;
        bytes += marked ? 2 : 0;
        size -= marked ? 2 : 0;
    }
    memcpy(name, charset, charset_size);
    name[charset_size] = '\0';
    return from_iconv(out, name, bytes, size);
}
