/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * address_domain.c: see the header. RFC 6531 would let a domain go as UTF-8, but its ASCII form means the same to every
 * server.
 */
#include "modules/message/address_domain.h"

static bool has_8bit(const char *text, size_t size) {
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] >= 0x80) return true;
    return false;
}

/* Where the addr-spec stands: from behind a `<` that is outside of quotes and comments, or from the beginning. */
static size_t spec_start(const char *text, size_t size) {
    bool quoted = false;
    int comments = 0;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\\') i++;
        else if (comments == 0 && c == '"') quoted = !quoted;
        else if (!quoted && c == '(') comments++;
        else if (!quoted && c == ')' && comments > 0) comments--;
        else if (!quoted && comments == 0 && c == '<') return i + 1;
    }
    return 0;
}

cp_value address_ascii_domain(cp_context *cp, cp_value mailbox) {
    if (!cp_is_string(mailbox)) return mailbox;
    const char *text = cp_string_text(mailbox);
    size_t size = cp_string_size(mailbox);
    if (!has_8bit(text, size)) return mailbox;
    size_t start = spec_start(text, size), at = size, end;
    for (size_t i = start; i < size && text[i] != '>'; i++)
        if (text[i] == '@') at = i; /* the last one: an @ may be quoted before it */
    if (at == size) return mailbox; /* none: the engine says so */
    for (end = at + 1; end < size && !strchr("> \t(,;", text[end]);) end++;
    if (!has_8bit(text + at + 1, end - at - 1) || has_8bit(text + start, at - start)) return mailbox;
    cp_value domain = cp_string_n(cp, text + at + 1, end - at - 1);
    cp_value ascii = cp_call(cp, cp_symbol_z(cp, "%domainToAscii"), &domain, 1);
    if (ascii == CP_THROWN) return ascii;
    size_t ascii_size = cp_string_size(ascii);
    char *whole = cp_alloc_atomic(size + ascii_size);
    memcpy(whole, text, at + 1);
    memcpy(whole + at + 1, cp_string_text(ascii), ascii_size);
    memcpy(whole + at + 1 + ascii_size, text + end, size - end);
    return cp_string_n(cp, whole, at + 1 + ascii_size + size - end);
}
