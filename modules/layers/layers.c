/* SPDX-License-Identifier: GPL-3.0-or-later */
/* layers.c: registers the room. */
#include "modules/layers/layers.h"

void layers_register(cp_context *cp) {
    static const struct comms_kind *const kinds[] = {&unix_kind, &pipe_kind, &proxy_kind, &trace_kind, &fault_kind};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) comms_define_module(cp, kinds[i]);
}
