/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c_call.c: calls C functions, and the class CFunction.
 *
 * Everything that C is given lies in struct call, on the caller's C stack, where the collector looks; so nothing that
 * an argument refers to is lost during the call, also when a Callback collects.
 */
#include "modules/ffi/c_call.h"

#include <errno.h>

#include "modules/ffi/c_library.h"
#include "modules/ffi/callback.h"
#include "modules/ffi/ffi_state.h"

/* C code does not ask whether its stack has an end: what must be left of a thread's 256 KB. */
enum { STACK_FOR_C = 96 << 10 };

/* What is copied back when the function has returned. */
struct copy_back {
    struct copy_back *next;
    cp_value sequence; /* List, Array or Buffer */
    const struct c_type *item;
    unsigned char *memory;
    struct c_block *block;
    size_t count;
};

union slot {
    uint64_t integer;
    double real;
    void *pointer;
    unsigned char bytes[8];
};

struct call {
    cp_context *cp;
    struct c_function *function;
    struct c_frame frame;
    bool worker;
    unsigned count;
    const cp_value *arguments;
    struct copy_back *copies;
    struct callback *callbacks; /* made for this call alone, linked by next */
    struct c_block *rememberer; /* memory of pointers that the function may store its arguments' addresses in */
    ffi_cif *cif;
    void *result;
    int error_number;
    union slot slots[C_MOST_PARAMETERS];
    void *values[C_MOST_PARAMETERS]; /* where each argument lies */
    void *kept[C_MOST_PARAMETERS];   /* blocks made for arguments */
};

bool c_is_function(cp_context *cp, cp_value v) { return cp_has_class(v, cp_class_number(ffi_state(cp)->function)); }

cp_value c_function_new(cp_context *cp, const struct c_type *type, const char *name, void *address, cp_value library) {
    struct ffi_state *state = ffi_state(cp);
    cp_value v = cp_new(cp, state->function);
    struct c_function *function = c_function_of(v);
    function->type = type;
    function->name = name;
    function->address = address;
    function->library = library;
    function->state = state;
    return v;
}

static const char *title(const struct c_function *function) {
    return *function->name ? function->name : "the C function";
}

/* ---- pointer arguments ---- */

static bool is_sequence(cp_value v) { return cp_is_cell(v) || cp_has_class(v, CP_CLASS_ARRAY); }

/* A List or Array goes as an array of C's; what the function changes there is copied back. */
static bool pass_sequence(struct call *call, unsigned i, const struct c_subject *subject, const struct c_type *type,
                          cp_value value) {
    cp_context *cp = call->cp;
    size_t count = cp_is_cell(value) ? cp_list_length(value) : 0;
    if (!cp_is_cell(value)) cp_array_items(value, &count);
    if (type->count && count != type->count) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s must have %zu items, got %zu", c_subject_text(cp, subject),
                 type->count, count);
        return false;
    }
    if (count > C_MOST_SIZE / type->target->size) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s has too many items: %zu", c_subject_text(cp, subject),
                 count);
        return false;
    }
    struct c_block *block = c_block_new(cp, count * type->target->size);
    if (!block) return false;
    call->kept[i] = block;
    if (count) {
        const struct c_type *array = c_type_array(cp, type->target, type->target_const, count);
        if (!array || !c_store(cp, subject, array, value, block->data, block)) return false;
    }
    call->slots[i].pointer = block->data;
    if (type->target_const) return true;
    struct copy_back *copy = cp_alloc(sizeof *copy);
    *copy = (struct copy_back){call->copies, value, type->target, block->data, block, count};
    call->copies = copy;
    return true;
}

static bool pass_struct_copy(struct call *call, unsigned i, const struct c_subject *subject, const struct c_type *type,
                             cp_value value) {
    struct c_block *block = c_block_new(call->cp, type->size);
    if (!block) return false;
    call->kept[i] = block;
    call->values[i] = block->data;
    return c_store(call->cp, subject, type, value, block->data, block);
}

static bool too_small(struct call *call, const struct c_subject *subject, const struct c_type *type, size_t size) {
    cp_throw(call->cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s has %zu bytes; %zu items of C's %s are needed",
             c_subject_text(call->cp, subject), size, type->count, c_type_text(call->cp, type->target));
    return false;
}

/* Text goes as it is where it ends in a NUL and the function says it will not write; else as a copy. */
static bool pass_string(struct call *call, unsigned i, const struct c_subject *subject, const struct c_type *type,
                        cp_value value) {
    cp_context *cp = call->cp;
    size_t size = cp_string_size(value);
    if (!c_check_text(cp, subject, value)) return false;
    if (type->target->size && type->count > size + 1) return too_small(call, subject, type, size + 1);
    if (type->target_const && cp_text_z(cp, value) == cp_string_text(value)) {
        call->slots[i].pointer = (void *)cp_string_text(value);
        return true;
    }
    char *copy = cp_try_alloc_atomic(cp, size + 1);
    if (!copy) return false;
    memcpy(copy, cp_string_text(value), size);
    copy[size] = 0;
    call->slots[i].pointer = copy;
    return true;
}

/* A Binary goes as it is. A Buffer moves when it grows, which a Callback may have it do: it goes as a copy. */
static bool pass_bytes(struct call *call, unsigned i, const struct c_subject *subject, const struct c_type *type,
                       cp_value value) {
    const char *bytes;
    size_t size;
    cp_bytes_of(value, &bytes, &size);
    if (type->count && size / (type->target->size ? type->target->size : 1) < type->count)
        return too_small(call, subject, type, size);
    if (cp_is_binary(value)) {
        call->slots[i].pointer = cp_binary_of(value)->data;
        return true;
    }
    struct c_block *block = c_block_new(call->cp, size);
    if (!block) return false;
    call->kept[i] = block;
    if (size) memcpy(block->data, bytes, size);
    call->slots[i].pointer = block->data;
    if (type->target_const) return true;
    struct copy_back *copy = cp_alloc(sizeof *copy);
    *copy = (struct copy_back){call->copies, value, NULL, block->data, block, size};
    call->copies = copy;
    return true;
}

static bool pass_function(struct call *call, unsigned i, const struct c_type *type, cp_value value) {
    struct callback *callback = callback_new(call->cp, type->target, value);
    if (!callback) return false;
    callback->next = call->callbacks;
    call->callbacks = callback;
    call->slots[i].pointer = callback_address(call->cp, cp_from_object(callback));
    return true;
}

static bool no_worker(struct call *call) {
    cp_throw(call->cp, CP_ERROR_FFI, FFI_CALLBACK, "%s cannot be called on a worker with a Callback: it runs a script",
             title(call->function));
    return false;
}

static bool pass_pointer(struct call *call, unsigned i, const struct c_subject *subject, const struct c_type *type,
                         cp_value value) {
    cp_context *cp = call->cp;
    const struct c_type *target = type->target;
    call->slots[i].pointer = NULL;
    if (value == CP_NIL) return true;
    bool is_function = cp_is_function(value) && target->kind == C_FUNCTION;
    if (call->worker && (is_function || callback_is(cp, value))) return no_worker(call);
    if (is_function) return pass_function(call, i, type, value);
    int found = c_address(cp, subject, type, value, &call->slots[i].pointer);
    if (found < 0) return false;
    if (found) {
        if (target->kind == C_POINTER && !type->target_const && !c_is_function(cp, value) && !callback_is(cp, value))
            call->rememberer = place_block(place_of(value));
        return true;
    }
    bool is_bytes = target->kind == C_VOID || (target->size == 1 && target->kind != C_BOOL);
    if (cp_is_string(value) && is_bytes) return pass_string(call, i, subject, type, value);
    if ((cp_is_binary(value) || cp_is_buffer(value)) && target->kind != C_POINTER && target->kind != C_FUNCTION)
        return pass_bytes(call, i, subject, type, value);
    if (is_sequence(value) && target->size) return pass_sequence(call, i, subject, type, value);
    if (cp_has_class(value, CP_CLASS_HASH_TABLE) && c_type_is_aggregate(target) && target->size) {
        if (!pass_struct_copy(call, i, subject, target, value)) return false;
        call->values[i] = &call->slots[i];
        call->slots[i].pointer = ((struct c_block *)call->kept[i])->data;
        return true;
    }
    const char *wanted = target->kind == C_FUNCTION    ? "a Function, a Callback, a CFunction or ()"
                         : is_bytes                    ? "a String, Binary, Buffer, Pointer or ()"
                         : c_type_is_aggregate(target) ? "a Struct, Pointer, HashTable or ()"
                                                       : "a List, Array, Pointer, Binary or ()";
    const char *expected = cp_text_z(cp, cp_string_format(cp, "%s for C's %s", wanted, c_type_text(cp, type)));
    cp_throw_type(cp, c_subject_text(cp, subject), expected, value);
    return false;
}

static bool pass(struct call *call, unsigned i, const struct c_type *type, cp_value value) {
    struct c_subject subject = {NULL, C_SUBJECT_ARGUMENT, title(call->function), i};
    call->values[i] = &call->slots[i];
    if (type->kind == C_POINTER) return pass_pointer(call, i, &subject, type, value);
    if (!c_type_is_aggregate(type)) return c_store(call->cp, &subject, type, value, call->slots[i].bytes, NULL);
    if (!c_is_struct(call->cp, value) || place_of(value)->type != type)
        return pass_struct_copy(call, i, &subject, type, value);
    call->values[i] = place_of(value)->address; /* C gets a copy of its own */
    return true;
}

/* ---- variable arguments ---- */

/* C promotes them: bool and Integers to int or wider, float to double. All Integers go with 64 bits, which C's calling
   conventions on x86-64 and arm64 let the function read as an int, a long or a size_t. */
static ffi_type *pass_variable(struct call *call, unsigned i, cp_value value) {
    struct c_subject subject = {NULL, C_SUBJECT_ARGUMENT, title(call->function), i};
    cp_context *cp = call->cp;
    static const struct c_type bytes = {.kind = C_POINTER, .target = &c_type_void};
    static const struct c_type text = {.kind = C_POINTER, .target = &c_type_char, .target_const = true};
    call->values[i] = &call->slots[i];
    if (cp_is_integer(value)) {
        int64_t n;
        if (cp_to_int64(value, &n)) call->slots[i].integer = (uint64_t)n;
        else if (!cp_to_uint64(value, &call->slots[i].integer)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s does not fit 64 bits", c_subject_text(cp, &subject));
            return NULL;
        }
        return &ffi_type_sint64;
    }
    if (cp_is_real(value)) {
        call->slots[i].real = cp_real_value(value);
        return &ffi_type_double;
    }
    if (value == cp_symbol_z(cp, "true")) {
        call->slots[i].integer = 1;
        return &ffi_type_sint64;
    }
    if (c_is_struct(cp, value)) {
        call->values[i] = place_of(value)->address;
        return c_type_ffi(cp, place_of(value)->type);
    }
    if (cp_is_function(value) || is_sequence(value)) {
        cp_throw_type(cp, c_subject_text(cp, &subject),
                      "an Integer, Real, String, Binary, Buffer, Pointer, Struct, Callback or () where C's type is not "
                      "declared",
                      value);
        return NULL;
    }
    return pass_pointer(call, i, &subject, cp_is_string(value) ? &text : &bytes, value) ? &ffi_type_pointer : NULL;
}

/* How the function is called with these arguments; NULL after a throw. */
static ffi_cif *prepare_variable(struct call *call, ffi_cif *cif, ffi_type **types) {
    const struct c_type *type = call->function->type;
    ffi_type *result = c_type_ffi(call->cp, type->target);
    for (uint32_t i = 0; i < type->parameter_count; i++)
        if (!(types[i] = c_type_ffi(call->cp, type->parameters[i]))) return NULL;
    if (!result) return NULL;
    if (ffi_prep_cif_var(cif, FFI_DEFAULT_ABI, type->parameter_count, call->count, result, types) == FFI_OK) return cif;
    cp_throw(call->cp, CP_ERROR_FFI, FFI_NOT_SUPPORTED, "libffi cannot call %s with these arguments",
             title(call->function));
    return NULL;
}

/* ---- after the call ---- */

/* CP_NIL, or CP_THROWN. A List or Array that a Callback has shortened takes what it has room for. */
static cp_value copy_back(cp_context *cp, const struct copy_back *copy) {
    const char *bytes;
    size_t size;
    if (!copy->item) { /* a Buffer */
        cp_bytes_of(copy->sequence, &bytes, &size);
        memcpy((char *)bytes, copy->memory, size < copy->count ? size : copy->count);
        return CP_NIL;
    }
    cp_value list = copy->sequence;
    for (size_t i = 0; i < copy->count; i++) {
        cp_value value = c_load(cp, copy->item, copy->memory + i * copy->item->size, copy->block);
        if (value == CP_THROWN) return value;
        if (!cp_is_cell(copy->sequence)) {
            cp_value *items = cp_array_items(copy->sequence, &size);
            if (i < size) items[i] = value;
            continue;
        }
        if (!cp_is_cell(list)) break;
        cp_cell_of(list)->head = value;
        list = cp_tail(list);
    }
    return CP_NIL;
}

/* The arguments live as long as memory in which C may have put their addresses: the end that strtol stores. */
static void remember(struct call *call) {
    const void **all = cp_alloc(3 * (size_t)call->count * sizeof *all);
    for (unsigned i = 0; i < call->count; i++) {
        all[3 * i] = call->kept[i];
        all[3 * i + 1] = call->slots[i].pointer;
        all[3 * i + 2] = cp_is_object(call->arguments[i]) ? (void *)call->arguments[i] : NULL;
    }
    call->rememberer->of_last_call = all;
}

/* The memory of an argument in which an address lies, so that a Pointer into it keeps it alive; or NULL. */
static struct c_block *block_around(struct call *call, const unsigned char *address) {
    cp_context *cp = call->cp;
    for (unsigned i = 0; i < call->count; i++) {
        cp_value argument = call->arguments[i];
        struct c_block *block = call->kept[i];
        const char *bytes;
        size_t size;
        if (!block && cp_is_object(argument)) {
            if (c_is_pointer(cp, argument) || c_is_struct(cp, argument)) block = place_of(argument)->block;
            else if ((cp_is_binary(argument) || cp_is_string(argument)) && cp_bytes_of(argument, &bytes, &size)) {
                block = cp_alloc(sizeof *block);
                *block = (struct c_block){.data = call->slots[i].pointer,
                                          .size = size,
                                          .owner = argument,
                                          .of_last_call = call->slots[i].pointer};
            }
        }
        if (block && block->data && c_block_has(block, address, 0)) return block;
    }
    return NULL;
}

static cp_value load_result(struct call *call, struct c_block *block) {
    cp_context *cp = call->cp;
    const struct c_type *type = call->function->type->target;
    if (c_type_is_aggregate(type)) return c_struct(cp, type, block->data, block);
    if (c_type_is_integer(type) || type->kind == C_BOOL) {
        /* libffi widens: the value is in the low bytes of a word. */
        uint64_t word = *(ffi_arg *)call->result;
        uint32_t low = (uint32_t)word;
        uint16_t lower = (uint16_t)word;
        uint8_t lowest = (uint8_t)word;
        void *memory = type->size == 8   ? (void *)&word
                       : type->size == 4 ? (void *)&low
                       : type->size == 2 ? (void *)&lower
                                         : (void *)&lowest;
        return c_load(cp, type, memory, NULL);
    }
    cp_value value = c_load(cp, type, call->result, NULL);
    if (value != CP_THROWN && type->kind == C_POINTER && c_is_pointer(cp, value))
        place_of(value)->block = block_around(call, place_of(value)->address);
    return value;
}

/* ---- the call ---- */

static void enter(struct ffi_state *state, struct c_frame *frame) {
    frame->next = state->frames;
    if (frame->next) frame->next->previous = frame;
    state->frames = frame;
}

static void leave(struct ffi_state *state, struct c_frame *frame) {
    if (frame->next) frame->next->previous = frame->previous;
    if (frame->previous) frame->previous->next = frame->next;
    else state->frames = frame->next;
}

static void run(void *data) {
    struct call *call = data;
    errno = 0;
    ffi_call(call->cif, FFI_FN(call->function->address), call->result, call->values);
    call->error_number = errno;
}

static cp_value invoke(struct call *call) {
    cp_context *cp = call->cp;
    struct ffi_state *state = call->function->state;
    if (atomic_load_explicit(&state->refused, memory_order_relaxed) && atomic_exchange(&state->refused, 0))
        return cp_throw(cp, CP_ERROR_FFI, FFI_CALLBACK,
                        "a Callback was called by another thread of a library, by a signal, or after its call: no "
                        "script can run there, and C got 0 from it");
    call->frame = (struct c_frame){.thread = cp_current_thread(cp), .function = call->function, .in_c = true};
    enter(state, &call->frame);
    enum cp_wait wait = CP_WAIT_READY;
    if (call->worker) wait = cp_work(cp, run, call);
    else run(call);
    leave(state, &call->frame);
    state->last_errno = call->error_number;
    if (wait == CP_WAIT_CANCELLED) return CP_THROWN;
    if (wait != CP_WAIT_READY)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "no worker could be had for %s", title(call->function));
    if (call->rememberer) remember(call);
    cp_value result = CP_NIL;
    for (struct copy_back *copy = call->copies; copy && result != CP_THROWN; copy = copy->next)
        result = copy_back(cp, copy);
    if (call->frame.error == CP_NIL) return result;
    if (result == CP_THROWN) cp_take_error(cp); /* the Callback's came first */
    return cp_throw_value(cp, call->frame.error);
}

static cp_value convert_and_invoke(struct call *call, const cp_value *arguments) {
    const struct c_type *type = call->function->type, *result = type->target;
    ffi_type *types[C_MOST_PARAMETERS];
    ffi_cif variable;
    union slot scalar = {0};
    struct c_block *block = NULL;
    for (unsigned i = 0; i < type->parameter_count; i++)
        if (!pass(call, i, type->parameters[i], arguments[i])) return CP_THROWN;
    for (unsigned i = type->parameter_count; i < call->count; i++)
        if (!(types[i] = pass_variable(call, i, arguments[i]))) return CP_THROWN;
    call->cif = type->variadic ? prepare_variable(call, &variable, types) : call->function->cif;
    if (!call->cif) return CP_THROWN;
    if (c_type_is_aggregate(result)) {
        /* libffi writes whole words */
        block = c_block_new(call->cp, (result->size + 15) / 8 * 8);
        if (!block) return CP_THROWN;
        block->size = result->size;
    }
    call->result = block ? block->data : scalar.bytes;
    return invoke(call) == CP_THROWN ? CP_THROWN : load_result(call, block);
}

static cp_value count_error(cp_context *cp, const struct c_function *function, int count) {
    uint32_t wanted = function->type->parameter_count;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s takes %s%u argument%s, %d given", title(function),
                    function->type->variadic ? "at least " : "", wanted, wanted == 1 ? "" : "s", count);
}

cp_value c_call(cp_context *cp, struct c_function *function, const cp_value *arguments, int count, bool worker) {
    const struct c_type *type = function->type;
    if ((uint32_t)count < type->parameter_count || (!type->variadic && (uint32_t)count > type->parameter_count) ||
        count > C_MOST_PARAMETERS)
        return count_error(cp, function, count);
    if (!c_library_is_open(function->library))
        return cp_throw(cp, CP_ERROR_FFI, FFI_CLOSED, "%s cannot be called: its Library is closed", title(function));
    if (cp_stack_left(cp) < STACK_FOR_C)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME,
                        "too deep to call %s: C needs stack, and functions and Callbacks call each other",
                        title(function));
    if (!type->variadic && !function->cif && !(function->cif = c_type_cif(cp, type))) return CP_THROWN;
    struct call call;
    /* The arrays are left as they are but for what the arguments use: clearing them would cost more than the call. */
    memset(&call, 0, offsetof(struct call, slots));
    memset(call.kept, 0, (size_t)count * sizeof *call.kept);
    call.cp = cp;
    call.function = function;
    call.worker = worker;
    call.count = (unsigned)count;
    call.arguments = arguments;
    cp_value result = convert_and_invoke(&call, arguments);
    while (call.callbacks) {
        struct callback *next = call.callbacks->next;
        callback_close(cp, call.callbacks);
        call.callbacks = next;
    }
    return result;
}

/* ---- the class ---- */

static cp_value get_name(cp_context *cp, cp_value self) { return cp_string_z(cp, c_function_of(self)->name); }
static cp_value get_type(cp_context *cp, cp_value self) {
    return cp_string_z(cp, c_type_text(cp, c_function_of(self)->type));
}
static cp_value get_address(cp_context *cp, cp_value self) {
    return cp_integer_unsigned(cp, (uintptr_t)c_function_of(self)->address);
}

static cp_value m_call(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return c_call(cp, c_function_of(self), arguments, count, false);
}

static cp_value m_call_in_worker(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return c_call(cp, c_function_of(self), arguments, count, true);
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct c_function *function = c_function_of(self);
    return cp_string_z(cp, c_type_declaration(cp, function->type, function->name));
}

static const cp_property_def properties[] = {
    {"name", "String", CP_READ_ONLY, NULL, get_name, NULL, "Its name; \"\" for one that came as a pointer."},
    {"type", "String", CP_READ_ONLY, NULL, get_type, NULL, "Its type as C writes it: \"double (double, double)\"."},
    {"address", "Integer", CP_READ_ONLY, NULL, get_address, NULL, "Where it is."},
    {0},
};

static const cp_method_def methods[] = {
    {"call", "Object", "(...)", m_call,
     "Calls it; (f 1 2) does too. Integers go where C has Integers (Error 1.8 when out of range), Integers and "
     "Reals to float and double, true and () to bool, Strings to char * (a copy, unless const; 1.8 for a NUL in "
     "it), () as NULL. To other pointers go a Pointer, a Struct, a Binary (its bytes themselves), a Buffer (copied "
     "and back), a List or Array (as an array, its items copied back unless const), a Function (a Callback for "
     "this call alone), a Callback, a CFunction. A struct by value takes a Struct, a HashTable of fields or a List "
     "(so does struct *, but what C writes there is then lost). Results come as Struct's get says. An Error that a "
     "Callback throws is thrown when C has returned. All other threads wait meanwhile. Errors 1.8 (count), 1.11, "
     "1.5, 19.5, 19.6, 19.12."},
    {"callInWorker", "Object", "(...)", m_call_in_worker,
     "The same on another OS thread, while other Carapace threads run: for what takes long, where the library "
     "allows it. Not with Functions or Callbacks (19.6). A cancelled thread waits for its end."},
    {"string", "String", "()", m_string, "Its declaration."},
    {0},
};

const cp_class_def c_function_class = {
    .name = "CFunction",
    .doc = "A function of a C library with its declared type, to be called like any Function. Made by a Library.",
    .size = sizeof(struct c_function),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
