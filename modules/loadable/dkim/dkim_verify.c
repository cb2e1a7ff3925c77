/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dkim_verify.c: all signatures of a message in one reading: RFC 6376 6, with the words of RFC 8601 2.7.1 for what came
 * of each.
 */
#include "modules/loadable/dkim/dkim.h"

#include <time.h>

enum { SIGNATURES_MAX = 16, CLOCK_SLACK = 300 /* seconds that a signer's clock may be ahead */ };

struct check {
    struct dkim_signature signature;
    struct dkim_body body;
    EVP_MD_CTX *hash;
    const char *result, *reason; /* result NULL: not decided */
    bool testing;
};

static void decide(struct check *check, const char *result, const char *reason) {
    if (check->result) return;
    check->result = result;
    check->reason = reason;
}

static void hash_sink(void *context, const char *bytes, size_t size) { EVP_DigestUpdate(context, bytes, size); }

/* ---- keys ---- */

/* A record's text: a String or Binary, or a List or Array of them, whose strings are joined (RFC 6376 3.6.2.2). */
static cp_value record_text(cp_context *cp, cp_value value) {
    const char *bytes;
    size_t size;
    struct mail_buffer text = {0};
    if (cp_bytes_of(value, &bytes, &size)) return value;
    if (cp_has_class(value, CP_CLASS_ARRAY)) value = cp_send_z(cp, value, "list", NULL, 0);
    if (value == CP_THROWN) return value;
    for (; cp_is_cell(value); value = cp_tail(value))
        if (cp_bytes_of(cp_head(value), &bytes, &size)) mail_buffer_append(&text, bytes, size);
    cp_value whole = text.size ? cp_string_n(cp, text.data, text.size) : CP_NIL;
    mail_buffer_free(&text);
    return whole;
}

/* By Dns: none when there is no such name or record (RFC 6376 6.1.2 rule 2); of several the first. */
static cp_value look_up_in_dns(cp_context *cp, struct dkim *dkim, cp_value name) {
    cp_value dns = dkim->keys == CP_NIL ? dkim->dns : dkim->keys;
    if (dns == CP_NIL) dns = cp_create(cp, "Dns", NULL, 0);
    if (dns == CP_THROWN) return CP_THROWN;
    if (dkim->keys == CP_NIL) dkim->dns = dns;
    cp_value texts = cp_send_z(cp, dns, "txt", &name, 1);
    if (texts != CP_THROWN) return cp_is_cell(texts) ? cp_head(texts) : CP_NIL;
    cp_value error = cp_take_error(cp);
    if (cp_error_class_of(error) != CP_ERROR_DNS) return cp_throw_value(cp, error);
    switch (cp_error_code_of(error)) {
    case CP_DNS_NOT_FOUND:
    case CP_DNS_NO_DATA:
    case CP_DNS_BAD_NAME: return CP_NIL;
    default: return cp_throw_value(cp, error);
    }
}

static cp_value look_up(cp_context *cp, struct dkim *dkim, cp_value name) {
    if (!cp_is_function(dkim->keys) && !cp_has_class(dkim->keys, CP_CLASS_HASH_TABLE))
        return look_up_in_dns(cp, dkim, name);
    if (cp_has_class(dkim->keys, CP_CLASS_HASH_TABLE)) {
        cp_value found = cp_table_get(cp, dkim->keys, name);
        return found == CP_UNSET ? CP_NIL : found;
    }
    return cp_call(cp, dkim->keys, &name, 1);
}

/* The record that says where the key is not to be had is decided on here. CP_THROWN only for Errors of the script. */
static cp_value find_record(cp_context *cp, struct dkim *dkim, struct check *check) {
    cp_value name = cp_string_format(cp, "%s._domainkey.%s", check->signature.selector, check->signature.domain);
    cp_value found = look_up(cp, dkim, name);
    if (found != CP_THROWN) {
        found = record_text(cp, found);
        if (found == CP_THROWN) return found;
    } else {
        cp_value error = cp_take_error(cp);
        int class = cp_error_class_of(error);
        if (class != CP_ERROR_COMMUNICATIONS && class != CP_ERROR_DNS) return cp_throw_value(cp, error);
        decide(check, "temperror", "the key could not be looked up");
        return CP_NIL;
    }
    if (found == CP_NIL) decide(check, "permerror", "there is no key of that selector");
    return found;
}

static void check_key(struct check *check, const char *record, size_t size, const struct mail_buffer *data) {
    struct dkim_key key;
    const struct dkim_signature *s = &check->signature;
    const char *reason = dkim_key_read(&key, record, size);
    check->testing = key.testing;
    if (reason) decide(check, "permerror", reason);
    else if (key.size == 0) decide(check, "permerror", "the key was revoked");
    else if (key.algorithm != s->algorithm) decide(check, "permerror", "the key is of another kind than the signature");
    else if (!dkim_identity_fits(s, key.strict)) decide(check, "permerror", "the key is not for the domain of i=");
    if (check->result) return;
    EVP_PKEY *public = dkim_public_key(&key, &reason);
    if (!public) {
        decide(check, "permerror", reason);
        return;
    }
    bool fits = dkim_verify_data(public, s->algorithm, data, s->signature, s->signature_size);
    EVP_PKEY_free(public);
    decide(check, fits ? "pass" : "fail", fits ? "" : "the signature does not fit the headers");
}

/* ---- one signature ---- */

static void check_body(struct check *check) {
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (check->result) return;
    if (check->signature.length != UINT64_MAX && check->body.written < check->signature.length)
        decide(check, "permerror", "l= is beyond the end of the body");
    else if (EVP_DigestFinal_ex(check->hash, hash, &size) != 1 || size != DKIM_HASH_SIZE ||
             memcmp(hash, check->signature.body_hash, size) != 0)
        decide(check, "fail", "the body is not the one that was signed");
}

static void check_times(struct check *check) {
    int64_t now = (int64_t)time(NULL);
    const struct dkim_signature *s = &check->signature;
    if (s->expires >= 0 && s->expires < now) decide(check, "fail", "the signature has expired");
    if (s->time >= 0 && s->time > now + CLOCK_SLACK) decide(check, "permerror", "the signature is of a time to come");
}

static bool start_check(struct check *check, const struct header_field *field) {
    if (!dkim_signature_read(&check->signature, field)) return false;
    if (check->signature.problem) decide(check, "permerror", check->signature.problem);
    else check_times(check);
    if (check->result) return true;
    check->hash = EVP_MD_CTX_new();
    if (!check->hash || EVP_DigestInit_ex(check->hash, EVP_sha256(), NULL) != 1) return false;
    dkim_body_init(&check->body, check->signature.body_relaxed, check->signature.length, hash_sink, check->hash);
    return true;
}

static cp_value result_of(cp_context *cp, const struct check *check) {
    const struct dkim_signature *s = &check->signature;
    cp_value table = cp_table(cp);
    const struct {
        const char *name;
        cp_value value;
    } rows[] = {
        {"result", cp_string_z(cp, check->result)},
        {"domain", cp_string_z(cp, s->domain)},
        {"selector", cp_string_z(cp, s->selector)},
        {"identity", *s->identity ? cp_string_z(cp, s->identity) : cp_string_format(cp, "@%s", s->domain)},
        {"algorithm", cp_string_z(cp, s->algorithm == DKIM_RSA_SHA256 ? "rsa-sha256" : "ed25519-sha256")},
        {"reason", cp_string_z(cp, check->reason)},
        {"testing", check->testing ? cp_symbol_z(cp, "true") : CP_NIL},
        {"signedLength", s->length == UINT64_MAX ? CP_NIL : cp_integer(cp, (int64_t)s->length)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cp_table_set(cp, table, cp_string_z(cp, rows[i].name), rows[i].value) == CP_THROWN) return CP_THROWN;
    return table;
}

/* ---- the message ---- */

static cp_value check_all(cp_context *cp, struct dkim *dkim, struct dkim_message *message, struct check *checks,
                          size_t *count, dkim_read read, void *context) {
    struct dkim_body *bodies[SIGNATURES_MAX];
    size_t body_count = 0;
    if (dkim_message_begin(cp, message, read, context) == CP_THROWN) return CP_THROWN;
    for (size_t i = 0; i < message->count && *count < SIGNATURES_MAX; i++) {
        if (!header_field_is(&message->fields[i], "DKIM-Signature", 14)) continue;
        struct check *check = &checks[(*count)++];
        if (!start_check(check, &message->fields[i]))
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
        if (!check->result) bodies[body_count++] = &check->body;
    }
    if (dkim_message_body(cp, message, bodies, body_count, read, context) == CP_THROWN) return CP_THROWN;
    cp_list_builder results = {0};
    for (size_t i = 0; i < *count; i++) {
        struct check *check = &checks[i];
        check_body(check);
        cp_value record = check->result ? CP_NIL : find_record(cp, dkim, check);
        if (record == CP_THROWN) return CP_THROWN;
        if (!check->result) {
            struct mail_buffer data = {0};
            const char *text;
            size_t size;
            dkim_signature_data(&check->signature, message->fields, message->count, &data);
            if (data.failed) decide(check, "temperror", "out of memory");
            else if (cp_bytes_of(record, &text, &size)) check_key(check, text, size, &data);
            mail_buffer_free(&data);
        }
        cp_value result = result_of(cp, check);
        if (result == CP_THROWN) return CP_THROWN;
        cp_list_add(&results, result);
    }
    return results.list;
}

cp_value dkim_verify_message(cp_context *cp, struct dkim *dkim, dkim_read read, void *context) {
    struct dkim_message message = {0};
    size_t count = 0;
    struct check *checks = cp_alloc_atomic(SIGNATURES_MAX * sizeof *checks);
    memset(checks, 0, SIGNATURES_MAX * sizeof *checks);
    cp_value result = check_all(cp, dkim, &message, checks, &count, read, context);
    for (size_t i = 0; i < count; i++) {
        EVP_MD_CTX_free(checks[i].hash);
        dkim_signature_free(&checks[i].signature);
    }
    dkim_message_free(&message);
    return result;
}
