/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * class_scripted.c: classes that a script declares member by member.
 *
 * A class under construction is not yet what its name means: when the declaration turns out to be wrong half way, an
 * older class of the name goes on as it was.
 */
#include "interp/data/class_parts.h"
#include "interp/base/memory.h"

cp_class *class_new_scripted(cp_context *cp, cp_symbol *name, uint32_t interface_count) {
    cp_class *c = class_lookup(cp, name);
    if (c && c->number < CP_CLASS_FIRST_OTHER) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "class %s is built in and cannot be redefined", name->text);
        return NULL;
    }
    if (interface_count > UINT16_MAX) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "class %s has %u interfaces, at most %d are possible", name->text,
                 (unsigned)interface_count, UINT16_MAX);
        return NULL;
    }
    if (!c || c->defined) c = class_number_new(cp, name);
    c->constructor = NULL; /* an earlier attempt may have left one, and members */
    c->major = 1;
    c->minor = 0;
    c->doc = c->attributes = CP_NIL;
    c->interface_count = interface_count ? interface_count : 1;
    c->interfaces = mem_alloc(c->interface_count * sizeof(struct interface));
    return c;
}

bool class_add_member(cp_context *cp, cp_class *c, uint32_t interface, struct member *member) {
    (void)cp;
    member->interface = (uint16_t)interface;
    struct interface *home = &c->interfaces[interface];
    /* by text: a package's class goes by a Symbol of its own */
    bool named_as_class = interface == 0 && !strcmp(member->name->text, c->name->text);
    if (named_as_class && (c->constructor || interface_find(home, member->name))) return false;
    if (named_as_class && member->kind == MEMBER_METHOD) {
        c->constructor = member;
        return true;
    }
    return interface_add(home, member);
}

/* Calls nothing that can fail: from here on the class is whole. */
void class_finish(cp_context *cp, cp_class *c) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->interface_count; i++)
        for (uint32_t k = 0; k < c->interfaces[i].count; k++) count += c->interfaces[i].members[k]->kind == MEMBER_SLOT;
    c->slot_count = count;
    c->slot_initial = count ? mem_alloc(count * sizeof(cp_value)) : NULL;
    uint32_t slot = 0;
    for (uint32_t i = 0; i < c->interface_count; i++) {
        for (uint32_t k = 0; k < c->interfaces[i].count; k++) {
            struct member *member = c->interfaces[i].members[k];
            if (member->kind != MEMBER_SLOT) continue;
            member->slot = c->slot_start + slot;
            c->slot_initial[slot++] = member->initial;
        }
    }
    c->built = c->defined = true;
    c->version++;
    class_point_name(cp, c);
}
