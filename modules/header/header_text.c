/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_text: writing header fields: RFC 2047 encoded words and folding, injection-proof. */
#include "modules/header/header_text.h"

#include <string.h>

#include "modules/coding/base64.h"
#include "modules/coding/utf8_text.h"
#include "modules/header/header_class.h"

#define WORD_LIMIT 75    /* RFC 2047 2: an encoded word's characters */
#define WORD_OVERHEAD 12 /* "=?UTF-8?B?" and "?=" */
#define PLAIN_LIMIT 880  /* a plain word up to this long fits a line of 998 beside any header name */
#define PHRASE_LIMIT 60  /* longer ones are encoded: GMime keeps the line end of one that is folded as it stands */
#define BLANK_LIMIT 32   /* longer white space is encoded, so that no line becomes long or looks empty */
#define JOIN_LIMIT 10    /* plain text this short between two encoded runs is cheaper inside them */

static const char hex[] = "0123456789ABCDEF";

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool header_name_is_valid(const char *name, size_t size) {
    if (size == 0 || size > 76) return false;
    for (size_t i = 0; i < size; i++) {
        if (name[i] < 33 || name[i] > 126 || name[i] == ':') return false;
    }
    return true;
}

/* The heart of safety: nothing that could end a field gets past here. */
static enum mail_status check_value(const char *name, const char *value, size_t size, struct mail_error *error) {
    for (size_t i = 0; i < size; i++) {
        if (value[i] != '\r' && value[i] != '\n' && value[i] != '\0') continue;
        const char *what = value[i] == '\0' ? "NUL" : "line break";
        return mail_error_set(error, MAIL_CONTROL_CHARACTER, i, "%s in %s at byte %zu", what, name, i);
    }
    return MAIL_OK;
}

static enum mail_status check_name(const char *name, struct mail_error *error) {
    if (header_name_is_valid(name, strlen(name))) return MAIL_OK;
    return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no header name", name);
}

/* Most values are a few words of ASCII: they fit the line behind the name and stand there as they are, whether they are
   unstructured or structured. False, and nothing is written, when this one does not. */
static bool write_short(struct mail_buffer *out, const char *name, const char *value, size_t size) {
    size_t name_size = strlen(name);
    if (size == 0 || name_size + 2 + size > HEADER_LINE_SOFT || value[0] == ' ' || value[size - 1] == ' ') return false;
    for (size_t i = 0; i < size; i++) {
        char c = value[i];
        if (c < 32 || c > 126 || (c == '?' && i > 0 && value[i - 1] == '=') || (c == ' ' && value[i - 1] == ' '))
            return false;
    }
    char *line = mail_buffer_reserve(out, name_size + size + 4);
    if (line == NULL) return false;
    memcpy(line, name, name_size);
    memcpy(line + name_size, ": ", 2);
    memcpy(line + name_size + 2, value, size);
    memcpy(line + name_size + 2 + size, "\r\n", 2);
    out->size += name_size + size + 4;
    return true;
}

/* Begin a new line; the caller writes the white space that must follow. */
static void fold(struct mail_buffer *out, size_t *column) {
    mail_buffer_append(out, "\r\n", 2);
    *column = 0;
}

static void put(struct mail_buffer *out, size_t *column, const char *text, size_t size) {
    mail_buffer_append(out, text, size);
    *column += size;
}

/* --- encoded words --- */

/* Characters that stand for themselves in a Q word; RFC 2047 4.2 in text, 5 (3) in a phrase. */
static bool q_is_literal(unsigned char c, bool phrase) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
    if (c == '!' || c == '*' || c == '+' || c == '-' || c == '/') return true;
    return !phrase && c > 32 && c < 127 && c != '=' && c != '?' && c != '_';
}

static size_t q_width(unsigned char c, bool phrase) { return c == ' ' || q_is_literal(c, phrase) ? 1 : 3; }

static bool q_is_shorter(const char *text, size_t size, bool phrase) {
    size_t width = 0;
    for (size_t i = 0; i < size; i++) width += q_width((unsigned char)text[i], phrase);
    return width <= (size + 2) / 3 * 4;
}

/* How many bytes of text, whole characters only, fit into a word of `room` characters. */
static size_t word_capacity(const char *text, size_t size, size_t room, bool q, bool phrase) {
    size_t taken = 0, width = 0;
    if (room <= WORD_OVERHEAD) return 0;
    room -= WORD_OVERHEAD;
    while (taken < size) {
        size_t length = utf8_text_character(text + taken, size - taken);
        if (q) {
            for (size_t i = 0; i < length; i++) width += q_width((unsigned char)text[taken + i], phrase);
        } else {
            width = (taken + length + 2) / 3 * 4;
        }
        if (width > room) break;
        taken += length;
    }
    return taken;
}

/* Likewise for a word that others may follow. In base64 it is cut where no padding is needed: GMime, and so notmuch and
   Geary, lose all that follows padding in the next words. Where that cannot be (as in "a" and then three bytes a
   character), *q becomes true. */
static size_t cut_word(const char *text, size_t size, size_t room, bool *q, bool phrase) {
    size_t taken = word_capacity(text, size, room, *q, phrase), aligned = 0;
    if (*q || taken == size) return taken;
    for (size_t i = 0; i <= taken; i += utf8_text_character(text + i, size - i))
        if (i % 3 == 0) aligned = i;
    if (aligned > 0 || taken == 0) return aligned;
    *q = true;
    return word_capacity(text, size, room, true, phrase);
}

static void write_word(struct mail_buffer *out, size_t *column, const char *text, size_t size, bool q, bool phrase) {
    char word[WORD_LIMIT + 4];
    size_t width = 10;
    memcpy(word, q ? "=?UTF-8?Q?" : "=?UTF-8?B?", 10);
    if (!q) {
        width += base64_encode(word + width, text, size);
    } else {
        for (size_t i = 0; i < size; i++) {
            unsigned char c = (unsigned char)text[i];
            if (c == ' ' || q_is_literal(c, phrase)) {
                word[width++] = c == ' ' ? '_' : (char)c;
            } else {
                word[width++] = '=';
                word[width++] = hex[c >> 4];
                word[width++] = hex[c & 15];
            }
        }
    }
    memcpy(word + width, "?=", 2);
    put(out, column, word, width + 2);
}

/* Write valid UTF-8 as encoded words; blanks (blank_size of them, 0 only at a place where no folding is possible) come
 * before the first. */
static void write_encoded(struct mail_buffer *out, size_t *column, const char *blanks, size_t blank_size,
                          const char *text, size_t size, bool phrase) {
    bool shorter = q_is_shorter(text, size, phrase);
    bool first = true;
    while (size > 0) {
        bool q = shorter, fresh_q = shorter;
        if (!first) {
            blanks = " ";
            blank_size = 1;
        }
        size_t used = *column + blank_size;
        size_t room = used >= HEADER_LINE_SOFT ? 0 : HEADER_LINE_SOFT - used;
        if (room > WORD_LIMIT) room = WORD_LIMIT;
        size_t taken = cut_word(text, size, room, &q, phrase);
        /* A new line if nothing fits, or if it would hold all of what this line must cut to a shred; but not at once
           behind the header's name. */
        bool at_start = first && out->size > 0 && out->data[out->size - 1] == ':';
        if (taken == 0 || (taken < size && taken < 6 && !at_start)) {
            size_t fresh = cut_word(text, size, WORD_LIMIT - (blank_size > 1 ? blank_size - 1 : 0), &fresh_q, phrase);
            if (blank_size > 0 && *column > 0 && fresh > taken) {
                fold(out, column);
                taken = fresh;
                q = fresh_q;
            } else if (taken == 0) {
                q = shorter;
                taken = cut_word(text, size, WORD_LIMIT, &q, phrase); /* no white space to fold at: a longer line */
            }
        }
        put(out, column, blanks, blank_size);
        write_word(out, column, text, taken, q, phrase);
        text += taken;
        size -= taken;
        first = false;
    }
}

/* --- unstructured text --- */

static bool word_needs_encoding(const char *word, size_t size) {
    if (size > PLAIN_LIMIT) return true;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)word[i];
        if (c < 32 || c > 126) return true;
        if (c == '=' && i + 1 < size && word[i + 1] == '?') return true;
    }
    return false;
}

static size_t blank_run(const char *text, size_t size) {
    size_t i = 0;
    while (i < size && is_blank(text[i])) i++;
    return i;
}

static size_t word_run(const char *text, size_t size) {
    size_t i = 0;
    while (i < size && !is_blank(text[i])) i++;
    return i;
}

/* Whether the word of this length at the beginning of text cannot stand as it is: for its own sake, or because white
   space that ends the whole text, and would be lost, hangs on it. */
static bool must_encode(const char *text, size_t size, size_t length) {
    size_t blanks = blank_run(text + length, size - length);
    return word_needs_encoding(text, length) || (blanks > 0 && length + blanks == size);
}

/* At text, where an encoded run begins, how far it goes: over words that need encoding, over long white space, and over
   short plain text between such. Ends at the end of a word, or of the text. Two runs never stand side by side: readers
   drop the white space between encoded words. */
static size_t encoded_run(const char *text, size_t size) {
    size_t end = 0, i = 0;
    while (i < size && i - end <= JOIN_LIMIT) {
        size_t blanks = blank_run(text + i, size - i);
        size_t length = word_run(text + i + blanks, size - i - blanks);
        bool forced = end == 0 || blanks > BLANK_LIMIT || must_encode(text + i + blanks, size - i - blanks, length);
        i += blanks + length;
        if (forced || length == 0) end = i;
    }
    return end;
}

/* Invariant: i is 0 or stands before white space. */
static void write_unstructured(struct mail_buffer *out, size_t *column, const char *text, size_t size) {
    size_t i = 0;
    while (i < size) {
        size_t blanks = blank_run(text + i, size - i);
        size_t length = word_run(text + i + blanks, size - i - blanks);
        /* The blanks before a word are written as they are. After the name comes one that is ours, so blanks of the
           text's own go into an encoded word, as do many in a row but for the first, which separates. */
        const char *gap = i == 0 ? " " : text + i;
        size_t gap_size = i == 0 || blanks > BLANK_LIMIT ? 1 : blanks;
        size_t outside = i == 0 ? 0 : gap_size;
        if (blanks > outside || must_encode(text + i + blanks, size - i - blanks, length)) {
            size_t run = encoded_run(text + i + outside, size - i - outside);
            write_encoded(out, column, gap, gap_size, text + i + outside, run, false);
            i += outside + run;
            continue;
        }
        /* The first word is never folded: a name alone on its line confuses readers. */
        if (i > 0 && *column + gap_size + length > HEADER_LINE_SOFT) fold(out, column);
        put(out, column, gap, gap_size);
        put(out, column, text + i + blanks, length);
        i += blanks + length;
    }
}

enum mail_status header_write_text(struct mail_buffer *out, const char *name, const char *value, size_t size,
                                   struct mail_error *error) {
    enum mail_status status = check_name(name, error);
    if (status == MAIL_OK && write_short(out, name, value, size)) return MAIL_OK;
    if (status == MAIL_OK) status = check_value(name, value, size, error);
    if (status != MAIL_OK) return status;
    struct mail_buffer repaired = {0};
    if (!utf8_text_is_valid(value, size)) {
        utf8_text_repair(&repaired, value, size);
        value = repaired.data;
        size = repaired.size;
    }
    size_t column = 0;
    put(out, &column, name, strlen(name));
    put(out, &column, ":", 1);
    if (!repaired.failed) write_unstructured(out, &column, value, size);
    mail_buffer_append(out, "\r\n", 2);
    bool failed = repaired.failed || out->failed;
    mail_buffer_free(&repaired);
    return failed ? mail_error_no_memory(error) : MAIL_OK;
}

/* --- structured values and phrases --- */

enum mail_status header_write_structured(struct mail_buffer *out, const char *name, const char *value, size_t size,
                                         struct mail_error *error) {
    enum mail_status status = check_name(name, error);
    if (status == MAIL_OK && write_short(out, name, value, size)) return MAIL_OK;
    if (status == MAIL_OK) status = check_value(name, value, size, error);
    if (status != MAIL_OK) return status;
    if (!utf8_text_is_valid(value, size)) return mail_error_set(error, MAIL_ENCODING, 0, "%s is not valid UTF-8", name);
    size_t column = 0, i = 0;
    while (size > 0 && is_blank(value[size - 1])) size--;
    i = blank_run(value, size);
    put(out, &column, name, strlen(name));
    put(out, &column, ":", 1);
    const char *gap = " ";
    size_t gap_size = 1;
    bool first = true;
    while (i < size) {
        size_t start = i;
        bool quoted = false;
        /* A piece ends before white space outside quotes. */
        for (; i < size && (quoted || !is_blank(value[i])); i++) {
            unsigned char c = (unsigned char)value[i];
            if (c < 32 && c != '\t')
                return mail_error_set(error, MAIL_CONTROL_CHARACTER, i, "control character in %s", name);
            if (c == '\\' && quoted && i + 1 < size) i++;
            else if (c == '"') quoted = !quoted;
        }
        if (!first && column + gap_size + (i - start) > HEADER_LINE_SOFT) fold(out, &column);
        put(out, &column, gap, gap_size);
        put(out, &column, value + start, i - start);
        if (column > HEADER_LINE_HARD)
            return mail_error_set(error, MAIL_TOO_LONG, start, "a line of %s is longer than 998", name);
        gap = value + i;
        gap_size = blank_run(value + i, size - i);
        i += gap_size;
        first = false;
    }
    mail_buffer_append(out, "\r\n", 2);
    return out->failed ? mail_error_no_memory(error) : MAIL_OK;
}

enum mail_status header_write_phrase(struct mail_buffer *out, size_t *column, const char *text, size_t size,
                                     struct mail_error *error) {
    enum mail_status status = check_value("a display name", text, size, error);
    if (status != MAIL_OK) return status;
    bool encode = false, atoms = size > 0;
    size_t width = size;
    for (size_t i = 0; i < size && !encode; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 32 || c > 126 || (c == '=' && i + 1 < size && text[i + 1] == '?')) encode = true;
        if (c == ' ' ? i == 0 || i + 1 == size || text[i - 1] == ' ' : !header_is(text[i], HEADER_ATEXT)) atoms = false;
        if (c == '"' || c == '\\') width++;
    }
    if (!atoms) width += 2;
    if (width > PHRASE_LIMIT) encode = true;
    if (encode) {
        struct mail_buffer repaired = {0};
        utf8_text_repair(&repaired, text, size);
        if (!repaired.failed) write_encoded(out, column, " ", 0, repaired.data, repaired.size, true);
        bool failed = repaired.failed || out->failed;
        mail_buffer_free(&repaired);
        return failed ? mail_error_no_memory(error) : MAIL_OK;
    }
    if (!atoms) put(out, column, "\"", 1);
    for (size_t i = 0; i < size; i++) {
        if (!atoms && (text[i] == '"' || text[i] == '\\')) put(out, column, "\\", 1);
        put(out, column, text + i, 1);
    }
    if (!atoms) put(out, column, "\"", 1);
    return out->failed ? mail_error_no_memory(error) : MAIL_OK;
}
