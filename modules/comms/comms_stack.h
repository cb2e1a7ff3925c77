/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms_stack.h: what a module of a communications stack is, for modules written in C.
 *
 * A stack is a chain: each module knows the one beneath. Every native module's struct begins with a struct
 * comms_module, and its class is announced once with comms_define_module, which says where it may stand and what it can
 * do (struct comms_ops). The functions here call the module beneath straight through that table; a scripted module is
 * one too (ScriptModule), so that native and scripted ones stand in any order.
 *
 * Every call may wait, and while it waits other threads run, which may disconnect, or take the stack apart: read again
 * what they could have changed. The Errors are those of class 6.
 */
#ifndef COMMS_COMMS_STACK_H
#define COMMS_COMMS_STACK_H

#include "interp/carapace.h"

#include <sys/uio.h>

struct comms_kind;

/* What has gone through one module. Times are cp_now's, 0 = never. */
struct comms_counters {
    bool connecting, connected, disconnecting, bound, listening;
    bool ended; /* the peer has closed: connected for `disconnect`, but for nothing else */
    int64_t bytes_sent, bytes_received, packets_sent, packets_received;
    int64_t started, time_sent, time_received;
};

/* The head of every module's struct. Invariant: below and above say the same of each other; `stack` is set exactly
   while the module is in one. */
struct comms_module {
    cp_object header;
    const struct comms_kind *kind; /* NULL until comms_module_of has seen it */
    cp_value stack;                /* CommsStack, () outside of any */
    cp_value below, above;         /* modules, () at the ends */
    cp_value view;                 /* the CommsStack of the layers below, once somebody asked */
    cp_value log;
    struct comms_counters counters;
    bool passes_secret; /* what it sends at this moment must not be logged */
    bool log_failed;    /* its log could not be written: nothing more is logged */
    /* comms_redaction.h: what those beneath must not show of what they receive, NULL for nothing; and what this one has
       withheld of it from its log. */
    cp_resource *redaction;
    struct comms_withheld *withheld;
};

/* Data on its way down, in pieces that stay where they are until `send` returns. */
struct comms_data {
    const struct iovec *parts;
    size_t count, size;  /* pieces; bytes in all */
    cp_value value;      /* what a script has sent; CP_UNSET when it comes from C */
    bool secret;         /* never logged: passwords and what is made of them */
    int64_t timeout;     /* ms in which some of it must go on its way; 0 = the transport's own */
    struct iovec single; /* parts, when there is one */
};

/* What a module that encrypts can say of the connection to those above. */
struct comms_security {
    bool verified; /* the peer's certificate was checked against its name, or is one that was pinned */
    /* Channel binding (RFC 5056): its type, tls-exporter (RFC 9266) or tls-unique (RFC 5929); NULL when there is none.
     */
    const char *binding_type;
    unsigned char binding[64];
    size_t binding_size;
};

/* What a module can do; what is NULL is done by the module beneath. All return CP_NIL or CP_THROWN if nothing else is
   said. Counters and flags are kept by the callers (comms_connect, comms_send, ...). */
struct comms_ops {
    cp_value (*connect)(cp_context *cp, struct comms_module *m);    /* what is beneath is connected already */
    cp_value (*disconnect)(cp_context *cp, struct comms_module *m); /* its own goodbye; what is beneath follows */
    /* For modules whose goodbye has an effect that only `disconnect` should have (Pop3: it deletes): leaves without
       one. NULL: as disconnect. */
    cp_value (*close)(cp_context *cp, struct comms_module *m);
    cp_value (*send)(cp_context *cp, struct comms_module *m, const struct comms_data *data);
    /* For modules that send other things than bytes (Smtp: a message): any value; the result goes to the script. */
    cp_value (*send_object)(cp_context *cp, struct comms_module *m, cp_value object);
    /* Takes what is there, 1 to `room` bytes, waiting at most `timeout` ms (negative: for ever). The number, or -1
       thrown: 6.1 nothing came, 6.9 the peer has closed. `into` is not moved during the wait. */
    int64_t (*receive)(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout);
    cp_value (*bind)(cp_context *cp, struct comms_module *m);
    cp_value (*listen)(cp_context *cp, struct comms_module *m, int backlog);
    /* A connected CommsStack with new modules of the same kinds from the bottom up to this one. */
    cp_value (*accept)(cp_context *cp, struct comms_module *m, int64_t timeout);
    /* A new module with the properties of this one, which listens. NULL: it is created without arguments and every
       property that can be written is copied. */
    cp_value (*copy)(cp_context *cp, struct comms_module *from);
    /* Of a module that encrypts: true, with *security filled in, while what goes through it is encrypted. */
    bool (*security)(cp_context *cp, struct comms_module *m, struct comms_security *security);
};

enum comms_place {
    COMMS_BOTTOM, /* only at the bottom */
    COMMS_MIDDLE, /* on another module */
    COMMS_TOP,    /* on another module; only a ScriptModule can stand on it */
    COMMS_ANY     /* it says itself, by `bottom` */
};

/* What the stack must know of a class of modules. Constant; kept as a pointer. */
struct comms_kind {
    const cp_class_def *class_def;
    enum comms_place place;
    /* Classes of which one must be directly beneath, up to NULL; NULL for any. */
    const char *const *needs_below;
    struct comms_ops ops;
    /* COMMS_ANY only: whether it can be at the bottom, and the object whose members are its own too. */
    bool (*may_be_bottom)(cp_context *cp, struct comms_module *m);
    cp_value (*behind)(struct comms_module *m);
};

/* Defines the class, whose struct begins with a struct comms_module, and makes it known to stacks. */
void comms_define_module(cp_context *cp, const struct comms_kind *kind);
/* The module in a value, NULL when it is none; nothing is thrown. */
struct comms_module *comms_module_of(cp_context *cp, cp_value v);
/* The same for `self` of a module's own methods, where it cannot fail. */
struct comms_module *comms_self(cp_context *cp, cp_value self);
static inline cp_value comms_value(const struct comms_module *m) { return cp_from_object(m); }
static inline const char *comms_name(const struct comms_module *m) { return m->kind->class_def->name; }
static inline struct comms_module *comms_below(const struct comms_module *m) { return (struct comms_module *)m->below; }

/* ---- what is beneath ---- */

/* These act on the module beneath `m`; without one they throw 1.2. `size` bytes at `bytes`; vectors for many pieces. */
cp_value comms_send_below(cp_context *cp, struct comms_module *m, const void *bytes, size_t size);
cp_value comms_send_data_below(cp_context *cp, struct comms_module *m, const struct comms_data *data);
/* As ops.receive. */
int64_t comms_receive_below(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout);
/* The layers below as a CommsStack, for a property `stack`; it follows when the stack changes. */
cp_value comms_stack_below(cp_context *cp, struct comms_module *m);
/* Puts a module that is in no stack in beneath `m`, at any time. 1.2 when the rules of places forbid it. */
cp_value comms_insert_below(cp_context *cp, struct comms_module *m, struct comms_module *added);
/* Disconnects `m` alone and takes it out of its stack, whose layers above then stand on the one beneath it. For one
   that was put in by comms_insert_below and is done with. Errors are dropped. */
void comms_remove(cp_context *cp, struct comms_module *m);
/* Whether what `m` sends is encrypted beneath it, and how; the nearest module that encrypts tells. */
bool comms_security(cp_context *cp, const struct comms_module *m, struct comms_security *security);

/* ---- whole stacks, seen from one module ---- */

/* Each acts on `m` and what is beneath it. */
cp_value comms_connect(cp_context *cp, struct comms_module *m);    /* from the bottom up; what is connected stays so */
cp_value comms_disconnect(cp_context *cp, struct comms_module *m); /* from the top down; () when it is not connected */
/* The same, by ops.close where a module has it; Errors are dropped. */
void comms_close(cp_context *cp, struct comms_module *m);
/* comms_close while an Error is on its way (CP_THROWN was given), which goes on. CP_THROWN. */
cp_value comms_close_thrown(cp_context *cp, struct comms_module *m);
cp_value comms_send(cp_context *cp, struct comms_module *m, const struct comms_data *data);
cp_value comms_send_value(cp_context *cp, struct comms_module *m, cp_value value); /* as a script's send */
int64_t comms_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout);
cp_value comms_receive_value(cp_context *cp, struct comms_module *m, int64_t timeout); /* a Binary */
cp_value comms_bind(cp_context *cp, struct comms_module *m);
cp_value comms_listen(cp_context *cp, struct comms_module *m, int backlog);
cp_value comms_accept(cp_context *cp, struct comms_module *m, int64_t timeout); /* a CommsStack */
/* Whether m and everything beneath it is connected. */
bool comms_is_connected(const struct comms_module *m);

/* For ops.accept: a new CommsStack with only `bottom`; a copy of `m` put on top of a CommsStack. */
cp_value comms_accepted(cp_context *cp, struct comms_module *bottom);
cp_value comms_accept_on(cp_context *cp, cp_value stack, struct comms_module *m);
/* A module of the same class with the same properties, in no stack. NULL after a throw. */
struct comms_module *comms_copy(cp_context *cp, struct comms_module *m);

/* ---- helpers ---- */

/* One more packet in the Info, for a module whose traffic does not go through its own comms_send and comms_receive. */
void comms_count_sent(cp_context *cp, struct comms_module *m, size_t size);
void comms_count_received(cp_context *cp, struct comms_module *m, size_t size);
/* Milliseconds of an argument or property: () and negative ones are for ever (-1). False after a throw (1.8). */
bool comms_timeout(cp_context *cp, cp_value value, int64_t *milliseconds);
/* The other way: () for ever. */
cp_value comms_timeout_value(cp_context *cp, int64_t milliseconds);
/* The time at which a wait of so many ms from now ends; -1 for ever. And what is left of it, 0 when it is over. */
int64_t comms_deadline(cp_context *cp, int64_t milliseconds);
int64_t comms_left(cp_context *cp, int64_t deadline);
/* Collects the pieces of a String, Binary, Buffer or a List of them, as deep as it goes. The Buffers' bytes are copied,
   because another thread could change them during a wait. CP_THROWN (1.11) for anything else. */
cp_value comms_gather(cp_context *cp, cp_value value, struct comms_data *data);
/* All of it in one piece of `data->size` bytes. */
void comms_flatten(const struct comms_data *data, char *into);
static inline cp_value comms_truth(cp_context *cp, bool condition) {
    return condition ? cp_symbol_z(cp, "true") : CP_NIL;
}

/* ---- the log ---- */

/* Writes an event ("connected to 127.0.0.1:25") to the module's log at level `com`. Costs nothing without a log. */
void comms_log(cp_context *cp, struct comms_module *m, const char *format, ...) CP_PRINTF(3, 4);

/* ---- the standard members, for each module's tables ---- */

#define COMMS_LOG_PROPERTY                                                                                             \
    {                                                                                                                  \
        "log", "Log", CP_READ_WRITE, NULL, comms_get_log, comms_set_log,                                               \
            "Where the module writes what happens and what goes through it, when the log's level `com` (cut to the "   \
            "first 200 "                                                                                               \
            "bytes) or `trace` (8 KB) is on. Secrets are not written, and while somebody logs in stars for what a "    \
            "server "                                                                                                  \
            "repeats of them."                                                                                         \
    }

/* Those that every module has; the rest of what most have; and with `send`. */
#define COMMS_METHODS_FOR_ALL                                                                                          \
    {"set", "Object", "((name String|Symbol) value)", comms_method_set,                                                \
     "Sets the property of that name, here or in the topmost module beneath that has it. Gives the value. "            \
     "Errors: "                                                                                                        \
     "1.4 none has it."},                                                                                              \
        {"get", "Object", "((name String|Symbol))", comms_method_get,                                                  \
         "The property of that name, from here or the topmost module beneath that has it. Errors: 1.4 none has it."},  \
        {"do", "Object", "((name String|Symbol) ...)", comms_method_do,                                                \
         "Calls the method of that name, here or of the topmost module beneath that has one. Errors: 1.4 none has "    \
         "it."},                                                                                                       \
    {                                                                                                                  \
        "info", "CommsInfo", "()", comms_method_info,                                                                  \
            "The state and counters of this module as they are at this moment."                                        \
    }

#define COMMS_METHODS_WITHOUT_SEND                                                                                     \
    {"connect", "NIL", "()", comms_method_connect,                                                                     \
     "Connects what is beneath, from the bottom up, then this module. Errors: 1.2 connected already, 6.1, 6.2, 6.10, " \
     "6.12."},                                                                                                         \
        {"receive", "Binary", "((timeout Integer ()))", comms_method_receive,                                          \
         "What is there, at least one byte; waits for it at most `timeout` milliseconds, without one for ever. "       \
         "Errors: "                                                                                                    \
         "6.1 nothing came, 6.3, 6.9 closed by the peer, 6.11 not connected, 6.12 cancelled."},                        \
        {"receiveInto", "NIL", "((buffer Buffer) (timeout Integer ()))", comms_method_receive_into,                    \
         "Appends what is there to a Buffer; otherwise as `receive`."},                                                \
        {"disconnect", "NIL", "()", comms_method_disconnect,                                                           \
         "Disconnects this module and what is beneath it, or stops listening; nothing happens when it is not "         \
         "connected. Errors: 6.5 after all is closed."},                                                               \
        {"close", "NIL", "()", comms_method_close, "As `disconnect`, but without Errors, whatever the state."},        \
        {"bind", "NIL", "()", comms_method_bind, "Takes the local address. Errors: 6.7, 6.10."},                       \
        {"listen", "NIL", "((backlog Integer 512))", comms_method_listen,                                              \
         "Begins to take connections, `backlog` (1 to 65535) of which may wait for `accept`; binds first when that "   \
         "was "                                                                                                        \
         "not done. Errors: 6.6, 6.7."},                                                                               \
        {"accept", "CommsStack", "((timeout Integer ()))", comms_method_accept,                                        \
         "Waits for a connection, at most `timeout` milliseconds, and gives a connected CommsStack with new modules "  \
         "of "                                                                                                         \
         "the same classes and properties up to this one. Errors: 6.1 none came, 6.8, 6.12."},                         \
        COMMS_METHODS_FOR_ALL

#define COMMS_METHODS                                                                                                  \
    COMMS_METHODS_WITHOUT_SEND, {                                                                                      \
        "send", "Object", "((data String|Binary|Buffer|List))", comms_method_send,                                     \
            "Sends all of the bytes, in one piece where the system can: a String, Binary, Buffer or a List of them. "  \
            "Errors: 1.11 something else, 6.1 the peer takes nothing, 6.4, 6.9 closed by the peer, 6.11, 6.12."        \
    }

cp_value comms_get_log(cp_context *cp, cp_value self);
cp_value comms_set_log(cp_context *cp, cp_value self, cp_value value);
cp_value comms_method_connect(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_disconnect(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_send(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_receive(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_receive_into(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_bind(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_listen(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_accept(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_set(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_get(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_do(cp_context *cp, cp_value self, const cp_value *arguments, int count);
cp_value comms_method_info(cp_context *cp, cp_value self, const cp_value *arguments, int count);

#endif
