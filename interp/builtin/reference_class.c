/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reference_class.c: the class Reference (language.md 8): a box that several places can share.
 */
#include "interp/builtin/tables.h"
#include "interp/data/reference.h"

/* ---- properties and methods -------------------------------------------------------------------------------------- */

static cp_value get_contents(cp_context *cp, cp_value self) {
    (void)cp;
    return reference_of(self)->contents;
}

static cp_value set_contents(cp_context *cp, cp_value self, cp_value value) {
    (void)cp;
    return reference_of(self)->contents = value;
}

static cp_value get_content_type(cp_context *cp, cp_value self) {
    return cp_string_z(cp, cp_class_name(cp_class_of(cp, cp_object_behind(reference_of(self)->contents))));
}

static cp_value reference_construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)self, (void)count;
    struct reference *reference = cp_alloc(sizeof *reference);
    reference->header.class_number = CP_CLASS_REFERENCE;
    reference->contents = arguments[0];
    return cp_from_object(reference);
}

/* ---- table ------------------------------------------------------------------------------------------------------- */

static const cp_property_def properties[] = {
    {"contents", "Object", CP_READ_WRITE, NULL, get_contents, set_contents, "The object referred to."},
    {"contentType", "String", CP_READ_ONLY, NULL, get_content_type, NULL,
     "The name of the class of the contents; List for ()."},
    {0},
};

static const cp_method_def methods[] = {
    {"Reference", "Reference", "((object Object ()))", reference_construct, "Makes a Reference to object."},
    {0},
};

const cp_class_def reference_class = {
    .name = "Reference",
    .doc = "A box that holds one object, so that a function can change what its caller sees. Two References are equal "
           "when they are the same one.",
    .flags = CP_CLASS_MADE_BY_CONSTRUCTOR,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
