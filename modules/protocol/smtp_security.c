/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_security: STARTTLS (RFC 3207) and AUTH (RFC 4954) in a client session. What mechanisms say is not known here,
 * only how it travels. */
#include <stdlib.h>
#include <string.h>

#include "modules/coding/base64.h"
#include "modules/protocol/auth_command.h"
#include "modules/protocol/smtp_client_internal.h"

enum { COMMAND_LINE_MAX = 512 }; /* RFC 5321 4.5.3.1.4, with CRLF */

static void fail_memory(smtp_client *client) {
    smtp_session_fail(client, SMTP_FAILURE_LOCAL, true, NULL, "out of memory");
}

/* ---- STARTTLS ---- */

smtp_client_status smtp_client_start_tls(smtp_client *client) {
    smtp_client_status status = smtp_session_alone(client);
    if (status != SMTP_CLIENT_OK) return status;
    if (!smtp_session_reserve(client, 2, 1) || !smtp_buffer_text(&client->output, "STARTTLS\r\n"))
        return SMTP_CLIENT_NO_MEMORY;
    smtp_session_push_command(client, COMMAND_STARTTLS, NULL, 0);
    return SMTP_CLIENT_OK;
}

void smtp_security_starttls_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    if (reply->code >= 400) smtp_session_push_reply_event(client, SMTP_CLIENT_TLS_REFUSED, reply);
    else if (reply->code != 220) smtp_session_fail_reply(client, command->kind, reply);
    else {
        client->starts_tls = true;
        client->ready = false;
        smtp_session_push_reply_event(client, SMTP_CLIENT_TLS_READY, reply);
    }
}

void smtp_security_fail_injected(smtp_client *client, size_t length) {
    smtp_session_fail(
        client, SMTP_FAILURE_PROTOCOL, false, NULL,
        "%zu octets came in clear behind the reply to STARTTLS: somebody between us and the server has put "
        "them there, or it is badly broken; nothing was believed",
        length);
}

smtp_client_status smtp_client_tls_started(smtp_client *client) {
    if (client->over) return SMTP_CLIENT_CLOSED;
    if (!client->starts_tls || client->queue_count > 0) return SMTP_CLIENT_BUSY;
    if (!smtp_session_reserve(client, 2, 1)) return SMTP_CLIENT_NO_MEMORY;
    client->starts_tls = false;
    client->pipelining = false;
    smtp_capabilities_free(&client->capabilities); /* RFC 3207 4.2: what was said in clear does not count */
    smtp_session_write_hello(client);
    return SMTP_CLIENT_OK;
}

/* ---- secrets ---- */

bool smtp_client_output_is_secret(const smtp_client *client) { return client->secret; }

void smtp_security_wipe(smtp_client *client) {
    if (client->secret && client->output.bytes != NULL) explicit_bzero(client->output.bytes, client->output.capacity);
    client->secret = false;
}

/* Writes a line with a secret as base64. The room is made first, so that no copy stays behind in another block. */
static bool write_secret(smtp_client *client, const char *before, const char *bytes, size_t size) {
    size_t encoded = (size_t)base64_encoded_size(size, 0), length = strlen(before) + encoded + 2;
    if (size > SIZE_MAX / 4 || smtp_buffer_reserve(&client->output, length) == NULL) return false;
    client->secret = true;
    smtp_buffer_text(&client->output, before);
    if (size > 0) base64_encode(client->output.bytes + client->output.end, bytes, size);
    client->output.end += encoded;
    smtp_buffer_append(&client->output, "\r\n", 2);
    return true;
}

/* ---- AUTH ---- */

bool smtp_client_auth_fits(const char *mechanism, size_t size) {
    return auth_command_fits(mechanism, size, COMMAND_LINE_MAX);
}

smtp_client_status smtp_client_auth(smtp_client *client, const char *mechanism, const char *initial, size_t size) {
    char command[AUTH_COMMAND_MAX];
    smtp_client_status status = smtp_session_alone(client);
    if (status != SMTP_CLIENT_OK) return status;
    if (!auth_command_write(command, mechanism, initial, size, COMMAND_LINE_MAX)) return SMTP_CLIENT_BAD_ARGUMENT;
    if (!smtp_session_reserve(client, 2, 1) || !write_secret(client, command, initial, initial != NULL ? size : 0))
        return SMTP_CLIENT_NO_MEMORY;
    client->ready = false;
    smtp_session_push_command(client, COMMAND_AUTH, NULL, 0);
    return SMTP_CLIENT_OK;
}

/* What the server says after 334, decoded; NULL when it is no base64 or memory is short. */
static char *decode(const smtp_reply *reply, size_t *size) {
    char *bytes = malloc(reply->length / 4 * 3 + 4);
    if (bytes != NULL && memchr(reply->text, ' ', reply->length) == NULL && reply->lines == 1 &&
        base64_decode(bytes, size, reply->text, reply->length))
        return bytes;
    free(bytes);
    *size = 0;
    return NULL;
}

void smtp_security_auth_reply(smtp_client *client, const smtp_command *command, const smtp_reply *reply) {
    if (reply->code == 334) {
        client->challenged = true;
        size_t size = 0;
        char *challenge = decode(reply, &size);
        smtp_session_push_challenge(client, challenge, size);
    } else if (reply->code >= 300 && reply->code < 400) smtp_session_fail_reply(client, command->kind, reply);
    else {
        client->ready = true;
        smtp_session_push_reply_event(client, SMTP_CLIENT_AUTH_DONE, reply);
    }
}

/* The caller's line of the exchange: a response, or NULL for the cancellation. */
static smtp_client_status answer(smtp_client *client, const char *response, size_t size) {
    if (client->over) return SMTP_CLIENT_CLOSED;
    if (!client->challenged || client->queue_count > 0) return SMTP_CLIENT_BUSY;
    if (!smtp_session_reserve(client, 2, 1) ||
        !(response == NULL ? smtp_buffer_text(&client->output, "*\r\n") : write_secret(client, "", response, size))) {
        fail_memory(client);
        return SMTP_CLIENT_NO_MEMORY;
    }
    client->challenged = false;
    smtp_session_push_command(client, COMMAND_AUTH, NULL, 0);
    return SMTP_CLIENT_OK;
}

smtp_client_status smtp_client_auth_response(smtp_client *client, const char *response, size_t size) {
    return answer(client, response, size);
}

smtp_client_status smtp_client_auth_cancel(smtp_client *client) { return answer(client, NULL, 0); }
