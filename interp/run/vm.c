/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vm.c: the virtual machine's loop. The instructions are described in code/instructions.h.
 *
 * Invariants: `base` and `pc` belong to t->frame, of which `frame` is a copy. A scripted call never uses the C stack.
 * Whatever may throw, call, allocate for long or wait first saves pc into its frame (SAVE), because places and traces
 * are read from there.
 */
#include "interp/run/core_functions.h"
#include "interp/run/vm.h"

#include "interp/base/memory.h"
#include "interp/data/error.h"
#include "interp/data/number.h"
#include "interp/lang/compile.h"
#include "interp/code/instructions.h"
#include "interp/lang/package.h"
#include "interp/code/raw_real.h"

#define A OPERAND_A(i)
#define B OPERAND_B(i)
#define C OPERAND_C(i)
#define R(n) base[n]
#define D(n) (*(raw_register *)&base[n])
#define K(n) frame->proto->constants[n]
#define SAVE() (frame->pc = pc)
#define BOOLEAN(x) ((x) ? sym_true : CP_NIL)

/* vm_count.c and vm_profile.c compile this file once more, under another name, with something to do before each
   instruction (VM_STEP) or with labels that can be bent to do something once (VM_TRAP). */
#ifndef VM_RUN
#define VM_RUN vm_run
#endif
#ifndef VM_STEP
#define VM_STEP() ((void)0)
#endif
#ifndef VM_LABELS
#define VM_LABELS const void *const
#endif

#ifdef VM_SWITCH
#define OP(name) case OP_##name
#define NEXT goto next
#else
#define OP(name) L_##name
#define NEXT                                                                                                           \
    do {                                                                                                               \
        i = *pc++;                                                                                                     \
        VM_STEP();                                                                                                     \
        goto *labels[i & 255];                                                                                         \
    } while (0)
#endif

/* Whether two or three values are Reals held in the word, of which 2 is the tag. */
#define ARE_REALS(x, y) (((((x)-2) | ((y)-2)) & 7) == 0)
#define ARE_3_REALS(x, y, z) (((((x)-2) | ((y)-2) | ((z)-2)) & 7) == 0)
static inline double real_of_word(cp_value v) { return raw_double(cp_rotate_right(v, 5) - CP_REAL_OFFSET); }

/* On by a distance; on the way back other threads have their turn from time to time. The same way back as last time, as
   in most loops, is not read from the instruction but compared with it: the next turn need not wait for the reading. */
#define JUMP_BY(distance)                                                                                              \
    do {                                                                                                               \
        int32_t by = (distance);                                                                                       \
        if (by < 0) {                                                                                                  \
            if (CP_UNLIKELY(--t->budget < 0)) {                                                                        \
                word = (uint32_t)by;                                                                                   \
                goto look_around_and_jump;                                                                             \
            }                                                                                                          \
            const uint32_t *target = pc + by;                                                                          \
            if (CP_LIKELY(target == loop_start)) {                                                                     \
                __asm__("" : "=r"(pc) : "0"(loop_start));                                                              \
            } else pc = loop_start = target;                                                                           \
            NEXT;                                                                                                      \
        }                                                                                                              \
        pc += by;                                                                                                      \
        NEXT;                                                                                                          \
    } while (0)

/* callee_proto, callee_base, pc: where it begins; the caller's pc is saved. */
#define PUSH_FRAME()                                                                                                   \
    do {                                                                                                               \
        if (CP_UNLIKELY(!thread_has_room(t, frame, callee_base + callee_proto->register_count))) goto no_room;         \
        t->frame = ++frame;                                                                                            \
        frame->base = base = callee_base;                                                                              \
        frame->proto = callee_proto;                                                                                   \
        if (CP_UNLIKELY(--t->budget < 0)) goto look_around;                                                            \
        NEXT;                                                                                                          \
    } while (0)

/* The same in place of the running function, whose registers the arguments take. */
#define REPLACE_FRAME(count)                                                                                           \
    do {                                                                                                               \
        for (uint32_t n = 0, words = (count) + 1; n < words; n++) base[(int32_t)n - 1] = callee_base[(int32_t)n - 1];  \
        frame->proto = callee_proto;                                                                                   \
        if (CP_UNLIKELY(base + callee_proto->register_count > t->value_limit)) goto no_room_here;                      \
        if (CP_UNLIKELY(--t->budget < 0)) goto look_around;                                                            \
        NEXT;                                                                                                          \
    } while (0)

/* A walk over something that is no List, kept in a register. */
struct walk {
    cp_object header;
    cp_iterator iterator;
};

static cp_value too_deep(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME,
                    "too many calls within calls: the recursion has no end, or needs a loop or a tail call");
}

/* Words that a call's arguments take, the receiver among them. */
static inline uint32_t arranged_count(const struct proto *proto) {
    return proto->first_argument + proto->signature->declared + (proto->signature->has_rest ? 1u : 0u);
}

static void define_function(cp_context *cp, cp_symbol *name, cp_value function) {
    struct proto *proto = function_of(function)->proto;
    if (name->flags & CP_SYMBOL_HEADER_CHANGED) proto->entry[1] = proto->code;
    if (name->flags & CP_SYMBOL_BUILTIN) package_builtin(cp, name); /* keeps it for the stdlib */
    name->function = function;
    name->flags &= ~(unsigned)CP_SYMBOL_BUILTIN;
}

/* A name that was unknown when its code was compiled: by now a file variable or a function may bear it. */
static cp_value find_name(cp_context *cp, struct proto *proto, cp_symbol *name) {
    struct file_variable *file = file_scope_find(cp, proto->file, name);
    if (file && file->declared) return file->cell.value;
    return call_symbol_function(cp, name);
}

/* A scripted function that takes the call's arguments as they are is entered directly the next time. */
static void remember_callee(struct call_cache *cache, struct function *callee, uint32_t count, uint32_t entry) {
    struct proto *proto = callee->proto;
    if (!proto || proto->fixed_arguments != (int32_t)count) return;
    cache->function = cp_from_object(callee);
    cache->proto = proto;
    cache->entry = proto->entry[entry];
}

/* The same for a function that is a value: closures differ while their code is the same. The first one stays. */
static void remember_callee_value(struct call_cache *cache, struct function *callee, uint32_t count, uint32_t entry) {
    struct proto *proto = callee->proto;
    if (!proto || proto->first_argument || proto->fixed_arguments != (int32_t)count) return;
    cache->proto = proto;
    cache->entry = proto->entry[entry];
}

/* Whether the arguments of a tail call are of its classes: seen while the caller's frame, where the Error belongs, is
   still there; the code behind the callee's own checks is entered then. */
static inline bool tail_arguments_fit(cp_context *cp, struct function *callee, const cp_value *arguments) {
    return callee->proto->entry[0] == callee->proto->entry[1] || call_arguments_fit(cp, callee, arguments);
}

static bool prepare_walk(cp_context *cp, cp_value *state) {
    if (cp_is_list(state[0])) {
        state[1] = CP_NIL;
        return true;
    }
    struct walk *walk = cp_alloc(sizeof *walk);
    walk->header.class_number = CP_CLASS_CELL;
    state[1] = cp_from_object(walk);
    return cp_iterate(cp, &walk->iterator, state[0]) != CP_THROWN;
}

/* Reals and big Integers are not counted in registers: the walk over a Range object stands in R[A] instead. */
static bool prepare_range(cp_context *cp, cp_value *state) {
    if (cp_is_fixnum(state[0]) && cp_is_fixnum(state[1]) && cp_is_fixnum(state[2]) && state[2] != cp_fixnum(0))
        return true;
    cp_value range = cp_call(cp, cp_symbol_z(cp, "range"), state, 3);
    if (range == CP_THROWN) return false;
    struct walk *walk = cp_alloc(sizeof *walk);
    walk->header.class_number = CP_CLASS_CELL;
    state[0] = cp_from_object(walk);
    return cp_iterate(cp, &walk->iterator, range) != CP_THROWN;
}

static cp_value list_item_error(cp_context *cp, const char *function, cp_value got) {
    if (got == CP_NIL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_INDEX, "%s of (): the List is empty", function);
    return cp_throw_type(cp, function[0] == 'h' ? "the argument of headOf" : "the argument of tailOf", "List", got);
}

/* 1, 0, or -1 with an Error thrown. */
static int catches(cp_context *cp, cp_value error, cp_value class) {
    if (!cp_is_fixnum(class)) return cp_throw_type(cp, "the class of a catch", "Integer", class), -1;
    return class == cp_fixnum(-1) || cp_fixnum_value(class) == cp_error_class_of(error);
}

/* Sets a slot through a cache: the property's class and its own setter have their say. */
static cp_value set_slot(cp_context *cp, struct member *member, cp_value object, cp_value value) {
    if (!type_accepts(member->type, value))
        return cp_throw_type(cp, cp_text_z(cp, cp_string_format(cp, "the property %s", member->name->text)),
                             member->type->name->text, value);
    cp_value stored = value;
    if (member->property && member->property->set) {
        stored = member->property->set(cp, object, value);
        if (stored == CP_THROWN) return stored;
    }
    ((cp_value *)object)[member->slot] = stored;
    return value;
}

/* A Real in a word and a small Integer, in any order; false for all else and for %. */
static bool mixed_arithmetic(uint32_t op, cp_value x, cp_value y, cp_value *result) {
    double a, b;
    if ((x & 1) && cp_is_immediate_real(y)) {
        a = (double)cp_fixnum_value(x);
        b = real_of_word(y);
    } else if ((y & 1) && cp_is_immediate_real(x)) {
        a = real_of_word(x);
        b = (double)cp_fixnum_value(y);
    } else return false;
    switch (op) {
    case OP_ADD: *result = cp_real(a + b); return true;
    case OP_SUBTRACT: *result = cp_real(a - b); return true;
    case OP_MULTIPLY: *result = cp_real(a * b); return true;
    case OP_DIVIDE: *result = cp_real(a / b); return true;
    default: return false;
    }
}

cp_value VM_RUN(struct thread *t, struct proto *entry_proto, cp_value *entry_base) {
#ifndef VM_SWITCH
    static VM_LABELS label_table[256] = {
#define X(name, format, text) &&L_##name,
        INSTRUCTIONS(X)
#undef X
    };
    VM_LABELS *labels = label_table;
#endif
    cp_context *const cp = t->cp;
    const cp_value sym_true = cp->known.sym_true;
    struct frame *const stop = t->frame;
    struct frame *frame = stop;
    const uint32_t *pc = entry_proto->code;
    cp_value *base = entry_base;
    uint32_t i;
    const uint32_t *loop_start = NULL;
    /* a call being made: set before `call_function` and `push_frame` */
    struct function *callee;
    struct proto *callee_proto = entry_proto;
    cp_value *callee_base = entry_base;
    uint32_t argument_count, word;
    cp_value value, *block;

    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
#ifdef VM_TRAP
    profile_know_labels(label_table, &&L_TRAP);
#endif
#ifndef VM_SWITCH
    __asm__("" : "+r"(labels)); /* or the compiler would work its address out again for every jump */
#endif
    goto push_frame;

/* Laid out by hand: one instruction to a paragraph. */
/* clang-format off */
#ifdef VM_SWITCH
next:
    i = *pc++;
    VM_STEP();
    switch ((enum opcode)(i & 255)) {
#endif

    OP(MOVE) : R(A) = R(B);
    NEXT;
    OP(LOAD_CONSTANT) : R(A) = K(OPERAND_BX(i));
    NEXT;
    OP(LOAD_INTEGER) : R(A) = cp_fixnum(OPERAND_SBX(i));
    NEXT;
    OP(LOAD_NIL) : R(A) = CP_NIL;
    NEXT;
    OP(LOAD_TRUE) : R(A) = sym_true;
    NEXT;
    OP(LOAD_UNSET) : R(A) = CP_UNSET;
    NEXT;

    OP(CELL_NEW) : {
        struct cell *cell = mem_alloc(sizeof *cell);
        cell->header.class_number = CP_CLASS_CELL;
        cell->value = R(B);
        R(A) = cp_from_object(cell);
        NEXT;
    }
    OP(CELL_GET) : R(A) = ((struct cell *)R(B))->value;
    NEXT;
    OP(CELL_SET) : ((struct cell *)R(A))->value = R(B);
    NEXT;
    OP(CAPTURED) : R(A) = function_of(R(-1))->captured[B];
    NEXT;
    OP(CAPTURED_GET) : R(A) = ((struct cell *)function_of(R(-1))->captured[B])->value;
    NEXT;
    OP(CAPTURED_SET) : ((struct cell *)function_of(R(-1))->captured[A])->value = R(B);
    NEXT;
    OP(FILE_GET) : R(A) = ((struct cell *)K(OPERAND_BX(i)))->value;
    NEXT;
    OP(FILE_SET) : {
        struct file_variable *variable = (struct file_variable *)K(OPERAND_BX(i));
        variable->cell.value = R(A);
        NEXT;
    }
    OP(GLOBAL_GET) : {
        SAVE();
        value = global_get(t, cp_symbol_of(K(OPERAND_BX(i))));
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        R(A) = value;
        NEXT;
    }
    OP(GLOBAL_SET) : {
        SAVE();
        if (!global_set(t, cp_symbol_of(K(OPERAND_BX(i))), R(A))) goto thrown;
        NEXT;
    }
    OP(GLOBAL_DECLARE) : {
        cp_value pair = K(OPERAND_BX(i));
        SAVE();
        if (!global_declare(t, cp_symbol_of(cp_head(pair)), (struct type *)cp_tail(pair), R(A))) goto thrown;
        NEXT;
    }
    OP(EXPORT) : global_export(t, cp_symbol_of(K(OPERAND_BX(i))));
    NEXT;
    OP(NAME_GET) : {
        SAVE();
        value = find_name(cp, frame->proto, cp_symbol_of(K(OPERAND_BX(i))));
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        R(A) = value;
        NEXT;
    }
    OP(FUNCTION_GET) : {
        SAVE();
        value = call_symbol_function(cp, cp_symbol_of(K(OPERAND_BX(i))));
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        R(A) = value;
        NEXT;
    }
    OP(CLOSURE) : {
        struct proto *inner = (struct proto *)K(OPERAND_BX(i));
        cp_value closure = function_new_scripted(inner);
        uint32_t captures = *pc++;
        for (uint32_t n = 0; n < captures; n++) {
            uint32_t from = *pc++;
            function_of(closure)->captured[n] = from & 1 ? function_of(R(-1))->captured[from >> 1] : R(from >> 1);
        }
        R(A) = closure;
        NEXT;
    }
    OP(CHECK_INTEGER) : if (CP_UNLIKELY(!(R(B) & 1))) goto check;
    R(A) = R(B);
    pc++;
    NEXT;
    check: OP(CHECK) : {
        cp_value check = K(*pc++), v = R(B);
        const struct type *type = (const struct type *)cp_head(check);
        if (CP_LIKELY(type_accepts(type, v))) {
            R(A) = v;
            NEXT;
        }
        SAVE();
        cp_throw_type(cp, cp_text_z(cp, cp_tail(check)), type->name->text, v);
        goto thrown;
    }
    OP(GIVEN) : if (R(A) != CP_UNSET) pc += OPERAND_SBX(i);
    NEXT;

#include "interp/run/vm_arithmetic.h"

    /* ---- calls ---- */

    OP(CALL) : {
        struct call_cache *cache = &frame->proto->caches[*pc++];
        SAVE();
        callee_base = &R(A) + 1;
        if (CP_LIKELY(cache->function == cache->name->function)) {
            R(A) = cache->function;
            callee_proto = cache->proto;
            pc = cache->entry;
            PUSH_FRAME();
        }
        value = cache->name->function;
        if (CP_UNLIKELY(value == CP_UNSET)) {
            value = call_symbol_function(cp, cache->name);
            if (value == CP_THROWN) goto thrown;
        }
        R(A) = value;
        callee = function_of(value);
        argument_count = B;
        remember_callee(cache, callee, argument_count, C);
        goto call_function;
    }
    OP(CALL_VALUE) : {
        struct call_cache *cache = &frame->proto->caches[*pc++];
        SAVE();
        value = R(A);
        callee_base = &R(A) + 1;
        argument_count = B;
        if (CP_LIKELY(cp_is_function(value))) {
            callee = function_of(value);
            callee_proto = callee->proto;
            if (CP_LIKELY(callee_proto == cache->proto && callee_proto)) {
                pc = cache->entry;
                PUSH_FRAME();
            }
            if (!cache->proto) remember_callee_value(cache, callee, argument_count, 0);
            goto call_function;
        }
        if (call_is_object(cp, value)) goto call_object;
        value = call_resolve(cp, value, cache->name);
        if (value == CP_THROWN) goto thrown;
        R(A) = value;
        callee = function_of(value);
        goto call_function;
    }
    OP(TAIL_CALL) : {
        struct call_cache *cache = &frame->proto->caches[*pc++];
        SAVE();
        callee_base = &R(A) + 1;
        argument_count = B;
        if (CP_LIKELY(cache->function == cache->name->function)) {
            callee = function_of(cache->function);
            callee_proto = cache->proto;
            if (!C && !tail_arguments_fit(cp, callee, callee_base)) goto thrown;
            R(A) = cache->function;
            pc = cache->entry;
            REPLACE_FRAME(argument_count);
        }
        value = call_symbol_function(cp, cache->name);
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        callee = function_of(value);
        remember_callee(cache, callee, argument_count, 1);
        goto tail_call;
    }
    OP(TAIL_CALL_VALUE) : {
        struct call_cache *cache = &frame->proto->caches[*pc++];
        SAVE();
        value = R(A);
        callee_base = &R(A) + 1;
        argument_count = B;
        if (CP_LIKELY(cp_is_function(value))) {
            callee = function_of(value);
            callee_proto = callee->proto;
            if (CP_LIKELY(callee_proto == cache->proto && callee_proto)) {
                if (!tail_arguments_fit(cp, callee, callee_base)) goto thrown;
                pc = cache->entry;
                REPLACE_FRAME(argument_count);
            }
            if (!cache->proto) remember_callee_value(cache, callee, argument_count, 1);
            goto tail_call;
        }
        if (call_is_object(cp, value)) goto call_object; /* and the RETURN that follows */
        value = call_resolve(cp, value, cache->name);
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        callee = function_of(value);
        goto tail_call;
    }
    OP(CALL_KEYWORDS) : {
        word = *pc++;
        SAVE();
        value = call_resolve(cp, R(A), NULL);
        if (value == CP_THROWN) goto thrown;
        callee = function_of(value);
        argument_count = B;
        cp_value *arguments = call_by_keyword(cp, function_signature(cp, callee), !callee->proto, cp_text_z(cp, function_title(cp, callee)),
                                              &R(A) + 1, &argument_count, K(word), NULL);
        if (!arguments) goto thrown;
        if (callee->proto && !callee->proto->first_argument) {
            arguments = call_block(cp, callee, CP_UNSET, arguments, argument_count);
            if (!arguments) goto thrown;
            block = arguments;
            callee_base = &R(A) + 1;
            goto call_with_block;
        }
        value = call_function(cp, callee, CP_UNSET, arguments, argument_count);
        goto store_value;
    }
    OP(INVOKE_KEYWORDS) : {
        SAVE();
        word = *pc++;
        value = member_send(cp, R(A + 1), cp_symbol_of(cp_head(K(word))), frame->proto->owner, &R(A) + 2, B,
                            cp_tail(K(word)));
        goto store_value;
    }
    OP(INVOKE) : {
        struct call_cache *cache = &frame->proto->caches[*pc++];
        cp_value receiver = R(A + 1);
        struct member *member;
        if (CP_LIKELY(cache->class_number == cp_class_number_of(receiver))) {
            member = cache->member;
            if (cache->function == member->function) {
                SAVE();
                callee_base = &R(A) + 1;
                R(A) = cache->function;
                callee_proto = cache->proto;
                pc = cache->entry;
                PUSH_FRAME();
            }
        } else {
            SAVE();
            value = CP_UNSET;
            member = member_find(cp, &receiver, cache->name, frame->proto->owner, &R(A) + 2, B, &value);
            if (!member) goto store_value;
            if (receiver == R(A + 1)) { /* not seen through a face */
                cache->class_number = cp_class_number_of(receiver);
                cache->member = member;
                cache->function = CP_NIL;
            } else R(A + 1) = receiver;
        }
        if (member->kind == MEMBER_SLOT) {
            if (B == 0) {
                R(A) = ((cp_value *)receiver)[member->slot];
                NEXT;
            }
            if (CP_LIKELY(B == 1)) {
                SAVE();
                value = set_slot(cp, member, receiver, R(A + 2));
                goto store_value;
            }
        } else if (member->kind == MEMBER_METHOD && CP_LIKELY(member->function != CP_UNSET)) {
            callee = function_of(member->function);
            argument_count = B;
            if (member == cache->member) remember_callee(cache, callee, argument_count, 0);
            goto call_method;
        }
        SAVE();
        value = member_use(cp, member, receiver, &R(A) + 2, B);
        goto store_value;
    }
    OP(INVOKE_MEMBER) : {
        struct call_cache *cache = &frame->proto->caches[*pc++];
        SAVE();
        callee_base = &R(A) + 1;
        if (CP_LIKELY(cache->function == cache->member->function)) {
            R(A) = cache->function;
            callee_proto = cache->proto;
            pc = cache->entry;
            PUSH_FRAME();
        }
        if (CP_UNLIKELY(cache->member->function == CP_UNSET)) {
            value = member_use(cp, cache->member, R(A + 1), &R(A) + 2, B);
            goto store_value;
        }
        callee = function_of(cache->member->function);
        argument_count = B;
        remember_callee(cache, callee, argument_count, 0);
        goto call_method;
    }
    OP(CREATE) : {
        SAVE();
        cp_value named = K(*pc++);
        if (C) {
            value = member_create(cp, cp_symbol_of(cp_head(named)), &R(A) + 2, B, cp_tail(named));
            goto store_value;
        }
        cp_class *c = member_creatable(cp, cp_symbol_of(named));
        if (CP_UNLIKELY(!c)) goto thrown;
        if (!c->definition && !c->initializer && c->constructor && c->constructor->function != CP_UNSET) {
            /* a scripted class: its constructor is a call like any other, and gives `this` back */
            R(A + 1) = class_instance(cp, c);
            callee = function_of(c->constructor->function);
            argument_count = B;
            goto call_method;
        }
        value = member_create(cp, cp_symbol_of(named), &R(A) + 2, B, CP_NIL);
        goto store_value;
    }
    OP(SLOT_GET) : R(A) = ((cp_value *)R(B))[C];
    NEXT;
    OP(SLOT_SET) : ((cp_value *)R(B))[C] = R(A);
    NEXT;

#define LEAVE(result)                                                                                                  \
    do {                                                                                                               \
        value = (result);                                                                                              \
        base[-1] = value;                                                                                              \
        t->frame = --frame;                                                                                            \
        if (CP_UNLIKELY(frame == stop)) return value;                                                                  \
        base = frame->base;                                                                                            \
        pc = frame->pc;                                                                                                \
        NEXT;                                                                                                          \
    } while (0)
    OP(RETURN) : LEAVE(R(A));
    OP(RETURN_NIL) : LEAVE(CP_NIL);

    /* ---- errors ---- */

    OP(THROW) : {
        SAVE();
        if (!cp_is_error(R(A))) cp_throw_type(cp, "what is thrown", "Error", R(A));
        else {
            cp_throw_value(cp, R(A));
            unwind_locate(t);
        }
        goto thrown;
    }
    OP(RETHROW) : {
        SAVE();
        if (C) error_remember_cause(R(A), R(B));
        cp_throw_value(cp, R(A));
        goto thrown;
    }
    OP(CATCH_TEST) : {
        word = *pc++;
        int takes = catches(cp, R(A), R(B));
        SAVE();
        if (takes < 0) goto thrown;
        if (!takes) pc += (int32_t)word;
        NEXT;
    }

    /* ---- lists and loops ---- */

    OP(HEAD) : {
        cp_value list = R(B);
        if (CP_LIKELY(cp_is_cell(list))) {
            R(A) = cp_head(list);
            NEXT;
        }
        SAVE();
        list_item_error(cp, "headOf", list);
        goto thrown;
    }
    OP(TAIL) : {
        cp_value list = R(B);
        if (CP_LIKELY(cp_is_cell(list))) {
            R(A) = cp_tail(list);
            NEXT;
        }
        if (list == CP_NIL) { /* the tail of () is () */
            R(A) = list;
            NEXT;
        }
        SAVE();
        list_item_error(cp, "tailOf", list);
        goto thrown;
    }
    OP(CONS) : {
        cp_value tail = R(C);
        if (CP_UNLIKELY(!cp_is_list(tail))) {
            SAVE();
            cp_throw_type(cp, "the second argument of cons", "List", tail);
            goto thrown;
        }
        cp_cell *cell = mem_cell();
        cell->head = R(B);
        cell->tail = tail;
        R(A) = (cp_value)cell + 4;
        NEXT;
    }
    OP(LIST) : R(A) = cp_list_n(&R(B), C);
    NEXT;
    OP(FOR_PREPARE) : {
        SAVE();
        if (!prepare_walk(cp, &R(A))) goto thrown;
        NEXT;
    }
    OP(FOR_NEXT) : {
        word = *pc++;
        if (CP_LIKELY(R(A + 1) == CP_NIL)) {
            cp_value list = R(A);
            if (!cp_is_cell(list)) NEXT;
            R(A + 2) = cp_head(list);
            R(A) = cp_tail(list);
            JUMP_BY((int32_t)word);
        }
        SAVE();
        value = cp_next(cp, &((struct walk *)R(A + 1))->iterator);
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        if (value == CP_DONE) NEXT;
        R(A + 2) = value;
        JUMP_BY((int32_t)word);
    }
    OP(FOR_RANGE_PREPARE) : {
        SAVE();
        if (!prepare_range(cp, &R(A))) goto thrown;
        NEXT;
    }
    OP(FOR_RANGE_NEXT) : {
        int64_t at = (int64_t)R(A), end = (int64_t)R(A + 1), step = (int64_t)(R(A + 2) - 1), n;
        word = *pc++;
        if (CP_UNLIKELY(!(at & 1))) {
            SAVE();
            value = cp_next(cp, &((struct walk *)R(A))->iterator);
            if (value == CP_THROWN) goto thrown;
            if (value == CP_DONE) NEXT;
            R(A + 3) = value;
            JUMP_BY((int32_t)word);
        }
        if (step > 0 ? at >= end : at <= end) NEXT;
        R(A + 3) = (cp_value)at;
        R(A) = __builtin_add_overflow(at, step, &n) ? (cp_value)end : (cp_value)n;
        JUMP_BY((int32_t)word);
    }
    OP(DEFINE) : define_function(t->cp, cp_symbol_of(K(OPERAND_BX(i))), R(A));
    NEXT;
    OP(DEFINE_METHOD) : {
        struct member *member = (struct member *)K(OPERAND_BX(i));
        member->function = R(A);
        member->doc = function_of(R(A))->proto->doc ? function_of(R(A))->proto->doc : member->doc;
        NEXT;
    }

#ifdef VM_SWITCH
case OPCODE_COUNT:
    break;
    }
    __builtin_unreachable();
#endif

#ifdef VM_TRAP
L_TRAP:
    VM_TRAP();
    goto *labels[i & 255];
#endif

    /* ---- slow paths and the making of frames: reached by goto only ---- */

look_around:
    SAVE();
    if (!thread_poll(t)) goto thrown;
    NEXT;

look_around_and_jump: /* word: the distance back */
    SAVE();
    if (!thread_poll(t)) goto thrown;
    pc += (int32_t)word;
    NEXT;

store_value: /* of an instruction whose result goes to R[A] */
    if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
    R(A) = value;
    NEXT;

tail_call: /* callee, callee_base, argument_count: not seen before */
    *(callee_base - 1) = cp_from_object(callee);
    callee_proto = callee->proto;
    /* natives and methods: called as ever, with the RETURN that follows */
    if (!callee_proto || callee_proto->first_argument) goto call_function;
    if (CP_UNLIKELY(callee_proto->fixed_arguments != (int32_t)argument_count)) {
        if (!call_arrange(cp, callee, callee_base, argument_count)) goto thrown;
        if (!call_arguments_fit(cp, callee, callee_base)) goto thrown;
        argument_count = arranged_count(callee_proto);
        pc = callee_proto->code;
    } else {
        bool fits = (i & 255) == OP_TAIL_CALL && C;
        if (!fits && !tail_arguments_fit(cp, callee, callee_base)) goto thrown;
        pc = callee_proto->entry[1];
    }
    REPLACE_FRAME(argument_count);

call_method: /* callee, argument_count; the receiver is R[A+1] */
    SAVE();
    callee_base = &R(A) + 1;
    R(A) = cp_from_object(callee);
    callee_proto = callee->proto;
    if (CP_LIKELY(callee_proto != NULL)) {
        if (CP_UNLIKELY(callee_proto->fixed_arguments != (int32_t)argument_count) &&
            !call_arrange(cp, callee, callee_base, argument_count))
            goto thrown;
        pc = callee_proto->code;
        goto push_frame;
    }
    value = call_native(cp, callee, R(A + 1), callee_base + 1, argument_count);
    goto store_value;

call_object: /* value, in R[A]: its method `call`, with B arguments; pc is saved */
    {
        cp_value receiver = value;
        value = CP_UNSET;
        struct member *member = member_find(cp, &receiver, cp_symbol_of(cp->known.sym_call), frame->proto->owner, &R(A) + 1, B, &value);
        if (!member) goto store_value;
        if (member->kind == MEMBER_METHOD && member->function != CP_UNSET && function_of(member->function)->proto) {
            block = call_block(cp, function_of(member->function), receiver, &R(A) + 1, B);
            if (!block) goto thrown;
            callee_base = &R(A) + 1;
            goto call_with_block;
        }
        value = member_use(cp, member, receiver, &R(A) + 1, B);
        goto store_value;
    }

call_function: /* callee, callee_base, argument_count: no method */
    SAVE();
    callee_proto = callee->proto;
    if (callee_proto) {
        if (CP_UNLIKELY(callee_proto->fixed_arguments != (int32_t)argument_count || callee_proto->first_argument) &&
            !call_arrange(cp, callee, callee_base, argument_count))
            goto thrown;
        pc = callee_proto->code;
        goto push_frame;
    }
    if (callee->native == native_apply) { /* a call like any other, not one of C code */
        struct function *applied;
        block = call_block_of_apply(cp, callee_base, argument_count, &applied);
        if (block) goto call_with_block;
        if (applied) goto thrown;
    }
    value = call_native(cp, callee, CP_NIL, callee_base, argument_count);
    goto store_value;

call_with_block: /* callee_base, where block[-1]... go: see call_block */
    SAVE();
    callee = function_of(block[-1]);
    callee_proto = callee->proto;
    if (CP_UNLIKELY(!thread_has_room(t, frame, callee_base + callee_proto->register_count))) {
        bool room = frame > stop && tail_frames_drop(t, stop, base + frame->proto->register_count);
        callee_base += t->frame->base - base;
        frame = t->frame;
        base = frame->base;
        if (room) goto call_with_block;
        too_deep(cp);
        goto thrown;
    }
    memcpy(callee_base - 1, block - 1, (arranged_count(callee_proto) + 1) * sizeof *block);
    pc = callee_proto->code;
    goto push_frame;

push_frame:
    PUSH_FRAME();

no_room: /* for the frame of a call: callee_proto, callee_base, pc */
    if (frame > stop) {
        cp_value *end = base + frame->proto->register_count, *used = callee_base + arranged_count(callee_proto);
        bool room = tail_frames_drop(t, stop, used > end ? used : end);
        callee_base += t->frame->base - base;
        frame = t->frame;
        base = frame->base;
        if (room) goto push_frame;
    }
    too_deep(cp);
    if (frame == stop) return CP_THROWN;
    goto thrown;

no_room_here: /* for more registers of the running frame, which is callee_proto's already */
    SAVE();
    while (base + callee_proto->register_count > t->value_limit) {
        bool room = tail_frames_drop(t, stop, base + arranged_count(callee_proto));
        frame = t->frame;
        base = frame->base;
        if (room) continue;
        too_deep(cp);
        goto thrown;
    }
    NEXT;

thrown: /* cp->error is set and frame->pc saved */
    unwind_locate(t);
    {
        const struct handler *handler = unwind(t, stop);
        if (!handler) return CP_THROWN;
        frame = t->frame;
        base = frame->base;
        pc = frame->proto->code + handler->target;
        R(handler->reg) = cp_take_error(cp);
    }
    NEXT;
}
/* clang-format on */
