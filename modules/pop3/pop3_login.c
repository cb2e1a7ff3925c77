/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_login: which way to log in, with what; APOP (RFC 1939 7) and USER with PASS. */
#include "modules/pop3/pop3.h"

#include <stdlib.h>

#include "modules/comms/comms_sasl.h"
#include "modules/comms/sasl_crypto.h"

enum { MD5_SIZE = 16 };

/* ---- what we have ---- */

/* The ways that POP3 has besides SASL's. */
enum own { APOP, USER, NO_OWN };
static const char *const own_names[] = {[APOP] = "APOP", [USER] = "USER", [NO_OWN] = NULL};

cp_value pop3_set_auth_mechanism(cp_context *cp, cp_value self, cp_value value) {
    return comms_sasl_set_mechanism(cp, comms_client_of(cp, self), own_names, value);
}

/* ---- APOP, USER and PASS ---- */

/* By one of our own ways: CP_NIL when the server has said yes, else CP_THROWN. */
static cp_value answered(cp_context *cp, struct pop3 *pop3, const char *mechanism) {
    if (pop3->ok) return CP_NIL;
    return pop3_throw_reply(cp, pop3, cp_text_z(cp, comms_sasl_refusal(cp, &pop3->common, mechanism, "")));
}

static cp_value need_user(cp_context *cp, struct pop3 *pop3, const char *mechanism, const char *password) {
    if (pop3->common.user != CP_NIL && password != NULL) return CP_NIL;
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "%s needs a %s to log in: set %s", mechanism,
                    pop3->common.user == CP_NIL ? "user" : "password",
                    pop3->common.user == CP_NIL ? "user" : "password, passwordEval or, for APOP, secret");
}

/* The digest of the time stamp and the secret, in hexadecimal. CP_NIL or CP_THROWN. */
static cp_value apop_digest(cp_context *cp, struct pop3 *pop3, const char *secret, char text[2 * MD5_SIZE + 1]) {
    struct sasl_crypto_user crypto;
    const char *timestamp = pop3_client_timestamp(pop3->client);
    size_t head = strlen(timestamp), tail = strlen(secret);
    unsigned char bytes[SASL_DIGEST_MAX];
    if (sasl_crypto_load(cp, &crypto) == CP_THROWN) return CP_THROWN;
    char *together = malloc(head + tail + 1);
    if (together == NULL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    memcpy(together, timestamp, head);
    memcpy(together + head, secret, tail);
    bool fine = crypto.functions.digest(crypto.functions.context, SASL_MD5, together, head + tail, bytes);
    explicit_bzero(together, head + tail);
    free(together);
    if (!fine)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME,
                        "OpenSSL makes no MD5 digest here, which APOP needs: use another authMechanism");
    for (size_t i = 0; i < MD5_SIZE; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    text[2 * MD5_SIZE] = '\0';
    return CP_NIL;
}

static cp_value by_apop(cp_context *cp, struct pop3 *pop3) {
    char digest[2 * MD5_SIZE + 1];
    const char *secret = pop3->secret != NULL ? comms_secret_text(pop3->secret) : comms_client_password(&pop3->common);
    if (need_user(cp, pop3, "APOP", secret) == CP_THROWN) return CP_THROWN;
    if (pop3->timestamp == CP_NIL)
        return cp_throw(
            cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
            "the server does not offer APOP: its greeting has no time stamp of the form <text@host>; remove "
            "secret and set password, which needs an encrypted connection (tls)");
    if (apop_digest(cp, pop3, secret, digest) == CP_THROWN || pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    comms_redaction_add(&pop3->common.module, digest); /* one could try passwords on it */
    pop3_status status = pop3_client_apop(pop3->client, cp_text_z(cp, pop3->common.user), digest);
    explicit_bzero(digest, sizeof digest);
    if (pop3_await(cp, pop3, status, NULL, NULL) == CP_THROWN) return CP_THROWN;
    return answered(cp, pop3, "APOP");
}

static cp_value by_user(cp_context *cp, struct pop3 *pop3) {
    const char *password = comms_client_password(&pop3->common);
    if (need_user(cp, pop3, "USER", password) == CP_THROWN || pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
    pop3_status status = pop3_client_user(pop3->client, cp_text_z(cp, pop3->common.user));
    if (pop3_await(cp, pop3, status, NULL, NULL) == CP_THROWN) return CP_THROWN;
    if (pop3->ok) {
        if (pop3_settle(cp, pop3) == CP_THROWN) return CP_THROWN;
        status = pop3_client_password(pop3->client, password);
        if (pop3_await(cp, pop3, status, NULL, NULL) == CP_THROWN) return CP_THROWN;
    }
    return answered(cp, pop3, "USER");
}

/* ---- choosing ---- */

/* USER is what there was before CAPA, and what is there when CAPA is not known. */
static bool offers_user(const struct pop3 *pop3) {
    return pop3_client_capability_count(pop3->client) == 0 || pop3_client_offers(pop3->client, "USER") != NULL;
}

/* Why there is none to choose. */
static cp_value none_fits(cp_context *cp, struct pop3 *pop3, uint32_t bits, const struct comms_login *login) {
    const char *names = pop3_client_offers(pop3->client, "SASL");
    if (!login->credentials.password && !login->credentials.token)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                        "there is a user but no password to log in with: set password, passwordEval, secret or token");
    if (!login->safe && (offers_user(pop3) || sasl_choose(bits, &login->credentials, true) != SASL_MECHANISMS))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                        "of the ways to log in that the server offers, what we have fits only those that show it to "
                        "whoever listens: encrypt the connection (tls required or implicit, with a certificate that "
                        "can be checked), or allow one by naming it in authMechanism, as USER");
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED,
                    "none of the ways to log in that the server offers (SASL: %s) can be used with what we have%s",
                    names != NULL && *names ? names : "none",
                    comms_client_is_encrypted(cp, &pop3->common)
                        ? ""
                        : "; perhaps it offers more over an encrypted connection (tls)");
}

/* One of our own ways, or a mechanism of SASL; neither after a throw. */
struct choice {
    enum own own;
    sasl_mechanism mechanism;
};

static enum own own_named(const char *name) {
    enum own own = APOP;
    while (own < NO_OWN && strcmp(own_names[own], name) != 0) own++;
    return own;
}

static struct choice choose(cp_context *cp, struct pop3 *pop3, struct comms_login *login) {
    const char *names = pop3_client_offers(pop3->client, "SASL");
    uint32_t bits = comms_sasl_offered(names, &login->credentials);
    struct choice choice = {NO_OWN, SASL_MECHANISMS};
    if (pop3->common.auth_mechanism != CP_NIL) {
        choice.own = own_named(cp_text_z(cp, pop3->common.auth_mechanism));
        if (choice.own == NO_OWN) choice.mechanism = comms_sasl_named(cp, &pop3->common, names, bits);
        return choice;
    }
    if (pop3->secret != NULL) return (struct choice){APOP, SASL_MECHANISMS};
    choice.mechanism = sasl_choose(bits, &login->credentials, login->safe);
    if (choice.mechanism != SASL_MECHANISMS) return choice;
    if (login->safe && login->credentials.password != NULL && offers_user(pop3)) choice.own = USER;
    else none_fits(cp, pop3, bits, login);
    return choice;
}

/* ---- logging in ---- */

cp_value pop3_login(cp_context *cp, struct pop3 *pop3) {
    struct comms_login login;
    if (comms_login_begin(cp, &pop3->common, &login) == CP_THROWN) return CP_THROWN;
    comms_redaction_add(&pop3->common.module, comms_secret_text(pop3->secret));
    struct choice choice = choose(cp, pop3, &login);
    const char *name = choice.own != NO_OWN                  ? own_names[choice.own]
                       : choice.mechanism != SASL_MECHANISMS ? sasl_traits_of(choice.mechanism)->name
                                                             : NULL;
    cp_value result = choice.own == APOP   ? by_apop(cp, pop3)
                      : choice.own == USER ? by_user(cp, pop3)
                      : name == NULL
                          ? CP_THROWN
                          : comms_sasl_log_in(cp, &pop3->common, &pop3_sasl, &login.credentials, choice.mechanism);
    return comms_login_end(cp, &pop3->common, &login, name, result);
}

cp_value pop3_method_authenticate(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    if (pop3_enter(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = pop3_need_connection(cp, pop3);
    if (result != CP_THROWN) result = pop3_login(cp, pop3);
    if (result == CP_THROWN && pop3->common.challenged && !pop3->failed) {
        cp_value error = cp_take_error(cp);
        pop3_abandon(cp, pop3, "the log-in was broken off");
        cp_throw_value(cp, error);
    }
    return pop3_finish(cp, pop3, result);
}
