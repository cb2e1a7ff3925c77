/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_signature: DKIM-Signature fields and key records, read and written (RFC 6376 3.5, 3.6, RFC 8301, RFC 8463). What
 * is hashed and signed here is bytes; the hashing and signing is the caller's. */
#ifndef DKIM_SIGNATURE_H
#define DKIM_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/coding/mail_buffer.h"
#include "modules/coding/mail_error.h"
#include "modules/dkim/dkim_canonical.h"

enum dkim_algorithm { DKIM_RSA_SHA256, DKIM_ED25519_SHA256 };
enum { DKIM_HASH_SIZE = 32 }; /* SHA-256, the only hash that RFC 8301 leaves */
enum {
    DKIM_NAMES_MAX = 512, /* ours: names in h= */
    DKIM_NAME_MAX = 253,  /* of a domain or selector */
    DKIM_SIGNATURE_MAX = 2048,
};

/* ---- signing ---- */

struct dkim_signing {
    enum dkim_algorithm algorithm;
    const char *domain, *selector;
    const char *identity; /* i=, NULL for none */
    bool header_relaxed, body_relaxed;
    int64_t time, expires;    /* t=, x=; -1 for none */
    const char *const *names; /* header fields to sign, up to NULL; NULL for dkim_default_names */
    bool oversign;            /* each once more than it is there, so that none can be added */
};

/* From, Subject, To ... List-Unsubscribe, List-Unsubscribe-Post: up to NULL. */
extern const char *const dkim_default_names[];

/* The field up to its `b=`, and the bytes that are to be signed. MAIL_SYNTAX for a domain, selector or identity that
   cannot be, or no From. */
enum mail_status dkim_signing_prepare(const struct dkim_signing *signing, const struct header_field *fields,
                                      size_t count, const unsigned char body_hash[DKIM_HASH_SIZE],
                                      struct mail_buffer *field, struct mail_buffer *data, struct mail_error *error);
/* Ends the field with the signature, and CRLF. */
void dkim_signing_finish(struct mail_buffer *field, const unsigned char *signature, size_t size);

/* ---- verifying ---- */

struct dkim_signature {
    const struct header_field *field; /* in the message */
    const char *problem;              /* why it cannot be checked: permerror; NULL when it can */
    enum dkim_algorithm algorithm;
    bool header_relaxed, body_relaxed;
    char domain[DKIM_NAME_MAX + 1], selector[DKIM_NAME_MAX + 1];
    char identity[512];    /* i=, "" when it has none */
    uint64_t length;       /* l=, UINT64_MAX for the whole */
    int64_t time, expires; /* -1 for none */
    unsigned char body_hash[DKIM_HASH_SIZE];
    unsigned char signature[DKIM_SIGNATURE_MAX];
    size_t signature_size;
    char *names; /* h=, malloc'd, NUL-terminated */
};

/* Reads a DKIM-Signature field. Problems are in `problem`. False only when memory is out. */
bool dkim_signature_read(struct dkim_signature *signature, const struct header_field *field);
void dkim_signature_free(struct dkim_signature *signature);
/* The bytes that were signed, from the message's fields. */
void dkim_signature_data(const struct dkim_signature *signature, const struct header_field *fields, size_t count,
                         struct mail_buffer *data);

struct dkim_key {
    enum dkim_algorithm algorithm; /* of k= */
    unsigned char data[2048];      /* p=: DER of RSA, the 32 octets of Ed25519 */
    size_t size;                   /* 0: revoked */
    bool testing;                  /* t=y */
    bool strict;                   /* t=s: i= must be of d= itself */
};

/* Reads a TXT record. NULL, or what is wrong with it. */
const char *dkim_key_read(struct dkim_key *key, const char *record, size_t size);
/* Whether i= may stand with d= under that key (RFC 6376 3.5, 6.1.1). */
bool dkim_identity_fits(const struct dkim_signature *signature, bool strict);

#endif
