/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keeps libgc to ourselves: its settings, our free lists in front of it, the limit on its heap, and the two test
 * builds. */
#include "memory.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct mem_lists mem_lists;

enum {
    MOST_PUSHERS = 16,
    LEAST_LIMIT = 4 << 20,
    FREELY_GRANTED = 64 << 10, /* mem_try_alloc asks no questions below this size */
};

static size_t system_limit(void);

_Noreturn static void exhausted(void) {
    static const char message[] = "carapace: memory exhausted\n";
    ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
    (void)written;
    _exit(MEM_EXIT_STATUS);
}

#ifndef MEM_PLAIN
/* ------------------------------------------------------------------ the collected heap */

#define GC_THREADS
#include <gc/gc.h>
#include <gc/gc_inline.h>
#include <gc/gc_mark.h>

enum {
    FIRST_HEAP = 16 << 20,         /* address space only: pages are taken when touched */
    MARKER_THREAD_HEAP = 64 << 20, /* below this a second marker costs more than it brings */
    LIMIT_LOOKUP_HEAP = 32 << 20,  /* the default limit is not worth finding out before the heap has grown to this */
    LARGE = 4096,                  /* blocks that mem_realloc_atomic gives back at once */
};

static struct {
    bool ready, trying; /* trying: a failure must be reported to the caller, not end the program */
    bool want_marker;   /* the heap has grown beyond MARKER_THREAD_HEAP and the thread is not started yet */
    bool marker_settled;
    volatile sig_atomic_t collecting;
    size_t limit; /* 0: not looked up yet */
    void *thread, *stack_base;
    void (*pushers[MOST_PUSHERS])(void);
    int pusher_count;
    GC_push_other_roots_proc other_roots;
} heap;

/* The blocks on our lists are unmarked. The collector would put the pointer-free ones on its own lists too and hand
 * them out twice, so both kinds are forgotten when it starts, and found again as garbage. */
static void collection_starts(void) {
    memset(mem_lists.scanned, 0, sizeof mem_lists.scanned);
    memset(mem_lists.atomic, 0, sizeof mem_lists.atomic);
}

static void push_roots(void) {
    for (int i = 0; i < heap.pusher_count; i++) heap.pushers[i]();
    if (heap.other_roots) heap.other_roots();
}

static void *out_of_memory(size_t size) {
    (void)size;
    if (heap.trying) return NULL;
    exhausted();
}

static void take_limit(size_t bytes) {
    heap.limit = bytes < LEAST_LIMIT ? LEAST_LIMIT : bytes;
    size_t hard = heap.limit + heap.limit / 8 + (32u << 20);
    GC_set_max_heap_size(hard > heap.limit ? hard : heap.limit);
}

static size_t used_bytes(void) { return GC_get_heap_size() - GC_get_free_bytes(); }

static void collection_event(GC_EventType event) {
    if (event == GC_EVENT_START) heap.collecting = 1;
    if (event == GC_EVENT_END) heap.collecting = 0;
    if (event == GC_EVENT_RECLAIM_END) mem_lists.pressure = heap.limit != 0 && used_bytes() > heap.limit;
}

static void heap_resized(GC_word size) {
    if (size > LIMIT_LOOKUP_HEAP && heap.limit == 0) take_limit(system_limit());
    if (size > MARKER_THREAD_HEAP && !heap.marker_settled) heap.want_marker = true;
}

/* Outside of any allocation, as it must not hold the collector's lock. */
static void start_marker(void) {
    heap.want_marker = false;
    heap.marker_settled = true;
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors) == 0 && CPU_COUNT(&processors) > 1)
        GC_start_mark_threads();
}

/* Where the process's stack begins. Without being told, libgc asks pthread_getattr_np, which reads /proc/self/maps line
 * by line: a tenth of the instructions of a start. */
static void set_first_stack_bottom(void) {
#ifdef __GLIBC__
    extern void *__libc_stack_end;
    struct GC_stack_base base = {.mem_base = __libc_stack_end};
    GC_set_stackbottom(NULL, &base);
#endif
}

void mem_init(void) {
    if (heap.ready) return;
    heap.ready = true;
    GC_set_all_interior_pointers(0); /* 16-byte cells take 16 bytes instead of 32 */
    GC_set_free_space_divisor(2);
    GC_set_finalize_on_demand(1);
    GC_set_warn_proc(GC_ignore_warn_proc);
    GC_set_oom_fn(out_of_memory);
    GC_set_max_retries(2);   /* by default a heap that may not grow is declared full without a collection */
    GC_set_handle_fork(1);   /* a child that goes on without exec may collect, though it has no marker thread */
    GC_set_markers_count(2); /* counts the mutator; no thread is started before GC_start_mark_threads */
    /* A collection of nothing would find numbers in static data that look like addresses of the heap to come, which
     * hardly exist with 64 bits. It is a fifth of the instructions of a start. */
    GC_set_dont_precollect(1);
    set_first_stack_bottom();
    GC_INIT();
    GC_register_displacement(4); /* the tag of List cells */
    GC_set_start_callback(collection_starts);
    GC_set_on_collection_event(collection_event);
    GC_expand_hp(FIRST_HEAP);
    GC_set_on_heap_resize(heap_resized);
    heap.other_roots = GC_get_push_other_roots();
    GC_set_push_other_roots(push_roots);
    struct GC_stack_base base;
    heap.thread = GC_get_my_stackbottom(&base);
    heap.stack_base = base.mem_base;
}

#ifdef MEM_STRESS
static void stress(void) {
    static long interval, count;
    if (interval == 0) {
        const char *text = getenv("CARAPACE_STRESS");
        interval = text ? strtol(text, NULL, 10) : 0;
        if (interval < 1) interval = 500;
    }
    if (++count % interval == 0) GC_gcollect();
}
#endif

/* One block of a kind; a small one comes with a list of its fellows. NULL when there is no memory. */
static void *allocate(size_t size, int kind, void **lists) {
    if (heap.want_marker) start_marker();
#ifdef MEM_STRESS
    (void)lists;
    stress();
#else
    if (size <= MEM_SMALL) {
        size_t index = size == 0 ? 1 : (size + MEM_GRANULE - 1) / MEM_GRANULE;
        void *block;
        GC_generic_malloc_many(index * MEM_GRANULE, kind, &block);
        if (block == NULL) return NULL;
        lists[index] = *(void **)block; /* only now: a collection within the call has emptied the lists */
        *(void **)block = NULL;
        return block;
    }
#endif
    /* Not GC_malloc_ignore_off_page: a compiled loop over a large block may keep nothing but a pointer into its middle.
     */
    void *block = kind == GC_I_PTRFREE ? GC_malloc_atomic(size) : GC_malloc(size);
#ifdef MEM_STRESS
    if (block && kind == GC_I_PTRFREE) memset(block, 0xA5, size);
#endif
    return block;
}

void *mem_alloc_slow(size_t size) {
    void *block = allocate(size, GC_I_NORMAL, mem_lists.scanned);
    if (block == NULL) exhausted();
    return block;
}

void *mem_alloc_atomic_slow(size_t size) {
    void *block = allocate(size, GC_I_PTRFREE, mem_lists.atomic);
    if (block == NULL) exhausted();
    return block;
}

/* Whether the limit admits size more bytes. A collection is worth its price for a size that matters, or after enough
 * garbage. */
static bool admitted(size_t size) {
    if (size <= FREELY_GRANTED) return true;
    size_t limit = mem_limit();
    if (size > limit) return false;
    if (used_bytes() <= limit - size) return true;
    if (size < limit / 16 && GC_get_bytes_since_gc() < limit / 32) return !mem_lists.pressure;
    GC_gcollect();
    return used_bytes() <= limit - size;
}

static void *try_allocate(size_t size, int kind, void **lists) {
    if (!admitted(size)) return NULL;
#ifndef MEM_STRESS
    if (size <=
        MEM_SMALL) { /* from the list, as others do: a new batch each time would throw the rest of the old away */
        void **list = &lists[(size + MEM_GRANULE - 1) / MEM_GRANULE], *ready = *list;
        if (ready != NULL) {
            *list = *(void **)ready;
            if (kind != GC_I_PTRFREE) *(void **)ready = NULL;
            return ready;
        }
    }
#endif
    heap.trying = true;
    void *block = allocate(size, kind, lists);
    heap.trying = false;
    return block;
}

void *mem_try_alloc(size_t size) { return try_allocate(size, GC_I_NORMAL, mem_lists.scanned); }

void *mem_try_alloc_atomic(size_t size) { return try_allocate(size, GC_I_PTRFREE, mem_lists.atomic); }

/* Moves a pointer-free block into `room`, which has size bytes. */
static void *move_atomic(void *block, void *room, size_t size) {
    size_t held = GC_size(block);
    memcpy(room, block, held < size ? held : size);
    if (held >= LARGE) GC_free(block);
    return room;
}

/* Room enough, and not a large block for a small rest. */
static bool may_stay(void *block, size_t size) {
    size_t held = GC_size(block);
    return size <= held && (held < LARGE || size >= held / 2);
}

void *mem_realloc_atomic(void *block, size_t size) {
    if (block == NULL) return mem_alloc_atomic(size);
    if (may_stay(block, size)) return block;
    return move_atomic(block, mem_alloc_atomic(size), size);
}

void *mem_try_realloc_atomic(void *block, size_t size) {
    if (block == NULL) return mem_try_alloc_atomic(size);
    if (may_stay(block, size)) return block;
    void *room = mem_try_alloc_atomic(size);
    return room ? move_atomic(block, room, size) : NULL;
}

void *mem_alloc_uncollectable(size_t size) {
    void *block = GC_malloc_uncollectable(size);
    if (block == NULL) exhausted();
    return block;
}

void mem_free_uncollectable(void *block) { GC_free(block); }

void mem_add_roots(void *low, void *high) { GC_add_roots(low, high); }

void mem_on_push_roots(void (*callback)(void)) {
    if (heap.pusher_count == MOST_PUSHERS) abort();
    heap.pushers[heap.pusher_count++] = callback;
}

/* Eager: GC_push_all would take a place on the mark stack for each range, and the program dies when thousands fill it.
 */
void mem_push_range(void *low, void *high) {
    if ((char *)low < (char *)high) GC_push_all_eager(low, high);
}

void mem_finalizer(void *object, void (*fn)(void *object, void *data), void *data) {
    GC_register_finalizer_no_order(object, fn, data, NULL, NULL);
}

int mem_run_finalizers(void) { return GC_should_invoke_finalizers() ? GC_invoke_finalizers() : 0; }

bool mem_finalizers_due(void) { return GC_should_invoke_finalizers() != 0; }

void mem_weak_link(void **link, void *object) {
    if (GC_general_register_disappearing_link(link, object) == GC_NO_MEMORY) exhausted();
}

void mem_weak_unlink(void **link) { GC_unregister_disappearing_link(link); }

void mem_collect(void) { GC_gcollect(); }

size_t mem_heap_size(void) { return GC_get_heap_size(); }

size_t mem_used(void) { return used_bytes(); }

size_t mem_collections(void) { return GC_get_gc_no(); }

bool mem_collecting(void) { return heap.collecting; }

void mem_set_limit(size_t bytes) { take_limit(bytes == 0 ? system_limit() : bytes); }

size_t mem_limit(void) {
    if (heap.limit == 0) take_limit(system_limit());
    return heap.limit;
}

void *mem_stack_base(void) { return heap.stack_base; }

static void *set_stack_bottom(void *high) {
    struct GC_stack_base base = {.mem_base = high};
    GC_set_stackbottom(heap.thread, &base);
    return NULL;
}

void mem_stack_switch(void *high) { GC_call_with_alloc_lock(set_stack_bottom, high); }

#else
/* ------------------------------------------------------------------ plain malloc, for AddressSanitizer: nothing is
 * ever freed */

static struct {
    bool ready;
    size_t limit, used;
    void *stack_base;
} heap;

/* Everything here leaks on purpose, and what is too large must be answered with NULL. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "detect_leaks=0:allocator_may_return_null=1"; }

void mem_init(void) {
    if (heap.ready) return;
    heap.ready = true;
    heap.stack_base = __builtin_frame_address(0);
}

static void *counted(void *block, size_t size) {
    if (block == NULL) exhausted();
    heap.used += size;
    return block;
}

void *mem_alloc_slow(size_t size) { return counted(calloc(1, size ? size : 1), size); }

void *mem_alloc_atomic_slow(size_t size) { return counted(malloc(size ? size : 1), size); }

/* Garbage cannot be told from live data here, so a block is measured against the whole limit. */
void *mem_try_alloc(size_t size) { return size > mem_limit() ? NULL : mem_alloc_slow(size); }

void *mem_try_alloc_atomic(size_t size) { return size > mem_limit() ? NULL : mem_alloc_atomic_slow(size); }

void *mem_realloc_atomic(void *block, size_t size) { return counted(realloc(block, size ? size : 1), size); }

void *mem_try_realloc_atomic(void *block, size_t size) {
    return size > mem_limit() ? NULL : mem_realloc_atomic(block, size);
}

void *mem_alloc_uncollectable(size_t size) { return counted(calloc(1, size ? size : 1), size); }

void mem_free_uncollectable(void *block) { free(block); }

void mem_add_roots(void *low, void *high) { (void)low, (void)high; }

void mem_on_push_roots(void (*callback)(void)) { (void)callback; }

void mem_push_range(void *low, void *high) { (void)low, (void)high; }

void mem_finalizer(void *object, void (*fn)(void *object, void *data), void *data) {
    (void)object, (void)fn, (void)data;
}

int mem_run_finalizers(void) { return 0; }

bool mem_finalizers_due(void) { return false; }

void mem_weak_link(void **link, void *object) { (void)link, (void)object; }

void mem_weak_unlink(void **link) { (void)link; }

void mem_collect(void) {}

size_t mem_heap_size(void) { return heap.used; }

size_t mem_used(void) { return heap.used; }

size_t mem_collections(void) { return 0; }

bool mem_collecting(void) { return false; }

void mem_set_limit(size_t bytes) {
    heap.limit = bytes == 0 ? system_limit() : bytes;
    if (heap.limit < LEAST_LIMIT) heap.limit = LEAST_LIMIT;
}

size_t mem_limit(void) {
    if (heap.limit == 0) mem_set_limit(0);
    return heap.limit;
}

void *mem_stack_base(void) { return heap.stack_base; }

void mem_stack_switch(void *high) { (void)high; }

#endif
/* ------------------------------------------------------------------ the default limit */

/* Reads a small file into text, NUL-terminated; false when it cannot be read. */
static bool read_file(const char *path, char *text, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    ssize_t got = read(fd, text, room - 1);
    close(fd);
    if (got <= 0) return false;
    text[got] = '\0';
    return true;
}

static void lower_to_file(size_t *limit, const char *path) {
    char text[64];
    if (!read_file(path, text, sizeof text) || text[0] < '0' || text[0] > '9') return; /* "max": no limit */
    unsigned long long bytes = strtoull(text, NULL, 10);
    if (bytes > 0 && bytes < *limit) *limit = (size_t)bytes;
}

/* The limits of the control group and all those above it: cgroup v2, then the memory controller of v1. */
static void lower_to_cgroups(size_t *limit) {
    char groups[4096], path[1024];
    if (!read_file("/proc/self/cgroup", groups, sizeof groups)) groups[0] = '\0';
    char *next = groups;
    for (char *line; (line = strsep(&next, "\n")) != NULL;) { /* hierarchy:controllers:/path */
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (group == NULL) continue;
        *group++ = '\0';
        bool second = controllers[1] == '\0';
        if (!second && strcmp(controllers + 1, "memory") != 0) continue;
        for (;;) {
            int length =
                snprintf(path, sizeof path, "/sys/fs/cgroup%s%s/%s", second ? "" : "/memory",
                         strcmp(group, "/") == 0 ? "" : group, second ? "memory.max" : "memory.limit_in_bytes");
            if (length > 0 && (size_t)length < sizeof path) lower_to_file(limit, path);
            char *slash = strrchr(group, '/');
            if (slash == NULL || group[0] == '\0') break;
            *slash = '\0';
        }
    }
}

/* 75 % of what this process may have, in bytes. */
static size_t system_limit(void) {
    size_t limit = SIZE_MAX;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0) limit = (size_t)pages * (size_t)page;
    lower_to_cgroups(&limit);
    struct rlimit resource;
    if (getrlimit(RLIMIT_AS, &resource) == 0 && resource.rlim_cur != RLIM_INFINITY && resource.rlim_cur < limit)
        limit = (size_t)resource.rlim_cur;
    return limit / 4 * 3;
}
