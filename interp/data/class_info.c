/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * class_info.c: the value of (classInfo name), from which help and the manual are made. Its shape is described at
 * class_info in class.h; native and scripted classes are walked alike.
 */
#include "interp/data/class_parts.h"

static cp_value symbol_or_nil(const cp_symbol *symbol) { return symbol ? cp_from_object(symbol) : CP_NIL; }

static cp_value list2(cp_value a, cp_value b) { return cp_cons(a, cp_cons(b, CP_NIL)); }

static cp_value property_info(cp_context *cp, const struct member *member) {
    const char *access = member->flags & MEMBER_READ_ONLY ? "readOnly" : "readWrite";
    cp_value items[] = {cp_from_object(member->name), cp_from_object(member->type->name), cp_symbol_z(cp, access),
                        member->doc};
    return cp_list_n(items, 4);
}

static cp_value arguments_info(cp_context *cp, const struct signature *signature) {
    cp_list_builder arguments = {0};
    for (unsigned i = 0; i < signature->declared; i++) {
        const struct parameter *parameter = &signature->parameters[i];
        cp_value items[] = {cp_from_object(parameter->name), cp_from_object(parameter->type->name), parameter->initial};
        cp_list_add(&arguments, cp_list_n(items, parameter->initial == CP_UNSET ? 2 : 3));
    }
    if (signature->has_rest) {
        cp_value name = symbol_or_nil(signature->rest_name);
        bool usual = name == CP_NIL || name == cp->known.sym_rest;
        cp_list_add(&arguments, usual ? cp->known.sym_ellipsis : list2(cp->known.sym_ellipsis, name));
    }
    return arguments.list;
}

static cp_value method_info(cp_context *cp, const struct member *member) {
    const struct signature *signature = member->signature;
    if (!signature && member->function != CP_UNSET) signature = function_signature(cp, function_of(member->function));
    cp_value items[] = {cp_from_object(member->name), cp_from_object(member->type->name),
                        signature ? arguments_info(cp, signature) : CP_NIL, member->doc};
    return cp_list_n(items, 4);
}

/* They are kept with the last one first. */
static cp_value attributes_info(cp_context *cp, cp_value attributes) {
    return cp_cons(cp_symbol_z(cp, "attributes"), cp_list_reverse(attributes));
}

static cp_value interface_info(cp_context *cp, const struct interface *interface, const struct member *constructor) {
    cp_list_builder properties = {0}, methods = {0};
    cp_list_add(&properties, cp_symbol_z(cp, "properties"));
    cp_list_add(&methods, cp_symbol_z(cp, "methods"));
    if (constructor && !(constructor->flags & MEMBER_PRIVATE)) cp_list_add(&methods, method_info(cp, constructor));
    for (uint32_t i = 0; i < interface->count; i++) {
        const struct member *member = interface->members[i];
        if (member->flags & MEMBER_PRIVATE) continue;
        if (member->kind == MEMBER_METHOD) cp_list_add(&methods, method_info(cp, member));
        else cp_list_add(&properties, property_info(cp, member));
    }
    cp_value items[] = {cp_symbol_z(cp, "interface"), symbol_or_nil(interface->name), properties.list, methods.list,
                        attributes_info(cp, interface->attributes)};
    return cp_list_n(items, interface->attributes != CP_NIL ? 5 : 4);
}

cp_value class_info(cp_context *cp, cp_class *c) {
    if (!c->defined) return CP_NIL;
    class_build(cp, c);
    cp_list_builder info = {0};
    cp_list_add(&info, cp_string_n(cp, c->name->text, c->name->size));
    cp_list_add(&info, cp_integer(cp, c->major));
    cp_list_add(&info, cp_integer(cp, c->minor));
    for (uint32_t i = 0; i < c->interface_count; i++)
        cp_list_add(&info, interface_info(cp, &c->interfaces[i], i == 0 ? c->constructor : NULL));
    if (c->doc != CP_NIL) cp_list_add(&info, list2(cp_symbol_z(cp, "doc"), c->doc));
    if (c->attributes != CP_NIL) cp_list_add(&info, attributes_info(cp, c->attributes));
    return info.list;
}
