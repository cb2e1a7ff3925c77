/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bind_control.c: the special forms of language.md 3 and 5: variables, branches, loops. Errors are in bind_error.c. */
#include "interp/lang/binder.h"
#include "interp/code/instructions.h"

#define TRY(node)                                                                                                      \
    do {                                                                                                               \
        if (!(node)) return NULL;                                                                                      \
    } while (0)

static struct node *item(struct binder *b, cp_value form, size_t index, uint32_t position) {
    cp_value cell = form_cell(form, index);
    return bind_expression(b, cell ? cp_head(cell) : CP_NIL, item_position(b, cell, position));
}

static struct node *node_if(struct binder *b, struct node *test, struct node *yes, struct node *no, uint32_t position) {
    struct node *node = node_new(b, NODE_IF, position);
    node->a = test;
    node->b = yes;
    node->c = no;
    node->assigns = test->assigns || yes->assigns || no->assigns;
    if (yes->type == no->type) node->type = yes->type;
    return node;
}

static struct node *node_nil(struct binder *b, uint32_t position) { return node_constant(b, CP_NIL, position); }

/* ---- data ---- */

static struct node *form_quote(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, 1, "(quote x)")) return NULL;
    return node_constant(b, form_item(form, 1), position);
}

static struct node *form_quasiquote(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, 1, "(quasiquote x)")) return NULL;
    return bind_quasiquote(b, form_item(form, 1), position);
}

static struct node *form_unquote(struct binder *b, cp_value form, uint32_t position) {
    (void)form;
    return bind_fail(b, position, CP_ERROR_PARSE, 4, "a comma stands outside of any ` (quasiquote)");
}

/* ---- variables ---- */

static bool at_file_level(struct binder *b) {
    if (!b->function->is_top_level) return false;
    for (struct scope *scope = b->scope; scope->parent; scope = scope->parent)
        if (scope->holds_locals) return false;
    return true;
}

/* One declaration of `local`: name, (name), (name Class), (name Class first-value). */
static struct node *declare_local(struct binder *b, cp_value declaration, uint32_t position) {
    cp_value name = cp_is_cell(declaration) ? cp_head(declaration) : declaration;
    struct type *type = b->cp->known.type_object;
    struct node *first = NULL;
    if (!cp_is_symbol(name) || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD)) ||
        form_length(declaration) > 3)
        return bind_fail(b, position, CP_ERROR_PARSE, 4,
                         "local declares name, (name Class) or (name Class first-value)");
    if (form_length(declaration) >= 2) TRY(type = bind_type(b, form_item(declaration, 1), position));
    if (form_length(declaration) == 3) TRY(first = item(b, declaration, 2, position));
    if (!first) first = node_nil(b, position);
    if (at_file_level(b)) {
        struct file_variable *file = file_scope_declare(b->cp, b->file, cp_symbol_of(name), type);
        file->type = type;
        file->declared = true;
        struct node *node = node_new(b, NODE_FILE_SET, position);
        node->file = file;
        node->a = first;
        return node;
    }
    struct variable *variable = scope_declare_local(b, cp_symbol_of(name), type);
    bool mutated = variable->mutated;
    struct node *set = node_set(b, variable, first, position);
    TRY(set);
    set->kind = NODE_DECLARE;
    /* a first value is no change that closures could see: a declaration met again in a loop makes a new variable */
    variable->mutated = mutated;
    return set;
}

static struct node *form_local(struct binder *b, cp_value form, uint32_t position) {
    struct node *node = node_new(b, NODE_DO, position);
    node->items = cp_alloc((form_length(form) + 1) * sizeof *node->items);
    for (cp_value rest = cp_tail(form); cp_is_cell(rest); rest = cp_tail(rest)) {
        struct node *declared = declare_local(b, cp_head(rest), item_position(b, rest, position));
        TRY(declared);
        node->items[node->count++] = declared;
        node->assigns = true;
    }
    node->items[node->count++] = node_nil(b, position);
    return node;
}

static struct node *form_global(struct binder *b, cp_value form, uint32_t position) {
    struct node *node = node_new(b, NODE_DO, position);
    node->items = cp_alloc((form_length(form) + 1) * sizeof *node->items);
    for (cp_value rest = cp_tail(form); cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value declaration = cp_head(rest);
        uint32_t at = item_position(b, rest, position);
        cp_value name = cp_is_cell(declaration) ? cp_head(declaration) : declaration;
        if (!cp_is_symbol(name) || !(cp_symbol_of(name)->flags & CP_SYMBOL_GLOBAL) || form_length(declaration) > 3)
            return bind_fail(b, at, CP_ERROR_PARSE, 4,
                             "global declares ::name, (::name Class) or (::name Class first-value)");
        struct node *declare = node_new(b, NODE_GLOBAL_DECLARE, at);
        declare->symbol = cp_symbol_of(name);
        declare->type = b->cp->known.type_object;
        if (form_length(declaration) >= 2) TRY(declare->type = bind_type(b, form_item(declaration, 1), at));
        declare->a = form_length(declaration) == 3 ? item(b, declaration, 2, at) : node_nil(b, at);
        TRY(declare->a);
        node->items[node->count++] = declare;
    }
    node->items[node->count++] = node_nil(b, position);
    return node;
}

static struct node *set_name(struct binder *b, cp_symbol *name, struct node *value, uint32_t position) {
    if (name->flags & CP_SYMBOL_GLOBAL) {
        struct node *node = node_pair(b, NODE_GLOBAL_SET, value, NULL, position);
        node->symbol = name;
        node->type = value->type;
        return node;
    }
    struct variable *variable = scope_find(b, name);
    if (variable && variable->function->has_this &&
        variable == variable->function->arguments[0]) /* slots are read through it unchecked */
        return bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL, "`this` cannot be set");
    if (variable) return node_set(b, variable, value, position);
    struct file_variable *file = file_scope_find(b->cp, b->file, name);
    if (!file && !b->function->is_top_level) {
        return bind_fail(b, position, CP_ERROR_CARAPACE, CP_UNKNOWN,
                         "the variable %s is not declared; write (local (%s Object)) in the function, or set it at the "
                         "top level of the file first",
                         name->text, name->text);
    }
    if (!file) file = file_scope_declare(b->cp, b->file, name, b->cp->known.type_object);
    if (b->function->is_top_level) file->declared = true;
    bool is_nil = value->kind == NODE_CONSTANT && value->value == CP_NIL;
    if (!is_nil && type_never_fits(file->type, value->type))
        return bind_fail(b, value->position, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
                         "the variable %s is declared %s, this is a value of class %s", name->text,
                         file->type->name->text, value->type->name->text);
    struct node *node = node_pair(b, NODE_FILE_SET, value, NULL, position);
    node->file = file;
    node->type = value->type;
    return node;
}

static struct node *form_set(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 2, 2, "(set variable value)")) return NULL;
    cp_value target = form_item(form, 1);
    uint32_t at = item_position(b, form_cell(form, 1), position);
    if (cp_is_cell(target) && cp_head(target) == b->cp->known.sym_dot && form_length(target) == 3 &&
        cp_is_symbol(form_item(target, 2)))
        return bind_member(b, target, cp_symbol_of(form_item(target, 2)), form_cell(form, 2), position);
    if (!cp_is_symbol(target) || (cp_symbol_of(target)->flags & CP_SYMBOL_KEYWORD))
        return bind_fail(b, at, CP_ERROR_PARSE, 4, "set takes a variable or object.property first");
    struct node *value = item(b, form, 2, position);
    TRY(value);
    return set_name(b, cp_symbol_of(target), value, at);
}

static struct node *form_unset(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, 1, "(unset variable)")) return NULL;
    if (!cp_is_symbol(form_item(form, 1))) return bind_fail(b, position, CP_ERROR_PARSE, 4, "unset takes a variable");
    return set_name(b, cp_symbol_of(form_item(form, 1)), node_nil(b, position), position);
}

/* (let ((name value) (name Class value) name ...) body...): the values are taken before any name is known. */
static struct node *bind_let(struct binder *b, cp_value form, uint32_t position, bool in_order) {
    if (!form_has(b, form, position, 1, -1, "(let ((name value) ...) body ...)")) return NULL;
    cp_value list = form_item(form, 1);
    if (!cp_is_list(list)) return bind_fail(b, position, CP_ERROR_PARSE, 4, "let takes a List of (name value) first");
    size_t count = form_length(list);
    struct node *node = node_new(b, NODE_LET, position);
    node->items = cp_alloc((count + 1) * sizeof *node->items);
    struct scope *outer = b->scope;
    struct scope *inner = scope_push(b, true);
    for (; cp_is_cell(list); list = cp_tail(list)) {
        cp_value binding = cp_head(list);
        uint32_t at = item_position(b, list, position);
        cp_value name = cp_is_cell(binding) ? cp_head(binding) : binding;
        size_t length = form_length(binding);
        if (!cp_is_symbol(name) || length > 3 || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD)))
            return bind_fail(b, at, CP_ERROR_PARSE, 4, "let binds (name value) or (name Class value)");
        struct type *type = b->cp->known.type_object;
        if (length == 3) TRY(type = bind_type(b, form_item(binding, 1), at));
        if (!in_order) b->scope = outer;
        struct node *value = length >= 2 ? item(b, binding, length - 1, at) : node_nil(b, at);
        b->scope = inner;
        TRY(value);
        struct variable *variable = scope_declare(b, cp_symbol_of(name), type);
        struct node *declare = node_set(b, variable, value, at);
        TRY(declare);
        variable->mutated = false;
        declare->kind = NODE_DECLARE;
        node->items[node->count++] = declare;
    }
    if (!in_order) { /* a name may stand twice only in let*, where the later hides the earlier */
        for (struct variable *v = inner->variables; v; v = v->next)
            for (struct variable *w = v->next; w; w = w->next)
                if (v->name == w->name)
                    return bind_fail(b, position, CP_ERROR_PARSE, 4, "let binds %s twice", v->name->text);
    }
    node->b = bind_body(b, form_cell(form, 2), position);
    scope_pop(b);
    TRY(node->b);
    node->type = node->b->type;
    node->assigns = true;
    return node;
}

static struct node *form_let(struct binder *b, cp_value form, uint32_t position) {
    return bind_let(b, form, position, false);
}
static struct node *form_let_star(struct binder *b, cp_value form, uint32_t position) {
    return bind_let(b, form, position, true);
}

static struct node *form_export(struct binder *b, cp_value form, uint32_t position) {
    struct node *node = node_new(b, NODE_DO, position);
    node->items = cp_alloc((form_length(form) + 1) * sizeof *node->items);
    for (cp_value rest = cp_tail(form); cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value name = cp_head(rest);
        if (cp_is_cell(name) && cp_head(name) == b->cp->known.sym_quote) name = form_item(name, 1);
        if (!cp_is_symbol(name) || !(cp_symbol_of(name)->flags & CP_SYMBOL_GLOBAL))
            return bind_fail(b, item_position(b, rest, position), CP_ERROR_PARSE, 4, "export takes ::globals");
        struct node *export = node_new(b, NODE_EXPORT, position);
        export->symbol = cp_symbol_of(name);
        node->items[node->count++] = export;
    }
    node->items[node->count++] = node_nil(b, position);
    return node;
}

/* ---- branches ---- */

static struct node *form_if(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 2, 3, "(if condition then [else])")) return NULL;
    struct node *test = item(b, form, 1, position);
    TRY(test);
    struct node *yes = item(b, form, 2, position);
    TRY(yes);
    struct node *no = form_cell(form, 3) ? item(b, form, 3, position) : node_nil(b, position);
    TRY(no);
    return node_if(b, test, yes, no, position);
}

static struct node *form_do(struct binder *b, cp_value form, uint32_t position) {
    return bind_body(b, cp_tail(form), position);
}

static bool is_else(cp_value v) { return cp_is_symbol(v) && !strcmp(cp_symbol_of(v)->text, "else"); }

static struct node *node_list(struct binder *b, enum node_kind kind, struct node *x, struct node *y,
                              uint32_t position) {
    struct node *node = node_new(b, kind, position);
    node->items = cp_alloc(2 * sizeof *node->items);
    node->items[0] = x;
    node->items[1] = y;
    node->count = 2;
    node->assigns = x->assigns || y->assigns;
    return node;
}

static struct node *cond_clauses(struct binder *b, cp_value clauses, uint32_t position) {
    if (!cp_is_cell(clauses)) return node_nil(b, position);
    cp_value clause = cp_head(clauses);
    uint32_t at = item_position(b, clauses, position);
    if (!cp_is_cell(clause)) return bind_fail(b, at, CP_ERROR_PARSE, 4, "each clause of cond is (test expression ...)");
    if (is_else(cp_head(clause))) {
        if (cp_tail(clauses) != CP_NIL)
            return bind_fail(b, at, CP_ERROR_PARSE, 4, "else must be the last clause of cond");
        return bind_body(b, cp_tail(clause), at);
    }
    if (cp_check_stack(b->cp) == CP_THROWN) return NULL;
    struct node *test = item(b, clause, 0, at);
    TRY(test);
    struct node *body = cp_tail(clause) ? bind_body(b, cp_tail(clause), at) : NULL;
    if (cp_tail(clause)) TRY(body);
    struct node *rest = cond_clauses(b, cp_tail(clauses), position);
    TRY(rest);
    return body ? node_if(b, test, body, rest, at) : node_list(b, NODE_OR, test, rest, at);
}

static struct node *form_cond(struct binder *b, cp_value form, uint32_t position) {
    return cond_clauses(b, cp_tail(form), position);
}

static struct node *bind_when(struct binder *b, cp_value form, uint32_t position, bool when) {
    if (!form_has(b, form, position, 1, -1, "(when condition expression ...)")) return NULL;
    struct node *test = item(b, form, 1, position);
    TRY(test);
    struct node *body = bind_body(b, form_cell(form, 2), position);
    TRY(body);
    struct node *nil = node_nil(b, position);
    return when ? node_if(b, test, body, nil, position) : node_if(b, test, nil, body, position);
}
static struct node *form_when(struct binder *b, cp_value form, uint32_t position) {
    return bind_when(b, form, position, true);
}
static struct node *form_unless(struct binder *b, cp_value form, uint32_t position) {
    return bind_when(b, form, position, false);
}

static struct node *bind_logic(struct binder *b, enum node_kind kind, cp_value form, uint32_t position) {
    size_t count = form_length(form) - 1;
    if (count == 0) return node_constant(b, kind == NODE_AND ? b->cp->known.sym_true : CP_NIL, position);
    struct node *node = node_new(b, kind, position);
    node->items = cp_alloc(count * sizeof *node->items);
    for (size_t i = 0; i < count; i++) {
        struct node *one = item(b, form, i + 1, position);
        TRY(one);
        node->items[node->count++] = one;
        node->assigns |= one->assigns;
    }
    return node;
}
static struct node *form_and(struct binder *b, cp_value form, uint32_t position) {
    return bind_logic(b, NODE_AND, form, position);
}
static struct node *form_or(struct binder *b, cp_value form, uint32_t position) {
    return bind_logic(b, NODE_OR, form, position);
}

static struct node *form_not(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, 1, "(not x)")) return NULL;
    struct node *x = item(b, form, 1, position);
    TRY(x);
    return node_pair(b, NODE_NOT, x, NULL, position);
}

/* A hidden variable that holds a value once, so that it can be looked at several times. */
static struct node *hold(struct binder *b, struct node *value, struct variable **variable, uint32_t position) {
    *variable = scope_hidden(b, value->type);
    struct node *declare = node_set(b, *variable, value, position);
    if (!declare) return NULL;
    (*variable)->mutated = false;
    declare->kind = NODE_DECLARE;
    return declare;
}

static struct node *compare_equal(struct binder *b, struct variable *variable, cp_value constant, uint32_t position) {
    struct node *node = node_pair(b, NODE_COMPARE, node_variable(b, variable, position),
                                  node_constant(b, constant, position), position);
    node->number = OP_EQUAL;
    return node;
}

static struct node *case_clauses(struct binder *b, struct variable *variable, cp_value clauses, uint32_t position) {
    if (!cp_is_cell(clauses)) return node_nil(b, position);
    cp_value clause = cp_head(clauses);
    uint32_t at = item_position(b, clauses, position);
    if (!cp_is_cell(clause))
        return bind_fail(b, at, CP_ERROR_PARSE, 4,
                         "each clause of case is (value expression ...) or ((value ...) expression ...)");
    if (cp_check_stack(b->cp) == CP_THROWN) return NULL;
    cp_value keys = cp_head(clause);
    struct node *body = bind_body(b, cp_tail(clause), at);
    TRY(body);
    if (is_else(keys)) {
        if (cp_tail(clauses) != CP_NIL)
            return bind_fail(b, at, CP_ERROR_PARSE, 4, "else must be the last clause of case");
        return body;
    }
    if (cp_is_cell(keys) && cp_head(keys) == b->cp->known.sym_quote) keys = form_item(keys, 1);
    struct node *test;
    if (!cp_is_cell(keys)) test = compare_equal(b, variable, keys, at);
    else {
        test = node_new(b, NODE_OR, at);
        test->items = cp_alloc(form_length(keys) * sizeof *test->items);
        for (; cp_is_cell(keys); keys = cp_tail(keys))
            test->items[test->count++] = compare_equal(b, variable, cp_head(keys), at);
    }
    struct node *rest = case_clauses(b, variable, cp_tail(clauses), position);
    TRY(rest);
    return node_if(b, test, body, rest, at);
}

static struct node *form_case(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1, "(case value (key expression ...) ... (else expression ...))")) return NULL;
    struct node *value = item(b, form, 1, position);
    TRY(value);
    struct node *node = node_new(b, NODE_LET, position);
    struct variable *variable;
    scope_push(b, false);
    node->items = cp_alloc(sizeof *node->items);
    TRY(node->items[0] = hold(b, value, &variable, position));
    node->count = 1;
    node->b = case_clauses(b, variable, form_cell(form, 2), position);
    scope_pop(b);
    TRY(node->b);
    node->assigns = true;
    return node;
}

/* ---- loops ---- */

static struct node *bind_loop_body(struct binder *b, cp_value forms, uint32_t position) {
    b->function->loop_depth++;
    struct node *body = bind_body(b, forms, position);
    b->function->loop_depth--;
    return body;
}

static struct node *bind_while(struct binder *b, enum node_kind kind, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1,
                  kind == NODE_WHILE ? "(while condition expression ...)" : "(doWhile condition expression ...)"))
        return NULL;
    struct node *test = item(b, form, 1, position);
    TRY(test);
    struct node *body = bind_loop_body(b, form_cell(form, 2), position);
    TRY(body);
    struct node *node = node_pair(b, kind, test, body, position);
    return node;
}
static struct node *form_while(struct binder *b, cp_value form, uint32_t position) {
    return bind_while(b, NODE_WHILE, form, position);
}
static struct node *form_do_while(struct binder *b, cp_value form, uint32_t position) {
    return bind_while(b, NODE_DO_WHILE, form, position);
}

static struct node *for_range(struct binder *b, cp_symbol *name, struct node *from, struct node *to, struct node *step,
                              cp_value body, uint32_t position) {
    struct node *node = node_new(b, NODE_FOR_RANGE, position);
    node->items = cp_alloc(3 * sizeof *node->items);
    node->items[0] = from;
    node->items[1] = to;
    node->items[2] = step;
    node->count = 3;
    scope_push(b, false);
    struct type *integer = static_type(b, CP_CLASS_INTEGER);
    bool counts = from->type == integer && to->type == integer && step->type == integer;
    node->variable = scope_declare(b, name, counts ? integer : b->cp->known.type_object);
    node->b = bind_loop_body(b, body, position);
    scope_pop(b);
    TRY(node->b);
    node->assigns = true;
    return node;
}

static struct node *form_for(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 2, -1, "(for variable sequence expression ...)")) return NULL;
    cp_value name = form_item(form, 1), sequence = form_item(form, 2);
    if (!cp_is_symbol(name) || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD)))
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "for takes a plain variable first");
    cp_symbol *range = cp_symbol_of(cp_symbol_z(b->cp, "range"));
    if (cp_is_cell(sequence) && cp_head(sequence) == cp_from_object(range) && (range->flags & CP_SYMBOL_BUILTIN) &&
        !scope_find(b, range)) {
        /* a range counted in registers: no Range object, no calls */
        struct node **items;
        uint32_t count, at = item_position(b, form_cell(form, 2), position);
        cp_value keywords;
        if (!bind_arguments(b, cp_tail(sequence), at, &items, &count, &keywords)) return NULL;
        if (count >= 1 && count <= 3 && keywords == CP_NIL)
            return for_range(b, cp_symbol_of(name), count == 1 ? node_constant(b, cp_fixnum(0), at) : items[0],
                             count == 1 ? items[0] : items[1],
                             count == 3 ? items[2] : node_constant(b, cp_fixnum(1), at), form_cell(form, 3), position);
    }
    struct node *over = item(b, form, 2, position);
    TRY(over);
    struct node *node = node_new(b, NODE_FOR, position);
    node->a = over;
    scope_push(b, false);
    node->variable = scope_declare(b, cp_symbol_of(name), b->cp->known.type_object);
    node->b = bind_loop_body(b, form_cell(form, 3), position);
    scope_pop(b);
    TRY(node->b);
    node->assigns = true;
    return node;
}

static struct node *form_dotimes(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1, "(dotimes (variable count) expression ...)")) return NULL;
    cp_value head = form_item(form, 1);
    if (form_length(head) != 2 || !cp_is_symbol(cp_head(head)))
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "dotimes takes (variable count) first");
    struct node *count = item(b, head, 1, position);
    TRY(count);
    return for_range(b, cp_symbol_of(cp_head(head)), node_constant(b, cp_fixnum(0), position), count,
                     node_constant(b, cp_fixnum(1), position), form_cell(form, 2), position);
}

static struct node *bind_jump(struct binder *b, enum node_kind kind, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 0, 0, "(break) or (continue)")) return NULL;
    if (b->function->loop_depth == 0)
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "%s stands in no loop of this function",
                         cp_symbol_of(cp_head(form))->text);
    return node_new(b, kind, position);
}
static struct node *form_break(struct binder *b, cp_value form, uint32_t position) {
    return bind_jump(b, NODE_BREAK, form, position);
}
static struct node *form_continue(struct binder *b, cp_value form, uint32_t position) {
    return bind_jump(b, NODE_CONTINUE, form, position);
}

const struct special_form_entry control_forms[] = {
    {"quote", form_quote, false, "(quote x), 'x: x unevaluated."},
    {"quasiquote", form_quasiquote, false,
     "`x: x unevaluated but for its parts ,y (the value of y) and ,@y (the items of y)."},
    {"unquote", form_unquote, false, ",x inside of a quasiquote: the value of x."},
    {"unquoteSplicing", form_unquote, false, ",@x inside of a quasiquote: the items of the List x."},
    {"local", form_local, false,
     "(local (name Class [first-value]) ...): declares variables of the function, or of the file."},
    {"global", form_global, false, "(global (::name Class [first-value]) ...): declares variables of the thread."},
    {"set", form_set, false, "(set variable value), (set object.property value): gives the value."},
    {"unset", form_unset, false, "(unset variable): the variable holds () again."},
    {"export", form_export, false, "(export ::name ...): threads made from now on start with a copy of these globals."},
    {"let", form_let, true,
     "(let ((name value) (name Class value) ...) expression ...): variables for these expressions."},
    {"let*", form_let_star, true, "As let, each value seeing the names before it."},
    {"if", form_if, false, "(if condition then [else]): only () is false."},
    {"do", form_do, false, "(do expression ...): in order; the value is the last one's."},
    {"cond", form_cond, false,
     "(cond (test expression ...) ... (else expression ...)): the first clause whose test holds."},
    {"when", form_when, true, "(when condition expression ...)"},
    {"unless", form_unless, true, "(unless condition expression ...)"},
    {"and", form_and, true, "(and x ...): the first () or the last value."},
    {"or", form_or, true, "(or x ...): the first value that is not ()."},
    {"not", form_not, true, NULL}, /* without a call of the function of that name */
    {"case", form_case, true,
     "(case value (key expression ...) ((key key) expression ...) (else expression ...)): keys are not evaluated."},
    {"while", form_while, false, "(while condition expression ...): gives ()."},
    {"doWhile", form_do_while, false,
     "(doWhile condition expression ...): the condition is tested after the body; gives ()."},
    {"for", form_for, false,
     "(for variable sequence expression ...): over a List, Array, HashTable (keys), String (characters), Binary, "
     "range, Enumerator, Stream (lines)."},
    {"dotimes", form_dotimes, true, "(dotimes (variable count) expression ...): variable is 0, 1, ... count - 1."},
    {"break", form_break, false, "(break): leaves the innermost loop."},
    {"continue", form_continue, false, "(continue): goes on with the loop's next turn."},
    {0},
};
