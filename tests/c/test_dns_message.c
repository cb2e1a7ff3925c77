/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_dns_message.c: answers of name servers, right ones and such as break the protocol. */
#include "test.h"

#include "dns_message.h"

#include <string.h>
