/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl_internal: what the mechanisms share. */
#ifndef SASL_INTERNAL_H
#define SASL_INTERNAL_H

#include "modules/sasl/sasl.h"

/* Bytes that grow and are wiped wherever they have been. */
typedef struct sasl_bytes {
    char *bytes;
    size_t size, capacity;
    bool failed; /* memory was short: nothing more is added */
} sasl_bytes;

void sasl_add(sasl_bytes *to, const void *bytes, size_t size);
void sasl_add_text(sasl_bytes *to, const char *text);
void sasl_add_base64(sasl_bytes *to, const void *bytes, size_t size);
void sasl_wipe(sasl_bytes *bytes); /* and free */

struct sasl_scram {
    sasl_digest digest;
    size_t size; /* of a digest */
    char nonce[33];
    sasl_bytes header;     /* gs2-header */
    sasl_bytes first_bare; /* client-first-message-bare */
    unsigned char signature[SASL_DIGEST_MAX];
    bool verified;
};

struct sasl_client {
    sasl_mechanism mechanism;
    const sasl_crypto *crypto;
    unsigned step; /* responses given */
    bool over;
    bool answers; /* this step has a response, perhaps an empty one; a mechanism clears it that has none */
    char *user, *authorization, *password, *token, *host, *binding_type; /* "" when there is none */
    unsigned port;
    unsigned char *binding;
    size_t binding_size;
    bool plus_offered;
    sasl_bytes response;
    struct sasl_scram scram;
    char error[512];
};

/* Notes what is wrong and returns the status. */
sasl_status sasl_fail(sasl_client *client, sasl_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A server's words, made safe and short, for an error's text. */
const char *sasl_shown(char *out, size_t room, const void *bytes, size_t size);

sasl_status sasl_scram_step(sasl_client *client, const char *challenge, size_t size);
sasl_status sasl_plain_step(sasl_client *client, const char *challenge, size_t size);
sasl_status sasl_login_step(sasl_client *client, const char *challenge, size_t size);
sasl_status sasl_external_step(sasl_client *client, const char *challenge, size_t size);
sasl_status sasl_cram_step(sasl_client *client, const char *challenge, size_t size);
sasl_status sasl_oauth_step(sasl_client *client, const char *challenge, size_t size);
sasl_status sasl_xoauth2_step(sasl_client *client, const char *challenge, size_t size);

#endif
