/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * signal.c: the function signal: what the system tells the process sets an Event, for which a thread waits like for any
 * other. Nothing of a script ever runs inside a signal handler.
 *
 * While a signal is watched its arrival could end any wait, so threads that all wait are no deadlock then.
 */
#include "interp/run/thread.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

#include "interp/run/vm.h"

/* One watched signal. malloc'd: libuv links its handles through memory that the collector does not see. */
struct signal_watch {
    uv_signal_t handle;
    cp_context *cp;
    int number;
};

static const struct signal_name {
    const char *name;
    int number;
} signal_names[] = {
    {"HUP", SIGHUP},   {"INT", SIGINT},     {"QUIT", SIGQUIT}, {"TERM", SIGTERM}, {"USR1", SIGUSR1},
    {"USR2", SIGUSR2}, {"WINCH", SIGWINCH}, {"CONT", SIGCONT}, {"ALRM", SIGALRM}, {"TSTP", SIGTSTP},
};
enum { SIGNAL_NAMES = sizeof signal_names / sizeof signal_names[0] };
_Static_assert((int)SIGNAL_NAMES == (int)RUNTIME_SIGNALS, "one place in the runtime for each signal");

/* The place in the table; -1 after a throw. */
static int find_signal(cp_context *cp, cp_value name) {
    const char *text = cp_text_z(cp, name);
    if (!strncmp(text, "SIG", 3)) text += 3;
    for (int i = 0; i < (int)SIGNAL_NAMES; i++)
        if (!strcmp(text, signal_names[i].name)) return i;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
             "%.40s is no signal that can be waited for: HUP INT QUIT TERM USR1 USR2 WINCH CONT ALRM TSTP can", text);
    return -1;
}

/* Called by the event loop, outside of all threads: Event.set only makes threads ready. */
static void arrived(uv_signal_t *handle, int number) {
    (void)number;
    struct signal_watch *watch = handle->data;
    cp_context *cp = watch->cp;
    cp_value event = cp->runtime->signals[watch->number].event;
    if (event != CP_NIL && cp_send_z(cp, event, "set", NULL, 0) == CP_THROWN) cp_take_error(cp);
}

/* Back to what was done with the signal before a script asked for it. */
static void restore(cp_context *cp, int i) {
    struct runtime_signal *s = &cp->runtime->signals[i];
    if (s->event != CP_NIL) {
        uv_signal_stop(&s->watch->handle);
        scheduler_hold(cp->scheduler, -1);
        cp->runtime->signals_watched--;
        s->event = CP_NIL;
    }
    if (s->changed) sigaction(signal_names[i].number, &s->before, NULL);
    s->changed = false;
}

static cp_value watch(cp_context *cp, int i, cp_value event) {
    struct runtime_signal *s = &cp->runtime->signals[i];
    if (s->event != CP_NIL) return s->event = event;
    uv_loop_t *loop = scheduler_loop(cp->scheduler);
    if (loop && !s->watch) {
        s->watch = calloc(1, sizeof *s->watch);
        if (s->watch && uv_signal_init(loop, &s->watch->handle) != 0) free(s->watch), s->watch = NULL;
    }
    if (!s->watch) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "no memory to watch for signals");
    if (!s->changed) sigaction(signal_names[i].number, NULL, &s->before);
    s->watch->cp = cp;
    s->watch->number = i;
    s->watch->handle.data = s->watch;
    int failure = uv_signal_start(&s->watch->handle, arrived, signal_names[i].number);
    if (failure)
        return cp_throw_errno(cp, CP_ERROR_SYSTEM, 0, -failure, "cannot watch for SIG%s", signal_names[i].name);
    s->changed = true;
    s->event = event;
    scheduler_hold(cp->scheduler, 1);
    cp->runtime->signals_watched++;
    return event;
}

static cp_value ignore(cp_context *cp, int i) {
    struct runtime_signal *s = &cp->runtime->signals[i];
    restore(cp, i);
    struct sigaction action = {.sa_handler = SIG_IGN};
    sigemptyset(&action.sa_mask);
    s->changed = sigaction(signal_names[i].number, &action, &s->before) == 0;
    return CP_NIL;
}

static cp_value signal_function(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    int i = find_signal(cp, arguments[0]);
    if (i < 0) return CP_THROWN;
    cp_value action = arguments[1];
    if (action == CP_NIL) {
        cp_value event = cp->runtime->signals[i].event;
        return event != CP_NIL ? event : watch(cp, i, cp_new(cp, cp_find_class(cp, "Event")));
    }
    if (!cp_is_symbol(action)) return watch(cp, i, action);
    if (!strcmp(cp_symbol_of(action)->text, "default")) restore(cp, i);
    else if (!strcmp(cp_symbol_of(action)->text, "ignore")) ignore(cp, i);
    else
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "what a signal does is an Event, the Symbol default or the Symbol ignore, not %.40s",
                        cp_symbol_of(action)->text);
    return CP_NIL;
}

const cp_function_def signal_functions[] = {
    {"signal", "Event", "((name String|Symbol) (action Event|Symbol ()))", signal_function,
     "Has an Event set each time the process gets a signal: HUP INT QUIT TERM USR1 USR2 WINCH CONT ALRM TSTP, with or "
     "without SIG before it. Gives that Event, a new one if none is given and the signal has none yet; unset it when "
     "the signal has been dealt with. 'ignore has nothing happen instead, 'default what happened before. Errors: 1.8 "
     "another signal or action; class 3."},
    {0},
};
