/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl_scram: SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, 7677), with and without channel binding (-PLUS). The password
 * does not leave us, and the server must prove that it knows it too. */
#include <stdlib.h>
#include <string.h>

#include "modules/coding/base64.h"
#include "modules/sasl/sasl_internal.h"
#include "modules/sasl/sasl_prep.h"

enum { SALT_MAX = 1024, NONCE_BYTES = 24 /* 32 characters of base64 */ };

/* A piece of a message. */
typedef struct span {
    const char *bytes;
    size_t size;
} span;

static bool is_plus(const sasl_client *client) { return sasl_traits_of(client->mechanism)->needs_binding; }

static bool hmac(const sasl_client *client, const void *key, size_t key_size, span data, unsigned char *out) {
    return client->crypto->hmac(client->crypto->context, client->scram.digest, key, key_size, data.bytes, data.size,
                                out);
}

static sasl_status no_crypto(sasl_client *client) {
    return sasl_fail(client, SASL_NO_CRYPTO, "the cryptography of %s has failed here",
                     sasl_traits_of(client->mechanism)->name);
}

/* ---- the first message ---- */

/* RFC 5802 5.1: saslname. */
static void add_name(sasl_bytes *to, const char *name) {
    for (; *name != '\0'; name++) {
        if (*name == '=') sasl_add_text(to, "=3D");
        else if (*name == ',') sasl_add_text(to, "=2C");
        else sasl_add(to, name, 1);
    }
}

/* RFC 5802 6: what we say of channel binding is signed, so that nobody between us can take the -PLUS away unseen. */
static const char *binding_flag(const sasl_client *client) {
    if (is_plus(client)) return "p=";
    return *client->binding_type != '\0' && !client->plus_offered ? "y" : "n";
}

/* Adds a name in its prepared form. */
static sasl_status add_prepared(sasl_client *client, sasl_bytes *to, const char *name) {
    const char *why;
    char *prepared = sasl_prep(name, &why);
    if (prepared == NULL) return sasl_fail(client, SASL_BAD_CREDENTIALS, "the user cannot be used: %s", why);
    add_name(to, prepared);
    explicit_bzero(prepared, strlen(prepared));
    free(prepared);
    return SASL_OK;
}

static sasl_status first_message(sasl_client *client) {
    struct sasl_scram *scram = &client->scram;
    unsigned char random[NONCE_BYTES];
    bool sha_1 = client->mechanism == SASL_SCRAM_SHA_1 || client->mechanism == SASL_SCRAM_SHA_1_PLUS;
    scram->digest = sha_1 ? SASL_SHA_1 : SASL_SHA_256;
    scram->size = sha_1 ? 20 : 32;
    if (scram->nonce[0] == '\0') { /* the tests with the RFCs' examples have set it */
        if (!client->crypto->random(client->crypto->context, random, sizeof random)) return no_crypto(client);
        base64_encode(scram->nonce, random, sizeof random);
        scram->nonce[sizeof scram->nonce - 1] = '\0';
    }

    sasl_add_text(&scram->header, binding_flag(client));
    if (is_plus(client)) sasl_add_text(&scram->header, client->binding_type);
    sasl_add_text(&scram->header, ",");
    if (*client->authorization != '\0') {
        sasl_add_text(&scram->header, "a=");
        if (add_prepared(client, &scram->header, client->authorization) != SASL_OK) return SASL_BAD_CREDENTIALS;
    }
    sasl_add_text(&scram->header, ",");
    sasl_add_text(&scram->first_bare, "n=");
    if (add_prepared(client, &scram->first_bare, client->user) != SASL_OK) return SASL_BAD_CREDENTIALS;
    sasl_add_text(&scram->first_bare, ",r=");
    sasl_add_text(&scram->first_bare, scram->nonce);
    sasl_add(&client->response, scram->header.bytes, scram->header.size);
    sasl_add(&client->response, scram->first_bare.bytes, scram->first_bare.size);
    client->response.failed |= scram->header.failed || scram->first_bare.failed;
    return SASL_OK;
}

/* ---- the server's messages ---- */

/* Takes "K=value" off the front of `rest`, up to a comma or the end. */
static bool take(span *rest, char key, span *value) {
    if (rest->size < 2 || rest->bytes[0] != key || rest->bytes[1] != '=') return false;
    const char *comma = memchr(rest->bytes, ',', rest->size);
    size_t size = comma != NULL ? (size_t)(comma - rest->bytes) : rest->size;
    *value = (span){rest->bytes + 2, size - 2};
    if (comma != NULL) size++;
    rest->bytes += size;
    rest->size -= size;
    return true;
}

static bool parse_count(span text, uint64_t *count) {
    *count = 0;
    if (text.size == 0 || text.size > 18) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.bytes[i] < '0' || text.bytes[i] > '9') return false;
        *count = *count * 10 + (uint64_t)(text.bytes[i] - '0');
    }
    return true;
}

/* RFC 5802 5.1: printable ASCII but the comma. */
static bool is_nonce(span text) {
    for (size_t i = 0; i < text.size; i++)
        if (text.bytes[i] < 0x21 || text.bytes[i] > 0x7e || text.bytes[i] == ',') return false;
    return text.size <= SALT_MAX;
}

struct server_first {
    span nonce;
    unsigned char salt[SALT_MAX];
    size_t salt_size;
    uint64_t iterations;
};

static sasl_status parse_server_first(sasl_client *client, span text, struct server_first *first) {
    span rest = text, salt, count;
    if (text.size >= 2 && text.bytes[0] == 'm')
        return sasl_fail(client, SASL_BAD_CHALLENGE, "the server demands an extension of SCRAM that nobody knows");
    if (memchr(text.bytes, 0, text.size) != NULL || !take(&rest, 'r', &first->nonce) || !take(&rest, 's', &salt) ||
        !take(&rest, 'i', &count) || !parse_count(count, &first->iterations) || salt.size == 0 ||
        salt.size > SALT_MAX || memchr(salt.bytes, ' ', salt.size) ||
        !base64_decode(first->salt, &first->salt_size, salt.bytes, salt.size) || first->salt_size == 0)
        return sasl_fail(client, SASL_BAD_CHALLENGE, "the server's first message is not one of SCRAM");
    size_t own = strlen(client->scram.nonce);
    if (!is_nonce(first->nonce) || first->nonce.size <= own ||
        memcmp(first->nonce.bytes, client->scram.nonce, own) != 0)
        return sasl_fail(client, SASL_BAD_CHALLENGE,
                         "the server's nonce does not go on from ours: the answer belongs to another exchange");
    if (first->iterations < SASL_ITERATIONS_MIN)
        return sasl_fail(
            client, SASL_BAD_CHALLENGE,
            "the server wants %llu iterations, fewer than the %d of RFC 7677, which makes it easy to find the "
            "password out; its administrator should raise them, or authMechanism can name another mechanism",
            (unsigned long long)first->iterations, SASL_ITERATIONS_MIN);
    if (first->iterations > SASL_ITERATIONS_MAX)
        return sasl_fail(client, SASL_BAD_CHALLENGE,
                         "the server wants %llu iterations, more than %d: that only costs time",
                         (unsigned long long)first->iterations, SASL_ITERATIONS_MAX);
    return SASL_OK;
}

/* ---- the proof ---- */

/* What both sides sign: the three messages without the proof. */
static void auth_message(sasl_client *client, span server_first, const sasl_bytes *final, sasl_bytes *out) {
    sasl_add(out, client->scram.first_bare.bytes, client->scram.first_bare.size);
    sasl_add_text(out, ",");
    sasl_add(out, server_first.bytes, server_first.size);
    sasl_add_text(out, ",");
    sasl_add(out, final->bytes, final->size);
}

/* Our proof into `proof`, what the server must answer into scram.signature. False when the cryptography fails. */
static bool prove(sasl_client *client, const char *password, const struct server_first *first, span message,
                  unsigned char *proof) {
    struct sasl_scram *scram = &client->scram;
    const sasl_crypto *crypto = client->crypto;
    unsigned char salted[SASL_DIGEST_MAX], key[SASL_DIGEST_MAX], stored[SASL_DIGEST_MAX], signature[SASL_DIGEST_MAX];
    bool ok = crypto->pbkdf2(crypto->context, scram->digest, password, strlen(password), first->salt, first->salt_size,
                             (uint32_t)first->iterations, salted) &&
              hmac(client, salted, scram->size, (span){"Client Key", 10}, key) &&
              crypto->digest(crypto->context, scram->digest, key, scram->size, stored) &&
              hmac(client, stored, scram->size, message, signature);
    for (size_t i = 0; i < scram->size && ok; i++) proof[i] = key[i] ^ signature[i];
    ok = ok && hmac(client, salted, scram->size, (span){"Server Key", 10}, key) &&
         hmac(client, key, scram->size, message, scram->signature);
    explicit_bzero(salted, sizeof salted);
    explicit_bzero(key, sizeof key);
    explicit_bzero(stored, sizeof stored);
    explicit_bzero(signature, sizeof signature);
    return ok;
}

static sasl_status final_message(sasl_client *client, span text) {
    struct server_first first;
    sasl_status status = parse_server_first(client, text, &first);
    if (status != SASL_OK) return status;
    const char *why;
    char *password = sasl_prep(client->password, &why);
    if (password == NULL) return sasl_fail(client, SASL_BAD_CREDENTIALS, "the password cannot be used: %s", why);

    sasl_bytes binding = {0}, final = {0}, message = {0};
    unsigned char proof[SASL_DIGEST_MAX];
    sasl_add(&binding, client->scram.header.bytes, client->scram.header.size);
    if (is_plus(client)) sasl_add(&binding, client->binding, client->binding_size);
    sasl_add_text(&final, "c=");
    sasl_add_base64(&final, binding.bytes, binding.size);
    sasl_add_text(&final, ",r=");
    sasl_add(&final, first.nonce.bytes, first.nonce.size);
    auth_message(client, text, &final, &message);
    if (binding.failed || final.failed || message.failed) status = sasl_fail(client, SASL_NO_MEMORY, "out of memory");
    else if (!prove(client, password, &first, (span){message.bytes, message.size}, proof)) status = no_crypto(client);
    else {
        sasl_add(&client->response, final.bytes, final.size);
        sasl_add_text(&client->response, ",p=");
        sasl_add_base64(&client->response, proof, client->scram.size);
    }
    explicit_bzero(password, strlen(password));
    free(password);
    explicit_bzero(proof, sizeof proof);
    sasl_wipe(&binding);
    sasl_wipe(&final);
    sasl_wipe(&message);
    return status;
}

/* ---- the server's proof ---- */

static bool same(const unsigned char *a, const unsigned char *b, size_t size) {
    unsigned char difference = 0;
    for (size_t i = 0; i < size; i++) difference |= a[i] ^ b[i];
    return difference == 0;
}

static sasl_status check_server(sasl_client *client, span text) {
    span value;
    char shown[100];
    unsigned char signature[SASL_DIGEST_MAX * 4];
    size_t size;
    span rest = text;
    if (take(&rest, 'e', &value))
        return sasl_fail(client, SASL_REFUSED, "the server refuses: %s",
                         sasl_shown(shown, sizeof shown, value.bytes, value.size));
    if (!take(&rest, 'v', &value) || value.size > 100 || !base64_decode(signature, &size, value.bytes, value.size))
        return sasl_fail(client, SASL_BAD_CHALLENGE, "the server's last message is not one of SCRAM");
    if (size != client->scram.size || !same(signature, client->scram.signature, size))
        return sasl_fail(client, SASL_FALSE_SERVER,
                         "the server does not know the password: it is not the one that the account is with");
    client->scram.verified = true;
    return SASL_OK;
}

sasl_status sasl_scram_step(sasl_client *client, const char *challenge, size_t size) {
    span text = {challenge != NULL ? challenge : "", size};
    switch (client->step++) {
    case 0: return first_message(client);
    case 1: return final_message(client, text);
    case 2: return check_server(client, text); /* an empty response, which RFC 4954 wants after it */
    default: return sasl_fail(client, SASL_BAD_CHALLENGE, "the server goes on after its last message of SCRAM");
    }
}
