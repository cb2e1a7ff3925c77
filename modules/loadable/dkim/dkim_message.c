/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dkim_message.c: reading a message once, headers first, whatever it comes from; and signing what was read.
 */
#include "modules/loadable/dkim/dkim.h"

#include <stdlib.h>
#include <time.h>

enum { PIECE = 65536 };

/* ---- sources ---- */

cp_value dkim_source_open(cp_context *cp, struct dkim_source *source, cp_value value) {
    *source = (struct dkim_source){0};
    if (cp_is_object(value) && cp_responds_to(cp, value, "binary") && !cp_responds_to(cp, value, "read"))
        value = cp_send_z(cp, value, "binary", NULL, 0);
    if (value == CP_THROWN) return CP_THROWN;
    return byte_source_open(cp, &source->from, value, "a message for DKIM",
                            "String, Binary, Buffer, Stream, SmtpMessage or Mime");
}

ssize_t dkim_source_read(cp_context *cp, void *context, char *buffer, size_t size) {
    struct dkim_source *source = context;
    size_t used = 0;
    if (source->at == source->size) {
        int more = byte_source_next(cp, &source->from, &source->bytes, &source->size);
        source->at = 0;
        if (more <= 0) return source->size = 0, more;
    }
    if (!source->decided) { /* until there is a line end, as the first piece of a pipe may have none */
        const char *feed = memchr(source->bytes, '\n', source->size);
        bool cr = feed == source->bytes ? source->after_cr : feed && feed[-1] == '\r';
        source->convert = feed && !cr;
        source->decided = feed != NULL;
    }
    if (!source->convert) {
        used = source->size - source->at < size ? source->size - source->at : size;
        memcpy(buffer, source->bytes + source->at, used);
        source->at += used;
        source->after_cr = used > 0 && buffer[used - 1] == '\r';
        return (ssize_t)used;
    }
    for (; source->at < source->size && used + 2 <= size; source->at++) {
        char c = source->bytes[source->at];
        if (c == '\n' && !source->after_cr) buffer[used++] = '\r';
        source->after_cr = c == '\r';
        buffer[used++] = c;
    }
    return (ssize_t)used;
}

/* ---- one message ---- */

/* Where the body begins, 0 when the empty line has not come. */
static size_t header_end(const struct mail_buffer *header, size_t from) {
    if (header->size >= 2 && from < 2 && !memcmp(header->data, "\r\n", 2)) return 2; /* no headers at all */
    const char *end = memmem(header->data + from, header->size - from, "\r\n\r\n", 4);
    return end ? (size_t)(end - header->data) + 4 : 0;
}

cp_value dkim_message_begin(cp_context *cp, struct dkim_message *message, dkim_read read, void *context) {
    *message = (struct dkim_message){0};
    size_t end = 0;
    while (end == 0 && !message->whole) {
        char *room = mail_buffer_reserve(&message->header, PIECE);
        if (!room) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
        ssize_t size = read(cp, context, room, PIECE);
        if (size < 0) return CP_THROWN;
        size_t from = message->header.size > 3 ? message->header.size - 3 : 0;
        message->header.size += (size_t)size;
        message->whole = size == 0;
        end = header_end(&message->header, from);
        if (end == 0 && message->header.size > DKIM_HEADER_MAX)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                            "the headers of the message are longer than %d bytes", DKIM_HEADER_MAX);
    }
    message->body = end ? end : message->header.size;
    size_t body;
    message->fields =
        dkim_fields(message->header.data ? message->header.data : "", message->body, &message->count, &body);
    return message->fields ? CP_NIL : cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
}

cp_value dkim_message_body(cp_context *cp, struct dkim_message *message, struct dkim_body *const *bodies, size_t count,
                           dkim_read read, void *context) {
    char *piece = cp_alloc_atomic(PIECE);
    for (size_t i = 0; i < count; i++)
        dkim_body_update(bodies[i], message->header.data + message->body, message->header.size - message->body);
    while (!message->whole) {
        ssize_t size = read(cp, context, piece, PIECE);
        if (size < 0 || cp_poll(cp) == CP_THROWN) return CP_THROWN;
        message->whole = size == 0;
        for (size_t i = 0; i < count; i++) dkim_body_update(bodies[i], piece, (size_t)size);
    }
    for (size_t i = 0; i < count; i++) dkim_body_finish(bodies[i]);
    return CP_NIL;
}

void dkim_message_free(struct dkim_message *message) {
    mail_buffer_free(&message->header);
    free(message->fields);
    message->fields = NULL;
}

/* ---- signing ---- */

static void hash_sink(void *context, const char *bytes, size_t size) { EVP_DigestUpdate(context, bytes, size); }

static const char **names_of(cp_context *cp, cp_value list) {
    size_t count = cp_list_length(list), i = 0;
    const char **names = list == CP_NIL ? NULL : cp_alloc((count + 1) * sizeof *names);
    for (; names && i < count; i++, list = cp_tail(list)) names[i] = cp_text_z(cp, cp_head(list));
    return names;
}

static cp_value sign_read(cp_context *cp, struct dkim *dkim, struct dkim_message *message, EVP_MD_CTX *hash,
                          dkim_read read, void *context, struct mail_buffer *field) {
    struct dkim_body body, *bodies[] = {&body};
    unsigned char body_hash[EVP_MAX_MD_SIZE], signature[DKIM_SIGNATURE_MAX];
    struct mail_buffer data = {0};
    struct mail_error error;
    struct dkim_signing signing = {
        .algorithm = dkim->algorithm,
        .domain = cp_text_z(cp, dkim->domain),
        .selector = cp_text_z(cp, dkim->selector),
        .identity = dkim->identity == CP_NIL ? NULL : cp_text_z(cp, dkim->identity),
        .header_relaxed = dkim->header_relaxed,
        .body_relaxed = dkim->body_relaxed,
        .time = dkim->time >= 0 ? dkim->time : (int64_t)time(NULL),
        .expires = -1,
        .names = names_of(cp, dkim->headers),
        .oversign = true,
    };
    if (dkim->expiry >= 0) signing.expires = signing.time + dkim->expiry;
    if (dkim_message_begin(cp, message, read, context) == CP_THROWN) return CP_THROWN;
    dkim_body_init(&body, dkim->body_relaxed, UINT64_MAX, hash_sink, hash);
    if (dkim_message_body(cp, message, bodies, 1, read, context) == CP_THROWN) return CP_THROWN;
    if (EVP_DigestFinal_ex(hash, body_hash, NULL) != 1)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "OpenSSL cannot compute the digest");
    enum mail_status status =
        dkim_signing_prepare(&signing, message->fields, message->count, body_hash, field, &data, &error);
    size_t size = status == MAIL_OK ? dkim_sign_data(dkim->key->resource, dkim->algorithm, &data, signature) : 0;
    mail_buffer_free(&data);
    if (status != MAIL_OK) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s", error.text);
    if (size == 0) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "OpenSSL cannot sign with this key");
    dkim_signing_finish(field, signature, size);
    return field->failed ? cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory") : CP_NIL;
}

cp_value dkim_sign_message(cp_context *cp, struct dkim *dkim, dkim_read read, void *context,
                           struct mail_buffer *field) {
    struct dkim_message message = {0};
    const char *missing = dkim->domain == CP_NIL ? "domain" : dkim->selector == CP_NIL ? "selector" : "key";
    if (dkim->domain == CP_NIL || dkim->selector == CP_NIL || !dkim->key)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Dkim needs a %s to sign", missing);
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    cp_value result = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1
                          ? sign_read(cp, dkim, &message, hash, read, context, field)
                          : cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "OpenSSL cannot compute the digest");
    EVP_MD_CTX_free(hash);
    dkim_message_free(&message);
    return result;
}
