/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * instructions.h: the virtual machine's instruction list and its manual. INSTRUCTIONS(X) calls
 * X(NAME, operand format, "what it does") for each, in the order of the opcodes.
 *
 * An instruction is one 32-bit word: op:8 A:8 B:8 C:8; Bx is B and C as one unsigned, sBx as one signed number; sC is C
 * signed; sABC is A, B, C as one signed 24-bit number. R[n] is register n of the running function, K[n] its constant n.
 * `word` is a second word that follows. Jumps count from the word after the instruction (and after its second word);
 * every jump back lets other threads run from time to time. Each comparing jump is followed by its opposite.
 *
 * Formats: 0 none, A, AB, ABC, ABx, AsBx, ABsC, J (sABC); +W with a second word that is a constant's or cache's index,
 * +J with a second word that is a jump distance.
 *
 * D[n] is register n when it holds a raw double (generate_real.c), of which one pattern stands for ().
 *
 * A call's registers: R[A] the Function (the callee's R[-1]), R[A+1]... the arguments (the callee's R[0]...); the
 * result lands in R[A]. A method's receiver is its first argument: the callee's R[0] is `this`.
 */
#ifndef CODE_INSTRUCTIONS_H
#define CODE_INSTRUCTIONS_H

#define INSTRUCTIONS(X)                                                                                                \
    X(MOVE, AB, "R[A] = R[B]")                                                                                         \
    X(LOAD_CONSTANT, ABx, "R[A] = K[Bx]")                                                                              \
    X(LOAD_INTEGER, AsBx, "R[A] = the Integer sBx")                                                                    \
    X(LOAD_NIL, A, "R[A] = ()")                                                                                        \
    X(LOAD_TRUE, A, "R[A] = the Symbol true")                                                                          \
    X(LOAD_UNSET, A, "R[A] = no value: an argument not given")                                                         \
    X(CELL_NEW, AB, "R[A] = a new cell that holds R[B]")                                                               \
    X(CELL_GET, AB, "R[A] = what the cell R[B] holds")                                                                 \
    X(CELL_SET, AB, "the cell R[A] holds R[B] from now on")                                                            \
    X(CAPTURED, AB, "R[A] = captured value B")                                                                         \
    X(CAPTURED_GET, AB, "R[A] = what captured cell B holds")                                                           \
    X(CAPTURED_SET, AB, "captured cell A holds R[B] from now on")                                                      \
    X(FILE_GET, ABx, "R[A] = the file variable K[Bx]")                                                                 \
    X(FILE_SET, ABx, "the file variable K[Bx] = R[A]")                                                                 \
    X(GLOBAL_GET, ABx, "R[A] = this thread's global of the Symbol K[Bx]")                                              \
    X(GLOBAL_SET, ABx, "this thread's global of the Symbol K[Bx] = R[A]; its declared class is checked")               \
    X(NAME_GET, ABx, "R[A] = file variable or function of the name K[Bx], found at run time")                          \
    X(FUNCTION_GET, ABx, "R[A] = the function of the Symbol K[Bx]")                                                    \
    X(CLOSURE, ABxW, "R[A] = a closure of the proto K[Bx]; `word` words follow: 2*register or 2*captured+1")           \
    X(CHECK, ABW, "R[A] = R[B], which must be () or of the type in the pair K[word], else throw 1.11")                 \
    X(CHECK_INTEGER, ABW, "the same where the type is Integer")                                                        \
    X(GIVEN, AsBx, "jump when argument R[A] was given")                                                                \
    X(ADD, ABC, "R[A] = R[B] + R[C]")                                                                                  \
    X(SUBTRACT, ABC, "R[A] = R[B] - R[C]")                                                                             \
    X(MULTIPLY, ABC, "R[A] = R[B] * R[C]")                                                                             \
    X(DIVIDE, ABC, "R[A] = R[B] / R[C]")                                                                               \
    X(MODULO, ABC, "R[A] = R[B] % R[C]")                                                                               \
    X(ADD_ADD, ABCW, "R[A] = (R[B] + R[C]) + R[word]")                                                                 \
    X(ADD_SUBTRACT, ABCW, "R[A] = (R[B] + R[C]) - R[word]")                                                            \
    X(ADD_MULTIPLY, ABCW, "R[A] = (R[B] + R[C]) * R[word]")                                                            \
    X(SUBTRACT_ADD, ABCW, "R[A] = (R[B] - R[C]) + R[word]")                                                            \
    X(SUBTRACT_SUBTRACT, ABCW, "R[A] = (R[B] - R[C]) - R[word]")                                                       \
    X(SUBTRACT_MULTIPLY, ABCW, "R[A] = (R[B] - R[C]) * R[word]")                                                       \
    X(MULTIPLY_ADD, ABCW, "R[A] = (R[B] * R[C]) + R[word]")                                                            \
    X(MULTIPLY_SUBTRACT, ABCW, "R[A] = (R[B] * R[C]) - R[word]")                                                       \
    X(MULTIPLY_MULTIPLY, ABCW, "R[A] = (R[B] * R[C]) * R[word]")                                                       \
    X(ADD_REAL, ABC, "D[A] = D[B] + D[C]")                                                                             \
    X(SUBTRACT_REAL, ABC, "D[A] = D[B] - D[C]")                                                                        \
    X(MULTIPLY_REAL, ABC, "D[A] = D[B] * D[C]")                                                                        \
    X(DIVIDE_REAL, ABC, "D[A] = D[B] / D[C]")                                                                          \
    X(ADD_ADD_REAL, ABCW, "D[A] = (D[B] + D[C]) + D[word]")                                                            \
    X(ADD_SUBTRACT_REAL, ABCW, "D[A] = (D[B] + D[C]) - D[word]")                                                       \
    X(ADD_MULTIPLY_REAL, ABCW, "D[A] = (D[B] + D[C]) * D[word]")                                                       \
    X(SUBTRACT_ADD_REAL, ABCW, "D[A] = (D[B] - D[C]) + D[word]")                                                       \
    X(SUBTRACT_SUBTRACT_REAL, ABCW, "D[A] = (D[B] - D[C]) - D[word]")                                                  \
    X(SUBTRACT_MULTIPLY_REAL, ABCW, "D[A] = (D[B] - D[C]) * D[word]")                                                  \
    X(MULTIPLY_ADD_REAL, ABCW, "D[A] = (D[B] * D[C]) + D[word]")                                                       \
    X(MULTIPLY_SUBTRACT_REAL, ABCW, "D[A] = (D[B] * D[C]) - D[word]")                                                  \
    X(MULTIPLY_MULTIPLY_REAL, ABCW, "D[A] = (D[B] * D[C]) * D[word]")                                                  \
    X(PACK_REAL, AB, "R[A] = the Real D[B]")                                                                           \
    X(UNPACK_REAL, AB, "D[A] = the number R[B]")                                                                       \
    X(ADD_INTEGER, ABsC, "R[A] = R[B] + sC")                                                                           \
    X(SUBTRACT_INTEGER, ABsC, "R[A] = R[B] - sC")                                                                      \
    X(EQUAL, ABC, "R[A] = true if R[B] == R[C], else ()")                                                              \
    X(NOT_EQUAL, ABC, "R[A] = true if R[B] != R[C], else ()")                                                          \
    X(LESS, ABC, "R[A] = true if R[B] < R[C], else ()")                                                                \
    X(LESS_EQUAL, ABC, "R[A] = true if R[B] <= R[C], else ()")                                                         \
    X(GREATER, ABC, "R[A] = true if R[B] > R[C], else ()")                                                             \
    X(GREATER_EQUAL, ABC, "R[A] = true if R[B] >= R[C], else ()")                                                      \
    X(NOT, AB, "R[A] = true if R[B] is (), else ()")                                                                   \
    X(JUMP, J, "jump")                                                                                                 \
    X(LOOP, J, "jump back")                                                                                            \
    X(JUMP_NIL, AsBx, "jump when R[A] is ()")                                                                          \
    X(JUMP_TRUE, AsBx, "jump when R[A] is not ()")                                                                     \
    X(JUMP_EQUAL, ABCJ, "jump when R[A] == R[B]; C: the source says !=")                                               \
    X(JUMP_NOT_EQUAL, ABCJ, "jump when R[A] == R[B] is false; C: the source says !=")                                  \
    X(JUMP_LESS, ABCJ, "jump when R[A] < R[B]; C: the source says R[B] > R[A]")                                        \
    X(JUMP_NOT_LESS, ABCJ, "jump when R[A] < R[B] is false, which NaN makes differ from >=; C as above")               \
    X(JUMP_LESS_EQUAL, ABCJ, "jump when R[A] <= R[B]; C: the source says R[B] >= R[A]")                                \
    X(JUMP_NOT_LESS_EQUAL, ABCJ, "jump when R[A] <= R[B] is false; C as above")                                        \
    X(JUMP_EQUAL_INTEGER, ABCJ, "jump when R[A] == sB")                                                                \
    X(JUMP_NOT_EQUAL_INTEGER, ABCJ, "jump when R[A] == sB is false")                                                   \
    X(JUMP_LESS_INTEGER, ABCJ, "jump when R[A] < sB")                                                                  \
    X(JUMP_NOT_LESS_INTEGER, ABCJ, "jump when R[A] < sB is false")                                                     \
    X(JUMP_LESS_EQUAL_INTEGER, ABCJ, "jump when R[A] <= sB")                                                           \
    X(JUMP_NOT_LESS_EQUAL_INTEGER, ABCJ, "jump when R[A] <= sB is false")                                              \
    X(JUMP_GREATER_INTEGER, ABCJ, "jump when R[A] > sB")                                                               \
    X(JUMP_NOT_GREATER_INTEGER, ABCJ, "jump when R[A] > sB is false")                                                  \
    X(JUMP_GREATER_EQUAL_INTEGER, ABCJ, "jump when R[A] >= sB")                                                        \
    X(JUMP_NOT_GREATER_EQUAL_INTEGER, ABCJ, "jump when R[A] >= sB is false")                                           \
    X(JUMP_EQUAL_REAL, ABCJ, "jump when D[A] == D[B]; C as above")                                                     \
    X(JUMP_NOT_EQUAL_REAL, ABCJ, "jump when D[A] == D[B] is false")                                                    \
    X(JUMP_LESS_REAL, ABCJ, "jump when D[A] < D[B]")                                                                   \
    X(JUMP_NOT_LESS_REAL, ABCJ, "jump when D[A] < D[B] is false")                                                      \
    X(JUMP_LESS_EQUAL_REAL, ABCJ, "jump when D[A] <= D[B]")                                                            \
    X(JUMP_NOT_LESS_EQUAL_REAL, ABCJ, "jump when D[A] <= D[B] is false")                                               \
    X(STEP_LESS, ABCJ, "R[A] = R[A] + sC; jump when R[A] < R[B]")                                                      \
    X(STEP_LESS_EQUAL, ABCJ, "R[A] = R[A] + sC; jump when R[A] <= R[B]")                                               \
    X(STEP_GREATER_INTEGER, ABCJ, "R[A] = R[A] + sC; jump when R[A] > sB")                                             \
    X(STEP_GREATER_EQUAL_INTEGER, ABCJ, "R[A] = R[A] + sC; jump when R[A] >= sB")                                      \
    X(CALL, ABCW, "call the function of the name in cache word with B arguments; C: they are known to fit its header") \
    X(CALL_VALUE, ABW, "call R[A] with B arguments; cache word: its name, if any, is called when R[A] is no function") \
    X(TAIL_CALL, ABCW, "as CALL, in place of the running function")                                                    \
    X(TAIL_CALL_VALUE, ABW, "as CALL_VALUE, in place of the running function")                                         \
    X(CALL_KEYWORDS, ABW, "call R[A] with B arguments, the last of them named by the List K[word]")                    \
    X(INVOKE, ABW, "the dot: member of R[A+1] with B further arguments; word: index of the cache")                     \
    X(INVOKE_KEYWORDS, ABW, "as INVOKE, slow; K[word] is the member's Symbol, then the names of the last arguments")   \
    X(INVOKE_MEMBER, ABW, "call the method in cache word (a member known at compile time) on R[A+1] with B arguments") \
    X(CREATE, ABCW, "R[A] = a new K[word], B arguments from R[A+2]; C: K[word] is (class name...) of named ones")      \
    X(SLOT_GET, ABC, "R[A] = word C of the object R[B]")                                                               \
    X(SLOT_SET, ABC, "word C of the object R[B] = R[A]")                                                               \
    X(RETURN, A, "leave the function with R[A]")                                                                       \
    X(RETURN_NIL, 0, "leave the function with ()")                                                                     \
    X(THROW, A, "throw the Error R[A]")                                                                                \
    X(RETHROW, ABC, "throw the Error R[A] on, its place unchanged; if C, R[B] is what it was caused by")               \
    X(CATCH_TEST, ABCJ, "jump unless the catch class R[B] takes the Error R[A]")                                       \
    X(HEAD, AB, "R[A] = first item of the List R[B]")                                                                  \
    X(TAIL, AB, "R[A] = the List R[B] without its first item")                                                         \
    X(CONS, ABC, "R[A] = List with head R[B] and tail R[C]")                                                           \
    X(LIST, ABC, "R[A] = List of the C values from R[B]")                                                              \
    X(FOR_PREPARE, A, "R[A] is a sequence: make R[A], R[A+1] the state of a walk over it")                             \
    X(FOR_NEXT, AJ, "jump with R[A+2] = the walk's next item, or go on at its end")                                    \
    X(FOR_RANGE_PREPARE, A,                                                                                            \
      "check R[A] from, R[A+1] to, R[A+2] step; when they are no small Integers, R[A] = the walk over such a Range")   \
    X(FOR_RANGE_NEXT, AJ,                                                                                              \
      "jump with R[A+3] = R[A], which then grows by R[A+2], or the walk's next item; go on at the end")                \
    X(DEFINE, ABx, "the function R[A] becomes the function of the Symbol K[Bx]")                                       \
    X(DEFINE_METHOD, ABx, "the function R[A] becomes the body of the member K[Bx]")                                    \
    X(EXPORT, ABx, "this thread's global K[Bx] is copied to threads made from now on")                                 \
    X(GLOBAL_DECLARE, ABx,                                                                                             \
      "declares the global of K[Bx], a cell (Symbol . type); R[A] is its first value if it has none")

enum opcode {
#define X(name, format, text) OP_##name,
    INSTRUCTIONS(X)
#undef X
        OPCODE_COUNT
};

enum instruction_format {
    FORMAT_0,
    FORMAT_A,
    FORMAT_AB,
    FORMAT_ABC,
    FORMAT_ABx,
    FORMAT_AsBx,
    FORMAT_ABsC,
    FORMAT_J,
    FORMAT_AJ,
    FORMAT_ABW,
    FORMAT_ABCW,
    FORMAT_ABxW,
    FORMAT_ABCJ
};

struct instruction_info {
    const char *name;
    enum instruction_format format;
    const char *text;
};
extern const struct instruction_info instruction_infos[OPCODE_COUNT];

/* How many words an instruction takes, its captures apart. */
static inline int instruction_words(enum opcode op) { return instruction_infos[op].format >= FORMAT_AJ ? 2 : 1; }

#define INSTRUCTION(op, a, b, c)                                                                                       \
    ((uint32_t)(op) | (uint32_t)(uint8_t)(a) << 8 | (uint32_t)(uint8_t)(b) << 16 | (uint32_t)(uint8_t)(c) << 24)
#define INSTRUCTION_BX(op, a, bx) ((uint32_t)(op) | (uint32_t)(uint8_t)(a) << 8 | (uint32_t)(uint16_t)(bx) << 16)
#define INSTRUCTION_J(op, distance) ((uint32_t)(op) | (uint32_t)(distance) << 8)

#define OPERAND_A(i) ((uint8_t)((i) >> 8))
#define OPERAND_B(i) ((uint8_t)((i) >> 16))
#define OPERAND_C(i) ((i) >> 24)
#define OPERAND_BX(i) ((i) >> 16)
#define OPERAND_SB(i) ((int8_t)((i) >> 16))
#define OPERAND_SC(i) ((int32_t)(i) >> 24)
#define OPERAND_SBX(i) ((int32_t)(i) >> 16)
#define OPERAND_J(i) ((int32_t)(i) >> 8)

#endif
