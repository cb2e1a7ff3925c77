/* SPDX-License-Identifier: GPL-3.0-or-later */
/* header_class: which ASCII characters may stand where in headers and addresses, as a table: one load for a character
 * where a search in a string of exceptions took most of the time of reading an address. */
#ifndef CARAPACE_MAIL_HEADER_CLASS_H
#define CARAPACE_MAIL_HEADER_CLASS_H

#include <stdbool.h>

enum header_class {
    HEADER_ATEXT = 1,    /* RFC 5322 3.2.3 */
    HEADER_DOMAIN = 2,   /* RFC 5321 4.1.2 letters, digits, hyphens; the underscore that some networks have */
    HEADER_TOKEN = 4,    /* RFC 2045 5.1 */
    HEADER_ATTRIBUTE = 8 /* RFC 2231 7: a token's, but for what RFC 2231 itself uses */
};

extern const unsigned char header_classes[256];

static inline bool header_is(char c, enum header_class class) { return header_classes[(unsigned char)c] & class; }

#endif
