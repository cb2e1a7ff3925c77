/* SPDX-License-Identifier: GPL-3.0-or-later */
/* callback.c: closures of libffi that run Carapace Functions, and the class Callback. */
#include "modules/ffi/callback.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "modules/ffi/c_call.h"
#include "modules/ffi/c_library.h"
#include "modules/ffi/ffi_state.h"

enum { MOST_CALLBACKS = 65536 };

/* In malloc'd memory, where C finds it: no values, only the pin. */
struct closure {
    ffi_closure *writable;
    void *code;
    cp_context *cp;
    struct ffi_state *state; /* lives as long as the context */
    uint32_t pin;
    unsigned running; /* calls that are under way */
    bool doomed;      /* to be freed when none is */
    pthread_t os_thread;
};

bool callback_is(cp_context *cp, cp_value v) { return cp_has_class(v, cp_class_number(ffi_state(cp)->callback)); }

/* ---- being called ---- */

/* The call of this thread that is in C now and may be calling back; NULL when a script runs, or nobody called C. */
static struct c_frame *frame_in_c(struct closure *closure) {
    cp_value thread = cp_current_thread(closure->cp);
    for (struct c_frame *frame = closure->state->frames; frame; frame = frame->next)
        if (frame->thread == thread) return frame->in_c ? frame : NULL;
    return NULL;
}

/* The whole word that libffi takes a small Integer from. */
static void widen(const struct c_type *type, void *result) {
    ffi_sarg word;
    switch (type->kind) {
    case C_BOOL: word = *(bool *)result; break;
    case C_CHAR: word = *(char *)result; break;
    case C_INT8: word = *(int8_t *)result; break;
    case C_UINT8: word = *(uint8_t *)result; break;
    case C_INT16: word = *(int16_t *)result; break;
    case C_UINT16: word = *(uint16_t *)result; break;
    case C_INT32: word = *(int32_t *)result; break;
    case C_UINT32: word = *(uint32_t *)result; break;
    default: return;
    }
    memcpy(result, &word, sizeof word);
}

/* Structs that came by value are C's again when the Callback has returned: the script gets a copy. */
static cp_value load_argument(cp_context *cp, const struct c_type *type, void *memory) {
    if (!c_type_is_aggregate(type)) return c_load(cp, type, memory, NULL);
    struct c_block *block = c_block_new(cp, type->size);
    if (!block) return CP_THROWN;
    memcpy(block->data, memory, type->size);
    return c_struct(cp, type, block->data, block);
}

static cp_value run(cp_context *cp, struct callback *callback, void *result, void **memory) {
    const struct c_type *type = callback->type;
    cp_value arguments[C_MOST_PARAMETERS];
    for (uint32_t i = 0; i < type->parameter_count; i++) {
        arguments[i] = load_argument(cp, type->parameters[i], memory[i]);
        if (arguments[i] == CP_THROWN) return CP_THROWN;
    }
    cp_value value = cp_call(cp, callback->function, arguments, (int)type->parameter_count);
    if (value == CP_THROWN || type->target->kind == C_VOID) return value;
    struct c_subject subject = {NULL, C_SUBJECT_RESULT, "the Callback", 0};
    if (!c_store(cp, &subject, type->target, value, result, NULL)) {
        memset(result, 0, type->target->size > sizeof(ffi_arg) ? type->target->size : sizeof(ffi_arg));
        return CP_THROWN;
    }
    widen(type->target, result);
    return CP_NIL;
}

static void closure_free(struct closure *closure) {
    ffi_closure_free(closure->writable);
    free(closure);
}

/* What every closure of libffi calls. Before the thread is known to be the interpreter's, nothing of it is touched. */
static void called(ffi_cif *cif, void *result, void **memory, void *data) {
    struct closure *closure = data;
    if (cif->rtype->type != FFI_TYPE_VOID)
        memset(result, 0, cif->rtype->size > sizeof(ffi_arg) ? cif->rtype->size : sizeof(ffi_arg));
    if (!pthread_equal(pthread_self(), closure->os_thread) || closure->state->ended) {
        closure->state->refused = 1;
        return;
    }
    cp_context *cp = closure->cp;
    struct c_frame *frame = frame_in_c(closure);
    if (!frame || closure->doomed) {
        closure->state->refused = 1;
        return;
    }
    if (frame->error != CP_NIL) return; /* C goes on calling after an Error: nothing more is run */
    int number = errno;
    frame->in_c = false;
    closure->running++;
    cp_value callback = cp_pinned(cp, closure->pin);
    if (run(cp, callback_of(callback), result, memory) == CP_THROWN) frame->error = cp_take_error(cp);
    closure->running--;
    if (closure->doomed && closure->running == 0) closure_free(closure);
    frame->in_c = true;
    errno = number;
}

/* ---- making and closing ---- */

static int end(cp_context *cp) {
    ffi_state(cp)->ended = true;
    return 0;
}

struct callback *callback_new(cp_context *cp, const struct c_type *type, cp_value function) {
    struct ffi_state *state = ffi_state(cp);
    if (type->variadic) {
        cp_throw(cp, CP_ERROR_FFI, FFI_NOT_SUPPORTED, "a Callback cannot have variable arguments: %s",
                 c_type_text(cp, type));
        return NULL;
    }
    ffi_cif *cif = c_type_cif(cp, type);
    if (!cif) return NULL;
    if (state->callbacks == MOST_CALLBACKS) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "more than %d Callbacks: close those that C no longer calls",
                 MOST_CALLBACKS);
        return NULL;
    }
    if (!state->end_is_noticed) {
        cp_at_end(cp, end);
        state->end_is_noticed = true;
    }
    struct closure *closure = calloc(1, sizeof *closure);
    void *code = NULL;
    ffi_closure *writable = closure ? ffi_closure_alloc(sizeof(ffi_closure), &code) : NULL;
    if (!writable || ffi_prep_closure_loc(writable, cif, called, closure, code) != FFI_OK) {
        if (writable) ffi_closure_free(writable);
        free(closure);
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "no memory for a Callback that C can call");
        return NULL;
    }
    struct callback *callback = (struct callback *)cp_new(cp, state->callback);
    callback->function = function;
    callback->type = type;
    callback->closure = closure;
    *closure =
        (struct closure){.writable = writable, .code = code, .cp = cp, .state = state, .os_thread = pthread_self()};
    closure->pin = cp_pin(cp, cp_from_object(callback));
    state->callbacks++;
    return callback;
}

void callback_close(cp_context *cp, struct callback *callback) {
    struct closure *closure = callback->closure;
    if (!closure) return;
    callback->closure = NULL;
    if (callback->library != CP_NIL) c_library_lose(callback);
    ffi_state(cp)->callbacks--;
    cp_unpin(cp, closure->pin);
    closure->doomed = true;
    if (closure->running == 0) closure_free(closure);
}

void *callback_address(cp_context *cp, cp_value v) {
    if (callback_of(v)->closure) return callback_of(v)->closure->code;
    cp_throw(cp, CP_ERROR_FFI, FFI_CLOSED, "the Callback is closed: C must not call it any more");
    return NULL;
}

/* ---- the class ---- */

static cp_value get_function(cp_context *cp, cp_value self) { return (void)cp, callback_of(self)->function; }
static cp_value get_type(cp_context *cp, cp_value self) {
    return cp_string_z(cp, c_type_text(cp, callback_of(self)->type));
}
static cp_value get_is_open(cp_context *cp, cp_value self) { return c_truth(cp, callback_of(self)->closure != NULL); }

static cp_value m_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    callback_close(cp, callback_of(self));
    return CP_NIL;
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return cp_string_format(cp, "%s%s", c_type_text(cp, callback_of(self)->type),
                            callback_of(self)->closure ? "" : " closed");
}

static const cp_property_def properties[] = {
    {"function", "Function", CP_READ_ONLY, NULL, get_function, NULL, "What is called."},
    {"type", "String", CP_READ_ONLY, NULL, get_type, NULL, "Its type as C writes it."},
    {"isOpen", "Symbol", CP_READ_ONLY, NULL, get_is_open, NULL, "true until it is closed, then ()."},
    {0},
};

static const cp_method_def methods[] = {
    {"close", "NIL", "()", m_close,
     "Gives its memory back. C must not call it any more: that would end the program. Twice does no harm; `with` "
     "does it."},
    {"string", "String", "()", m_string, "Its type."},
    {0},
};

const cp_class_def callback_class = {
    .name = "Callback",
    .doc = "A Function that C can call, also after the call that it was passed to. It lives until it or its Library is "
           "closed, even when no variable refers to it. A library can call it only from within a C function that a "
           "script has called: from another OS thread, a signal or at the end of the program it gives 0, and the "
           "next call throws 19.6. Made by a Library's `callback`.",
    .size = sizeof(struct callback),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
