/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address: mailboxes, groups and lists of RFC 5322 3.4 (with RFC 6532 UTF-8), read and written. */
#ifndef CARAPACE_MAIL_ADDRESS_H
#define CARAPACE_MAIL_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "modules/coding/mail_buffer.h"
#include "modules/coding/mail_error.h"

#define ADDRESS_LOCAL_LIMIT 64   /* RFC 5321 4.5.3.1.1, bytes */
#define ADDRESS_DOMAIN_LIMIT 255 /* 4.5.3.1.2 */
#define ADDRESS_SPEC_LIMIT 254   /* 4.5.3.1.3: a path of 256 less its angle brackets */
#define ADDRESS_COMMENT_DEPTH 32 /* ours */
#define ADDRESS_LIST_LIMIT 65536 /* ours: mailboxes in one list */

/* One mailbox. All strings are NUL-terminated UTF-8 owned by the list; none contains CR, LF or NUL. */
struct address {
    const char *display_name; /* decoded; "" if there is none */
    const char *local_part;   /* without quotes and escapes */
    const char *domain;       /* as written, without white space and comments; literals keep their [] */
    const char *spec;         /* local@domain as it stands in RFC 5321 paths and in headers: quoted where needed */
    const char *group;        /* name of the group it was in, or NULL */
    bool non_ascii_local;     /* needs SMTPUTF8 */
    bool non_ascii_domain;    /* needs SMTPUTF8 unless turned into A-labels */
};

struct address_list {
    struct address *items;
    size_t count;
    char *storage; /* of the texts; NULL when they lie behind the one item */
};

/* Parse a mailbox list with groups (which may be empty). An empty text is an empty list. On error *list is empty, and
   error says what and where: "no @ in 'bob'". Comments, folding white space, empty list members, routes and dotted
   quoted words (RFC 5322 4.4) are accepted. Free with address_list_free. */
enum mail_status address_list_parse(struct address_list *list, const char *text, size_t size, struct mail_error *error);
/* The same where exactly one mailbox is wanted. */
enum mail_status address_parse(struct address_list *list, const char *text, size_t size, struct mail_error *error);
void address_list_free(struct address_list *list);

/* Append `Display Name <local@domain>`, or the bare spec without a name. *column as in header_write_phrase. */
enum mail_status address_write(struct mail_buffer *out, size_t *column, const struct address *address,
                               struct mail_error *error);
/* Append `Name: a, b, c` and CRLF for all lists; folded; groups written as `name: a, b;`. */
enum mail_status address_write_header(struct mail_buffer *out, const char *name, const struct address_list *lists,
                                      size_t count, struct mail_error *error);
/* The same mailbox: local parts compare exactly, domains without regard to ASCII case (RFC 5321 2.4). */
bool address_equal(const struct address *a, const struct address *b);

#endif
