/* SPDX-License-Identifier: GPL-3.0-or-later */
/* node.h: what the binder makes of a form and the generator turns into instructions: names resolved, macros expanded,
   types known where they can be. */
#ifndef CODE_NODE_H
#define CODE_NODE_H

#include "interp/code/proto.h"

enum node_kind {
    NODE_CONSTANT,      /* value */
    NODE_VARIABLE,      /* variable, of this function or captured */
    NODE_FILE,          /* file */
    NODE_GLOBAL,        /* symbol */
    NODE_NAME,          /* symbol: found at run time */
    NODE_FUNCTION_NAME, /* symbol: function as a value */
    NODE_SET,           /* variable = a */
    NODE_FILE_SET,      /* file = a */
    NODE_GLOBAL_SET,    /* symbol = a */
    NODE_DECLARE,       /* local: variable gets its first value a (or ()) */
    NODE_DO,            /* items in order */
    NODE_IF,            /* a b c */
    NODE_AND,           /* items */
    NODE_OR,            /* items */
    NODE_NOT,           /* a */
    NODE_WHILE,         /* test a, body b */
    NODE_DO_WHILE,      /* test a, body b */
    NODE_FOR,           /* variable, sequence a, body b */
    NODE_FOR_RANGE,     /* variable, items from to step, body b */
    NODE_BREAK,
    NODE_CONTINUE,
    NODE_RETURN,        /* a or NULL */
    NODE_LET,           /* items: NODE_DECLAREs of variables that end with the body b */
    NODE_LAMBDA,        /* function */
    NODE_DEFINE,        /* symbol = function a */
    NODE_DEFINE_METHOD, /* member = function a */
    NODE_CALL,          /* symbol(items) */
    NODE_CALL_VALUE,    /* a(items), symbol as second choice */
    NODE_INVOKE,        /* a.symbol(items) */
    NODE_INVOKE_MEMBER, /* this.member(items) */
    NODE_SLOT_GET,      /* this.member */
    NODE_SLOT_SET,      /* this.member = a */
    NODE_CREATE,        /* class symbol, items */
    NODE_ARITHMETIC,    /* number = opcode, a, b */
    NODE_COMPARE,       /* number = opcode OP_EQUAL.., a, b */
    NODE_HEAD,
    NODE_TAIL,
    NODE_CONS,
    NODE_LIST,  /* items */
    NODE_TRY,   /* body a, clauses, finally b */
    NODE_THROW, /* a */
    NODE_EXPORT,
    NODE_GLOBAL_DECLARE, /* symbol, type, a */
};

struct function_state;

struct variable {
    cp_symbol *name;
    struct type *type;
    struct function_state *function;
    struct variable *next; /* in its scope */
    bool captured, mutated;
    bool is_argument;
    bool function_level;    /* its register belongs to it during the whole function */
    bool of_catch;          /* the `err` of a catch, not one that a script declared */
    bool needs_first_value; /* may be read before its `local` was run */
    uint8_t reg;
    uint32_t uses, real_uses; /* how often it is read, and by arithmetic on Reals; within loops each counts for more */
};

/* A captured, mutated variable lives in a cell that all closures share. */
static inline bool variable_is_boxed(const struct variable *v) { return v->captured && v->mutated; }

struct catch_clause {
    struct node *test; /* NULL: takes all */
    struct variable *error;
    struct node *body;
    uint32_t position;
};

struct node {
    enum node_kind kind;
    bool assigns; /* sets a variable that lives in a register: operands must not be taken from there later */
    bool flag;
    uint8_t raw; /* generate_real.c: whether it is worked out as a raw double */
    uint32_t position;
    uint32_t count;
    int number;
    struct type *type; /* what is known of the value's class; never NULL: Object when nothing is known */
    struct node *a, *b, *c;
    struct node **items;
    cp_symbol *symbol;
    cp_value value;
    cp_value keywords; /* calls: List of the names of the last arguments, or () */
    struct variable *variable;
    struct file_variable *file;
    struct member *member;
    struct function_state *function;
    struct catch_clause *clauses;
};

struct scope {
    struct scope *parent;
    struct function_state *function;
    struct variable *variables;
    bool holds_locals; /* `local` declares here: a function's body, a let */
};

/* One function while it is compiled. */
struct function_state {
    struct function_state *parent;
    cp_symbol *name;
    cp_class *owner;
    uint32_t interface, position;
    bool is_constructor, is_top_level, has_this;
    struct signature *signature;
    struct variable **arguments; /* declared, then rest; `this` is arguments[0] of a method */
    struct node **defaults;      /* per argument, NULL when required */
    uint32_t argument_count;
    struct variable **locals; /* function-level variables */
    uint32_t local_count, local_capacity;
    struct variable **captures;
    uint32_t capture_count, capture_capacity;
    struct node *body;
    struct proto *proto; /* its code, once written: finally code is written several times, its lambdas once */
    cp_value doc;
    uint32_t loop_depth;
    struct node **loop_constants; /* operations within loops that have a constant operand */
    uint32_t loop_constant_count, loop_constant_capacity;
};

enum {
    LOOP_WEIGHT = 8,         /* how much more a use within a loop counts */
    REAL_USES_LEAST = 3,     /* from which on raw doubles pay */
    LOOP_CONSTANTS_MOST = 16 /* constants of a function's loops that get registers */
};

/* Whether a value of static type `from` can never be taken by `to`. */
bool type_never_fits(const struct type *to, const struct type *from);
bool type_always_fits(const struct type *to, const struct type *from);
int function_capture(struct function_state *function, struct variable *variable); /* its index among the captures */
void function_add_local(struct function_state *function, struct variable *variable);

#endif
