/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_envelope: the recipients of a message, each mailbox once. */
#ifndef CARAPACE_MAIL_ENVELOPE_H
#define CARAPACE_MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "modules/header/address.h"

enum { MAIL_ENVELOPE_FEW = 8 };

/* Zero-initialised is empty. Must not be moved. */
struct mail_envelope {
    char **recipients; /* addr-specs in the order of adding */
    size_t count, capacity;
    bool non_ascii;               /* one of them needs SMTPUTF8 */
    const struct address **slots; /* hash table of the addresses added; they must live until mail_envelope_free */
    size_t slot_count;            /* 0 or a power of two */
    const struct address *few[MAIL_ENVELOPE_FEW]; /* where slots points at first */
};

/* Add all mailboxes of a list but those already there (address_equal). */
enum mail_status mail_envelope_add(struct mail_envelope *envelope, const struct address_list *list,
                                   struct mail_error *error);
void mail_envelope_free(struct mail_envelope *envelope);

#endif
