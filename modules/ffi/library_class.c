/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library_class.c: the class Library: opens a shared library and gives its functions, variables and types as declared
 * in C.
 *
 * A library is unloaded by close alone, never by the collector: what C may still call or point to cannot be known.
 */
#include <dlfcn.h>

#include "modules/ffi/c_call.h"
#include "modules/ffi/c_declaration.h"
#include "modules/ffi/c_library.h"
#include "modules/ffi/ffi_state.h"

struct library {
    cp_object header;
    void *handle;  /* NULL = not open */
    cp_value name; /* () = the program itself and what it is linked to */
    struct c_names names;
    struct callback *callbacks; /* that `callback` has made and nobody has closed */
};

static struct library *library_of(cp_value v) { return (struct library *)v; }

static const char *title(cp_context *cp, const struct library *library) {
    return library->name == CP_NIL ? "the program itself" : cp_text_z(cp, library->name);
}

bool c_library_is_open(cp_value library) { return library == CP_NIL || library_of(library)->handle; }

void c_library_lose(struct callback *callback) {
    struct library *library = library_of(callback->library);
    if (callback->next) callback->next->previous = callback->previous;
    if (callback->previous) callback->previous->next = callback->next;
    else library->callbacks = callback->next;
    callback->next = callback->previous = NULL;
}

static bool check_open(cp_context *cp, struct library *library) {
    if (library->handle) return true;
    cp_throw(cp, CP_ERROR_FFI, FFI_CLOSED, "the Library %s is closed", title(cp, library));
    return false;
}

/* ---- functions and variables ---- */

/* NULL with 19.2 thrown. */
static void *symbol_address(cp_context *cp, struct library *library, const char *name) {
    if (!check_open(cp, library)) return NULL;
    void *address = dlsym(library->handle, name);
    if (!address)
        cp_throw(cp, CP_ERROR_FFI, FFI_UNKNOWN_SYMBOL, "%s has no function or variable %s", title(cp, library), name);
    return address;
}

static cp_value function_of_type(cp_context *cp, cp_value self, const struct c_type *type, const char *name) {
    void *address = symbol_address(cp, library_of(self), name);
    return address ? c_function_new(cp, type, name, address, self) : CP_THROWN;
}

/* What a declared name stands for, made when it is first used; CP_THROWN (19.2). The entry moves when more is declared,
   which nothing here does. */
static cp_value declared_object(cp_context *cp, cp_value self, struct c_name *name) {
    if (name->object != CP_NIL) return name->object;
    if (name->kind == C_NAME_FUNCTION) return name->object = function_of_type(cp, self, name->type, name->name);
    unsigned char *address = symbol_address(cp, library_of(self), name->name);
    if (!address) return CP_THROWN;
    struct c_block *block = cp_alloc(sizeof *block);
    *block = (struct c_block){.data = address, .size = name->type->size, .owner = self};
    return name->object = c_pointer(cp, name->type, address, block);
}

static bool is_value(const struct c_name *name) {
    return name && (name->kind == C_NAME_FUNCTION || name->kind == C_NAME_VARIABLE || name->kind == C_NAME_CONSTANT);
}

static cp_value use_variable(cp_context *cp, cp_value self, struct c_name *name, const cp_value *arguments, int count) {
    if (count > 1 || (count == 1 && name->is_const))
        return cp_throw(cp, CP_ERROR_CARAPACE, count > 1 ? CP_BAD_ARGUMENT : CP_ILLEGAL,
                        count > 1 ? "the variable %s takes one new value" : "the variable %s is const", name->name);
    const struct c_type *type = name->type;
    struct c_subject subject = {NULL, C_SUBJECT_FIELD, name->name, 0};
    if (!check_open(cp, library_of(self))) return CP_THROWN;
    cp_value pointer = declared_object(cp, self, name);
    if (pointer == CP_THROWN) return CP_THROWN;
    struct place *place = place_of(pointer);
    if (count == 0) return c_load(cp, type, place->address, place->block);
    return c_store(cp, &subject, type, arguments[0], place->address, place->block) ? arguments[0] : CP_THROWN;
}

/* Declared names by the dot: (libm.pow 2 10). */
static cp_value missing(cp_context *cp, cp_value self, cp_value symbol, const cp_value *arguments, int count) {
    struct c_name *name = c_names_find(cp, &library_of(self)->names, symbol);
    if (!is_value(name)) {
        if (count < 0) return CP_UNSET;
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN,
                        "the class Library has no member %s, and nothing of that name was declared to %s",
                        cp_symbol_of(symbol)->text, title(cp, library_of(self)));
    }
    if (count < 0) return CP_NIL;
    if (name->kind == C_NAME_VARIABLE) return use_variable(cp, self, name, arguments, count);
    if (name->kind == C_NAME_CONSTANT) {
        if (count == 0) return cp_integer(cp, name->constant);
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s is a constant", name->name);
    }
    cp_value function = declared_object(cp, self, name);
    return function == CP_THROWN ? CP_THROWN : c_call(cp, c_function_of(function), arguments, count, false);
}

/* ---- methods ---- */

static cp_value m_declare(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return c_declare(cp, &library_of(self)->names, arguments[0]) ? CP_NIL : CP_THROWN;
}

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct library *library = library_of(self);
    const char *name = NULL;
    struct c_subject subject = {NULL, C_SUBJECT_VALUE, NULL, 0};
    if (arguments[0] != CP_NIL) {
        if (!c_check_text(cp, &subject, arguments[0])) return CP_THROWN;
        name = cp_text_z(cp, arguments[0]);
        library->name = arguments[0];
    }
    dlerror();
    library->handle = dlopen(name, RTLD_NOW | (arguments[2] != CP_NIL ? RTLD_GLOBAL : RTLD_LOCAL));
    if (!library->handle) {
        const char *why = dlerror();
        return cp_throw(cp, CP_ERROR_FFI, FFI_NOT_FOUND, "the library cannot be loaded: %s",
                        why ? why : title(cp, library));
    }
    return arguments[1] == CP_NIL ? CP_NIL : m_declare(cp, self, arguments + 1, 1);
}

static bool is_plain_name(cp_value text) {
    for (size_t i = 0; i < cp_string_size(text); i++) {
        char c = cp_string_text(text)[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) return false;
    }
    return true;
}

static cp_value m_function(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct library *library = library_of(self);
    const char *name = NULL;
    if (!check_open(cp, library)) return CP_THROWN;
    if (is_plain_name(arguments[0])) {
        struct c_name *known = c_names_find(
            cp, &library->names, cp_symbol_n(cp, cp_string_text(arguments[0]), cp_string_size(arguments[0])));
        if (known && known->kind == C_NAME_FUNCTION) return declared_object(cp, self, known);
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN,
                        "the function %.100s was not declared: give its prototype, such as \"int %.100s(int)\"",
                        cp_text_z(cp, arguments[0]), cp_text_z(cp, arguments[0]));
    }
    const struct c_type *type = c_prototype_parse(cp, &library->names, arguments[0], &name);
    if (!type) return CP_THROWN;
    if (*name) return function_of_type(cp, self, type, name);
    return cp_throw(cp, CP_ERROR_FFI, FFI_BAD_DECLARATION, "the prototype has no name: %s", c_type_text(cp, type));
}

static cp_value m_variable(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct library *library = library_of(self);
    if (!check_open(cp, library)) return CP_THROWN;
    struct c_name *name =
        c_names_find(cp, &library->names, cp_symbol_n(cp, cp_string_text(arguments[0]), cp_string_size(arguments[0])));
    if (name && name->kind == C_NAME_VARIABLE) return declared_object(cp, self, name);
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_UNKNOWN, "the variable %.100s was not declared to %s",
                    cp_text_z(cp, arguments[0]), title(cp, library));
}

static cp_value m_new(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const struct c_type *type = c_type_parse(cp, &library_of(self)->names, arguments[0]);
    return type ? c_allocate(cp, type, arguments[1] == CP_NIL ? CP_UNSET : arguments[1]) : CP_THROWN;
}

static cp_value m_size_of(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const struct c_type *type = c_type_parse(cp, &library_of(self)->names, arguments[0]);
    if (!type) return CP_THROWN;
    if (type->size) return cp_integer_unsigned(cp, type->size);
    return cp_throw(cp, CP_ERROR_FFI, FFI_UNKNOWN_TYPE, "the size of C's %s is not known", c_type_text(cp, type));
}

static cp_value m_cast(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value value = arguments[1];
    const struct c_type *type = c_type_parse(cp, &library_of(self)->names, arguments[0]);
    struct c_block *block = NULL;
    uint64_t number = 0;
    void *address = NULL;
    if (!type) return CP_THROWN;
    if (type->kind != C_POINTER)
        return cp_throw(cp, CP_ERROR_FFI, FFI_BAD_DECLARATION, "a cast makes pointers: \"%s *\", not \"%s\"",
                        c_type_text(cp, type), c_type_text(cp, type));
    if (cp_is_integer(value)) {
        int64_t n;
        if (cp_to_int64(value, &n)) number = (uint64_t)n;
        else if (!cp_to_uint64(value, &number))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "an address has at most 64 bits");
        address = (void *)(uintptr_t)number;
    } else if (c_is_pointer(cp, value) || c_is_struct(cp, value)) {
        address = place_of(value)->address;
        block = place_block(place_of(value));
    } else if (c_is_function(cp, value)) address = c_function_of(value)->address;
    else if (callback_is(cp, value)) {
        if (!(address = callback_address(cp, value))) return CP_THROWN;
    } else if (value != CP_NIL)
        return cp_throw_type(cp, "what is cast", "a Pointer, Struct, CFunction, Callback, Integer or ()", value);
    if (!address) return CP_NIL;
    if (type->target->kind == C_FUNCTION) return c_function_new(cp, type->target, "", address, CP_NIL);
    return c_pointer(cp, type->target, address, block);
}

static cp_value m_callback(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct library *library = library_of(self);
    const char *name;
    if (!check_open(cp, library)) return CP_THROWN;
    const struct c_type *type = c_prototype_parse(cp, &library->names, arguments[0], &name);
    struct callback *callback = type ? callback_new(cp, type, arguments[1]) : NULL;
    if (!callback) return CP_THROWN;
    callback->library = self;
    callback->next = library->callbacks;
    if (callback->next) callback->next->previous = callback;
    library->callbacks = callback;
    return cp_from_object(callback);
}

static cp_value m_has(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    if (!check_open(cp, library_of(self))) return CP_THROWN;
    return c_truth(cp, dlsym(library_of(self)->handle, cp_text_z(cp, arguments[0])) != NULL);
}

static cp_value m_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct library *library = library_of(self);
    if (!library->handle) return CP_NIL;
    for (struct c_frame *frame = ffi_state(cp)->frames; frame; frame = frame->next)
        if (frame->function->library == self)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s cannot be closed while its function %s runs",
                            title(cp, library), frame->function->name);
    while (library->callbacks) callback_close(cp, library->callbacks);
    /* Pointers to its variables are outside of all memory from now on. */
    for (uint32_t i = 0; i < library->names.count; i++) {
        struct c_name *name = &library->names.items[i];
        if (name->kind == C_NAME_VARIABLE && name->object != CP_NIL) place_of(name->object)->block->size = 0;
    }
    dlclose(library->handle);
    library->handle = NULL;
    return CP_NIL;
}

static cp_value m_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct library *library = library_of(self);
    return cp_string_format(cp, "%s%s", title(cp, library), library->handle ? "" : " closed");
}

/* ---- properties ---- */

static cp_value get_name(cp_context *cp, cp_value self) { return (void)cp, library_of(self)->name; }
static cp_value get_is_open(cp_context *cp, cp_value self) { return c_truth(cp, library_of(self)->handle != NULL); }
static cp_value get_errno(cp_context *cp, cp_value self) { return (void)self, cp_fixnum(ffi_state(cp)->last_errno); }
static cp_value get_error_class(cp_context *cp, cp_value self) { return (void)cp, (void)self, cp_fixnum(CP_ERROR_FFI); }

static const cp_property_def properties[] = {
    {"name", "String", CP_READ_ONLY, NULL, get_name, NULL, "The name it was opened by; () for the program itself."},
    {"isOpen", "Symbol", CP_READ_ONLY, NULL, get_is_open, NULL, "true until it is closed, then ()."},
    {"errno", "Integer", CP_READ_ONLY, NULL, get_errno, NULL,
     "C's errno as the last C function left it (of any Library and thread: read it at once); it is 0 when a "
     "function begins."},
    {"errorClass", "Integer", CP_READ_ONLY, NULL, get_error_class, NULL,
     "19. Codes: 1 library not found, 2 unknown symbol, 3 bad C declaration, 4 unknown type or size, 5 closed, 6 "
     "Callback called where no script can run, 12 not supported."},
    {0},
};

static const cp_method_def methods[] = {
    {"Library", "NIL", "((name String ()) (declarations String ()) (global Object ()))", construct,
     "Opens a shared library by its file name, as dlopen finds it (\"libm.so.6\", \"/opt/x/libx.so\"); () is the "
     "program itself with the C library. declarations are read as declare does. global: true lets libraries that "
     "are opened later use its symbols. Its initialisers run. Error 19.1 with the system's reason."},
    {"declare", "NIL", "((declarations String))", m_declare,
     "Reads C declarations: functions, extern variables, structs, unions, enums, typedefs, each with a semicolon, "
     "as in a header without preprocessor lines. Declared functions are then called by the dot, (libm.pow 2 10), "
     "variables read and set, enums' constants read. Known are C's own types, int8_t to uint64_t (int8 to uint64), "
     "size_t, bool, time_t and the like, pointer (void *) and string (const char *). Not bit fields, long double, "
     "attributes (19.3, 19.12). Error 19.3 with line and column; 19.4 for an unknown type."},
    {"function", "CFunction", "((prototype String))", m_function,
     "The function of a prototype, \"double pow(double, double)\", or a declared one by its name; it is called as "
     "any Function, also where its name is a member of this class. Error 19.2 when the library has none, 19.3, "
     "19.4, 1.4 when a mere name was not declared, 19.5."},
    {"variable", "Pointer", "((name String))", m_variable,
     "A Pointer to a variable that was declared. Error 1.4 when it was not, 19.2 when the library has none, 19.5."},
    {"has", "Symbol", "((symbol String))", m_has, "true when the library has that function or variable. Error 19.5."},
    {"new", "Object", "((type String) (value Object ()))", m_new,
     "New zeroed memory for a type, with a value or without: a Struct for a struct, else a Pointer to the items: "
     "(c.new \"struct tm\" {\"tm_year\" 99}), (c.new \"int[3]\" (list 1 2 3)). It lives as long as what refers to "
     "it in Carapace. Error 19.3, 19.4, 1.8, 1.11, 1.5."},
    {"sizeOf", "Integer", "((type String))", m_size_of, "The bytes of a type. Error 19.3, 19.4."},
    {"cast", "Object", "((type String) (value Object))", m_cast,
     "The same address with another type, (c.cast \"struct tm *\" p); a CFunction for a function pointer; also of "
     "an Integer. () for NULL. Nothing checks that it is right. Error 19.3, 19.4, 1.11."},
    {"callback", "Callback", "((prototype String) (function Function))", m_callback,
     "A Callback that C may keep and call later: (c.callback \"void f(int)\" (lambda (n) ...)). It lives until it "
     "or the Library is closed; a Function that is only called during the call can be passed as it is. Error 19.3, "
     "19.4, 19.5, 19.12, 1.5."},
    {"close", "NIL", "()", m_close,
     "Closes its Callbacks and unloads it: its functions then throw 19.5, and Pointers into it must not be used. "
     "Twice does no harm. Without it the library stays until the program ends. Error 1.2 while one of its "
     "functions runs."},
    {"string", "String", "()", m_string, "Its name."},
    {0},
};

const cp_class_def library_class = {
    .name = "Library",
    .doc = "A shared library of C: its functions are called with declared types. A wrong declaration is beyond what "
           "can be checked and may end the program; a C function that blocks blocks all threads (see CFunction's "
           "callInWorker).",
    .size = sizeof(struct library),
    .major = 1,
    .properties = properties,
    .methods = methods,
    .missing = missing,
};
