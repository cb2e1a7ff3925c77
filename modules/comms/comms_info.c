/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms_info.c: class CommsInfo: the state and the counters of a module, a stack or a traffic group at one moment.
 */
#include "comms_private.h"

struct comms_info {
    cp_object header;
    struct comms_counters counters;
    int64_t now; /* the moment it tells of; 0: it goes on, as a traffic group's does */
};

static inline struct comms_info *info_of(cp_value v) { return (struct comms_info *)cp_object_of(v); }
static inline const struct comms_counters *counters_of(cp_value v) { return &info_of(v)->counters; }

cp_value comms_info_new(cp_context *cp, const struct comms_counters *counters) {
    cp_value info = cp_new(cp, comms_state(cp)->info_class);
    info_of(info)->counters = *counters;
    info_of(info)->now = cp_now(cp);
    return info;
}

void comms_info_count(cp_context *cp, cp_value info, size_t sent, size_t received) {
    struct comms_counters *c = &info_of(info)->counters;
    info_of(info)->now = 0;
    c->bytes_sent += (int64_t)sent;
    c->bytes_received += (int64_t)received;
    if (sent) c->packets_sent++, c->time_sent = cp_now(cp);
    if (received) c->packets_received++, c->time_received = cp_now(cp);
}

void comms_info_reset(cp_context *cp, cp_value info) {
    info_of(info)->counters = (struct comms_counters){.started = cp_now(cp)};
}

/* ---- properties ---- */

#define FLAG(name, expression)                                                                                         \
    static cp_value name(cp_context *cp, cp_value self) {                                                              \
        const struct comms_counters *c = counters_of(self);                                                            \
        return comms_truth(cp, expression);                                                                            \
    }
FLAG(get_connecting, c->connecting)
FLAG(get_connected, c->connected && !c->ended && !c->disconnecting)
FLAG(get_disconnecting, c->disconnecting)
FLAG(get_listening, c->listening)
FLAG(get_bound, c->bound)

#define COUNT(name, field)                                                                                             \
    static cp_value name(cp_context *cp, cp_value self) { return cp_integer(cp, counters_of(self)->field); }
COUNT(get_bytes_sent, bytes_sent)
COUNT(get_bytes_received, bytes_received)
COUNT(get_packets_sent, packets_sent)
COUNT(get_packets_received, packets_received)

/* Seconds from then to the info's moment; () for never. */
static cp_value since(cp_context *cp, cp_value self, int64_t then) {
    int64_t now = info_of(self)->now ? info_of(self)->now : cp_now(cp);
    return then ? cp_real((double)(now - then) / 1000) : CP_NIL;
}
static cp_value get_time_since_sent(cp_context *cp, cp_value self) { return since(cp, self, counters_of(self)->time_sent); }
static cp_value get_time_since_received(cp_context *cp, cp_value self) {
    return since(cp, self, counters_of(self)->time_received);
}
static cp_value get_idle(cp_context *cp, cp_value self) {
    const struct comms_counters *c = counters_of(self);
    int64_t last = c->time_sent > c->time_received ? c->time_sent : c->time_received;
    return since(cp, self, last > c->started ? last : c->started);
}

#define READ_ONLY(name, type, get, doc)                                                                                \
    { name, type, CP_READ_ONLY, NULL, get, NULL, doc }

static const cp_property_def properties[] = {
    READ_ONLY("isConnecting", "Symbol", get_connecting, "true while a connection is being made, else ()."),
    READ_ONLY("isConnected", "Symbol", get_connected, "true when connected and the peer has not closed, else ()."),
    READ_ONLY("isDisconnecting", "Symbol", get_disconnecting, "true while the connection is being ended, else ()."),
    READ_ONLY("isListening", "Symbol", get_listening, "true when connections can be accepted, else ()."),
    READ_ONLY("isBound", "Symbol", get_bound, "true when the local address has been taken, else ()."),
    READ_ONLY("bytesSent", "Integer", get_bytes_sent, "Bytes sent since the connection was made."),
    READ_ONLY("bytesReceived", "Integer", get_bytes_received, "Bytes received since the connection was made."),
    READ_ONLY("packetsSent", "Integer", get_packets_sent, "How often something was sent."),
    READ_ONLY("packetsReceived", "Integer", get_packets_received, "How often something was received."),
    READ_ONLY("timeSinceSent", "Real", get_time_since_sent, "Seconds since something was sent; () if nothing ever was."),
    READ_ONLY("timeSinceReceived", "Real", get_time_since_received,
              "Seconds since something was received; () if nothing ever was."),
    READ_ONLY("idle", "Real", get_idle,
              "Seconds since anything was sent or received, or since the connection was made; () if it never was."),
    {0},
};

const cp_class_def comms_info_class = {
    .name = "CommsInfo",
    .doc = "The state and the counters of a module, a stack or a traffic group, as they were when it was asked for; a "
           "traffic group's goes on counting.",
    .size = sizeof(struct comms_info),
    .flags = CP_CLASS_NOT_CREATABLE,
    .major = 1,
    .properties = properties,
};
