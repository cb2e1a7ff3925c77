/* SPDX-License-Identifier: GPL-3.0-or-later */
/* builtin.h: the one call that gives a context the classes and functions of this room. */
#ifndef BUILTIN_BUILTIN_H
#define BUILTIN_BUILTIN_H

#include "interp/data/context.h"

/* Gives a new context its built-in classes and functions. For whoever makes a context: its tables must exist, and
   nothing be defined yet. */
void builtin_define(cp_context *cp);

/* A context with them, as a program wants it; never freed. */
cp_context *builtin_context(void);

#endif
