/* SPDX-License-Identifier: GPL-3.0-or-later */
/* message_id: unique Message-ID and Content-ID values (RFC 5322 3.6.4, RFC 2392). */
#include "modules/header/message_id.h"

#include <string.h>

#include "modules/header/header_class.h"

#define DOMAIN_LIMIT 255 /* RFC 5321 4.5.3.1.2 */
#define LETTERS 20       /* 119 bits */
#define ID_LIMIT 900     /* so that "Message-ID: " and it fit a line of 998 */

static bool is_dot_atom(const char *text, size_t size) {
    if (size == 0 || text[0] == '.' || text[size - 1] == '.') return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '.' ? text[i - 1] == '.' : !header_is(text[i], HEADER_ATEXT)) return false;
    }
    return true;
}

/* RFC 5322 3.6.4: no-fold-literal. */
static bool is_literal(const char *text, size_t size) {
    if (size < 3 || text[0] != '[' || text[size - 1] != ']') return false;
    for (size_t i = 1; i + 1 < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 33 || c > 126 || c == '[' || c == ']' || c == '\\') return false;
    }
    return true;
}

/* The digits of a number; printf, once a message, would take ten times as long. */
static inline char *put_number(char *out, uint64_t number, unsigned base) {
    char digits[20], *at = digits + sizeof digits;
    do *--at = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    size_t size = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, size);
    return out + size;
}

enum mail_status message_id_make(char out[MESSAGE_ID_SIZE], struct mail_random *random, int64_t seconds,
                                 const char *domain, struct mail_error *error) {
    static const char other[] = "localhost.invalid";
    size_t size = domain ? strlen(domain) : 0;
    if (size > DOMAIN_LIMIT || !(is_dot_atom(domain, size) || is_literal(domain, size))) {
        domain = other;
        size = sizeof other - 1;
    }
    *out++ = '<';
    out = put_number(out, (uint64_t)seconds, 16);
    *out++ = '.';
    mail_random_letters(random, out, LETTERS);
    if (random->failed)
        return mail_error_set(error, MAIL_MISUSE, 0, "the system gives no random numbers for a message id");
    out += LETTERS;
    *out++ = '.';
    out = put_number(out, ++random->counter, 10);
    *out++ = '@';
    memcpy(out, domain, size);
    memcpy(out + size, ">", 2);
    return MAIL_OK;
}

bool message_id_is_valid(const char *text, size_t size) {
    if (size < 5 || size > ID_LIMIT || text[0] != '<' || text[size - 1] != '>') return false;
    const char *at = memchr(text, '@', size);
    if (at == NULL) return false;
    size_t left = (size_t)(at - text) - 1, right = size - left - 3;
    return is_dot_atom(text + 1, left) && (is_dot_atom(at + 1, right) || is_literal(at + 1, right));
}
