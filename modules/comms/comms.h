/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms.h: the communications stack for scripts: CommsStack, CommsInfo, Tcp, Util, ScriptModule.
 */
#ifndef COMMS_COMMS_H
#define COMMS_COMMS_H

#include "interp/carapace.h"

/* Defines the functions and classes of this room, and its modules' kinds. */
void comms_register(cp_context *cp);

#endif
