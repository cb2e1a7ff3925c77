/* SPDX-License-Identifier: GPL-3.0-or-later */
/* modules.c: the list of the rooms of native classes that are part of the program. */
#include "interp/shell/shell.h"

#include "modules/system/system.h"

void shell_register_modules(cp_context *cp) { system_register(cp); }
