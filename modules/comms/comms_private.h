/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms_private.h: what the files of this room share and modules elsewhere need not know.
 */
#ifndef COMMS_COMMS_PRIVATE_H
#define COMMS_COMMS_PRIVATE_H

#include "comms_stack.h"

enum { COMMS_KIND_LIMIT = 64, COMMS_RECEIVE_SIZE = 16384, COMMS_DEPTH_LIMIT = 64 };

/* What the room keeps per context. */
struct comms_state {
    struct comms_known_kind {
        uint32_t number; /* of the class */
        const struct comms_kind *kind;
    } kinds[COMMS_KIND_LIMIT];
    unsigned count;
    cp_value attributes; /* HashTable: class number -> HashTable: Symbol -> (class . access) */
    cp_value groups;     /* HashTable: name of a traffic group -> CommsInfo */
    cp_class *stack_class, *info_class;
};
struct comms_state *comms_state(cp_context *cp);

/* ---- stack.c ---- */

/* A CommsStack. A view shows the layers below its viewer, whatever they are at the moment. */
struct comms_stack {
    cp_object header;
    cp_value top;    /* module or (); not of a view */
    cp_value viewer; /* the module whose layers below it shows, or () */
};
extern const cp_class_def comms_stack_class;
static inline struct comms_stack *comms_stack_of(cp_value v) { return (struct comms_stack *)cp_object_of(v); }
static inline struct comms_module *comms_stack_top(const struct comms_stack *stack) {
    return stack->viewer == CP_NIL ? (struct comms_module *)stack->top
                                   : comms_below((struct comms_module *)stack->viewer);
}
/* CP_NIL, or CP_THROWN. */
cp_value comms_stack_push(cp_context *cp, struct comms_stack *stack, struct comms_module *m);

/* ---- module.c ---- */

/* Disconnects this module and not what is beneath; Errors are dropped. */
void comms_close_alone(cp_context *cp, struct comms_module *m);

/* ---- attributes.c ---- */

/* The properties of an object's class: HashTable of Symbol -> (class . access). CP_THROWN when out of memory. */
cp_value comms_attributes(cp_context *cp, cp_value object);
/* The object, module or what is behind a scripted one, that has the property, from `m` down; CP_UNSET when none has. */
cp_value comms_attribute_owner(cp_context *cp, struct comms_module *m, cp_value name);
/* The same for any public member: a property or a method. */
cp_value comms_member_owner(cp_context *cp, struct comms_module *m, cp_value name);
/* All names from `m` down, each once. */
cp_value comms_attribute_names(cp_context *cp, struct comms_module *m);
cp_value comms_attribute_get(cp_context *cp, struct comms_module *m, cp_value name);
cp_value comms_attribute_set(cp_context *cp, struct comms_module *m, cp_value name, cp_value value);
cp_value comms_call_member(cp_context *cp, struct comms_module *m, cp_value name, const cp_value *arguments, int count);
/* For a name that nobody has: CP_THROWN (1.4) when an attribute is near, else CP_UNSET. */
cp_value comms_attribute_hint(cp_context *cp, struct comms_module *m, cp_value name);
/* Gives `to` the values of all properties of `from`, an object of the same class, that can be written. */
cp_value comms_attributes_copy(cp_context *cp, cp_value from, cp_value to);

/* ---- comms_info.c ---- */

/* A CommsInfo as things are now; the counters of a whole stack are its bottom's, its state the top's. */
cp_value comms_info_new(cp_context *cp, const struct comms_counters *counters);
/* Counts traffic in a CommsInfo that goes on. */
void comms_info_count(cp_context *cp, cp_value info, size_t sent, size_t received);
void comms_info_reset(cp_context *cp, cp_value info);
extern const cp_class_def comms_info_class;

/* ---- traffic_log.c ---- */

void comms_log_sent(cp_context *cp, struct comms_module *m, const struct comms_data *data);
void comms_log_received(cp_context *cp, struct comms_module *m, const char *bytes, size_t size);

extern const struct comms_kind tcp_kind, util_kind, script_module_kind;
extern const cp_function_def comms_function_table[];

#endif
