/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault.c: class Fault: a bad line, for tests: delays, losses, a stream that is cut or closed at a given byte. All of
 * it is decided by counters and a seed, so that a test fails the same way each time.
 */
#include "modules/layers/layers.h"

struct fault {
    struct comms_module module;
    int64_t delay;                 /* ms before each piece */
    double loss;                   /* share of the pieces sent that vanish, 0 to 1 */
    int64_t truncate_at, close_at; /* bytes received, bytes sent; -1 = never */
    int64_t seed;
    uint64_t random; /* state of the generator, from the seed at each connect */
    int64_t sent, received;
    bool closed; /* the peer seems gone */
};

static inline struct fault *fault_of(cp_value self) { return (struct fault *)cp_object_of(self); }

/* ---- what it does ---- */

/* xorshift64*: good enough for chance, and the same everywhere. In [0, 1). */
static double chance(struct fault *f) {
    f->random ^= f->random >> 12;
    f->random ^= f->random << 25;
    f->random ^= f->random >> 27;
    return (double)((f->random * 2685821657736338717u) >> 11) * 0x1p-53;
}

static cp_value gone(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_CLOSED, "the peer has closed the connection (Fault)");
}

static cp_value wait_a_little(cp_context *cp, const struct fault *f) {
    return f->delay > 0 && cp_sleep(cp, f->delay) == CP_WAIT_CANCELLED ? CP_THROWN : CP_NIL;
}

static cp_value fault_connect(cp_context *cp, struct comms_module *m) {
    (void)cp;
    struct fault *f = (struct fault *)m;
    f->random = (uint64_t)f->seed * 0x9E3779B97F4A7C15u + 0x632BE59BD9B4E019u;
    if (f->random == 0) f->random = 1;
    f->sent = f->received = 0;
    f->closed = false;
    return CP_NIL;
}

/* The first `size` bytes of the data; those that were sent by a script go as bytes too. */
static cp_value send_part(cp_context *cp, struct comms_module *m, const struct comms_data *data, size_t size) {
    if (size == 0) return CP_NIL;
    char *bytes = cp_alloc_atomic(data->size);
    comms_flatten(data, bytes);
    struct iovec part = {bytes, size};
    struct comms_data shorter = {
        .parts = &part, .count = 1, .size = size, .value = CP_UNSET, .secret = data->secret, .timeout = data->timeout};
    return comms_send_data_below(cp, m, &shorter);
}

static cp_value fault_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    struct fault *f = (struct fault *)m;
    if (wait_a_little(cp, f) == CP_THROWN) return CP_THROWN;
    if (f->closed) return gone(cp);
    if (f->loss > 0 && chance(f) < f->loss) { /* gone, and nobody is told */
        f->sent += (int64_t)data->size;
        return CP_NIL;
    }
    if (f->close_at < 0 || f->sent + (int64_t)data->size < f->close_at) {
        f->sent += (int64_t)data->size;
        return comms_send_data_below(cp, m, data);
    }
    int64_t left = f->close_at - f->sent;
    f->sent = f->close_at;
    f->closed = true;
    if (left > 0 && send_part(cp, m, data, (size_t)left) == CP_THROWN) return CP_THROWN;
    comms_close(cp, comms_below(m));
    return gone(cp);
}

static int64_t fault_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct fault *f = (struct fault *)m;
    if (wait_a_little(cp, f) == CP_THROWN) return -1;
    if (f->closed || (f->truncate_at >= 0 && f->received >= f->truncate_at)) return gone(cp), -1;
    if (f->truncate_at >= 0 && room > (size_t)(f->truncate_at - f->received))
        room = (size_t)(f->truncate_at - f->received);
    int64_t size = comms_receive_below(cp, m, into, room, timeout);
    if (size > 0) f->received += size;
    return size;
}

/* ---- properties ---- */

/* A number of bytes, -1 for (). False after a throw. */
static bool bytes_of(cp_context *cp, const char *name, cp_value value, int64_t *bytes) {
    int64_t number = -1;
    if (value != CP_NIL && (!cp_to_int64(value, &number) || number < 0)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is a number of bytes, 0 or more, or ()", name);
        return false;
    }
    *bytes = number;
    return true;
}
static cp_value bytes_value(cp_context *cp, int64_t bytes) { return bytes < 0 ? CP_NIL : cp_integer(cp, bytes); }

static cp_value get_delay(cp_context *cp, cp_value self) { return cp_integer(cp, fault_of(self)->delay); }
static cp_value set_delay(cp_context *cp, cp_value self, cp_value value) {
    int64_t delay = 0;
    if (value != CP_NIL && (!cp_to_int64(value, &delay) || delay < 0 || delay > 86400000))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "delay is 0 to 86400000 ms");
    fault_of(self)->delay = delay;
    return value;
}
static cp_value get_loss(cp_context *cp, cp_value self) { return (void)cp, cp_real(fault_of(self)->loss); }
static cp_value set_loss(cp_context *cp, cp_value self, cp_value value) {
    double loss = value == CP_NIL ? 0 : cp_to_double(value);
    if (!(loss >= 0 && loss <= 1)) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "loss is a share, 0 to 1");
    fault_of(self)->loss = loss;
    return value;
}
static cp_value get_truncate(cp_context *cp, cp_value self) { return bytes_value(cp, fault_of(self)->truncate_at); }
static cp_value set_truncate(cp_context *cp, cp_value self, cp_value value) {
    return bytes_of(cp, "truncateAt", value, &fault_of(self)->truncate_at) ? value : CP_THROWN;
}
static cp_value get_close(cp_context *cp, cp_value self) { return bytes_value(cp, fault_of(self)->close_at); }
static cp_value set_close(cp_context *cp, cp_value self, cp_value value) {
    return bytes_of(cp, "closeAt", value, &fault_of(self)->close_at) ? value : CP_THROWN;
}
static cp_value get_seed(cp_context *cp, cp_value self) { return cp_integer(cp, fault_of(self)->seed); }
static cp_value set_seed(cp_context *cp, cp_value self, cp_value value) {
    int64_t seed = 0;
    if (value != CP_NIL && !cp_to_int64(value, &seed))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "seed is an Integer of 64 bits");
    fault_of(self)->seed = seed;
    return value;
}

static const cp_property_def properties[] = {
    COMMS_LOG_PROPERTY,
    {"delay", "Integer", CP_READ_WRITE, NULL, get_delay, set_delay,
     "Milliseconds before each piece that is sent or received; 0 by default. Other threads run meanwhile. Errors: "
     "1.8."},
    {"loss", "Real|Integer", CP_READ_WRITE, NULL, get_loss, set_loss,
     "The share of the pieces sent that vanish without a word, 0 (the default) to 1. Errors: 1.8."},
    {"truncateAt", "Integer", CP_READ_WRITE, NULL, get_truncate, set_truncate,
     "After so many bytes received the peer seems to have closed the connection (6.9); () is never. Errors: 1.8."},
    {"closeAt", "Integer", CP_READ_WRITE, NULL, get_close, set_close,
     "When so many bytes have been sent, and no more of them, the connection beneath is closed, and `send` throws 6.9; "
     "() "
     "is never. Errors: 1.8."},
    {"seed", "Integer", CP_READ_WRITE, NULL, get_seed, set_seed,
     "Decides which pieces are lost: the same ones for the same seed; 0 by default. Errors: 1.8."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    fault_of(self)->truncate_at = fault_of(self)->close_at = -1;
    return CP_NIL;
}

static const cp_method_def methods[] = {
    {"Fault", "NIL", "()", construct, "Makes a Fault that does nothing yet: (create Fault closeAt: 100)."},
    COMMS_METHODS,
    {0},
};

static const cp_class_def fault_class = {
    .name = "Fault",
    .doc = "A bad line, for tests: put it anywhere above a transport. The counters begin anew at each connect.",
    .size = sizeof(struct fault),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

const struct comms_kind fault_kind = {
    .class_def = &fault_class,
    .place = COMMS_MIDDLE,
    .ops = {.connect = fault_connect, .send = fault_send, .receive = fault_receive},
};
