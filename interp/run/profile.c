/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * profile.c: takes the samples. A native is seen by the signal handler itself, as nothing changes in the frames while
 * it runs; the virtual machine is stopped at its next instruction (vm_profile.c). Because of the handler, taking a
 * sample allocates nothing and takes no lock.
 *
 * All tables have a fixed size. When one is full, what is new is added to what is nearest: the caller, the others.
 */
#include "interp/run/profile.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

#include "interp/base/memory.h"
#include "interp/code/instructions.h"

enum {
    NODES_MOST = 1 << 17,
    PLACES_MOST = 1 << 16,
    DEPTH_INNER = 192, /* calls of a sample that are kept */
    DEPTH_OUTER = 64,
    INTERVAL = 1000, /* microseconds of CPU time that are asked for */
};

/* A signal handler gets no argument. */
static struct profile *the_profile;

static uint64_t clock_now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint32_t mix(uint32_t a, uint32_t b) {
    uint64_t h = ((uint64_t)a << 32 | b) * 0x9E3779B97F4A7C15u;
    return (uint32_t)(h >> 32);
}

/* ---- the two tables ---- */

/* The node of a function called from `parent`; the parent itself when there is no room. */
static uint32_t child(struct profile *profile, uint32_t parent, uint32_t number) {
    const uint32_t mask = 2 * NODES_MOST - 1;
    uint32_t at = mix(parent, number);
    for (;; at++) {
        uint32_t node = profile->node_slots[at & mask];
        if (node == 0) break;
        if (profile->nodes[node].parent == parent && profile->nodes[node].number == number) return node;
    }
    if (profile->node_count == NODES_MOST) return parent;
    uint32_t node = profile->node_count++;
    profile->nodes[node] = (struct profile_node){parent, number, 0};
    profile->node_slots[at & mask] = node;
    return node;
}

static void add_place(struct profile *profile, uint32_t source, uint32_t offset, uint64_t time) {
    const uint32_t mask = 2 * PLACES_MOST - 1;
    uint32_t at = mix(source, offset);
    for (;; at++) {
        uint32_t place = profile->place_slots[at & mask];
        if (place == 0) break;
        if (profile->places[place].source != source || profile->places[place].offset != offset) continue;
        profile->places[place].self += time;
        return;
    }
    if (profile->place_count == PLACES_MOST) return;
    uint32_t place = profile->place_count++;
    profile->places[place] = (struct profile_place){source, offset, time};
    profile->place_slots[at & mask] = place;
}

/* ---- one sample ---- */

enum { PATH_MOST = DEPTH_INNER + 2 * DEPTH_OUTER + 8 }; /* each of the outer ones may have called a native */

/* The functions being called, the innermost first. */
struct path {
    uint32_t numbers[PATH_MOST];
    uint32_t count;
};

static void add_natives(struct profile *profile, struct path *path, const struct native_call **natives,
                        const struct frame *frame) {
    for (; *natives && (*natives)->frame >= frame; *natives = (*natives)->outer)
        if ((*natives)->frame == frame && path->count < PATH_MOST)
            path->numbers[path->count++] = roster_number(profile->roster, (*natives)->called, (*natives)->kind);
}

static void trace(struct profile *profile, struct path *path, const struct thread *t) {
    const struct native_call *natives = t->natives;
    const struct frame *f = t->frame;
    for (; f && f > t->frames; f--) {
        if (path->count >= DEPTH_INNER && path->count < PATH_MOST && f > t->frames + DEPTH_OUTER) {
            f = t->frames + DEPTH_OUTER;
            path->numbers[path->count++] = ROSTER_LEFT_OUT;
        }
        add_natives(profile, path, &natives, f);
        if (f->proto && path->count < PATH_MOST)
            path->numbers[path->count++] = roster_number_of_proto(profile->roster, f->proto);
    }
}

static void note_place(struct profile *profile, const struct proto *proto, uint32_t word, uint64_t time) {
    add_place(profile, roster_number(profile->roster, proto->source, ROSTER_SOURCE), proto->positions[word], time);
}

/* Notes the time since the last sample as that of where `t` is now, in the word `word` of its innermost function. */
static void take_sample(struct profile *profile, const struct thread *t, uint32_t word, bool collecting) {
    struct path path = {.count = 0};
    uint64_t now = clock_now(CLOCK_THREAD_CPUTIME_ID), time = now - profile->last;
    profile->last = now;
    if (collecting) path.numbers[path.count++] = ROSTER_COLLECTING;
    if (!t || !t->frame) path.numbers[path.count++] = ROSTER_BETWEEN;
    else if (!t->frame->proto) path.numbers[path.count++] = ROSTER_LOADING;
    else {
        trace(profile, &path, t);
        note_place(profile, t->frame->proto, word, time);
    }
    uint32_t node = 0;
    while (path.count > 0) node = child(profile, node, path.numbers[--path.count]);
    profile->nodes[node].self += time;
    profile->samples++;
    profile->total += time;
}

/* The word of code before a saved pc. */
static uint32_t word_of(const struct proto *proto, const uint32_t *pc) { return (uint32_t)(pc - proto->code) - 1; }

/* ---- when ---- */

static void set_trap(struct profile *profile) {
    profile->due = 1;
    for (unsigned i = 0; profile->labels && i < 256; i++) profile->labels[i] = profile->trap;
}

static void tick(struct profile *profile) {
    const struct thread *t = fiber_current()->user; /* not cp->current: that is the last one while none runs */
    bool collecting = mem_collecting();
    if (profile->busy || profile->due) return; /* its time will be noted with this one's */
    if (!t || !t->frame || !t->frame->proto) take_sample(profile, t, 0, collecting);
    else if (t->natives && t->natives->frame == t->frame)
        take_sample(profile, t, word_of(t->frame->proto, t->frame->pc), collecting);
    else {
        profile->collecting = collecting;
        set_trap(profile);
    }
}

static void on_tick(int number) {
    int saved = errno;
    struct profile *profile = the_profile;
    if (pthread_equal(pthread_self(), profile->thread)) tick(profile);
    else pthread_kill(profile->thread, number); /* the collector's or libuv's, who work for the one that runs */
    errno = saved;
}

bool profile_due(void) { return the_profile->due; }

void profile_know_labels(const void *volatile *labels, const void *trap) {
    struct profile *profile = the_profile;
    if (profile->labels) return;
    for (unsigned i = 0; i < 256; i++) profile->saved[i] = labels[i];
    profile->trap = trap;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    profile->labels = labels;
}

/* An instruction that has saved its pc has perhaps done something long, in which the sample became due; one that has
   not was done at once, and the sample is as good as the next one's. */
static uint32_t word_of_trap(const struct frame *frame, const uint32_t *pc) {
    const uint32_t *code = frame->proto->code, *saved = frame->pc;
    uint32_t word = word_of(frame->proto, pc);
    if (saved <= code || saved >= pc) return word;
    uint32_t before = word_of(frame->proto, saved);
    return before + (uint32_t)instruction_words(code[before] & 255) == word ? before : word;
}

void profile_trapped(struct thread *t, const uint32_t *pc) {
    struct profile *profile = the_profile;
    profile->busy = 1;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    for (unsigned i = 0; profile->labels && i < 256; i++) profile->labels[i] = profile->saved[i];
    profile->due = 0;
    take_sample(profile, t, word_of_trap(t->frame, pc), profile->collecting);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    profile->busy = 0;
}

/* ---- natives ---- */

static void enter(struct thread *t, struct native_call *call) {
    call->outer = t->natives;
    call->frame = t->frame;
    __atomic_signal_fence(__ATOMIC_RELEASE);
    t->natives = call;
}

static void leave(struct thread *t, const struct native_call *call) {
    t->natives = call->outer;
    __atomic_signal_fence(__ATOMIC_RELEASE);
}

cp_value profile_call_native(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                             uint32_t count) {
    struct thread *t = cp->current;
    struct native_call call = {.called = f, .kind = ROSTER_NATIVE};
    enter(t, &call);
    cp_value value = call_native(cp, f, self, arguments, count);
    leave(t, &call);
    return value;
}

cp_value profile_call_function(cp_context *cp, struct function *f, cp_value self, const cp_value *arguments,
                               uint32_t count) {
    if (f->proto) return call_function(cp, f, self, arguments, count);
    return profile_call_native(cp, f, self == CP_UNSET ? CP_NIL : self, arguments, count);
}

cp_value profile_create(cp_context *cp, cp_symbol *class_name, const cp_value *arguments, uint32_t count,
                        cp_value keywords) {
    struct thread *t = cp->current;
    struct native_call call = {.called = class_name, .kind = ROSTER_CREATE};
    enter(t, &call);
    cp_value value = member_create(cp, class_name, arguments, count, keywords);
    leave(t, &call);
    return value;
}

/* ---- beginning and end ---- */

/* Pages that are never touched cost nothing. */
static void *zeroed(size_t size) {
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

static const struct {
    size_t nodes, places, node_slots, place_slots;
} sizes = {NODES_MOST * sizeof(struct profile_node), PLACES_MOST * sizeof(struct profile_place),
           2 * NODES_MOST * sizeof(uint32_t), 2 * PLACES_MOST * sizeof(uint32_t)};

static void set_timer(suseconds_t microseconds) {
    struct itimerval timer = {{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

struct profile *profile_start(cp_context *cp) {
    struct profile *profile = calloc(1, sizeof *profile);
    if (!profile) return NULL;
    profile->roster = roster_create();
    profile->nodes = zeroed(sizes.nodes);
    profile->places = zeroed(sizes.places);
    profile->node_slots = zeroed(sizes.node_slots);
    profile->place_slots = zeroed(sizes.place_slots);
    if (!profile->roster || !profile->nodes || !profile->places || !profile->node_slots || !profile->place_slots) {
        profile_destroy(profile);
        errno = ENOMEM;
        return NULL;
    }
    profile->node_count = profile->place_count = 1;
    profile->thread = pthread_self();
    profile->began = clock_now(CLOCK_MONOTONIC);
    profile->last = clock_now(CLOCK_THREAD_CPUTIME_ID);
    the_profile = profile;
    cp->runtime->run = vm_run_profiled;
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(SIGPROF, &action, NULL);
    set_timer(INTERVAL);
    return profile;
}

void profile_stop(struct profile *profile) {
    set_timer(0);
    signal(SIGPROF, SIG_IGN); /* one may be on its way */
    profile->elapsed = clock_now(CLOCK_MONOTONIC) - profile->began;
}

void profile_destroy(struct profile *profile) {
    if (profile->roster) roster_destroy(profile->roster);
    if (profile->nodes) munmap(profile->nodes, sizes.nodes);
    if (profile->places) munmap(profile->places, sizes.places);
    if (profile->node_slots) munmap(profile->node_slots, sizes.node_slots);
    if (profile->place_slots) munmap(profile->place_slots, sizes.place_slots);
    free(profile);
}
