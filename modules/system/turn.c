/* SPDX-License-Identifier: GPL-3.0-or-later */
/* turn.c: one thread at a time: see turn.h. */
#include "modules/system/turn.h"

cp_value turn_take(cp_context *cp, struct turn *turn, const char *busy) {
    cp_value me = cp_current_thread(cp);
    if (turn->owner == me) return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s", busy);
    while (turn_is_taken(turn)) {
        if (cp_wait_on(cp, &turn->waiting, -1) != CP_WAIT_CANCELLED) continue;
        if (!turn_is_taken(turn)) cp_wake_one(cp, &turn->waiting); /* it may have been ours */
        return CP_THROWN;
    }
    turn->owner = me;
    return CP_NIL;
}

void turn_end(cp_context *cp, struct turn *turn) {
    turn->owner = CP_NIL;
    cp_wake_one(cp, &turn->waiting);
}
