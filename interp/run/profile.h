/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * profile.h: where a script's processor time goes. A timer of the process's CPU time has a signal handler look at the
 * running thread, as often as the system lets it (250 times a second on Linux): which functions are being called, and
 * at which place of its source the innermost scripted one is.
 */
#ifndef RUN_PROFILE_H
#define RUN_PROFILE_H

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "interp/run/roster.h"
#include "interp/run/vm.h"

/* A native function at work; these lie in the C frames of who called them. */
struct native_call {
    struct native_call *outer;
    const struct frame *frame; /* the innermost scripted call when it was called */
    const void *called;        /* a Function, or the Symbol of a class being created */
    enum roster_kind kind;
};

/* A node of the tree of calls: a function, reached by one way. Node 0 is the root. */
struct profile_node {
    uint32_t parent, number;
    uint64_t self; /* nanoseconds */
};

/* Time in which a scripted function or natives called by it were at one place of a source. */
struct profile_place {
    uint32_t source, offset; /* the source's number in the roster */
    uint64_t self;
};

/* What has been found so far; for the reports. */
struct profile {
    struct roster *roster;
    struct profile_node *nodes;
    struct profile_place *places;
    uint32_t *node_slots, *place_slots; /* open addressing; 0 = free */
    uint32_t node_count, place_count;   /* entry 0 of either is used by none but the root */
    uint64_t samples, total;            /* nanoseconds */
    uint64_t last, began;               /* CPU time at the last sample, clock at the beginning; nanoseconds */
    uint64_t elapsed;                   /* from beginning to end by the clock */
    /* between the signal handler and the virtual machine */
    pthread_t thread;             /* the one that runs it */
    const void *volatile *labels; /* its table, once it has run; `saved` is what belongs there */
    const void *saved[256], *trap;
    volatile sig_atomic_t due;        /* a sample is to be taken at the next instruction */
    volatile sig_atomic_t collecting; /* garbage was being collected when it became due */
    volatile sig_atomic_t busy;       /* one is being taken */
};

/* Begins: before the main thread runs. NULL, with errno set, when the system refuses. One at a time. */
struct profile *profile_start(cp_context *cp);
void profile_stop(struct profile *profile);
void profile_destroy(struct profile *profile);

/* profile_report.c: what took how much, by function and by line. */
void profile_write_text(cp_context *cp, const struct profile *profile, FILE *out);
/* profile_graph.c: a flame graph: an SVG that needs nothing else. Width is time, callers are below whom they call. */
void profile_write_graph(cp_context *cp, const struct profile *profile, const char *title, FILE *out);

/* What the watched virtual machine says at its beginning: its table of 256 labels, and the label of its trap. */
void profile_know_labels(const void *volatile *labels, const void *trap);
/* Before the instruction before `pc`: takes the sample that is due. */
void profile_trapped(struct thread *t, const uint32_t *pc);
/* Whether one is due: for a machine without labels. */
bool profile_due(void);
/* What it calls instead of call_native, call_function and member_create. */
cp_value profile_call_native(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                             uint32_t count);
cp_value profile_call_function(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                               uint32_t count);
cp_value profile_create(cp_context *cp, cp_symbol *class_name, const cp_value *arguments, uint32_t count,
                        cp_value keywords);

#endif
