/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * crypto.c: digests and HMAC by OpenSSL's libcrypto, loaded when one of its functions is first used
 * (stdlib/crypto.cpl), or when somebody logs in (modules/sasl).
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "interp/carapace.h"
#include "modules/sasl/sasl.h"
#include "modules/system/byte_source.h"

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

/* ---- helpers ---- */

/* The digest of a name such as sha256, SHA-256, md5; NULL after a throw. */
static const EVP_MD *digest_named(cp_context *cp, cp_value name) {
    const char *text = cp_text_z(cp, name);
    const EVP_MD *digest = EVP_get_digestbyname(text);
    /* One whose length is chosen is no digest of ours. */
    if (digest && EVP_MD_size(digest) > 0 && !(EVP_MD_flags(digest) & EVP_MD_FLAG_XOF)) return digest;
    cp_throw(
        cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
        "there is no digest %.60s; known are md5 sha1 sha224 sha256 sha384 sha512 sha3-256 blake2b512 and what else "
        "OpenSSL has",
        text);
    return NULL;
}

static cp_value failed(cp_context *cp, const char *what) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "OpenSSL cannot compute the %s", what);
}

/* CP_NIL or CP_THROWN. */
static cp_value digest_all(cp_context *cp, EVP_MD_CTX *state, cp_value data) {
    struct byte_source source;
    const char *bytes;
    size_t size;
    int more;
    if (byte_source_open(cp, &source, data, "what a digest is made of", "String, Binary, Buffer or Stream") ==
        CP_THROWN)
        return CP_THROWN;
    while ((more = byte_source_next(cp, &source, &bytes, &size)) > 0)
        if (!EVP_DigestUpdate(state, bytes, size)) return failed(cp, "digest");
    return more < 0 ? CP_THROWN : CP_NIL;
}

/* ---- functions ---- */

static cp_value function_digest(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const EVP_MD *digest = digest_named(cp, arguments[0]);
    if (!digest) return CP_THROWN;
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_MD_CTX *state = EVP_MD_CTX_new();
    if (!state || !EVP_DigestInit_ex(state, digest, NULL)) {
        EVP_MD_CTX_free(state);
        return failed(cp, "digest"); /* md5, where the system forbids it */
    }
    cp_value fed = digest_all(cp, state, arguments[1]);
    bool done = fed != CP_THROWN && EVP_DigestFinal_ex(state, result, &size);
    EVP_MD_CTX_free(state);
    if (fed == CP_THROWN) return CP_THROWN;
    return done ? cp_binary_n(cp, result, size) : failed(cp, "digest");
}

static cp_value function_hmac(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const EVP_MD *digest = digest_named(cp, arguments[0]);
    const char *key, *data;
    size_t key_size, data_size;
    if (!digest) return CP_THROWN;
    cp_bytes_of(arguments[1], &key, &key_size);
    cp_bytes_of(arguments[2], &data, &data_size);
    if (key_size > INT32_MAX) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the key is too long");
    unsigned char result[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!HMAC(digest, key_size ? key : "", (int)key_size, (const unsigned char *)data, data_size, result, &size))
        return failed(cp, "HMAC");
    return cp_binary_n(cp, result, size);
}

static cp_value function_same_bytes(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)self, (void)count;
    const char *a, *b;
    size_t a_size, b_size;
    cp_bytes_of(arguments[0], &a, &a_size);
    cp_bytes_of(arguments[1], &b, &b_size);
    return a_size == b_size && CRYPTO_memcmp(a, b, a_size) == 0 ? cp_symbol_z(cp, "true") : CP_NIL;
}

/* ---- for SASL ---- */

static const EVP_MD *digest_of(sasl_digest digest) {
    return digest == SASL_MD5 ? EVP_md5() : digest == SASL_SHA_1 ? EVP_sha1() : EVP_sha256();
}

static bool sasl_digest_by(void *context, sasl_digest digest, const void *data, size_t size, unsigned char *out) {
    (void)context;
    return EVP_Digest(data, size, out, NULL, digest_of(digest), NULL) == 1;
}

static bool sasl_hmac_by(void *context, sasl_digest digest, const void *key, size_t key_size, const void *data,
                         size_t size, unsigned char *out) {
    (void)context;
    return key_size <= INT32_MAX && HMAC(digest_of(digest), key, (int)key_size, data, size, out, NULL) != NULL;
}

static bool sasl_pbkdf2_by(void *context, sasl_digest digest, const void *password, size_t password_size,
                           const void *salt, size_t salt_size, uint32_t iterations, unsigned char *out) {
    (void)context;
    const EVP_MD *md = digest_of(digest);
    return password_size <= INT32_MAX && salt_size <= INT32_MAX && iterations <= INT32_MAX &&
           PKCS5_PBKDF2_HMAC(password, (int)password_size, salt, (int)salt_size, (int)iterations, md, EVP_MD_size(md),
                             out) == 1;
}

static bool sasl_random_by(void *context, void *out, size_t size) {
    (void)context;
    return size <= INT32_MAX && RAND_bytes(out, (int)size) == 1;
}

/* What Smtp and Pop3 give modules/sasl: cp_module_state(cp, SASL_CRYPTO_STATE). */
static const sasl_crypto crypto_for_sasl = {NULL, sasl_digest_by, sasl_hmac_by, sasl_pbkdf2_by, sasl_random_by};

#define BYTES "String|Binary|Buffer"

/* Each under its name and, for the methods of String and Binary, under one that no script can take. */
static const cp_function_def functions[][2] = {
    {{"digest", "Binary", "((name String|Symbol) data)", function_digest,
      "The digest of a String's, Binary's or Buffer's bytes, or of what is left of a Stream: name is md5 sha1 sha224 "
      "sha256 sha384 sha512 sha3-256 blake2b512 or another that OpenSSL knows. Errors: 1.8 unknown name, 1.11."},
     {0}},
    {{"hmac", "Binary", "((name String|Symbol) (key " BYTES ") (data " BYTES "))", function_hmac,
      "The HMAC (RFC 2104) of data with a key, by the digest of that name. Errors: 1.8 unknown name."},
     {0}},
    {{"sameBytes", "Symbol", "((a " BYTES ") (b " BYTES "))", function_same_bytes,
      "true when both have the same bytes. Takes the same time wherever they differ, so that nobody can guess a secret "
      "by it: compare an HMAC with this."},
     {0}},
    {{"%digest", "Binary", "((name String|Symbol) data)", function_digest, "As digest."}, {0}},
};

bool carapace_module_open(cp_context *cp) {
    union {
        const sasl_crypto *from;
        void *to;
    } pointer = {&crypto_for_sasl};
    *cp_module_state(cp, SASL_CRYPTO_STATE) = pointer.to;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        /* A script that has defined a function of its own under such a name keeps it. */
        if (cp_symbol_of(cp_symbol_z(cp, functions[i][0].name))->function == CP_UNSET)
            cp_define_functions(cp, functions[i]);
    }
    return true;
}
