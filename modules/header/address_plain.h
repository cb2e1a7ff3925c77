/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address_plain: the form that nearly every address has. The fast half of address.h, used by address.c alone. */
#ifndef CARAPACE_MAIL_ADDRESS_PLAIN_H
#define CARAPACE_MAIL_ADDRESS_PLAIN_H

#include "modules/header/address.h"

/* Reads `local@domain` or `Some Name <local@domain>` in ASCII, without quotes, comments and white space elsewhere.
   False, and *list is untouched, when the text is anything else, or wrong, or memory is out: then the whole grammar has
   its say. */
bool address_plain_parse(struct address_list *list, const char *text, size_t size);

#endif
