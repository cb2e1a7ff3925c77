/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_secret: a password or token: kept outside the collected heap, wiped when it is replaced or its owner is lost.
 */
#ifndef COMMS_SECRET_H
#define COMMS_SECRET_H

#include "interp/carapace.h"

/* NULL: none. */
typedef cp_resource comms_secret;

/* Keeps a String, () for none; what was there is wiped. CP_NIL, or CP_THROWN (1.8: it has a NUL; `name` says what it
 * is).
 */
cp_value comms_secret_set(cp_context *cp, comms_secret **secret, const char *name, cp_value value);
void comms_secret_forget(cp_context *cp, comms_secret **secret);
/* The text; NULL when there is none. Valid until it is replaced or forgotten. */
const char *comms_secret_text(const comms_secret *secret);
/* Runs a command by the shell and keeps the first line that it prints. CP_NIL, or CP_THROWN (4.2, 6.12). Others run
 * meanwhile. */
cp_value comms_secret_evaluate(cp_context *cp, comms_secret **secret, cp_value command);

#endif
