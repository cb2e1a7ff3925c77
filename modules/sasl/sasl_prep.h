/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl_prep: RFC 4013: user names and passwords in the one form in which both sides must have them to compare. */
#ifndef SASL_PREP_H
#define SASL_PREP_H

#include <stdbool.h>

/* The prepared form, malloc'd, to be wiped by the caller who knows it as a secret. NULL with *why set when the text
 * cannot be prepared: it is not UTF-8, has prohibited characters (controls, private use, unassigned, ...), mixes
 * directions of writing, or nothing is left; or memory is short. */
char *sasl_prep(const char *text, const char **why);

#endif
