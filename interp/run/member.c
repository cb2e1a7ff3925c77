/* SPDX-License-Identifier: GPL-3.0-or-later */
/* member.c: the dot operator's slow paths, create, and their public faces cp_send, cp_create. */
#include "interp/run/vm.h"

#include <stdio.h>

#include "interp/data/error.h"

static cp_value unknown_member(cp_context *cp, cp_value receiver, cp_class *c, cp_symbol *name) {
    cp_symbol *near[3];
    char hint[320] = "";
    unsigned count = class_suggest(cp, c, name, near, 3);
    if (count == 1) snprintf(hint, sizeof hint, "; did you mean %.80s?", near[0]->text);
    else if (count == 2) snprintf(hint, sizeof hint, "; did you mean %.80s or %.80s?", near[0]->text, near[1]->text);
    else if (count == 3)
        snprintf(hint, sizeof hint, "; did you mean %.80s, %.80s or %.80s?", near[0]->text, near[1]->text,
                 near[2]->text);
    if (receiver == CP_NIL)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "() has no member %s: is the variable not set yet?%s",
                        name->text, hint);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "the class %s has no member %s%s", c->name->text, name->text,
                    hint);
}

struct member *member_find(cp_context *cp, cp_value *receiver, cp_symbol *name, cp_class *from,
                           const cp_value *arguments, uint32_t count, cp_value *answer) {
    uint32_t interface = 0;
    if (cp_has_class(*receiver, CP_CLASS_FACE)) {
        interface = face_of(*receiver)->interface;
        *receiver = face_of(*receiver)->object;
    }
    cp_class *c = class_numbered(cp, cp_class_number_of(*receiver));
    struct member *member = class_member(cp, c, interface, name);
    if (!member && from == c && interface == 0) /* a method of a secondary interface looks through `this` */
        for (uint32_t i = 1; i < c->interface_count && !member; i++) member = class_member(cp, c, i, name);
    if (!member) {
        if (c->interfaces && c->interfaces[interface].delegate) {
            struct member *property = class_member(cp, c, interface, c->interfaces[interface].delegate);
            if (property && property->kind == MEMBER_SLOT) {
                cp_value target = ((cp_value *)*receiver)[property->slot];
                if (cp_check_stack(cp) == CP_THROWN) *answer = CP_THROWN;
                else if (target != CP_NIL) *answer = member_send(cp, target, name, NULL, arguments, count, CP_NIL);
                else *answer = unknown_member(cp, *receiver, c, name);
                return NULL;
            }
        }
        *answer = CP_UNSET;
        if (c->missing && interface == 0)
            *answer = cp_check_stack(cp) == CP_THROWN
                          ? CP_THROWN
                          : c->missing(cp, *receiver, cp_from_object(name), arguments, (int)count);
        if (*answer == CP_UNSET) *answer = unknown_member(cp, *receiver, c, name);
        return NULL;
    }
    if ((member->flags & MEMBER_PRIVATE) && from != c) {
        *answer =
            cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s is private to the class %s", name->text, c->name->text);
        return NULL;
    }
    if ((member->flags & MEMBER_READ_ONLY) && count > 0 && from != c) {
        *answer = cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the property %s of %s is read-only", name->text,
                           c->name->text);
        return NULL;
    }
    return member;
}

static cp_value property_count_error(cp_context *cp, struct member *member, uint32_t count) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is a property: it takes one new value, %u given",
                    member->name->text, count);
}

cp_value member_use(cp_context *cp, struct member *member, cp_value receiver, const cp_value *arguments,
                    uint32_t count) {
    cp_class *c = class_numbered(cp, cp_class_number_of(receiver));
    if (member->kind == MEMBER_METHOD) {
        if (member->function == CP_UNSET)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                            "the method %s::%s is declared but not defined: a (defun ... %s::%s ...) is missing",
                            c->name->text, member->name->text, c->name->text, member->name->text);
        return call_function(cp, function_of(member->function), receiver, arguments, count);
    }
    if (count == 0) {
        if (member->kind == MEMBER_SLOT) return ((cp_value *)receiver)[member->slot];
        return member->property->get(cp, receiver);
    }
    if (count > 1) return property_count_error(cp, member, count);
    cp_value value = arguments[0];
    if (!type_accepts(member->type, value)) {
        char what[160];
        snprintf(what, sizeof what, "the property %.100s", member->name->text);
        return cp_throw_type(cp, what, member->type->name->text, value);
    }
    cp_value stored = value;
    if (member->property && member->property->set) {
        stored = member->property->set(cp, receiver, value);
        if (stored == CP_THROWN) return stored;
    } else if (member->kind == MEMBER_COMPUTED)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the property %s of %s is read-only", member->name->text,
                        c->name->text);
    if (member->kind == MEMBER_SLOT) ((cp_value *)receiver)[member->slot] = stored;
    return value;
}

/* Whether an object hands a call of that name on to another one, of whose signature nothing is known here. */
static bool passes_on(cp_context *cp, cp_value receiver, cp_symbol *name) {
    uint32_t interface = cp_has_class(receiver, CP_CLASS_FACE) ? face_of(receiver)->interface : 0;
    cp_class *c = class_numbered(cp, cp_class_number_of(cp_object_behind(receiver)));
    if (class_member(cp, c, interface, name)) return false;
    return (interface == 0 && c->missing) || (c->interfaces && c->interfaces[interface].delegate);
}

static cp_value no_keywords(cp_context *cp, cp_value receiver, cp_symbol *name) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                    "%s is no member of the class %s itself: what is handed on takes its arguments by position only",
                    name->text, cp_class_name(cp_class_of(cp, receiver)));
}

cp_value member_send(cp_context *cp, cp_value receiver, cp_symbol *name, cp_class *from, const cp_value *arguments,
                     uint32_t count, cp_value keywords) {
    cp_value answer = CP_UNSET;
    if (keywords != CP_NIL && passes_on(cp, receiver, name)) return no_keywords(cp, receiver, name);
    struct member *member = member_find(cp, &receiver, name, from, arguments, count, &answer);
    if (!member) return answer;
    if (keywords == CP_NIL) return member_use(cp, member, receiver, arguments, count);
    if (member->kind != MEMBER_METHOD || member->function == CP_UNSET)
        return member_use(cp, member, receiver, arguments, count);
    struct function *f = function_of(member->function);
    cp_value *ordered = call_by_keyword(cp, function_signature(cp, f), !f->proto, cp_text_z(cp, function_title(cp, f)),
                                        arguments, &count, keywords, NULL);
    return ordered ? call_function(cp, f, receiver, ordered, count) : CP_THROWN;
}

/* ---- create ---- */

cp_class *member_creatable(cp_context *cp, cp_symbol *class_name) {
    cp_class *c = class_defined(cp, class_name);
    if (CP_UNLIKELY(!c)) {
        if (class_throw_autoload(cp)) return NULL;
        cp_symbol *near = class_suggest_class(cp, class_name);
        if (near)
            cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "there is no class %s; did you mean %s?", class_name->text,
                     near->text);
        else cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "there is no class %s", class_name->text);
        return NULL;
    }
    if (c->definition && (c->definition->flags & CP_CLASS_NOT_CREATABLE)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "an object of class %s cannot be created", class_name->text);
        return NULL;
    }
    return c;
}

/* Runs the constructor; the value is the new object. */
static cp_value construct(cp_context *cp, cp_class *c, cp_value object, const cp_value *arguments, uint32_t count) {
    struct member *constructor = c->constructor;
    if (!constructor) {
        if (count == 0) return object;
        return cp_throw(
            cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
            "the class %s has no constructor: create takes no arguments by position, %u given; properties are "
            "set by name, (create %s property: value)",
            c->name->text, count, c->name->text);
    }
    if (constructor->function == CP_UNSET)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "the constructor of %s is declared but not defined",
                        c->name->text);
    cp_value result = call_function(cp, function_of(constructor->function), object, arguments, count);
    if (result == CP_THROWN) return result;
    return c->definition && (c->definition->flags & CP_CLASS_MADE_BY_CONSTRUCTOR) ? result : object;
}

static struct signature *constructor_signature(cp_context *cp, cp_class *c) {
    if (c->constructor && c->constructor->function != CP_UNSET)
        return function_signature(cp, function_of(c->constructor->function));
    struct signature *empty = signature_new(cp, 0);
    return empty;
}

/* Keywords that the constructor does not know are properties. */
static cp_value create_with_keywords(cp_context *cp, cp_class *c, cp_value object, const cp_value *arguments,
                                     uint32_t count, cp_value keywords) {
    cp_value properties = CP_NIL;
    cp_value *ordered = call_by_keyword(cp, constructor_signature(cp, c), c->definition != NULL, c->name->text,
                                        arguments, &count, keywords, &properties);
    if (!ordered) return CP_THROWN;
    object = construct(cp, c, object, ordered, count);
    for (; object != CP_THROWN && cp_is_cell(properties); properties = cp_tail(cp_tail(properties))) {
        cp_value value = cp_head(cp_tail(properties)), answer = CP_UNSET, receiver = object;
        cp_symbol *name = cp_symbol_of(cp_head(properties));
        struct member *member = member_find(cp, &receiver, name, NULL, &value, 1, &answer);
        if (!member) {
            if (answer == CP_THROWN) return answer;
            continue;
        }
        if (member->kind == MEMBER_METHOD)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN,
                            "%s is a method of %s, not a property that create could set", name->text, c->name->text);
        if (member_use(cp, member, receiver, &value, 1) == CP_THROWN) return CP_THROWN;
    }
    return object;
}

cp_value member_create(cp_context *cp, cp_symbol *class_name, const cp_value *arguments, uint32_t count,
                       cp_value keywords) {
    cp_class *c = member_creatable(cp, class_name);
    if (!c) return CP_THROWN;
    class_build(cp, c);
    bool by_constructor = c->definition && (c->definition->flags & CP_CLASS_MADE_BY_CONSTRUCTOR);
    cp_value object = by_constructor ? CP_NIL : class_instance(cp, c);
    if (c->initializer && c->initializer->function != CP_UNSET &&
        call_function(cp, function_of(c->initializer->function), object, NULL, 0) == CP_THROWN)
        return CP_THROWN;
    if (keywords != CP_NIL) return create_with_keywords(cp, c, object, arguments, count, keywords);
    return construct(cp, c, object, arguments, count);
}

/* ---- the public face ---- */

cp_value cp_send(cp_context *cp, cp_value receiver, cp_value name, const cp_value *arguments, int count) {
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    return member_send(cp, receiver, cp_symbol_of(name), NULL, arguments, (uint32_t)count, CP_NIL);
}

cp_value cp_send_z(cp_context *cp, cp_value receiver, const char *name, const cp_value *arguments, int count) {
    return cp_send(cp, receiver, cp_symbol_z(cp, name), arguments, count);
}

cp_value cp_create(cp_context *cp, const char *class_name, const cp_value *arguments, int count) {
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    return member_create(cp, cp_symbol_of(cp_symbol_z(cp, class_name)), arguments, (uint32_t)count, CP_NIL);
}
