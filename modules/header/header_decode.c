/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_decode: reading header values: unfolding and RFC 2047 encoded words. The reading half of header_text.h. */
#include <string.h>

#include "modules/coding/base64.h"
#include "modules/coding/charset.h"
#include "modules/coding/transfer_decode.h"
#include "modules/header/header_text.h"
#include "modules/coding/utf8_text.h"

/* The parts of an encoded word; pointers into the text. */
struct word {
    const char *charset;
    size_t charset_size;
    bool q;
    const char *data;
    size_t size;
    size_t length; /* of the whole */
};

/* RFC 2047 2: =?charset[*language]?encoding?text?= with printable ASCII only and no space inside, but for those in Q
   that are read leniently: some senders leave spaces there. (Longer ones than 75 are read.) */
static bool parse_word(struct word *word, const char *text, size_t size, bool lenient) {
    if (size < 8 || text[0] != '=' || text[1] != '?') return false;
    size_t i = 2;
    while (i < size && i < 64 && text[i] > 32 && text[i] < 127 && text[i] != '?') i++;
    if (i + 5 > size || text[i] != '?' || i == 2) return false;
    word->charset = text + 2;
    const char *language = memchr(text + 2, '*', i - 2); /* RFC 2231 5 */
    word->charset_size = language ? (size_t)(language - text) - 2 : i - 2;
    char encoding = text[i + 1];
    word->q = encoding == 'Q' || encoding == 'q';
    if ((!word->q && encoding != 'B' && encoding != 'b') || text[i + 2] != '?') return false;
    i += 3;
    size_t start = i;
    bool blanks = lenient && word->q;
    while (i < size && (text[i] > 32 || (blanks && text[i] == ' ')) && text[i] < 127 && text[i] != '?') i++;
    if (i + 2 > size || text[i] != '?' || text[i + 1] != '=') return false;
    word->data = text + start;
    word->size = i - start;
    word->length = i + 2;
    return true;
}

size_t header_encoded_word(const char *text, size_t size) {
    struct word word;
    return parse_word(&word, text, size, false) ? word.length : 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

/* Append a word's bytes, still in its character set; false when they are not well encoded. Leniently all are: what can
   be decoded is, broken escapes stay. */
static bool append_bytes(struct mail_buffer *bytes, const struct word *word, bool lenient) {
    char *out = mail_buffer_reserve(bytes, word->size + 4);
    size_t count = 0;
    if (out == NULL) return false;
    if (!word->q) {
        if (lenient) count = base64_decode_lenient(out, word->data, word->size);
        else if (!base64_decode(out, &count, word->data, word->size)) return false;
        bytes->size += count;
        return true;
    }
    for (size_t i = 0; i < word->size; i++) {
        char c = word->data[i];
        if (c == '_') {
            c = ' ';
        } else if (c == '=') {
            bool whole = i + 2 < word->size;
            int high = whole ? hex_value(word->data[i + 1]) : -1, low = whole ? hex_value(word->data[i + 2]) : -1;
            if ((high < 0 || low < 0) && !lenient) return false;
            if (high >= 0 && low >= 0) {
                c = (char)(high << 4 | low);
                i += 2;
            }
        }
        out[count++] = c;
    }
    bytes->size += count;
    return true;
}

/* A decoded text goes into displays and into other headers: a line break in it becomes a space, a NUL U+FFFD. */
static void append_clean(struct mail_buffer *out, const char *text, size_t size) {
    size_t start = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\r' && text[i] != '\n' && text[i] != '\0') continue;
        mail_buffer_append(out, text + start, i - start);
        if (text[i] == '\0') utf8_text_append(out, 0xFFFD);
        else mail_buffer_append_char(out, ' ');
        start = i + 1;
    }
    mail_buffer_append(out, text + start, size - start);
}

/* Plain text: folding vanishes, then as above, invalid UTF-8 repaired. */
static void append_plain(struct mail_buffer *out, struct mail_buffer *scratch, const char *text, size_t size) {
    size_t start = 0;
    mail_buffer_clear(scratch);
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\r' && text[i] != '\n') continue;
        size_t after = i + 1;
        if (text[i] == '\r' && after < size && text[after] == '\n') after++;
        if (after < size && (text[after] == ' ' || text[after] == '\t')) {
            mail_buffer_append(scratch, text + start, i - start);
            start = after;
            i = after - 1;
        } else if (after == size) { /* the field's own end */
            mail_buffer_append(scratch, text + start, i - start);
            start = size;
            break;
        }
    }
    mail_buffer_append(scratch, text + start, size - start);
    if (scratch->failed) out->failed = true;
    if (scratch->size == 0) return;
    if (utf8_text_is_valid(scratch->data, scratch->size)) {
        append_clean(out, scratch->data, scratch->size);
    } else {
        struct mail_buffer valid = {0};
        utf8_text_repair(&valid, scratch->data, scratch->size);
        if (valid.failed) out->failed = true;
        else append_clean(out, valid.data, valid.size);
        mail_buffer_free(&valid);
    }
}

static size_t white_space(const char *text, size_t size) {
    size_t i = 0;
    while (i < size && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n')) i++;
    return i;
}

/* Decode the word at text and all that follow it directly. Those of one set are joined before conversion, because some
   senders cut characters in two. Returns the length taken, 0 if the first word cannot be decoded; *skip is then how
   much stays as it is, so that no input is looked at more than a few times. */
static size_t decode_run(struct mail_buffer *out, const char *text, size_t size, size_t *skip, bool lenient) {
    struct mail_buffer bytes = {0}, converted = {0};
    struct word word, next;
    size_t taken = 0, end = 0;
    bool more = parse_word(&word, text, size, lenient);
    *skip = word.length;
    more = more && charset_is_known(word.charset, word.charset_size) && append_bytes(&bytes, &word, lenient);
    while (more) {
        struct word first = word;
        end = (size_t)(word.data - text) + word.size + 2;
        /* Collect the words of this set. */
        for (;;) {
            size_t gap = white_space(text + end, size - end);
            more = parse_word(&next, text + end + gap, size - end - gap, lenient);
            bool joins = more && next.charset_size == first.charset_size &&
                         memcmp(next.charset, first.charset, first.charset_size) == 0;
            size_t kept = bytes.size;
            if (!joins || !append_bytes(&bytes, &next, lenient)) {
                bytes.size = kept;
                if (joins) more = false;
                break;
            }
            end += gap + next.length;
        }
        mail_buffer_clear(&converted);
        if (!charset_to_utf8(&converted, first.charset, first.charset_size, bytes.data ? bytes.data : "", bytes.size))
            break;
        append_clean(out, converted.data ? converted.data : "", converted.size);
        if (converted.failed || bytes.failed) out->failed = true;
        taken = end;
        mail_buffer_clear(&bytes);
        word = next;
        more = more && charset_is_known(word.charset, word.charset_size) && append_bytes(&bytes, &word, lenient);
    }
    if (taken == 0 && end > 0) *skip = end;
    mail_buffer_free(&bytes);
    mail_buffer_free(&converted);
    return taken;
}

static enum mail_status decode(struct mail_buffer *out, const char *text, size_t size, bool lenient) {
    struct mail_buffer scratch = {0}, decoded = {0};
    struct word word;
    size_t start = 0, i = 0, skip;
    while (i < size) {
        const char *mark = memchr(text + i, '=', size - i);
        if (mark == NULL) break;
        i = (size_t)(mark - text);
        if (!parse_word(&word, mark, size - i, lenient)) {
            i++;
            continue;
        }
        mail_buffer_clear(&decoded);
        size_t taken = decode_run(&decoded, mark, size - i, &skip, lenient);
        if (taken == 0) {
            i += skip;
            continue;
        }
        append_plain(out, &scratch, text + start, i - start);
        mail_buffer_append(out, decoded.data, decoded.size);
        if (decoded.failed) out->failed = true;
        i += taken;
        start = i;
    }
    if (start < size) append_plain(out, &scratch, text + start, size - start);
    mail_buffer_free(&scratch);
    mail_buffer_free(&decoded);
    return out->failed ? MAIL_NO_MEMORY : MAIL_OK;
}

enum mail_status header_text_decode(struct mail_buffer *out, const char *text, size_t size) {
    return decode(out, text, size, false);
}

enum mail_status header_text_decode_lenient(struct mail_buffer *out, const char *text, size_t size) {
    return decode(out, text, size, true);
}
