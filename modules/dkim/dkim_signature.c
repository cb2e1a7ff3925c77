/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_signature: see the header. */
#include "modules/dkim/dkim_signature.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/coding/base64.h"
#include "modules/dkim/dkim_tags.h"

static const char *const algorithm_names[] = {"rsa-sha256", "ed25519-sha256"};

/* ---- signing ---- */

/* RFC 6376 5.4.1, what mailers show or act on, and RFC 8058 4: the headers of one-click unsubscription must be signed.
 */
const char *const dkim_default_names[] = {"From",
                                          "Sender",
                                          "Reply-To",
                                          "Subject",
                                          "Date",
                                          "Message-ID",
                                          "To",
                                          "Cc",
                                          "MIME-Version",
                                          "Content-Type",
                                          "Content-Transfer-Encoding",
                                          "In-Reply-To",
                                          "References",
                                          "List-Id",
                                          "List-Unsubscribe",
                                          "List-Unsubscribe-Post",
                                          NULL};

static bool is_domain(const char *text) {
    size_t size = strlen(text), label = 0;
    if (size == 0 || size > DKIM_NAME_MAX) return false;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        if (word || (c == '-' && label > 0)) label++;
        else if (c == '.' && label > 0 && text[i - 1] != '-') label = 0;
        else return false;
        if (label > 63) return false;
    }
    return label > 0;
}

static bool is_identity(const char *text) {
    const char *at = strrchr(text, '@');
    if (!at || !is_domain(at + 1) || strlen(text) > 400) return false;
    for (const char *c = text; c < at; c++)
        if (*c <= ' ' || *c >= 0x7F || strchr(";=\"\\<>(),:[]", *c)) return false;
    return true;
}

/* The number of fields of that name. */
static size_t count_of(const struct header_field *fields, size_t count, const char *name) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) found += header_field_is(&fields[i], name, strlen(name));
    return found;
}

/* `h=` and its names, folded. */
static void put_names(struct mail_buffer *field, const char *const *names, bool oversign,
                      const struct header_field *fields, size_t count) {
    size_t column = 3;
    bool first = true;
    mail_buffer_append_string(field, "h=");
    for (; *names; names++) {
        size_t times = count_of(fields, count, *names) + oversign, size = strlen(*names) + 1;
        for (size_t i = 0; i < times; i++) {
            if (!first) mail_buffer_append_char(field, ':');
            if (column + size > 72) {
                mail_buffer_append_string(field, "\r\n\t ");
                column = 2;
            }
            mail_buffer_append_string(field, *names);
            column += size;
            first = false;
        }
    }
}

/* The fields of one name, from the last one up: RFC 6376 5.4.2. `used` counts those taken already. */
static const struct header_field *take(const struct header_field *fields, size_t count, const char *name, size_t size,
                                       bool *used) {
    for (size_t i = count; i-- > 0;)
        if (!used[i] && header_field_is(&fields[i], name, size)) {
            used[i] = true;
            return &fields[i];
        }
    return NULL;
}

/* What h= says, name by name; then the signature's own field without its signature and CRLF. */
static void put_signed(struct mail_buffer *data, const char *names, const struct header_field *fields, size_t count,
                       bool relaxed, const struct header_field *own) {
    bool *used = calloc(count + 1, sizeof *used);
    if (!used) {
        data->failed = true;
        return;
    }
    for (const char *at = names; *at;) {
        size_t size = strcspn(at, ":"), from = strspn(at, " \t\r\n"), end = size;
        if (from > size) from = size;
        while (end > from && strchr(" \t\r\n", at[end - 1])) end--;
        const struct header_field *field = take(fields, count, at + from, end - from, used);
        if (field) dkim_field_canonical(data, field, relaxed);
        at += size;
        if (*at) at++;
    }
    free(used);
    dkim_field_canonical(data, own, relaxed);
    if (!data->failed && data->size >= 2) data->size -= 2;
}

/* The value of h= in a field of ours, NUL-terminated in a buffer of its own. */
static char *names_of(const struct mail_buffer *field) {
    const char *start = memmem(field->data, field->size, "h=", 2);
    const char *end = start ? memchr(start, ';', field->size - (size_t)(start - field->data)) : NULL;
    return end ? strndup(start + 2, (size_t)(end - start - 2)) : NULL;
}

static enum mail_status check_signing(const struct dkim_signing *signing, size_t from, struct mail_error *error) {
    if (!is_domain(signing->domain))
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no domain", signing->domain);
    if (!is_domain(signing->selector))
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no selector", signing->selector);
    if (signing->identity) {
        const char *at = strrchr(signing->identity, '@');
        size_t own = at ? strlen(at + 1) : 0, domain = strlen(signing->domain);
        bool below = own >= domain && strcasecmp(at + 1 + own - domain, signing->domain) == 0 &&
                     (own == domain || at[own - domain] == '.');
        if (!is_identity(signing->identity) || !below)
            return mail_error_set(error, MAIL_SYNTAX, 0, "the identity '%.80s' is no address at %.80s or below it",
                                  signing->identity, signing->domain);
    }
    if (from == 0) return mail_error_set(error, MAIL_SYNTAX, 0, "a message without From cannot be signed");
    return MAIL_OK;
}

enum mail_status dkim_signing_prepare(const struct dkim_signing *signing, const struct header_field *fields,
                                      size_t count, const unsigned char body_hash[DKIM_HASH_SIZE],
                                      struct mail_buffer *field, struct mail_buffer *data, struct mail_error *error) {
    char text[2 * DKIM_NAME_MAX + 128], hash[64];
    const char *const *names = signing->names ? signing->names : dkim_default_names;
    enum mail_status status = check_signing(signing, count_of(fields, count, "From"), error);
    if (status != MAIL_OK) return status;
    bool has_from = false;
    for (const char *const *name = names; *name; name++) has_from |= strcasecmp(*name, "From") == 0;
    if (!has_from) return mail_error_set(error, MAIL_SYNTAX, 0, "From must be among the headers that are signed");
    snprintf(text, sizeof text, "DKIM-Signature: v=1; a=%s; c=%s/%s;\r\n\td=%s;\r\n\ts=%s;",
             algorithm_names[signing->algorithm], signing->header_relaxed ? "relaxed" : "simple",
             signing->body_relaxed ? "relaxed" : "simple", signing->domain, signing->selector);
    mail_buffer_append_string(field, text);
    if (signing->identity) {
        mail_buffer_append_string(field, "\r\n\ti=");
        mail_buffer_append_string(field, signing->identity);
        mail_buffer_append_char(field, ';');
    }
    if (signing->time >= 0) {
        snprintf(text, sizeof text, " t=%" PRId64 ";", signing->time);
        mail_buffer_append_string(field, text);
    }
    if (signing->expires >= 0) {
        snprintf(text, sizeof text, " x=%" PRId64 ";", signing->expires);
        mail_buffer_append_string(field, text);
    }
    mail_buffer_append_string(field, "\r\n\t");
    put_names(field, names, signing->oversign, fields, count);
    mail_buffer_append_string(field, ";\r\n\tbh=");
    mail_buffer_append(field, hash, base64_encode(hash, body_hash, DKIM_HASH_SIZE));
    mail_buffer_append_string(field, ";\r\n\tb=");
    char *signed_names = field->failed ? NULL : names_of(field);
    if (!signed_names) return mail_error_no_memory(error);
    struct header_field own = {field->data, field->size, strlen("DKIM-Signature")};
    put_signed(data, signed_names, fields, count, signing->header_relaxed, &own);
    free(signed_names);
    return data->failed ? mail_error_no_memory(error) : MAIL_OK;
}

void dkim_signing_finish(struct mail_buffer *field, const unsigned char *signature, size_t size) {
    char coded[DKIM_SIGNATURE_MAX * 4 / 3 + 8];
    if (size > DKIM_SIGNATURE_MAX) return;
    size_t length = base64_encode(coded, signature, size);
    for (size_t at = 0, line = 70; at < length; at += line, line = 72) { /* the first one follows `b=` at once */
        if (line > length - at) line = length - at;
        if (at > 0) mail_buffer_append_string(field, "\r\n\t ");
        mail_buffer_append(field, coded + at, line);
    }
    mail_buffer_append(field, "\r\n", 2);
}

/* ---- reading a signature ---- */

static bool read_number(const struct dkim_tag *tag, uint64_t *number) {
    char text[32], *end;
    if (!dkim_tag_plain(tag, text, sizeof text) || text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    *number = value;
    return errno == 0 && *end == 0 && value <= INT64_MAX;
}

/* -1 when it is not said. */
static bool read_time(const struct dkim_tag *tag, int64_t *time) {
    uint64_t number = 0;
    *time = -1;
    if (!tag) return true;
    if (!read_number(tag, &number)) return false;
    *time = (int64_t)number;
    return true;
}

/* Decoded base64 with white space in it. False when it is none or does not fit. */
static bool read_base64(const struct dkim_tag *tag, unsigned char *out, size_t room, size_t *size) {
    if (tag->value_size > room * 2) return false;
    unsigned char *all = malloc(tag->value_size / 4 * 3 + 8);
    bool fine = all && base64_decode(all, size, tag->value, tag->value_size) && *size <= room;
    if (fine) memcpy(out, all, *size);
    free(all);
    return fine;
}

static const char *read_canonicalization(const struct dkim_tag *tag, struct dkim_signature *s) {
    char text[32];
    s->header_relaxed = s->body_relaxed = false;
    if (!tag) return NULL;
    if (!dkim_tag_plain(tag, text, sizeof text)) return "c= is unknown";
    char *slash = strchr(text, '/');
    if (slash) *slash++ = 0;
    const char *body = slash ? slash : "simple";
    bool known = (!strcasecmp(text, "simple") || !strcasecmp(text, "relaxed")) &&
                 (!strcasecmp(body, "simple") || !strcasecmp(body, "relaxed"));
    s->header_relaxed = !strcasecmp(text, "relaxed");
    s->body_relaxed = !strcasecmp(body, "relaxed");
    return known ? NULL : "c= is unknown";
}

/* Whether a list parted by colons has that word. */
static bool list_has(const char *list, const char *word) {
    size_t size = strlen(word);
    for (const char *at = list; *at;) {
        size_t length = strcspn(at, ":"), from = strspn(at, " \t\r\n"), end = length;
        while (end > from && strchr(" \t\r\n", at[end - 1])) end--;
        if (from <= length && end - from == size && !strncasecmp(at + from, word, size)) return true;
        at += length;
        if (*at) at++;
    }
    return false;
}

static const char *read_required(const struct dkim_tags *tags, struct dkim_signature *s) {
    const struct dkim_tag *a = dkim_tag(tags, "a"), *b = dkim_tag(tags, "b"), *bh = dkim_tag(tags, "bh"),
                          *d = dkim_tag(tags, "d"), *h = dkim_tag(tags, "h"), *selector = dkim_tag(tags, "s");
    size_t size = 0;
    if (!dkim_tag_is(dkim_tag(tags, "v"), "1")) return "v= is not 1";
    if (!a || !b || !bh || !d || !h || !selector) return "a tag that must be there is missing";
    if (dkim_tag_is(a, algorithm_names[DKIM_RSA_SHA256])) s->algorithm = DKIM_RSA_SHA256;
    else if (dkim_tag_is(a, algorithm_names[DKIM_ED25519_SHA256])) s->algorithm = DKIM_ED25519_SHA256;
    else if (dkim_tag_is(a, "rsa-sha1")) return "rsa-sha1 proves nothing any more (RFC 8301)";
    else return "a= is unknown";
    if (!dkim_tag_plain(d, s->domain, sizeof s->domain) || !is_domain(s->domain)) return "d= is no domain";
    if (!dkim_tag_plain(selector, s->selector, sizeof s->selector) || !is_domain(s->selector))
        return "s= is no selector";
    if (!read_base64(b, s->signature, sizeof s->signature, &s->signature_size) || s->signature_size == 0)
        return "b= is not base64";
    if (!read_base64(bh, s->body_hash, sizeof s->body_hash, &size) || size != DKIM_HASH_SIZE)
        return "bh= is no SHA-256 in base64";
    if (memchr(h->value, 0, h->value_size)) return "h= has a NUL in it";
    s->names = strndup(h->value, h->value_size);
    return s->names && !list_has(s->names, "From") ? "h= does not cover From" : NULL;
}

static const char *read_optional(const struct dkim_tags *tags, struct dkim_signature *s) {
    const struct dkim_tag *i = dkim_tag(tags, "i"), *l = dkim_tag(tags, "l"), *q = dkim_tag(tags, "q");
    char methods[128];
    const char *problem = read_canonicalization(dkim_tag(tags, "c"), s);
    if (problem) return problem;
    s->length = UINT64_MAX;
    if (l && !read_number(l, &s->length)) return "l= is no number";
    if (!read_time(dkim_tag(tags, "t"), &s->time)) return "t= is no time";
    if (!read_time(dkim_tag(tags, "x"), &s->expires)) return "x= is no time";
    if (s->time >= 0 && s->expires >= 0 && s->expires <= s->time) return "x= is before t=";
    if (q && (!dkim_tag_plain(q, methods, sizeof methods) || !list_has(methods, "dns/txt")))
        return "q= has no way that is known";
    if (i && (!dkim_tag_plain(i, s->identity, sizeof s->identity) || !strchr(s->identity, '@')))
        return "i= is no identity";
    return dkim_identity_fits(s, false) ? NULL : "i= is not of the domain d=";
}

bool dkim_signature_read(struct dkim_signature *s, const struct header_field *field) {
    struct dkim_tags tags;
    memset(s, 0, sizeof *s);
    s->field = field;
    s->length = UINT64_MAX;
    s->time = s->expires = -1;
    const char *colon = memchr(field->text, ':', field->size);
    if (!colon || !dkim_tags_read(&tags, colon + 1, field->size - (size_t)(colon + 1 - field->text))) {
        s->problem = "it is no list of tags";
        return true;
    }
    s->problem = read_required(&tags, s);
    if (!s->problem && !s->names) return false;
    if (!s->problem) s->problem = read_optional(&tags, s);
    return true;
}

void dkim_signature_free(struct dkim_signature *s) {
    free(s->names);
    s->names = NULL;
}

bool dkim_identity_fits(const struct dkim_signature *s, bool strict) {
    const char *at = strrchr(s->identity, '@');
    if (!at) return true;
    size_t own = strlen(at + 1), domain = strlen(s->domain);
    if (own < domain || strcasecmp(at + 1 + own - domain, s->domain) != 0) return false;
    return own == domain || (!strict && at[own - domain] == '.');
}

/* The field with nothing behind `b=` (RFC 6376 3.5): the tag's value goes, white space in it too. */
void dkim_signature_data(const struct dkim_signature *s, const struct header_field *fields, size_t count,
                         struct mail_buffer *data) {
    struct dkim_tags tags;
    const char *text = s->field->text, *colon = memchr(text, ':', s->field->size);
    if (!colon || !dkim_tags_read(&tags, colon + 1, s->field->size - (size_t)(colon + 1 - text))) return;
    const struct dkim_tag *b = dkim_tag(&tags, "b");
    if (!b) return;
    const char *equals = memchr(b->name, '=', (size_t)(b->value - b->name) + 1);
    const char *end = memchr(b->value, ';', (size_t)(text + s->field->size - b->value));
    struct mail_buffer field = {0};
    mail_buffer_append(&field, text, (size_t)(equals + 1 - text));
    if (end) mail_buffer_append(&field, end, (size_t)(text + s->field->size - end));
    else mail_buffer_append(&field, "\r\n", 2);
    if (field.failed) data->failed = true;
    else {
        struct header_field own = {field.data, field.size, s->field->name_size};
        put_signed(data, s->names, fields, count, s->header_relaxed, &own);
    }
    mail_buffer_free(&field);
}

/* ---- keys ---- */

const char *dkim_key_read(struct dkim_key *key, const char *record, size_t size) {
    struct dkim_tags tags;
    char text[256];
    memset(key, 0, sizeof *key);
    if (!dkim_tags_read(&tags, record, size)) return "the key's record is no list of tags";
    const struct dkim_tag *v = dkim_tag(&tags, "v"), *k = dkim_tag(&tags, "k"), *p = dkim_tag(&tags, "p"),
                          *h = dkim_tag(&tags, "h"), *s = dkim_tag(&tags, "s"), *t = dkim_tag(&tags, "t");
    if (v && (v != &tags.items[0] || v->value_size != 5 || memcmp(v->value, "DKIM1", 5) != 0))
        return "the key's record is not of version DKIM1";
    if (!p) return "the key's record has no key";
    if (!k || dkim_tag_is(k, "rsa")) key->algorithm = DKIM_RSA_SHA256;
    else if (dkim_tag_is(k, "ed25519")) key->algorithm = DKIM_ED25519_SHA256;
    else return "the key's record has a kind of key that is unknown";
    if (h && (!dkim_tag_plain(h, text, sizeof text) || !list_has(text, "sha256"))) return "the key is not for sha256";
    if (s && (!dkim_tag_plain(s, text, sizeof text) || !(list_has(text, "email") || list_has(text, "*"))))
        return "the key is not for mail";
    if (t && dkim_tag_plain(t, text, sizeof text)) {
        key->testing = list_has(text, "y");
        key->strict = list_has(text, "s");
    }
    if (p->value_size == 0) return NULL; /* revoked */
    if (!read_base64(p, key->data, sizeof key->data, &key->size) || key->size == 0) return "the key is not base64";
    if (key->algorithm == DKIM_ED25519_SHA256 && key->size != 32) return "a key of Ed25519 has 32 octets";
    return NULL;
}
