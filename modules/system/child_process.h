/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * child_process.h: starting programs and learning of their end, without blocking other threads and leaving no zombies.
 */
#ifndef SYSTEM_CHILD_PROCESS_H
#define SYSTEM_CHILD_PROCESS_H

#include "interp/carapace.h"

#include <sys/types.h>

struct child {
    pid_t id;
    int status_fd; /* becomes readable at the child's end and then holds its wait status; close-on-exec, the caller's */
};

/*
 * Starts arguments[0] (looked for in PATH) with default signal actions. descriptors[i] >= 0 becomes the child's i, -1
 * leaves it the parent's. The child is always reaped, whether or not somebody reads status_fd. Returns 0 or an errno.
 */
int child_start(const char *const arguments[], const int descriptors[3], struct child *child);

/* The same with an environment ("NAME=value" up to NULL; NULL is the parent's) and a folder to start in (NULL the
 * same). */
int child_start_in(const char *const arguments[], const int descriptors[3], const char *const environment[],
                   const char *directory, struct child *child);

/*
 * Waits for the end: *result is the exit status, or 128 + the signal that ended it, as the shell has it. `status` owns
 * status_fd and is closed in each case. CP_NIL, or CP_THROWN when the thread was cancelled: then the child was sent
 * SIGTERM.
 */
cp_value child_wait(cp_context *cp, pid_t id, cp_fd *status, int *result);

/*
 * Waits at most `timeout` ms (negative: for ever) for the end. Once it is known *status, which owns status_fd, is
 * closed and NULL, and *result as child_wait has it; another thread may see to that meanwhile. CP_NIL, also when the
 * time is over; CP_THROWN when the thread was cancelled, or 3.EIO when the end cannot be learnt of.
 */
cp_value child_wait_within(cp_context *cp, pid_t id, cp_fd **status, int64_t timeout, int *result);
/* Whether it still runs, and its number is its own: once reaped, that may be another process's. NULL: it does not. */
bool child_is_running(const cp_fd *status);

/* The words of a command, up to NULL: a List's, or a String's for the shell. NULL after a throw (1.8, 1.11). */
const char **child_words(cp_context *cp, cp_value command);

#endif
