/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * util_buffer.c: Util's bytes: the read buffer, parity, rate, inactivity.
 */
#include "util_private.h"

enum { FIRST_CAPACITY = 4096, ROOM_WANTED = 2048, SLICES_A_SECOND = 20 };

/* ---- parity ---- */

static bool is_odd(unsigned char c) { return __builtin_parity(c); }

static void write_parity(enum parity parity, unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        bytes[i] &= 0x7f;
        if (parity != PARITY_STRIP && is_odd(bytes[i]) != (parity == PARITY_ODD)) bytes[i] |= 0x80;
    }
}

/* CP_THROWN at a byte of the other parity. */
static cp_value read_parity(cp_context *cp, enum parity parity, unsigned char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (parity != PARITY_STRIP && is_odd(bytes[i]) != (parity == PARITY_ODD))
            return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_RECEIVE,
                            "received the byte %02x, which is not of %s parity", bytes[i],
                            parity == PARITY_ODD ? "odd" : "even");
        bytes[i] &= 0x7f;
    }
    return CP_NIL;
}

/* ---- rate ---- */

/* How much may pass at once. */
static size_t slice(const struct comms_util *util, size_t size) {
    if (!util->max_rate) return size;
    size_t most = (size_t)util->max_rate / SLICES_A_SECOND;
    if (most == 0) most = 1;
    return size < most ? size : most;
}

/* Waits until the next slice may pass, or the deadline is over: then 6.1. */
static cp_value rate_wait(cp_context *cp, const double *free, int64_t deadline) {
    for (;;) {
        double ahead = *free - (double)cp_now(cp);
        if (ahead <= 0) return CP_NIL;
        int64_t pause = (int64_t)ahead + 1, left = comms_left(cp, deadline);
        if (left == 0)
            return cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT,
                            "nothing could be received in time at Util's maxRate");
        if (left > 0 && left < pause) pause = left;
        if (cp_sleep(cp, pause) == CP_WAIT_CANCELLED) return CP_THROWN;
    }
}

static void rate_passed(cp_context *cp, const struct comms_util *util, double *free, size_t size) {
    if (!util->max_rate) return;
    double now = (double)cp_now(cp);
    if (*free < now) *free = now;
    *free += (double)size * 1000 / (double)util->max_rate;
}

/* ---- inactivity ---- */

static cp_value inactive(cp_context *cp, struct comms_util *util) {
    cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_TIMEOUT,
             "disconnected, because nothing was sent or received for %lld ms", (long long)util->inactivity_timeout);
    return comms_close_thrown(cp, &util->module);
}

/* Milliseconds until the connection counts as inactive; -1 for never. */
static int64_t until_inactive(cp_context *cp, const struct comms_util *util) {
    if (util->inactivity_timeout < 0 || !util->module.counters.connected) return -1;
    const struct comms_module *below = comms_below(&util->module);
    const struct comms_counters *c = below ? &below->counters : &util->module.counters;
    int64_t last = c->started > c->time_sent ? c->started : c->time_sent;
    if (c->time_received > last) last = c->time_received;
    int64_t left = last + util->inactivity_timeout - cp_now(cp);
    return left > 0 ? left : 0;
}

/* ---- traffic groups ---- */

cp_value util_group(cp_context *cp, cp_value name) {
    cp_value groups = comms_state(cp)->groups, info = cp_table_get(cp, groups, name);
    if (info != CP_UNSET) return info;
    static const struct comms_counters none;
    info = comms_info_new(cp, &none);
    comms_info_count(cp, info, 0, 0);
    return cp_table_set(cp, groups, name, info) == CP_THROWN ? CP_THROWN : info;
}

static cp_value count_in_group(cp_context *cp, const struct comms_util *util, size_t sent, size_t received) {
    if (CP_LIKELY(util->traffic_group == CP_NIL)) return CP_NIL;
    cp_value info = util_group(cp, util->traffic_group);
    if (info != CP_THROWN) comms_info_count(cp, info, sent, received);
    return info;
}

/* ---- from and to beneath ---- */

/* Whether the Error on its way is 6.1; it goes on. */
static bool timed_out(cp_context *cp) {
    cp_value error = cp_take_error(cp);
    bool is = cp_error_class_of(error) == CP_ERROR_COMMUNICATIONS && cp_error_code_of(error) == CP_COMM_TIMEOUT;
    cp_throw_value(cp, error);
    return is;
}

/* Waits for bytes until the deadline or until the connection counts as inactive, which something sent meanwhile puts
   off. */
static int64_t read_active(cp_context *cp, struct comms_util *util, void *into, size_t room, int64_t deadline) {
    for (;;) {
        int64_t quiet = until_inactive(cp, util), left = comms_left(cp, deadline);
        if (quiet == 0) return inactive(cp, util), -1;
        bool watched = quiet > 0 && (left < 0 || quiet < left);
        int64_t size = comms_receive_below(cp, &util->module, into, room, watched ? quiet : left);
        if (size > 0 || !watched || !timed_out(cp)) return size;
        cp_take_error(cp); /* of the time that Util has set, not of the caller's */
    }
}

int64_t util_read(cp_context *cp, struct comms_util *util, void *into, size_t room, int64_t timeout) {
    int64_t size;
    if (CP_LIKELY(util->inactivity_timeout < 0 && !util->max_rate))
        size = comms_receive_below(cp, &util->module, into, room, timeout);
    else {
        int64_t deadline = comms_deadline(cp, timeout);
        if (util->max_rate && rate_wait(cp, &util->receive_free, deadline) == CP_THROWN) return -1;
        size = read_active(cp, util, into, slice(util, room), deadline);
    }
    if (size < 0) return -1;
    rate_passed(cp, util, &util->receive_free, (size_t)size);
    if (count_in_group(cp, util, 0, (size_t)size) == CP_THROWN) return -1;
    if (util->read_parity != PARITY_PRESERVE && read_parity(cp, util->read_parity, into, (size_t)size) == CP_THROWN)
        return -1;
    return size;
}

/* In slices of the rate, from one piece of memory. */
static cp_value write_slowly(cp_context *cp, struct comms_util *util, const struct comms_data *data) {
    for (size_t done = 0; done < data->size;) {
        if (rate_wait(cp, &util->send_free, -1) == CP_THROWN) return CP_THROWN;
        size_t size = slice(util, data->size - done);
        struct comms_data part = {.count = 1,
                                  .size = size,
                                  .value = CP_UNSET,
                                  .secret = data->secret,
                                  .timeout = data->timeout,
                                  .single = {(char *)data->parts[0].iov_base + done, size}};
        part.parts = &part.single;
        if (comms_send_data_below(cp, &util->module, &part) == CP_THROWN) return CP_THROWN;
        rate_passed(cp, util, &util->send_free, size);
        done += size;
    }
    return CP_NIL;
}

cp_value util_write(cp_context *cp, struct comms_util *util, const struct comms_data *data) {
    if (until_inactive(cp, util) == 0) return inactive(cp, util);
    cp_value result;
    if (CP_LIKELY(util->write_parity == PARITY_PRESERVE && !util->max_rate))
        result = comms_send_data_below(cp, &util->module, data);
    else {
        char *bytes = cp_try_alloc_atomic(cp, data->size);
        if (!bytes) return CP_THROWN;
        comms_flatten(data, bytes);
        if (util->write_parity != PARITY_PRESERVE) write_parity(util->write_parity, (unsigned char *)bytes, data->size);
        struct comms_data flat = *data;
        flat.single = (struct iovec){bytes, data->size};
        flat.parts = &flat.single;
        flat.count = 1;
        flat.value = CP_UNSET;
        result = util->max_rate ? write_slowly(cp, util, &flat) : comms_send_data_below(cp, &util->module, &flat);
    }
    if (result == CP_THROWN) return CP_THROWN;
    return count_in_group(cp, util, data->size, 0) == CP_THROWN ? CP_THROWN : result;
}

/* ---- the buffer ---- */

struct comms_util *comms_util_below(cp_context *cp, struct comms_module *m) {
    struct comms_module *below = comms_below(m);
    if (below && below->kind == &util_kind) return (struct comms_util *)below;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "%s stands directly on a Util, and here is none", comms_name(m));
    return NULL;
}

const char *comms_util_peek(const struct comms_util *util, size_t *size) {
    *size = util_unread(util);
    return util->data ? util->data + util->start : "";
}

static void drop(struct comms_util *util, size_t size) {
    util->start += size < util_unread(util) ? size : util_unread(util);
    if (util->start == util->end && !util->filling) util->start = util->end = 0;
}

void comms_util_consume(struct comms_util *util, size_t size) {
    if (size > util_unread(util)) size = util_unread(util);
    util->module.counters.bytes_received += (int64_t)size;
    drop(util, size);
}

void comms_util_forget(struct comms_util *util) { drop(util, SIZE_MAX); }

/* Room for `size` more bytes at the end, with `before` in front. Moves the bytes, so nobody may be filling. */
static bool make_room(cp_context *cp, struct comms_util *util, size_t before, size_t size) {
    size_t length = util_unread(util);
    if (util->start >= before && util->capacity - util->end >= size) return true;
    if (before + length + size > util->capacity) {
        size_t capacity = util->capacity ? util->capacity : FIRST_CAPACITY;
        while (capacity < before + length + size) {
            if (capacity > SIZE_MAX / 4)
                return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "Util's buffer is too large"), false;
            capacity *= 2;
        }
        char *data = cp_try_alloc_atomic(cp, capacity);
        if (!data) return false;
        if (length) memcpy(data + before, util->data + util->start, length);
        util->data = data;
        util->capacity = capacity;
    } else if (length) memmove(util->data + before, util->data + util->start, length);
    util->start = before;
    util->end = before + length;
    return true;
}

static cp_value busy(cp_context *cp) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "another thread is receiving from this Util");
}

int64_t comms_util_fill(cp_context *cp, struct comms_util *util, int64_t timeout) {
    if (util->filling) return busy(cp), -1;
    size_t unread = util_unread(util);
    if (unread >= (size_t)util->buffer_limit) {
        cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_RECEIVE,
                 "what was looked for is not in the first %zu bytes (Util's bufferLimit)", unread);
        return -1;
    }
    /* A buffer that is being filled to the brim is grown, so that fast peers cost few calls. */
    size_t wanted = util->capacity - util->end >= ROOM_WANTED || unread == 0 ? ROOM_WANTED : util->capacity / 2;
    if (!make_room(cp, util, 0, wanted > ROOM_WANTED ? wanted : ROOM_WANTED)) return -1;
    size_t room = util->capacity - util->end;
    if (room > (size_t)util->buffer_limit - unread) room = (size_t)util->buffer_limit - unread;
    util->filling = true;
    int64_t size = util_read(cp, util, util->data + util->end, room, timeout);
    util->filling = false;
    if (size > 0) util->end += (size_t)size;
    return size;
}

cp_value util_unread_bytes(cp_context *cp, struct comms_util *util, const void *bytes, size_t size) {
    if (util->filling) return busy(cp);
    if (size == 0) return CP_NIL;
    char *copy = NULL;
    if (util->start < size) { /* the bytes may be the buffer's own, which is about to move */
        copy = cp_try_alloc_atomic(cp, size);
        if (!copy) return CP_THROWN;
        bytes = memcpy(copy, bytes, size);
    }
    if (!make_room(cp, util, size, 0)) return CP_THROWN;
    util->start -= size;
    memmove(util->data + util->start, bytes, size);
    return CP_NIL;
}

void util_handed_up(cp_context *cp, struct comms_util *util, const char *bytes, size_t size) {
    struct comms_module *m = &util->module;
    m->counters.packets_received++;
    m->counters.time_received = cp_now(cp);
    if (CP_UNLIKELY(m->log != CP_NIL)) comms_log_received(cp, m, bytes, size);
}

int64_t util_find(cp_context *cp, struct comms_util *util, const char *text, size_t size, int64_t timeout,
                  size_t limit) {
    int64_t deadline = -2; /* reckoned at the first wait */
    size_t searched = 0;
    for (;;) {
        size_t unread = util_unread(util);
        const char *from = util->data + util->start;
        const char *at = unread - searched < size ? NULL : memmem(from + searched, unread - searched, text, size);
        if (at && (size_t)(at - from) + size <= limit) return at - from;
        if (at || unread >= limit) {
            cp_throw(cp, CP_ERROR_COMMUNICATIONS, CP_COMM_RECEIVE, "what was looked for is not in the first %zu bytes",
                     limit);
            return -1;
        }
        searched = unread < size ? 0 : unread - size + 1; /* it may have begun to come */
        if (deadline == -2) deadline = comms_deadline(cp, timeout);
        if (comms_util_fill(cp, util, comms_left(cp, deadline)) < 0) return -1;
    }
}

const char *comms_util_line(cp_context *cp, struct comms_util *util, int64_t timeout, size_t limit, size_t *size) {
    int64_t length = util_find(cp, util, "\n", 1, timeout, limit ? limit : SIZE_MAX);
    if (length < 0) return NULL;
    const char *line = util->data + util->start;
    *size = (size_t)length;
    if (length > 0 && line[length - 1] == '\r') --*size;
    util_handed_up(cp, util, line, (size_t)length + 1);
    comms_util_consume(util, (size_t)length + 1);
    return line;
}
