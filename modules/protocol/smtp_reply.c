/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_reply: bytes from an SMTP or LMTP server to replies (RFC 5321 section 4.2, RFC 2034, RFC 3463). */
#include "modules/protocol/smtp_reply.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text that is safe to show ---- */

/* Octets of the character at `p` (1 to 4); `*safe` is false when it must not be shown: a control (C0, DEL, C1),
 * malformed UTF-8 (overlong forms, surrogates, beyond U+10FFFF), a line separator, or a character that changes the
 * direction of text. */
static size_t scan_character(const unsigned char *p, size_t left, bool *safe) {
    *safe = false;
    unsigned first = p[0];
    if (first < 0x80) {
        *safe = first >= 0x20 && first != 0x7f;
        return 1;
    }
    size_t size = first >= 0xc2 && first <= 0xdf   ? 2
                  : (first & 0xf0) == 0xe0         ? 3
                  : first >= 0xf0 && first <= 0xf4 ? 4
                                                   : 0;
    if (size == 0 || size > left) return 1;
    uint32_t point = first & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80) return 1;
        point = point << 6 | (p[i] & 0x3f);
    }
    if ((size == 3 && (point < 0x800 || (point >= 0xd800 && point <= 0xdfff))) ||
        (size == 4 && (point < 0x10000 || point > 0x10ffff)))
        return 1;
    *safe = !(point < 0xa0 || point == 0x61c || point == 0x200e || point == 0x200f ||
              (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff);
    return size;
}

/* Writes the safe form, never longer than `length`, to `out`; returns its length. */
static size_t sanitise(char *out, const char *bytes, size_t length, bool keep_lines) {
    size_t written = 0;
    for (size_t i = 0; i < length;) {
        unsigned char octet = (unsigned char)bytes[i];
        if (octet >= 0x20 && octet < 0x7f) {
            out[written++] = (char)octet;
            i++;
            continue;
        }
        if (octet == '\t' || octet == '\n') {
            out[written++] = octet == '\n' && keep_lines ? '\n' : ' ';
            i++;
            continue;
        }
        bool safe;
        size_t size = scan_character((const unsigned char *)bytes + i, length - i, &safe);
        if (safe) {
            memmove(out + written, bytes + i, size);
            written += size;
        } else out[written++] = '?';
        i += size;
    }
    return written;
}

size_t smtp_text_sanitise(char *out, size_t capacity, const char *bytes, size_t length, bool keep_lines) {
    size_t written = 0, fits = 0; /* `fits`: the last place where "..." still has room */
    for (size_t i = 0; i < length;) {
        bool safe;
        size_t size = scan_character((const unsigned char *)bytes + i, length - i, &safe);
        char piece[4];
        size_t piece_size = sanitise(piece, bytes + i, size, keep_lines);
        if (written + piece_size + 1 > capacity) {
            written = fits;
            for (int dot = 0; dot < 3 && written + 1 < capacity; dot++) out[written++] = '.';
            break;
        }
        memcpy(out + written, piece, piece_size);
        written += piece_size;
        if (written + 4 <= capacity) fits = written;
        i += size;
    }
    out[written] = '\0';
    return written;
}

/* ---- enhanced status codes ---- */

static bool is_digit(char octet) { return octet >= '0' && octet <= '9'; }

static unsigned char digit(char octet) { return (unsigned char)(octet - '0'); }

size_t smtp_enhanced_code_parse(const char *text, size_t length, smtp_enhanced_code *code) {
    if (length < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return 0;
    if (is_digit(text[2]) && text[3] == '.' && is_digit(text[4]) && (length == 5 || text[5] == ' ')) {
        *code = (smtp_enhanced_code){digit(text[0]), digit(text[2]), digit(text[4])}; /* the form of nearly all */
        return length == 5 ? 5 : 6;
    }
    unsigned number[2];
    size_t at = 2;
    for (int part = 0; part < 2; part++) {
        size_t start = at;
        number[part] = 0;
        while (at < length && at - start < 3 && is_digit(text[at]))
            number[part] = number[part] * 10 + digit(text[at++]);
        if (at == start) return 0;
        if (part == 0 && (at >= length || text[at++] != '.')) return 0;
    }
    if (at < length && text[at] != ' ') return 0;
    *code = (smtp_enhanced_code){digit(text[0]), (unsigned short)number[0], (unsigned short)number[1]};
    return at < length ? at + 1 : at;
}

/* Up to three digits. By hand, as is all that is written for each reply of a stream of messages. */
static char *write_digits(char *out, unsigned number) {
    if (number >= 100) *out++ = (char)('0' + number / 100 % 10);
    if (number >= 10) *out++ = (char)('0' + number / 10 % 10);
    *out++ = (char)('0' + number % 10);
    return out;
}

void smtp_enhanced_code_format(smtp_enhanced_code code, char out[12]) {
    char *to = out;
    if (code.status_class != 0) {
        *to++ = (char)('0' + code.status_class % 10);
        *to++ = '.';
        to = write_digits(to, code.subject % 1000u);
        *to++ = '.';
        to = write_digits(to, code.detail % 1000u);
    }
    *to = '\0';
}

/* ---- the parser ---- */

void smtp_reply_parser_init(smtp_reply_parser *parser) { *parser = (smtp_reply_parser){.reply.text = ""}; }

void smtp_reply_parser_free(smtp_reply_parser *parser) {
    free(parser->text);
    free(parser->partial);
    smtp_reply_parser_init(parser);
}

bool smtp_reply_parser_idle(const smtp_reply_parser *parser) {
    return parser->status == SMTP_REPLY_COMPLETE || (parser->status == SMTP_REPLY_MORE && parser->bytes == 0);
}

const char *smtp_reply_status_text(smtp_reply_status status) {
    switch (status) {
    case SMTP_REPLY_MORE: return "the reply is not complete";
    case SMTP_REPLY_COMPLETE: return "the reply is complete";
    case SMTP_REPLY_BAD_CODE: return "a line without a reply code";
    case SMTP_REPLY_BAD_SEPARATOR: return "a reply code without a space or hyphen after it";
    case SMTP_REPLY_CODE_CHANGED: return "a reply whose lines have different codes";
    case SMTP_REPLY_LINE_TOO_LONG: return "a reply line that is too long";
    case SMTP_REPLY_TOO_MANY_LINES: return "a reply with too many lines";
    case SMTP_REPLY_TOO_LARGE: return "a reply that is too large";
    case SMTP_REPLY_NO_MEMORY: return "out of memory";
    }
    return "unknown status";
}

/* Room for `extra` octets and a NUL in `text`. It is bounded by SMTP_REPLY_BYTES_MAX, for the safe form is never
 * longer. */
static bool text_reserve(smtp_reply_parser *parser, size_t extra) {
    size_t needed = parser->text_length + extra + 1;
    if (needed <= parser->text_capacity) return true;
    size_t capacity = parser->text_capacity ? parser->text_capacity : 256;
    while (capacity < needed) capacity *= 2;
    char *text = realloc(parser->text, capacity);
    if (text == NULL) return false;
    parser->text = text;
    parser->text_capacity = capacity;
    return true;
}

/* Ends in an error that keeps the beginning of the offending line for the message to the user. */
static smtp_reply_status fail(smtp_reply_parser *parser, smtp_reply_status status, const char *line, size_t length) {
    enum { SHOWN = 120 };
    parser->status = status;
    parser->text_length = 0;
    parser->reply = (smtp_reply){.text = ""};
    if (status != SMTP_REPLY_NO_MEMORY && text_reserve(parser, SHOWN)) {
        parser->reply.length = smtp_text_sanitise(parser->text, SHOWN, line, length, false);
        parser->reply.text = parser->text;
    }
    return status;
}

/* The three digits of a code, or 0. */
static int parse_code(const char *line, size_t length) {
    if (length < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2])) return 0;
    return digit(line[0]) * 100 + digit(line[1]) * 10 + digit(line[2]);
}

/* One line without its line end. Returns COMPLETE when it was the last of its reply. */
static smtp_reply_status take_line(smtp_reply_parser *parser, const char *line, size_t length) {
    smtp_reply *reply = &parser->reply;
    int code = parse_code(line, length);
    if (length > SMTP_REPLY_LINE_MAX) return fail(parser, SMTP_REPLY_LINE_TOO_LONG, line, length);
    if (code == 0) return fail(parser, SMTP_REPLY_BAD_CODE, line, length);
    if (length > 3 && line[3] != ' ' && line[3] != '-') return fail(parser, SMTP_REPLY_BAD_SEPARATOR, line, length);
    if (reply->lines > 0 && code != reply->code) return fail(parser, SMTP_REPLY_CODE_CHANGED, line, length);
    if (reply->lines >= SMTP_REPLY_LINES_MAX) return fail(parser, SMTP_REPLY_TOO_MANY_LINES, line, length);
    reply->code = code;

    const char *text = line + (length > 3 ? 4 : 3);
    size_t text_length = length > 3 ? length - 4 : 0;
    smtp_enhanced_code enhanced;
    size_t skip = smtp_enhanced_code_parse(text, text_length, &enhanced);
    /* Later lines repeat the code (RFC 2034 section 4); one that differs is part of the text. */
    if (skip > 0 && enhanced.status_class == code / 100 &&
        (reply->lines == 0 || smtp_enhanced_code_equal(reply->enhanced, enhanced))) {
        reply->enhanced = enhanced;
        text += skip;
        text_length -= skip;
    }
    if (!text_reserve(parser, text_length + 1)) return fail(parser, SMTP_REPLY_NO_MEMORY, line, length);
    if (reply->lines > 0) parser->text[parser->text_length++] = '\n';
    parser->text_length += sanitise(parser->text + parser->text_length, text, text_length, false);
    reply->lines++;
    if (length > 3 && line[3] == '-') return SMTP_REPLY_MORE;
    parser->text[parser->text_length] = '\0';
    reply->text = parser->text;
    reply->length = parser->text_length;
    return parser->status = SMTP_REPLY_COMPLETE;
}

/* Keeps a line's beginning until its end comes. */
static smtp_reply_status keep_partial(smtp_reply_parser *parser, const char *bytes, size_t length) {
    size_t capacity = SMTP_REPLY_LINE_MAX + 2; /* one more octet and the CR, so that take_line sees the excess */
    if (length == 0) return SMTP_REPLY_MORE;
    if (parser->partial == NULL && (parser->partial = malloc(capacity)) == NULL)
        return fail(parser, SMTP_REPLY_NO_MEMORY, bytes, length);
    if (length > capacity - parser->partial_length) {
        bool begun = parser->partial_length > 0;
        return fail(parser, SMTP_REPLY_LINE_TOO_LONG, begun ? parser->partial : bytes,
                    begun ? parser->partial_length : length);
    }
    memcpy(parser->partial + parser->partial_length, bytes, length);
    parser->partial_length += length;
    /* Something that is no SMTP server may never send a line end: do not wait long for one to say so. */
    enum { ENOUGH_TO_SHOW = 80 };
    if (parser->partial_length >= ENOUGH_TO_SHOW && parse_code(parser->partial, parser->partial_length) == 0)
        return fail(parser, SMTP_REPLY_BAD_CODE, parser->partial, parser->partial_length);
    return SMTP_REPLY_MORE;
}

/* ---- replies seen before ---- */

static bool may_be_known(size_t length) { return length >= SMTP_REPLY_KNOWN_LEAST && length <= SMTP_REPLY_KNOWN_MOST; }

static uint64_t eight_octets(const char *at) {
    uint64_t octets;
    memcpy(&octets, at, sizeof octets);
    return octets;
}

/* Where a line that begins and ends in these would be kept. */
static struct smtp_reply_known *known_place(smtp_reply_parser *parser, uint64_t first, uint64_t last) {
    uint64_t mixed = (first ^ (last << 1)) * UINT64_C(0x9e3779b97f4a7c15); /* 2^64 by the golden ratio */
    return &parser->known[mixed >> 61];                                    /* of SMTP_REPLY_KNOWN places */
}

/* A line with its end, with which a reply begins: whether it is a whole reply that was parsed before. */
static bool recall(smtp_reply_parser *parser, const char *line, size_t length) {
    if (!may_be_known(length)) return false;
    uint64_t first = eight_octets(line), last = eight_octets(line + length - 8);
    const struct smtp_reply_known *known = known_place(parser, first, last);
    if (known->length != length || known->first != first || known->last != last ||
        (length > 16 && memcmp(known->line + 8, line + 8, length - 16) != 0))
        return false;
    parser->reply = known->reply;
    parser->status = SMTP_REPLY_COMPLETE;
    return true;
}

/* A reply of one line is complete. Its safe text is never longer than the line. */
static void remember(smtp_reply_parser *parser, const char *line, size_t length) {
    if (!may_be_known(length)) return;
    uint64_t first = eight_octets(line), last = eight_octets(line + length - 8);
    struct smtp_reply_known *known = known_place(parser, first, last);
    known->length = length;
    known->first = first;
    known->last = last;
    memcpy(known->line, line, length);
    memcpy(known->text, parser->reply.text, parser->reply.length + 1);
    known->reply = parser->reply;
    known->reply.text = known->text;
}

/* ---- feeding ---- */

static smtp_reply_status feed(smtp_reply_parser *parser, const char *bytes, size_t length, size_t *used) {
    *used = 0;
    if (parser->status == SMTP_REPLY_COMPLETE) {
        parser->reply = (smtp_reply){.text = ""};
        parser->text_length = parser->bytes = 0;
        parser->status = SMTP_REPLY_MORE;
    }
    while (parser->status == SMTP_REPLY_MORE && *used < length) {
        const char *start = bytes + *used;
        const char *line_feed = memchr(start, '\n', length - *used);
        size_t taken = line_feed ? (size_t)(line_feed - start) + 1 : length - *used;
        *used += taken;
        parser->bytes += taken;
        if (line_feed == NULL) {
            /* A partial line alone cannot pass BYTES_MAX unseen: LINE_MAX stops it. */
            keep_partial(parser, start, taken);
            break;
        }
        const char *line = start;
        size_t line_length = taken - 1;
        bool whole = parser->bytes == taken; /* the reply, if it ends here */
        if (parser->partial_length > 0) {
            if (keep_partial(parser, start, taken - 1) != SMTP_REPLY_MORE) break;
            line = parser->partial;
            line_length = parser->partial_length;
            parser->partial_length = 0;
        }
        if (line_length > 0 && line[line_length - 1] == '\r') line_length--;
        if (parser->bytes > SMTP_REPLY_BYTES_MAX) fail(parser, SMTP_REPLY_TOO_LARGE, line, line_length);
        else if (take_line(parser, line, line_length) == SMTP_REPLY_COMPLETE && whole) remember(parser, start, taken);
    }
    return parser->status;
}

smtp_reply_status smtp_reply_parser_feed(smtp_reply_parser *parser, const char *bytes, size_t length, size_t *used) {
    if (parser->status != SMTP_REPLY_COMPLETE) return feed(parser, bytes, length, used);
    const char *line_feed = memchr(bytes, '\n', length);
    *used = line_feed ? (size_t)(line_feed - bytes) + 1 : 0;
    return recall(parser, bytes, *used) ? SMTP_REPLY_COMPLETE : feed(parser, bytes, length, used);
}
