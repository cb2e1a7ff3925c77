/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bind_define.c: headers and bodies of functions: function, defun, lambda, defmacro (language.md 4). */
#include "interp/lang/binder.h"
#include "interp/lang/compile.h"
#include "interp/lang/reader.h"

/* ---- headers ---- */

struct type *bind_type(struct binder *b, cp_value name, uint32_t position) {
    if (cp_is_string(name))
        name = cp_string_of(name)->size ? cp_symbol_n(b->cp, cp_string_text(name), cp_string_size(name)) : name;
    if (!cp_is_symbol(name) || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD))) {
        bind_fail(b, position, CP_ERROR_PARSE, 4, "the name of a class is expected here");
        return NULL;
    }
    return package_type(b->cp, b->file, cp_symbol_of(name));
}

/* Reads an argument list: name, (name Class), (name Class default), ..., (... name). The defaults' forms go into
   parameters[].initial: CP_UNSET where there is none. */
static struct signature *read_signature(struct binder *b, cp_context *cp, cp_value arguments, uint32_t position,
                                        const char **problem) {
    size_t count = cp_list_length(arguments);
    bool has_rest = false;
    for (cp_value rest = arguments; cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value item = cp_head(rest);
        if (item == cp->known.sym_ellipsis || (cp_is_cell(item) && cp_head(item) == cp->known.sym_ellipsis)) {
            if (cp_tail(rest) != CP_NIL) return *problem = "... must be the last argument", NULL;
            has_rest = true;
            count--;
        }
    }
    if (count > 100) return *problem = "a function takes at most 100 arguments besides ...", NULL;
    struct signature *signature = signature_new(cp, (unsigned)count);
    signature->declared = (uint16_t)count;
    signature->required = 0;
    signature->has_rest = has_rest;
    signature->rest_name = cp_symbol_of(cp->known.sym_rest);
    size_t i = 0;
    for (cp_value rest = arguments; cp_is_cell(rest); rest = cp_tail(rest), i++) {
        cp_value item = cp_head(rest), name = cp_is_cell(item) ? cp_head(item) : item;
        size_t length = cp_list_length(item);
        if (name == cp->known.sym_ellipsis) {
            if (length > 2 || (length == 2 && !cp_is_symbol(cp_head(cp_tail(item)))))
                return *problem = "... or (... name) gathers the remaining arguments", NULL;
            if (length == 2) signature->rest_name = cp_symbol_of(cp_head(cp_tail(item)));
            break;
        }
        if (!cp_is_symbol(name) || length > 3 || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD)))
            return *problem = "an argument is name, (name Class) or (name Class default)", NULL;
        struct parameter *parameter = &signature->parameters[i];
        for (size_t j = 0; j < i; j++)
            if (signature->parameters[j].name == cp_symbol_of(name))
                return *problem = "two arguments have one name", NULL;
        parameter->name = cp_symbol_of(name);
        parameter->type = cp->known.type_object;
        parameter->initial = CP_UNSET;
        if (length >= 2) {
            cp_value type = cp_head(cp_tail(item));
            if (b) {
                if (!(parameter->type = bind_type(b, type, position))) return NULL;
            } else if (cp_is_symbol(type)) parameter->type = type_of_symbol(cp, cp_symbol_of(type));
        }
        if (length == 3) parameter->initial = cp_head(cp_tail(cp_tail(item)));
        if (parameter->initial == CP_UNSET) {
            if (signature->required != i)
                return *problem = "an argument without a default stands behind one with a default", NULL;
            signature->required = (uint16_t)(i + 1);
        }
    }
    return signature;
}

struct signature *bind_signature(struct binder *b, cp_symbol *result, cp_value arguments, uint32_t position) {
    const char *problem = NULL;
    if (!cp_is_list(arguments)) {
        bind_fail(b, position, CP_ERROR_PARSE, 4, "the List of a function's arguments is expected here");
        return NULL;
    }
    struct signature *signature = read_signature(b, b->cp, arguments, position, &problem);
    if (problem) bind_fail(b, position, CP_ERROR_PARSE, 4, "%s", problem);
    if (!signature) return NULL;
    signature->result = b->cp->known.type_object;
    if (result) {
        signature->returns_nil = cp_from_object(result) == b->cp->known.sym_nil_type;
        signature->result = package_type(b->cp, b->file, result);
    }
    return signature;
}

/* Headers in native tables (carapace.h): defaults are literals. */
struct signature *language_parse_signature(cp_context *cp, const char *result, const char *arguments) {
    const char *problem = NULL;
    cp_value list = reader_read_literal(cp, arguments && *arguments ? arguments : "()");
    if (list == CP_THROWN) return cp_take_error(cp), NULL;
    struct signature *signature = read_signature(NULL, cp, list, 0, &problem);
    if (!signature) return NULL;
    for (unsigned i = 0; i < signature->declared; i++) {
        cp_value *initial = &signature->parameters[i].initial;
        if (cp_is_cell(*initial) && cp_head(*initial) == cp->known.sym_quote) *initial = cp_head(cp_tail(*initial));
    }
    signature->result = type_named(cp, result, strlen(result));
    signature->returns_nil = !strcmp(result, "NIL");
    return signature;
}

/* ---- bodies ---- */

static struct function_state *begin_function(struct binder *b, cp_symbol *name, struct signature *signature,
                                             uint32_t position) {
    struct function_state *f = cp_alloc(sizeof *f);
    f->parent = b->function;
    f->name = name;
    f->signature = signature;
    f->position = position;
    f->doc = CP_NIL;
    b->function = f;
    scope_push(b, true);
    return f;
}

static void end_function(struct binder *b, struct function_state *f) {
    scope_pop(b);
    b->function = f->parent;
}

static bool bind_function_body(struct binder *b, struct function_state *f, cp_value body, uint32_t position) {
    struct signature *signature = f->signature;
    uint32_t first = f->has_this ? 1 : 0;
    f->argument_count = first + signature->declared + (signature->has_rest ? 1 : 0);
    f->arguments = cp_alloc((f->argument_count + 1) * sizeof *f->arguments);
    f->defaults = cp_alloc((f->argument_count + 1) * sizeof *f->defaults);
    if (f->has_this)
        f->arguments[0] = scope_declare(b, cp_symbol_of(b->cp->known.sym_this), type_of_symbol(b->cp, f->owner->name));
    for (uint32_t i = 0; i < signature->declared; i++) {
        struct parameter *parameter = &signature->parameters[i];
        if (parameter->initial != CP_UNSET) {
            f->defaults[first + i] = bind_expression(b, parameter->initial, position);
            if (!f->defaults[first + i]) return false;
        }
        f->arguments[first + i] = scope_declare(b, parameter->name, parameter->type);
    }
    if (signature->has_rest)
        f->arguments[first + signature->declared] =
            scope_declare(b, signature->rest_name, static_type(b, CP_CLASS_LIST));
    for (uint32_t i = 0; i < f->argument_count; i++) f->arguments[i]->is_argument = true;
    if (cp_is_cell(body) && cp_is_string(cp_head(body)) && cp_tail(body) != CP_NIL) {
        f->doc = cp_head(body);
        body = cp_tail(body);
    }
    f->body = bind_body(b, body, position);
    return f->body != NULL;
}

static struct node *node_lambda(struct binder *b, struct function_state *f) {
    struct node *node = node_new(b, NODE_LAMBDA, f->position);
    node->function = f;
    node->type = static_type(b, CP_CLASS_FUNCTION);
    return node;
}

struct node *bind_lambda(struct binder *b, cp_symbol *name, cp_symbol *result, cp_value arguments, cp_value body,
                         uint32_t position) {
    struct signature *signature = bind_signature(b, result, arguments, position);
    if (!signature) return NULL;
    struct function_state *f = begin_function(b, name, signature, position);
    bool ok = bind_function_body(b, f, body, position);
    end_function(b, f);
    return ok ? node_lambda(b, f) : NULL;
}

struct node *bind_method(struct binder *b, cp_class *owner, uint32_t interface, struct signature *signature,
                         cp_symbol *name, bool is_constructor, cp_value body, uint32_t position) {
    struct function_state *f = begin_function(b, name, signature, position);
    f->owner = owner;
    f->interface = interface;
    f->has_this = true;
    f->is_constructor = is_constructor;
    bool ok = bind_function_body(b, f, body, position);
    end_function(b, f);
    return ok ? node_lambda(b, f) : NULL;
}

/* ---- forms ---- */

static struct node *form_lambda(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1, "(lambda (argument ...) expression ...)")) return NULL;
    cp_symbol *result = NULL;
    size_t arguments = 1;
    if (cp_is_symbol(form_item(form, 1))) result = cp_symbol_of(form_item(form, 1)), arguments = 2;
    return bind_lambda(b, NULL, result, form_item(form, arguments), form_cell(form, arguments + 1), position);
}

/* Takes apart (keyword [Type] name (arguments) body...). */
struct header {
    cp_symbol *result, *name;
    cp_value arguments, body;
    uint32_t name_position;
};

static bool read_header(struct binder *b, cp_value form, uint32_t position, struct header *header) {
    *header = (struct header){0};
    size_t at = 1;
    if (cp_is_symbol(form_item(form, 1)) && cp_is_symbol(form_item(form, 2))) {
        header->result = cp_symbol_of(form_item(form, 1));
        at = 2;
    }
    cp_value name = form_item(form, at);
    header->name_position = item_position(b, form_cell(form, at), position);
    if (!cp_is_symbol(name) || (cp_symbol_of(name)->flags & (CP_SYMBOL_KEYWORD | CP_SYMBOL_GLOBAL)) ||
        !cp_is_list(form_item(form, at + 1)) || form_length(form) < at + 2) {
        bind_fail(b, position, CP_ERROR_PARSE, 4, "(%s [Type] name (argument ...) expression ...) expected",
                  cp_symbol_of(cp_head(form))->text);
        return false;
    }
    header->name = cp_symbol_of(name);
    header->arguments = form_item(form, at + 1);
    header->body = form_cell(form, at + 2);
    return true;
}

/*
 * A header is known from here on: calls are checked against it. One that differs from an earlier one is 1.2, but not
 * for a name that is only built in (a script may have its own `map`), and at the prompt the new one replaces the old.
 */
static bool declare_header(struct binder *b, cp_symbol *name, struct signature *signature, uint32_t position) {
    struct symbol_definition *definition = symbol_define(cp_from_object(name));
    if (definition->form && !definition->only_while_builtin) {
        bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s is a special form and cannot be defined anew",
                  name->text);
        return false;
    }
    if (definition->declared && !signature_equal(definition->declared, signature)) {
        if (!b->file->interactive) {
            bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL,
                      "%s was declared before with another header; a redefinition must have the same classes and "
                      "arguments",
                      name->text);
            return false;
        }
        name->flags |= CP_SYMBOL_HEADER_CHANGED;
    }
    definition->declared = signature;
    definition->macro = CP_UNSET;
    return true;
}

static struct node *form_function(struct binder *b, cp_value form, uint32_t position) {
    struct header header;
    if (!read_header(b, form, position, &header)) return NULL;
    header.name = package_define(b->cp, b->file, header.name);
    struct signature *signature = bind_signature(b, header.result, header.arguments, position);
    if (!signature || !declare_header(b, header.name, signature, header.name_position)) return NULL;
    return node_constant(b, CP_NIL, position);
}

/* A defun within a function is a local function: a variable that may call itself. */
static struct node *local_function(struct binder *b, struct header *header, uint32_t position) {
    struct variable *variable = scope_declare_local(b, header->name, static_type(b, CP_CLASS_FUNCTION));
    variable->mutated = true;
    struct node *lambda = bind_lambda(b, header->name, header->result, header->arguments, header->body, position);
    return lambda ? node_set(b, variable, lambda, position) : NULL;
}

static struct node *form_defun(struct binder *b, cp_value form, uint32_t position) {
    struct header header;
    if (!read_header(b, form, position, &header)) return NULL;
    if (strstr(header.name->text, "::") && header.name->size > 2)
        return bind_method_definition(b, header.result, header.name, header.arguments, header.body, position);
    if (!b->function->is_top_level) return local_function(b, &header, position);
    header.name = package_define(b->cp, b->file, header.name);
    struct signature *signature = bind_signature(b, header.result, header.arguments, position);
    if (!signature || !declare_header(b, header.name, signature, header.name_position)) return NULL;
    struct node *lambda = bind_lambda(b, header.name, header.result, header.arguments, header.body, position);
    if (!lambda) return NULL;
    struct node *node = node_pair(b, NODE_DEFINE, lambda, NULL, position);
    node->symbol = header.name;
    return node;
}

/* A macro must exist before the next form is bound, so it is compiled and made here, not when the program runs. */
static struct node *form_defmacro(struct binder *b, cp_value form, uint32_t position) {
    struct header header;
    if (!read_header(b, form, position, &header)) return NULL;
    if (!b->function->is_top_level || b->scope->parent)
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "defmacro must stand at the top level");
    header.name = package_define(b->cp, b->file, header.name);
    struct node *lambda = bind_lambda(b, header.name, NULL, header.arguments, header.body, position);
    if (!lambda) return NULL;
    cp_value function = compile_closed_function(b, lambda);
    if (function == CP_THROWN) return NULL;
    struct symbol_definition *definition = symbol_define(cp_from_object(header.name));
    if (definition->form && !definition->only_while_builtin)
        return bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s is a special form and cannot be defined anew",
                         header.name->text);
    definition->macro = function;
    return node_constant(b, cp_from_object(header.name), position);
}

static struct node *form_return(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 0, 1, "(return [value])")) return NULL;
    if (b->function->is_top_level)
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "return stands outside of any function");
    struct node *node = node_new(b, NODE_RETURN, position);
    if (form_cell(form, 1)) {
        uint32_t at = item_position(b, form_cell(form, 1), position);
        node->a = bind_expression(b, form_item(form, 1), at);
        if (!node->a) return NULL;
        node->assigns = node->a->assigns;
        struct type *result = b->function->signature->result;
        bool is_nil = node->a->kind == NODE_CONSTANT && node->a->value == CP_NIL;
        if (!is_nil && !b->function->signature->returns_nil && type_never_fits(result, node->a->type))
            return bind_fail(b, at, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH, "%s returns %s, this is a value of class %s",
                             b->function->name ? b->function->name->text : "this function", result->name->text,
                             node->a->type->name->text);
    }
    return node;
}

/* What the names after it mean was seen when the file was looked over. */
static struct node *form_provide(struct binder *b, cp_value form, uint32_t position) {
    for (cp_value rest = cp_tail(form); cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value name = cp_head(rest);
        if (!cp_is_symbol(name) || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD)))
            return bind_fail(b, item_position(b, rest, position), CP_ERROR_PARSE, 4,
                             "provide takes the bare names of functions, macros and classes");
    }
    if (!b->file->is_package || !b->function->is_top_level || b->scope->parent)
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "provide must stand at the top level of a file");
    return node_constant(b, CP_NIL, position);
}

/* (isDefined x), (isFunction x), (isClass x), (classInfo x): a bare name that is no variable stands for itself. */
static struct node *bare_name(struct binder *b, cp_value form, uint32_t position) {
    cp_value name = form_item(form, 1);
    cp_symbol *function = cp_symbol_of(cp_head(form));
    bool is_defined = !strcmp(function->text, "isDefined");
    if (form_length(form) < 2 || !cp_is_symbol(name)) return bind_call_of(b, function, cp_tail(form), position);
    struct file_variable *file = file_scope_find(b->cp, b->file, cp_symbol_of(name));
    bool known = scope_find(b, cp_symbol_of(name)) || (file && file->declared);
    if (known && is_defined) return node_constant(b, b->cp->known.sym_true, position);
    if (known) return bind_call_of(b, function, cp_tail(form), position);
    struct node *node = node_new(b, NODE_CALL, position);
    if (!bind_arguments(b, cp_tail(cp_tail(form)), position, &node->items, &node->count, &node->keywords)) return NULL;
    struct node **items = cp_alloc((node->count + 1) * sizeof *items);
    if (node->count) memcpy(items + 1, node->items, node->count * sizeof *items);
    items[0] = node_constant(b, cp_from_object(package_name(b->cp, b->file, cp_symbol_of(name))), position);
    node->symbol = function;
    node->items = items;
    node->count++;
    return node;
}

/* (help Class.member) is about the class's member; (help variable.member) about that of the variable's class. */
static struct node *form_help(struct binder *b, cp_value form, uint32_t position) {
    cp_value dotted = form_item(form, 1), quote = b->cp->known.sym_quote;
    if (form_length(form) != 2 || !cp_is_cell(dotted) || cp_head(dotted) != b->cp->known.sym_dot ||
        form_length(dotted) != 3)
        return bare_name(b, form, position);
    cp_value object = form_item(dotted, 1), member = form_item(dotted, 2);
    member = cp_list_n((cp_value[]){quote, member}, 2);
    if (cp_is_symbol(object) && !(cp_symbol_of(object)->flags & CP_SYMBOL_GLOBAL)) {
        struct file_variable *file = file_scope_find(b->cp, b->file, cp_symbol_of(object));
        if (!scope_find(b, cp_symbol_of(object)) && !(file && file->declared))
            object =
                cp_list_n((cp_value[]){quote, cp_from_object(package_name(b->cp, b->file, cp_symbol_of(object)))}, 2);
    }
    return bind_call_of(b, cp_symbol_of(cp_head(form)), cp_list_n((cp_value[]){object, member}, 2), position);
}

const struct special_form_entry definition_forms[] = {
    {"lambda", form_lambda, false, "(lambda (argument ...) expression ...): a function without a name."},
    {"function", form_function, false,
     "(function Type name (argument ...)): declares a function that is defined elsewhere."},
    {"defun", form_defun, false,
     "(defun [Type] name (argument ...) [\"doc\"] expression ...): defines a function; Class::method defines a "
     "method."},
    {"defmacro", form_defmacro, false,
     "(defmacro name (argument ...) expression ...): gives the form to take its place."},
    {"provide", form_provide, true,
     "(provide name ...): makes the file a package: only these functions, macros and classes are known to the files "
     "that load "
     "it, the others are its own."},
    {"return", form_return, false, "(return [value]): leaves the function."},
    {"isDefined", bare_name, true, NULL},
    {"isFunction", bare_name, true, NULL},
    {"isClass", bare_name, true, NULL},
    {"classInfo", bare_name, true, NULL},
    {"functionInfo", bare_name, true, NULL},
    {"help", form_help, true, NULL},
    {0},
};
