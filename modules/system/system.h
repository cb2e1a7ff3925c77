/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * system.h: the operating system for scripts: functions, Stream, Queue, Event, locks, Log, Registry.
 */
#ifndef SYSTEM_SYSTEM_H
#define SYSTEM_SYSTEM_H

#include "interp/carapace.h"

/* Defines the functions and classes of this room. Cheap: it only hands the constant tables over. */
void system_register(cp_context *cp);

/*
 * Writes out what Streams still hold. For the end of the program and before another process shares the descriptors.
 * Blocks the whole process if it must; may be called outside any Carapace Thread. Returns 0, or the errno of the first
 * Stream that could not be written (the others are written all the same).
 */
int stream_flush_all(cp_context *cp);

#endif
