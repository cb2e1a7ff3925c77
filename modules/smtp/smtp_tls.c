/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_tls: when encryption begins, and STARTTLS (RFC 3207). What is put in and how is comms_client.c. */
#include "modules/smtp/smtp.h"

#include "modules/comms/util.h"

/* ---- STARTTLS ---- */

cp_value smtp_start_tls(cp_context *cp, struct smtp *smtp, cp_value layer) {
    if (comms_client_is_encrypted(cp, &smtp->common))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_ILLEGAL, "the connection is encrypted already");
    if (!smtp_capabilities_has(smtp_client_capabilities(smtp->client), SMTP_CAPABILITY_STARTTLS))
        return cp_throw(
            cp, CP_ERROR_TLS, CP_TLS_NOT_OFFERED,
            "%s does not offer STARTTLS, so nothing was sent: somebody in between may have taken it away. If the "
            "port is for encryption from the start (465), set tls to implicit; with tls off mail goes in clear",
            smtp->common.peer == CP_NIL ? "the server" : cp_text_z(cp, smtp->common.peer));
    if (layer == CP_NIL) layer = comms_client_tls_layer(cp, &smtp->common);
    if (layer == CP_THROWN || smtp_await_answer(cp, smtp, smtp_client_start_tls(smtp->client)) == CP_THROWN)
        return CP_THROWN;
    if (smtp->answer_code >= 400) return smtp_throw_reply(cp, smtp, "the server does not begin to encrypt");
    smtp->ready = false;
    smtp->capabilities = CP_NIL;
    cp_value result = comms_client_encrypt(cp, &smtp->common, layer);
    if (result == CP_THROWN) {
        cp_value error = cp_take_error(cp);
        smtp_abandon(cp, smtp, cp_text_z(cp, cp_error_text_of(error)));
        return cp_throw_value(cp, error);
    }
    /* What had been read before is dropped; the engine has failed already when there was something in it. */
    struct comms_util *util = comms_util_below(cp, &smtp->common.module);
    if (util == NULL) return CP_THROWN;
    comms_util_forget(util);
    if (smtp_client_tls_started(smtp->client) != SMTP_CLIENT_OK && !smtp->failed)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    return smtp_await_ready(cp, smtp);
}

cp_value smtp_tls_after_greeting(cp_context *cp, struct smtp *smtp) {
    enum comms_tls mode = comms_client_tls_mode(cp, &smtp->common);
    if (mode == COMMS_TLS_OFF || comms_client_is_encrypted(cp, &smtp->common)) return CP_NIL;
    bool offered = smtp_capabilities_has(smtp_client_capabilities(smtp->client), SMTP_CAPABILITY_STARTTLS);
    if (mode == COMMS_TLS_OPPORTUNISTIC && !offered) return CP_NIL;
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
