/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core_functions.h: the table of core_functions.c. */
#ifndef RUN_CORE_FUNCTIONS_H
#define RUN_CORE_FUNCTIONS_H

#include "interp/carapace.h"

extern const cp_function_def core_functions[];

#endif
