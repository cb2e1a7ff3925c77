/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl: the client's side of SASL (RFC 4422): challenges in, responses out, without any I/O and without cryptography of
 * its own, which the caller hands in.
 *
 *     sasl_client_new; sasl_client_step with no challenge gives the initial response, if the mechanism has one; then
 *     sasl_client_step with each challenge; and when the server says that all is well, sasl_client_accepted, which
 *     knows whether the server has proved itself (SCRAM).
 *
 * Bytes here are bare; base64 is the protocol's affair. Everything that is or holds a secret is wiped when it is done
 * with. Challenges come from outside: nothing in them may crash, hang or use memory beyond SASL_CHALLENGE_MAX, and
 * texts of errors never hold a secret.
 */
#ifndef SASL_SASL_H
#define SASL_SASL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SASL_CHALLENGE_MAX = 12288,    /* bytes (RFC 4954 4.5 has as many for a line of base64) */
    SASL_TEXT_MAX = 1024,          /* bytes of a user name, a password */
    SASL_TOKEN_MAX = 65536,        /* bytes of a token: some hold a whole document */
    SASL_ITERATIONS_MIN = 4096,    /* RFC 7677 4: fewer would make a stolen exchange easy to try passwords on */
    SASL_ITERATIONS_MAX = 2000000, /* about a second; more is an attack on our time */
    SASL_DIGEST_MAX = 32,
};

/* The mechanisms, best first. */
typedef enum sasl_mechanism {
    SASL_SCRAM_SHA_256_PLUS,
    SASL_SCRAM_SHA_256,
    SASL_SCRAM_SHA_1_PLUS,
    SASL_SCRAM_SHA_1,
    SASL_OAUTHBEARER,
    SASL_XOAUTH2,
    SASL_CRAM_MD5,
    SASL_PLAIN,
    SASL_LOGIN,
    SASL_EXTERNAL,
    SASL_MECHANISMS /* their number */
} sasl_mechanism;

/* What is to be known of a mechanism to choose it. */
typedef struct sasl_traits {
    const char *name;
    bool needs_password, needs_token;
    bool needs_binding; /* -PLUS */
    bool in_clear;      /* who listens gets what is needed to log in: only over an encrypted connection */
} sasl_traits;

typedef enum sasl_digest { SASL_MD5, SASL_SHA_1, SASL_SHA_256 } sasl_digest;

/* Cryptography, by the caller. Each returns false when it cannot. `out` has room for the digest. pbkdf2 takes long and
 * may let others run meanwhile. */
typedef struct sasl_crypto {
    void *context;
    bool (*digest)(void *context, sasl_digest digest, const void *data, size_t size, unsigned char *out);
    bool (*hmac)(void *context, sasl_digest digest, const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char *out);
    bool (*pbkdf2)(void *context, sasl_digest digest, const void *password, size_t password_size, const void *salt,
                   size_t salt_size, uint32_t iterations, unsigned char *out); /* one digest long */
    bool (*random)(void *context, void *out, size_t size);
} sasl_crypto;

/* Texts are UTF-8; NULL or "" is none. All are copied. */
typedef struct sasl_credentials {
    const char *user;          /* who we are */
    const char *authorization; /* as whom we want to act, if that is another */
    const char *password;
    const char *token;        /* OAuth 2.0 bearer token */
    const char *host;         /* of the server, for OAUTHBEARER */
    unsigned port;            /* likewise; 0 = none */
    const char *binding_type; /* channel binding of the connection; NULL when there is none */
    const void *binding;
    size_t binding_size;
    bool plus_offered; /* the server offers a -PLUS mechanism (RFC 5802 6: then "y" would be a lie) */
} sasl_credentials;

/* Under this name the module crypto leaves a `const sasl_crypto *` in the interpreter, once it is loaded. */
#define SASL_CRYPTO_STATE "Sasl crypto"

typedef enum sasl_status {
    SASL_OK,
    SASL_BAD_CREDENTIALS, /* something is missing, or cannot be sent: user, password, token */
    SASL_BAD_CHALLENGE,   /* the server breaks the mechanism's rules, or wants what is not safe */
    SASL_FALSE_SERVER,    /* it does not know the password: somebody else answers in its place */
    SASL_REFUSED,         /* it says no; the response, if there is one, is still to be sent */
    SASL_NO_CRYPTO,       /* the cryptography has failed */
    SASL_NO_MEMORY
} sasl_status;

typedef struct sasl_client sasl_client;

const sasl_traits *sasl_traits_of(sasl_mechanism mechanism);
/* The mechanism of that name (any case), or SASL_MECHANISMS. */
sasl_mechanism sasl_find(const char *name, size_t size);
/* The best one that `offered` (bit 1 << mechanism) has and the credentials suffice for; `safe`: the connection is
 * encrypted to a server that is known, so those in_clear may be taken. SASL_MECHANISMS when there is none. */
sasl_mechanism sasl_choose(uint32_t offered, const sasl_credentials *credentials, bool safe);

/* NULL with *status when something is missing or memory is short; `why` (may be NULL) gets the words for it. `crypto`
 * must stay where it is. */
sasl_client *sasl_client_new(sasl_mechanism mechanism, const sasl_credentials *credentials, const sasl_crypto *crypto,
                             sasl_status *status, const char **why);
/* Wipes and frees; NULL is allowed. */
void sasl_client_free(sasl_client *client);

/* The next response to a challenge (NULL: to begin with). *response points to *size bytes that stay until the next
 * call; it is NULL when there is none: the mechanism has no initial response, or it is all over (cancel the exchange).
 * With SASL_REFUSED the response ends the exchange in the way the mechanism has for it. */
sasl_status sasl_client_step(sasl_client *client, const void *challenge, size_t challenge_size, const char **response,
                             size_t *size);
/* The server has said that we are in: SASL_OK, or SASL_FALSE_SERVER when it has not proved that it knows the password.
 */
sasl_status sasl_client_accepted(sasl_client *client);
/* What was wrong, in words; "" when nothing was. */
const char *sasl_client_error(const sasl_client *client);

#endif
