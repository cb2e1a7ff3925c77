/* SPDX-License-Identifier: GPL-3.0-or-later */
/* diagnostics.h: how an Error that nobody caught is shown to a person, and what status the process ends with. */
#ifndef SHELL_DIAGNOSTICS_H
#define SHELL_DIAGNOSTICS_H

#include "interp/data/context.h"

/* Prints place, text, source line with a caret and the calls on standard error (language.md 5). */
void diagnostics_print(cp_context *cp, cp_value error);
/* One line of JSON on standard output: file line column severity class code text. */
void diagnostics_print_json(cp_context *cp, cp_value error);
/* The status from sysexits.h for an uncaught Error. */
int diagnostics_status(cp_value error);

#endif
