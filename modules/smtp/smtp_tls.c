/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_tls: whether mail must go encrypted, and how that begins: a Tls that is in the stack already, one that is put in
 * beneath the Util before the first word (implicit), or by STARTTLS (RFC 3207). What was put in here is taken out again
 * at the end of the session. */
#include "modules/smtp/smtp.h"

#include "modules/comms/util.h"

/* ---- the layer ---- */

static struct comms_module *tls_in_stack(const struct smtp *smtp) {
    for (struct comms_module *m = comms_below(&smtp->module); m != NULL; m = comms_below(m))
        if (strcmp(comms_name(m), "Tls") == 0) return m;
    return NULL;
}

cp_value smtp_tls_layer(cp_context *cp, struct smtp *smtp) {
    struct comms_module *there = tls_in_stack(smtp);
    if (there != NULL) return comms_value(there);
    if (smtp->tls_layer != CP_NIL) return smtp->tls_layer;
    cp_value made = cp_create(cp, "Tls", NULL, 0);
    return made == CP_THROWN ? CP_THROWN : (smtp->tls_layer = made);
}

cp_value smtp_tls_get(cp_context *cp, cp_value self, const char *name) {
    struct smtp *smtp = smtp_of(cp, self);
    if (smtp->tls_layer == CP_NIL && tls_in_stack(smtp) == NULL)
        return CP_NIL; /* nothing was set: not loaded for that */
    return cp_send_z(cp, smtp_tls_layer(cp, smtp), name, NULL, 0);
}

cp_value smtp_tls_set(cp_context *cp, cp_value self, const char *name, cp_value value) {
    cp_value layer = smtp_tls_layer(cp, smtp_of(cp, self));
    if (layer == CP_THROWN) return CP_THROWN;
    return cp_send_z(cp, layer, name, &value, 1) == CP_THROWN ? CP_THROWN : value;
}

void smtp_tls_remove(cp_context *cp, struct smtp *smtp) {
    cp_value inserted = smtp->tls_inserted;
    smtp->tls_inserted = CP_NIL;
    if (inserted != CP_NIL) comms_remove(cp, comms_module_of(cp, inserted));
}

/* ---- modes ---- */

static const char *const mode_names[] = {[SMTP_TLS_DEFAULT] = "",
                                         [SMTP_TLS_REQUIRED] = "required",
                                         [SMTP_TLS_IMPLICIT] = "implicit",
                                         [SMTP_TLS_OPPORTUNISTIC] = "opportunistic",
                                         [SMTP_TLS_OFF] = "off"};

cp_value smtp_get_tls(cp_context *cp, cp_value self) {
    enum smtp_tls mode = smtp_of(cp, self)->tls;
    return mode == SMTP_TLS_DEFAULT ? CP_NIL : cp_symbol_z(cp, mode_names[mode]);
}

cp_value smtp_set_tls(cp_context *cp, cp_value self, cp_value value) {
    enum smtp_tls mode = SMTP_TLS_DEFAULT;
    if (value != CP_NIL) {
        const char *text = cp_text_z(cp, value);
        for (enum smtp_tls i = SMTP_TLS_REQUIRED; i <= SMTP_TLS_OFF; i++)
            if (strcmp(text, mode_names[i]) == 0) mode = i;
        if (mode == SMTP_TLS_DEFAULT)
            return cp_throw(
                cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                "tls is required, implicit, opportunistic or off, or () for required away from loopback, not %s",
                cp_text_z(cp, cp_to_source(cp, value)));
    }
    smtp_of(cp, self)->tls = mode;
    return value;
}

/* Mail does not leave the machine in clear unless somebody has said so. Layers without a peer (a script, a local
 * socket) are in the hands of who made them. */
static enum smtp_tls mode_now(cp_context *cp, const struct smtp *smtp) {
    if (smtp->tls != SMTP_TLS_DEFAULT) return smtp->tls;
    return smtp_peer_is_local(cp, smtp) ? SMTP_TLS_OFF : SMTP_TLS_REQUIRED;
}

bool smtp_is_encrypted(cp_context *cp, const struct smtp *smtp) {
    struct comms_security security;
    bool encrypted = comms_security(cp, &smtp->module, &security);
    explicit_bzero(&security, sizeof security);
    return encrypted;
}

/* ---- beginning ---- */

/* Puts the Tls in beneath the Util and lets it do its handshake. */
static cp_value encrypt(cp_context *cp, struct smtp *smtp, cp_value layer) {
    struct comms_module *tls = comms_module_of(cp, layer), *util = comms_below(&smtp->module);
    if (tls == NULL) return cp_throw_type(cp, "the layer that encrypts", "Tls", layer);
    if (util == NULL || comms_insert_below(cp, util, tls) == CP_THROWN)
        return util == NULL ? cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "this Smtp is in no stack") : CP_THROWN;
    smtp->tls_inserted = layer;
    if (comms_connect(cp, tls) == CP_THROWN) return CP_THROWN;
    if (smtp_is_encrypted(cp, smtp)) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "a %s does not encrypt: give startTls a Tls", comms_name(tls));
}

/* Who sits in between could as well have taken STARTTLS away: checking whom it is encrypted to would prove nothing. */
static cp_value encrypt_for_whomever(cp_context *cp, struct smtp *smtp, cp_value layer) {
    cp_value before = cp_send_z(cp, layer, "verify", NULL, 0), nothing = CP_NIL;
    if (before == CP_THROWN || cp_send_z(cp, layer, "verify", &nothing, 1) == CP_THROWN) return CP_THROWN;
    cp_value result = encrypt(cp, smtp, layer);
    cp_value error = result == CP_THROWN ? cp_take_error(cp) : CP_NIL;
    if (cp_send_z(cp, layer, "verify", &before, 1) == CP_THROWN) return CP_THROWN;
    return error == CP_NIL ? result : cp_throw_value(cp, error);
}

cp_value smtp_start_tls(cp_context *cp, struct smtp *smtp, cp_value layer) {
    if (smtp_is_encrypted(cp, smtp))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the connection is encrypted already");
    if (!smtp_capabilities_has(smtp_client_capabilities(smtp->client), SMTP_CAPABILITY_STARTTLS))
        return cp_throw(
            cp, CP_ERROR_TLS, CP_TLS_NOT_OFFERED,
            "%s does not offer STARTTLS, so nothing was sent: somebody in between may have taken it away. If the "
            "port is for encryption from the start (465), set tls to implicit; with tls off mail goes in clear",
            smtp->peer == CP_NIL ? "the server" : cp_text_z(cp, smtp->peer));
    if (layer == CP_NIL) layer = smtp_tls_layer(cp, smtp);
    if (layer == CP_THROWN || smtp_await_answer(cp, smtp, smtp_client_start_tls(smtp->client)) == CP_THROWN)
        return CP_THROWN;
    if (smtp->answer_code >= 400) return smtp_throw_reply(cp, smtp, "the server does not begin to encrypt");
    smtp->ready = false;
    smtp->capabilities = CP_NIL;
    cp_value result =
        mode_now(cp, smtp) == SMTP_TLS_OPPORTUNISTIC ? encrypt_for_whomever(cp, smtp, layer) : encrypt(cp, smtp, layer);
    if (result == CP_THROWN) {
        cp_value error = cp_take_error(cp);
        smtp_abandon(cp, smtp, cp_text_z(cp, cp_error_text_of(error)));
        return cp_throw_value(cp, error);
    }
    /* What had been read before is dropped; the engine has failed already when there was something in it. */
    struct comms_util *util = comms_util_below(cp, &smtp->module);
    if (util == NULL) return CP_THROWN;
    comms_util_forget(util);
    if (smtp_client_tls_started(smtp->client) != SMTP_CLIENT_OK && !smtp->failed)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    smtp_log_output(cp, smtp, false);
    while (!smtp->ready && !smtp->failed)
        if (smtp_step(cp, smtp) == CP_THROWN) return CP_THROWN;
    return smtp->failed ? cp_throw_value(cp, smtp_failure_error(cp, smtp)) : CP_NIL;
}

cp_value smtp_tls_before_greeting(cp_context *cp, struct smtp *smtp) {
    if (mode_now(cp, smtp) != SMTP_TLS_IMPLICIT || smtp_is_encrypted(cp, smtp)) return CP_NIL;
    cp_value layer = smtp_tls_layer(cp, smtp);
    return layer == CP_THROWN ? CP_THROWN : encrypt(cp, smtp, layer);
}

cp_value smtp_tls_after_greeting(cp_context *cp, struct smtp *smtp) {
    enum smtp_tls mode = mode_now(cp, smtp);
    if (mode == SMTP_TLS_OFF || smtp_is_encrypted(cp, smtp)) return CP_NIL;
    bool offered = smtp_capabilities_has(smtp_client_capabilities(smtp->client), SMTP_CAPABILITY_STARTTLS);
    if (mode == SMTP_TLS_OPPORTUNISTIC && !offered) return CP_NIL;
    return smtp_start_tls(cp, smtp, CP_NIL);
}

/* ---- method ---- */

cp_value smtp_method_start_tls(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct smtp *smtp = smtp_of(cp, self);
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = smtp_need_connection(cp, smtp);
    if (result != CP_THROWN) result = smtp_start_tls(cp, smtp, arguments[0]);
    if (result == CP_THROWN && smtp->client != NULL && (smtp->failed || !smtp->ready)) {
        cp_value error = cp_take_error(cp);
        smtp_close_failed(cp, smtp);
        cp_throw_value(cp, error);
    }
    smtp_leave(cp, smtp);
    return result;
}
