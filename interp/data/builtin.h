/* SPDX-License-Identifier: GPL-3.0-or-later */
/* builtin.h: the one call that gives a context the classes and functions of this room. */
#ifndef DATA_BUILTIN_H
#define DATA_BUILTIN_H

#include "interp/data/context.h"

/* For context_create alone: the tables must exist, and nothing be defined yet. */
void builtin_define(cp_context *cp);

#endif
