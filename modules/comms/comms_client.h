/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * comms_client: what clients of servers with accounts (Smtp, Pop3) have in common: to whom they are connected, whether
 * that goes encrypted, who they say they are, and the part of a session that is the same in every protocol. The struct
 * of such a module begins with a struct comms_client.
 */
#ifndef COMMS_COMMS_CLIENT_H
#define COMMS_COMMS_CLIENT_H

#include "modules/comms/comms_redaction.h"
#include "modules/comms/comms_secret.h"
#include "modules/comms/comms_stack.h"
#include "modules/comms/util.h"
#include "modules/sasl/sasl.h"
#include "modules/system/turn.h"

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
    bool authenticating, authenticated;
    bool challenged;       /* the server waits for a response to `challenge` */
    const char *challenge; /* NULL when it is no base64 */
    size_t challenge_size;
    struct turn turn; /* of the thread whose call is under way */
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
/* A log-in under way, on the caller's stack. */
struct comms_login {
    struct comms_security security;
    sasl_credentials credentials;
    bool safe; /* who listens gets nothing from what is sent */
};
/* Finds out what there is to log in with, which passwordEval may have to print first. CP_NIL, also without a password,
 * because some mechanisms need none, and then comms_login_end must follow; or CP_THROWN: 1.2 when somebody is logged in
 * already, 1.3 without an account. */
cp_value comms_login_begin(cp_context *cp, struct comms_client *client, struct comms_login *login);
/* The end of it, with what came of it, which it gives back: wipes, and keeps and logs that we are in (`mechanism`: how;
 * NULL when it has not come to that). */
cp_value comms_login_end(cp_context *cp, struct comms_client *client, struct comms_login *login, const char *mechanism,
                         cp_value result);
/* ---- the session ---- */

/* CP_NIL, or CP_THROWN (6.11) unless a session was begun, is ready, has not failed (`failure` is () then, else its
 * text) and stands on connected layers. */
cp_value comms_client_need_session(cp_context *cp, const struct comms_client *client, bool begun, bool ready,
                                   cp_value failure);
/* What the server has sent, in the Util's buffer until it is consumed, after waiting at most `wait` ms for it: 1
 * something is there, 0 nothing came within that time, -1 thrown from below. */
int comms_client_receive(cp_context *cp, struct comms_client *client, int64_t wait, struct comms_util **util,
                         const char **bytes, size_t *size);
/* What an Error from below means to a session: its code in class 6, and the words for the engine (the Error's, unless
 * some are given; NULL when the engine's own are better). False when it is not about the connection but about the
 * thread (stopped, interrupted) or the program: then it is to be thrown again. */
bool comms_client_lost(cp_context *cp, cp_value error, int *code, const char **words);
/* "`what` 30.0 s". */
enum { COMMS_CLIENT_SILENCE = 96 };
const char *comms_client_silence(char out[COMMS_CLIENT_SILENCE], const char *what, int64_t milliseconds);

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

/* The layer, and what of it can be set in the module too, so that the configuration can. */
#define COMMS_CLIENT_TLS_PROPERTIES                                                                                    \
    {"tlsLayer",                                                                                                       \
     "Object",                                                                                                         \
     CP_READ_ONLY,                                                                                                     \
     NULL,                                                                                                             \
     comms_client_get_tls_layer,                                                                                       \
     NULL,                                                                                                             \
     "The Tls of the stack, or the one that is put in beneath the Util when encryption begins: what it should check "  \
     "is set in it before connect."},                                                                                  \
        {"caFile",          "String", CP_READ_WRITE, NULL, comms_client_get_ca_file, comms_client_set_ca_file,         \
         "Of the tlsLayer."},                                                                                          \
        {"certificate",     "String", CP_READ_WRITE, NULL, comms_client_get_certificate, comms_client_set_certificate, \
         "Of the tlsLayer."},                                                                                          \
        {"key", "String", CP_READ_WRITE, NULL, comms_client_get_key, comms_client_set_key, "Of the tlsLayer."},        \
        {"serverName",      "String", CP_READ_WRITE, NULL, comms_client_get_server_name, comms_client_set_server_name, \
         "Of the tlsLayer."},                                                                                          \
        {"pin", "String|List", CP_READ_WRITE, NULL, comms_client_get_pin, comms_client_set_pin, "Of the tlsLayer."}, { \
        "minVersion", "String|Real", CP_READ_WRITE, NULL, comms_client_get_min_version, comms_client_set_min_version,  \
            "Of the tlsLayer."                                                                                         \
    }

/* Who logs in, and with what. */
#define COMMS_CLIENT_LOGIN_PROPERTIES                                                                                  \
    {"user",                                                                                                           \
     "String",                                                                                                         \
     CP_READ_WRITE,                                                                                                    \
     NULL,                                                                                                             \
     comms_client_get_user,                                                                                            \
     comms_client_set_user,                                                                                            \
     "Who we are to the server. When it is set, or a token, connect logs in. Errors: 1.8 a NUL in it."},               \
        {"password",                                                                                                   \
         "String",                                                                                                     \
         CP_READ_WRITE,                                                                                                \
         NULL,                                                                                                         \
         comms_client_get_password,                                                                                    \
         comms_client_set_password,                                                                                    \
         "The user's password. It reads as *****. Errors: 1.8 a NUL in it."},                                          \
        {"passwordEval",                                                                                               \
         "String",                                                                                                     \
         CP_READ_WRITE,                                                                                                \
         NULL,                                                                                                         \
         comms_client_get_password_eval,                                                                               \
         comms_client_set_password_eval,                                                                               \
         "A command for the shell whose first line of output is the password, as \"pass show mail\"; run when it is "  \
         "needed, at most 2 minutes, and again when what it printed was refused. `password` goes before it. Errors "   \
         "when it is used: 4.2."},                                                                                     \
    {                                                                                                                  \
        "token", "String", CP_READ_WRITE, NULL, comms_client_get_token, comms_client_set_token,                        \
            "An OAuth 2.0 bearer token, for OAUTHBEARER and XOAUTH2. It reads as *****. Errors: 1.8 a NUL in it."      \
    }

/* ---- what no client does, for comms_ops ---- */

/* Each throws 1.12. */
cp_value comms_client_refuse_bind(cp_context *cp, struct comms_module *m);
cp_value comms_client_refuse_listen(cp_context *cp, struct comms_module *m, int backlog);
cp_value comms_client_refuse_accept(cp_context *cp, struct comms_module *m, int64_t timeout);

#endif
