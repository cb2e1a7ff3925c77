/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_sasl: AUTH (RFC 5034): the dialogue between modules/sasl and the server. */
#include "modules/pop3/pop3.h"

#include "modules/comms/sasl_crypto.h"

enum { CHALLENGES_MAX = 16 /* more than any mechanism has */ };

uint32_t pop3_sasl_offered(const struct pop3 *pop3) {
    return comms_client_mechanisms(pop3_client_offers(pop3->client, "SASL"));
}

/* Gives up in the middle: the server is told, and answers. Keeps the Error that is on its way. */
static cp_value cancel(cp_context *cp, struct pop3 *pop3) {
    cp_value error = cp_take_error(cp);
    if (pop3->challenged && !pop3->failed &&
        pop3_await(cp, pop3, pop3_client_respond(pop3->client, NULL, 0), NULL, NULL) == CP_THROWN)
        cp_take_error(cp);
    return cp_throw_value(cp, error);
}

/* What modules/sasl does not like. */
static cp_value fail(cp_context *cp, struct pop3 *pop3, sasl_client *sasl, sasl_status status, const char *name) {
    cp_value text = cp_string_format(cp, "not logged in (%s): %s", name, sasl_client_error(sasl));
    cp_value error;
    switch (status) {
    case SASL_BAD_CREDENTIALS: error = cp_error_new(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, text); break;
    case SASL_NO_MEMORY:
    case SASL_NO_CRYPTO: error = cp_error_new(cp, CP_ERROR_CARAPACE, CP_RUNTIME, text); break;
    default: error = pop3_error(cp, CP_ERROR_POP3, POP3_ERROR_PROTOCOL, text, CP_NIL);
    }
    cp_throw_value(cp, error);
    return cancel(cp, pop3);
}

static cp_value protocol_error(cp_context *cp, struct pop3 *pop3, const char *name, const char *what) {
    cp_throw_value(cp, pop3_error(cp, CP_ERROR_POP3, POP3_ERROR_PROTOCOL,
                                  cp_string_format(cp, "not logged in (%s): %s", name, what), CP_NIL));
    return cancel(cp, pop3);
}

/* One challenge and its response. `held`: the initial response, when it is still to be given. CP_NIL or CP_THROWN. */
static cp_value respond(cp_context *cp, struct pop3 *pop3, const struct sasl_crypto_user *crypto, sasl_client *sasl,
                        sasl_mechanism mechanism, const char *held, size_t held_size) {
    const char *response = held, *name = sasl_traits_of(mechanism)->name;
    size_t size = held_size;
    if (held == NULL) {
        if (pop3->challenge == NULL && mechanism != SASL_LOGIN) /* there the words do not matter */
            return protocol_error(cp, pop3, name, "the server's challenge is no base64");
        sasl_status status = sasl_client_step(sasl, pop3->challenge ? pop3->challenge : "",
                                              pop3->challenge ? pop3->challenge_size : 0, &response, &size);
        if (crypto->cancelled) return CP_THROWN;
        if (status != SASL_OK && response == NULL) return fail(cp, pop3, sasl, status, name);
    }
    if (pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    /* A last response may be empty, but then it is one all the same: NULL would give up. */
    return pop3_await(cp, pop3, pop3_client_respond(pop3->client, response != NULL ? response : "", size), NULL, NULL);
}

static cp_value converse(cp_context *cp, struct pop3 *pop3, const struct sasl_crypto_user *crypto, sasl_client *sasl,
                         sasl_mechanism mechanism) {
    const char *name = sasl_traits_of(mechanism)->name, *initial;
    size_t size;
    sasl_status status = sasl_client_step(sasl, NULL, 0, &initial, &size);
    if (status != SASL_OK) return fail(cp, pop3, sasl, status, name);
    bool fits = initial != NULL && pop3_client_auth_fits(name, size);
    pop3->challenged = false;
    if (pop3_settle(cp, pop3) == CP_THROWN ||
        pop3_await(cp, pop3, pop3_client_auth(pop3->client, name, fits ? initial : NULL, size), NULL, NULL) ==
            CP_THROWN)
        return CP_THROWN;
    const char *held = fits ? NULL : initial;
    for (int i = 0; pop3->challenged; i++) {
        if (i == CHALLENGES_MAX) return protocol_error(cp, pop3, name, "the server's challenges have no end");
        if (respond(cp, pop3, crypto, sasl, mechanism, held, size) == CP_THROWN) return CP_THROWN;
        held = NULL;
    }
    pop3_hide_secrets(cp, pop3);
    if (!pop3->ok) return pop3_login_refused(cp, pop3, name, sasl_client_error(sasl));
    status = sasl_client_accepted(sasl);
    return status == SASL_OK ? CP_NIL : fail(cp, pop3, sasl, status, name);
}

cp_value pop3_sasl(cp_context *cp, struct pop3 *pop3, const sasl_credentials *credentials, sasl_mechanism mechanism) {
    struct sasl_crypto_user crypto;
    const char *why;
    sasl_status status;
    if (sasl_crypto_load(cp, &crypto) == CP_THROWN) return CP_THROWN;
    sasl_client *sasl = sasl_client_new(mechanism, credentials, &crypto.functions, &status, &why);
    if (sasl == NULL)
        return status == SASL_NO_MEMORY ? cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory")
                                        : cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "cannot log in by %s: %s",
                                                   sasl_traits_of(mechanism)->name, why);
    cp_value result = converse(cp, pop3, &crypto, sasl, mechanism);
    sasl_client_free(sasl);
    return result;
}
