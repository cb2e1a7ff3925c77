/* SPDX-License-Identifier: GPL-3.0-or-later */
/* roster.h: numbers for the functions that a profile or a count speaks of, and what to call them in a report. */
#ifndef RUN_ROSTER_H
#define RUN_ROSTER_H

#include "interp/run/thread.h"

/* Numbers that stand for no function. Real ones begin at ROSTER_FIRST. */
enum roster_number {
    ROSTER_OTHERS,     /* all for which the roster had no room */
    ROSTER_COLLECTING, /* garbage is being collected */
    ROSTER_BETWEEN,    /* no thread runs: the scheduler decides or waits */
    ROSTER_LEFT_OUT,   /* calls in the middle of a deep recursion */
    ROSTER_LOADING,    /* a file is being read and compiled */
    ROSTER_FIRST
};

enum { ROSTER_ROOM = 8192 };

/* What a number stands for. */
enum roster_kind {
    ROSTER_NONE,
    ROSTER_FUNCTION,  /* a proto */
    ROSTER_TOP_LEVEL, /* a source: its top-level forms together */
    ROSTER_NATIVE,    /* a native Function */
    ROSTER_CREATE,    /* the Symbol of a class that is being created */
    ROSTER_SOURCE,    /* a source, for the places of lines */
};

/* Grows only, so that whoever looks at it has no need of a lock. What is in it stays alive. */
struct roster {
    const void **members; /* by number; memory that the collector looks at */
    uint8_t kinds[ROSTER_ROOM];
    uint16_t slots[2 * ROSTER_ROOM]; /* open addressing by the member's address; 0 = free */
    uint32_t count;
};

/* NULL without memory. */
struct roster *roster_create(void);
void roster_destroy(struct roster *roster);
/* The number of a member, a new one when it has none. Allocates nothing: may be called in a signal handler. */
uint32_t roster_number(struct roster *roster, const void *member, enum roster_kind kind);
/* The number of a scripted function; those of one file's top level have one together. As above. */
uint32_t roster_number_of_proto(struct roster *roster, const struct proto *proto);
/* "Counter::bump", "create Stream", "top level", ...: as in an Error's trace. */
const char *roster_title(cp_context *cp, const struct roster *roster, uint32_t number);
/* "script.cpl:12", where a scripted function begins; "" for all else. */
const char *roster_place(cp_context *cp, const struct roster *roster, uint32_t number);
bool roster_is_scripted(const struct roster *roster, uint32_t number);

#endif
