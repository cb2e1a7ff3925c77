/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * c_value.h: Carapace values to C's memory and back; and the classes of what stays in C's memory: Pointer and Struct.
 *
 * The collector does not look into the memory of C, so whatever an address stored there needs to stay alive is
 * remembered beside it, in the c_block (`kept`).
 */
#ifndef FFI_C_VALUE_H
#define FFI_C_VALUE_H

#include "modules/ffi/c_type.h"

/* Memory that places point into, and what must live as long as the addresses stored in it. */
struct c_block {
    unsigned char *data; /* NULL: C's, of unknown size */
    size_t size;
    struct c_kept *kept;
    uint32_t kept_count, kept_capacity;
    const void *of_last_call; /* what the last call was given that may have stored an address here */
    cp_value owner;           /* the Library whose variable it is, CP_NIL */
};
struct c_kept {
    unsigned char *at; /* where the address is stored */
    const void *address;
    cp_value value;
    void *block;
};

/* A Pointer (type: what it points to) or a Struct (type: its own). The address may lie within the block, whose data
   keeps it alive. */
struct place {
    cp_object header;
    const struct c_type *type;
    unsigned char *address;
    struct c_block *block;
};
static inline struct place *place_of(cp_value v) { return (struct place *)v; }

extern const cp_class_def pointer_class, struct_class;

/* What an Error says was wrong: "item 2 of argument 1 of qsort". */
struct c_subject {
    const struct c_subject *outer;
    enum { C_SUBJECT_VALUE, C_SUBJECT_ARGUMENT, C_SUBJECT_FIELD, C_SUBJECT_ITEM, C_SUBJECT_RESULT } kind;
    const char *name; /* the function or field */
    size_t index;     /* the argument or item, from 0 */
};
const char *c_subject_text(cp_context *cp, const struct c_subject *subject);

/* Writes a value as a type's into memory. Addresses that it stores are kept alive by the block; with NULL, only
   addresses that need not be (of C's own memory, or of Pointers that the caller keeps) are taken. false with 1.8
   (out of range, NUL, wrong count) or 1.11 (wrong class) thrown. */
bool c_store(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
             unsigned char *memory, struct c_block *block);
/* The value of a type in memory: () for NULL, String for char * and char arrays, Binary for arrays of unsigned char,
   List for other arrays, Pointer, CFunction, or a Struct that is a view of the memory. CP_THROWN (1.5). */
cp_value c_load(cp_context *cp, const struct c_type *type, unsigned char *memory, struct c_block *block);

/* New zeroed memory; NULL with 1.5 thrown. */
struct c_block *c_block_new(cp_context *cp, size_t size);
/* Views of memory. */
cp_value c_pointer(cp_context *cp, const struct c_type *target, void *address, struct c_block *block);
cp_value c_struct(cp_context *cp, const struct c_type *type, void *address, struct c_block *block);
bool c_is_pointer(cp_context *cp, cp_value v);
bool c_is_struct(cp_context *cp, cp_value v);
/* Whether so many bytes from an address on are the block's; true when its size is not known. */
bool c_block_has(const struct c_block *block, const unsigned char *address, size_t size);
/* New memory for a type, with a first value unless it is CP_UNSET: a Struct, or a Pointer to the items of an array or
   to one value. CP_THROWN with 19.4 (size not known), 1.5 or as c_store. */
cp_value c_allocate(cp_context *cp, const struct c_type *type, cp_value initial);
/* Reads and writes a field of a struct behind a place; CP_UNSET when it has none of that name (a Symbol or String). */
cp_value place_get_field(cp_context *cp, struct place *place, cp_value name);
cp_value place_set_field(cp_context *cp, struct place *place, cp_value name, cp_value value);
/* What `missing` of both classes answers: fields by the dot. */
cp_value place_missing(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count);
/* The block in which a place keeps alive what is stored through it. */
struct c_block *place_block(struct place *place);
/* The String of text up to its NUL, or of exactly so many bytes; CP_THROWN (1.5). */
cp_value c_text(cp_context *cp, const char *text, size_t size);
/* "true" or (). */
static inline cp_value c_truth(cp_context *cp, bool holds) { return holds ? cp_symbol_z(cp, "true") : CP_NIL; }
/* 1.8 for text with a NUL in it. */
bool c_check_text(cp_context *cp, const struct c_subject *subject, cp_value text);
/* The address that a Pointer, Struct, CFunction or Callback stands for, when it may be used as a `type` pointer. -1
   with an Error thrown, 0 when it is none of these. */
int c_address(cp_context *cp, const struct c_subject *subject, const struct c_type *type, cp_value value,
              void **address);

#endif
