/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_limits: how many recipients and domains a server takes, as it announces it (LIMITS, RFC 9422) or says so when
 * there are too many (RFC 5321 4.5.3.1.10). */
#ifndef SMTP_LIMITS_H
#define SMTP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/protocol/smtp_reply.h"

/* The domains of addresses, without regard to case, as hashes of 64 bits: that two are taken for one will not happen,
 * and would cost a refused recipient. Zeroed is empty. */
typedef struct smtp_domain_set {
    uint64_t *slots; /* 0: free */
    size_t capacity; /* 0 or a power of two */
    size_t count;
} smtp_domain_set;

void smtp_domain_set_free(smtp_domain_set *set);

/* Whether the set has the domain of the address: what follows its last "@", "" when there is none. */
bool smtp_domain_set_has(const smtp_domain_set *set, const char *address);

/* Puts it in. False when memory is short. */
bool smtp_domain_set_add(smtp_domain_set *set, const char *address);

/* True of a reply to RCPT that speaks of the number of recipients, so that the same one may be taken in a transaction
 * of its own: 452, or 552 as RFC 821 had it, unless an enhanced code gives another reason; X.5.3. */
bool smtp_limits_too_many(const smtp_reply *reply);

#endif
