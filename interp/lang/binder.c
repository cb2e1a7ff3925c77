/* SPDX-License-Identifier: GPL-3.0-or-later */
/* binder.c: forms to nodes: names, calls, and what all special forms share. */
#include "interp/lang/binder.h"

#include <stdarg.h>
#include <stdio.h>

#include "interp/data/error.h"
#include "interp/data/list.h"
#include "interp/code/instructions.h"

/* ---- helpers ---- */

struct node *node_new(struct binder *b, enum node_kind kind, uint32_t position) {
    struct node *node = cp_alloc(sizeof *node);
    node->kind = kind;
    node->position = position;
    node->type = b->cp->known.type_object;
    return node;
}

struct type *static_type(struct binder *b, enum cp_class_number number) {
    cp_class *c = class_numbered(b->cp, number);
    return type_of_symbol(b->cp, c->name);
}

struct node *node_constant(struct binder *b, cp_value value, uint32_t position) {
    struct node *node = node_new(b, NODE_CONSTANT, position);
    node->value = value;
    if (value != CP_NIL && value != CP_UNSET) {
        cp_class *c = cp_class_of(b->cp, value);
        node->type = type_of_symbol(b->cp, c->name);
    } else node->type = static_type(b, CP_CLASS_LIST);
    return node;
}

struct node *node_variable(struct binder *b, struct variable *variable, uint32_t position) {
    struct node *node = node_new(b, NODE_VARIABLE, position);
    node->variable = variable;
    node->type = variable->type;
    variable->uses += bind_weight(b);
    return node;
}

struct node *node_pair(struct binder *b, enum node_kind kind, struct node *x, struct node *y, uint32_t position) {
    struct node *node = node_new(b, kind, position);
    node->a = x;
    node->b = y;
    node->assigns = (x && x->assigns) || (y && y->assigns);
    return node;
}

struct node *bind_fail(struct binder *b, uint32_t position, int error_class, int code, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    cp_throw(b->cp, error_class, code, "%s", text);
    source_locate_error(b->source, b->cp->error, position);
    if (b->expanding) source_tell_expansion_at(b->cp, b->source, b->cp->error, position);
    return NULL;
}

uint32_t item_position(struct binder *b, cp_value cell, uint32_t otherwise) {
    uint32_t at = source_position(b->source, cell, UINT32_MAX);
    if (at == UINT32_MAX && cp_is_cell(cell)) {
        /* a macro has moved the form to another List: it begins before its own head */
        at = source_position(b->source, cp_head(cell), UINT32_MAX);
        if (at != UINT32_MAX && at > 0) at--;
    }
    if (at == UINT32_MAX) return otherwise;
    return b->expanding && (at < b->call_first || at > b->call_last) ? otherwise : at;
}

size_t form_length(cp_value form) { return cp_list_length(form); }

cp_value form_cell(cp_value form, size_t index) {
    while (index > 0 && cp_is_cell(form)) form = cp_tail(form), index--;
    return cp_is_cell(form) ? form : CP_NIL;
}

cp_value form_item(cp_value form, size_t index) {
    cp_value cell = form_cell(form, index);
    return cell ? cp_head(cell) : CP_NIL;
}

bool form_has(struct binder *b, cp_value form, uint32_t position, int least, int most, const char *usage) {
    int count = (int)form_length(form) - 1;
    if (count >= least && (most < 0 || count <= most)) return true;
    bind_fail(b, position, CP_ERROR_PARSE, 4, "%s expected, %d item%s given after the name", usage, count,
              count == 1 ? "" : "s");
    return false;
}

struct symbol_definition *symbol_define(cp_value symbol) {
    cp_symbol *s = cp_symbol_of(symbol);
    if (!s->definition) {
        struct symbol_definition *definition = cp_alloc(sizeof *definition);
        definition->macro = CP_UNSET;
        s->definition = definition;
    }
    return s->definition;
}

void special_forms_register(cp_context *cp, const struct special_form_entry *entries) {
    for (; entries->name; entries++) {
        struct symbol_definition *definition = symbol_define(cp_symbol_z(cp, entries->name));
        definition->form = entries->form;
        definition->only_while_builtin = entries->only_while_builtin;
        definition->doc = entries->doc;
    }
}

/* ---- variables ---- */

static const char *type_text(const struct type *type) { return type->name->text; }

struct node *node_set(struct binder *b, struct variable *variable, struct node *value, uint32_t position) {
    if (value->kind != NODE_CONSTANT || value->value != CP_NIL) {
        if (type_never_fits(variable->type, value->type))
            return bind_fail(b, value->position, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
                             "the variable %s is declared %s, this is a value of class %s",
                             variable->name ? variable->name->text : "here", type_text(variable->type),
                             type_text(value->type));
    }
    struct node *node = node_new(b, NODE_SET, position);
    node->variable = variable;
    node->a = value;
    node->type = value->type;
    node->assigns = true;
    variable->mutated = true;
    return node;
}

static struct node *bind_symbol(struct binder *b, cp_value form, uint32_t position) {
    cp_symbol *name = cp_symbol_of(form);
    if (name->flags & CP_SYMBOL_GLOBAL) {
        struct node *node = node_new(b, NODE_GLOBAL, position);
        node->symbol = name;
        return node;
    }
    if (name->flags & CP_SYMBOL_KEYWORD)
        return bind_fail(b, position, CP_ERROR_PARSE, 4,
                         "the keyword %s stands alone: keywords name the arguments of a call", name->text);
    struct variable *variable = scope_find(b, name);
    if (variable) return node_variable(b, variable, position);
    struct file_variable *file = file_scope_find(b->cp, b->file, name);
    if (file && file->declared) {
        struct node *node = node_new(b, NODE_FILE, position);
        node->file = file;
        node->type = file->type;
        return node;
    }
    if (form == b->cp->known.sym_true) return node_constant(b, form, position);
    if (!strcmp(name->text, "false") || !strcmp(name->text, "nil")) return node_constant(b, CP_NIL, position);
    if (!file) name = package_name(b->cp, b->file, name);
    struct node *node = node_new(b,
                                 file                         ? NODE_FILE
                                 : name->function != CP_UNSET ? NODE_FUNCTION_NAME
                                                              : NODE_NAME,
                                 position);
    node->file = file;
    node->symbol = name;
    if (node->kind == NODE_NAME) file_scope_note_use(b->file, name, position);
    if (node->kind == NODE_FUNCTION_NAME) node->type = static_type(b, CP_CLASS_FUNCTION);
    return node;
}

/* ---- calls ---- */

bool bind_arguments(struct binder *b, cp_value forms, uint32_t position, struct node ***items, uint32_t *count,
                    cp_value *keywords) {
    size_t length = form_length(forms);
    cp_list_builder names = {0};
    *items = length ? cp_alloc(length * sizeof **items) : NULL;
    *count = 0;
    for (; cp_is_cell(forms); forms = cp_tail(forms)) {
        cp_value item = cp_head(forms);
        uint32_t at = item_position(b, forms, position);
        if (cp_is_symbol(item) && (cp_symbol_of(item)->flags & CP_SYMBOL_KEYWORD)) {
            cp_symbol *keyword = cp_symbol_of(item);
            forms = cp_tail(forms);
            if (!cp_is_cell(forms)) {
                bind_fail(b, at, CP_ERROR_PARSE, 4, "a value must follow the keyword %s", keyword->text);
                return false;
            }
            item = cp_head(forms);
            at = item_position(b, forms, at);
            cp_list_add(&names, cp_symbol_n(b->cp, keyword->text, keyword->size - 1));
        } else if (names.list) {
            bind_fail(b, at, CP_ERROR_PARSE, 4, "arguments by position must stand before those by keyword");
            return false;
        }
        struct node *node = bind_expression(b, item, at);
        if (!node) return false;
        (*items)[(*count)++] = node;
    }
    *keywords = names.list;
    if (*count > 200) {
        bind_fail(b, position, CP_ERROR_PARSE, 4, "a call takes at most 200 arguments, %u given; use apply with a List",
                  *count);
        return false;
    }
    return true;
}

static void note_assigns(struct node *node) {
    for (uint32_t i = 0; i < node->count; i++) node->assigns |= node->items[i]->assigns;
    if (node->a) node->assigns |= node->a->assigns;
}

/* What is known of a call's callee before it runs. */
static struct signature *known_signature(struct binder *b, cp_symbol *name) {
    struct symbol_definition *definition = symbol_definition(name);
    if (definition && definition->declared) return definition->declared;
    if (cp_is_function(name->function)) return function_signature(b->cp, function_of(name->function));
    return NULL;
}

static bool check_call(struct binder *b, struct node *call, struct signature *signature) {
    if (!signature || call->keywords) return true;
    if (call->count < signature->required || (call->count > signature->declared && !signature->has_rest)) {
        char expected[SIGNATURE_COUNT_TEXT];
        signature_count_text(signature, expected);
        bind_fail(b, call->position, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s takes %s, %u given", call->symbol->text,
                  expected, call->count);
        return false;
    }
    bool fits = true;
    for (uint32_t i = 0; i < call->count && i < signature->declared; i++) {
        struct node *item = call->items[i];
        struct type *type = signature->parameters[i].type;
        bool is_nil = item->kind == NODE_CONSTANT && item->value == CP_NIL;
        if (!is_nil && type_never_fits(type, item->type)) {
            bind_fail(b, item->position, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
                      "argument %s of %s must be %s, this is a value of class %s", signature->parameters[i].name->text,
                      call->symbol->text, type_text(type), type_text(item->type));
            return false;
        }
        fits = fits && (is_nil || type_always_fits(type, item->type));
    }
    call->flag = fits;
    return true;
}

struct node *bind_call_of(struct binder *b, cp_symbol *name, cp_value arguments, uint32_t position) {
    struct node *node = node_new(b, NODE_CALL, position);
    node->symbol = name;
    if (!bind_arguments(b, arguments, position, &node->items, &node->count, &node->keywords)) return NULL;
    struct signature *signature = known_signature(b, name);
    if (!signature) file_scope_note_use(b->file, name, position);
    if (!check_call(b, node, signature)) return NULL;
    if (signature) node->type = signature->result;
    note_assigns(node);
    return node;
}

static struct node *bind_call_value(struct binder *b, struct node *callee, cp_symbol *otherwise, cp_value arguments,
                                    uint32_t position) {
    struct node *node = node_new(b, NODE_CALL_VALUE, position);
    node->a = callee;
    node->symbol = otherwise;
    if (!bind_arguments(b, arguments, position, &node->items, &node->count, &node->keywords)) return NULL;
    note_assigns(node);
    return node;
}

/* A variable of a class that cannot be called does not hide a function of its name: (local (list List)) (list 1 2). */
static bool may_be_called(struct binder *b, const struct type *type) {
    if (type->any) return true;
    for (uint32_t i = 0; i < type->count; i++) {
        uint32_t number = type->numbers[i];
        if (number == CP_CLASS_FUNCTION || number == CP_CLASS_SYMBOL || number >= CP_CLASS_FIRST_OTHER) return true;
    }
    (void)b;
    return false;
}

/* Whether the file defines a function of that name further down: a built-in form of that name is not meant then. */
static bool is_foreseen(struct binder *b, cp_symbol *name) {
    return cp_table_count(b->file->foreseen) &&
           cp_table_get(b->cp, b->file->foreseen, cp_from_object(name)) != CP_UNSET;
}

/* `meant` is the function that the name means in this file, unless a variable bears it. */
static struct node *bind_named_call(struct binder *b, cp_symbol *name, cp_symbol *meant, cp_value form,
                                    uint32_t position) {
    uint32_t name_position = item_position(b, form, position);
    if (name->flags & CP_SYMBOL_KEYWORD)
        return bind_fail(b, name_position, CP_ERROR_PARSE, 4, "%s cannot be called: it is a keyword", name->text);
    struct variable *variable = scope_find(b, name);
    if (variable && may_be_called(b, variable->type))
        return bind_call_value(b, node_variable(b, variable, name_position), meant, cp_tail(form), position);
    if (name->flags & CP_SYMBOL_GLOBAL) {
        struct node *callee = bind_expression(b, cp_head(form), name_position);
        return callee ? bind_call_value(b, callee, NULL, cp_tail(form), position) : NULL;
    }
    struct file_variable *file = file_scope_find(b->cp, b->file, name);
    /* a built-in function is a second choice only: a script may have given its variable a name that came later */
    bool own_function = meant->function != CP_UNSET && !(meant->flags & CP_SYMBOL_BUILTIN);
    /* one that is set further down, or by this very form, is meant when nothing else has the name */
    bool reached = file && (file->declared || (meant->function == CP_UNSET && !is_foreseen(b, name)));
    if (reached && may_be_called(b, file->type) && !own_function) {
        struct node *callee = bind_expression(b, cp_head(form), name_position);
        return callee ? bind_call_value(b, callee, meant, cp_tail(form), position) : NULL;
    }
    return bind_call_of(b, meant, cp_tail(form), position);
}

/* Whether a form made by a program is a tree, so that walks through it end. What is quoted may be anything. */
bool bind_check_form(struct binder *b, cp_value form, uint32_t position) {
    size_t count;
    if (!cp_is_cell(form) || cp_head(form) == b->cp->known.sym_quote) return true;
    if (cp_check_stack(b->cp) == CP_THROWN) return false;
    if (list_measure(form, &count) != LIST_PROPER)
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "a form must be a List that ends"), false;
    for (; cp_is_cell(form); form = cp_tail(form))
        if (cp_is_cell(cp_head(form)) && !bind_check_form(b, cp_head(form), item_position(b, form, position)))
            return false;
    return true;
}

/* The position of what was read last in a form. */
static uint32_t last_position(struct binder *b, cp_value form, uint32_t last) {
    if (cp_check_stack(b->cp) == CP_THROWN) return cp_take_error(b->cp), last;
    size_t count;
    if (list_measure(form, &count) != LIST_PROPER) return last;
    for (; cp_is_cell(form); form = cp_tail(form)) {
        uint32_t position = source_position(b->source, form, last);
        if (position > last) last = position;
        if (cp_is_cell(cp_head(form))) last = last_position(b, cp_head(form), last);
    }
    return last;
}

static struct node *expand_macro(struct binder *b, cp_symbol *name, cp_value macro, cp_value form, uint32_t position) {
    size_t count = form_length(cp_tail(form));
    cp_value *arguments = count ? cp_alloc(count * sizeof *arguments) : NULL;
    cp_value rest = cp_tail(form);
    for (size_t i = 0; i < count; i++, rest = cp_tail(rest)) arguments[i] = cp_head(rest);
    cp_value expanded = cp_call(b->cp, macro, arguments, (int)count);
    if (expanded == CP_THROWN) {
        /* the Error's place is in the macro; where it was used is told besides */
        cp_value error = cp_take_error(b->cp);
        source_locate_error(b->source, error, position);
        if (!error_of(error)->expansion_source) source_tell_expansion(b->cp, b->source, error, position, name);
        cp_throw_value(b->cp, error);
        return NULL;
    }
    source_note_expansion(b->source, position, name);
    bool outermost = !b->expanding;
    if (outermost) {
        b->call_first = position;
        b->call_last = last_position(b, form, position);
        b->expanding = true;
    }
    struct node *node = bind_check_form(b, expanded, position) ? bind_expression(b, expanded, position) : NULL;
    if (outermost) b->expanding = false;
    return node;
}

/* A macro of the stdlib is loaded when its first use is compiled, unless the script has something of its own by that
   name. False after an Error. */
static bool load_macro(struct binder *b, cp_symbol *name) {
    const struct symbol_definition *definition = symbol_definition(name);
    if (name->function != CP_UNSET || is_foreseen(b, name) || scope_find(b, name) ||
        (definition && (definition->declared || definition->macro != CP_UNSET)))
        return true;
    struct file_variable *variable = file_scope_find(b->cp, b->file, name);
    if (variable && variable->declared) return true;
    return class_autoload(b->cp, name) || !class_throw_autoload(b->cp);
}

static struct node *bind_list(struct binder *b, cp_value form, uint32_t position) {
    cp_value head = cp_head(form);
    if (cp_is_symbol(head)) {
        cp_symbol *name = cp_symbol_of(head);
        cp_symbol *meant = package_name(b->cp, b->file, name);
        if ((meant->flags & CP_SYMBOL_STANDARD_MACRO) && !load_macro(b, meant)) return NULL;
        struct symbol_definition *definition = symbol_definition(meant);
        if (definition) {
            if (definition->macro != CP_UNSET && !scope_find(b, name))
                return expand_macro(b, name, definition->macro, form, position);
            bool builtin = (meant->function == CP_UNSET || (meant->flags & CP_SYMBOL_BUILTIN)) && !is_foreseen(b, name);
            if (definition->form && (!definition->only_while_builtin || (builtin && !scope_find(b, name))))
                return definition->form(b, form, position);
        }
        return bind_named_call(b, name, meant, form, position);
    }
    uint32_t head_position = item_position(b, form, position);
    if (cp_is_cell(head)) {
        cp_value dot = cp_head(head);
        if (dot == b->cp->known.sym_dot && form_length(head) == 3 && cp_is_symbol(form_item(head, 2)))
            return bind_member(b, head, cp_symbol_of(form_item(head, 2)), cp_tail(form), position);
        struct node *callee = bind_expression(b, head, head_position);
        return callee ? bind_call_value(b, callee, NULL, cp_tail(form), position) : NULL;
    }
    if (head == CP_NIL || cp_is_function(head)) {
        struct node *callee = node_constant(b, head, head_position);
        return bind_call_value(b, callee, NULL, cp_tail(form), position);
    }
    cp_value text = cp_to_source(b->cp, head);
    return bind_fail(b, head_position, CP_ERROR_PARSE, 4, "%.60s cannot be called: a function's name must come first",
                     text == CP_THROWN ? "this" : cp_text_z(b->cp, text));
}

struct node *bind_expression(struct binder *b, cp_value form, uint32_t position) {
    if (cp_is_symbol(form)) return bind_symbol(b, form, position);
    if (!cp_is_cell(form)) return node_constant(b, form, position);
    if (cp_check_stack(b->cp) == CP_THROWN) return NULL;
    b->depth++; /* the C compiler must not make a jump of this call: the stack is what bounds a macro that has no end */
    struct node *node = bind_list(b, form, position);
    b->depth--;
    return node;
}

/* The local functions of a body are its variables from its beginning on, so that they can call each other, and new ones
   each time it is run. An argument of the name is meant until the defun is reached. NULL when there is none. */
static struct node *foresee_local_functions(struct binder *b, cp_value forms, uint32_t position) {
    struct node *node = NULL;
    size_t most = form_length(forms);
    for (; cp_is_cell(forms); forms = cp_tail(forms)) {
        cp_value form = cp_head(forms);
        if (!cp_is_cell(form) || !cp_is_symbol(cp_head(form)) ||
            strcmp(cp_symbol_of(cp_head(form))->text, "defun") != 0)
            continue;
        cp_value name = form_item(form, cp_is_symbol(form_item(form, 1)) && cp_is_symbol(form_item(form, 2)) ? 2 : 1);
        if (!cp_is_symbol(name) || cp_symbol_of(name)->flags & (CP_SYMBOL_KEYWORD | CP_SYMBOL_GLOBAL) ||
            strstr(cp_symbol_of(name)->text, "::") || scope_has_local(b, cp_symbol_of(name)))
            continue;
        if (!node) {
            node = node_new(b, NODE_DO, position);
            node->items = cp_alloc(most * sizeof *node->items);
            node->assigns = true;
        }
        struct node *declare = node_pair(b, NODE_DECLARE, node_constant(b, CP_NIL, position), NULL, position);
        declare->variable = scope_declare_local(b, cp_symbol_of(name), static_type(b, CP_CLASS_FUNCTION));
        declare->variable->mutated = true;
        declare->assigns = true;
        node->items[node->count++] = declare;
    }
    return node;
}

struct node *bind_body(struct binder *b, cp_value forms, uint32_t position) {
    size_t length = form_length(forms);
    struct node *local_functions = b->function->is_top_level ? NULL : foresee_local_functions(b, forms, position);
    if (length == 0) return node_constant(b, CP_NIL, position);
    if (length == 1 && !local_functions) return bind_expression(b, cp_head(forms), item_position(b, forms, position));
    struct node *node = node_new(b, NODE_DO, position);
    node->items = cp_alloc((length + 1) * sizeof *node->items);
    if (local_functions) {
        node->items[node->count++] = local_functions;
        node->assigns = true;
    }
    for (; cp_is_cell(forms); forms = cp_tail(forms)) {
        struct node *item = bind_expression(b, cp_head(forms), item_position(b, forms, position));
        if (!item) return NULL;
        node->items[node->count++] = item;
        node->assigns |= item->assigns;
        node->type = item->type;
    }
    return node;
}
