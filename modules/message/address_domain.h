/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address_domain.h: mailboxes whose domain is beyond ASCII, for servers that know ASCII alone. */
#ifndef MESSAGE_ADDRESS_DOMAIN_H
#define MESSAGE_ADDRESS_DOMAIN_H

#include "interp/carapace.h"

/* The mailbox with its domain in ASCII (A-labels, RFC 5890) if the part before the @ is ASCII, so that no SMTPUTF8 is
   needed; else as it is: () and other values too. CP_THROWN: 1.8 what cannot be a domain. */
cp_value address_ascii_domain(cp_context *cp, cp_value mailbox);

#endif
