/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_peer: who is at the other end, as far as the layers beneath a client know it. */
#ifndef COMMS_COMMS_PEER_H
#define COMMS_COMMS_PEER_H

#include "modules/comms/comms_stack.h"

/* A property of the layers below; () when none has it. */
cp_value comms_property_below(cp_context *cp, struct comms_module *m, const char *name);
/* One that is text, and not empty; else (). */
cp_value comms_text_below(cp_context *cp, struct comms_module *m, const char *name);
/* The bare IP address of 127.0.0.1:25, [::1]:25 or ::1; false when it is none. */
bool comms_bare_address(const char *text, char *out, size_t room, bool *six);
/* Whether `peer`, the text of the property of that name or (), is on this machine, or nobody can say where it is.
   Behind a Proxy it is the proxy's target that counts. */
bool comms_peer_is_local(cp_context *cp, const struct comms_module *m, cp_value peer);

#endif
