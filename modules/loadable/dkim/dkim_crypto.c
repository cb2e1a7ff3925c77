/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dkim_crypto.c: see the header. */
#include "modules/loadable/dkim/dkim_crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "modules/coding/base64.h"

/* A key that is encrypted is refused rather than asked for at the terminal. */
static int no_password(char *buffer, int size, int writing, void *data) {
    (void)buffer, (void)size, (void)writing, (void)data;
    return -1;
}

EVP_PKEY *dkim_private_key(const char *pem, size_t size, enum dkim_algorithm *algorithm, const char **reason) {
    BIO *in = BIO_new_mem_buf(pem, (int)size);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_password, NULL) : NULL;
    BIO_free(in);
    *reason = "there is no private key in it that can be read (PEM, without a password)";
    if (!key) return NULL;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) *algorithm = DKIM_ED25519_SHA256;
    else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= DKIM_RSA_BITS_MIN)
        *algorithm = DKIM_RSA_SHA256;
    else {
        *reason = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
                      ? "an RSA key of less than 1024 bits proves nothing (RFC 8301); make one of 2048"
                      : "DKIM has keys of RSA and Ed25519 alone";
        EVP_PKEY_free(key);
        return NULL;
    }
    return key;
}

EVP_PKEY *dkim_public_key(const struct dkim_key *key, const char **reason) {
    const unsigned char *data = key->data;
    EVP_PKEY *made = NULL;
    *reason = "the key cannot be read";
    if (key->algorithm == DKIM_ED25519_SHA256)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->data, key->size);
    made = d2i_PUBKEY(NULL, &data, (long)key->size);
    if (!made) { /* RFC 6376 3.6.1 says RSAPublicKey, its example and everybody SubjectPublicKeyInfo */
        data = key->data;
        made = d2i_PublicKey(EVP_PKEY_RSA, NULL, &data, (long)key->size);
    }
    if (made && (EVP_PKEY_get_base_id(made) != EVP_PKEY_RSA || EVP_PKEY_get_bits(made) < DKIM_RSA_BITS_MIN)) {
        *reason =
            EVP_PKEY_get_base_id(made) == EVP_PKEY_RSA ? "the key has less than 1024 bits" : "the key is not of RSA";
        EVP_PKEY_free(made);
        return NULL;
    }
    return made;
}

bool dkim_public_record(EVP_PKEY *key, enum dkim_algorithm algorithm, struct mail_buffer *out) {
    unsigned char raw[32], *der = NULL;
    size_t size = sizeof raw;
    int length;
    if (algorithm == DKIM_ED25519_SHA256) {
        if (EVP_PKEY_get_raw_public_key(key, raw, &size) != 1) return false;
        char coded[64];
        mail_buffer_append(out, coded, base64_encode(coded, raw, size));
        return !out->failed;
    }
    length = i2d_PUBKEY(key, &der);
    if (length <= 0) return false;
    char *room = mail_buffer_reserve(out, (size_t)base64_encoded_size((uint64_t)length, 0));
    if (room) out->size += base64_encode(room, der, (size_t)length);
    OPENSSL_free(der);
    return room != NULL;
}

/* RFC 8463 3: Ed25519 signs the hash as its message; RSA's own padding holds it. */
size_t dkim_sign_data(EVP_PKEY *key, enum dkim_algorithm algorithm, const struct mail_buffer *data,
                      unsigned char signature[DKIM_SIGNATURE_MAX]) {
    unsigned char hash[DKIM_HASH_SIZE];
    unsigned hash_size;
    size_t size = DKIM_SIGNATURE_MAX;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ed = algorithm == DKIM_ED25519_SHA256;
    bool fine = context && EVP_Digest(data->data, data->size, hash, &hash_size, EVP_sha256(), NULL) == 1 &&
                EVP_DigestSignInit(context, NULL, ed ? NULL : EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, signature, &size, ed ? hash : (const unsigned char *)data->data,
                               ed ? sizeof hash : data->size) == 1;
    EVP_MD_CTX_free(context);
    return fine ? size : 0;
}

bool dkim_verify_data(EVP_PKEY *key, enum dkim_algorithm algorithm, const struct mail_buffer *data,
                      const unsigned char *signature, size_t size) {
    unsigned char hash[DKIM_HASH_SIZE];
    unsigned hash_size;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ed = algorithm == DKIM_ED25519_SHA256;
    bool fine = context && EVP_Digest(data->data, data->size, hash, &hash_size, EVP_sha256(), NULL) == 1 &&
                EVP_DigestVerifyInit(context, NULL, ed ? NULL : EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, size, ed ? hash : (const unsigned char *)data->data,
                                 ed ? sizeof hash : data->size) == 1;
    EVP_MD_CTX_free(context);
    return fine;
}

int dkim_make_key(const char *path, enum dkim_algorithm algorithm, unsigned bits) {
    EVP_PKEY *key = algorithm == DKIM_ED25519_SHA256 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                     : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
    if (!key) return -1;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), number = fd < 0 ? errno : 0;
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (fd >= 0 && !out) {
        number = errno;
        close(fd);
    }
    if (out) {
        bool fine = PEM_write_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
        if (fclose(out) != 0) number = errno;
        else if (!fine) number = EIO;
        if (number) unlink(path);
    }
    EVP_PKEY_free(key);
    return number;
}
