/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_sasl: a server that says anything to a client that logs in; and texts to prepare.
 *
 * Octet 0: the mechanism (low bits), whether there is channel binding (0x80), whether it is only sasl_prep (0x40). Then
 * challenges, each ended by 0xff; in them $N stands for the client's nonce. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/sasl/sasl_internal.h"
#include "modules/sasl/sasl_prep.h"

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition)) abort();                                                                                     \
    while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No cryptography, but something that depends on its arguments. */
static bool mix(const void *data, size_t size, unsigned char *out) {
    const unsigned char *bytes = data;
    memset(out, 7, SASL_DIGEST_MAX);
    for (size_t i = 0; i < size; i++) out[i % SASL_DIGEST_MAX] ^= bytes[i];
    return true;
}
static bool digest(void *c, sasl_digest d, const void *data, size_t size, unsigned char *out) {
    (void)c, (void)d;
    return mix(data, size, out);
}
static bool hmac(void *c, sasl_digest d, const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char *out) {
    (void)c, (void)d, (void)key, (void)key_size;
    return mix(data, size, out);
}
static bool pbkdf2(void *c, sasl_digest d, const void *password, size_t password_size, const void *salt,
                   size_t salt_size, uint32_t iterations, unsigned char *out) {
    (void)c, (void)d, (void)salt, (void)salt_size;
    CHECK(iterations >= SASL_ITERATIONS_MIN && iterations <= SASL_ITERATIONS_MAX);
    return mix(password, password_size, out);
}
static bool random_bytes(void *c, void *out, size_t size) {
    (void)c;
    memset(out, 1, size);
    return true;
}

static void prepare(const uint8_t *data, size_t size) {
    const char *why;
    char *text = strndup((const char *)data, size), *once = text ? sasl_prep(text, &why) : NULL;
    CHECK(once != NULL || why != NULL);
    free(text);
    free(once);
}

static const sasl_crypto crypto = {NULL, digest, hmac, pbkdf2, random_bytes};
static const char secret[] = "hunter2-the-secret";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    uint8_t options = *data++;
    size--;
    if (options & 0x40) return prepare(data, size), 0;
    sasl_credentials credentials = {.user = "bob,=", .password = secret, .token = secret, .host = "h", .port = 25};
    if (options & 0x80) {
        credentials.binding_type = "tls-exporter";
        credentials.binding = "data";
        credentials.binding_size = 4;
    }
    sasl_status status;
    sasl_client *client = sasl_client_new((options & 0x3f) % SASL_MECHANISMS, &credentials, &crypto, &status, NULL);
    if (client == NULL) return 0;
    const char *response;
    size_t length;
    status = sasl_client_step(client, NULL, 0, &response, &length);
    CHECK(status == SASL_OK);
    for (unsigned steps = 0; size > 0 && steps < 20; steps++) {
        const uint8_t *end = memchr(data, 0xff, size);
        size_t part = end ? (size_t)(end - data) : size;
        sasl_bytes challenge = {0};
        for (size_t i = 0; i < part; i++) {
            if (i + 1 < part && data[i] == '$' && data[i + 1] == 'N')
                sasl_add_text(&challenge, client->scram.nonce), i++;
            else sasl_add(&challenge, data + i, 1);
        }
        sasl_status before = status;
        status = sasl_client_step(client, challenge.bytes ? challenge.bytes : "", challenge.size, &response, &length);
        CHECK(before == SASL_OK || status == SASL_BAD_CHALLENGE); /* what is over stays so */
        CHECK(status == SASL_OK || status == SASL_REFUSED || response == NULL);
        CHECK(length <= 4 * SASL_CHALLENGE_MAX);
        CHECK(strstr(sasl_client_error(client), secret) == NULL || memmem(challenge.bytes, challenge.size, secret, 10));
        sasl_wipe(&challenge);
        data += part + (end != NULL);
        size -= part + (end != NULL);
    }
    sasl_client_accepted(client);
    sasl_client_free(client);
    return 0;
}
