/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl_crypto: the cryptography that modules/sasl is handed: OpenSSL's, loaded when somebody first logs in. */
#include "modules/comms/sasl_crypto.h"

static bool digest(void *context, sasl_digest kind, const void *data, size_t size, unsigned char *out) {
    const struct sasl_crypto_user *crypto = context;
    return crypto->openssl->digest(crypto->openssl->context, kind, data, size, out);
}

static bool hmac(void *context, sasl_digest kind, const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char *out) {
    const struct sasl_crypto_user *crypto = context;
    return crypto->openssl->hmac(crypto->openssl->context, kind, key, key_size, data, size, out);
}

static bool random_bytes(void *context, void *out, size_t size) {
    const struct sasl_crypto_user *crypto = context;
    return crypto->openssl->random(crypto->openssl->context, out, size);
}

struct pbkdf2_work {
    const sasl_crypto *openssl;
    sasl_digest kind;
    const void *password, *salt;
    size_t password_size, salt_size;
    uint32_t iterations;
    unsigned char *out;
    bool ok;
};

static void work(void *argument) {
    struct pbkdf2_work *w = argument;
    w->ok = w->openssl->pbkdf2(w->openssl->context, w->kind, w->password, w->password_size, w->salt, w->salt_size,
                               w->iterations, w->out);
}

static bool pbkdf2(void *context, sasl_digest kind, const void *password, size_t password_size, const void *salt,
                   size_t salt_size, uint32_t iterations, unsigned char *out) {
    struct sasl_crypto_user *crypto = context;
    struct pbkdf2_work w = {crypto->openssl, kind, password, salt, password_size, salt_size, iterations, out, false};
    if (cp_work(crypto->cp, work, &w) == CP_WAIT_CANCELLED) crypto->cancelled = true;
    return w.ok && !crypto->cancelled;
}

cp_value sasl_crypto_load(cp_context *cp, struct sasl_crypto_user *user) {
    void **place = cp_module_state(cp, SASL_CRYPTO_STATE);
    if (*place == NULL) {
        cp_value name = cp_string_z(cp, "crypto.so");
        if (cp_call(cp, cp_symbol_of(cp_symbol_z(cp, "loadLibrary"))->function, &name, 1) == CP_THROWN)
            return CP_THROWN;
        if (*place == NULL)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_INTERNAL, "the module crypto has no cryptography");
    }
    *user = (struct sasl_crypto_user){cp, *place, {user, digest, hmac, pbkdf2, random_bytes}, false};
    return CP_NIL;
}
