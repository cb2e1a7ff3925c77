/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * module_methods.c: the standard members that every native module puts into its tables.
 */
#include "comms_private.h"

cp_value comms_get_log(cp_context *cp, cp_value self) {
    (void)cp;
    return ((struct comms_module *)cp_object_of(self))->log;
}
cp_value comms_set_log(cp_context *cp, cp_value self, cp_value value) {
    struct comms_module *m = comms_self(cp, self);
    m->log_failed = false;
    m->log = value;
    cp_value script = m->kind->behind ? m->kind->behind(m) : CP_NIL, name = cp_symbol_z(cp, "log");
    if (script == CP_NIL) return value;
    cp_value table = comms_attributes(cp, script);
    if (table == CP_THROWN) return CP_THROWN;
    if (cp_table_get(cp, table, name) == CP_UNSET) return value;
    return cp_send(cp, script, name, &value, 1) == CP_THROWN ? CP_THROWN : value;
}

cp_value comms_method_connect(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct comms_module *m = comms_self(cp, self);
    if (comms_is_connected(m))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s is connected already: disconnect it first", comms_name(m));
    return comms_connect(cp, m);
}

cp_value comms_method_disconnect(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return comms_disconnect(cp, comms_self(cp, self));
}

cp_value comms_method_close(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    comms_close(cp, comms_self(cp, self));
    return CP_NIL;
}

cp_value comms_method_send(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return comms_send_value(cp, comms_self(cp, self), arguments[0]);
}

cp_value comms_method_receive(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t timeout;
    if (!comms_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    return comms_receive_value(cp, comms_self(cp, self), timeout);
}

cp_value comms_method_receive_into(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    cp_value received = comms_method_receive(cp, self, arguments + 1, count - 1);
    if (received == CP_THROWN) return CP_THROWN;
    return cp_send_z(cp, arguments[0], "append", &received, 1) == CP_THROWN ? CP_THROWN : CP_NIL;
}

cp_value comms_method_bind(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return comms_bind(cp, comms_self(cp, self));
}

cp_value comms_method_listen(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t backlog;
    if (!cp_to_int64(arguments[0], &backlog) || backlog < 1 || backlog > 65535)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the backlog of listen is 1 to 65535");
    return comms_listen(cp, comms_self(cp, self), (int)backlog);
}

cp_value comms_method_accept(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t timeout;
    if (!comms_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    return comms_accept(cp, comms_self(cp, self), timeout);
}

cp_value comms_method_set(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return comms_attribute_set(cp, comms_self(cp, self), arguments[0], arguments[1]);
}

cp_value comms_method_get(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return comms_attribute_get(cp, comms_self(cp, self), arguments[0]);
}

cp_value comms_method_do(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    return comms_call_member(cp, comms_self(cp, self), arguments[0], arguments + 1, count - 1);
}

cp_value comms_method_info(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return comms_info_new(cp, &comms_self(cp, self)->counters);
}
