/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vm_arithmetic.h: a part of vm_run in vm.c and nothing by itself: the instructions that work with numbers, those that
 * compare and jump, and their slow paths.
 *
 * Each instruction tries what is frequent, small Integers and Reals held in the word, and leaves the rest (big
 * Integers, boxed Reals, Strings, objects with operators, Errors) to operator.c by way of a label at the end.
 */
/* clang-format off */

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
        } else if (CP_LIKELY(ARE_REALS(x, y))) {                                                                       \
            R(A) = cp_real(real_of_word(x) real_operator real_of_word(y));                                             \
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
        } else if (ARE_REALS(x, y)) {
            R(A) = cp_real(real_of_word(x) / real_of_word(y));
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
#define REAL_ARITHMETIC(name, operator)                                                                                \
    OP(name##_REAL) : {                                                                                                \
        double d = D(B) operator D(C);                                                                                 \
        if (CP_UNLIKELY(d != d)) goto slow_real;                                                                       \
        D(A) = d;                                                                                                      \
        NEXT;                                                                                                          \
    }
    REAL_ARITHMETIC(ADD, +)
    REAL_ARITHMETIC(SUBTRACT, -)
    REAL_ARITHMETIC(MULTIPLY, *)
    REAL_ARITHMETIC(DIVIDE, /)
    /* two operations, the first's result not going through a register: there the time of long formulas is lost */
#define INTEGER_ADD(x, y, n) __builtin_add_overflow(x, (y) - 1, n)
#define INTEGER_SUBTRACT(x, y, n) __builtin_sub_overflow(x, (y) - 1, n)
#define INTEGER_MULTIPLY(x, y, n) (__builtin_mul_overflow((x) >> 1, (y) - 1, n) || (*(n) |= 1, false))
#define PAIR(first, first_operator, second, second_operator)                                                           \
    OP(first##_##second) : {                                                                                           \
        cp_value x = R(B), y = R(C), z = R(*pc);                                                                       \
        int64_t n, m;                                                                                                  \
        if (CP_LIKELY(ARE_3_REALS(x, y, z))) {                                                                         \
            pc++;                                                                                                      \
            R(A) = cp_real((real_of_word(x) first_operator real_of_word(y)) second_operator real_of_word(z));          \
        } else if ((x & y & z & 1) && !INTEGER_##first((int64_t)x, (int64_t)y, &n) &&                                  \
                   !INTEGER_##second(n, (int64_t)z, &m)) {                                                             \
            pc++;                                                                                                      \
            R(A) = (cp_value)m;                                                                                        \
        } else goto slow_pair;                                                                                         \
        NEXT;                                                                                                          \
    }
    PAIR(ADD, +, ADD, +)
    PAIR(ADD, +, SUBTRACT, -)
    PAIR(ADD, +, MULTIPLY, *)
    PAIR(SUBTRACT, -, ADD, +)
    PAIR(SUBTRACT, -, SUBTRACT, -)
    PAIR(SUBTRACT, -, MULTIPLY, *)
    PAIR(MULTIPLY, *, ADD, +)
    PAIR(MULTIPLY, *, SUBTRACT, -)
    PAIR(MULTIPLY, *, MULTIPLY, *)
    /* and on raw doubles */
#define REAL_PAIR(first, first_operator, second, second_operator)                                                      \
    OP(first##_##second##_REAL) : {                                                                                    \
        double d = (D(B) first_operator D(C)) second_operator D(*pc);                                                  \
        if (CP_UNLIKELY(d != d)) goto slow_real_pair;                                                                  \
        pc++;                                                                                                          \
        D(A) = d;                                                                                                      \
        NEXT;                                                                                                          \
    }
    REAL_PAIR(ADD, +, ADD, +)
    REAL_PAIR(ADD, +, SUBTRACT, -)
    REAL_PAIR(ADD, +, MULTIPLY, *)
    REAL_PAIR(SUBTRACT, -, ADD, +)
    REAL_PAIR(SUBTRACT, -, SUBTRACT, -)
    REAL_PAIR(SUBTRACT, -, MULTIPLY, *)
    REAL_PAIR(MULTIPLY, *, ADD, +)
    REAL_PAIR(MULTIPLY, *, SUBTRACT, -)
    REAL_PAIR(MULTIPLY, *, MULTIPLY, *)
    OP(PACK_REAL) : R(A) = raw_pack(R(B));
    NEXT;
    OP(UNPACK_REAL) : {
        value = R(B);
        if (CP_UNLIKELY(value != CP_NIL && !cp_is_number(value))) {
            SAVE();
            cp_throw_type(cp, "an operand", "Integer or Real", value);
            goto thrown;
        }
        R(A) = raw_unpack(value);
        NEXT;
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
        else if (ARE_REALS(x, y))                                                   \
            R(A) = BOOLEAN(real_of_word(x) operator real_of_word(y));                                                \
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
    OP(LOOP) : JUMP_BY(OPERAND_J(i));
    OP(JUMP_NIL) : if (R(A) == CP_NIL) JUMP_BY(OPERAND_SBX(i));
    NEXT;
    OP(JUMP_TRUE) : if (R(A) != CP_NIL) JUMP_BY(OPERAND_SBX(i));
    NEXT;
#define EQUAL_JUMP(name, operator)                                                                                     \
    OP(name) : {                                                                                                       \
        cp_value x = R(A), y = R(B);                                                                                   \
        word = *pc++;                                                                                                  \
        if (CP_UNLIKELY(!(x & y & 1))) goto slow_jump;                                                                 \
        if (x operator y) JUMP_BY((int32_t)word);                                                                      \
        NEXT;                                                                                                          \
    }
    EQUAL_JUMP(JUMP_EQUAL, ==)
    EQUAL_JUMP(JUMP_NOT_EQUAL, !=)
#define COMPARE_JUMP(name, holds, operator)                                                                            \
    OP(name) : {                                                                                                       \
        cp_value x = R(A), y = R(B);                                                                                   \
        word = *pc++;                                                                                                  \
        if (CP_LIKELY(x & y & 1)) {                                                                                    \
            if (((int64_t)x operator(int64_t) y) == holds) JUMP_BY((int32_t)word);                                     \
        } else if (ARE_REALS(x, y)) {                                               \
            if ((real_of_word(x) operator real_of_word(y)) == holds) JUMP_BY((int32_t)word);                         \
        } else goto slow_jump;                                                                                         \
        NEXT;                                                                                                          \
    }
    COMPARE_JUMP(JUMP_LESS, true, <)
    COMPARE_JUMP(JUMP_NOT_LESS, false, <)
    COMPARE_JUMP(JUMP_LESS_EQUAL, true, <=)
    COMPARE_JUMP(JUMP_NOT_LESS_EQUAL, false, <=)
#define COMPARE_INTEGER_JUMP(name, holds, operator)                                                                    \
    OP(name) : {                                                                                                       \
        cp_value x = R(A);                                                                                             \
        word = *pc++;                                                                                                  \
        if (CP_UNLIKELY(!(x & 1))) goto slow_jump_integer;                                                             \
        if (((int64_t)x operator(int64_t) cp_fixnum(OPERAND_SB(i))) == holds) JUMP_BY((int32_t)word);                  \
        NEXT;                                                                                                          \
    }
    COMPARE_INTEGER_JUMP(JUMP_EQUAL_INTEGER, true, ==)
    COMPARE_INTEGER_JUMP(JUMP_NOT_EQUAL_INTEGER, false, ==)
    COMPARE_INTEGER_JUMP(JUMP_LESS_INTEGER, true, <)
    COMPARE_INTEGER_JUMP(JUMP_NOT_LESS_INTEGER, false, <)
    COMPARE_INTEGER_JUMP(JUMP_LESS_EQUAL_INTEGER, true, <=)
    COMPARE_INTEGER_JUMP(JUMP_NOT_LESS_EQUAL_INTEGER, false, <=)
    COMPARE_INTEGER_JUMP(JUMP_GREATER_INTEGER, true, >)
    COMPARE_INTEGER_JUMP(JUMP_NOT_GREATER_INTEGER, false, >)
    COMPARE_INTEGER_JUMP(JUMP_GREATER_EQUAL_INTEGER, true, >=)
    COMPARE_INTEGER_JUMP(JUMP_NOT_GREATER_EQUAL_INTEGER, false, >=)

#define REAL_JUMP(name, holds, operator)                                                                               \
    OP(name) : {                                                                                                       \
        double x = D(A), y = D(B);                                                                                     \
        word = *pc++;                                                                                                  \
        if (CP_UNLIKELY(__builtin_isunordered(x, y))) goto slow_jump_real;                                             \
        if ((x operator y) == holds) JUMP_BY((int32_t)word);                                                           \
        NEXT;                                                                                                          \
    }
    REAL_JUMP(JUMP_EQUAL_REAL, true, ==)
    REAL_JUMP(JUMP_NOT_EQUAL_REAL, false, ==)
    REAL_JUMP(JUMP_LESS_REAL, true, <)
    REAL_JUMP(JUMP_NOT_LESS_REAL, false, <)
    REAL_JUMP(JUMP_LESS_EQUAL_REAL, true, <=)
    REAL_JUMP(JUMP_NOT_LESS_EQUAL_REAL, false, <=)

#define STEP(name, limit, operator)                                                                                    \
    OP(STEP_##name) : {                                                                                                \
        cp_value x = R(A), y = limit;                                                                                  \
        int64_t n;                                                                                                     \
        if (CP_UNLIKELY(!(x & y & 1) || __builtin_add_overflow((int64_t)x, (int64_t)OPERAND_SC(i) * 2, &n)))           \
            goto slow_step;                                                                                            \
        R(A) = (cp_value)n;                                                                                            \
        word = *pc++;                                                                                                  \
        if (n operator(int64_t) y) JUMP_BY((int32_t)word);                                                             \
        NEXT;                                                                                                          \
    }
    STEP(LESS, R(B), <)
    STEP(LESS_EQUAL, R(B), <=)
    STEP(GREATER_INTEGER, cp_fixnum(OPERAND_SB(i)), >)
    STEP(GREATER_EQUAL_INTEGER, cp_fixnum(OPERAND_SB(i)), >=)

    /* ---- slow paths: reached by goto only ---- */

slow_arithmetic:
    if (mixed_arithmetic(i & 255, R(B), R(C), &value)) {
        R(A) = value;
        NEXT;
    }
    SAVE();
    value = operator_arithmetic(cp, i & 255, R(B), R(C));
    goto store_value;

slow_real: /* a result that is no number: perhaps one of the operands was () */
    SAVE();
    value = operator_arithmetic(cp, (i & 255) - OP_ADD_REAL + OP_ADD, raw_pack(R(B)), raw_pack(R(C)));
    if (value == CP_THROWN) goto thrown;
    R(A) = raw_unpack(value);
    NEXT;

slow_pair: /* each operation at its own place in the source */
    SAVE();
    word = (i & 255) - OP_ADD_ADD;
    value = operator_arithmetic(cp, OP_ADD + word / 3, R(B), R(C));
    if (value == CP_THROWN) goto thrown;
    callee_base = &R(*pc++);
    SAVE();
    value = operator_arithmetic(cp, OP_ADD + word % 3, value, *callee_base);
    goto store_value;

slow_real_pair: /* the same, each operation at its own place in the source */
    SAVE();
    word = (i & 255) - OP_ADD_ADD_REAL;
    value = operator_arithmetic(cp, OP_ADD + word / 3, raw_pack(R(B)), raw_pack(R(C)));
    if (value == CP_THROWN) goto thrown;
    callee_base = &R(*pc++);
    SAVE();
    value = operator_arithmetic(cp, OP_ADD + word % 3, value, raw_pack(*callee_base));
    if (value == CP_THROWN) goto thrown;
    R(A) = raw_unpack(value);
    NEXT;

slow_compare:
    SAVE();
    value = operator_compare(cp, i & 255, R(B), R(C));
    goto store_value;

slow_jump: /* word: the distance; C: the operands stand in the other order than in the source, or it says != */
    SAVE();
    switch (operator_jump(cp, i & 255, C, R(A), R(B))) {
    case 0: NEXT;
    case 1: JUMP_BY((int32_t)word);
    default: goto thrown;
    }

slow_jump_integer:
    SAVE();
    switch (operator_jump(cp, i & 255, 0, R(A), cp_fixnum(OPERAND_SB(i)))) {
    case 0: NEXT;
    case 1: JUMP_BY((int32_t)word);
    default: goto thrown;
    }

slow_jump_real: /* NaN or () */
    SAVE();
    switch (operator_jump(cp, i & 255, C, raw_pack(R(A)), raw_pack(R(B)))) {
    case 0: NEXT;
    case 1: JUMP_BY((int32_t)word);
    default: goto thrown;
    }

slow_step: { /* the sum at its own place in the source, then the comparison */
    static const uint8_t jumps[] = {OP_JUMP_LESS, OP_JUMP_LESS_EQUAL, OP_JUMP_GREATER_INTEGER,
                                    OP_JUMP_GREATER_EQUAL_INTEGER};
    uint32_t step = (i & 255) - OP_STEP_LESS;
    SAVE();
    value = operator_arithmetic(cp, OP_ADD, R(A), cp_fixnum(OPERAND_SC(i)));
    if (value == CP_THROWN) goto thrown;
    R(A) = value;
    word = *pc++;
    SAVE();
    switch (operator_jump(cp, jumps[step], 0, value, step < 2 ? R(B) : cp_fixnum(OPERAND_SB(i)))) {
    case 0: NEXT;
    case 1: JUMP_BY((int32_t)word);
    default: goto thrown;
    }
}
/* clang-format on */
