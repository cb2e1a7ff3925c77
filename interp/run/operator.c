/* SPDX-License-Identifier: GPL-3.0-or-later */
/* operator.c: operators on what the loop does not do itself: big Integers, boxed Reals, mixed numbers, and objects
   whose class defines the operator as a method. */
#include "interp/run/vm.h"

#include "interp/data/equal.h"
#include "interp/data/number.h"
#include "interp/code/instructions.h"

static const char *operator_name(uint32_t op) {
    switch (op) {
    case OP_ADD: return "+";
    case OP_SUBTRACT: return "-";
    case OP_MULTIPLY: return "*";
    case OP_DIVIDE: return "/";
    case OP_MODULO: return "%";
    case OP_EQUAL: return "==";
    case OP_NOT_EQUAL: return "!=";
    case OP_LESS: return "<";
    case OP_LESS_EQUAL: return "<=";
    case OP_GREATER: return ">";
    default: return ">=";
    }
}

/* The class's own method for an operator, or NULL. Numbers have theirs in C. */
static struct member *operator_method(cp_context *cp, cp_value *receiver, const char *name) {
    if (cp_is_number(*receiver)) return NULL;
    cp_value object = cp_object_behind(*receiver);
    cp_class *c = class_numbered(cp, cp_class_number_of(object));
    struct member *member = class_member(cp, c, 0, cp_symbol_of(cp_symbol_z(cp, name)));
    if (!member || member->kind != MEMBER_METHOD || member->function == CP_UNSET) return NULL;
    *receiver = object;
    return member;
}

cp_value operator_arithmetic(cp_context *cp, uint32_t op, cp_value a, cp_value b) {
    struct member *method = operator_method(cp, &a, operator_name(op));
    if (method) return member_use(cp, method, a, &b, 1);
    switch (op) {
    case OP_ADD: return number_add(cp, a, b);
    case OP_SUBTRACT: return number_subtract(cp, a, b);
    case OP_MULTIPLY: return number_multiply(cp, a, b);
    case OP_DIVIDE: return number_divide(cp, a, b);
    default: return number_modulo(cp, a, b);
    }
}

static cp_value truth(cp_context *cp, bool holds) { return holds ? cp->known.sym_true : CP_NIL; }

static cp_value compare_equal(cp_context *cp, uint32_t op, cp_value a, cp_value b) {
    bool wanted = op == OP_EQUAL;
    if (cp_is_object(a) && cp_object_of(a)->class_number >= CP_CLASS_FACE) {
        struct member *method = operator_method(cp, &a, operator_name(op));
        if (method) return member_use(cp, method, a, &b, 1);
        if (!wanted) { /* a class that defines == alone has its opposite too */
            method = operator_method(cp, &a, "==");
            if (method) {
                cp_value equal = member_use(cp, method, a, &b, 1);
                return equal == CP_THROWN ? equal : truth(cp, equal == CP_NIL);
            }
        }
    }
    int equal = value_equal(cp, a, b);
    return equal < 0 ? CP_THROWN : truth(cp, (equal > 0) == wanted);
}

cp_value operator_compare(cp_context *cp, uint32_t op, cp_value a, cp_value b) {
    if (op == OP_EQUAL || op == OP_NOT_EQUAL) return compare_equal(cp, op, a, b);
    struct member *method = operator_method(cp, &a, operator_name(op));
    if (method) return member_use(cp, method, a, &b, 1);
    int order = 0;
    switch (number_compare(cp, a, b, &order)) {
    case NUMBER_UNORDERED: return CP_NIL;
    case NUMBER_NONE:
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
                        "%s compares two numbers, two Strings, or what has a method %s; "
                        "got %s and %s",
                        operator_name(op), operator_name(op), cp_class_name(cp_class_of(cp, a)),
                        cp_class_name(cp_class_of(cp, b)));
    default: break;
    }
    switch (op) {
    case OP_LESS: return truth(cp, order < 0);
    case OP_LESS_EQUAL: return truth(cp, order <= 0);
    case OP_GREATER: return truth(cp, order > 0);
    default: return truth(cp, order >= 0);
    }
}

int operator_jump(cp_context *cp, uint32_t jump, uint32_t c, cp_value a, cp_value b) {
    /* in the order of the instructions, of which each is followed by its opposite */
    static const uint8_t compares[] = {OP_EQUAL, OP_LESS,       OP_LESS_EQUAL, OP_EQUAL,
                                       OP_LESS,  OP_LESS_EQUAL, OP_GREATER,    OP_GREATER_EQUAL,
                                       OP_EQUAL, OP_LESS,       OP_LESS_EQUAL};
    uint32_t compare = compares[(jump - OP_JUMP_EQUAL) / 2];
    bool wanted = (jump - OP_JUMP_EQUAL) % 2 == 0;
    cp_value holds;
    if (!c) holds = operator_compare(cp, compare, a, b);
    else if (compare == OP_EQUAL) {
        holds = operator_compare(cp, OP_NOT_EQUAL, a, b);
        wanted = !wanted;
    } else holds = operator_compare(cp, compare == OP_LESS ? OP_GREATER : OP_GREATER_EQUAL, b, a);
    if (holds == CP_THROWN) return -1;
    return (holds != CP_NIL) == wanted;
}
