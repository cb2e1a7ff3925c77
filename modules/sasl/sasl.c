/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl: the mechanisms' table, the choice among them, and what all exchanges have in common. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/coding/base64.h"
#include "modules/sasl/sasl_internal.h"

static const struct {
    sasl_traits traits;
    sasl_status (*step)(sasl_client *client, const char *challenge, size_t size);
} mechanisms[SASL_MECHANISMS] = {
    [SASL_SCRAM_SHA_256_PLUS] = {{"SCRAM-SHA-256-PLUS", true, false, true, false}, sasl_scram_step},
    [SASL_SCRAM_SHA_256] = {{"SCRAM-SHA-256", true, false, false, false}, sasl_scram_step},
    [SASL_SCRAM_SHA_1_PLUS] = {{"SCRAM-SHA-1-PLUS", true, false, true, false}, sasl_scram_step},
    [SASL_SCRAM_SHA_1] = {{"SCRAM-SHA-1", true, false, false, false}, sasl_scram_step},
    [SASL_OAUTHBEARER] = {{"OAUTHBEARER", false, true, false, true}, sasl_oauth_step},
    [SASL_XOAUTH2] = {{"XOAUTH2", false, true, false, true}, sasl_xoauth2_step},
    [SASL_CRAM_MD5] = {{"CRAM-MD5", true, false, false, false}, sasl_cram_step},
    [SASL_PLAIN] = {{"PLAIN", true, false, false, true}, sasl_plain_step},
    [SASL_LOGIN] = {{"LOGIN", true, false, false, true}, sasl_login_step},
    [SASL_EXTERNAL] = {{"EXTERNAL", false, false, false, false}, sasl_external_step},
};

/* ---- bytes ---- */

void sasl_add(sasl_bytes *to, const void *bytes, size_t size) {
    if (to->failed || size == 0) return;
    if (to->capacity - to->size < size) {
        size_t capacity = to->capacity ? to->capacity : 256;
        while (capacity < to->size + size) capacity *= 2;
        char *bigger = malloc(capacity); /* no realloc, which would leave a copy behind */
        if (bigger == NULL) {
            to->failed = true;
            return;
        }
        if (to->size > 0) memcpy(bigger, to->bytes, to->size);
        if (to->bytes != NULL) explicit_bzero(to->bytes, to->capacity);
        free(to->bytes);
        to->bytes = bigger;
        to->capacity = capacity;
    }
    memcpy(to->bytes + to->size, bytes, size);
    to->size += size;
}

void sasl_add_text(sasl_bytes *to, const char *text) { sasl_add(to, text, strlen(text)); }

void sasl_add_base64(sasl_bytes *to, const void *bytes, size_t size) {
    size_t length = (size_t)base64_encoded_size(size, 0);
    char *text = malloc(length + 1);
    if (text == NULL) {
        to->failed = true;
        return;
    }
    base64_encode(text, bytes, size);
    sasl_add(to, text, length);
    explicit_bzero(text, length);
    free(text);
}

void sasl_wipe(sasl_bytes *bytes) {
    if (bytes->bytes != NULL) explicit_bzero(bytes->bytes, bytes->capacity);
    free(bytes->bytes);
    *bytes = (sasl_bytes){0};
}

/* ---- errors ---- */

sasl_status sasl_fail(sasl_client *client, sasl_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(client->error, sizeof client->error, format, arguments);
    va_end(arguments);
    return status;
}

const char *sasl_shown(char *out, size_t room, const void *bytes, size_t size) {
    const unsigned char *from = bytes;
    size_t used = 0;
    for (size_t i = 0; i < size && used + 1 < room; i++)
        out[used++] = from[i] < ' ' || from[i] > '~' ? '?' : (char)from[i];
    out[used] = '\0';
    return out;
}

const char *sasl_client_error(const sasl_client *client) { return client->error; }

/* ---- choosing ---- */

const sasl_traits *sasl_traits_of(sasl_mechanism mechanism) { return &mechanisms[mechanism].traits; }

sasl_mechanism sasl_find(const char *name, size_t size) {
    for (sasl_mechanism i = 0; i < SASL_MECHANISMS; i++)
        if (strlen(mechanisms[i].traits.name) == size && strncasecmp(mechanisms[i].traits.name, name, size) == 0)
            return i;
    return SASL_MECHANISMS;
}

static bool is_given(const char *text) { return text != NULL && *text != '\0'; }

/* What is missing for the mechanism, or NULL. */
static const char *lacks(sasl_mechanism mechanism, const sasl_credentials *credentials) {
    const sasl_traits *traits = &mechanisms[mechanism].traits;
    if (traits->needs_password && !is_given(credentials->password)) return "a password is needed";
    if (traits->needs_token && !is_given(credentials->token)) return "a token is needed";
    /* RFC 7628 3.1 lets the token alone say who it is; XOAUTH2 does not. */
    if ((traits->needs_password || mechanism == SASL_XOAUTH2) && !is_given(credentials->user))
        return "a user is needed";
    if (traits->needs_binding && credentials->binding_type == NULL)
        return "the connection has no channel binding, which needs TLS";
    return NULL;
}

sasl_mechanism sasl_choose(uint32_t offered, const sasl_credentials *credentials, bool safe) {
    for (sasl_mechanism i = 0; i < SASL_MECHANISMS; i++) {
        if (!(offered & 1u << i) || lacks(i, credentials) != NULL) continue;
        if (mechanisms[i].traits.in_clear && !safe) continue;
        /* EXTERNAL is for who is known without: whoever has given a secret wants to be known by that. */
        if (i == SASL_EXTERNAL && (is_given(credentials->password) || is_given(credentials->token))) continue;
        return i;
    }
    return SASL_MECHANISMS;
}

/* ---- life ---- */

/* A copy, "" for NULL; NULL when memory is short, or the text too long. */
static char *copy_text(const char *text, size_t most) {
    if (text == NULL) text = "";
    size_t size = strnlen(text, most + 1);
    return size > most ? NULL : strndup(text, size);
}

sasl_client *sasl_client_new(sasl_mechanism mechanism, const sasl_credentials *credentials, const sasl_crypto *crypto,
                             sasl_status *status, const char **why) {
    const char *lack = lacks(mechanism, credentials);
    const char *values[] = {credentials->user, credentials->password};
    for (int i = 0; i < 2 && lack == NULL; i++)
        if (values[i] != NULL && strnlen(values[i], SASL_TEXT_MAX + 1) > SASL_TEXT_MAX)
            lack = i == 0 ? "the user has more than 1024 bytes" : "the password has more than 1024 bytes";
    if (lack == NULL && credentials->token != NULL && strnlen(credentials->token, SASL_TOKEN_MAX + 1) > SASL_TOKEN_MAX)
        lack = "the token has more than 65536 bytes";
    if (why != NULL) *why = lack;
    *status = lack != NULL ? SASL_BAD_CREDENTIALS : SASL_NO_MEMORY;
    sasl_client *client = lack == NULL ? calloc(1, sizeof *client) : NULL;
    if (client == NULL) return NULL;
    client->mechanism = mechanism;
    client->crypto = crypto;
    client->port = credentials->port;
    client->plus_offered = credentials->plus_offered;
    client->user = copy_text(credentials->user, SASL_TEXT_MAX);
    client->authorization = copy_text(credentials->authorization, SASL_TEXT_MAX);
    client->password = copy_text(credentials->password, SASL_TEXT_MAX);
    client->token = copy_text(credentials->token, SASL_TOKEN_MAX);
    client->host = copy_text(credentials->host, SASL_TEXT_MAX);
    client->binding_type = copy_text(credentials->binding_type, 64);
    client->binding = malloc(credentials->binding_size + 1);
    if (client->user == NULL || client->authorization == NULL || client->password == NULL || client->token == NULL ||
        client->host == NULL || client->binding_type == NULL || client->binding == NULL) {
        sasl_client_free(client);
        return NULL;
    }
    if (credentials->binding_type != NULL && credentials->binding_size > 0) {
        memcpy(client->binding, credentials->binding, credentials->binding_size);
        client->binding_size = credentials->binding_size;
    }
    *status = SASL_OK;
    return client;
}

static void wipe_text(char *text) {
    if (text != NULL) explicit_bzero(text, strlen(text));
    free(text);
}

void sasl_client_free(sasl_client *client) {
    if (client == NULL) return;
    wipe_text(client->user);
    wipe_text(client->authorization);
    wipe_text(client->password);
    wipe_text(client->token);
    free(client->host);
    free(client->binding_type);
    free(client->binding);
    sasl_wipe(&client->response);
    sasl_wipe(&client->scram.header);
    sasl_wipe(&client->scram.first_bare);
    explicit_bzero(client, sizeof *client);
    free(client);
}

/* ---- the exchange ---- */

sasl_status sasl_client_step(sasl_client *client, const void *challenge, size_t challenge_size, const char **response,
                             size_t *size) {
    *response = NULL;
    *size = 0;
    client->error[0] = '\0';
    sasl_wipe(&client->response);
    sasl_status status;
    if (client->over)
        status = sasl_fail(client, SASL_BAD_CHALLENGE, "the server goes on after the end of the exchange");
    else if (challenge_size > SASL_CHALLENGE_MAX)
        status = sasl_fail(client, SASL_BAD_CHALLENGE, "a challenge of %zu bytes, more than %d", challenge_size,
                           SASL_CHALLENGE_MAX);
    else {
        client->answers = true;
        status = mechanisms[client->mechanism].step(client, challenge, challenge_size);
    }
    if (client->response.failed && (status == SASL_OK || status == SASL_REFUSED))
        status = sasl_fail(client, SASL_NO_MEMORY, "out of memory");
    if (status != SASL_OK) client->over = true;
    if ((status == SASL_OK || status == SASL_REFUSED) && client->answers) {
        *response = client->response.bytes != NULL ? client->response.bytes : "";
        *size = client->response.size;
    }
    return status;
}

sasl_status sasl_client_accepted(sasl_client *client) {
    bool scram = client->mechanism <= SASL_SCRAM_SHA_1;
    if (!scram || client->scram.verified) return SASL_OK;
    return sasl_fail(client, SASL_FALSE_SERVER,
                     "the server says that all is well without having proved that it knows the password");
}
