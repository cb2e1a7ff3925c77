/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library.h: what a script writer reaches for besides the language itself: functions over all sequences, Regex.
 */
#ifndef LIBRARY_LIBRARY_H
#define LIBRARY_LIBRARY_H

#include "interp/carapace.h"

/* Defines the functions and classes of this room. Cheap: it only hands the constant tables over. */
void library_register(cp_context *cp);

extern const cp_function_def sequence_functions[];
extern const cp_class_def regex_class, match_class;

#endif
