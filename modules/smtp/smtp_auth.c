/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_auth: logging in (RFC 4954): which mechanism, with what, and its dialogue between modules/sasl and the server.
 * OpenSSL, which the mechanisms need, is loaded here, when somebody logs in. */
#include "modules/smtp/smtp.h"

#include "modules/comms/sasl_crypto.h"

/* ---- what we have ---- */

cp_value smtp_set_auth_mechanism(cp_context *cp, cp_value self, cp_value value) {
    struct smtp *smtp = smtp_of(cp, self);
    if (value == CP_NIL) return smtp->common.auth_mechanism = CP_NIL;
    const char *text = cp_text_z(cp, value);
    sasl_mechanism mechanism = sasl_find(text, strlen(text));
    if (mechanism == SASL_MECHANISMS)
        return cp_throw(
            cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
            "authMechanism is one of SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 OAUTHBEARER "
            "XOAUTH2 CRAM-MD5 PLAIN LOGIN EXTERNAL, or () for the best one offered, not %s",
            cp_text_z(cp, cp_to_source(cp, value)));
    return smtp->common.auth_mechanism = cp_symbol_z(cp, sasl_traits_of(mechanism)->name);
}

/* ---- choosing ---- */

/* Why there is none to choose. */
static cp_value none_fits(cp_context *cp, struct smtp *smtp, uint32_t bits, const sasl_credentials *credentials,
                          bool safe) {
    const char *names = smtp_client_capabilities(smtp->client)->auth_mechanisms;
    if (!*names)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                        comms_client_is_encrypted(cp, &smtp->common)
                            ? "the server lets nobody log in here (no AUTH): remove user and password, or "
                              "take its submission port, 587 or 465"
                            : "the server lets nobody log in here (no AUTH), perhaps because the "
                              "connection is in clear: set tls to required");
    if (!safe && sasl_choose(bits, credentials, true) != SASL_MECHANISMS)
        return cp_throw(
            cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
            "of the mechanisms that the server offers (%s), what we have fits only those that show it to whoever "
            "listens: encrypt the connection (tls required or implicit, with a certificate that can be checked), "
            "or allow one by naming it in authMechanism",
            names);
    if (!credentials->password && !credentials->token)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                        "there is a user but no password to log in with: set password, "
                        "passwordEval or token");
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                    "none of the mechanisms that the server offers (%s) can be used "
                    "with what we have",
                    names);
}

/* SASL_MECHANISMS after a throw. */
static sasl_mechanism choose(cp_context *cp, struct smtp *smtp, sasl_credentials *credentials, bool safe) {
    uint32_t bits = comms_client_mechanisms(smtp_client_capabilities(smtp->client)->auth_mechanisms);
    credentials->plus_offered = bits & (1u << SASL_SCRAM_SHA_256_PLUS | 1u << SASL_SCRAM_SHA_1_PLUS);
    if (smtp->common.auth_mechanism == CP_NIL) {
        sasl_mechanism best = sasl_choose(bits, credentials, safe);
        if (best == SASL_MECHANISMS) none_fits(cp, smtp, bits, credentials, safe);
        return best;
    }
    const char *name = cp_text_z(cp, smtp->common.auth_mechanism);
    sasl_mechanism wanted = sasl_find(name, strlen(name));
    if (bits & 1u << wanted) return wanted;
    const char *names = smtp_client_capabilities(smtp->client)->auth_mechanisms;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "the server does not offer %s%s%s%s", name, *names ? " but " : "",
             names,
             comms_client_is_encrypted(cp, &smtp->common) ? ""
                                                          : "; perhaps it would over an encrypted connection (tls)");
    return SASL_MECHANISMS;
}

/* ---- the dialogue ---- */

/* A server that repeats a secret must not bring it into Errors and logs. */
static void hide_secrets(cp_context *cp, struct smtp *smtp) {
    const char *words = cp_text_z(cp, smtp->reply);
    if (comms_secret_is_told(words, comms_client_password(&smtp->common)) ||
        comms_secret_is_told(words, comms_secret_text(smtp->common.token)))
        smtp->reply = cp_string_format(cp, "%d (its words are not shown)", smtp->answer_code);
}

/* Gives up in the middle: the server is told, and answers. CP_THROWN with the Error of that failure only. */
static cp_value cancel(cp_context *cp, struct smtp *smtp) {
    if (!smtp->challenged) return CP_NIL;
    return smtp_await_answer(cp, smtp, smtp_client_auth_cancel(smtp->client));
}

/* What modules/sasl does not like. */
static cp_value fail(cp_context *cp, struct smtp *smtp, sasl_client *sasl, sasl_status status,
                     sasl_mechanism mechanism) {
    const char *name = sasl_traits_of(mechanism)->name;
    cp_value text = cp_string_format(cp, "not logged in (%s): %s", name, sasl_client_error(sasl)), error;
    switch (status) {
    case SASL_BAD_CREDENTIALS: error = cp_error_new(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, text); break;
    case SASL_NO_MEMORY:
    case SASL_NO_CRYPTO: error = cp_error_new(cp, CP_ERROR_CARAPACE, CP_RUNTIME, text); break;
    default: error = smtp_error(cp, CP_ERROR_SMTP, 0, text, CP_NIL, false, false);
    }
    if (cancel(cp, smtp) == CP_THROWN) cp_take_error(cp);
    return cp_throw_value(cp, error);
}

static cp_value refused(cp_context *cp, struct smtp *smtp, sasl_client *sasl, sasl_mechanism mechanism) {
    comms_secret_forget(cp, &smtp->common.evaluated); /* perhaps the command knows a newer one by now */
    const char *words = sasl_client_error(sasl);
    cp_value what =
        cp_string_format(cp, "%s was not logged in (%s)%s%s",
                         smtp->common.user == CP_NIL ? "the token's owner" : cp_text_z(cp, smtp->common.user),
                         sasl_traits_of(mechanism)->name, *words ? "; " : "", words);
    return smtp_throw_reply(cp, smtp, cp_text_z(cp, what));
}

/* One challenge and its response. `held`: the initial response, when it is still to be given. CP_NIL or CP_THROWN. */
static cp_value respond(cp_context *cp, struct smtp *smtp, const struct sasl_crypto_user *crypto, sasl_client *sasl,
                        sasl_mechanism mechanism, const char *held, size_t held_size) {
    const char *response = held;
    size_t size = held_size;
    if (held == NULL) {
        bool cares = mechanism != SASL_LOGIN; /* there the words do not matter */
        sasl_status status;
        if (smtp->challenge == NULL && cares) {
            if (cancel(cp, smtp) == CP_THROWN) cp_take_error(cp);
            return cp_throw_value(
                cp, smtp_error(cp, CP_ERROR_SMTP, 0,
                               cp_string_format(cp, "not logged in (%s): the server's challenge is no base64",
                                                sasl_traits_of(mechanism)->name),
                               CP_NIL, false, false));
        }
        status = sasl_client_step(sasl, smtp->challenge ? smtp->challenge : "",
                                  smtp->challenge ? smtp->challenge_size : 0, &response, &size);
        if (crypto->cancelled) return CP_THROWN;
        if (status != SASL_OK && response == NULL) return fail(cp, smtp, sasl, status, mechanism);
    }
    return smtp_await_answer(cp, smtp, smtp_client_auth_response(smtp->client, response, size));
}

static cp_value converse(cp_context *cp, struct smtp *smtp, const struct sasl_crypto_user *crypto, sasl_client *sasl,
                         sasl_mechanism mechanism) {
    const char *name = sasl_traits_of(mechanism)->name, *initial;
    size_t size;
    sasl_status status = sasl_client_step(sasl, NULL, 0, &initial, &size);
    if (status != SASL_OK) return fail(cp, smtp, sasl, status, mechanism);
    bool fits = initial != NULL && smtp_client_auth_fits(name, size);
    smtp->challenged = false;
    if (smtp_await_answer(cp, smtp, smtp_client_auth(smtp->client, name, fits ? initial : NULL, size)) == CP_THROWN)
        return CP_THROWN;
    const char *held = fits ? NULL : initial;
    while (smtp->challenged) {
        if (respond(cp, smtp, crypto, sasl, mechanism, held, size) == CP_THROWN) return CP_THROWN;
        held = NULL;
    }
    hide_secrets(cp, smtp);
    if (smtp->answer_code >= 400) return refused(cp, smtp, sasl, mechanism);
    status = sasl_client_accepted(sasl);
    return status == SASL_OK ? CP_NIL : fail(cp, smtp, sasl, status, mechanism);
}

static cp_value with_mechanism(cp_context *cp, struct smtp *smtp, const sasl_credentials *credentials,
                               sasl_mechanism mechanism) {
    struct sasl_crypto_user crypto;
    const char *why;
    sasl_status status;
    if (sasl_crypto_load(cp, &crypto) == CP_THROWN) return CP_THROWN;
    sasl_client *sasl = sasl_client_new(mechanism, credentials, &crypto.functions, &status, &why);
    if (sasl == NULL)
        return status == SASL_NO_MEMORY ? cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory")
                                        : cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "cannot log in by %s: %s",
                                                   sasl_traits_of(mechanism)->name, why);
    smtp->authenticating = true;
    cp_value result = converse(cp, smtp, &crypto, sasl, mechanism);
    smtp->authenticating = false;
    sasl_client_free(sasl);
    smtp->authenticated = result != CP_THROWN;
    if (result != CP_THROWN) comms_log(cp, &smtp->common.module, "logged in by %s", sasl_traits_of(mechanism)->name);
    return result;
}

cp_value smtp_authenticate(cp_context *cp, struct smtp *smtp) {
    struct comms_security security;
    sasl_credentials credentials;
    bool safe;
    if (comms_client_begin_login(cp, &smtp->common, smtp->authenticated, &security, &credentials, &safe) == CP_THROWN)
        return CP_THROWN;
    sasl_mechanism mechanism = choose(cp, smtp, &credentials, safe);
    cp_value result = mechanism == SASL_MECHANISMS ? CP_THROWN : with_mechanism(cp, smtp, &credentials, mechanism);
    explicit_bzero(&security, sizeof security);
    return result;
}

cp_value smtp_method_authenticate(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct smtp *smtp = smtp_of(cp, self);
    if (smtp_enter(cp, smtp) == CP_THROWN) return CP_THROWN;
    cp_value result = smtp_need_connection(cp, smtp);
    if (result != CP_THROWN) result = smtp_authenticate(cp, smtp);
    if (result == CP_THROWN && smtp->client != NULL && (smtp->failed || smtp->challenged)) {
        cp_value error = cp_take_error(cp);
        smtp_close_failed(cp, smtp);
        cp_throw_value(cp, error);
    }
    smtp_leave(cp, smtp);
    return result;
}
