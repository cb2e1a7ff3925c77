/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c_scan.h: C text to tokens: names, Integers, single signs and the ellipsis; comments and white space lie between.
 */
#ifndef FFI_C_SCAN_H
#define FFI_C_SCAN_H

#include "interp/carapace.h"

enum c_token_kind { C_TOKEN_END, C_TOKEN_NAME, C_TOKEN_NUMBER, C_TOKEN_SIGN, C_TOKEN_ELLIPSIS };

struct c_scanner {
    cp_context *cp;
    const char *text; /* the caller keeps it */
    size_t size;
    size_t position; /* behind the current token */
    bool failed;     /* an Error has been thrown; the current token is the end then */
    enum c_token_kind kind;
    const char *start; /* of the current token */
    size_t length;
    int64_t number; /* C_TOKEN_NUMBER */
};

/* Begins at a byte of the text and reads the first token. */
void c_scan_start(struct c_scanner *scanner, cp_context *cp, const char *text, size_t size);
/* Goes to the token that begins at a position where one began before. */
void c_scan_return(struct c_scanner *scanner, size_t position);
static inline size_t c_scan_place(const struct c_scanner *scanner) { return (size_t)(scanner->start - scanner->text); }
void c_scan_next(struct c_scanner *scanner);
/* Whether the current token is that sign, or that name. */
static inline bool c_scan_is(const struct c_scanner *scanner, char sign) {
    return scanner->kind == C_TOKEN_SIGN && *scanner->start == sign;
}
bool c_scan_is_name(const struct c_scanner *scanner, const char *name);
/* The same, and goes on when it is. */
bool c_scan_take(struct c_scanner *scanner, char sign);
bool c_scan_take_name(struct c_scanner *scanner, const char *name);
/* Goes on behind the sign, or fails. */
bool c_scan_expect(struct c_scanner *scanner, char sign);
/* From behind an opening bracket to behind its closing one. */
bool c_scan_skip_brackets(struct c_scanner *scanner);
/* The current name, copied for keeps. */
const char *c_scan_copy(struct c_scanner *scanner);
/* Ends the scanning after an Error that has been thrown. */
void c_scan_stop(struct c_scanner *scanner);
/* Throws 19.3 with line, column and the current token; always false. Only the first failure counts. */
bool c_scan_fail(struct c_scanner *scanner, const char *format, ...) CP_PRINTF(2, 3);

#endif
