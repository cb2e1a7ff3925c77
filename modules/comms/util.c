/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * util.c: class Util: what protocols need between themselves and the bytes: reading by lines, lengths and marks,
 * parity, limits of rate and idleness, counting by groups.
 */
#include "util_private.h"

enum { DEFAULT_BUFFER_LIMIT = 1 << 20, PROBE_SIZE = 1 << 20 };

static inline struct comms_util *util_of(cp_value self) { return (struct comms_util *)cp_object_of(self); }

/* ---- what it does in the stack ---- */

static void reset(struct comms_util *util) {
    if (!util->filling) util->start = util->end = 0;
    else util->start = util->end;
    util->send_free = util->receive_free = 0;
}

static cp_value util_connect(cp_context *cp, struct comms_module *m) {
    (void)cp;
    reset((struct comms_util *)m);
    return CP_NIL;
}

static cp_value util_disconnect(cp_context *cp, struct comms_module *m) {
    (void)cp;
    reset((struct comms_util *)m);
    return CP_NIL;
}

static cp_value util_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    return util_write(cp, (struct comms_util *)m, data);
}

static int64_t util_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct comms_util *util = (struct comms_util *)m;
    if (util->filling) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "another thread is receiving from this Util");
        return -1;
    }
    size_t unread = util_unread(util);
    if (unread == 0) {
        util->filling = true;
        int64_t size = util_read(cp, util, into, room, timeout);
        util->filling = false;
        return size;
    }
    if (unread > room) unread = room;
    memcpy(into, util->data + util->start, unread);
    util->start += unread;
    return (int64_t)unread;
}

/* ---- properties ---- */

static const char *const parity_names[] = {"preserve", "strip", "odd", "even"};

static cp_value parity_set(cp_context *cp, cp_value value, enum parity *parity) {
    const char *text = value == CP_NIL ? "preserve" : cp_text_z(cp, value);
    for (int i = 0; i < 4; i++)
        if (strcmp(text, parity_names[i]) == 0) {
            *parity = (enum parity)i;
            return value;
        }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "parity is odd, even, strip or preserve, not %.40s", text);
}

static cp_value get_read_parity(cp_context *cp, cp_value self) {
    return cp_string_z(cp, parity_names[util_of(self)->read_parity]);
}
static cp_value set_read_parity(cp_context *cp, cp_value self, cp_value value) {
    return parity_set(cp, value, &util_of(self)->read_parity);
}
static cp_value get_write_parity(cp_context *cp, cp_value self) {
    return cp_string_z(cp, parity_names[util_of(self)->write_parity]);
}
static cp_value set_write_parity(cp_context *cp, cp_value self, cp_value value) {
    return parity_set(cp, value, &util_of(self)->write_parity);
}

/* A group's name as a String, whichever way it was given. */
static cp_value group_name(cp_context *cp, cp_value name) {
    const char *bytes;
    size_t size;
    return cp_bytes_of(name, &bytes, &size) ? cp_string_n(cp, bytes, size) : CP_NIL;
}
static cp_value get_traffic_group(cp_context *cp, cp_value self) {
    (void)cp;
    return util_of(self)->traffic_group;
}
static cp_value set_traffic_group(cp_context *cp, cp_value self, cp_value value) {
    return util_of(self)->traffic_group = group_name(cp, value);
}

static cp_value get_inactivity_timeout(cp_context *cp, cp_value self) {
    return comms_timeout_value(cp, util_of(self)->inactivity_timeout);
}
static cp_value set_inactivity_timeout(cp_context *cp, cp_value self, cp_value value) {
    int64_t timeout;
    if (!comms_timeout(cp, value, &timeout)) return CP_THROWN;
    util_of(self)->inactivity_timeout = timeout == 0 || timeout > INT64_MAX / 4 ? -1 : timeout;
    return value;
}

static cp_value get_max_rate(cp_context *cp, cp_value self) {
    int64_t rate = util_of(self)->max_rate;
    return rate ? cp_integer(cp, rate) : CP_NIL;
}
static cp_value set_max_rate(cp_context *cp, cp_value self, cp_value value) {
    int64_t rate = 0;
    if (value != CP_NIL && (!cp_to_int64(value, &rate) || rate < 1))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                        "maxRate is 1 or more bytes a second, or () for no limit");
    util_of(self)->max_rate = rate;
    return value;
}

static cp_value get_buffer_limit(cp_context *cp, cp_value self) { return cp_integer(cp, util_of(self)->buffer_limit); }
static cp_value set_buffer_limit(cp_context *cp, cp_value self, cp_value value) {
    int64_t limit = DEFAULT_BUFFER_LIMIT;
    if (value != CP_NIL && (!cp_to_int64(value, &limit) || limit < 1 || limit > INT32_MAX))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "bufferLimit is 1 to %d bytes", INT32_MAX);
    util_of(self)->buffer_limit = limit;
    return value;
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"readParity", "String|Symbol", CP_READ_WRITE, NULL, get_read_parity, set_read_parity,
     "What becomes of each byte's highest bit when it is read: \"preserve\" (the default) leaves it, \"strip\" clears "
     "it, "
     "\"odd\" and \"even\" check it (6.3 when it is wrong) and clear it. Errors: 1.8 another word."},
    {"writeParity", "String|Symbol", CP_READ_WRITE, NULL, get_write_parity, set_write_parity,
     "What becomes of each byte's highest bit when it is sent: \"preserve\" (the default), \"strip\", or \"odd\" and "
     "\"even\", which set it so. Errors: 1.8 another word."},
    {"trafficGroup", "String|Symbol", CP_READ_WRITE, NULL, get_traffic_group, set_traffic_group,
     "The name under which traffic is counted, for all Utils of the same group together: see `traffic`. () counts "
     "nothing."},
    {"inactivityTimeout", "Integer", CP_READ_WRITE, NULL, get_inactivity_timeout, set_inactivity_timeout,
     "Milliseconds: when nothing was sent or received for so long, the next or waiting `send` or `receive` disconnects "
     "and "
     "throws 6.1. () is no limit, the default."},
    {"maxRate", "Integer", CP_READ_WRITE, NULL, get_max_rate, set_max_rate,
     "Bytes a second that may pass in each direction, 1 or more; () is no limit, the default. Errors: 1.8."},
    {"bufferLimit", "Integer", CP_READ_WRITE, NULL, get_buffer_limit, set_buffer_limit,
     "Bytes that may be gathered while a line or text is looked for, 1 to 2147483647, by default 1048576; beyond it is "
     "6.3. "
     "Errors: 1.8."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    util_of(self)->inactivity_timeout = -1;
    util_of(self)->buffer_limit = DEFAULT_BUFFER_LIMIT;
    return CP_NIL;
}

static cp_value method_receive_n(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct comms_util *util = util_of(self);
    int64_t n, timeout;
    if (!comms_timeout(cp, arguments[1], &timeout)) return CP_THROWN;
    if (!cp_to_int64(arguments[0], &n) || n < 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "receiveN takes the number of bytes, 0 or more");
    if (n > PROBE_SIZE && !cp_try_alloc_atomic(cp, (size_t)n))
        return CP_THROWN; /* too large is an Error, not the end */
    cp_value binary = cp_binary_n(cp, NULL, (size_t)n);
    unsigned char *bytes = cp_binary_of(binary)->data;
    int64_t deadline = comms_deadline(cp, timeout);
    for (size_t done = 0; done < (size_t)n;) {
        int64_t size = util_receive(cp, &util->module, bytes + done, (size_t)n - done, comms_left(cp, deadline));
        if (size < 0) { /* nothing is lost: what has come can be read again */
            cp_value error = cp_take_error(cp);
            if (done && util_unread_bytes(cp, util, bytes, done) == CP_THROWN) cp_take_error(cp);
            return cp_throw_value(cp, error);
        }
        done += (size_t)size;
    }
    util->module.counters.bytes_received += n;
    util_handed_up(cp, util, (const char *)bytes, (size_t)n);
    return binary;
}

static cp_value method_receive_until(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct comms_util *util = util_of(self);
    const char *text = "";
    size_t size = 0;
    int64_t timeout;
    if (!comms_timeout(cp, arguments[1], &timeout)) return CP_THROWN;
    cp_bytes_of(arguments[0], &text, &size);
    if (size == 0) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "receiveUntil needs a text to wait for");
    int64_t at = util_find(cp, util, text, size, timeout, SIZE_MAX);
    if (at < 0) return CP_THROWN;
    size += (size_t)at;
    const char *found = util->data + util->start;
    cp_value result = cp_string_n(cp, found, size);
    util_handed_up(cp, util, found, size);
    comms_util_consume(util, size);
    return result;
}

static cp_value method_receive_line(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t timeout;
    size_t size;
    if (!comms_timeout(cp, arguments[0], &timeout)) return CP_THROWN;
    const char *line = comms_util_line(cp, util_of(self), timeout, 0, &size);
    return line ? cp_string_n(cp, line, size) : CP_THROWN;
}

static cp_value method_unread(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct comms_data data;
    if (comms_gather(cp, arguments[0], &data) == CP_THROWN) return CP_THROWN;
    char *bytes = cp_try_alloc_atomic(cp, data.size + 1);
    if (!bytes) return CP_THROWN;
    comms_flatten(&data, bytes);
    return util_unread_bytes(cp, util_of(self), bytes, data.size);
}

static cp_value method_traffic(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    return util_group(cp, group_name(cp, arguments[0]));
}

static cp_value method_reset_traffic(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    cp_value info = util_group(cp, group_name(cp, arguments[0]));
    if (info == CP_THROWN) return CP_THROWN;
    comms_info_reset(cp, info);
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Util", "NIL", "()", construct, "Makes a Util: (stack.push (create Util))."},
    COMMS_METHODS,
    {"receiveN", "Binary", "((n Integer) (timeout Integer ()))", method_receive_n,
     "Exactly so many bytes, within `timeout` milliseconds. Errors: as `receive`; what had come by then can still be "
     "received."},
    {"receiveUntil", "String", "((text String|Binary) (timeout Integer ()))", method_receive_until,
     "Everything up to and including the text. Errors: as `receive`; 6.3 when it does not come within bufferLimit "
     "bytes; "
     "what had come can still be received."},
    {"receiveLine", "String", "((timeout Integer ()))", method_receive_line,
     "The next line without its end, which is LF or CR LF. Errors: as `receiveUntil`."},
    {"unread", "NIL", "((data String|Binary|Buffer|List))", method_unread,
     "Puts bytes back: they are received next, before what has come."},
    {"traffic", "CommsInfo", "((group String|Symbol))", method_traffic,
     "What all Utils of that trafficGroup have sent and received together; it goes on counting."},
    {"resetTraffic", "NIL", "((group String|Symbol))", method_reset_traffic,
     "Lets the group's counters begin at 0 again."},
    {0},
};

static const cp_class_def util_class = {
    .name = "Util",
    .doc = "The middle module that protocols stand on: receives by line, length or mark from a buffer, and can check "
           "parity, count traffic, end idle connections and limit the rate.",
    .size = sizeof(struct comms_util),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

const struct comms_kind util_kind = {
    .class_def = &util_class,
    .place = COMMS_MIDDLE,
    .ops = {.connect = util_connect, .disconnect = util_disconnect, .send = util_send, .receive = util_receive},
};
