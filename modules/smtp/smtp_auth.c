/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_auth: logging in (RFC 4954): which mechanism fits, and how the dialogue of comms_sasl.c travels. */
#include "modules/smtp/smtp.h"

#include "modules/comms/comms_sasl.h"

cp_value smtp_set_auth_mechanism(cp_context *cp, cp_value self, cp_value value) {
    return comms_sasl_set_mechanism(cp, comms_client_of(cp, self), NULL, value);
}

/* ---- choosing ---- */

/* Why there is none to choose. */
static cp_value none_fits(cp_context *cp, struct smtp *smtp, uint32_t bits, const struct comms_login *login) {
    const char *names = smtp_client_capabilities(smtp->client)->auth_mechanisms;
    if (!*names)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                        comms_client_is_encrypted(cp, &smtp->common)
                            ? "the server lets nobody log in here (no AUTH): remove user and password, or "
                              "take its submission port, 587 or 465"
                            : "the server lets nobody log in here (no AUTH), perhaps because the "
                              "connection is in clear: set tls to required");
    if (!login->safe && sasl_choose(bits, &login->credentials, true) != SASL_MECHANISMS)
        return cp_throw(
            cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
            "of the mechanisms that the server offers (%s), what we have fits only those that show it to whoever "
            "listens: encrypt the connection (tls required or implicit, with a certificate that can be checked), "
            "or allow one by naming it in authMechanism",
            names);
    if (!login->credentials.password && !login->credentials.token)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                        "there is a user but no password to log in with: set password, "
                        "passwordEval or token");
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                    "none of the mechanisms that the server offers (%s) can be used "
                    "with what we have",
                    names);
}

/* SASL_MECHANISMS after a throw. */
static sasl_mechanism choose(cp_context *cp, struct smtp *smtp, struct comms_login *login) {
    const char *names = smtp_client_capabilities(smtp->client)->auth_mechanisms;
    uint32_t bits = comms_sasl_offered(names, &login->credentials);
    if (smtp->common.auth_mechanism != CP_NIL) return comms_sasl_named(cp, &smtp->common, names, bits);
    sasl_mechanism best = sasl_choose(bits, &login->credentials, login->safe);
    if (best == SASL_MECHANISMS) none_fits(cp, smtp, bits, login);
    return best;
}

/* ---- the dialogue ---- */

static cp_value begin(cp_context *cp, struct comms_client *client, const char *mechanism, const char *initial,
                      size_t size) {
    struct smtp *smtp = (struct smtp *)client;
    return smtp_await_answer(cp, smtp, smtp_client_auth(smtp->client, mechanism, initial, size));
}

static cp_value respond(cp_context *cp, struct comms_client *client, const char *response, size_t size) {
    struct smtp *smtp = (struct smtp *)client;
    return smtp_await_answer(cp, smtp,
                             response == NULL ? smtp_client_auth_cancel(smtp->client)
                                              : smtp_client_auth_response(smtp->client, response, size));
}

static bool accepted(const struct comms_client *client) { return ((const struct smtp *)client)->answer_code < 400; }

static cp_value refuse(cp_context *cp, struct comms_client *client, const char *what) {
    struct smtp *smtp = (struct smtp *)client;
    return smtp_throw_reply(cp, smtp, what);
}

static cp_value broken(cp_context *cp, cp_value text) {
    return smtp_error(cp, CP_ERROR_SMTP, 0, text, CP_NIL, false, false);
}

static const struct comms_sasl_protocol in_smtp = {.fits = smtp_client_auth_fits,
                                                   .begin = begin,
                                                   .respond = respond,
                                                   .accepted = accepted,
                                                   .refuse = refuse,
                                                   .broken = broken};

cp_value smtp_authenticate(cp_context *cp, struct smtp *smtp) {
    struct comms_login login;
    if (comms_login_begin(cp, &smtp->common, &login) == CP_THROWN) return CP_THROWN;
    sasl_mechanism mechanism = choose(cp, smtp, &login);
    if (mechanism == SASL_MECHANISMS) return comms_login_end(cp, &smtp->common, &login, NULL, CP_THROWN);
    cp_value result = comms_sasl_log_in(cp, &smtp->common, &in_smtp, &login.credentials, mechanism);
    return comms_login_end(cp, &smtp->common, &login, sasl_traits_of(mechanism)->name, result);
}

cp_value smtp_method_authenticate(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct smtp *smtp = smtp_of(cp, self);
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = smtp_need_connection(cp, smtp);
    if (result != CP_THROWN) result = smtp_authenticate(cp, smtp);
    if (result == CP_THROWN && smtp->client != NULL && (smtp->failed || smtp->common.challenged)) {
        cp_value error = cp_take_error(cp);
        smtp_close_failed(cp, smtp);
        cp_throw_value(cp, error);
    }
    smtp_leave(cp, smtp);
    return result;
}
