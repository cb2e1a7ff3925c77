/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * greeter.c: an example of a native module: the class Greeter and the function greetAll. It includes carapace.h alone.
 *
 * From top to bottom as in every native class: the struct, the methods, the tables that say what there is, and last the
 * two symbols by which (loadLibrary "greeter.so") knows a module.
 */
#include <carapace.h>

/* An instance: it begins with a cp_object; slots for the properties follow it by themselves. */
struct greeter {
    cp_object header;
    uint64_t count; /* greetings so far */
};

static struct greeter *greeter_of(cp_value self) { return (struct greeter *)self; }

enum { SLOT_GREETING }; /* properties without a getter, in the order of the table */

/* ---- properties ---- */

/* Sees a value before it is stored: what it gives is stored. */
static cp_value set_greeting(cp_context *cp, cp_value self, cp_value value) {
    (void)self;
    if (!cp_is_string(value) || cp_string_size(value) == 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a greeting must not be empty");
    return value;
}

static cp_value get_count(cp_context *cp, cp_value self) { return cp_integer(cp, (int64_t)greeter_of(self)->count); }

/* ---- methods ---- */

/* The constructor bears the class's name. Its arguments are checked and complete: the signature in the table says so.
 */
static cp_value greeter_new(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_slots(cp, self)[SLOT_GREETING] = arguments[0];
    return CP_NIL;
}

/* Any value can be greeted: what print would show. cp_to_string may run a script's method and so may throw. */
static cp_value greet(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value name = cp_to_string(cp, arguments[0]);
    if (name == CP_THROWN) return CP_THROWN;
    greeter_of(self)->count++;
    return cp_string_format(cp, "%s, %s!", cp_text_z(cp, cp_slots(cp, self)[SLOT_GREETING]), cp_text_z(cp, name));
}

/* ---- a function ---- */

/* Walks whatever `for` takes, and calls a function of the script for each greeting. */
static cp_value greet_all(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    cp_value greeter = arguments[0], function = arguments[2], item;
    cp_iterator iterator;
    (void)self, (void)count;
    if (cp_iterate(cp, &iterator, arguments[1]) == CP_THROWN) return CP_THROWN;
    while ((item = cp_next(cp, &iterator)) != CP_DONE) {
        if (item == CP_THROWN) return CP_THROWN;
        cp_value greeting = cp_send_z(cp, greeter, "greet", &item, 1);
        if (greeting == CP_THROWN || cp_call(cp, function, &greeting, 1) == CP_THROWN) return CP_THROWN;
    }
    return CP_NIL;
}

/* ---- tables ---- */

static const cp_property_def properties[] = {
    {"greeting", "String", CP_READ_WRITE, .initial = "\"Hello\"", .set = set_greeting,
     .doc = "What is said before the name. 1.8 when it is empty."},
    {"count", "Integer", CP_READ_ONLY, .get = get_count, .doc = "How many greetings there have been."},
    {0},
};

static const cp_method_def methods[] = {
    {"Greeter", "NIL", "((greeting String \"Hello\"))", greeter_new, "Makes a Greeter that says this."},
    {"greet", "String", "(name)", greet, "The greeting for a name."},
    {0},
};

static const cp_class_def greeter_class = {
    .name = "Greeter",
    .doc = "Greets, and counts how often. An example of a class in C.",
    .size = sizeof(struct greeter),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

static const cp_function_def functions[] = {
    {"greetAll", "NIL", "((greeter Greeter) names (function Function))", greet_all,
     "Calls the function with the greeting for each of the names, any sequence that for takes."},
    {0},
};

/* ---- what loadLibrary looks for ---- */

extern const int carapace_module_abi;
bool carapace_module_open(cp_context *cp);

const int carapace_module_abi = CP_MODULE_ABI;

bool carapace_module_open(cp_context *cp) {
    if (!cp_define_class(cp, &greeter_class)) return false;
    cp_define_functions(cp, functions);
    return true;
}
