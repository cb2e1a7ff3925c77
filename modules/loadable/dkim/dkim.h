/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim.h: what the files of the class Dkim share. */
#ifndef LOADABLE_DKIM_DKIM_H
#define LOADABLE_DKIM_DKIM_H

#include "interp/carapace.h"
#include "modules/loadable/dkim/dkim_crypto.h"
#include "modules/system/byte_source.h"

struct dkim {
    cp_object header;
    cp_value domain, selector, identity; /* Strings or () */
    cp_value headers;                    /* List of Strings, () for the default */
    cp_value key_name;                   /* the key's path, or ***** */
    cp_value keys;                       /* where public keys come from: Function, HashTable, Dns; () = `dns` */
    cp_value dns;                        /* one made for that */
    cp_resource *key;                    /* EVP_PKEY * */
    enum dkim_algorithm algorithm;
    bool header_relaxed, body_relaxed;
    int64_t time, expiry; /* -1: now; none */
};
static inline struct dkim *dkim_of(cp_value self) { return (struct dkim *)cp_object_of(self); }

/* Reads a message once, from its beginning: 1 to `size` bytes, 0 at the end, -1 thrown. */
typedef ssize_t (*dkim_read)(cp_context *cp, void *context, char *buffer, size_t size);

/* A message as it comes: its headers, then its body in pieces. */
struct dkim_message {
    struct mail_buffer header; /* up to the empty line, which is included */
    struct header_field *fields;
    size_t count;
    size_t body; /* where in `header` what was read of the body begins */
    bool whole;  /* the reader has ended already */
};
enum { DKIM_HEADER_MAX = 1 << 20 };

/* Reads up to the empty line. CP_NIL, or CP_THROWN (1.8 headers without an end). dkim_message_free in both cases. */
cp_value dkim_message_begin(cp_context *cp, struct dkim_message *message, dkim_read read, void *context);
/* Gives the body to each of the canonicalisers, and ends them. */
cp_value dkim_message_body(cp_context *cp, struct dkim_message *message, struct dkim_body *const *bodies, size_t count,
                           dkim_read read, void *context);
void dkim_message_free(struct dkim_message *message);

/* A source of a script's: String, Binary, Buffer, Stream, or what has a method `binary`. A message whose first line
   ends with a bare LF gets CR LF throughout. */
struct dkim_source {
    struct byte_source from;
    const char *bytes; /* of which `at` were read */
    size_t size, at;
    bool decided, convert, after_cr;
};
cp_value dkim_source_open(cp_context *cp, struct dkim_source *source, cp_value value);
ssize_t dkim_source_read(cp_context *cp, void *context, char *buffer, size_t size);

/* The DKIM-Signature field of a message. CP_NIL or CP_THROWN: 1.3 something is not set, 1.8. */
cp_value dkim_sign_message(cp_context *cp, struct dkim *dkim, dkim_read read, void *context, struct mail_buffer *field);
/* A List of HashTables, one for each signature. CP_THROWN only for a source that cannot be read, or what `keys` throws
   beyond class 6 and 14, which are temperror. */
cp_value dkim_verify_message(cp_context *cp, struct dkim *dkim, dkim_read read, void *context);

#endif
