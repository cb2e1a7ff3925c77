/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stack.c: class CommsStack: a chain of modules used as one, and the rules of which may stand where.
 */
#include "comms_private.h"

#include <stdio.h>

/* ---- places ---- */

static bool is_listed(const char *const *names, const char *name) {
    for (; *names; names++)
        if (strcmp(*names, name) == 0) return true;
    return false;
}

static cp_value illegal(cp_context *cp, const char *text) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s", text);
}

/* The rules of comms.md 1: whether m may stand on `below` (NULL: at the bottom). */
static cp_value check_place(cp_context *cp, struct comms_module *m, const struct comms_module *below) {
    const struct comms_kind *kind = m->kind;
    char text[400], list[200] = "";
    if (kind->needs_below && (!below || !is_listed(kind->needs_below, comms_name(below)))) {
        for (const char *const *name = kind->needs_below; *name; name++) {
            size_t length = strlen(list);
            snprintf(list + length, sizeof list - length, "%s%s", length ? ", " : "", *name);
        }
        snprintf(text, sizeof text, "%.60s stands directly on %s%s, not %s%.60s: push that first", comms_name(m),
                 kind->needs_below[1] ? "one of " : "a ", list, below ? "on " : "at the bottom",
                 below ? comms_name(below) : "");
        return illegal(cp, text);
    }
    if (!below) {
        if (kind->place == COMMS_BOTTOM || (kind->may_be_bottom && kind->may_be_bottom(cp, m))) return CP_NIL;
        snprintf(text, sizeof text,
                 kind->place == COMMS_ANY
                     ? "this %.60s cannot be at the bottom, because its class has no property isBottom"
                     : "%.60s cannot be at the bottom of a stack: push a transport such as Tcp first",
                 comms_name(m));
        return illegal(cp, text);
    }
    if (kind->place == COMMS_BOTTOM) {
        snprintf(text, sizeof text, "%.60s is always at the bottom of a stack: push it first, not on %.60s",
                 comms_name(m), comms_name(below));
        return illegal(cp, text);
    }
    if (below->kind->place == COMMS_TOP && kind->place != COMMS_ANY) {
        snprintf(text, sizeof text, "%.60s cannot stand on %.60s, which is always at the top of a stack", comms_name(m),
                 comms_name(below));
        return illegal(cp, text);
    }
    return CP_NIL;
}

static cp_value check_free(cp_context *cp, const struct comms_module *m) {
    if (m->stack == CP_NIL) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this %s is in a stack already: pop it there, or create another",
                    comms_name(m));
}

static int depth_of(const struct comms_module *m) {
    int depth = 0;
    for (; m; m = comms_below(m)) depth++;
    return depth;
}

static void link_modules(struct comms_module *above, struct comms_module *below) {
    if (above) above->below = below ? comms_value(below) : CP_NIL;
    if (below) below->above = above ? comms_value(above) : CP_NIL;
}

/* A module that has the layers below as a property `stack` (a script's) is given them. */
static cp_value give_view(cp_context *cp, struct comms_module *m) {
    cp_value script = m->kind->behind ? m->kind->behind(m) : CP_NIL, name = cp_symbol_z(cp, "stack");
    if (script == CP_NIL) return CP_NIL;
    cp_value table = comms_attributes(cp, script);
    if (table == CP_THROWN) return CP_THROWN;
    if (cp_table_get(cp, table, name) == CP_UNSET) return CP_NIL;
    cp_value view = comms_stack_below(cp, m);
    return cp_send(cp, script, name, &view, 1) == CP_THROWN ? CP_THROWN : CP_NIL;
}

static cp_value check_room(cp_context *cp, const struct comms_stack *stack) {
    if (depth_of(comms_stack_top(stack)) < COMMS_DEPTH_LIMIT) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "a stack has at most %d modules", COMMS_DEPTH_LIMIT);
}

cp_value comms_stack_push(cp_context *cp, struct comms_stack *stack, struct comms_module *m) {
    struct comms_module *top = comms_stack_top(stack);
    if (stack->viewer != CP_NIL)
        return illegal(cp, "these are the layers below a module: they are changed through the stack that it is in");
    if (check_free(cp, m) == CP_THROWN || check_place(cp, m, top) == CP_THROWN || check_room(cp, stack) == CP_THROWN)
        return CP_THROWN;
    if (give_view(cp, m) == CP_THROWN) return CP_THROWN;
    if (comms_stack_top(stack) != top || m->stack != CP_NIL) return illegal(cp, "another thread has changed the stack");
    link_modules(m, top);
    stack->top = comms_value(m);
    m->stack = cp_from_object(stack);
    return CP_NIL;
}

cp_value comms_insert_below(cp_context *cp, struct comms_module *m, struct comms_module *added) {
    struct comms_module *below = comms_below(m);
    if (m->stack == CP_NIL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this %s is in no stack", comms_name(m));
    if (!below) {
        char text[200];
        snprintf(text, sizeof text, "nothing can be inserted below %.60s, which is the bottom", comms_name(m));
        return illegal(cp, text);
    }
    if (check_free(cp, added) == CP_THROWN || check_place(cp, added, below) == CP_THROWN ||
        check_place(cp, m, added) == CP_THROWN || check_room(cp, comms_stack_of(m->stack)) == CP_THROWN ||
        give_view(cp, added) == CP_THROWN)
        return CP_THROWN;
    if (comms_below(m) != below || added->stack != CP_NIL) return illegal(cp, "another thread has changed the stack");
    link_modules(added, below);
    link_modules(m, added);
    added->stack = m->stack;
    return CP_NIL;
}

void comms_remove(cp_context *cp, struct comms_module *m) {
    comms_close_alone(cp, m);
    if (m->stack == CP_NIL) return; /* another thread has taken it out meanwhile */
    struct comms_module *above = (struct comms_module *)m->above, *below = comms_below(m);
    if (above) link_modules(above, below);
    else {
        comms_stack_of(m->stack)->top = below ? comms_value(below) : CP_NIL;
        link_modules(NULL, below);
    }
    m->above = m->below = m->stack = CP_NIL;
}

cp_value comms_stack_below(cp_context *cp, struct comms_module *m) {
    if (m->view == CP_NIL) {
        m->view = cp_new(cp, comms_state(cp)->stack_class);
        comms_stack_of(m->view)->viewer = comms_value(m);
    }
    return m->view;
}

/* ---- helpers ---- */

static struct comms_module *top_or_throw(cp_context *cp, cp_value self) {
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    if (!top) cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the stack is empty: push a transport such as Tcp first");
    return top;
}

static struct comms_module *module_argument(cp_context *cp, cp_value v) {
    struct comms_module *m = comms_module_of(cp, v);
    if (!m) cp_throw_type(cp, "the module", "Tcp, Util, ... or a ScriptModule around an object of a scripted class", v);
    return m;
}

/* ---- properties ---- */

static cp_value get_depth(cp_context *cp, cp_value self) {
    (void)cp;
    return cp_fixnum(depth_of(comms_stack_top(comms_stack_of(self))));
}

static cp_value get_top(cp_context *cp, cp_value self) {
    (void)cp;
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    return top ? comms_value(top) : CP_NIL;
}

static cp_value get_bottom(cp_context *cp, cp_value self) {
    (void)cp;
    struct comms_module *m = comms_stack_top(comms_stack_of(self));
    while (m && comms_below(m)) m = comms_below(m);
    return m ? comms_value(m) : CP_NIL;
}

static const cp_property_def properties[] = {
    {"depth", "Integer", CP_READ_ONLY, NULL, get_depth, NULL, "How many modules there are."},
    {"top", "Object", CP_READ_ONLY, NULL, get_top, NULL,
     "The module at the top, the one used directly; () when empty."},
    {"bottom", "Object", CP_READ_ONLY, NULL, get_bottom, NULL,
     "The module that does the real input and output; () when empty."},
    {0},
};

/* ---- methods ---- */

static cp_value method_push(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct comms_module *m = module_argument(cp, arguments[0]);
    return m ? comms_stack_push(cp, comms_stack_of(self), m) : CP_THROWN;
}

static cp_value method_pop(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct comms_stack *stack = comms_stack_of(self);
    if (stack->viewer != CP_NIL)
        return illegal(cp, "these are the layers below a module: they are changed through the stack that it is in");
    struct comms_module *top = top_or_throw(cp, self), *below = top ? comms_below(top) : NULL;
    if (!top) return CP_THROWN;
    link_modules(NULL, below);
    top->below = top->stack = CP_NIL;
    stack->top = below ? comms_value(below) : CP_NIL;
    return comms_value(top);
}

static cp_value method_insert(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct comms_module *added = module_argument(cp, arguments[0]),
                        *m = added ? module_argument(cp, arguments[1]) : NULL;
    if (!m) return CP_THROWN;
    const struct comms_module *in = comms_stack_top(comms_stack_of(self));
    while (in && in != m) in = comms_below(in);
    if (!in) return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this %s is not in this stack", comms_name(m));
    return comms_insert_below(cp, m, added);
}

static cp_value method_connect(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct comms_module *top = top_or_throw(cp, self);
    if (!top) return CP_THROWN;
    /* The layers below a script that connects are connected already: comms_connect has begun at the bottom. */
    if (comms_stack_of(self)->viewer == CP_NIL && comms_is_connected(top))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the stack is connected already: disconnect it first");
    return comms_connect(cp, top);
}

static cp_value method_disconnect(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    return top ? comms_disconnect(cp, top) : CP_NIL;
}

static cp_value method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    if (top) comms_close(cp, top);
    return CP_NIL;
}

static cp_value method_send(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct comms_module *top = top_or_throw(cp, self);
    if (!top) return CP_THROWN;
    struct comms_module *viewer = (struct comms_module *)comms_stack_of(self)->viewer;
    if (!viewer || !viewer->passes_secret) return comms_send_value(cp, top, arguments[0]);
    struct comms_data data;
    if (comms_gather(cp, arguments[0], &data) == CP_THROWN) return CP_THROWN;
    data.secret = true;
    return comms_send(cp, top, &data);
}

/* The others do what the top module does. */
#define OF_TOP(name, method)                                                                                           \
    static cp_value name(cp_context *cp, cp_value self, const cp_value *arguments, int count) {                        \
        struct comms_module *top = top_or_throw(cp, self);                                                             \
        return top ? method(cp, comms_value(top), arguments, count) : CP_THROWN;                                       \
    }
OF_TOP(method_receive, comms_method_receive)
OF_TOP(method_receive_into, comms_method_receive_into)
OF_TOP(method_bind, comms_method_bind)
OF_TOP(method_listen, comms_method_listen)
OF_TOP(method_accept, comms_method_accept)
OF_TOP(method_set, comms_method_set)
OF_TOP(method_get, comms_method_get)
OF_TOP(method_do, comms_method_do)

static cp_value method_has_attribute(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    if (!top) return CP_NIL;
    const char *text = cp_text_z(cp, arguments[0]);
    cp_value owner = comms_attribute_owner(cp, top, cp_symbol_z(cp, text));
    return owner == CP_THROWN ? CP_THROWN : comms_truth(cp, owner != CP_UNSET);
}

static cp_value method_attributes(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    return top ? comms_attribute_names(cp, top) : CP_NIL;
}

static cp_value method_info(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    struct comms_counters whole = {0};
    if (top) {
        whole = ((struct comms_module *)cp_object_of(get_bottom(cp, self)))->counters;
        const struct comms_counters *c = &top->counters;
        whole.connected = comms_is_connected(top);
        whole.connecting = false;
        for (const struct comms_module *m = top; m; m = comms_below(m)) whole.connecting |= m->counters.connecting;
        whole.disconnecting = c->disconnecting;
        whole.bound = c->bound || whole.bound;
        whole.listening = c->listening;
    }
    return comms_info_new(cp, &whole);
}

static const cp_method_def methods[] = {
    {"push", "NIL", "((module Object))", method_push,
     "Puts a module on top. Errors: 1.2 with the rule when it may not stand there, or is in a stack already."},
    {"pop", "Object", "()", method_pop,
     "Takes the top module off, in whatever state it is, and gives it. Errors: 1.2 the stack is empty."},
    {"insert", "NIL", "((module Object) (below Object))", method_insert,
     "Puts a module in beneath another one of this stack, also while it is connected: (stack.insert tls below: util). "
     "The new module is connected by its own `connect`. Errors: as `push`."},
    {"connect", "NIL", "()", method_connect,
     "Connects from the bottom up; when a module fails, what this call has connected is closed again. Errors: 1.2 "
     "connected already or empty, 6.1, 6.2, 6.10, 6.12, and the protocol's own."},
    {"disconnect", "NIL", "()", method_disconnect,
     "Disconnects from the top down, or stops listening; nothing happens when it is not connected. Errors: the first "
     "one, after all is closed."},
    {"close", "NIL", "()", method_close,
     "As `disconnect`, but without Errors, whatever the state; a Pop3 leaves without QUIT, so that nothing is "
     "deleted."},
    {"send", "Object", "((data Object))", method_send,
     "Sends by the top module: a String, Binary, Buffer or a List of them; what else, the top module says."},
    {"receive", "Object", "((timeout Integer ()))", method_receive,
     "What the top module receives: a Binary of what is there."},
    {"receiveInto", "NIL", "((buffer Buffer) (timeout Integer ()))", method_receive_into,
     "Appends what is there to a Buffer; otherwise as `receive`."},
    {"bind", "NIL", "()", method_bind, "Takes the local address. Errors: 6.7, 6.10."},
    {"listen", "NIL", "((backlog Integer 512))", method_listen,
     "Begins to take connections, `backlog` (1 to 65535) of which may wait for `accept`; binds first when that was not "
     "done. Errors: 6.6, 6.7."},
    {"accept", "CommsStack", "((timeout Integer ()))", method_accept,
     "Waits for a connection, at most `timeout` milliseconds, without one for ever, and gives a connected CommsStack "
     "of "
     "new modules of the same classes with the same properties. Errors: 6.1 none came, 6.8, 6.12."},
    {"set", "Object", "((name String|Symbol) value)", method_set,
     "Sets an attribute of the topmost module that has it; (stack.name value) does the same. Errors: 1.4 none has it."},
    {"get", "Object", "((name String|Symbol))", method_get,
     "An attribute of the topmost module that has it; stack.name does the same. Errors: 1.4 none has it."},
    {"hasAttribute", "Symbol", "((name String|Symbol))", method_has_attribute,
     "true when a module of the stack has a property of that name, else ()."},
    {"attributes", "List", "()", method_attributes,
     "The names of all properties of the modules, as Symbols, the top module's first, each once."},
    {"do", "Object", "((name String|Symbol) ...)", method_do,
     "Calls a method of the topmost module that has it. Errors: 1.4 none has it."},
    {"info", "CommsInfo", "()", method_info,
     "The state of the whole stack, with the counters of the bottom module: the bytes on the wire."},
    {0},
};

/* (stack.host "x"): any public member of the topmost module that has one of that name. */
static cp_value missing(cp_context *cp, cp_value self, cp_value name, const cp_value *arguments, int count) {
    struct comms_module *top = comms_stack_top(comms_stack_of(self));
    cp_value owner = top ? comms_member_owner(cp, top, name) : CP_UNSET;
    if (owner == CP_UNSET && top && count >= 0) return comms_attribute_hint(cp, top, name);
    return owner == CP_UNSET || count < 0 ? owner : cp_send(cp, owner, name, arguments, count);
}

const cp_class_def comms_stack_class = {
    .name = "CommsStack",
    .doc = "A stack of communications modules used as one: the first pushed does the real input and output, each one "
           "above works only through the one directly beneath it. A name that the stack does not know itself is a "
           "property or method of the topmost module that has it.",
    .size = sizeof(struct comms_stack),
    .major = 1,
    .properties = properties,
    .methods = methods,
    .missing = missing,
};
