/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms_client: what clients of servers with accounts (Smtp, Pop3) have in common: to whom they are connected, whether
 * that goes encrypted, and who they say they are. The struct of such a module begins with a struct comms_client.
 */
#ifndef COMMS_COMMS_CLIENT_H
#define COMMS_COMMS_CLIENT_H

#include "modules/comms/comms_secret.h"
#include "modules/comms/comms_stack.h"
#include "modules/sasl/sasl.h"

/* The property `tls`. */
enum comms_tls { COMMS_TLS_DEFAULT, COMMS_TLS_REQUIRED, COMMS_TLS_IMPLICIT, COMMS_TLS_OPPORTUNISTIC, COMMS_TLS_OFF };

struct comms_client {
    struct comms_module module;
    cp_value peer; /* 192.0.2.1:25, or () when the layers below do not say */
    enum comms_tls tls;
    cp_value tls_layer;    /* the Tls to put in, once somebody asked for it; else () */
    cp_value tls_inserted; /* the one that was put in and is to be taken out; else () */
    cp_value user, password_eval, auth_mechanism;
    comms_secret *password, *token;
    comms_secret *evaluated; /* what passwordEval has printed */
};

/* `self` of a method. */
static inline struct comms_client *comms_client_of(cp_context *cp, cp_value self) {
    return (struct comms_client *)comms_self(cp, self);
}

/* ---- encryption ---- */

/* The Tls of the stack, or the one that would be put in. CP_THROWN when it cannot be loaded. */
cp_value comms_client_tls_layer(cp_context *cp, struct comms_client *client);
/* What `tls` means for this peer: never COMMS_TLS_DEFAULT. */
enum comms_tls comms_client_tls_mode(cp_context *cp, const struct comms_client *client);
bool comms_client_is_encrypted(cp_context *cp, const struct comms_client *client);
/* Puts that Tls in beneath the Util and lets it do its handshake; where `tls` is opportunistic, without a look at who
   it is. CP_NIL or CP_THROWN. */
cp_value comms_client_encrypt(cp_context *cp, struct comms_client *client, cp_value layer);
/* The same before the server's first word, where `tls` is implicit. */
cp_value comms_client_encrypt_first(cp_context *cp, struct comms_client *client);
/* Takes out what was put in. */
void comms_client_tls_remove(cp_context *cp, struct comms_client *client);

/* ---- logging in ---- */

/* Whether somebody has said who we are. */
bool comms_client_wants_login(const struct comms_client *client);
/* The password, or what passwordEval has printed; NULL without. */
const char *comms_client_password(const struct comms_client *client);
/* Has passwordEval print it, where nothing else says it. CP_NIL, also when there is none: some mechanisms need none. */
cp_value comms_client_find_password(cp_context *cp, struct comms_client *client);
/* What there is to log in with; `security` is comms_security's and must live as long. */
sasl_credentials comms_client_credentials(cp_context *cp, struct comms_client *client,
                                          const struct comms_security *security);
/* The mechanisms in a list with blanks between, as bits; NULL is an empty one. */
uint32_t comms_client_mechanisms(const char *names);
/* Whether a server's words repeat a secret, as it is or in base64: then they must not come into Errors and logs. NULL
   has no secret in it. */
bool comms_secret_is_told(const char *words, const char *secret);

/* ---- properties, for the modules' tables ---- */

#define COMMS_CLIENT_PROPERTY(name)                                                                                    \
    cp_value comms_client_get_##name(cp_context *cp, cp_value self);                                                   \
    cp_value comms_client_set_##name(cp_context *cp, cp_value self, cp_value value);
COMMS_CLIENT_PROPERTY(tls)
COMMS_CLIENT_PROPERTY(ca_file)
COMMS_CLIENT_PROPERTY(certificate)
COMMS_CLIENT_PROPERTY(key)
COMMS_CLIENT_PROPERTY(server_name)
COMMS_CLIENT_PROPERTY(pin)
COMMS_CLIENT_PROPERTY(min_version)
COMMS_CLIENT_PROPERTY(user)
COMMS_CLIENT_PROPERTY(password)
COMMS_CLIENT_PROPERTY(token)
COMMS_CLIENT_PROPERTY(password_eval)
#undef COMMS_CLIENT_PROPERTY
cp_value comms_client_get_tls_layer(cp_context *cp, cp_value self);
cp_value comms_client_get_auth_mechanism(cp_context *cp, cp_value self);
/* How a secret reads: ***** or (). */
cp_value comms_secret_shown(cp_context *cp, const comms_secret *secret);

/* What of the Tls can be set in the module too, so that the configuration can. */
#define COMMS_CLIENT_TLS_PROPERTIES                                                                                    \
    {"caFile", "String", CP_READ_WRITE, NULL, comms_client_get_ca_file, comms_client_set_ca_file, "Of the tlsLayer."}, \
        {"certificate",     "String", CP_READ_WRITE, NULL, comms_client_get_certificate, comms_client_set_certificate, \
         "Of the tlsLayer."},                                                                                          \
        {"key", "String", CP_READ_WRITE, NULL, comms_client_get_key, comms_client_set_key, "Of the tlsLayer."},        \
        {"serverName",      "String", CP_READ_WRITE, NULL, comms_client_get_server_name, comms_client_set_server_name, \
         "Of the tlsLayer."},                                                                                          \
        {"pin", "String|List", CP_READ_WRITE, NULL, comms_client_get_pin, comms_client_set_pin, "Of the tlsLayer."}, { \
        "minVersion", "String|Real", CP_READ_WRITE, NULL, comms_client_get_min_version, comms_client_set_min_version,  \
            "Of the tlsLayer."                                                                                         \
    }

#endif
