/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * module.c: what happens when a module of a stack connects, sends, receives, accepts: finding the one that does it,
 * the flags and counters, and the data's pieces.
 */
#include "comms_private.h"

struct comms_state *comms_state(cp_context *cp) {
    void **word = cp_module_state(cp, "Comms");
    if (!*word) {
        struct comms_state *state = cp_alloc(sizeof *state);
        state->attributes = cp_table(cp);
        state->groups = cp_table(cp);
        *word = state;
    }
    return *word;
}

void comms_define_module(cp_context *cp, const struct comms_kind *kind) {
    cp_class *c = cp_define_class(cp, kind->class_def);
    struct comms_state *state = comms_state(cp);
    if (!c || state->count == COMMS_KIND_LIMIT) return;
    for (unsigned i = 0; i < state->count; i++)
        if (state->kinds[i].number == cp_class_number(c)) return;
    state->kinds[state->count++] = (struct comms_known_kind){cp_class_number(c), kind};
}

struct comms_module *comms_module_of(cp_context *cp, cp_value v) {
    v = cp_object_behind(v);
    if (!cp_is_object(v)) return NULL;
    uint32_t number = cp_object_of(v)->class_number;
    const struct comms_state *state = comms_state(cp);
    for (unsigned i = 0; i < state->count; i++)
        if (state->kinds[i].number == number) {
            struct comms_module *m = (struct comms_module *)cp_object_of(v);
            m->kind = state->kinds[i].kind;
            return m;
        }
    return NULL;
}

struct comms_module *comms_self(cp_context *cp, cp_value self) {
    struct comms_module *m = (struct comms_module *)cp_object_of(self);
    return m->kind ? m : comms_module_of(cp, self);
}

/* ---- times ---- */

bool comms_timeout(cp_context *cp, cp_value value, int64_t *milliseconds) {
    *milliseconds = -1;
    if (value == CP_NIL) return true;
    if (!cp_to_int64(value, milliseconds)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a timeout is 0 or more milliseconds, or () for ever");
        return false;
    }
    if (*milliseconds < 0) *milliseconds = -1;
    return true;
}

cp_value comms_timeout_value(cp_context *cp, int64_t milliseconds) {
    return milliseconds < 0 ? CP_NIL : cp_integer(cp, milliseconds);
}

int64_t comms_deadline(cp_context *cp, int64_t milliseconds) {
    if (milliseconds < 0) return -1;
    int64_t now = cp_now(cp);
    return milliseconds > INT64_MAX - now ? -1 : now + milliseconds;
}

int64_t comms_left(cp_context *cp, int64_t deadline) {
    if (deadline < 0) return -1;
    int64_t left = deadline - cp_now(cp);
    return left > 0 ? left : 0;
}

/* ---- errors that pass while others are being cleaned up ---- */

/* Whether the Error on its way says that the peer has closed; it goes on. */
static bool peer_has_closed(cp_context *cp) {
    cp_value error = cp_take_error(cp);
    bool closed = cp_error_class_of(error) == CP_ERROR_COMMUNICATIONS && cp_error_code_of(error) == CP_COMM_CLOSED;
    cp_throw_value(cp, error);
    return closed;
}

static cp_value nothing_beneath(cp_context *cp, const struct comms_module *m, const char *what) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "%s cannot %s, and nothing beneath it can", comms_name(m),
                    what);
}

static struct comms_module *need_below(cp_context *cp, struct comms_module *m) {
    struct comms_module *below = comms_below(m);
    if (!below)
        cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL,
                 "there is no module beneath %s: push it on a CommsStack with a transport", comms_name(m));
    return below;
}

/* ---- connecting ---- */

bool comms_is_connected(const struct comms_module *m) {
    for (; m; m = comms_below(m))
        if (!m->counters.connected || m->counters.ended) return false;
    return true;
}

static void set_connected(cp_context *cp, struct comms_module *m) {
    struct comms_counters *c = &m->counters;
    *c = (struct comms_counters){.connected = true, .started = cp_now(cp)};
}

cp_value comms_connect(cp_context *cp, struct comms_module *m) {
    if (comms_is_connected(m)) return CP_NIL;
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    if (m->counters.connecting)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "another thread is connecting this %s", comms_name(m));
    struct comms_module *below = comms_below(m);
    if (!below && m->kind->place != COMMS_BOTTOM && !(m->kind->may_be_bottom && m->kind->may_be_bottom(cp, m)) &&
        !need_below(cp, m))
        return CP_THROWN;
    if (m->counters.connected) comms_close(cp, m); /* to a peer that has gone */
    bool opened = below && !comms_is_connected(below);
    if (opened && comms_connect(cp, below) == CP_THROWN) return CP_THROWN;
    m->counters.connecting = true;
    cp_value result = m->kind->ops.connect ? m->kind->ops.connect(cp, m) : CP_NIL;
    m->counters.connecting = false;
    if (result != CP_THROWN) {
        set_connected(cp, m);
        return CP_NIL;
    }
    /* Nobody else knows that what is beneath is open. */
    return opened && comms_below(m) == below ? comms_close_thrown(cp, below) : CP_THROWN;
}

/* This module and not what is beneath. */
static cp_value end_alone(cp_context *cp, struct comms_module *m, bool closes) {
    struct comms_counters *c = &m->counters;
    bool open = c->connected || c->connecting || c->bound || c->listening;
    if (!open || c->disconnecting) return CP_NIL;
    const struct comms_ops *ops = &m->kind->ops;
    cp_value (*end)(cp_context *, struct comms_module *) = closes && ops->close ? ops->close : ops->disconnect;
    c->disconnecting = true;
    cp_value result = end ? end(cp, m) : CP_NIL;
    c->disconnecting = c->connected = c->bound = c->listening = c->ended = false;
    return result;
}

cp_value comms_disconnect(cp_context *cp, struct comms_module *m) {
    cp_value error = CP_NIL;
    for (; m; m = comms_below(m)) {
        if (end_alone(cp, m, false) != CP_THROWN) continue;
        cp_value later = cp_take_error(cp);
        if (error == CP_NIL) error = later;
    }
    return error == CP_NIL ? CP_NIL : cp_throw_value(cp, error);
}

void comms_close_alone(cp_context *cp, struct comms_module *m) {
    if (end_alone(cp, m, true) == CP_THROWN) cp_take_error(cp);
}

void comms_close(cp_context *cp, struct comms_module *m) {
    for (; m; m = comms_below(m)) comms_close_alone(cp, m);
}

cp_value comms_close_thrown(cp_context *cp, struct comms_module *m) {
    cp_value error = cp_take_error(cp);
    comms_close(cp, m);
    return cp_throw_value(cp, error);
}

/* ---- sending ---- */

void comms_count_sent(cp_context *cp, struct comms_module *m, size_t size) {
    m->counters.bytes_sent += (int64_t)size;
    m->counters.packets_sent++;
    m->counters.time_sent = cp_now(cp);
}

cp_value comms_send(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    if (data->size == 0) return CP_NIL;
    if (CP_UNLIKELY(m->log != CP_NIL)) comms_log_sent(cp, m, data);
    cp_value result;
    if (m->kind->ops.send) result = m->kind->ops.send(cp, m, data);
    else if (comms_below(m)) result = comms_send(cp, comms_below(m), data);
    else return nothing_beneath(cp, m, "send");
    if (CP_LIKELY(result != CP_THROWN)) comms_count_sent(cp, m, data->size);
    else if (peer_has_closed(cp)) m->counters.ended = true;
    return result;
}

cp_value comms_send_value(cp_context *cp, struct comms_module *m, cp_value value) {
    while (!m->kind->ops.send && !m->kind->ops.send_object && comms_below(m)) m = comms_below(m);
    bool bytes = cp_is_list(value) || cp_is_string(value) || cp_is_binary(value) || cp_is_buffer(value);
    if (m->kind->ops.send_object && !(bytes && m->kind->ops.send)) return m->kind->ops.send_object(cp, m, value);
    struct comms_data data;
    if (comms_gather(cp, value, &data) == CP_THROWN) return CP_THROWN;
    return comms_send(cp, m, &data);
}

cp_value comms_send_data_below(cp_context *cp, struct comms_module *m, const struct comms_data *data) {
    struct comms_module *below = need_below(cp, m);
    return below ? comms_send(cp, below, data) : CP_THROWN;
}

cp_value comms_send_below(cp_context *cp, struct comms_module *m, const void *bytes, size_t size) {
    struct comms_data data = {.count = 1, .size = size, .value = CP_UNSET, .single = {(void *)(uintptr_t)bytes, size}};
    data.parts = &data.single;
    return comms_send_data_below(cp, m, &data);
}

/* ---- receiving ---- */

void comms_count_received(cp_context *cp, struct comms_module *m, size_t size) {
    m->counters.bytes_received += (int64_t)size;
    m->counters.packets_received++;
    m->counters.time_received = cp_now(cp);
}

int64_t comms_receive(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    int64_t size;
    if (m->kind->ops.receive) size = m->kind->ops.receive(cp, m, into, room, timeout);
    else if (comms_below(m)) size = comms_receive(cp, comms_below(m), into, room, timeout);
    else {
        nothing_beneath(cp, m, "receive");
        return -1;
    }
    if (CP_UNLIKELY(size < 0)) {
        if (peer_has_closed(cp)) m->counters.ended = true;
        return -1;
    }
    comms_count_received(cp, m, (size_t)size);
    if (CP_UNLIKELY(m->log != CP_NIL)) comms_log_received(cp, m, into, (size_t)size);
    return size;
}

cp_value comms_receive_value(cp_context *cp, struct comms_module *m, int64_t timeout) {
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    char bytes[COMMS_RECEIVE_SIZE];
    int64_t size = comms_receive(cp, m, bytes, sizeof bytes, timeout);
    return size < 0 ? CP_THROWN : cp_binary_n(cp, bytes, (size_t)size);
}

int64_t comms_receive_below(cp_context *cp, struct comms_module *m, void *into, size_t room, int64_t timeout) {
    struct comms_module *below = need_below(cp, m);
    return below ? comms_receive(cp, below, into, room, timeout) : -1;
}

bool comms_security(cp_context *cp, const struct comms_module *m, struct comms_security *security) {
    *security = (struct comms_security){0};
    for (struct comms_module *below = comms_below(m); below; below = comms_below(below))
        if (below->kind->ops.security && below->kind->ops.security(cp, below, security)) return true;
    return false;
}

/* ---- the server's side ---- */

cp_value comms_bind(cp_context *cp, struct comms_module *m) {
    cp_value result;
    if (m->kind->ops.bind) result = m->kind->ops.bind(cp, m);
    else if (comms_below(m)) result = comms_bind(cp, comms_below(m));
    else return nothing_beneath(cp, m, "bind");
    if (result == CP_THROWN) return CP_THROWN;
    m->counters.bound = true;
    return CP_NIL;
}

/* Whether it, or a module beneath it that does so for all, has taken the local address. */
static bool is_bound(const struct comms_module *m) {
    for (; m; m = comms_below(m))
        if (m->counters.bound) return true;
    return false;
}

cp_value comms_listen(cp_context *cp, struct comms_module *m, int backlog) {
    if (!is_bound(m) && comms_bind(cp, m) == CP_THROWN) return CP_THROWN;
    cp_value result;
    if (m->kind->ops.listen) result = m->kind->ops.listen(cp, m, backlog);
    else if (comms_below(m)) result = comms_listen(cp, comms_below(m), backlog);
    else return nothing_beneath(cp, m, "listen");
    if (result == CP_THROWN) return CP_THROWN;
    m->counters.listening = true;
    return CP_NIL;
}

cp_value comms_accept(cp_context *cp, struct comms_module *m, int64_t timeout) {
    if (m->kind->ops.accept) return m->kind->ops.accept(cp, m, timeout);
    if (!comms_below(m)) return nothing_beneath(cp, m, "accept");
    cp_value stack = comms_accept(cp, comms_below(m), timeout);
    return stack == CP_THROWN ? stack : comms_accept_on(cp, stack, m);
}

cp_value comms_accepted(cp_context *cp, struct comms_module *bottom) {
    cp_value stack = cp_new(cp, comms_state(cp)->stack_class);
    if (!comms_module_of(cp, comms_value(bottom)) || comms_stack_push(cp, comms_stack_of(stack), bottom) == CP_THROWN)
        return CP_THROWN;
    set_connected(cp, bottom);
    return stack;
}

/* When it fails, nobody would ever close the connection but the collector. */
cp_value comms_accept_on(cp_context *cp, cp_value stack, struct comms_module *m) {
    struct comms_stack *accepted = comms_stack_of(stack);
    struct comms_module *copy = comms_copy(cp, m);
    if (!copy || comms_stack_push(cp, accepted, copy) == CP_THROWN) {
        return comms_stack_top(accepted) ? comms_close_thrown(cp, comms_stack_top(accepted)) : CP_THROWN;
    }
    set_connected(cp, copy);
    return stack;
}

struct comms_module *comms_copy(cp_context *cp, struct comms_module *m) {
    cp_value made = m->kind->ops.copy ? m->kind->ops.copy(cp, m) : cp_create(cp, comms_name(m), NULL, 0);
    if (made == CP_THROWN) return NULL;
    if (!m->kind->ops.copy && comms_attributes_copy(cp, comms_value(m), made) == CP_THROWN) return NULL;
    return comms_module_of(cp, made);
}

/* ---- data ---- */

/* The pieces lie in one block of the collected heap: first the iovecs, behind them what keeps each alive. */
struct gathering {
    struct iovec *parts;
    cp_value *owners;
    size_t count, room, size;
};

static cp_value gather_one(cp_context *cp, struct gathering *g, cp_value item) {
    const char *bytes;
    size_t size;
    if (!cp_bytes_of(item, &bytes, &size) || cp_is_symbol(item))
        return cp_throw_type(cp, "the data to send", "String, Binary, Buffer or a List of them", item);
    if (size == 0) return CP_NIL;
    if (cp_is_buffer(item)) {
        char *copy = cp_try_alloc_atomic(cp, size);
        if (!copy) return CP_THROWN;
        bytes = memcpy(copy, bytes, size);
    }
    if (g->count == g->room) {
        size_t room = g->room ? 2 * g->room : 16;
        struct iovec *parts = cp_try_alloc(cp, room * (sizeof *parts + sizeof(cp_value)));
        if (!parts) return CP_THROWN;
        cp_value *owners = (cp_value *)(parts + room);
        if (g->count) {
            memcpy(parts, g->parts, g->count * sizeof *parts);
            memcpy(owners, g->owners, g->count * sizeof *owners);
        }
        g->parts = parts;
        g->owners = owners;
        g->room = room;
    }
    g->parts[g->count] = (struct iovec){(void *)(uintptr_t)bytes, size};
    g->owners[g->count++] = item;
    g->size += size;
    return CP_NIL;
}

static cp_value gather_list(cp_context *cp, struct gathering *g, cp_value list) {
    if (cp_check_stack(cp) == CP_THROWN) return CP_THROWN;
    for (size_t left = cp_list_length(list); left > 0; left--, list = cp_tail(list)) {
        cp_value item = cp_head(list);
        if ((cp_is_list(item) ? gather_list(cp, g, item) : gather_one(cp, g, item)) == CP_THROWN) return CP_THROWN;
    }
    return CP_NIL;
}

cp_value comms_gather(cp_context *cp, cp_value value, struct comms_data *data) {
    *data = (struct comms_data){.value = value};
    struct gathering g = {0};
    if (cp_is_list(value)) {
        if (gather_list(cp, &g, value) == CP_THROWN) return CP_THROWN;
        data->parts = g.parts;
        data->count = g.count;
        data->size = g.size;
        return CP_NIL;
    }
    g.parts = &data->single;
    g.owners = &data->value;
    g.room = 1;
    if (gather_one(cp, &g, value) == CP_THROWN) return CP_THROWN;
    data->parts = &data->single;
    data->count = g.count;
    data->size = g.size;
    return CP_NIL;
}

void comms_flatten(const struct comms_data *data, char *into) {
    for (size_t i = 0; i < data->count; i++) into = mempcpy(into, data->parts[i].iov_base, data->parts[i].iov_len);
}
