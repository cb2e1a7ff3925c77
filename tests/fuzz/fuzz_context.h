/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz_context.h: a context for each few inputs of a fuzzer. Fuzzers are built with a heap that never frees
 * (MEM_PLAIN), so what was allocated since a context was made is noted here and freed with it.
 */
#ifndef FUZZ_CONTEXT_H
#define FUZZ_CONTEXT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <sanitizer/allocator_interface.h>

#include "interp/builtin/builtin.h"
#include "interp/base/fiber.h"
#include "interp/base/memory.h"
#include "interp/data/error.h"
#include "interp/lang/compile.h"
#include "interp/lang/reader.h"
#include "interp/run/core_functions.h"

enum { BLOCK_SLOTS = 1 << 22, INPUTS_PER_CONTEXT = 50 };

static struct {
    const volatile void **slots; /* open addressing; a freed block leaves GONE */
    size_t count;
    int recording;
} blocks;
#define GONE ((const volatile void *)1)

static void note_block(const volatile void *block, size_t size) {
    (void)size;
    if (!blocks.recording || blocks.count * 2 > BLOCK_SLOTS) return;
    size_t slot = ((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15ull >> 42;
    while (blocks.slots[slot] > GONE) slot = (slot + 1) % BLOCK_SLOTS;
    blocks.slots[slot] = block;
    blocks.count++;
}

static void forget_block(const volatile void *block) {
    if (!blocks.recording || !block) return;
    size_t slot = ((uintptr_t)block >> 4) * 0x9E3779B97F4A7C15ull >> 42;
    for (; blocks.slots[slot]; slot = (slot + 1) % BLOCK_SLOTS)
        if (blocks.slots[slot] == block) {
            blocks.slots[slot] = GONE;
            return;
        }
}

static cp_context *make_context(void) {
    cp_context *cp = builtin_context();
    language_init(cp);
    cp_define_functions(cp, core_functions);
    return cp;
}

/* The context for the next input. Between inputs the fuzzer allocates for itself: fuzz_pause. */
static void fuzz_pause(void) { blocks.recording = 0; }
static cp_context *fuzz_context(void) {
    static cp_context *cp;
    static int uses;
    if (!blocks.slots) {
        mem_init();
        fiber_system_init();
        blocks.slots =
            mmap(NULL, BLOCK_SLOTS * sizeof *blocks.slots, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (blocks.slots == MAP_FAILED || !__sanitizer_install_malloc_and_free_hooks(note_block, forget_block)) abort();
        make_context(); /* what the libraries keep for themselves is allocated now, unnoted */
    }
    if (cp && ++uses < INPUTS_PER_CONTEXT && blocks.count < BLOCK_SLOTS / 8) {
        blocks.recording = 1;
        return cp;
    }
    for (size_t i = 0; blocks.count && i < BLOCK_SLOTS; i++)
        if (blocks.slots[i] > GONE) free((void *)blocks.slots[i]);
    if (blocks.count) madvise(blocks.slots, BLOCK_SLOTS * sizeof *blocks.slots, MADV_DONTNEED);
    blocks.count = 0;
    uses = 0;
    blocks.recording = 1;
    return cp = make_context();
}

#endif
