/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bind_class.c: class definitions, methods, create and the dot operator (language.md 2 and 6). */
#include "interp/lang/binder.h"

#define TRY(x)                                                                                                         \
    do {                                                                                                               \
        if (!(x)) return NULL;                                                                                         \
    } while (0)

static bool is_named(cp_value form, const char *name) {
    return cp_is_symbol(form) && !strcmp(cp_symbol_of(form)->text, name);
}
static bool begins_with(cp_value form, const char *name) { return cp_is_cell(form) && is_named(cp_head(form), name); }

/* ---- the class form ---- */

/* What is gathered while a class form is read. */
struct class_reading {
    cp_class *class;
    uint32_t interface;
    struct node *methods;     /* NODE_DO of NODE_DEFINE_METHOD for methods with a body */
    cp_list_builder initials; /* (property form) of first values that must be evaluated for each object */
};

/* ([public|private] name Class [readOnly] [default]) */
static bool read_property(struct binder *b, struct class_reading *reading, cp_value form, uint32_t position) {
    struct member *member = cp_alloc(sizeof *member);
    cp_value rest = form;
    member->kind = MEMBER_SLOT;
    member->interface = (uint16_t)reading->interface;
    member->function = CP_UNSET;
    member->doc = CP_NIL;
    if (cp_is_symbol(form)) rest = cp_cons(form, CP_NIL);
    if (cp_is_cell(rest) && cp_tail(rest) &&
        (is_named(cp_head(rest), "public") || is_named(cp_head(rest), "private"))) {
        if (is_named(cp_head(rest), "private")) member->flags |= MEMBER_PRIVATE;
        rest = cp_tail(rest);
    }
    if (!cp_is_cell(rest) || !cp_is_symbol(cp_head(rest))) {
        bind_fail(b, position, CP_ERROR_PARSE, 4, "a property is ([public|private] name Class [readOnly] [default])");
        return false;
    }
    member->name = cp_symbol_of(cp_head(rest));
    member->type = b->cp->known.type_object;
    rest = cp_tail(rest);
    if (cp_is_cell(rest)) {
        if (!(member->type = bind_type(b, cp_head(rest), position))) return false;
        rest = cp_tail(rest);
    }
    if (cp_is_cell(rest) && is_named(cp_head(rest), "readOnly")) {
        member->flags |= MEMBER_READ_ONLY;
        rest = cp_tail(rest);
    }
    if (cp_is_cell(rest)) {
        cp_value initial = cp_head(rest);
        bool quoted = begins_with(initial, "quote");
        if ((cp_is_cell(initial) && !quoted) || cp_is_symbol(initial)) {
            cp_list_add(&reading->initials, cp_list_n((cp_value[]){cp_from_object(member->name), initial}, 2));
        } else {
            member->initial = quoted ? form_item(initial, 1) : initial;
            if (!type_accepts(member->type, member->initial)) {
                bind_fail(b, position, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH, "the default of property %s must be %s",
                          member->name->text, member->type->name->text);
                return false;
            }
        }
        rest = cp_tail(rest);
    }
    if (cp_is_cell(rest) && cp_is_string(cp_head(rest))) member->doc = cp_head(rest), rest = cp_tail(rest);
    if (rest != CP_NIL) {
        bind_fail(b, position, CP_ERROR_PARSE, 4, "a property is ([public|private] name Class [readOnly] [default])");
        return false;
    }
    if (class_add_member(b->cp, reading->class, reading->interface, member)) return true;
    bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL, "the interface has two members named %s", member->name->text);
    return false;
}

/* ([public|private] ReturnType name (args) [body...]), the type may be left out. The body is bound later, when the
   whole class is known: its forms are kept in *bodies as (member-name position form...). */
static bool read_method(struct binder *b, struct class_reading *reading, cp_value form, uint32_t position,
                        cp_list_builder *bodies) {
    struct member *member = cp_alloc(sizeof *member);
    cp_value rest = form;
    member->kind = MEMBER_METHOD;
    member->interface = (uint16_t)reading->interface;
    member->function = CP_UNSET;
    member->doc = CP_NIL;
    if (cp_is_cell(rest) && (is_named(cp_head(rest), "public") || is_named(cp_head(rest), "private")) &&
        cp_is_symbol(form_item(rest, 1))) {
        if (is_named(cp_head(rest), "private")) member->flags |= MEMBER_PRIVATE;
        rest = cp_tail(rest);
    }
    cp_symbol *result = NULL;
    if (cp_is_symbol(form_item(rest, 0)) && cp_is_symbol(form_item(rest, 1))) {
        result = cp_symbol_of(form_item(rest, 0));
        rest = cp_tail(rest);
    }
    if (!cp_is_cell(rest) || !cp_is_symbol(cp_head(rest)) || !cp_is_cell(cp_tail(rest)) ||
        !cp_is_list(form_item(rest, 1))) {
        bind_fail(b, position, CP_ERROR_PARSE, 4,
                  "a method is ([public|private] [Type] name (argument ...) [expression ...])");
        return false;
    }
    member->name = cp_symbol_of(cp_head(rest));
    member->signature = bind_signature(b, result, form_item(rest, 1), position);
    if (!member->signature) return false;
    member->type = member->signature->result;
    cp_value body = form_cell(rest, 2);
    if (cp_is_cell(body) && cp_is_string(cp_head(body))) {
        member->doc = cp_head(body);
        if (cp_tail(body) == CP_NIL && member->signature->result->name == cp_symbol_of(b->cp->known.sym_nil_type))
            body = CP_NIL;
    }
    if (!class_add_member(b->cp, reading->class, reading->interface, member)) {
        bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL, "the interface has two members named %s",
                  member->name->text);
        return false;
    }
    if (body) {
        cp_value entry = cp_cons(cp_from_object(member), cp_cons(cp_fixnum(position), body));
        cp_list_add(bodies, entry);
    }
    return true;
}

static bool read_members(struct binder *b, struct class_reading *reading, cp_value part, uint32_t position,
                         cp_list_builder *bodies) {
    bool properties = begins_with(part, "properties");
    for (cp_value rest = cp_tail(part); cp_is_cell(rest); rest = cp_tail(rest)) {
        uint32_t at = item_position(b, rest, position);
        if (properties ? !read_property(b, reading, cp_head(rest), at)
                       : !read_method(b, reading, cp_head(rest), at, bodies))
            return false;
    }
    return true;
}

/* progId, guid and the like are kept as written; COM's meaning of them is nobody's here. Any other name is a slip. */
static bool read_attribute(struct binder *b, cp_value part, uint32_t position, cp_value *attributes) {
    static const char *const names[] = {"progId",    "library",    "guid",    "major",     "minor",   "creatable",
                                        "direction", "properties", "methods", "interface", "delegate"};
    enum { NAMES = sizeof names / sizeof names[0], ATTRIBUTES = 7 };
    const char *near = NULL;
    if (cp_is_cell(part) && cp_is_symbol(cp_head(part))) {
        const char *name = cp_symbol_of(cp_head(part))->text;
        for (size_t i = 0; i < NAMES; i++) {
            if (i < ATTRIBUTES && !strcmp(name, names[i])) {
                *attributes = cp_cons(part, *attributes);
                return true;
            }
            if (spelling_distance(name, strlen(name), names[i], strlen(names[i]), 2) <= 2) near = names[i];
        }
        if (near) {
            bind_fail(b, position, CP_ERROR_PARSE, 4, "a class has no part named %.60s; did you mean %s?", name, near);
            return false;
        }
    }
    bind_fail(b, position, CP_ERROR_PARSE, 4,
              "a class holds (interface ...), or (properties ...), (methods ...) and (delegate property); beside them "
              "progId library guid major minor creatable direction");
    return false;
}

/* The parts of an interface: properties, methods, delegate, attributes. */
static bool read_interface_part(struct binder *b, struct class_reading *reading, cp_value part, uint32_t position,
                                cp_list_builder *bodies) {
    struct interface *interface = &reading->class->interfaces[reading->interface];
    if (begins_with(part, "properties") || begins_with(part, "methods"))
        return read_members(b, reading, part, position, bodies);
    if (begins_with(part, "delegate") && form_length(part) == 2 && cp_is_symbol(form_item(part, 1))) {
        interface->delegate = cp_symbol_of(form_item(part, 1));
        return true;
    }
    return read_attribute(b, part, position, &interface->attributes);
}

static bool read_interface(struct binder *b, struct class_reading *reading, cp_value form, uint32_t position,
                           cp_list_builder *bodies) {
    cp_value rest = cp_tail(form);
    struct interface *interface = &reading->class->interfaces[reading->interface];
    if (cp_is_cell(rest) && (cp_is_symbol(cp_head(rest)) || cp_is_string(cp_head(rest)))) {
        cp_value name = cp_head(rest);
        const char *bytes;
        size_t size;
        cp_bytes_of(name, &bytes, &size);
        interface->name = cp_symbol_of(cp_symbol_n(b->cp, bytes, size));
        rest = cp_tail(rest);
    }
    for (; cp_is_cell(rest); rest = cp_tail(rest))
        if (!read_interface_part(b, reading, cp_head(rest), item_position(b, rest, position), bodies)) return false;
    return true;
}

/* Binds the bodies that stand in the class form itself. */
static struct node *bind_bodies(struct binder *b, struct class_reading *reading, cp_value bodies, uint32_t position) {
    struct node *node = node_new(b, NODE_DO, position);
    node->items = cp_alloc((form_length(bodies) + 3) * sizeof *node->items);
    for (; cp_is_cell(bodies); bodies = cp_tail(bodies)) {
        cp_value entry = cp_head(bodies);
        struct member *member = (struct member *)cp_head(entry);
        uint32_t at = (uint32_t)cp_fixnum_value(form_item(entry, 1));
        struct node *method = bind_method(b, reading->class, member->interface, member->signature, member->name,
                                          member == reading->class->constructor, cp_tail(cp_tail(entry)), at);
        TRY(method);
        struct node *define = node_pair(b, NODE_DEFINE_METHOD, method, NULL, at);
        define->member = member;
        node->items[node->count++] = define;
    }
    return node;
}

/* A hidden method that evaluates the first values of a new object's properties. */
static struct node *bind_initializer(struct binder *b, struct class_reading *reading, uint32_t position) {
    cp_list_builder body = {0};
    for (cp_value rest = reading->initials.list; cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value name = form_item(cp_head(rest), 0), form = form_item(cp_head(rest), 1);
        cp_value dot = cp_list_n((cp_value[]){b->cp->known.sym_dot, b->cp->known.sym_this, name}, 3);
        cp_list_add(&body, cp_list_n((cp_value[]){dot, form}, 2));
    }
    struct member *member = cp_alloc(sizeof *member);
    member->kind = MEMBER_METHOD;
    member->name = cp_symbol_of(cp_symbol_z(b->cp, "%initialize"));
    member->function = CP_UNSET;
    member->signature = bind_signature(b, NULL, CP_NIL, position);
    TRY(member->signature);
    reading->class->initializer = member;
    struct node *method =
        bind_method(b, reading->class, 0, member->signature, member->name, false, body.list, position);
    TRY(method);
    struct node *define = node_pair(b, NODE_DEFINE_METHOD, method, NULL, position);
    define->member = member;
    return define;
}

/*
 * (class NAME attributes... interface...) or, in short, (class NAME (properties ...) (methods ...)). The class exists
 * as soon as the form is bound, so that what follows can be checked against it.
 */
static struct node *form_class(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1, "(class NAME (interface ...) ...)")) return NULL;
    cp_value name = form_item(form, 1);
    const char *bytes;
    size_t size, interfaces = 0;
    if (!(cp_is_symbol(name) || cp_is_string(name)) || !cp_bytes_of(name, &bytes, &size) || size == 0)
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "class takes the class's name first");
    cp_symbol *symbol = cp_symbol_of(cp_symbol_n(b->cp, bytes, size));
    cp_value name_symbol = cp_from_object(symbol);
    symbol = package_define(b->cp, b->file, symbol);
    package_keep_class(b->cp, symbol);
    for (cp_value rest = cp_tail(cp_tail(form)); cp_is_cell(rest); rest = cp_tail(rest))
        interfaces += begins_with(cp_head(rest), "interface");
    struct class_reading reading = {0};
    reading.class = class_new_scripted(b->cp, symbol, (uint32_t)(interfaces ? interfaces : 1));
    TRY(reading.class);
    reading.class->attributes = CP_NIL;
    cp_list_builder bodies = {0};
    uint32_t next = 0;
    for (cp_value rest = cp_tail(cp_tail(form)); cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value part = cp_head(rest);
        uint32_t at = item_position(b, rest, position);
        if (cp_is_string(part)) reading.class->doc = part;
        else if (begins_with(part, "interface")) {
            reading.interface = next++;
            if (!read_interface(b, &reading, part, at, &bodies)) return NULL;
        } else if (begins_with(part, "major") || begins_with(part, "minor")) {
            int64_t given;
            if (!cp_to_int64(form_item(part, 1), &given) || given < 0 || given > INT32_MAX)
                return bind_fail(b, at, CP_ERROR_PARSE, 4, "(%s n) takes an Integer from 0",
                                 cp_symbol_of(cp_head(part))->text);
            unsigned number = (unsigned)cp_fixnum_value(form_item(part, 1));
            if (begins_with(part, "major")) reading.class->major = number;
            else reading.class->minor = number;
        } else if (begins_with(part, "properties") || begins_with(part, "methods") || begins_with(part, "delegate")) {
            reading.interface = 0;
            if (!read_interface_part(b, &reading, part, at, &bodies)) return NULL;
        } else if (!read_attribute(b, part, at, &reading.class->attributes)) return NULL;
    }
    class_finish(b->cp, reading.class);
    struct node *node = bind_bodies(b, &reading, bodies.list, position);
    TRY(node);
    if (reading.initials.list) {
        struct node *initializer = bind_initializer(b, &reading, position);
        TRY(initializer);
        node->items[node->count++] = initializer;
    }
    node->items[node->count++] = node_constant(b, name_symbol, position);
    return node;
}

/* ---- (defun Type Class::method (args) ...), (defun Type Class:Interface::method ...) ---- */

struct node *bind_method_definition(struct binder *b, cp_symbol *result, cp_symbol *name, cp_value arguments,
                                    cp_value body, uint32_t position) {
    const char *separator = NULL;
    for (const char *p = strstr(name->text, "::"); p; p = strstr(p + 1, "::")) separator = p;
    if (!separator || separator == name->text || !separator[2])
        return bind_fail(b, position, CP_ERROR_PARSE, 4,
                         "%s is no name: a method is Class::name or Class:Interface::name", name->text);
    const char *colon = memchr(name->text, ':', (size_t)(separator - name->text));
    size_t class_size = (size_t)((colon ? colon : separator) - name->text);
    cp_symbol *class_name = cp_symbol_of(cp_symbol_n(b->cp, name->text, class_size));
    cp_symbol *method = cp_symbol_of(cp_symbol_z(b->cp, separator + 2));
    cp_class *c = class_defined(b->cp, package_name(b->cp, b->file, class_name));
    if (!c && class_throw_autoload(b->cp)) return NULL;
    if (!c)
        return bind_fail(b, position, CP_ERROR_CARAPACE, CP_UNKNOWN, "the class %s of the method %s is not defined",
                         class_name->text, name->text);
    if (c->definition)
        return bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL,
                         "%s is a native class: its methods cannot be defined anew", class_name->text);
    uint32_t interface = 0;
    if (colon) {
        cp_symbol *interface_name = cp_symbol_of(cp_symbol_n(b->cp, colon + 1, (size_t)(separator - colon - 1)));
        while (interface < c->interface_count && c->interfaces[interface].name != interface_name) interface++;
        if (interface == c->interface_count)
            return bind_fail(b, position, CP_ERROR_CARAPACE, CP_UNKNOWN, "the class %s has no interface %s",
                             class_name->text, interface_name->text);
    }
    struct member *member =
        method == class_name && interface == 0 ? c->constructor : class_member(b->cp, c, interface, method);
    if (!member || member->kind != MEMBER_METHOD)
        return bind_fail(b, position, CP_ERROR_CARAPACE, CP_UNKNOWN, "the class %s declares no method %s",
                         class_name->text, method->text);
    struct signature *signature = bind_signature(b, result, arguments, position);
    TRY(signature);
    if (!result) signature->result = member->signature->result;
    if (!signature_equal(signature, member->signature))
        return bind_fail(b, position, CP_ERROR_CARAPACE, CP_ILLEGAL,
                         "%s has another header than the class declares; both must have the same classes and arguments",
                         name->text);
    for (unsigned i = 0; i < signature->declared; i++) /* a default may stand in either place */
        if (signature->parameters[i].initial == CP_UNSET)
            signature->parameters[i].initial = member->signature->parameters[i].initial;
    if (signature->required > member->signature->required) signature->required = member->signature->required;
    struct node *function = bind_method(b, c, interface, signature, method, member == c->constructor, body, position);
    TRY(function);
    struct node *node = node_pair(b, NODE_DEFINE_METHOD, function, NULL, position);
    node->member = member;
    return node;
}

/* ---- create ---- */

static struct node *form_create(struct binder *b, cp_value form, uint32_t position) {
    if (!form_has(b, form, position, 1, -1, "(create Class argument ...)")) return NULL;
    cp_value name = form_item(form, 1);
    if (!cp_is_symbol(name) || (cp_symbol_of(name)->flags & (CP_SYMBOL_GLOBAL | CP_SYMBOL_KEYWORD)))
        return bind_fail(b, position, CP_ERROR_PARSE, 4,
                         "create takes the bare name of a class first; createAux takes a String");
    struct node *node = node_new(b, NODE_CREATE, position);
    node->symbol = package_name(b->cp, b->file, cp_symbol_of(name));
    node->type = type_of_symbol(b->cp, node->symbol);
    if (!bind_arguments(b, cp_tail(cp_tail(form)), position, &node->items, &node->count, &node->keywords)) return NULL;
    for (uint32_t i = 0; i < node->count; i++) node->assigns |= node->items[i]->assigns;
    return node;
}

/* ---- the dot ---- */

/* `this` in a method of a known class: the member can be found now. */
static struct node *bind_this_member(struct binder *b, struct node *this, cp_symbol *name, struct node *call) {
    struct function_state *method = this->variable->function;
    cp_class *c = method->owner;
    struct member *member = class_member(b->cp, c, method->interface, name);
    if (!member && method->interface != 0) member = class_member(b->cp, c, 0, name);
    if (!member) {
        if (c->interfaces[method->interface].delegate || c->interfaces[0].delegate) return call;
        cp_symbol *near[1];
        if (class_suggest(b->cp, c, name, near, 1))
            return bind_fail(b, call->position, CP_ERROR_CARAPACE, CP_UNKNOWN,
                             "the class %s has no member %s; did you mean %s?", c->name->text, name->text,
                             near[0]->text);
        return bind_fail(b, call->position, CP_ERROR_CARAPACE, CP_UNKNOWN, "the class %s has no member %s",
                         c->name->text, name->text);
    }
    if (member->kind == MEMBER_METHOD) {
        if (call->keywords) return call;
        call->kind = NODE_INVOKE_MEMBER;
        call->member = member;
        call->type = member->type;
        return call;
    }
    if (member->kind != MEMBER_SLOT || member->slot > 255 || call->keywords) return call;
    if (call->count > 1)
        return bind_fail(b, call->position, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                         "%s is a property: it takes one new value, %u given", name->text, call->count);
    call->member = member;
    if (call->count == 0) {
        call->kind = NODE_SLOT_GET;
        call->type = member->type;
        return call;
    }
    struct node *value = call->items[0];
    bool is_nil = value->kind == NODE_CONSTANT && value->value == CP_NIL;
    if (!is_nil && type_never_fits(member->type, value->type))
        return bind_fail(b, value->position, CP_ERROR_CARAPACE, CP_TYPE_MISMATCH,
                         "the property %s is declared %s, this is a value of class %s", name->text,
                         member->type->name->text, value->type->name->text);
    call->kind = NODE_SLOT_SET;
    call->b = value;
    call->type = value->type;
    return call;
}

struct node *bind_member(struct binder *b, cp_value dot, cp_symbol *name, cp_value arguments, uint32_t position) {
    cp_value object_cell = form_cell(dot, 1);
    struct node *node = node_new(b, NODE_INVOKE, position);
    node->symbol = name;
    node->a = bind_expression(b, cp_head(object_cell), item_position(b, object_cell, position));
    TRY(node->a);
    if (!bind_arguments(b, arguments, position, &node->items, &node->count, &node->keywords)) return NULL;
    node->assigns = node->a->assigns;
    for (uint32_t i = 0; i < node->count; i++) node->assigns |= node->items[i]->assigns;
    struct variable *variable = node->a->kind == NODE_VARIABLE ? node->a->variable : NULL;
    if (variable && variable->is_argument && variable->function->has_this &&
        variable == variable->function->arguments[0])
        return bind_this_member(b, node->a, name, node);
    return node;
}

/* (. obj name) alone: reads the property or calls the method without arguments. */
static struct node *form_dot(struct binder *b, cp_value form, uint32_t position) {
    if (form_length(form) < 3 || !cp_is_symbol(form_item(form, 2)))
        return bind_fail(b, position, CP_ERROR_PARSE, 4, "(. object name) expected");
    return bind_member(b, form, cp_symbol_of(form_item(form, 2)), form_cell(form, 3), position);
}

const struct special_form_entry class_forms[] = {
    {"class", form_class, false,
     "(class NAME (interface (properties (name Class [readOnly] [default]) ...) (methods (Type name (argument ...)) "
     "...)) ...): "
     "defines a class; in short (class NAME (properties ...) (methods ...))."},
    {"create", form_create, false,
     "(create Class argument ...): a new object; arguments by keyword that the constructor does not know set "
     "properties."},
    {".", form_dot, false,
     "object.name: reads a property or calls a method; (object.name argument ...) sets or calls."},
    {0},
};
