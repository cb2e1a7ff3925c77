/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * turn.h: one Carapace Thread at a time uses a thing that waits while it is used: a session with a server, a connection
 * to a database. The others wait for their turn.
 */
#ifndef SYSTEM_TURN_H
#define SYSTEM_TURN_H

#include "interp/carapace.h"

/* Zeroed is free. In the collected heap. */
struct turn {
    cp_value owner; /* the thread whose turn it is; () = none */
    cp_wait_list waiting;
};

/* Waits until it is this thread's turn. CP_NIL; or CP_THROWN: it was stopped meanwhile, or 1.2 with the text `busy`,
 * for the turn is its own already (it comes out of a function that was called during it). */
cp_value turn_take(cp_context *cp, struct turn *turn, const char *busy);
/* Lets the next one have it. */
void turn_end(cp_context *cp, struct turn *turn);
static inline bool turn_is_taken(const struct turn *turn) { return turn->owner != CP_NIL; }

#endif
