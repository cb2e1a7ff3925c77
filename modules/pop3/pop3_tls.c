/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_tls: when encryption begins, and STLS (RFC 2595). What is put in and how is comms_client.c. */
#include "modules/pop3/pop3.h"

#include "modules/comms/util.h"

/* ---- STLS ---- */

static cp_value start_tls(cp_context *cp, struct pop3 *pop3, cp_value layer) {
    if (comms_client_is_encrypted(cp, &pop3->common))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the connection is encrypted already");
    if (pop3_client_in_transaction(pop3->client))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL,
                        "somebody is logged in, and encryption begins before that: set tls to required");
    if (pop3_client_offers(pop3->client, "STLS") == NULL)
        return cp_throw(
            cp, CP_ERROR_TLS, CP_TLS_NOT_OFFERED,
            "%s does not offer STLS, so nothing was sent: somebody in between may have taken it away. If the port is "
            "for encryption from the start (995), set tls to implicit; with tls off mail comes in clear",
            pop3->common.peer == CP_NIL ? "the server" : cp_text_z(cp, pop3->common.peer));
    if (layer == CP_NIL) layer = comms_client_tls_layer(cp, &pop3->common);
    if (layer == CP_THROWN || pop3_run(cp, pop3, POP3_STLS, 0, 0, NULL, NULL) == CP_THROWN) return CP_THROWN;
    if (!pop3->ok) return pop3_throw_reply(cp, pop3, "the server does not begin to encrypt");
    pop3->ready = false;
    pop3->capabilities = CP_NIL;
    /* What came behind the answer is looked at before the handshake: it must not be taken for what came after it. */
    if (pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    struct comms_util *util = comms_util_below(cp, &pop3->common.module);
    size_t early = 0;
    if (util == NULL) return CP_THROWN;
    comms_util_peek(util, &early);
    cp_value result = CP_THROWN;
    if (early > 0)
        cp_throw_value(cp,
                       pop3_error(cp, CP_ERROR_POP3, POP3_ERROR_PROTOCOL,
                                  cp_string_z(cp, "the server has sent something in clear behind its answer to STLS"),
                                  CP_NIL));
    else result = comms_client_encrypt(cp, &pop3->common, layer);
    if (result == CP_THROWN) {
        cp_value error = cp_take_error(cp);
        pop3_abandon(cp, pop3, cp_text_z(cp, cp_error_text_of(error)));
        return cp_throw_value(cp, error);
    }
    util = comms_util_below(cp, &pop3->common.module);
    if (util == NULL) return CP_THROWN;
    comms_util_forget(util);
    if (pop3_client_encrypted(pop3->client) != POP3_OK) return cp_throw_value(cp, pop3_failure_error(cp, pop3));
    pop3->ready = true;
    pop3->deadline = 0;
    return pop3_learn(cp, pop3);
}

cp_value pop3_tls_after_greeting(cp_context *cp, struct pop3 *pop3) {
    enum comms_tls mode = comms_client_tls_mode(cp, &pop3->common);
    if (mode == COMMS_TLS_OFF || comms_client_is_encrypted(cp, &pop3->common)) return CP_NIL;
    if (mode == COMMS_TLS_OPPORTUNISTIC && pop3_client_offers(pop3->client, "STLS") == NULL) return CP_NIL;
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
