/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c_declaration.h: what C text declares: functions, variables, structs, unions, enums, typedefs; and types by name.
 *
 * Read are the declarations of C11 without bit fields, attributes, bodies and the preprocessor. Each Library has the
 * names that were declared to it.
 */
#ifndef FFI_C_DECLARATION_H
#define FFI_C_DECLARATION_H

#include "modules/ffi/c_type.h"

enum c_name_kind { C_NAME_TYPE, C_NAME_TAG, C_NAME_FUNCTION, C_NAME_VARIABLE, C_NAME_CONSTANT };

struct c_name {
    const char *name; /* a tag's begins with its keyword: "struct tm" */
    enum c_name_kind kind;
    const struct c_type *type;
    bool is_const; /* what a typedef stands for or the variable is const */
    int64_t constant;
    cp_value object; /* the CFunction or Pointer that the owner has made of it, CP_NIL before */
};

/* Lies in an object that the collector looks at. Zeroed, it is empty. */
struct c_names {
    cp_value index; /* HashTable: Symbol to place in items */
    struct c_name *items;
    uint32_t count, capacity;
};

/* What has that name (a Symbol), or NULL. Valid until something is declared. */
struct c_name *c_names_find(cp_context *cp, struct c_names *names, cp_value symbol);

/* Reads declarations, each ended by a semicolon (the last one may do without). At an Error what stood before it is
   declared. false with 19.3, 19.4 or 19.12 thrown. */
bool c_declare(cp_context *cp, struct c_names *names, cp_value text);
/* The type that the whole text names, "struct tm", "char *[4]"; NULL with the same Errors. */
const struct c_type *c_type_parse(cp_context *cp, struct c_names *names, cp_value text);
/* The function type of one prototype, whose name is stored, "" when it has none. NULL with the same Errors. */
const struct c_type *c_prototype_parse(cp_context *cp, struct c_names *names, cp_value text, const char **name);

#endif
