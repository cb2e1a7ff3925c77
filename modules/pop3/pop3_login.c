/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pop3_login: which way to log in, with what; APOP (RFC 1939 7) and USER with PASS. */
#include "modules/pop3/pop3.h"

#include <stdlib.h>
#include <strings.h>

#include "modules/comms/sasl_crypto.h"

enum { MD5_SIZE = 16 };

/* ---- what we have ---- */

static int mechanism_named(const char *name) {
    if (strcasecmp(name, "APOP") == 0) return POP3_MECHANISM_APOP;
    if (strcasecmp(name, "USER") == 0) return POP3_MECHANISM_USER;
    return (int)sasl_find(name, strlen(name));
}

cp_value pop3_set_auth_mechanism(cp_context *cp, cp_value self, cp_value value) {
    struct pop3 *pop3 = pop3_of(cp, self);
    if (value == CP_NIL) return pop3->common.auth_mechanism = CP_NIL;
    int mechanism = mechanism_named(cp_text_z(cp, value));
    if (mechanism == SASL_MECHANISMS)
        return cp_throw(
            cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
            "authMechanism is one of SCRAM-SHA-256-PLUS SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-1 OAUTHBEARER "
            "XOAUTH2 CRAM-MD5 PLAIN LOGIN EXTERNAL APOP USER, or () for the best one offered, not %s",
            cp_text_z(cp, cp_to_source(cp, value)));
    const char *name = mechanism == POP3_MECHANISM_APOP   ? "APOP"
                       : mechanism == POP3_MECHANISM_USER ? "USER"
                                                          : sasl_traits_of((sasl_mechanism)mechanism)->name;
    return pop3->common.auth_mechanism = cp_symbol_z(cp, name);
}

void pop3_hide_secrets(cp_context *cp, struct pop3 *pop3) {
    const char *words = cp_text_z(cp, pop3->reply);
    if (comms_secret_is_told(words, comms_client_password(&pop3->common)) ||
        comms_secret_is_told(words, comms_secret_text(pop3->common.token)) ||
        comms_secret_is_told(words, comms_secret_text(pop3->secret)))
        pop3->reply = cp_string_z(cp, "(its words are not shown)");
}

/* ---- APOP, USER and PASS ---- */

cp_value pop3_login_refused(cp_context *cp, struct pop3 *pop3, const char *mechanism, const char *words) {
    comms_secret_forget(cp, &pop3->common.evaluated); /* perhaps the command knows a newer one by now */
    cp_value what =
        cp_string_format(cp, "%s was not logged in (%s)%s%s",
                         pop3->common.user == CP_NIL ? "the token's owner" : cp_text_z(cp, pop3->common.user),
                         mechanism, *words ? "; " : "", words);
    return pop3_throw_reply(cp, pop3, cp_text_z(cp, what));
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
    pop3_status status = pop3_client_apop(pop3->client, cp_text_z(cp, pop3->common.user), digest);
    explicit_bzero(digest, sizeof digest);
    if (pop3_await(cp, pop3, status, NULL, NULL) == CP_THROWN) return CP_THROWN;
    pop3_hide_secrets(cp, pop3);
    return pop3->ok ? CP_NIL : pop3_login_refused(cp, pop3, "APOP", "");
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
    pop3_hide_secrets(cp, pop3);
    return pop3->ok ? CP_NIL : pop3_login_refused(cp, pop3, "USER", "");
}

/* ---- choosing ---- */

/* USER is what there was before CAPA, and what is there when CAPA is not known. */
static bool offers_user(const struct pop3 *pop3) {
    return pop3_client_capability_count(pop3->client) == 0 || pop3_client_offers(pop3->client, "USER") != NULL;
}

/* Why there is none to choose. */
static cp_value none_fits(cp_context *cp, struct pop3 *pop3, const sasl_credentials *credentials, bool safe) {
    const char *names = pop3_client_offers(pop3->client, "SASL");
    if (!credentials->password && !credentials->token)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING,
                        "there is a user but no password to log in with: set password, passwordEval, secret or token");
    if (!safe && (offers_user(pop3) || sasl_choose(pop3_sasl_offered(pop3), credentials, true) != SASL_MECHANISMS))
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

/* A mechanism of SASL or one of ours; SASL_MECHANISMS after a throw. */
static int choose(cp_context *cp, struct pop3 *pop3, sasl_credentials *credentials, bool safe) {
    uint32_t bits = pop3_sasl_offered(pop3);
    credentials->plus_offered = bits & (1u << SASL_SCRAM_SHA_256_PLUS | 1u << SASL_SCRAM_SHA_1_PLUS);
    if (pop3->common.auth_mechanism == CP_NIL) {
        if (pop3->secret != NULL) return POP3_MECHANISM_APOP;
        sasl_mechanism best = sasl_choose(bits, credentials, safe);
        if (best != SASL_MECHANISMS) return (int)best;
        if (safe && credentials->password != NULL && offers_user(pop3)) return POP3_MECHANISM_USER;
        none_fits(cp, pop3, credentials, safe);
        return SASL_MECHANISMS;
    }
    const char *name = cp_text_z(cp, pop3->common.auth_mechanism);
    int wanted = mechanism_named(name);
    if (wanted > SASL_MECHANISMS || bits & 1u << wanted) return wanted;
    const char *names = pop3_client_offers(pop3->client, "SASL");
    cp_throw(cp, CP_ERROR_CARAPACE, CP_NOT_SUPPORTED, "the server does not offer %s%s%s%s", name,
             names != NULL && *names ? " but " : "", names != NULL ? names : "",
             comms_client_is_encrypted(cp, &pop3->common) ? ""
                                                          : "; perhaps it would over an encrypted connection (tls)");
    return SASL_MECHANISMS;
}

/* ---- logging in ---- */

static cp_value log_in(cp_context *cp, struct pop3 *pop3, const sasl_credentials *credentials, int mechanism) {
    pop3->authenticating = true;
    cp_value result = mechanism == POP3_MECHANISM_APOP   ? by_apop(cp, pop3)
                      : mechanism == POP3_MECHANISM_USER ? by_user(cp, pop3)
                                                         : pop3_sasl(cp, pop3, credentials, (sasl_mechanism)mechanism);
    pop3->authenticating = false;
    pop3->authenticated = result != CP_THROWN;
    if (result != CP_THROWN) comms_log(cp, &pop3->common.module, "logged in");
    return result;
}

cp_value pop3_login(cp_context *cp, struct pop3 *pop3) {
    struct comms_security security;
    sasl_credentials credentials;
    bool safe;
    if (comms_client_begin_login(cp, &pop3->common, pop3->authenticated, &security, &credentials, &safe) == CP_THROWN)
        return CP_THROWN;
    int mechanism = choose(cp, pop3, &credentials, safe);
    cp_value result = mechanism == SASL_MECHANISMS ? CP_THROWN : log_in(cp, pop3, &credentials, mechanism);
    explicit_bzero(&security, sizeof security);
    return result;
}

cp_value pop3_method_authenticate(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct pop3 *pop3 = pop3_of(cp, self);
    if (pop3_enter(cp, pop3) == CP_THROWN) return CP_THROWN;
    cp_value result = pop3_need_connection(cp, pop3);
    if (result != CP_THROWN) result = pop3_login(cp, pop3);
    if (result == CP_THROWN && pop3->challenged && !pop3->failed) {
        cp_value error = cp_take_error(cp);
        pop3_abandon(cp, pop3, "the log-in was broken off");
        cp_throw_value(cp, error);
    }
    return pop3_finish(cp, pop3, result);
}
