/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_crypto.h: keys and signatures by OpenSSL, as DKIM uses them (RFC 6376 3.3, RFC 8301, RFC 8463). */
#ifndef LOADABLE_DKIM_CRYPTO_H
#define LOADABLE_DKIM_CRYPTO_H

#include <openssl/evp.h>

#include "modules/dkim/dkim_signature.h"

enum { DKIM_RSA_BITS_MIN = 1024 }; /* RFC 8301 3.2 */

/* The private key of a PEM text. NULL with the reason. */
EVP_PKEY *dkim_private_key(const char *pem, size_t size, enum dkim_algorithm *algorithm, const char **reason);
/* The public key of a record. NULL with the reason. */
EVP_PKEY *dkim_public_key(const struct dkim_key *key, const char **reason);
/* The record's `p=` for a private key. False when OpenSSL cannot. */
bool dkim_public_record(EVP_PKEY *key, enum dkim_algorithm algorithm, struct mail_buffer *out);
/* Signs the SHA-256 of the data. The size of the signature, 0 when OpenSSL cannot. */
size_t dkim_sign_data(EVP_PKEY *key, enum dkim_algorithm algorithm, const struct mail_buffer *data,
                      unsigned char signature[DKIM_SIGNATURE_MAX]);
bool dkim_verify_data(EVP_PKEY *key, enum dkim_algorithm algorithm, const struct mail_buffer *data,
                      const unsigned char *signature, size_t size);
/* Writes a new key as PEM to a file that must not be there yet, for its owner alone. 0 or an errno; -1 when OpenSSL
   cannot. */
int dkim_make_key(const char *path, enum dkim_algorithm algorithm, unsigned bits);

#endif
