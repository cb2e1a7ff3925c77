/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * script_module.c: class ScriptModule: an object of a scripted class as a module of a stack, anywhere in it.
 */
#include "comms_private.h"

enum standard {
    CONNECT,
    SEND,
    RECEIVE,
    RECEIVE_INTO,
    DISCONNECT,
    BIND,
    LISTEN,
    ACCEPT,
    SET,
    GET,
    DO,
    INFO,
    STANDARD_COUNT
};
static const char *const standard_names[STANDARD_COUNT] = {
    "connect", "send", "receive", "receiveInto", "disconnect", "bind", "listen", "accept", "set", "get", "do", "info"};

struct script_module {
    struct comms_module module;
    cp_value object;
    cp_value arguments; /* List: those of the object's constructor, for copies */
    unsigned methods;   /* bit i: its class has standard_names[i] */
    cp_value pending;   /* Binary: what it received and nobody has taken yet, from `taken` on */
    size_t taken;
};

static inline struct script_module *script_of(cp_value self) { return (struct script_module *)cp_object_of(self); }
static inline bool has(const struct comms_module *m, enum standard method) {
    return ((const struct script_module *)m)->methods & 1u << method;
}

static cp_value call(cp_context *cp, struct comms_module *m, enum standard method, const cp_value *arguments,
                     int count) {
    return cp_send_z(cp, ((struct script_module *)m)->object, standard_names[method], arguments, count);
}

/* ---- what it does in the stack ---- */

static cp_value script_connect(cp_context *cp, struct comms_module *m) {
    ((struct script_module *)m)->pending = CP_NIL;
    return has(m, CONNECT) ? call(cp, m, CONNECT, NULL, 0) : CP_NIL;
}

static cp_value script_disconnect(cp_context *cp, struct comms_module *m) {
    ((struct script_module *)m)->pending = CP_NIL;
    return has(m, DISCONNECT) ? call(cp, m, DISCONNECT, NULL, 0) : CP_NIL;
}

/* What a script is given of data: a String, Binary or Buffer as it was sent; of a List the whole as one String, or as
   one Binary when not all of it is text, and so of what comes from C. */
static cp_value whole(cp_context *cp, const struct comms_data *data) {
    cp_value value = data->value;
    if (value != CP_UNSET && !cp_is_list(value)) return value;
    bool is_text = cp_is_cell(value);
    for (cp_value rest = value; is_text && cp_is_cell(rest); rest = cp_tail(rest))
        is_text = cp_is_string(cp_head(rest));
    value = is_text ? cp_string_n(cp, NULL, data->size) : cp_binary_n(cp, NULL, data->size);
    comms_flatten(data, is_text ? (char *)(uintptr_t)cp_string_text(value) : (char *)cp_binary_of(value)->data);
    return value;
}

static cp_value script_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    if (!has(m, SEND)) return comms_send_data_below(cp, m, data);
    cp_value value = whole(cp, data);
    bool before = m->passes_secret;
    m->passes_secret = data->secret;
    cp_value result = call(cp, m, SEND, &value, 1);
    m->passes_secret = before;
    return result == CP_THROWN ? CP_THROWN : CP_NIL;
}

static cp_value script_send_object(cp_context *cp, struct comms_module *m, cp_value object) {
    if (has(m, SEND)) return call(cp, m, SEND, &object, 1);
    if (comms_below(m)) return comms_send_value(cp, comms_below(m), object);
    return cp_throw_type(cp, "the data to send", "String, Binary, Buffer or a List of them", object);
}

/* Calls receive, or receiveInto with a Buffer. The answer must be bytes, at least one. */
static cp_value received(cp_context *cp, struct comms_module *m, int64_t timeout) {
    cp_value time = comms_timeout_value(cp, timeout), answer;
    if (has(m, RECEIVE)) answer = call(cp, m, RECEIVE, &time, 1);
    else {
        cp_value arguments[] = {cp_create(cp, "Buffer", NULL, 0), time};
        if (arguments[0] == CP_THROWN) return CP_THROWN;
        answer = call(cp, m, RECEIVE_INTO, arguments, 2);
        if (answer != CP_THROWN) answer = arguments[0];
    }
    if (answer == CP_THROWN) return CP_THROWN;
    const char *bytes, *class_name = cp_class_name(cp_class_of(cp, ((struct script_module *)m)->object));
    size_t size;
    if (!cp_bytes_of(answer, &bytes, &size) || cp_is_symbol(answer))
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_RECEIVE,
                        "%s::receive gave a %s: it must give a Binary, String or Buffer, or throw", class_name,
                        cp_class_name(cp_class_of(cp, answer)));
    if (size == 0)
        return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_RECEIVE,
                        "%s::receive gave no bytes: it must wait for some, or throw", class_name);
    return cp_is_buffer(answer) ? cp_binary_n(cp, bytes, size) : answer;
}

static int64_t script_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct script_module *script = (struct script_module *)m;
    if (!has(m, RECEIVE) && !has(m, RECEIVE_INTO)) return comms_receive_below(cp, m, into, room, timeout);
    if (script->pending == CP_NIL) {
        cp_value answer = received(cp, m, timeout);
        if (answer == CP_THROWN) return -1;
        script->pending = answer;
        script->taken = 0;
    }
    const char *bytes = "";
    size_t size = 0;
    cp_bytes_of(script->pending, &bytes, &size);
    size -= script->taken;
    if (size > room) size = room;
    memcpy(into, bytes + script->taken, size);
    script->taken += size;
    size_t whole;
    cp_bytes_of(script->pending, &bytes, &whole);
    if (script->taken == whole) script->pending = CP_NIL;
    return (int64_t)size;
}

static cp_value script_bind(cp_context *cp, struct comms_module *m) {
    if (has(m, BIND)) return call(cp, m, BIND, NULL, 0);
    return comms_below(m) ? comms_bind(cp, comms_below(m)) : CP_NIL;
}

static cp_value script_listen(cp_context *cp, struct comms_module *m, int backlog) {
    cp_value argument = cp_fixnum(backlog);
    if (has(m, LISTEN)) return call(cp, m, LISTEN, &argument, 1);
    return comms_below(m) ? comms_listen(cp, comms_below(m), backlog) : CP_NIL;
}

/* A script's accept gives a stack of the layers beneath, on which this module is then put; at the bottom the whole. */
static cp_value script_accept(cp_context *cp, struct comms_module *m, int64_t timeout) {
    struct comms_module *below = comms_below(m);
    cp_value stack;
    if (has(m, ACCEPT)) {
        cp_value time = comms_timeout_value(cp, timeout);
        stack = call(cp, m, ACCEPT, &time, 1);
        if (stack == CP_THROWN) return CP_THROWN;
        if (!cp_is_object(stack) || cp_object_of(stack)->class_number != cp_class_number(comms_state(cp)->stack_class))
            return cp_throw_type(cp, "what a scripted accept gives", "CommsStack", stack);
        if (!below) return stack;
    } else if (below) stack = comms_accept(cp, below, timeout);
    else
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "the class %s has no method accept",
                        cp_class_name(cp_class_of(cp, ((struct script_module *)m)->object)));
    return stack == CP_THROWN ? stack : comms_accept_on(cp, stack, m);
}

static cp_value script_copy(cp_context *cp, struct comms_module *m) {
    struct script_module *script = (struct script_module *)m;
    size_t count = cp_list_length(script->arguments);
    cp_value *arguments = cp_alloc((count + 1) * sizeof *arguments), rest = script->arguments;
    arguments[0] = cp_symbol_z(cp, cp_class_name(cp_class_of(cp, script->object)));
    for (size_t i = 1; i <= count; i++, rest = cp_tail(rest)) arguments[i] = cp_head(rest);
    cp_value made = cp_create(cp, "ScriptModule", arguments, (int)count + 1);
    if (made == CP_THROWN) return CP_THROWN;
    if (comms_attributes_copy(cp, script->object, script_of(made)->object) == CP_THROWN) return CP_THROWN;
    script_of(made)->module.log = m->log;
    return made;
}

static bool script_may_be_bottom(cp_context *cp, struct comms_module *m) {
    return cp_responds_to(cp, ((struct script_module *)m)->object, "isBottom");
}

static cp_value script_behind(struct comms_module *m) { return ((struct script_module *)m)->object; }

/* ---- properties ---- */

static cp_value get_object(cp_context *cp, cp_value self) {
    (void)cp;
    return script_of(self)->object;
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"object", "Object", CP_READ_ONLY, NULL, get_object, NULL, "The object of the scripted class."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    struct script_module *script = script_of(self);
    const char *name;
    size_t size;
    if (cp_bytes_of(arguments[0], &name, &size)) {
        script->object = cp_create(cp, cp_text_z(cp, arguments[0]), arguments + 1, count - 1);
        if (script->object == CP_THROWN) return script->object = CP_NIL, CP_THROWN;
        script->arguments = cp_list_n(arguments + 1, (size_t)count - 1);
    } else {
        script->object = arguments[0];
        if (count > 1)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "further arguments are for a class: here an object is given");
    }
    if (!cp_is_object(cp_object_behind(script->object)) || comms_module_of(cp, script->object))
        return cp_throw_type(cp, "the module's class", "the name of a scripted class or an object of one",
                             arguments[0]);
    for (int i = 0; i < STANDARD_COUNT; i++)
        if (cp_responds_to(cp, script->object, standard_names[i])) script->methods |= 1u << i;
    return CP_NIL;
}

/* The script's own method when it has one, else the standard. */
#define OR_STANDARD(name, standard, method)                                                                            \
    static cp_value name(cp_context *cp, cp_value self, const cp_value *arguments, int count) {                        \
        struct comms_module *m = comms_self(cp, self);                                                                 \
        return has(m, standard) ? call(cp, m, standard, arguments, count) : method(cp, self, arguments, count);        \
    }
OR_STANDARD(method_set, SET, comms_method_set)
OR_STANDARD(method_get, GET, comms_method_get)
OR_STANDARD(method_do, DO, comms_method_do)
OR_STANDARD(method_info, INFO, comms_method_info)

static const cp_method_def methods[] = {
    {"ScriptModule", "NIL", "((class Object) ...)", construct,
     "Makes an object of the scripted class of that name, with the further arguments for its constructor, a module; or "
     "takes an object. The class may have any of the properties log (a Log) and stack (a CommsStack: it is set to the "
     "layers below when the module is pushed), and any of the standard methods connect send receive receiveInto "
     "disconnect "
     "bind listen accept set get do info; what it lacks is done by the module beneath. A class that can be at the "
     "bottom "
     "says so by a property isBottom. Errors: 1.4 no such class; 1.11."},
    {"connect", "NIL", "()", comms_method_connect, "Connects what is beneath, then calls the object's connect."},
    {"send", "Object", "((data Object))", comms_method_send,
     "Hands data to the object's send, or to the module beneath."},
    {"receive", "Binary", "((timeout Integer ()))", comms_method_receive,
     "What the object's receive (or receiveInto) gives within `timeout` milliseconds, or the module beneath."},
    {"receiveInto", "NIL", "((buffer Buffer) (timeout Integer ()))", comms_method_receive_into,
     "Appends what is received to a Buffer."},
    {"disconnect", "NIL", "()", comms_method_disconnect,
     "Calls the object's disconnect, then disconnects what is beneath."},
    {"close", "NIL", "()", comms_method_close, "As `disconnect`, but without Errors, whatever the state."},
    {"bind", "NIL", "()", comms_method_bind, "Calls the object's bind, or that of the module beneath."},
    {"listen", "NIL", "((backlog Integer 512))", comms_method_listen,
     "Calls the object's listen, or that of the module beneath."},
    {"accept", "CommsStack", "((timeout Integer ()))", comms_method_accept,
     "A new stack of the same classes with the same properties. The object's accept gives a stack of the layers "
     "beneath, on "
     "which a copy of this module is put."},
    {"set", "Object", "((name String|Symbol) value)", method_set,
     "The object's set; without one, sets the property here or in the topmost module beneath that has it."},
    {"get", "Object", "((name String|Symbol))", method_get,
     "The object's get; without one, the property from here or the topmost module beneath that has it."},
    {"do", "Object", "((name String|Symbol) ...)", method_do,
     "The object's do; without one, calls the method here or in the topmost module beneath that has it."},
    {"info", "CommsInfo", "()", method_info, "The object's info; without one, the state and counters of this module."},
    {0},
};

/* Any other public member of the object. */
static cp_value missing(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count) {
    cp_value object = script_of(self)->object;
    if (object == CP_NIL || !cp_responds_to(cp, object, cp_text_z(cp, name))) return CP_UNSET;
    return count < 0 ? CP_NIL : cp_send(cp, object, name, arguments, count);
}

static const cp_class_def script_module_class = {
    .name = "ScriptModule",
    .doc = "An object of a scripted class as a module of a stack. Its other members are the object's.",
    .size = sizeof(struct script_module),
    .major = 1,
    .properties = properties,
    .methods = methods,
    .missing = missing,
};

const struct comms_kind script_module_kind = {
    .class_def = &script_module_class,
    .place = COMMS_ANY,
    .ops = {.connect = script_connect,
            .disconnect = script_disconnect,
            .send = script_send,
            .send_object = script_send_object,
            .receive = script_receive,
            .bind = script_bind,
            .listen = script_listen,
            .accept = script_accept,
            .copy = script_copy},
    .may_be_bottom = script_may_be_bottom,
    .behind = script_behind,
};
