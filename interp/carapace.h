/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * carapace.h: the public face of the interpreter: values, errors, class tables, calls, waiting.
 *
 * Native classes (modules/) and embedders include this alone. Everything a native class offers to a script is said in
 * one cp_class_def table; the same table feeds dispatch, argument checks, classInfo, help and the manual.
 *
 * Memory: values live in a conservatively collected heap. A cp_value held in a C local or argument is safe; one held in
 * malloc'd memory is invisible to the collector and will be freed under you: use cp_pin.
 *
 * Errors: a function that can fail returns CP_THROWN after cp_throw has recorded the Error. Whoever gets CP_THROWN
 * either returns it at once or takes the Error with cp_take_error. There is no longjmp.
 */
#ifndef CARAPACE_H
#define CARAPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CP_LIKELY(x) __builtin_expect(!!(x), 1)
#define CP_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define CP_PRINTF(position, first) __attribute__((format(printf, position, first)))

/* ---- values ------------------------------------------------------------------------------------------------------ */

/*
 * One 64-bit word, told apart by its low bits:
 *     ..1  Integer of 63 bits            000  pointer to an object; the zero word is ()
 *     010  Real held in the word         100  List cell, 16 bytes, no header
 *     110  sentinels that no script sees
 */
typedef uint64_t cp_value;
typedef struct cp_context cp_context;
typedef struct cp_class cp_class;

#define CP_NIL ((cp_value)0)    /* (), the empty List, "false", "nothing" */
#define CP_THROWN ((cp_value)6) /* an Error is on its way up */
#define CP_UNSET ((cp_value)14) /* no value at all: an argument not given, a slot never used */
#define CP_DONE ((cp_value)22)  /* an iteration has ended */

/* Classes that the interpreter itself must know by number; all others are numbered as they are defined. */
enum cp_class_number {
    CP_CLASS_NONE,
    CP_CLASS_LIST,
    CP_CLASS_INTEGER,
    CP_CLASS_REAL,
    CP_CLASS_SYMBOL,
    CP_CLASS_STRING,
    CP_CLASS_BINARY,
    CP_CLASS_BUFFER,
    CP_CLASS_ARRAY,
    CP_CLASS_HASH_TABLE,
    CP_CLASS_REFERENCE,
    CP_CLASS_ERROR,
    CP_CLASS_FUNCTION,
    CP_CLASS_ENUMERATOR,
    CP_CLASS_RANGE,
    CP_CLASS_FACE,   /* an object seen through a secondary interface */
    CP_CLASS_CELL,   /* a captured variable; no script sees one */
    CP_CLASS_OBJECT, /* the type "any class"; has no instances */
    CP_CLASS_FIRST_OTHER
};

/* Every heap object except a List cell begins with this. */
typedef struct cp_object {
    uint32_t class_number;
    uint32_t bits; /* a hash, flags: each class's own */
} cp_object;

typedef struct cp_cell {
    cp_value head, tail;
} cp_cell;

/* Immutable text, UTF-8 by intention; bytes that are not UTF-8 are kept and count as one character each. */
typedef struct cp_string {
    cp_object header;   /* bits: hash, 0 = not yet computed */
    size_t size;        /* bytes */
    size_t length;      /* characters, SIZE_MAX = not yet counted */
    const char *text;   /* inline_text, or within another String that `inline_text` then keeps alive */
    char inline_text[]; /* NUL-terminated when it holds the text */
} cp_string;

/* Interned name. Two Symbols of the same text are the same word. */
typedef struct cp_symbol {
    cp_object header;  /* bits: hash */
    cp_value function; /* the function of that name, or CP_UNSET */
    void *definition;  /* special form or macro of that name, lang/ only */
    uint32_t global;   /* 1 + index among the ::globals, 0 = none yet */
    uint32_t flags;    /* enum cp_symbol_flags */
    size_t size;
    char text[];
} cp_symbol;

enum cp_symbol_flags {
    CP_SYMBOL_KEYWORD = 1,
    CP_SYMBOL_GLOBAL = 2,
    CP_SYMBOL_BUILTIN = 4,
    CP_SYMBOL_HEADER_CHANGED = 8,
    CP_SYMBOL_OWN = 16,           /* of one file: not in the table of Symbols */
    CP_SYMBOL_STANDARD = 32,      /* a file of the stdlib defines it, which may not be loaded yet */
    CP_SYMBOL_STANDARD_MACRO = 64 /* and it is a macro, for which the file must be loaded to compile its use */
};

/* Bytes of fixed length that can be changed in place. */
typedef struct cp_binary {
    cp_object header;
    size_t size;
    unsigned char *data; /* pointer-free memory of its own, or inline_data */
    unsigned char inline_data[];
} cp_binary;

static inline bool cp_is_fixnum(cp_value v) { return v & 1; }
static inline bool cp_is_cell(cp_value v) { return (v & 7) == 4; }
static inline bool cp_is_list(cp_value v) { return v == CP_NIL || (v & 7) == 4; }
static inline bool cp_is_object(cp_value v) { return v != CP_NIL && (v & 7) == 0; }
static inline bool cp_is_immediate_real(cp_value v) { return (v & 7) == 2; }
static inline cp_object *cp_object_of(cp_value v) { return (cp_object *)v; }
static inline cp_value cp_from_object(const void *object) { return (cp_value)object; }

/* The class number of any value; () is a List. */
static inline uint32_t cp_class_number_of(cp_value v) {
    if (cp_is_fixnum(v)) return CP_CLASS_INTEGER;
    switch (v & 7) {
    case 0: return v ? cp_object_of(v)->class_number : CP_CLASS_LIST;
    case 2: return CP_CLASS_REAL;
    case 4: return CP_CLASS_LIST;
    default: return CP_CLASS_NONE;
    }
}
static inline bool cp_has_class(cp_value v, uint32_t number) {
    return cp_is_object(v) && cp_object_of(v)->class_number == number;
}
static inline bool cp_is_string(cp_value v) { return cp_has_class(v, CP_CLASS_STRING); }
static inline bool cp_is_symbol(cp_value v) { return cp_has_class(v, CP_CLASS_SYMBOL); }
static inline bool cp_is_binary(cp_value v) { return cp_has_class(v, CP_CLASS_BINARY); }
static inline bool cp_is_buffer(cp_value v) { return cp_has_class(v, CP_CLASS_BUFFER); }
static inline bool cp_is_function(cp_value v) { return cp_has_class(v, CP_CLASS_FUNCTION); }
static inline bool cp_is_error(cp_value v) { return cp_has_class(v, CP_CLASS_ERROR); }
static inline bool cp_is_big_integer(cp_value v) { return cp_has_class(v, CP_CLASS_INTEGER); }
static inline bool cp_is_integer(cp_value v) { return cp_is_fixnum(v) || cp_is_big_integer(v); }
static inline bool cp_is_real(cp_value v) { return cp_is_immediate_real(v) || cp_has_class(v, CP_CLASS_REAL); }
static inline bool cp_is_number(cp_value v) { return cp_is_integer(v) || cp_is_real(v); }
static inline bool cp_is_true(cp_value v) { return v != CP_NIL; }

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

#define CP_FIXNUM_MAX ((int64_t)0x3fffffffffffffff)
#define CP_FIXNUM_MIN (-CP_FIXNUM_MAX - 1)

static inline cp_value cp_fixnum(int64_t n) { return ((cp_value)n << 1) | 1; } /* n within 63 bits */
static inline int64_t cp_fixnum_value(cp_value v) { return (int64_t)v >> 1; }

cp_value cp_big_from_int64(cp_context *cp, int64_t n);
/* An Integer of any int64_t. */
static inline cp_value cp_integer(cp_context *cp, int64_t n) {
    return CP_LIKELY(n >= CP_FIXNUM_MIN && n <= CP_FIXNUM_MAX) ? cp_fixnum(n) : cp_big_from_int64(cp, n);
}
/* Stores an Integer's value; false when it does not fit or v is no Integer. */
bool cp_to_int64(cp_value v, int64_t *result);
/* The same for 64 bits without a sign. */
cp_value cp_integer_unsigned(cp_context *cp, uint64_t n);
bool cp_to_uint64(cp_value v, uint64_t *result);

/* Self-tagging: the exponent is moved and rotated so that the common exponents, 0, inf and NaN meet tag 010; the rest
   is boxed (Melancon, Feeley, Serrano: Float Self-Tagging, arXiv 2411.16544). */
#define CP_REAL_OFFSET ((uint64_t)5 << 58)
static inline uint64_t cp_rotate_left(uint64_t x, int n) { return x << n | x >> (64 - n); }
static inline uint64_t cp_rotate_right(uint64_t x, int n) { return x >> n | x << (64 - n); }
cp_value cp_box_real(double d);
static inline cp_value cp_real(double d) {
    uint64_t bits;
    memcpy(&bits, &d, 8);
    cp_value v = cp_rotate_left(bits + CP_REAL_OFFSET, 5);
    return CP_LIKELY(cp_is_immediate_real(v)) ? v : cp_box_real(d);
}
/* The double in a Real. */
static inline double cp_real_value(cp_value v) {
    double d;
    if (CP_LIKELY(cp_is_immediate_real(v))) {
        uint64_t bits = cp_rotate_right(v, 5) - CP_REAL_OFFSET;
        memcpy(&d, &bits, 8);
    } else memcpy(&d, (const char *)v + sizeof(cp_object), 8);
    return d;
}
/* The nearest double of any Integer or Real. */
double cp_to_double(cp_value number);

/* ---- symbols, text, bytes ---------------------------------------------------------------------------------------- */

cp_value cp_symbol_n(cp_context *cp, const char *text, size_t size);
cp_value cp_symbol_z(cp_context *cp, const char *text); /* the Symbol of a C string */
static inline cp_symbol *cp_symbol_of(cp_value v) { return (cp_symbol *)v; }

/* Copies; NULL bytes leaves the text to the caller. */
cp_value cp_string_n(cp_context *cp, const char *bytes, size_t size);
cp_value cp_string_z(cp_context *cp, const char *text);
cp_value cp_string_format(cp_context *cp, const char *format, ...) CP_PRINTF(2, 3);
static inline cp_string *cp_string_of(cp_value v) { return (cp_string *)v; }
static inline const char *cp_string_text(cp_value v) { return cp_string_of(v)->text; } /* not always NUL-terminated */
static inline size_t cp_string_size(cp_value v) { return cp_string_of(v)->size; }
/* NUL-terminated bytes of a String or Symbol; a copy where the String shares another's bytes. */
const char *cp_text_z(cp_context *cp, cp_value text);

cp_value cp_binary_n(cp_context *cp, const void *bytes, size_t size); /* copies; NULL bytes gives zeros */
static inline cp_binary *cp_binary_of(cp_value v) { return (cp_binary *)v; }
/* The bytes of a String, Symbol, Binary or Buffer: false for anything else. They stay valid until it is changed. */
bool cp_bytes_of(cp_value v, const char **bytes, size_t *size);

/* ---- lists and tables -------------------------------------------------------------------------------------------- */

static inline cp_cell *cp_cell_of(cp_value v) { return (cp_cell *)(v - 4); }
static inline cp_value cp_head(cp_value cell) { return cp_cell_of(cell)->head; }
static inline cp_value cp_tail(cp_value cell) { return cp_cell_of(cell)->tail; }
cp_value cp_cons(cp_value head, cp_value tail);
cp_value cp_list_n(const cp_value *items, size_t count);
size_t cp_list_length(cp_value list); /* proper part only: an improper or circular tail ends the count */
cp_value cp_list_reverse(cp_value list);

/* Builds a List front to back: cp_list_builder b = {0}; cp_list_add(&b, v)...; b.list */
typedef struct cp_list_builder {
    cp_value list, last;
} cp_list_builder;
void cp_list_add(cp_list_builder *builder, cp_value item);

cp_value cp_array_n(cp_context *cp, size_t count, cp_value fill);
cp_value *cp_array_items(cp_value array, size_t *count);

cp_value cp_table(cp_context *cp);                                   /* a new HashTable; keeps insertion order */
cp_value cp_table_get(cp_context *cp, cp_value table, cp_value key); /* CP_UNSET when absent */
cp_value cp_table_set(cp_context *cp, cp_value table, cp_value key, cp_value value); /* value, or CP_THROWN */
bool cp_table_remove(cp_context *cp, cp_value table, cp_value key);
size_t cp_table_count(cp_value table);
/* Walks in insertion order: *position starts at 0; false at the end. Entries may be changed meanwhile, not moved. */
bool cp_table_next(cp_value table, size_t *position, cp_value *key, cp_value *value);

/* Any sequence `for` takes: List, Array, HashTable (keys), String (characters), Binary, Range, Enumerator, an object
   with `next`. The state is the caller's, on its stack. */
typedef struct cp_iterator {
    cp_value sequence, state;
    size_t position;
} cp_iterator;
cp_value cp_iterate(cp_context *cp, cp_iterator *iterator, cp_value sequence); /* CP_NIL, or CP_THROWN */
cp_value cp_next(cp_context *cp, cp_iterator *iterator);                       /* an item, CP_DONE or CP_THROWN */

/* Sorts items in place, stably, by the natural order (comparator ()) or what a comparator says, as Array.sort does.
   They stay as they were when it throws. CP_NIL or CP_THROWN. */
cp_value cp_sort(cp_context *cp, cp_value *items, size_t count, cp_value comparator);

/* Same value: numbers by value, text by content, Lists and Arrays item by item, other objects by identity or their
   class's `==`. Never throws: a scripted == that does is taken as "no". It may run scripts and let other threads run.
 */
bool cp_equal(cp_context *cp, cp_value a, cp_value b);
uint32_t cp_hash(cp_context *cp, cp_value v);

/* ---- printing ---------------------------------------------------------------------------------------------------- */

/* The text `print` shows: Strings stand bare, everything else as it reads back. CP_THROWN when a scripted `string`
   throws. */
cp_value cp_to_string(cp_context *cp, cp_value v);
/* The text that reads back: Strings quoted. */
cp_value cp_to_source(cp_context *cp, cp_value v);

/* ---- errors ------------------------------------------------------------------------------------------------------ */

enum cp_error_class {
    CP_ERROR_CARAPACE = 1,
    CP_ERROR_FATAL = 2,
    CP_ERROR_SYSTEM = 3, /* code: errno */
    CP_ERROR_CONFIGURATION = 4,
    CP_ERROR_FILE = 5,
    CP_ERROR_COMMUNICATIONS = 6,
    CP_ERROR_DATABASE = 7,
    CP_ERROR_PARSE = 8,
    CP_ERROR_COM = 9,
    CP_ERROR_SMTP = 10,
    CP_ERROR_MIME = 11,
    CP_ERROR_POP3 = 12,
    CP_ERROR_TLS = 13,
    CP_ERROR_DNS = 14,
    CP_ERROR_HTTP = 15,
    CP_ERROR_FTP = 16,
    CP_ERROR_IMAP = 17,
    CP_ERROR_JSON = 18,
    CP_ERROR_FFI = 19
};
/* Codes of class 1. */
enum cp_carapace_code {
    CP_INVALID = 1,
    CP_ILLEGAL,
    CP_MISSING,
    CP_UNKNOWN,
    CP_RUNTIME,
    CP_NOT_IMPLEMENTED,
    CP_INDEX,
    CP_BAD_ARGUMENT,
    CP_DIVISION_BY_ZERO,
    CP_INTERNAL,
    CP_TYPE_MISMATCH,
    CP_NOT_SUPPORTED,
    CP_NOT_LICENSED
};
enum cp_configuration_code { CP_CONFIGURATION_UNKNOWN = 1, CP_CONFIGURATION_BAD, CP_CONFIGURATION_UNREADABLE };
enum cp_file_code { CP_FILE_OPEN = 1, CP_FILE_CLOSE, CP_FILE_READ, CP_FILE_WRITE, CP_FILE_STATUS };
enum cp_communications_code {
    CP_COMM_TIMEOUT = 1,
    CP_COMM_CONNECT,
    CP_COMM_RECEIVE,
    CP_COMM_SEND,
    CP_COMM_DISCONNECT,
    CP_COMM_LISTEN,
    CP_COMM_BIND,
    CP_COMM_ACCEPT,
    CP_COMM_CLOSED,
    CP_COMM_NOT_RESOLVED,
    CP_COMM_NOT_CONNECTED,
    CP_COMM_CANCELLED
};
enum cp_tls_code {
    CP_TLS_HANDSHAKE = 1,      /* the peers cannot agree, or one has broken the protocol */
    CP_TLS_EXPIRED,            /* the peer's certificate */
    CP_TLS_WRONG_NAME,         /* it is for another host */
    CP_TLS_UNKNOWN_CA,         /* nobody whom we trust has signed it */
    CP_TLS_SELF_SIGNED,        /* it has signed itself */
    CP_TLS_NOT_YET_VALID,      /* it is from the future */
    CP_TLS_BAD_CERTIFICATE,    /* anything else that is wrong with it */
    CP_TLS_PIN,                /* it is not the one that was pinned */
    CP_TLS_VERSION,            /* the peer knows only older versions of TLS */
    CP_TLS_NOT_TLS,            /* the peer does not speak TLS */
    CP_TLS_CLIENT_CERTIFICATE, /* ours: the peer wants one, or does not take it */
    CP_TLS_FILE,               /* a certificate, key or caFile of ours cannot be used */
    CP_TLS_NOT_OFFERED,        /* encryption is required and the server does not offer it */
    CP_TLS_DANE                /* the peer's certificate is none that its TLSA records allow */
};
enum cp_dns_code {
    CP_DNS_NOT_FOUND = 1, /* there is no such name (NXDOMAIN) */
    CP_DNS_NO_DATA,       /* the name has no record of that type */
    CP_DNS_FAILED,        /* the server could not find out (SERVFAIL) */
    CP_DNS_TIMEOUT,       /* no server has answered in time */
    CP_DNS_REFUSED,       /* the server does not answer such questions to us */
    CP_DNS_BAD_ANSWER,    /* the answer breaks the protocol */
    CP_DNS_BAD_NAME,      /* this can be no name */
    CP_DNS_NO_SERVER,     /* no server can be reached, or none is known */
    CP_DNS_NO_MAIL,       /* the domain says that it takes no mail (null MX, RFC 7505) */
    CP_DNS_BOGUS,         /* what was answered is forged, or badly signed */
    CP_DNS_TRUST_ANCHOR   /* the keys to begin validating with cannot be used */
};

/* Throws a new Error. The text says what was wrong, with what value, and what to do; no secret goes into it.
   Returns CP_THROWN, so that a native can `return cp_throw(...)`. */
cp_value cp_throw(cp_context *cp, int error_class, int code, const char *format, ...) CP_PRINTF(4, 5);
cp_value cp_throw_value(cp_context *cp, cp_value error); /* throws an Error that exists */
cp_value cp_throw_errno(cp_context *cp, int error_class, int code, int number, const char *format, ...) CP_PRINTF(5, 6);
cp_value cp_throw_type(cp_context *cp, const char *what, const char *expected, cp_value got); /* 1.11 */
/* The Error that CP_THROWN announced; afterwards nothing is thrown any more. */
cp_value cp_take_error(cp_context *cp);
cp_value cp_error_new(cp_context *cp, int error_class, int code, cp_value text);
int cp_error_class_of(cp_value error);
int cp_error_code_of(cp_value error);
cp_value cp_error_text_of(cp_value error);
/* Further properties of one Error, such as Smtp's enhancedCode: read by a script as (err.get name), err.name. */
void cp_error_set_detail(cp_context *cp, cp_value error, const char *name, cp_value value);
cp_value cp_error_detail(cp_context *cp, cp_value error, const char *name); /* CP_UNSET when absent */

/* ---- native classes and functions -------------------------------------------------------------------------------- */

/*
 * A native function or method. `arguments` holds what the signature declares, in order, already checked against the
 * declared classes, with defaults filled in; arguments of `...` follow, so `count` >= the declared number. `self` is
 * the receiver, () for a function. The arguments stay valid during the call.
 */
typedef cp_value (*cp_native)(cp_context *cp, cp_value self, const cp_value *arguments, int count);

/*
 * `arguments` is written as in a script: "((n Integer) (timeout Integer 30000) data ...)". A class may be left out
 * (Object). A third item makes the argument optional; () there means "not given". An argument declared with a class and
 * not optional does not take (). Class names may be joined: (data String|Binary|Buffer|List).
 */
typedef struct cp_function_def {
    const char *name;
    const char *result;    /* class name, "NIL" for nothing useful, "Object" for anything */
    const char *arguments; /* signature */
    cp_native function;
    const char *doc; /* what it does, units, ranges, errors; the first sentence is the summary */
} cp_function_def;

typedef cp_function_def cp_method_def;

enum cp_property_flags { CP_READ_WRITE = 0, CP_READ_ONLY = 1 };

/*
 * A property. With `get` it is computed. Without `get` it lives in a slot of the object: cp_slot(self, i), where i
 * counts the slot properties of the table from 0. `set` sees a value before it is stored and returns what is to be
 * stored, or CP_THROWN; with `get` present it must store it itself. A slot starts as `initial`, a literal in source
 * form, or ().
 */
typedef cp_value (*cp_getter)(cp_context *cp, cp_value self);
typedef cp_value (*cp_setter)(cp_context *cp, cp_value self, cp_value value);
typedef struct cp_property_def {
    const char *name;
    const char *type; /* class name, "Object" for anything; () is always taken */
    unsigned flags;
    const char *initial;
    cp_getter get;
    cp_setter set;
    const char *doc;
} cp_property_def;

enum cp_class_flags {
    CP_CLASS_MADE_BY_CONSTRUCTOR = 1, /* the constructor gets self () and returns the value itself (List, Binary) */
    CP_CLASS_NOT_CREATABLE = 2,
    CP_CLASS_STRING_IS_CONTENT = 4 /* `string` may be long or throw: it is not called to show the object in a List */
};

/* A native class. The constructor is the method that bears the class's name; operators are methods named + == < ...
   Tables end with an entry whose name is NULL. */
typedef struct cp_class_def {
    const char *name;
    const char *doc;
    size_t size; /* of the native struct, which begins with a cp_object; 0 = header alone. Zeroed, scanned by the GC */
    unsigned flags;
    unsigned major, minor;
    const cp_property_def *properties;
    const cp_method_def *methods;
    /* Asked for a public name that is no member; NULL in most tables. The value, CP_THROWN, or CP_UNSET when there is
       no such member. A count of -1 only asks whether there is one: anything but CP_UNSET, and nothing may be done. */
    cp_value (*missing)(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count);
} cp_class_def;

/* Defining the same table again returns the class it has made; another table under a name in use replaces that class.
   NULL with 1.2 thrown for the name of a built-in class of fixed number. */
cp_class *cp_define_class(cp_context *cp, const cp_class_def *definition);
void cp_define_functions(cp_context *cp, const cp_function_def *functions); /* up to a NULL name */
cp_class *cp_find_class(cp_context *cp, const char *name); /* loads it on first use; NULL when unknown */
cp_class *cp_class_of(cp_context *cp, cp_value v);         /* of the object behind, for a face; never NULL */
const char *cp_class_name(const cp_class *c);
uint32_t cp_class_number(const cp_class *c);
/* A new instance with its slots at their initial values; the constructor is not run. */
cp_value cp_new(cp_context *cp, cp_class *c);
/* As (create Name arguments...). */
cp_value cp_create(cp_context *cp, const char *class_name, const cp_value *arguments, int count);
/* The slots of an instance, in the order of the table. */
cp_value *cp_slots(cp_context *cp, cp_value object);
/* The object behind a value that may be seen through a secondary interface. */
cp_value cp_object_behind(cp_value v);

/* ---- calls ------------------------------------------------------------------------------------------------------- */

cp_value cp_call(cp_context *cp, cp_value function, const cp_value *arguments, int count);
/* Reads or sets a property or calls a method, as the dot operator does. */
cp_value cp_send(cp_context *cp, cp_value receiver, cp_value name, const cp_value *arguments, int count);
cp_value cp_send_z(cp_context *cp, cp_value receiver, const char *name, const cp_value *arguments, int count);
/* Whether the receiver's class has a public member of that name. */
bool cp_responds_to(cp_context *cp, cp_value receiver, const char *name);
/* CP_NIL, or CP_THROWN (1.5) when the C stack is nearly used up: call it in every recursive C function. */
cp_value cp_check_stack(cp_context *cp);
/* Bytes of the running thread's C stack that are left: for code that is about to call what does not ask. */
size_t cp_stack_left(cp_context *cp);
/* CP_NIL, or CP_THROWN when the thread was cancelled or interrupted; lets other threads run. For long loops in C. */
cp_value cp_poll(cp_context *cp);
/* What tells the running Carapace Thread from all others: its Thread object, or an Integer id; compare with ==. */
cp_value cp_current_thread(cp_context *cp);

/* ---- memory ------------------------------------------------------------------------------------------------------ */

void *cp_alloc(size_t size);        /* zeroed, scanned; never NULL */
void *cp_alloc_atomic(size_t size); /* not zeroed, must hold no pointers; never NULL */
char *cp_copy_z(const char *text);  /* a copy of a NUL-terminated text */
/* For sizes that come from outside: NULL, with Error 1.5 thrown, when the memory limit would be passed. */
void *cp_try_alloc_atomic(cp_context *cp, size_t size);
void *cp_try_alloc(cp_context *cp, size_t size);
/* Keeps a value alive and findable by an integer, for callbacks out of C libraries. */
uint32_t cp_pin(cp_context *cp, cp_value v);
cp_value cp_pinned(cp_context *cp, uint32_t pin);
void cp_unpin(cp_context *cp, uint32_t pin);
/* A place for what a module keeps per context: the same one for the same name, NULL at first, scanned by the collector.
 */
void **cp_module_state(cp_context *cp, const char *name);
/* Closes an owned descriptor when `owner` is collected; the handle is cleared by cp_close_fd. */
typedef struct cp_fd {
    int fd; /* -1 = none */
} cp_fd;
cp_fd *cp_fd_new(cp_context *cp, int fd);
void cp_fd_close(cp_context *cp, cp_fd *handle); /* wakes whoever waits on it */
/* Has `release` called on what a C library holds when the handle is collected, or by cp_resource_release, once. It runs
   no script and touches no values. */
typedef struct cp_resource {
    void *resource; /* NULL = released */
    void (*release)(void *resource);
} cp_resource;
cp_resource *cp_resource_new(cp_context *cp, void *resource, void (*release)(void *resource));
void cp_resource_release(cp_context *cp, cp_resource *handle);
/* Collects now and closes the descriptors of lost owners: for when the system says EMFILE, before the next try. */
void cp_collect(cp_context *cp);

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

/* Every wait gives way to the other threads. timeout is in milliseconds, negative for ever. CP_WAIT_FAILED: the
   descriptor was closed by another thread. CP_WAIT_CANCELLED has already thrown the Error: return CP_THROWN. */
enum cp_wait { CP_WAIT_READY, CP_WAIT_TIMEOUT, CP_WAIT_CANCELLED, CP_WAIT_FAILED };
enum cp_wait_events { CP_READABLE = 1, CP_WRITABLE = 2 };
enum cp_wait cp_wait_fd(cp_context *cp, int fd, int events, int64_t timeout);
enum cp_wait cp_sleep(cp_context *cp, int64_t milliseconds);
/* Runs a blocking function on another OS thread, which must not touch values, and waits for it. */
enum cp_wait cp_work(cp_context *cp, void (*function)(void *), void *argument);
/* A place where threads wait for each other. Wake-ups may be spurious: check your condition again. */
typedef struct cp_wait_list {
    void *first, *last;
} cp_wait_list;
enum cp_wait cp_wait_on(cp_context *cp, cp_wait_list *list, int64_t timeout);
/* The same, saying for the report of a deadlock what is waited for ("an item in a Queue"; the text must stay) and where
   the Thread object stands that it must come from at that moment; NULL, or () there: not known. */
enum cp_wait cp_wait_for(cp_context *cp, cp_wait_list *list, int64_t timeout, const char *what, const cp_value *from);
void cp_wake_one(cp_context *cp, cp_wait_list *list);
void cp_wake_all(cp_context *cp, cp_wait_list *list);
/* What must not lie about while other code waits, such as bytes not yet sent: between push and pop (same thread, last
   in first out) `function` is called, once, before the thread waits for anything. CP_THROWN ends that wait as
   cancelled. */
typedef struct cp_before_wait {
    cp_value (*function)(cp_context *cp, void *data); /* becomes NULL when it is called */
    void *data;
    struct cp_before_wait *next;
} cp_before_wait;
void cp_before_wait_push(cp_context *cp, cp_before_wait *hook);
void cp_before_wait_pop(cp_context *cp, cp_before_wait *hook);
int64_t cp_now(cp_context *cp); /* milliseconds of the monotonic clock */
/* The same as of the kernel's last tick, some ms ago, at a tenth of the cost. Not to be mixed with cp_now. */
int64_t cp_now_coarse(cp_context *cp);

/* Has a function called once when the program ends, to write out what is still held; it gives 0 or an errno. */
void cp_at_end(cp_context *cp, int (*function)(cp_context *cp));
/* The rooms of native classes that are part of the program, up to NULL; each defines its classes and functions. The one
   list is modules/modules.c. */
extern void (*const carapace_modules[])(cp_context *cp);

/* ---- loadable modules -------------------------------------------------------------------------------------------- */

/* (loadLibrary "x.so") looks for these two. */
#define CP_MODULE_ABI 1
#define CP_MODULE_ABI_SYMBOL "carapace_module_abi"
#define CP_MODULE_OPEN_SYMBOL "carapace_module_open"
typedef bool (*cp_module_open)(cp_context *cp); /* defines its classes and functions; false after a throw */

#endif
