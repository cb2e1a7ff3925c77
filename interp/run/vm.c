/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vm.c: the virtual machine's loop. The instructions are described in lang/instructions.h.
 *
 * Invariants: `base`, `pc` and `constants` belong to t->frame. A scripted call never uses the C stack. Whatever may
 * throw, call, allocate for long or wait first saves pc into its frame (SAVE), because places and traces are read from
 * there.
 */
#include "interp/run/core_functions.h"
#include "interp/run/vm.h"

#include "interp/base/memory.h"
#include "interp/data/error.h"
#include "interp/data/number.h"
#include "interp/lang/compile.h"
#include "interp/lang/instructions.h"
#include "interp/lang/package.h"

#define A OPERAND_A(i)
#define B OPERAND_B(i)
#define C OPERAND_C(i)
#define R(n) base[n]
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

static cp_value type_error(cp_context *cp, cp_value text, const struct type *type, cp_value got) {
    return cp_throw_type(cp, cp_text_z(cp, text), type->name->text, got);
}

static void define_function(cp_context *cp, cp_symbol *name, cp_value function) {
    if (name->flags & CP_SYMBOL_HEADER_CHANGED) function_of(function)->proto->checked_entry = 0;
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

cp_value VM_RUN(struct thread *t, struct proto *entry_proto, cp_value *entry_base) {
#ifndef VM_SWITCH
    static VM_LABELS labels[256] = {
#define X(name, format, text) &&L_##name,
        INSTRUCTIONS(X)
#undef X
    };
#endif
    cp_context *const cp = t->cp;
    const cp_value sym_true = cp->known.sym_true;
    struct frame *const stop = t->frame;
    struct frame *frame = stop;
    struct proto *proto = entry_proto;
    const uint32_t *pc = proto->code;
    cp_value *base = entry_base;
    const cp_value *constants;
    uint32_t i;
    /* a call being made: set before `call_function` and `push_frame` */
    struct function *callee;
    cp_value *callee_base;
    uint32_t argument_count, word;
    cp_value value, *block;

    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
#ifdef VM_TRAP
    profile_know_labels(labels, &&L_TRAP);
#endif
    goto push_entry;

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
    OP(LOAD_CONSTANT) : R(A) = constants[OPERAND_BX(i)];
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
    OP(FILE_GET) : R(A) = ((struct cell *)constants[OPERAND_BX(i)])->value;
    NEXT;
    OP(FILE_SET) : {
        struct file_variable *variable = (struct file_variable *)constants[OPERAND_BX(i)];
        variable->cell.value = R(A);
        NEXT;
    }
    OP(GLOBAL_GET) : {
        SAVE();
        value = global_get(t, cp_symbol_of(constants[OPERAND_BX(i)]));
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        R(A) = value;
        NEXT;
    }
    OP(GLOBAL_SET) : {
        SAVE();
        if (!global_set(t, cp_symbol_of(constants[OPERAND_BX(i)]), R(A))) goto thrown;
        NEXT;
    }
    OP(GLOBAL_DECLARE) : {
        cp_value pair = constants[OPERAND_BX(i)];
        SAVE();
        if (!global_declare(t, cp_symbol_of(cp_head(pair)), (struct type *)cp_tail(pair), R(A))) goto thrown;
        NEXT;
    }
    OP(EXPORT) : global_export(t, cp_symbol_of(constants[OPERAND_BX(i)]));
    NEXT;
    OP(NAME_GET) : {
        SAVE();
        value = find_name(cp, proto, cp_symbol_of(constants[OPERAND_BX(i)]));
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        R(A) = value;
        NEXT;
    }
    OP(FUNCTION_GET) : {
        SAVE();
        value = call_symbol_function(cp, cp_symbol_of(constants[OPERAND_BX(i)]));
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        R(A) = value;
        NEXT;
    }
    OP(CLOSURE) : {
        struct proto *inner = (struct proto *)constants[OPERAND_BX(i)];
        cp_value closure = function_new_scripted(inner);
        uint32_t captures = *pc++;
        for (uint32_t n = 0; n < captures; n++) {
            uint32_t from = *pc++;
            function_of(closure)->captured[n] = from & 1 ? function_of(R(-1))->captured[from >> 1] : R(from >> 1);
        }
        R(A) = closure;
        NEXT;
    }
    OP(CHECK) : {
        const struct type *type = (const struct type *)constants[OPERAND_BX(i)];
        word = *pc++;
        if (CP_LIKELY(type_accepts(type, R(A)))) NEXT;
        SAVE();
        type_error(cp, constants[word], type, R(A));
        goto thrown;
    }
    OP(GIVEN) : if (R(A) != CP_UNSET) pc += OPERAND_SBX(i);
    NEXT;

    /* ---- arithmetic ---- */

#define ARITHMETIC(name, overflow, real_operator)                                                                      \
    OP(name) : {                                                                                                       \
        cp_value x = R(B), y = R(C);                                                                                   \
        int64_t n;                                                                                                     \
        if (CP_LIKELY(x & y & 1)) {                                                                                    \
            if (CP_LIKELY(!overflow)) {                                                                                \
                R(A) = (cp_value)n;                                                                                    \
                NEXT;                                                                                                  \
            }                                                                                                          \
        } else if (CP_LIKELY(cp_is_immediate_real(x) && cp_is_immediate_real(y))) {                                    \
            R(A) = cp_real(cp_real_value(x) real_operator cp_real_value(y));                                           \
            NEXT;                                                                                                      \
        }                                                                                                              \
        goto slow_arithmetic;                                                                                          \
    }
    ARITHMETIC(ADD, __builtin_add_overflow((int64_t)x, (int64_t)(y - 1), &n), +)
    ARITHMETIC(SUBTRACT, __builtin_sub_overflow((int64_t)x, (int64_t)(y - 1), &n), -)
    /* x/2 * (y-1) is twice the product; an added 1 is the tag */
    ARITHMETIC(MULTIPLY, (__builtin_mul_overflow((int64_t)x >> 1, (int64_t)(y - 1), &n) || (n |= 1, false)), *)
    OP(DIVIDE) : {
        cp_value x = R(B), y = R(C);
        if (CP_LIKELY(x & y & 1)) {
            if (CP_LIKELY(y != cp_fixnum(0) && y != cp_fixnum(-1))) {
                R(A) = cp_fixnum(cp_fixnum_value(x) / cp_fixnum_value(y));
                NEXT;
            }
        } else if (cp_is_immediate_real(x) && cp_is_immediate_real(y)) {
            R(A) = cp_real(cp_real_value(x) / cp_real_value(y));
            NEXT;
        }
        goto slow_arithmetic;
    }
    OP(MODULO) : {
        cp_value x = R(B), y = R(C);
        if (CP_LIKELY((x & y & 1) && y != cp_fixnum(0) && y != cp_fixnum(-1))) {
            R(A) = cp_fixnum(cp_fixnum_value(x) % cp_fixnum_value(y));
            NEXT;
        }
        goto slow_arithmetic;
    }
    OP(ADD_INTEGER) : {
        int64_t n;
        if (CP_LIKELY((R(B) & 1) && !__builtin_add_overflow((int64_t)R(B), (int64_t)OPERAND_SC(i) * 2, &n))) {
            R(A) = (cp_value)n;
            NEXT;
        }
        SAVE();
        value = operator_arithmetic(cp, OP_ADD, R(B), cp_fixnum(OPERAND_SC(i)));
        goto store_value;
    }
    OP(SUBTRACT_INTEGER) : {
        int64_t n;
        if (CP_LIKELY((R(B) & 1) && !__builtin_sub_overflow((int64_t)R(B), (int64_t)OPERAND_SC(i) * 2, &n))) {
            R(A) = (cp_value)n;
            NEXT;
        }
        SAVE();
        value = operator_arithmetic(cp, OP_SUBTRACT, R(B), cp_fixnum(OPERAND_SC(i)));
        goto store_value;
    }

    /* ---- comparison ---- */

    OP(EQUAL) : OP(NOT_EQUAL) : {
        cp_value x = R(B), y = R(C);
        if (CP_LIKELY(x & y & 1)) {
            R(A) = BOOLEAN((x == y) == ((i & 255) == OP_EQUAL));
            NEXT;
        }
        goto slow_compare;
    }
#define COMPARISON(name, operator)                                                                                     \
    OP(name) : {                                                                                                       \
        cp_value x = R(B), y = R(C);                                                                                   \
        if (CP_LIKELY(x & y & 1)) R(A) = BOOLEAN((int64_t)x operator(int64_t) y);                                      \
        else if (cp_is_immediate_real(x) && cp_is_immediate_real(y))                                                   \
            R(A) = BOOLEAN(cp_real_value(x) operator cp_real_value(y));                                                \
        else goto slow_compare;                                                                                        \
        NEXT;                                                                                                          \
    }
    COMPARISON(LESS, <)
    COMPARISON(LESS_EQUAL, <=)
    COMPARISON(GREATER, >)
    COMPARISON(GREATER_EQUAL, >=)
    OP(NOT) : R(A) = BOOLEAN(R(B) == CP_NIL);
    NEXT;

    /* ---- jumps ---- */

    OP(JUMP) : pc += OPERAND_J(i);
    NEXT;
    OP(LOOP) : pc += OPERAND_J(i);
    if (CP_UNLIKELY(--t->budget < 0)) {
        SAVE();
        if (!thread_poll(t)) goto thrown;
    }
    NEXT;
    OP(JUMP_NIL) : if (R(A) == CP_NIL) pc += OPERAND_SBX(i);
    NEXT;
    OP(JUMP_TRUE) : if (R(A) != CP_NIL) pc += OPERAND_SBX(i);
    NEXT;
    OP(JUMP_EQUAL) : {
        cp_value x = R(A), y = R(B);
        bool holds;
        word = *pc++;
        if (CP_LIKELY(x & y & 1)) holds = x == y;
        else {
            SAVE();
            value = operator_compare(cp, C & 2 ? OP_NOT_EQUAL : OP_EQUAL, x, y);
            if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
            holds = (value != CP_NIL) != ((C & 2) != 0);
        }
        if (holds != (C & 1)) pc += (int32_t)word;
        NEXT;
    }
#define COMPARE_JUMP(name, operator, swapped_name)                                                                     \
    OP(JUMP_##name) : {                                                                                                \
        cp_value x = R(A), y = R(B);                                                                                   \
        bool holds;                                                                                                    \
        word = *pc++;                                                                                                  \
        if (CP_LIKELY(x & y & 1)) holds = (int64_t)x operator(int64_t) y;                                              \
        else if (cp_is_immediate_real(x) && cp_is_immediate_real(y)) holds = cp_real_value(x) operator cp_real_value(y); \
        else {                                                                                                         \
            SAVE();                                                                                                    \
            value = C & 2 ? operator_compare(cp, OP_##swapped_name, y, x) : operator_compare(cp, OP_##name, x, y);     \
            if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;                                                          \
            holds = value != CP_NIL;                                                                                   \
        }                                                                                                              \
        if (holds != (C & 1)) pc += (int32_t)word;                                                                     \
        NEXT;                                                                                                          \
    }
    COMPARE_JUMP(LESS, <, GREATER)
    COMPARE_JUMP(LESS_EQUAL, <=, GREATER_EQUAL)
#define COMPARE_INTEGER_JUMP(name, operator)                                                                           \
    OP(JUMP_##name##_INTEGER) : {                                                                                      \
        cp_value x = R(A);                                                                                             \
        bool holds;                                                                                                    \
        word = *pc++;                                                                                                  \
        if (CP_LIKELY(x & 1)) holds = (int64_t)x operator(int64_t) cp_fixnum(OPERAND_SB(i));                           \
        else {                                                                                                         \
            SAVE();                                                                                                    \
            value = operator_compare(cp, OP_##name, x, cp_fixnum(OPERAND_SB(i)));                                      \
            if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;                                                          \
            holds = value != CP_NIL;                                                                                   \
        }                                                                                                              \
        if (holds != (C & 1)) pc += (int32_t)word;                                                                     \
        NEXT;                                                                                                          \
    }
    COMPARE_INTEGER_JUMP(EQUAL, ==)
    COMPARE_INTEGER_JUMP(LESS, <)
    COMPARE_INTEGER_JUMP(LESS_EQUAL, <=)
    COMPARE_INTEGER_JUMP(GREATER, >)
    COMPARE_INTEGER_JUMP(GREATER_EQUAL, >=)

    /* ---- calls ---- */

    OP(CALL) : {
        cp_symbol *name = cp_symbol_of(constants[*pc++]);
        value = name->function;
        if (CP_UNLIKELY(value == CP_UNSET)) {
            SAVE();
            value = call_symbol_function(cp, name);
            if (value == CP_THROWN) goto thrown;
        }
        R(A) = value;
        callee = function_of(value);
        callee_base = &R(A) + 1;
        argument_count = B;
        if (CP_LIKELY(callee->proto && callee->proto->fixed_arguments == (int32_t)argument_count)) {
            proto = callee->proto;
            SAVE();
            pc = proto->code + (C ? proto->checked_entry : 0);
            goto push_frame;
        }
        goto call_function;
    }
    OP(CALL_VALUE) : {
        value = R(A);
        word = *pc++;
        if (CP_UNLIKELY(!cp_is_function(value))) {
            SAVE();
            if (call_is_object(cp, value)) goto call_object;
            value = call_resolve(cp, value, word ? cp_symbol_of(constants[word - 1]) : NULL);
            if (value == CP_THROWN) goto thrown;
            R(A) = value;
        }
        callee = function_of(value);
        callee_base = &R(A) + 1;
        argument_count = B;
        goto call_function;
    }
    OP(TAIL_CALL) : OP(TAIL_CALL_VALUE) : {
        word = *pc++;
        SAVE();
        if ((i & 255) == OP_TAIL_CALL_VALUE && call_is_object(cp, R(A))) {
            value = R(A);
            goto call_object; /* and the RETURN that follows */
        }
        if ((i & 255) == OP_TAIL_CALL) value = call_symbol_function(cp, cp_symbol_of(constants[word]));
        else value = call_resolve(cp, R(A), word ? cp_symbol_of(constants[word - 1]) : NULL);
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        R(A) = value;
        callee = function_of(value);
        callee_base = &R(A) + 1;
        argument_count = B;
        if (!callee->proto || callee->proto->first_argument) goto call_function; /* natives: the RETURN that follows */
        bool fits = C; /* seen when it was compiled; else it is found out while this frame, the caller's, is there */
        if (CP_UNLIKELY(callee->proto->fixed_arguments != (int32_t)argument_count)) {
            if (!call_arrange(cp, callee, callee_base, argument_count)) goto thrown;
            if (!call_arguments_fit(cp, callee, callee_base)) goto thrown;
            fits = false;
            uint32_t arranged = callee->proto->signature->declared + (callee->proto->signature->has_rest ? 1u : 0u);
            memmove(base - 1, callee_base - 1, (arranged + 1) * sizeof *base);
        } else {
            if (!fits && callee->proto->checked_entry) {
                if (!call_arguments_fit(cp, callee, callee_base)) goto thrown;
                fits = true;
            }
            memmove(base - 1, callee_base - 1, (argument_count + 1) * sizeof *base);
        }
        proto = callee->proto;
        pc = proto->code + (fits ? proto->checked_entry : 0);
        frame->proto = proto;
        SAVE();
        while (CP_UNLIKELY(base + proto->register_count > t->value_limit)) {
            bool room = tail_frames_drop(t, stop, base + arranged_count(proto));
            frame = t->frame;
            base = frame->base;
            if (room) continue;
            too_deep(cp);
            goto thrown;
        }
        constants = proto->constants;
        if (CP_UNLIKELY(--t->budget < 0)) {
            SAVE();
            if (!thread_poll(t)) goto thrown;
        }
        NEXT;
    }
    OP(CALL_KEYWORDS) : {
        word = *pc++;
        SAVE();
        value = call_resolve(cp, R(A), NULL);
        if (value == CP_THROWN) goto thrown;
        callee = function_of(value);
        argument_count = B;
        cp_value *arguments = call_by_keyword(cp, function_signature(cp, callee), !callee->proto, cp_text_z(cp, function_title(cp, callee)),
                                              &R(A) + 1, &argument_count, constants[word], NULL);
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
        value = member_send(cp, R(A + 1), cp_symbol_of(cp_head(constants[word])), proto->owner, &R(A) + 2, B,
                            cp_tail(constants[word]));
        goto store_value;
    }
    OP(INVOKE) : {
        struct member_cache *cache = &proto->caches[*pc++];
        cp_value receiver = R(A + 1);
        struct member *member;
        if (CP_LIKELY(cache->class_number == cp_class_number_of(receiver))) member = cache->member;
        else {
            SAVE();
            value = CP_UNSET;
            member = member_find(cp, &receiver, cache->name, proto->owner, &R(A) + 2, B, &value);
            if (!member) goto store_value;
            if (receiver == R(A + 1)) { /* not seen through a face */
                cache->class_number = cp_class_number_of(receiver);
                cache->member = member;
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
            goto call_method;
        }
        SAVE();
        value = member_use(cp, member, receiver, &R(A) + 2, B);
        goto store_value;
    }
    OP(INVOKE_MEMBER) : {
        struct member *member = (struct member *)constants[*pc++];
        if (CP_UNLIKELY(member->function == CP_UNSET)) {
            SAVE();
            value = member_use(cp, member, R(A + 1), &R(A) + 2, B);
            goto store_value;
        }
        callee = function_of(member->function);
        argument_count = B;
        goto call_method;
    }
    OP(CREATE) : {
        SAVE();
        cp_value named = constants[*pc++];
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

    OP(RETURN) : value = R(A);
do_return:
    base[-1] = value;
    frame--;
    t->frame = frame;
    if (CP_UNLIKELY(frame == stop)) return value;
    base = frame->base;
    proto = frame->proto;
    constants = proto->constants;
    pc = frame->pc;
    NEXT;
    OP(RETURN_NIL) : value = CP_NIL;
    goto do_return;

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
            if (!cp_is_cell(list)) pc += (int32_t)word;
            else {
                R(A + 2) = cp_head(list);
                R(A) = cp_tail(list);
            }
            NEXT;
        }
        SAVE();
        value = cp_next(cp, &((struct walk *)R(A + 1))->iterator);
        if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
        if (value == CP_DONE) pc += (int32_t)word;
        else R(A + 2) = value;
        NEXT;
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
            if (value == CP_DONE) pc += (int32_t)word;
            else R(A + 3) = value;
            NEXT;
        }
        if (step > 0 ? at < end : at > end) {
            R(A + 3) = (cp_value)at;
            R(A) = __builtin_add_overflow(at, step, &n) ? (cp_value)end : (cp_value)n;
        } else pc += (int32_t)word;
        NEXT;
    }
    OP(DEFINE) : define_function(t->cp, cp_symbol_of(constants[OPERAND_BX(i)]), R(A));
    NEXT;
    OP(DEFINE_METHOD) : {
        struct member *member = (struct member *)constants[OPERAND_BX(i)];
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

slow_arithmetic:
    SAVE();
    value = operator_arithmetic(cp, i & 255, R(B), R(C));
    goto store_value;

slow_compare:
    SAVE();
    value = operator_compare(cp, i & 255, R(B), R(C));
    goto store_value;

store_value: /* of an instruction whose result goes to R[A] */
    if (CP_UNLIKELY(value == CP_THROWN)) goto thrown;
    R(A) = value;
    NEXT;

call_method: /* callee, argument_count; the receiver is R[A+1] */
    SAVE();
    callee_base = &R(A) + 1;
    R(A) = cp_from_object(callee);
    proto = callee->proto;
    if (CP_LIKELY(proto != NULL)) {
        if (CP_UNLIKELY(proto->fixed_arguments != (int32_t)argument_count) &&
            !call_arrange(cp, callee, callee_base, argument_count)) {
            proto = frame->proto;
            goto thrown;
        }
        pc = proto->code;
        goto push_frame;
    }
    proto = frame->proto;
    value = call_native(cp, callee, R(A + 1), callee_base + 1, argument_count);
    goto store_value;

call_object: /* value, in R[A]: its method `call`, with B arguments; pc is saved */
    {
        cp_value receiver = value;
        value = CP_UNSET;
        struct member *member = member_find(cp, &receiver, cp_symbol_of(cp->known.sym_call), proto->owner, &R(A) + 1, B, &value);
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
    if (callee->proto) {
        if (CP_UNLIKELY(callee->proto->fixed_arguments != (int32_t)argument_count || callee->proto->first_argument) &&
            !call_arrange(cp, callee, callee_base, argument_count))
            goto thrown;
        proto = callee->proto;
        pc = proto->code;
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
    proto = callee->proto;
    if (CP_UNLIKELY(callee_base + proto->register_count > t->value_limit || frame + 1 >= t->frame_limit)) {
        if (frame > stop && tail_frames_drop(t, stop, base + frame->proto->register_count)) {
            callee_base += t->frame->base - base;
            frame = t->frame;
            base = frame->base;
            goto call_with_block;
        }
        frame = t->frame;
        base = frame->base;
        proto = frame->proto;
        too_deep(cp);
        goto thrown;
    }
    memcpy(callee_base - 1, block - 1, (arranged_count(proto) + 1) * sizeof *block);
    pc = proto->code;
    goto push_frame;

push_entry:
    callee_base = entry_base;
push_frame: /* proto, pc, callee_base; the caller's pc is saved */
    if (CP_UNLIKELY(callee_base + proto->register_count > t->value_limit || frame + 1 >= t->frame_limit)) {
        if (frame > stop) {
            cp_value *end = base + frame->proto->register_count;
            cp_value *used = callee_base + arranged_count(proto);
            if (tail_frames_drop(t, stop, used > end ? used : end)) {
                callee_base += t->frame->base - base;
                frame = t->frame;
                base = frame->base;
                goto push_frame;
            }
            frame = t->frame;
            base = frame->base;
        }
        too_deep(cp);
        if (frame == stop) return CP_THROWN;
        proto = frame->proto;
        goto thrown;
    }
    frame++;
    frame->base = base = callee_base;
    frame->proto = proto;
    t->frame = frame;
    constants = proto->constants;
    if (CP_UNLIKELY(--t->budget < 0)) {
        SAVE();
        if (!thread_poll(t)) goto thrown;
    }
    NEXT;

thrown: /* cp->error is set and frame->pc saved */
    unwind_locate(t);
    {
        const struct handler *handler = unwind(t, stop);
        if (!handler) return CP_THROWN;
        frame = t->frame;
        base = frame->base;
        proto = frame->proto;
        constants = proto->constants;
        pc = proto->code + handler->target;
        R(handler->reg) = cp_take_error(cp);
    }
    NEXT;
}
/* clang-format on */
