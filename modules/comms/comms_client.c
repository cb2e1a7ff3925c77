/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_client: the encryption of a client's connection: a Tls that is in the stack already, or one that is put in
 * beneath the Util, and taken out again at the end of the session. */
#include "modules/comms/comms_client.h"

#include "modules/comms/comms_peer.h"

/* ---- the layer ---- */

static struct comms_module *tls_in_stack(const struct comms_client *client) {
    for (struct comms_module *m = comms_below(&client->module); m != NULL; m = comms_below(m))
        if (strcmp(comms_name(m), "Tls") == 0) return m;
    return NULL;
}

cp_value comms_client_tls_layer(cp_context *cp, struct comms_client *client) {
    struct comms_module *there = tls_in_stack(client);
    if (there != NULL) return comms_value(there);
    if (client->tls_layer != CP_NIL) return client->tls_layer;
    cp_value made = cp_create(cp, "Tls", NULL, 0);
    return made == CP_THROWN ? CP_THROWN : (client->tls_layer = made);
}

cp_value comms_client_get_tls_layer(cp_context *cp, cp_value self) {
    return comms_client_tls_layer(cp, comms_client_of(cp, self));
}

static cp_value get_of_layer(cp_context *cp, cp_value self, const char *name) {
    struct comms_client *client = comms_client_of(cp, self);
    if (client->tls_layer == CP_NIL && tls_in_stack(client) == NULL)
        return CP_NIL; /* nothing was set: not loaded for that */
    return cp_send_z(cp, comms_client_tls_layer(cp, client), name, NULL, 0);
}

static cp_value set_of_layer(cp_context *cp, cp_value self, const char *name, cp_value value) {
    cp_value layer = comms_client_tls_layer(cp, comms_client_of(cp, self));
    if (layer == CP_THROWN) return CP_THROWN;
    return cp_send_z(cp, layer, name, &value, 1) == CP_THROWN ? CP_THROWN : value;
}

#define OF_LAYER(name, property)                                                                                       \
    cp_value comms_client_get_##name(cp_context *cp, cp_value self) { return get_of_layer(cp, self, property); }       \
    cp_value comms_client_set_##name(cp_context *cp, cp_value self, cp_value value) {                                  \
        return set_of_layer(cp, self, property, value);                                                                \
    }
OF_LAYER(ca_file, "caFile")
OF_LAYER(certificate, "certificate")
OF_LAYER(key, "key")
OF_LAYER(server_name, "serverName")
OF_LAYER(pin, "pin")
OF_LAYER(min_version, "minVersion")

void comms_client_tls_remove(cp_context *cp, struct comms_client *client) {
    cp_value inserted = client->tls_inserted;
    client->tls_inserted = CP_NIL;
    if (inserted != CP_NIL) comms_remove(cp, comms_module_of(cp, inserted));
}

/* ---- modes ---- */

static const char *const mode_names[] = {[COMMS_TLS_DEFAULT] = "",
                                         [COMMS_TLS_REQUIRED] = "required",
                                         [COMMS_TLS_IMPLICIT] = "implicit",
                                         [COMMS_TLS_OPPORTUNISTIC] = "opportunistic",
                                         [COMMS_TLS_OFF] = "off"};

cp_value comms_client_get_tls(cp_context *cp, cp_value self) {
    enum comms_tls mode = comms_client_of(cp, self)->tls;
    return mode == COMMS_TLS_DEFAULT ? CP_NIL : cp_symbol_z(cp, mode_names[mode]);
}

cp_value comms_client_set_tls(cp_context *cp, cp_value self, cp_value value) {
    enum comms_tls mode = COMMS_TLS_DEFAULT;
    if (value != CP_NIL) {
        const char *text = cp_text_z(cp, value);
        for (enum comms_tls i = COMMS_TLS_REQUIRED; i <= COMMS_TLS_OFF; i++)
            if (strcmp(text, mode_names[i]) == 0) mode = i;
        if (mode == COMMS_TLS_DEFAULT)
            return cp_throw(
                cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                "tls is required, implicit, opportunistic or off, or () for required away from loopback, not %s",
                cp_text_z(cp, cp_to_source(cp, value)));
    }
    comms_client_of(cp, self)->tls = mode;
    return value;
}

/* Mail and passwords do not leave the machine in clear unless somebody has said so. Layers without a peer (a script, a
 * local socket) are in the hands of who made them. */
enum comms_tls comms_client_tls_mode(cp_context *cp, const struct comms_client *client) {
    if (client->tls != COMMS_TLS_DEFAULT) return client->tls;
    return comms_peer_is_local(cp, &client->module, client->peer) ? COMMS_TLS_OFF : COMMS_TLS_REQUIRED;
}

bool comms_client_is_encrypted(cp_context *cp, const struct comms_client *client) {
    struct comms_security security;
    bool encrypted = comms_security(cp, &client->module, &security);
    explicit_bzero(&security, sizeof security);
    return encrypted;
}

/* ---- beginning ---- */

static cp_value encrypt(cp_context *cp, struct comms_client *client, cp_value layer) {
    struct comms_module *tls = comms_module_of(cp, layer), *util = comms_below(&client->module);
    if (tls == NULL) return cp_throw_type(cp, "the layer that encrypts", "Tls", layer);
    if (util == NULL)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this %s is in no stack", comms_name(&client->module));
    if (comms_insert_below(cp, util, tls) == CP_THROWN) return CP_THROWN;
    client->tls_inserted = layer;
    if (comms_connect(cp, tls) == CP_THROWN) return CP_THROWN;
    if (comms_client_is_encrypted(cp, client)) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "a %s does not encrypt: give startTls a Tls", comms_name(tls));
}

/* Who sits in between could as well have taken the offer of encryption away: checking whom it is encrypted to would
 * prove nothing. */
static cp_value encrypt_for_whomever(cp_context *cp, struct comms_client *client, cp_value layer) {
    cp_value before = cp_send_z(cp, layer, "verify", NULL, 0), nothing = CP_NIL;
    if (before == CP_THROWN || cp_send_z(cp, layer, "verify", &nothing, 1) == CP_THROWN) return CP_THROWN;
    cp_value result = encrypt(cp, client, layer);
    cp_value error = result == CP_THROWN ? cp_take_error(cp) : CP_NIL;
    if (cp_send_z(cp, layer, "verify", &before, 1) == CP_THROWN) return CP_THROWN;
    return error == CP_NIL ? result : cp_throw_value(cp, error);
}

cp_value comms_client_encrypt(cp_context *cp, struct comms_client *client, cp_value layer) {
    bool whomever = comms_client_tls_mode(cp, client) == COMMS_TLS_OPPORTUNISTIC;
    return whomever ? encrypt_for_whomever(cp, client, layer) : encrypt(cp, client, layer);
}

cp_value comms_client_encrypt_first(cp_context *cp, struct comms_client *client) {
    if (comms_client_tls_mode(cp, client) != COMMS_TLS_IMPLICIT || comms_client_is_encrypted(cp, client)) return CP_NIL;
    cp_value layer = comms_client_tls_layer(cp, client);
    return layer == CP_THROWN ? CP_THROWN : encrypt(cp, client, layer);
}

/* ---- what no client does ---- */

cp_value comms_client_refuse_bind(cp_context *cp, struct comms_module *m) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "%s is a client: it takes no connections", comms_name(m));
}

cp_value comms_client_refuse_listen(cp_context *cp, struct comms_module *m, int backlog) {
    (void)backlog;
    return comms_client_refuse_bind(cp, m);
}

cp_value comms_client_refuse_accept(cp_context *cp, struct comms_module *m, int64_t timeout) {
    (void)timeout;
    return comms_client_refuse_bind(cp, m);
}
