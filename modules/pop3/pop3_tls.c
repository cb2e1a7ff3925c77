/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_tls: whether mail must go encrypted, and how that begins: a Tls that is in the stack already, one that is put in
 * beneath the Util before the first word (implicit), or by STLS (RFC 2595). What was put in here is taken out again
 * at the end of the session. */
#include "modules/pop3/pop3.h"

#include "modules/comms/comms_peer.h"
#include "modules/comms/util.h"

/* ---- the layer ---- */

static struct comms_module *tls_in_stack(const struct pop3 *pop3) {
    for (struct comms_module *m = comms_below(&pop3->module); m != NULL; m = comms_below(m))
        if (strcmp(comms_name(m), "Tls") == 0) return m;
    return NULL;
}

cp_value pop3_tls_layer(cp_context *cp, struct pop3 *pop3) {
    struct comms_module *there = tls_in_stack(pop3);
    if (there != NULL) return comms_value(there);
    if (pop3->tls_layer != CP_NIL) return pop3->tls_layer;
    cp_value made = cp_create(cp, "Tls", NULL, 0);
    return made == CP_THROWN ? CP_THROWN : (pop3->tls_layer = made);
}

cp_value pop3_tls_get(cp_context *cp, cp_value self, const char *name) {
    struct pop3 *pop3 = pop3_of(cp, self);
    if (pop3->tls_layer == CP_NIL && tls_in_stack(pop3) == NULL)
        return CP_NIL; /* nothing was set: not loaded for that */
    return cp_send_z(cp, pop3_tls_layer(cp, pop3), name, NULL, 0);
}

cp_value pop3_tls_set(cp_context *cp, cp_value self, const char *name, cp_value value) {
    cp_value layer = pop3_tls_layer(cp, pop3_of(cp, self));
    if (layer == CP_THROWN) return CP_THROWN;
    return cp_send_z(cp, layer, name, &value, 1) == CP_THROWN ? CP_THROWN : value;
}

void pop3_tls_remove(cp_context *cp, struct pop3 *pop3) {
    cp_value inserted = pop3->tls_inserted;
    pop3->tls_inserted = CP_NIL;
    if (inserted != CP_NIL) comms_remove(cp, comms_module_of(cp, inserted));
}

/* ---- modes ---- */

static const char *const mode_names[] = {[POP3_TLS_DEFAULT] = "",
                                         [POP3_TLS_REQUIRED] = "required",
                                         [POP3_TLS_IMPLICIT] = "implicit",
                                         [POP3_TLS_OPPORTUNISTIC] = "opportunistic",
                                         [POP3_TLS_OFF] = "off"};

cp_value pop3_get_tls(cp_context *cp, cp_value self) {
    enum pop3_tls mode = pop3_of(cp, self)->tls;
    return mode == POP3_TLS_DEFAULT ? CP_NIL : cp_symbol_z(cp, mode_names[mode]);
}

cp_value pop3_set_tls(cp_context *cp, cp_value self, cp_value value) {
    enum pop3_tls mode = POP3_TLS_DEFAULT;
    if (value != CP_NIL) {
        const char *text = cp_text_z(cp, value);
        for (enum pop3_tls i = POP3_TLS_REQUIRED; i <= POP3_TLS_OFF; i++)
            if (strcmp(text, mode_names[i]) == 0) mode = i;
        if (mode == POP3_TLS_DEFAULT)
            return cp_throw(
                cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                "tls is required, implicit, opportunistic or off, or () for required away from loopback, not %s",
                cp_text_z(cp, cp_to_source(cp, value)));
    }
    pop3_of(cp, self)->tls = mode;
    return value;
}

/* Mail and passwords do not cross a network in clear unless somebody has said so. Layers without a peer (a script, a
 * local socket) are in the hands of who made them. */
static enum pop3_tls mode_now(cp_context *cp, const struct pop3 *pop3) {
    if (pop3->tls != POP3_TLS_DEFAULT) return pop3->tls;
    return comms_peer_is_local(cp, &pop3->module, pop3->peer) ? POP3_TLS_OFF : POP3_TLS_REQUIRED;
}

bool pop3_is_encrypted(cp_context *cp, const struct pop3 *pop3) {
    struct comms_security security;
    bool encrypted = comms_security(cp, &pop3->module, &security);
    explicit_bzero(&security, sizeof security);
    return encrypted;
}

/* ---- beginning ---- */

/* Puts the Tls in beneath the Util and lets it do its handshake. */
static cp_value encrypt(cp_context *cp, struct pop3 *pop3, cp_value layer) {
    struct comms_module *tls = comms_module_of(cp, layer), *util = comms_below(&pop3->module);
    if (tls == NULL) return cp_throw_type(cp, "the layer that encrypts", "Tls", layer);
    if (util == NULL || comms_insert_below(cp, util, tls) == CP_THROWN)
        return util == NULL ? cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this Pop3 is in no stack") : CP_THROWN;
    pop3->tls_inserted = layer;
    if (comms_connect(cp, tls) == CP_THROWN) return CP_THROWN;
    if (pop3_is_encrypted(cp, pop3)) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "a %s does not encrypt: give startTls a Tls", comms_name(tls));
}

/* Who sits in between could as well have taken STLS away: checking whom it is encrypted to would prove nothing. */
static cp_value encrypt_for_whomever(cp_context *cp, struct pop3 *pop3, cp_value layer) {
    cp_value before = cp_send_z(cp, layer, "verify", NULL, 0), nothing = CP_NIL;
    if (before == CP_THROWN || cp_send_z(cp, layer, "verify", &nothing, 1) == CP_THROWN) return CP_THROWN;
    cp_value result = encrypt(cp, pop3, layer);
    cp_value error = result == CP_THROWN ? cp_take_error(cp) : CP_NIL;
    if (cp_send_z(cp, layer, "verify", &before, 1) == CP_THROWN) return CP_THROWN;
    return error == CP_NIL ? result : cp_throw_value(cp, error);
}

static cp_value start_tls(cp_context *cp, struct pop3 *pop3, cp_value layer) {
    if (pop3_is_encrypted(cp, pop3))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the connection is encrypted already");
    if (pop3_client_in_transaction(pop3->client))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL,
                        "somebody is logged in, and encryption begins before that: set tls to required");
    if (pop3_client_offers(pop3->client, "STLS") == NULL)
        return cp_throw(
            cp, CP_ERROR_TLS, CP_TLS_NOT_OFFERED,
            "%s does not offer STLS, so nothing was sent: somebody in between may have taken it away. If the port is "
            "for encryption from the start (995), set tls to implicit; with tls off mail comes in clear",
            pop3->peer == CP_NIL ? "the server" : cp_text_z(cp, pop3->peer));
    if (layer == CP_NIL) layer = pop3_tls_layer(cp, pop3);
    if (layer == CP_THROWN || pop3_run(cp, pop3, POP3_STLS, 0, 0, NULL, NULL) == CP_THROWN) return CP_THROWN;
    if (!pop3->ok) return pop3_throw_reply(cp, pop3, "the server does not begin to encrypt");
    pop3->ready = false;
    pop3->capabilities = CP_NIL;
    /* What came behind the answer is looked at before the handshake: it must not be taken for what came after it. */
    if (pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    struct comms_util *util = comms_util_below(cp, &pop3->module);
    size_t early = 0;
    if (util == NULL) return CP_THROWN;
    comms_util_peek(util, &early);
    cp_value result = CP_THROWN;
    if (early > 0)
        cp_throw_value(cp,
                       pop3_error(cp, CP_ERROR_POP3, POP3_ERROR_PROTOCOL,
                                  cp_string_z(cp, "the server has sent something in clear behind its answer to STLS"),
                                  CP_NIL));
    else
        result = mode_now(cp, pop3) == POP3_TLS_OPPORTUNISTIC ? encrypt_for_whomever(cp, pop3, layer)
                                                              : encrypt(cp, pop3, layer);
    if (result == CP_THROWN) {
        cp_value error = cp_take_error(cp);
        pop3_abandon(cp, pop3, cp_text_z(cp, cp_error_text_of(error)));
        return cp_throw_value(cp, error);
    }
    util = comms_util_below(cp, &pop3->module);
    if (util == NULL) return CP_THROWN;
    comms_util_forget(util);
    if (pop3_client_encrypted(pop3->client) != POP3_OK) return cp_throw_value(cp, pop3_failure_error(cp, pop3));
    pop3->ready = true;
    pop3->deadline = 0;
    return pop3_learn(cp, pop3);
}

cp_value pop3_tls_before_greeting(cp_context *cp, struct pop3 *pop3) {
    if (mode_now(cp, pop3) != POP3_TLS_IMPLICIT || pop3_is_encrypted(cp, pop3)) return CP_NIL;
    cp_value layer = pop3_tls_layer(cp, pop3);
    return layer == CP_THROWN ? CP_THROWN : encrypt(cp, pop3, layer);
}

cp_value pop3_tls_after_greeting(cp_context *cp, struct pop3 *pop3) {
    enum pop3_tls mode = mode_now(cp, pop3);
    if (mode == POP3_TLS_OFF || pop3_is_encrypted(cp, pop3)) return CP_NIL;
    if (mode == POP3_TLS_OPPORTUNISTIC && pop3_client_offers(pop3->client, "STLS") == NULL) return CP_NIL;
    return start_tls(cp, pop3, CP_NIL);
}

/* ---- method ---- */

cp_value pop3_method_start_tls(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    if (pop3_enter(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = pop3_need_connection(cp, pop3);
    if (result != CP_THROWN) result = start_tls(cp, pop3, arguments[0]);
    return pop3_finish(cp, pop3, result);
}
