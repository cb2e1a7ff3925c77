/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address_functions.h: the table of address_functions.c. */
#ifndef MESSAGE_ADDRESS_FUNCTIONS_H
#define MESSAGE_ADDRESS_FUNCTIONS_H

#include "interp/carapace.h"

/* parseAddresses; ends with a NULL name. */
extern const cp_function_def address_functions[];

#endif
