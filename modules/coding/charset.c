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
    "iso-8859-*", "windows-125*", "cp125*",      "cp437",       "cp850",     "cp852",   "cp866",
    "cp874",      "cp932",        "cp949",       "koi8-r",      "koi8-u",    "gb2312",  "gbk",
    "gb18030",    "big5",         "big5-hkscs",  "shift_jis",   "sjis",      "euc-jp",  "euc-kr",
    "euc-tw",     "iso-2022-jp",  "iso-2022-kr", "windows-31j", "macintosh", "tis-620", "ks_c_5601-1987",
};

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
    return is_utf8(charset, charset_size) || is_latin1(charset, charset_size) ||
           (charset_size <= NAME_LIMIT && is_allowed(charset, charset_size));
}

bool charset_to_utf8(struct mail_buffer *out, const char *charset, size_t charset_size, const char *bytes,
                     size_t size) {
    char name[NAME_LIMIT + 1];
    if (is_utf8(charset, charset_size)) {
        utf8_text_repair(out, bytes, size);
        return true;
    }
    if (is_latin1(charset, charset_size)) {
        from_latin1(out, bytes, size);
        return true;
    }
    if (charset_size > NAME_LIMIT || !is_allowed(charset, charset_size)) return false;
    memcpy(name, charset, charset_size);
    name[charset_size] = '\0';
    return from_iconv(out, name, bytes, size);
}
