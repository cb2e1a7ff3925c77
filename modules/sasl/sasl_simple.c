/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl_simple: the mechanisms that are a message or two: PLAIN, LOGIN, EXTERNAL, CRAM-MD5, OAUTHBEARER, XOAUTH2. */
#include <stdio.h>
#include <string.h>

#include "modules/sasl/sasl_internal.h"

static sasl_status too_many(sasl_client *client) {
    return sasl_fail(client, SASL_BAD_CHALLENGE, "the server asks for more than %s has to say",
                     sasl_traits_of(client->mechanism)->name);
}

/* RFC 4616: authorization NUL user NUL password. */
sasl_status sasl_plain_step(sasl_client *client, const char *challenge, size_t size) {
    (void)challenge, (void)size;
    if (client->step++ > 0) return too_many(client);
    sasl_add_text(&client->response, client->authorization);
    sasl_add(&client->response, "", 1);
    sasl_add_text(&client->response, client->user);
    sasl_add(&client->response, "", 1);
    sasl_add_text(&client->response, client->password);
    return SASL_OK;
}

/* draft-murchison-sasl-login: the server asks for the name, then for the password; in which words is its own affair. */
sasl_status sasl_login_step(sasl_client *client, const char *challenge, size_t size) {
    (void)size;
    if (challenge == NULL) return client->answers = false, SASL_OK;
    if (client->step > 1) return too_many(client);
    sasl_add_text(&client->response, client->step++ == 0 ? client->user : client->password);
    return SASL_OK;
}

/* RFC 4422 A: who we are was shown already, by a certificate; this only says as whom we want to act. */
sasl_status sasl_external_step(sasl_client *client, const char *challenge, size_t size) {
    (void)challenge, (void)size;
    if (client->step++ > 0) return too_many(client);
    sasl_add_text(&client->response, *client->authorization ? client->authorization : client->user);
    return SASL_OK;
}

/* RFC 2195: the user, and the challenge signed with the password. */
sasl_status sasl_cram_step(sasl_client *client, const char *challenge, size_t size) {
    enum { MD5_SIZE = 16 };
    if (challenge == NULL) return client->answers = false, SASL_OK;
    if (client->step++ > 0) return too_many(client);
    /* A server that chose nothing could have the answer to a challenge of another prepared. */
    if (size == 0) return sasl_fail(client, SASL_BAD_CHALLENGE, "the server's challenge is empty");
    unsigned char digest[SASL_DIGEST_MAX];
    char hex[2 * MD5_SIZE + 1];
    if (!client->crypto->hmac(client->crypto->context, SASL_MD5, client->password, strlen(client->password), challenge,
                              size, digest))
        return sasl_fail(client, SASL_NO_CRYPTO, "HMAC-MD5 cannot be computed here: choose another mechanism");
    for (int i = 0; i < MD5_SIZE; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    sasl_add_text(&client->response, client->user);
    sasl_add(&client->response, " ", 1);
    sasl_add_text(&client->response, hex);
    explicit_bzero(digest, sizeof digest);
    explicit_bzero(hex, sizeof hex);
    return SASL_OK;
}

/* ---- OAuth 2.0 ---- */

/* A token is of RFC 6750's characters: anything else could forge a further field. */
static bool token_is_safe(const char *token) {
    for (; *token != '\0'; token++)
        if (*token <= ' ' || *token > '~') return false;
    return true;
}

static sasl_status bad_token(sasl_client *client) {
    return sasl_fail(client, SASL_BAD_CREDENTIALS,
                     "the token has characters that no token may have (spaces, controls)");
}

/* A second challenge says why it was refused (RFC 7628 3.2.2); the exchange wants one more response before its end. */
static sasl_status oauth_refused(sasl_client *client, const char *challenge, size_t size, const char *last) {
    char words[300];
    sasl_add_text(&client->response, last);
    return sasl_fail(client, SASL_REFUSED, "the server does not take the token: %s",
                     sasl_shown(words, sizeof words, challenge, size));
}

/* A name in a gs2-header (RFC 5801 4). */
static void add_name(sasl_bytes *to, const char *name) {
    for (; *name != '\0'; name++) {
        if (*name == '=') sasl_add_text(to, "=3D");
        else if (*name == ',') sasl_add_text(to, "=2C");
        else sasl_add(to, name, 1);
    }
}

/* RFC 7628 3.1 */
sasl_status sasl_oauth_step(sasl_client *client, const char *challenge, size_t size) {
    if (client->step > 0) {
        if (client->step++ > 1) return too_many(client);
        return oauth_refused(client, challenge, size, "\1");
    }
    if (!token_is_safe(client->token)) return bad_token(client);
    client->step++;
    const char *as = *client->authorization ? client->authorization : client->user;
    if (strpbrk(as, "\1") != NULL) return sasl_fail(client, SASL_BAD_CREDENTIALS, "the user has a control character");
    sasl_add_text(&client->response, "n,");
    if (*as) {
        sasl_add_text(&client->response, "a=");
        add_name(&client->response, as);
    }
    sasl_add_text(&client->response, ",\1");
    if (*client->host && strpbrk(client->host, "\1") == NULL) {
        sasl_add_text(&client->response, "host=");
        sasl_add_text(&client->response, client->host);
        sasl_add_text(&client->response, "\1");
    }
    if (client->port > 0) {
        char text[24];
        snprintf(text, sizeof text, "port=%u\1", client->port);
        sasl_add_text(&client->response, text);
    }
    sasl_add_text(&client->response, "auth=Bearer ");
    sasl_add_text(&client->response, client->token);
    sasl_add_text(&client->response, "\1\1");
    return SASL_OK;
}

/* Google's and Microsoft's form of it, older than RFC 7628. */
sasl_status sasl_xoauth2_step(sasl_client *client, const char *challenge, size_t size) {
    if (client->step > 0) {
        if (client->step++ > 1) return too_many(client);
        return oauth_refused(client, challenge, size, "");
    }
    if (!token_is_safe(client->token)) return bad_token(client);
    if (strpbrk(client->user, "\1") != NULL)
        return sasl_fail(client, SASL_BAD_CREDENTIALS, "the user has a control character");
    client->step++;
    sasl_add_text(&client->response, "user=");
    sasl_add_text(&client->response, client->user);
    sasl_add_text(&client->response, "\1auth=Bearer ");
    sasl_add_text(&client->response, client->token);
    sasl_add_text(&client->response, "\1\1");
    return SASL_OK;
}
