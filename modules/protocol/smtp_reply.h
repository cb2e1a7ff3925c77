/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_reply: bytes from an SMTP or LMTP server to replies (RFC 5321 section 4.2, RFC 2034, RFC 3463). */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits on one reply. RFC 5321 4.5.3.1.5 asks for 512 octets a line; real servers send more, hostile ones much more.
 */
enum {
    SMTP_REPLY_LINE_MAX = 4096,   /* octets of one line, line end not counted */
    SMTP_REPLY_LINES_MAX = 512,   /* lines of one reply */
    SMTP_REPLY_BYTES_MAX = 65536, /* octets of one reply, codes and line ends included */
};

/* What the parser says after it was fed. All after SMTP_REPLY_COMPLETE are errors and final. */
typedef enum smtp_reply_status {
    SMTP_REPLY_MORE,           /* no complete reply yet */
    SMTP_REPLY_COMPLETE,       /* one reply stands in `reply` */
    SMTP_REPLY_BAD_CODE,       /* a line does not begin with three digits 200-599 */
    SMTP_REPLY_BAD_SEPARATOR,  /* the code is followed by neither space, hyphen nor line end */
    SMTP_REPLY_CODE_CHANGED,   /* the lines of one reply have different codes */
    SMTP_REPLY_LINE_TOO_LONG,  /* over SMTP_REPLY_LINE_MAX */
    SMTP_REPLY_TOO_MANY_LINES, /* over SMTP_REPLY_LINES_MAX */
    SMTP_REPLY_TOO_LARGE,      /* over SMTP_REPLY_BYTES_MAX */
    SMTP_REPLY_NO_MEMORY,
} smtp_reply_status;

/* Enhanced status code (RFC 3463): class 2, 4 or 5, subject and detail 0-999. Class 0: there is none. */
typedef struct smtp_enhanced_code {
    unsigned char status_class;
    unsigned short subject;
    unsigned short detail;
} smtp_enhanced_code;

/* One reply. `text` is what the server wrote, line by line, separated by LF, without the reply code and without the
 * enhanced code when that was recognised (its class must be that of the reply code, RFC 2034 section 4). It is
 * NUL-terminated, valid UTF-8 and safe to show: controls, malformed UTF-8 and characters that reorder a line are '?',
 * a tab is a space. */
typedef struct smtp_reply {
    int code; /* 200-599 */
    smtp_enhanced_code enhanced;
    unsigned lines; /* >= 1 */
    const char *text;
    size_t length; /* octets of `text` */
} smtp_reply;

/* Replies of one line as they were parsed last, by their octets: a stream of messages is answered by the same few. */
enum { SMTP_REPLY_KNOWN = 8, SMTP_REPLY_KNOWN_LEAST = 8, SMTP_REPLY_KNOWN_MOST = 64 };
struct smtp_reply_known {
    size_t length;        /* of `line`, the line end counted; 0: none */
    uint64_t first, last; /* octets of it, eight each: of a short one that is all */
    char line[SMTP_REPLY_KNOWN_MOST];
    char text[SMTP_REPLY_KNOWN_MOST]; /* that of `reply` */
    smtp_reply reply;
};

typedef struct smtp_reply_parser {
    smtp_reply reply; /* valid after SMTP_REPLY_COMPLETE until the next feed; after an error code is 0 and text is the
                         beginning of the offending line */
    smtp_reply_status status;
    char *text; /* malloc'd, owned: the reply's text while it grows */
    size_t text_length;
    size_t text_capacity;
    char *partial; /* malloc'd, owned: a line whose end has not come yet; SMTP_REPLY_LINE_MAX + 2 octets */
    size_t partial_length;
    size_t bytes; /* octets of the current reply so far */
    struct smtp_reply_known known[SMTP_REPLY_KNOWN];
} smtp_reply_parser;

/* Makes a parser that waits for the first octet of a reply. Allocates nothing. */
void smtp_reply_parser_init(smtp_reply_parser *parser);

/* Frees what the parser owns; `reply` is no longer valid. */
void smtp_reply_parser_free(smtp_reply_parser *parser);

/* Takes octets up to the end of one reply, no further; `*used` (0 to `length`) tells how many were taken. Returns
 * SMTP_REPLY_COMPLETE when a reply stands in `parser->reply`, SMTP_REPLY_MORE when all was taken without completing
 * one, or an error, which stays: a stream out of step cannot be trusted again. Bare LF is taken for a line end. */
smtp_reply_status smtp_reply_parser_feed(smtp_reply_parser *parser, const char *bytes, size_t length, size_t *used);

/* True when the parser stands between two replies, with no octet of the next one taken. */
bool smtp_reply_parser_idle(const smtp_reply_parser *parser);

/* What an error status means, as a short phrase; never NULL. */
const char *smtp_reply_status_text(smtp_reply_status status);

/* Reads an enhanced code at the start of `text` (`length` octets). Returns the octets it takes with the space that
 * follows it, or 0 when there is none; then `*code` is untouched. */
size_t smtp_enhanced_code_parse(const char *text, size_t length, smtp_enhanced_code *code);

static inline bool smtp_enhanced_code_equal(smtp_enhanced_code a, smtp_enhanced_code b) {
    return a.status_class == b.status_class && a.subject == b.subject && a.detail == b.detail;
}

/* Writes "5.1.1" to `out`, or "" when there is no code. */
void smtp_enhanced_code_format(smtp_enhanced_code code, char out[12]);

/* Copies `length` octets of foreign text to `out` (capacity >= 1, the NUL included), made safe as in smtp_reply.text;
 * LF stays when `keep_lines`, else it becomes a space. A text that does not fit is cut between characters and ends in
 * "...". Returns the octets written, the NUL not counted. */
size_t smtp_text_sanitise(char *out, size_t capacity, const char *bytes, size_t length, bool keep_lines);

#endif
