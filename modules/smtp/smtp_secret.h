/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_secret: a password or token: kept outside the collected heap, wiped when it is replaced or its owner is lost. */
#ifndef SMTP_SECRET_H
#define SMTP_SECRET_H

#include "interp/carapace.h"

/* NULL: none. */
typedef cp_resource smtp_secret;

/* Keeps a String, () for none; what was there is wiped. CP_NIL, or CP_THROWN (1.8: it has a NUL; `name` says what it
 * is).
 */
cp_value smtp_secret_set(cp_context *cp, smtp_secret **secret, const char *name, cp_value value);
void smtp_secret_forget(cp_context *cp, smtp_secret **secret);
/* The text; NULL when there is none. Valid until it is replaced or forgotten. */
const char *smtp_secret_text(const smtp_secret *secret);
/* Runs a command by the shell and keeps the first line that it prints. CP_NIL, or CP_THROWN (4.2, 6.12). Others run
 * meanwhile. */
cp_value smtp_secret_evaluate(cp_context *cp, smtp_secret **secret, cp_value command);

#endif
