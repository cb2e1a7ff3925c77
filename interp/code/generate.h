/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * generate.h: nodes to instructions: the second of the compiler's two passes.
 *
 * Registers are a stack: arguments first, then the function's variables, then whatever is being worked out. Invariant:
 * a value is written into a variable's register only as the last act of its expression, so that an Error half-way
 * leaves the variable as it was.
 */
#ifndef CODE_GENERATE_H
#define CODE_GENERATE_H

#include "interp/code/instructions.h"
#include "interp/code/node.h"

/* Jumps that still need their distance. */
struct jumps {
    uint32_t *places; /* of the word to patch */
    uint32_t count, capacity;
};

/* What `return`, `break` and `continue` must pass on their way out. */
enum region_kind { REGION_LOOP, REGION_TRY };
struct region {
    enum region_kind kind;
    struct region *outer;
    struct node *finally;   /* REGION_TRY: code that every way out runs, or NULL */
    uint32_t open;          /* REGION_TRY: where the range that is being written began */
    struct handler *ranges; /* REGION_TRY: ranges closed so far */
    uint32_t range_count, range_capacity;
    struct jumps breaks, continues; /* REGION_LOOP */
};

struct generator {
    cp_context *cp;
    struct source *source;
    struct file_scope *file;
    struct function_state *function;
    uint32_t *code, *positions;
    uint32_t count, capacity;
    cp_value *constants;
    uint32_t constant_count, constant_capacity;
    struct call_cache *caches;
    uint32_t cache_count, cache_capacity;
    struct handler *handlers;
    uint32_t handler_count, handler_capacity;
    uint32_t free, most;   /* first free register; the most ever used */
    bool is_variable[256]; /* registers that belong to variables: written only as the last act of an expression */
    uint32_t position;
    struct {
        cp_value word; /* a value, or the bits of a raw double */
        bool raw;
        uint8_t reg;
    } kept[LOOP_CONSTANTS_MOST]; /* constants that have registers */
    uint32_t kept_count;
    struct region *region;
    bool failed; /* an Error was thrown: stop */
};

/* emit.c */
void emit(struct generator *g, uint32_t word);
uint32_t emit_constant(struct generator *g, cp_value value); /* its index, below 65,536 */
uint32_t emit_cache(struct generator *g, cp_symbol *name, struct member *member);
uint32_t emit_register(struct generator *g);                                      /* allocates one */
void emit_variable(struct generator *g, struct variable *variable, uint32_t reg); /* gives it that register */
void emit_jump(struct generator *g, enum opcode op, uint32_t reg,
               struct jumps *jumps);                           /* JUMP, JUMP_NIL, JUMP_TRUE, GIVEN */
void emit_jump_word(struct generator *g, struct jumps *jumps); /* the second word of an ..J instruction */
void emit_land(struct generator *g, struct jumps *jumps);      /* they all come here */
void emit_land_at(struct generator *g, struct jumps *jumps, uint32_t target);
void emit_handler(struct generator *g, struct handler handler);
void emit_fail(struct generator *g, const char *text);
/* Checks a value against a type on its way from one register to another, or in place. */
void emit_check(struct generator *g, uint32_t to, uint32_t from, struct type *type, const char *what, const char *name);
void emit_move(struct generator *g, uint32_t to, uint32_t from);

/* Whether a constant fits an instruction's signed operand of 8 bits. */
static inline bool generate_fits_byte(cp_value v) {
    return cp_is_fixnum(v) && cp_fixnum_value(v) >= -128 && cp_fixnum_value(v) <= 127;
}

/* generate.c */
void generate_into(struct generator *g, struct node *node, uint32_t to);
uint32_t generate_any(struct generator *g, struct node *node); /* the register where the value is */
void generate_effect(struct generator *g, struct node *node);  /* the value is not needed */
void generate_set_variable(struct generator *g, struct variable *variable, uint32_t from, bool declare);
/* A variable of a let: its register stays allocated. */
void generate_declare(struct generator *g, struct node *node);
/* Whether a value must be looked at before it may be called one of the type. */
bool generate_needs_check(const struct type *type, const struct node *value);
/* Gives constants that loops compute with registers of their own, loaded when the function begins. */
void generate_loop_constants(struct generator *g, struct function_state *f);
/* Such a constant's register, or -1. */
int generate_kept_constant(const struct generator *g, cp_value word, bool raw);
/* Which of + - * an operation is: 0, 1, 2, or -1 for none. */
int generate_pair_index(const struct node *node);
/* Whether a node is a constant or a variable that only this function's code can change: reading it has no effect, and
   may come before an operation that stands to its left. */
bool generate_is_plain(const struct generator *g, const struct node *node);
/* The one or two operands of an instruction, left first. */
void generate_operands(struct generator *g, struct node *node, uint32_t *left, uint32_t *right);

/* generate_real.c */
bool generate_keeps_raw(const struct variable *variable); /* whether a variable's register holds a raw double */
bool generate_is_raw(const struct generator *g, struct node *node);
void generate_raw_into(struct generator *g, struct node *node, uint32_t to); /* of any number, or () */
void generate_raw_nil(struct generator *g, uint32_t to);
bool generate_constant_double(const struct node *node, double *d);       /* a number that a double holds exactly */
void generate_pack(struct generator *g, struct node *node, uint32_t to); /* the value of a raw node */
bool generate_compares_raw(struct generator *g, struct node *node);
void generate_raw_operands(struct generator *g, struct node *node, uint32_t *left, uint32_t *right);

/* generate_call.c */
void generate_call(struct generator *g, struct node *node, uint32_t to);
void generate_tail_call(struct generator *g, struct node *node);

/* generate_control.c */
void generate_control(struct generator *g, struct node *node, uint32_t to, bool wanted);
/* Jumps when the node's truth is `when`, else goes on. */
void generate_condition(struct generator *g, struct node *node, bool when, struct jumps *jumps);
/* Leaves the function with the node's value. */
void generate_return(struct generator *g, struct node *node);

/* generate_function.c */
struct proto *generate_function(cp_context *cp, struct source *source, struct file_scope *file,
                                struct function_state *f);

#endif
