/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * class_parts.h: what the files that implement class.h share among themselves. No one else includes it.
 */
#ifndef DATA_CLASS_PARTS_H
#define DATA_CLASS_PARTS_H

#include "interp/data/class.h"

void type_table_init(cp_context *cp);
/* A name means another class: every type that says the name has the new number for the old one. */
void type_renumber(cp_context *cp, const cp_symbol *name, uint32_t old, uint32_t new);

/* A new undefined class with the next number; class_point_name makes it known by its name. */
cp_class *class_number_new(cp_context *cp, cp_symbol *name);
/* Makes the class the one that its name means, and its number the one in the types that say the name. */
void class_point_name(cp_context *cp, cp_class *c);

/* Adds a member to an interface; false when the name is taken there. */
bool interface_add(struct interface *interface, struct member *member);
/* The member of that name, or NULL. */
struct member *interface_find(const struct interface *interface, const cp_symbol *name);

/* A native table that is wrong is a mistake in C code, not in a script: says so and aborts. */
_Noreturn void table_is_wrong(const char *class_name, const char *member_name, const char *what);

#endif
