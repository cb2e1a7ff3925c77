/* SPDX-License-Identifier: GPL-3.0-or-later */
/* layers.h: the modules of this room: what can stand at the bottom of a stack besides Tcp, and between bottom and
 * protocol. */
#ifndef LAYERS_LAYERS_H
#define LAYERS_LAYERS_H

#include "modules/comms/comms_stack.h"

extern const struct comms_kind unix_kind, pipe_kind, proxy_kind, trace_kind, fault_kind;

/* Defines the classes Unix, Pipe, Proxy, Trace and Fault. */
void layers_register(cp_context *cp);

#endif
