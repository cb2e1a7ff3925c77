/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * allocate.c: the collected heap as carapace.h offers it to modules, which do not see base.
 */
#include "interp/data/context.h"
#include "interp/base/memory.h"

void *cp_alloc(size_t size) { return mem_alloc(size); }

void *cp_alloc_atomic(size_t size) { return mem_alloc_atomic(size); }

static void *no_memory(cp_context *cp, size_t size) {
    cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory: %zu bytes were asked for", size);
    return NULL;
}

void *cp_try_alloc(cp_context *cp, size_t size) {
    void *block = mem_try_alloc(size);
    return CP_LIKELY(block != NULL) ? block : no_memory(cp, size);
}

void *cp_try_alloc_atomic(cp_context *cp, size_t size) {
    void *block = mem_try_alloc_atomic(size);
    return CP_LIKELY(block != NULL) ? block : no_memory(cp, size);
}
