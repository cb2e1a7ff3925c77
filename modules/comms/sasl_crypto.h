/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sasl_crypto: the cryptography that modules/sasl is handed: OpenSSL's, loaded when somebody first logs in. */
#ifndef COMMS_SASL_CRYPTO_H
#define COMMS_SASL_CRYPTO_H

#include "interp/carapace.h"
#include "modules/sasl/sasl.h"

/* On the caller's stack, where it stays as long as a sasl_client uses `functions`. */
struct sasl_crypto_user {
    cp_context *cp;
    const sasl_crypto *openssl;
    sasl_crypto functions; /* PBKDF2, which may take a second, on another OS thread */
    bool cancelled;        /* an Error has been thrown meanwhile */
};

/* CP_NIL, or CP_THROWN when the module crypto cannot be loaded. */
cp_value sasl_crypto_load(cp_context *cp, struct sasl_crypto_user *user);

#endif
