/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_sasl: logging in by SASL, whatever protocol carries it: see comms_sasl.h. */
#include "modules/comms/comms_sasl.h"

#include <strings.h>

#include "modules/comms/comms_redaction.h"
#include "modules/comms/sasl_crypto.h"

enum { CHALLENGES_MAX = 16 /* more than any mechanism has */ };

/* ---- which ---- */

static cp_value no_such_mechanism(cp_context *cp, const char *const *others, cp_value value) {
    char more[64] = "";
    for (; others != NULL && *others != NULL; others++) {
        strncat(more, " ", sizeof more - strlen(more) - 1);
        strncat(more, *others, sizeof more - strlen(more) - 1);
    }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                    "authMechanism is one of SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 OAUTHBEARER "
                    "XOAUTH2 CRAM-MD5 PLAIN LOGIN EXTERNAL%s, or () for the best one offered, not %s",
                    more, cp_text_z(cp, cp_to_source(cp, value)));
}

cp_value comms_sasl_set_mechanism(cp_context *cp, struct comms_client *client, const char *const *others,
                                  cp_value value) {
    if (value == CP_NIL) return client->auth_mechanism = CP_NIL;
    const char *text = cp_text_z(cp, value), *name = NULL;
    for (const char *const *other = others; other != NULL && *other != NULL; other++)
        if (strcasecmp(text, *other) == 0) name = *other;
    sasl_mechanism mechanism = sasl_find(text, strlen(text));
    if (mechanism < SASL_MECHANISMS) name = sasl_traits_of(mechanism)->name;
    if (name == NULL) return no_such_mechanism(cp, others, value);
    return client->auth_mechanism = cp_symbol_z(cp, name);
}

uint32_t comms_sasl_offered(const char *names, sasl_credentials *credentials) {
    uint32_t bits = 0;
    while (names != NULL && *names) {
        size_t size = strcspn(names, " ");
        sasl_mechanism mechanism = sasl_find(names, size);
        if (mechanism < SASL_MECHANISMS) bits |= 1u << mechanism;
        names += size + (names[size] == ' ');
    }
    credentials->plus_offered = bits & (1u << SASL_SCRAM_SHA_256_PLUS | 1u << SASL_SCRAM_SHA_1_PLUS);
    return bits;
}

sasl_mechanism comms_sasl_named(cp_context *cp, struct comms_client *client, const char *names, uint32_t offered) {
    const char *name = cp_text_z(cp, client->auth_mechanism);
    sasl_mechanism wanted = sasl_find(name, strlen(name));
    if (offered & 1u << wanted) return wanted;
    bool some = names != NULL && *names;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "the server does not offer %s%s%s%s", name, some ? " but " : "",
             some ? names : "",
             comms_client_is_encrypted(cp, client) ? "" : "; perhaps it would over an encrypted connection (tls)");
    return SASL_MECHANISMS;
}

/* ---- the dialogue ---- */

/* One log-in under way. */
struct dialogue {
    struct comms_client *client;
    const struct comms_sasl_protocol *protocol;
    struct sasl_crypto_user crypto;
    sasl_client *sasl;
    sasl_mechanism mechanism;
    const char *name;
};

void comms_sasl_challenged(struct comms_client *client, const char *challenge, size_t size) {
    char *copy = challenge != NULL ? cp_alloc_atomic(size + 1) : NULL;
    if (copy != NULL) memcpy(copy, challenge, size);
    client->challenge = copy;
    client->challenge_size = size;
    client->challenged = true;
}

/* Throws the Error, after the server was told, where it waits for a response, that we give up. */
static cp_value give_up(cp_context *cp, const struct dialogue *d, cp_value error) {
    if (d->client->challenged && d->protocol->respond(cp, d->client, NULL, 0) == CP_THROWN) cp_take_error(cp);
    return cp_throw_value(cp, error);
}

static cp_value broken(cp_context *cp, const struct dialogue *d, const char *what) {
    cp_value text = cp_string_format(cp, "not logged in (%s): %s", d->name, what);
    return give_up(cp, d, d->protocol->broken(cp, text));
}

/* What modules/sasl does not like. */
static cp_value fail(cp_context *cp, const struct dialogue *d, sasl_status status) {
    cp_value words =
        comms_redaction_words(cp, &d->client->module, sasl_client_error(d->sasl)); /* the server's perhaps */
    cp_value text = cp_string_format(cp, "not logged in (%s): %s", d->name, cp_text_z(cp, words));
    switch (status) {
    case SASL_BAD_CREDENTIALS: return give_up(cp, d, cp_error_new(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, text));
    case SASL_NO_MEMORY:
    case SASL_NO_CRYPTO: return give_up(cp, d, cp_error_new(cp, CP_ERROR_CARAPACE, CP_RUNTIME, text));
    default: return give_up(cp, d, d->protocol->broken(cp, text));
    }
}

cp_value comms_sasl_refusal(cp_context *cp, struct comms_client *client, const char *mechanism, const char *words) {
    comms_secret_forget(cp, &client->evaluated);
    return cp_string_format(cp, "%s was not logged in (%s)%s%s",
                            client->user == CP_NIL ? "the token's owner" : cp_text_z(cp, client->user), mechanism,
                            *words ? "; " : "", cp_text_z(cp, comms_redaction_words(cp, &client->module, words)));
}

/* Gives the server a response. What is made of secrets is not to be shown when it comes back; who we are may be. */
static cp_value tell(cp_context *cp, const struct dialogue *d, const char *response, size_t size) {
    cp_value user = d->client->user;
    bool known = user != CP_NIL && size == cp_string_size(user) && memcmp(response, cp_string_text(user), size) == 0;
    if (!known) comms_redaction_add_sent(&d->client->module, response, size);
    return d->protocol->respond(cp, d->client, response, size);
}

/* The response to the challenge that has come. CP_NIL or CP_THROWN. */
static cp_value respond(cp_context *cp, const struct dialogue *d) {
    const struct comms_client *client = d->client;
    const char *response;
    size_t size;
    if (client->challenge == NULL && d->mechanism != SASL_LOGIN) /* there the words do not matter */
        return broken(cp, d, "the server's challenge is no base64");
    sasl_status status = sasl_client_step(d->sasl, client->challenge ? client->challenge : "",
                                          client->challenge ? client->challenge_size : 0, &response, &size);
    if (d->crypto.cancelled) return CP_THROWN;
    if (status != SASL_OK && response == NULL) return fail(cp, d, status);
    /* A last response may be empty, but then it is one all the same: NULL would give up. */
    return tell(cp, d, response != NULL ? response : "", size);
}

static cp_value converse(cp_context *cp, const struct dialogue *d) {
    struct comms_client *client = d->client;
    const char *initial;
    size_t size;
    sasl_status status = sasl_client_step(d->sasl, NULL, 0, &initial, &size);
    client->challenged = false;
    if (status != SASL_OK) return fail(cp, d, status);
    bool fits = initial != NULL && d->protocol->fits(d->name, size);
    if (fits) comms_redaction_add_sent(&client->module, initial, size);
    if (d->protocol->begin(cp, client, d->name, fits ? initial : NULL, size) == CP_THROWN) return CP_THROWN;
    /* What did not fit is the response to a first challenge, which is empty. */
    if (client->challenged && initial != NULL && !fits && tell(cp, d, initial, size) == CP_THROWN) return CP_THROWN;
    for (int i = 0; client->challenged; i++) {
        if (i == CHALLENGES_MAX) return broken(cp, d, "the server's challenges have no end");
        if (respond(cp, d) == CP_THROWN) return CP_THROWN;
    }
    if (!d->protocol->accepted(client)) {
        cp_value what = comms_sasl_refusal(cp, client, d->name, sasl_client_error(d->sasl));
        return d->protocol->refuse(cp, client, cp_text_z(cp, what));
    }
    status = sasl_client_accepted(d->sasl);
    return status == SASL_OK ? CP_NIL : fail(cp, d, status);
}

cp_value comms_sasl_log_in(cp_context *cp, struct comms_client *client, const struct comms_sasl_protocol *protocol,
                           const sasl_credentials *credentials, sasl_mechanism mechanism) {
    struct dialogue d = {
        .client = client, .protocol = protocol, .mechanism = mechanism, .name = sasl_traits_of(mechanism)->name};
    const char *why;
    sasl_status status;
    if (sasl_crypto_load(cp, &d.crypto) == CP_THROWN) return CP_THROWN;
    d.sasl = sasl_client_new(mechanism, credentials, &d.crypto.functions, &status, &why);
    if (d.sasl == NULL)
        return status == SASL_NO_MEMORY
                   ? cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory")
                   : cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "cannot log in by %s: %s", d.name, why);
    cp_value result = converse(cp, &d);
    sasl_client_free(d.sasl);
    return result;
}
