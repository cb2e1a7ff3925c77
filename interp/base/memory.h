/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The garbage-collected heap behind one small interface: this file and memory.c are the only places that know libgc.
 *
 * What callers must keep to:
 *  - One thread, the one that called mem_init, allocates. Other threads never call anything here.
 *  - An object stays alive while its base address, or base + 4 (the tag of a List cell), is found in: a C stack of the
 * main program or of a fiber, a scanned object, a static variable, a range given to mem_add_roots or mem_push_range. A
 * pointer to the middle counts only in C stacks, registers and pushed ranges. Memory from malloc and pointer-free
 * objects are not looked at.
 *  - Sizes are in bytes. Every block is aligned to 16.
 *  - An ordinary allocation never returns NULL: without memory the program ends with status 70. Sizes that come from
 * outside (a file, a peer, a script) go through mem_try_alloc, which does return NULL.
 *
 * Builds: -DMEM_PLAIN takes malloc for everything and never frees (for AddressSanitizer); -DMEM_STRESS collects at
 * every n-th allocation (n from the environment variable CARAPACE_STRESS, 500 if unset) and fills pointer-free memory
 * with a pattern.
 *
 * libgc is one per process, so its settings and our free lists are one static struct: the exception to "no global
 * state". */
#ifndef CARAPACE_BASE_MEMORY_H
#define CARAPACE_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MEM_GRANULE = 16,     /* bytes: the step between size classes, and the alignment */
    MEM_SMALL = 256,      /* bytes: the largest size that has a private free list */
    MEM_EXIT_STATUS = 70, /* EX_SOFTWARE of sysexits.h: the status after "memory exhausted" */
};

/* Free lists by (size + 15) / 16; entry 0 stays empty so that size 0 takes the slow path. Private to the inline
 * functions. */
struct mem_lists {
    void *scanned[MEM_SMALL / MEM_GRANULE + 1];
    void *atomic[MEM_SMALL / MEM_GRANULE + 1];
    volatile int pressure; /* the live heap stayed above the limit at the last collection */
};
extern struct mem_lists mem_lists;

/* Prepares the heap. Call once, from main, before anything else here; a second call does nothing. */
void mem_init(void);

/* The slow paths of the inline functions below: refill a list or allocate a large block. */
void *mem_alloc_slow(size_t size);
void *mem_alloc_atomic_slow(size_t size);

/* Returns a zeroed block whose words are looked at for pointers. */
static inline void *mem_alloc(size_t size) {
#if !defined(MEM_PLAIN) && !defined(MEM_STRESS)
    if (__builtin_expect(size <= MEM_SMALL, 1)) {
        void **list = &mem_lists.scanned[(size + MEM_GRANULE - 1) / MEM_GRANULE];
        void *block = *list;
        if (__builtin_expect(block != NULL, 1)) {
            *list = *(void **)block;
            *(void **)block = NULL;
            return block;
        }
    }
#endif
    return mem_alloc_slow(size);
}

/* Returns a block that is never looked at for pointers (text, numbers). Its contents are NOT zeroed. */
static inline void *mem_alloc_atomic(size_t size) {
#if !defined(MEM_PLAIN) && !defined(MEM_STRESS)
    if (__builtin_expect(size <= MEM_SMALL, 1)) {
        void **list = &mem_lists.atomic[(size + MEM_GRANULE - 1) / MEM_GRANULE];
        void *block = *list;
        if (__builtin_expect(block != NULL, 1)) {
            *list = *(void **)block;
            return block;
        }
    }
#endif
    return mem_alloc_atomic_slow(size);
}

/* Returns a zeroed, scanned cell of 16 bytes: the hottest allocation of the interpreter. */
static inline void *mem_cell(void) { return mem_alloc(16); }

/* As mem_alloc and mem_alloc_atomic, but return NULL when size exceeds what is left of the limit after a collection, or
 * when the system has no more memory. For sizes chosen from outside. */
void *mem_try_alloc(size_t size);
void *mem_try_alloc_atomic(size_t size);

/* Grows or shrinks a pointer-free block from mem_alloc_atomic (or allocates one when block is NULL) to size bytes,
 * keeping the contents up to the smaller size; the old address must not be used again. Added bytes are not zeroed.
 * Never NULL. */
void *mem_realloc_atomic(void *block, size_t size);
/* The same for sizes from outside: NULL when it does not fit, and then block is untouched. */
void *mem_try_realloc_atomic(void *block, size_t size);

/* A zeroed, scanned block that lives, and keeps alive what it points to, until freed by hand; NULL may be freed. */
void *mem_alloc_uncollectable(size_t size);
void mem_free_uncollectable(void *block);

/* Makes the words in [low, high) roots for good. For static or malloc'd tables; every such call slows each collection.
 */
void mem_add_roots(void *low, void *high);

/* Has callback run in every collection to push further roots with mem_push_range. It must not allocate. At most 16 of
 * them, in the order given; a 17th ends the program. */
void mem_on_push_roots(void (*callback)(void));

/* Within such a callback: everything that a word in [low, high) points to is alive. high <= low pushes nothing. */
void mem_push_range(void *low, void *high);

/* Has fn(object, data) called by mem_run_finalizers some time after object became unreachable, once. object is the base
 * address of a block from here; data is kept alive until then. fn NULL takes the finalizer away. Objects in a cycle are
 * finalized too, in no particular order. */
void mem_finalizer(void *object, void (*fn)(void *object, void *data), void *data);

/* Runs the finalizers that have become due and returns how many. They run nowhere else. */
int mem_run_finalizers(void);

/* True when mem_run_finalizers would have something to do. Cheap. */
bool mem_finalizers_due(void);

/* Registers *link, which must lie in pointer-free or malloc'd memory, to become NULL when object (a base address) is
 * found unreachable; the caller stores the address, tagged or not, there itself. A link in a pointer-free block goes
 * away with that block; one in malloc'd memory must be taken back by mem_weak_unlink before free. Call it again after
 * moving the word. */
void mem_weak_link(void **link, void *object);
void mem_weak_unlink(void **link);

/* Collects now. Finalizers that become due wait for mem_run_finalizers. */
void mem_collect(void);

/* Bytes taken from the system by the heap; bytes of it in blocks that are in use (live data, garbage not yet found, and
 * the gaps in partly filled blocks); number of collections so far. */
size_t mem_heap_size(void);
size_t mem_used(void);
size_t mem_collections(void);

/* Whether a collection is going on: for signal handlers. */
bool mem_collecting(void);

/* Sets the soft limit in bytes (at least 4 MB is taken; 0 restores the default). A live heap that stays above it after
 * a collection raises mem_over_limit; at one eighth and 32 MB more the program ends with "memory exhausted". The
 * default is 75 % of the smallest of physical memory, the cgroup's limit and RLIMIT_AS. */
void mem_set_limit(size_t bytes);

/* The limit in force, in bytes. */
size_t mem_limit(void);

/* True when the last collection left more than the limit alive. The interpreter polls it and raises an error a script
 * can catch. */
static inline bool mem_over_limit(void) { return __builtin_expect(mem_lists.pressure, 0); }

/* For the fibers only: the address where the C stack of the calling thread begins (its highest word), and the notice
 * that the calling thread is about to run on another stack which begins at high. Nothing may be allocated between the
 * notice and the switch. */
void *mem_stack_base(void);
void mem_stack_switch(void *high);

#endif
