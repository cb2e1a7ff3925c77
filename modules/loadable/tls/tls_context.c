/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tls_context.c: what many connections have in common: the roots that are trusted, our own certificate, the versions,
 * and the sessions that can be resumed.
 */
#include "tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum { SESSIONS_KEPT = 64 };

/* Per context of the interpreter. */
struct tls_state {
    cp_resource *roots; /* X509_STORE of the system's roots: reading them takes some 10 ms */
    struct kept_session {
        cp_value key; /* String */
        cp_resource *session;
    } sessions[SESSIONS_KEPT];
    unsigned next; /* place for the next one: the oldest */
};

static struct tls_state *state_of(cp_context *cp) {
    void **word = cp_module_state(cp, "Tls");
    if (!*word) *word = cp_alloc(sizeof(struct tls_state));
    return *word;
}

/* ---- errors ---- */

void tls_forget_errors(void) { ERR_clear_error(); }

const char *tls_words(unsigned long error) {
    const char *words = ERR_reason_error_string(error);
    return words ? words : "no reason given";
}

static cp_value file_error(cp_context *cp, const char *what, const char *path, const char *advice) {
    unsigned long error = ERR_peek_error();
    bool system = ERR_SYSTEM_ERROR(error);
    cp_value result = cp_throw(cp, CP_ERROR_TLS, CP_TLS_FILE, "the %s %.200s cannot be used: %s; %s", what, path,
                               system ? strerror(ERR_GET_REASON(error)) : tls_words(error), advice);
    ERR_clear_error();
    return result;
}

/* ---- the trusted ---- */

static void free_store(void *store) { X509_STORE_free(store); }

static bool use_system_roots(cp_context *cp, SSL_CTX *context) {
    struct tls_state *state = state_of(cp);
    if (!state->roots) {
        X509_STORE *store = X509_STORE_new();
        if (!store) return false;
        state->roots = cp_resource_new(cp, store, free_store);
        X509_STORE_set_default_paths(store); /* none is no error: then nobody is trusted, as each connection says */
    }
    return SSL_CTX_set1_verify_cert_store(context, state->roots->resource) == 1;
}

/* A path without NUL; NULL after a throw. */
static const char *path_of(cp_context *cp, const char *what, cp_value path) {
    const char *text = cp_text_z(cp, path);
    if (*text && strlen(text) == cp_string_size(path)) return text;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is the path of a file", what);
    return NULL;
}

static bool load_trusted(cp_context *cp, const struct tls *tls, SSL_CTX *context) {
    if (tls->ca_file == CP_NIL) {
        if (tls->is_server || !tls->verify || use_system_roots(cp, context)) return true;
        cp_throw(cp, CP_ERROR_TLS, CP_TLS_FILE, "OpenSSL cannot read the system's trusted certificates");
        return false;
    }
    const char *path = path_of(cp, "caFile", tls->ca_file);
    if (!path) return false;
    if (SSL_CTX_load_verify_file(context, path) != 1) {
        file_error(cp, "caFile", path, "it holds the trusted certificates, each as PEM");
        return false;
    }
    /* What the user names is trusted, whether or not it has signed itself. */
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
    if (tls->is_server) SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(path));
    return true;
}

/* ---- our own certificate ---- */

/* Nobody is asked at the terminal for the password of a key. */
static int no_password(char *buffer, int size, int writing, void *data) {
    (void)buffer, (void)size, (void)writing, (void)data;
    return 0;
}

static bool load_certificate(cp_context *cp, const struct tls *tls, SSL_CTX *context) {
    if (tls->certificate == CP_NIL) {
        if (!tls->is_server && tls->key == CP_NIL) return true;
        cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Tls needs %s: set `certificate` to a file in PEM form",
                 tls->is_server ? "a certificate to be a server" : "the certificate that belongs to its key");
        return false;
    }
    const char *path = path_of(cp, "certificate", tls->certificate), *key = !path ? NULL
                                                                            : tls->key == CP_NIL
                                                                                ? path
                                                                                : path_of(cp, "key", tls->key);
    if (!key) return false;
    SSL_CTX_set_default_passwd_cb(context, no_password);
    if (SSL_CTX_use_certificate_chain_file(context, path) != 1) {
        file_error(cp, "certificate", path, "it holds our certificate and those between it and the root, as PEM");
        return false;
    }
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        file_error(cp, "key", key,
                   "it holds the certificate's private key as PEM, without a password (openssl pkey -in KEY -out NEW)");
        return false;
    }
    if (SSL_CTX_check_private_key(context) == 1) return true;
    file_error(cp, "key", key, "it does not belong to the certificate");
    return false;
}

/* ---- ALPN ---- */

/* The server's choice: the first of ours that the client has too; none in common is refused (RFC 7301 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                           unsigned in_length, void *argument) {
    (void)argument;
    const struct tls *tls = SSL_get_app_data(ssl);
    unsigned char *found;
    if (SSL_select_next_proto(&found, out_length, tls->alpn_list, tls->alpn_length, in, in_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = found;
    return SSL_TLSEXT_ERR_OK;
}

static bool set_protocols(const struct tls *tls, SSL_CTX *context) {
    if (tls->alpn_length == 0) return true;
    if (!tls->is_server) return SSL_CTX_set_alpn_protos(context, tls->alpn_list, tls->alpn_length) == 0;
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    return true;
}

/* ---- sessions ---- */

static void free_session(void *session) { SSL_SESSION_free(session); }

static struct kept_session *find_session(struct tls_state *state, cp_context *cp, cp_value key) {
    for (unsigned i = 0; i < SESSIONS_KEPT; i++)
        if (state->sessions[i].session && cp_equal(cp, state->sessions[i].key, key)) return &state->sessions[i];
    return NULL;
}

static void drop_session(cp_context *cp, struct kept_session *kept) {
    cp_resource *session = kept->session;
    *kept = (struct kept_session){0};
    cp_resource_release(cp, session); /* an SSL that has it holds a reference of its own */
}

/* Whether the certificate that was checked then could be believed now. */
static bool still_valid(SSL_SESSION *session) {
    X509 *certificate = SSL_SESSION_get0_peer(session);
    return certificate && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

/* A session of TLS 1.3 is for one use (RFC 8446 C.4): the connection brings the next one. With TLS 1.2 it goes on, for
 * who resumes it is given no other. */
void tls_session_offer(cp_context *cp, struct tls *tls) {
    if (tls->session_key == CP_NIL) return;
    struct kept_session *kept = find_session(state_of(cp), cp, tls->session_key);
    if (!kept) return;
    SSL_SESSION *session = kept->session->resource;
    bool usable = SSL_SESSION_is_resumable(session) && still_valid(session);
    if (usable) SSL_set_session(tls->ssl, session);
    if (!usable || SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION) drop_session(cp, kept);
}

void tls_session_keep(cp_context *cp, cp_value key, SSL_SESSION *session) {
    struct tls_state *state = state_of(cp);
    struct kept_session *place = find_session(state, cp, key);
    if (!place) {
        place = &state->sessions[state->next];
        state->next = (state->next + 1) % SESSIONS_KEPT;
    }
    if (place->session) drop_session(cp, place);
    *place = (struct kept_session){key, cp_resource_new(cp, session, free_session)};
}

/* ---- the whole ---- */

static void free_context(void *context) { SSL_CTX_free(context); }

static bool fill(cp_context *cp, struct tls *tls, SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    bool ok = SSL_CTX_set_min_proto_version(context, tls->min_version) == 1 &&
              SSL_CTX_set_max_proto_version(context, tls->max_version) == 1 && set_protocols(tls, context);
    if (!ok || !load_trusted(cp, tls, context) || !load_certificate(cp, tls, context)) return false;
    if (tls->is_server) {
        static const unsigned char name[] = "carapace";
        SSL_CTX_set_session_id_context(context, name, sizeof name - 1);
        /* Whoever names the authorities of clients wants clients to be known by them. */
        bool asks = tls->verify && tls->ca_file != CP_NIL;
        SSL_CTX_set_verify(context, asks ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE,
                           asks ? tls_verify : NULL);
    } else {
        if (SSL_CTX_dane_enable(context) <= 0) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
            return false;
        }
        SSL_CTX_set_verify(context, tls->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, tls->verify ? tls_verify : NULL);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    }
    return true;
}

SSL_CTX *tls_context(cp_context *cp, struct tls *tls) {
    if (tls->context) return tls->context->resource;
    ERR_clear_error();
    SSL_CTX *context = SSL_CTX_new(tls->is_server ? TLS_server_method() : TLS_client_method());
    if (!context) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "OpenSSL cannot start: %s", tls_words(ERR_get_error()));
        return NULL;
    }
    cp_resource *owner = cp_resource_new(cp, context, free_context);
    if (!fill(cp, tls, context)) {
        cp_resource_release(cp, owner);
        return NULL;
    }
    tls->context = owner;
    return context;
}
