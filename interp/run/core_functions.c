/* SPDX-License-Identifier: GPL-3.0-or-later */
/* core_functions.c: the built-in functions that deal with values of all classes, with functions and with classes
   (language.md 7, Core). */
#include "interp/run/core_functions.h"

#include <errno.h>
#include <stdio.h>

#include "interp/base/memory.h"
#include "interp/data/error.h"
#include "interp/data/list.h"
#include "interp/data/number.h"
#include "interp/lang/binder.h"
#include "interp/lang/compile.h"
#include "interp/code/disassemble.h"
#include "interp/code/instructions.h"
#include "interp/lang/reader.h"
#include "interp/run/load.h"
#include "interp/run/vm.h"

#define NATIVE(name) static cp_value name(cp_context *cp, cp_value self, const cp_value *arguments, int count)
#define UNUSED (void)cp, (void)self, (void)arguments, (void)count

/* ---- output ---- */

/* Everything printed goes through stdio's buffer, so that streams on standard output keep their order. */
static cp_value print_values(cp_context *cp, const cp_value *arguments, int count, bool lines) {
    for (int i = 0; i < count; i++) {
        cp_value text = cp_to_string(cp, arguments[i]);
        if (text == CP_THROWN) return text;
        fwrite(cp_string_text(text), 1, cp_string_size(text), stdout);
        if (lines) putc('\n', stdout);
    }
    if (ferror(stdout)) {
        int number = errno;
        clearerr(stdout);
        return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, number, "cannot write to standard output");
    }
    return CP_NIL;
}

NATIVE(print_function) {
    UNUSED;
    cp_value result = print_values(cp, arguments, count, true);
    if (count == 0) putc('\n', stdout);
    return result;
}
NATIVE(print_aux) {
    UNUSED;
    return print_values(cp, arguments, count, false);
}

NATIVE(string_function) {
    UNUSED;
    return cp_to_string(cp, arguments[0]);
}

NATIVE(interpolate) {
    UNUSED;
    cp_value *parts = cp_alloc((size_t)count * sizeof *parts);
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        parts[i] = cp_to_string(cp, arguments[i]);
        if (parts[i] == CP_THROWN) return CP_THROWN;
        size += cp_string_size(parts[i]);
    }
    char *text = cp_try_alloc_atomic(cp, size + 1), *at = text;
    if (!text) return CP_THROWN;
    for (int i = 0; i < count; i++) {
        memcpy(at, cp_string_text(parts[i]), cp_string_size(parts[i]));
        at += cp_string_size(parts[i]);
    }
    return cp_string_n(cp, text, size);
}

NATIVE(table_literal) {
    UNUSED;
    cp_value table = cp_table(cp);
    if (count % 2)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "{...} takes pairs of key and value; a value is missing");
    for (int i = 0; i < count; i += 2)
        if (cp_table_set(cp, table, arguments[i], arguments[i + 1]) == CP_THROWN) return CP_THROWN;
    return table;
}

NATIVE(append) {
    UNUSED;
    size_t length;
    if (!cp_is_list(arguments[0])) return cp_throw_type(cp, "what ,@ puts in", "List", arguments[0]);
    if (!list_count(cp, arguments[0], &length)) return CP_THROWN;
    cp_list_builder list = {0};
    for (cp_value rest = arguments[0]; cp_is_cell(rest); rest = cp_tail(rest)) cp_list_add(&list, cp_head(rest));
    if (!list.list) return arguments[1];
    cp_cell_of(list.last)->tail = arguments[1];
    return list.list;
}

/* Long List literals come as Lists of Lists (code/generate.c). */
NATIVE(concatenate) {
    UNUSED;
    cp_list_builder list = {0};
    for (cp_value lists = arguments[0]; cp_is_cell(lists); lists = cp_tail(lists)) {
        size_t length;
        cp_value rest = cp_head(lists);
        if (!cp_is_list(rest)) return cp_throw_type(cp, "a part of the List", "List", rest);
        if (!list_count(cp, rest, &length)) return CP_THROWN;
        for (; cp_is_cell(rest); rest = cp_tail(rest)) cp_list_add(&list, cp_head(rest));
    }
    return list.list;
}

/* ---- classes and types ---- */

static cp_symbol *name_of(cp_context *cp, cp_value name) {
    const char *bytes;
    size_t size;
    if (!(cp_is_string(name) || cp_is_symbol(name)) || !cp_bytes_of(name, &bytes, &size)) return NULL;
    return cp_symbol_of(cp_symbol_n(cp, bytes, size));
}

NATIVE(type_of) {
    UNUSED;
    cp_value object = cp_object_behind(arguments[0]);
    if (arguments[1] == CP_NIL) return cp_string_z(cp, cp_class_name(cp_class_of(cp, object)));
    cp_symbol *name = name_of(cp, arguments[1]);
    if (!name) return cp_throw_type(cp, "the second argument of typeOf", "String", arguments[1]);
    if (!strcmp(name->text, "Object")) return cp->known.sym_true;
    return !strcmp(cp_class_name(cp_class_of(cp, object)), name->text) ? cp->known.sym_true : CP_NIL;
}

NATIVE(face_of_function) {
    UNUSED;
    if (!cp_has_class(arguments[0], CP_CLASS_FACE)) return cp->known.empty_string;
    struct face *face = face_of(arguments[0]);
    cp_class *c = cp_class_of(cp, face->object);
    return cp_string_z(cp, c->interfaces[face->interface].name->text);
}

NATIVE(get_interface) {
    UNUSED;
    cp_value object = cp_object_behind(arguments[0]);
    cp_symbol *name = name_of(cp, arguments[1]);
    cp_class *c = cp_class_of(cp, object);
    if (!name || name->size == 0) return object;
    class_build(cp, c);
    for (uint32_t i = 0; i < c->interface_count; i++) {
        if (c->interfaces[i].name != name) continue;
        if (i == 0) return object;
        struct face *face = cp_alloc(sizeof *face);
        face->header.class_number = CP_CLASS_FACE;
        face->object = object;
        face->interface = i;
        return cp_from_object(face);
    }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "the class %s has no interface %s", c->name->text, name->text);
}

NATIVE(create_aux) {
    UNUSED;
    return member_create(cp, name_of(cp, arguments[0]), arguments + 1, (uint32_t)count - 1, CP_NIL);
}

NATIVE(class_info_function) {
    UNUSED;
    cp_symbol *name = name_of(cp, arguments[0]);
    cp_class *c = name ? class_defined(cp, name) : cp_class_of(cp, cp_object_behind(arguments[0]));
    if (!c && class_throw_autoload(cp)) return CP_THROWN;
    if (!c) return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "there is no class %s", name->text);
    return class_info(cp, c);
}

NATIVE(is_class) {
    UNUSED;
    cp_symbol *name = name_of(cp, arguments[0]);
    return name && class_defined(cp, name) ? cp->known.sym_true : CP_NIL;
}

NATIVE(is_function) {
    UNUSED;
    if (cp_is_function(arguments[0])) return cp->known.sym_true;
    cp_symbol *name = name_of(cp, arguments[0]);
    if (!name) return CP_NIL;
    if (name->function == CP_UNSET && load_autoload_function(cp, name) == CP_THROWN) return CP_THROWN;
    return name->function != CP_UNSET ? cp->known.sym_true : CP_NIL;
}

NATIVE(is_defined) {
    UNUSED;
    cp_symbol *name = name_of(cp, arguments[0]);
    if (!name) return cp->known.sym_true; /* a value */
    if (name->flags & CP_SYMBOL_GLOBAL) {
        uint32_t index = name->global - 1;
        struct thread *t = cp->current;
        return index < t->global_count && t->globals[index] != CP_UNSET ? cp->known.sym_true : CP_NIL;
    }
    if (name->function != CP_UNSET || class_defined(cp, name)) return cp->known.sym_true;
    return CP_NIL;
}

/* ---- functions ---- */

cp_value native_apply(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    UNUSED;
    cp_value last = arguments[count - 1];
    if (!cp_is_list(last)) return cp_throw_type(cp, "the last argument of apply", "List", last);
    size_t given = (size_t)count - 2, length;
    if (!list_count_proper(cp, last, &length)) return CP_THROWN;
    cp_value *all = cp_alloc((given + length + 1) * sizeof *all);
    memcpy(all, arguments + 1, given * sizeof *all);
    for (size_t i = 0; i < length; i++, last = cp_tail(last)) all[given + i] = cp_head(last);
    return cp_call(cp, arguments[0], all, (int)(given + length));
}

NATIVE(macro_expand) {
    UNUSED;
    cp_value form = arguments[0];
    for (int turn = 0; turn < 1000 && cp_is_cell(form) && cp_is_symbol(cp_head(form)); turn++) {
        struct symbol_definition *definition = symbol_definition(cp_symbol_of(cp_head(form)));
        if (!definition || definition->macro == CP_UNSET) break;
        size_t length = cp_list_length(cp_tail(form));
        cp_value *items = cp_alloc((length + 1) * sizeof *items), rest = cp_tail(form);
        for (size_t i = 0; i < length; i++, rest = cp_tail(rest)) items[i] = cp_head(rest);
        form = cp_call(cp, definition->macro, items, (int)length);
        if (form == CP_THROWN) return form;
    }
    return form;
}

NATIVE(eval_function) {
    UNUSED;
    struct source *source = source_new(cp, cp_string_z(cp, "<eval>"), cp_to_source(cp, arguments[0]));
    if (source->text == CP_THROWN) return CP_THROWN;
    struct file_scope *file = NULL;
    for (struct frame *f = cp->current->frame; f > cp->current->frames && !file; f--)
        if (f->proto) file = f->proto->file;
    cp_value function = compile_form(cp, source, file ? file : file_scope_new(cp, false), arguments[0], 0);
    return function == CP_THROWN ? function : cp_call(cp, function, NULL, 0);
}

NATIVE(print_stack_frames) {
    UNUSED;
    for (cp_value rest = unwind_trace(cp->current, 200); cp_is_cell(rest); rest = cp_tail(rest)) {
        cp_value frame = cp_head(rest);
        printf("%s at %s:%ld\n", cp_text_z(cp, cp_head(frame)), cp_text_z(cp, form_item(frame, 1)),
               (long)cp_fixnum_value(form_item(frame, 2)));
    }
    return CP_NIL;
}

NATIVE(disassemble_function) {
    UNUSED;
    cp_value function = call_resolve(cp, arguments[0], NULL);
    if (function == CP_THROWN) return function;
    if (!function_of(function)->proto)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                        "this function is native: it has no instructions of ours");
    return disassemble(cp, function_of(function)->proto);
}

/* `with` closes what it holds: by close, else disconnect, else unlock. */
NATIVE(close_value) {
    UNUSED;
    static const char *const names[] = {"close", "disconnect", "unlock"};
    if (arguments[0] == CP_NIL) return CP_NIL;
    for (size_t i = 0; i < 3; i++)
        if (cp_responds_to(cp, arguments[0], names[i])) return cp_send_z(cp, arguments[0], names[i], NULL, 0);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                    "the class %s has no method close, disconnect or unlock for `with`",
                    cp_class_name(cp_class_of(cp, arguments[0])));
}

NATIVE(at_end) {
    UNUSED;
    cp->runtime->end_functions = cp_cons(arguments[0], cp->runtime->end_functions);
    return CP_NIL;
}

NATIVE(collect_garbage) {
    UNUSED;
    mem_collect();
    return CP_NIL;
}

NATIVE(memory_used) {
    UNUSED;
    return cp_integer(cp, (int64_t)mem_used());
}

/* ---- operators as functions ---- */

static cp_value fold(cp_context *cp, uint32_t op, const cp_value *arguments, int count) {
    cp_value result = arguments[0];
    for (int i = 1; i < count && result != CP_THROWN; i++) result = operator_arithmetic(cp, op, result, arguments[i]);
    return result;
}

NATIVE(add) {
    UNUSED;
    if (count == 0) return cp_fixnum(0);
    if (count == 1 && !cp_is_number(arguments[0])) return operator_arithmetic(cp, OP_ADD, cp_fixnum(0), arguments[0]);
    return fold(cp, OP_ADD, arguments, count);
}
NATIVE(subtract) {
    UNUSED;
    if (count == 1) return number_negate(cp, arguments[0]);
    return fold(cp, OP_SUBTRACT, arguments, count);
}
NATIVE(multiply) {
    UNUSED;
    if (count == 0) return cp_fixnum(1);
    if (count == 1) return operator_arithmetic(cp, OP_MULTIPLY, cp_fixnum(1), arguments[0]);
    return fold(cp, OP_MULTIPLY, arguments, count);
}
NATIVE(divide) {
    UNUSED;
    if (count == 1) return operator_arithmetic(cp, OP_DIVIDE, cp_fixnum(1), arguments[0]);
    return fold(cp, OP_DIVIDE, arguments, count);
}
NATIVE(modulo) {
    UNUSED;
    return fold(cp, OP_MODULO, arguments, count);
}

static cp_value chain(cp_context *cp, uint32_t op, const cp_value *arguments, int count) {
    for (int i = 0; i + 1 < count; i++) {
        cp_value holds = operator_compare(cp, op, arguments[i], arguments[i + 1]);
        if (holds == CP_THROWN || holds == CP_NIL) return holds;
    }
    return cp->known.sym_true;
}
NATIVE(equal) {
    UNUSED;
    return chain(cp, OP_EQUAL, arguments, count);
}
/* all different, not only neighbours */
NATIVE(not_equal) {
    UNUSED;
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++) {
            cp_value differs = operator_compare(cp, OP_NOT_EQUAL, arguments[i], arguments[j]);
            if (differs == CP_THROWN || differs == CP_NIL) return differs;
        }
    return cp->known.sym_true;
}
NATIVE(less) {
    UNUSED;
    return chain(cp, OP_LESS, arguments, count);
}
NATIVE(less_equal) {
    UNUSED;
    return chain(cp, OP_LESS_EQUAL, arguments, count);
}
NATIVE(greater) {
    UNUSED;
    return chain(cp, OP_GREATER, arguments, count);
}
NATIVE(greater_equal) {
    UNUSED;
    return chain(cp, OP_GREATER_EQUAL, arguments, count);
}

const cp_function_def core_functions[] = {
    {"print", "NIL", "(...)", print_function,
     "Prints each argument on a line of its own on standard output; without arguments an empty line."},
    {"printAux", "NIL", "(...)", print_aux, "Prints the arguments on standard output and adds nothing."},
    {"string", "String", "(value)", string_function,
     "The value as text: a String as it is, everything else as it prints."},
    {"typeOf", "Object", "(value (class Object ()))", type_of,
     "The name of the value's class, a String; with a second argument true when it is that class, else ()."},
    {"faceOf", "String", "(object)", face_of_function,
     "The name of the interface through which the object is seen; \"\" for the primary one."},
    {"getInterface", "Object", "(object (name String|Symbol))", get_interface,
     "The object seen through another of its interfaces; \"\" is the primary one. 1.4 when it has none of that name."},
    {"createAux", "Object", "((class String|Symbol) ...)", create_aux, "As create, with the class's name as a value."},
    {"classInfo", "List", "(class)", class_info_function,
     "All about a class, given by name or by an object: (\"Name\" major minor (interface NAME (properties (name class "
     "access doc) ...) "
     "(methods (name result (argument ...) doc) ...)) ... (doc text))."},
    {"isClass", "Symbol", "(name)", is_class, "true when there is a class of that name, else ()."},
    {"isFunction", "Symbol", "(name)", is_function, "true for a Function and for the name of one, else ()."},
    {"isDefined", "Symbol", "(name)", is_defined,
     "true when there is a variable, global, function or class of that name, else ()."},
    {"apply", "Object", "(function argument ...)", native_apply,
     "Calls the function with the arguments; the last of them is a List of further ones."},
    {"macroExpand", "Object", "(form)", macro_expand, "The form with its macro calls at the top expanded."},
    {"eval", "Object", "(form)", eval_function, "Compiles and runs a form in the scope of the file that calls it."},
    {"printStackFrames", "NIL", "()", print_stack_frames, "Prints the functions being called, the innermost first."},
    {"disassemble", "String", "(function)", disassemble_function, "The instructions of a function, for the curious."},
    {"collectGarbage", "NIL", "()", collect_garbage,
     "Frees memory that is no longer used, now rather than when it is needed."},
    {"memoryUsed", "Integer", "()", memory_used,
     "Bytes of the collected heap that are in use or were not found to be free yet: exact after (collectGarbage)."},
    {"%interpolate", "String", "(...)", interpolate, "The parts of an interpolated String joined."},
    {"%table", "HashTable", "(...)", table_literal, "The HashTable of {key value ...}."},
    {"%append", "Object", "(list tail)", append, "The items of a List put before a tail."},
    {"%concatenate", "List", "((lists List))", concatenate, "The items of all Lists of a List."},
    {"%atEnd", "NIL", "((function Function))", at_end,
     "Has a function of the Error that ends the program, or (), called at its end; an Integer that it gives is the "
     "status."},
    {"%close", "Object", "(value)", close_value, "Closes what `with` holds."},
    {"+", "Object", "(...)", add,
     "The sum; an object that is no number is asked by its method +. Integers stay Integers of any size."},
    {"-", "Object", "(number ...)", subtract, "The difference; of one argument its negative."},
    {"*", "Object", "(...)", multiply, "The product."},
    {"/", "Object", "(number ...)", divide,
     "The quotient; of Integers truncated toward zero. 1.9 for an Integer divided by 0."},
    {"%", "Object", "(number ...)", modulo, "The remainder, with the sign of the dividend. 1.9 for 0."},
    {"==", "Symbol", "(...)", equal, "true when all are the same value, else ()."},
    {"!=", "Symbol", "(...)", not_equal, "true when no two are the same value, else ()."},
    {"<", "Symbol", "(...)", less, "true when each is less than the next, else ()."},
    {"<=", "Symbol", "(...)", less_equal, "true when none is greater than the next, else ()."},
    {">", "Symbol", "(...)", greater, "true when each is greater than the next, else ()."},
    {">=", "Symbol", "(...)", greater_equal, "true when none is less than the next, else ()."},
    {0},
};
