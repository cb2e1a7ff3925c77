/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_peer: who is at the other end, as far as the layers beneath a client know it. */
#include "modules/comms/comms_peer.h"

#include <arpa/inet.h>

cp_value comms_property_below(cp_context *cp, struct comms_module *m, const char *name) {
    if (m->below == CP_NIL) return CP_NIL;
    cp_value symbol = cp_symbol_z(cp, name), value = comms_method_get(cp, m->below, &symbol, 1);
    if (value != CP_THROWN) return value;
    cp_take_error(cp);
    return CP_NIL;
}

cp_value comms_text_below(cp_context *cp, struct comms_module *m, const char *name) {
    cp_value value = comms_property_below(cp, m, name);
    return cp_is_string(value) && cp_string_size(value) > 0 ? value : CP_NIL;
}

bool comms_bare_address(const char *text, char *out, size_t room, bool *six) {
    const char *end = NULL;
    if (*text == '[') end = strchr(++text, ']');
    else if (strchr(text, ':') == strrchr(text, ':')) end = strchr(text, ':');
    size_t size = end != NULL ? (size_t)(end - text) : strlen(text);
    if (size >= room) return false;
    memcpy(out, text, size);
    out[size] = '\0';
    unsigned char binary[16];
    *six = strchr(out, ':') != NULL;
    return inet_pton(*six ? AF_INET6 : AF_INET, out, binary) == 1;
}

static bool is_loopback(const char *peer) {
    char text[INET6_ADDRSTRLEN + 1];
    bool six;
    if (!comms_bare_address(peer, text, sizeof text, &six)) return false;
    if (!six) return strncmp(text, "127.", 4) == 0;
    struct in6_addr address;
    inet_pton(AF_INET6, text, &address);
    return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

bool comms_peer_is_local(cp_context *cp, const struct comms_module *m, cp_value peer) {
    /* The peer of the transport is the proxy then, and that may well be on this machine. */
    for (m = comms_below(m); m != NULL; m = comms_below(m)) {
        if (strcmp(comms_name(m), "Proxy") != 0) continue;
        cp_value host = cp_send_z(cp, comms_value(m), "host", NULL, 0);
        if (host == CP_THROWN) cp_take_error(cp);
        return cp_is_string(host) && is_loopback(cp_text_z(cp, host));
    }
    return peer == CP_NIL || is_loopback(cp_text_z(cp, peer));
}
