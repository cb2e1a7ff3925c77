/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * dkim_class.c: class Dkim: signing messages and checking signatures; loaded on first use (stdlib/dkim.cpl).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "modules/loadable/dkim/dkim.h"
#include "modules/message/message_signer.h"

bool carapace_module_open(cp_context *cp);
extern const int carapace_module_abi;
const int carapace_module_abi = CP_MODULE_ABI;

enum { KEY_FILE_MOST = 65536 };

/* ---- the key ---- */

static void free_key(void *resource) { EVP_PKEY_free(resource); }

/* The text of a key's file. CP_THROWN: 5.1, 5.3, 1.8. */
static cp_value read_key_file(cp_context *cp, const char *path, char text[KEY_FILE_MOST], size_t *size) {
    struct stat status;
    FILE *in = fopen(path, "re");
    if (!in) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, errno, "cannot open the key %s", path);
    bool readable = fstat(fileno(in), &status) == 0 && (status.st_mode & 077) != 0;
    *size = fread(text, 1, KEY_FILE_MOST, in);
    bool failed = ferror(in), whole = *size < KEY_FILE_MOST;
    fclose(in);
    if (failed) return cp_throw(cp, CP_ERROR_FILE, CP_FILE_READ, "cannot read the key %s", path);
    if (!whole) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is too large for a key", path);
    if (readable)
        return cp_throw(cp, CP_ERROR_CONFIGURATION, CP_CONFIGURATION_BAD,
                        "the key %s can be read by others than its owner: chmod 600 %s", path, path);
    return CP_NIL;
}

static cp_value set_key(cp_context *cp, cp_value self, cp_value value) {
    struct dkim *dkim = dkim_of(self);
    if (value == CP_NIL) {
        dkim->key = NULL;
        return dkim->key_name = CP_NIL;
    }
    char *text = malloc(KEY_FILE_MOST);
    size_t size = cp_string_size(value);
    if (!text) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    bool inline_text = memmem(cp_string_text(value), size, "-----BEGIN ", 11) != NULL;
    cp_value result = CP_NIL;
    if (!inline_text) result = read_key_file(cp, cp_text_z(cp, value), text, &size);
    else if (size < KEY_FILE_MOST) memcpy(text, cp_string_text(value), size);
    else size = 0;
    const char *reason;
    enum dkim_algorithm algorithm;
    EVP_PKEY *key = result == CP_THROWN ? NULL : dkim_private_key(text, size, &algorithm, &reason);
    explicit_bzero(text, KEY_FILE_MOST);
    free(text);
    if (result == CP_THROWN) return CP_THROWN;
    if (!key)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s: %s",
                        inline_text ? "the key" : cp_text_z(cp, value), reason);
    dkim->key = cp_resource_new(cp, key, free_key);
    dkim->algorithm = algorithm;
    dkim->key_name = inline_text ? cp_string_z(cp, "*****") : value;
    return value;
}
static cp_value get_key(cp_context *cp, cp_value self) { return (void)cp, dkim_of(self)->key_name; }

static cp_value get_algorithm(cp_context *cp, cp_value self) {
    if (!dkim_of(self)->key) return CP_NIL;
    return cp_string_z(cp, dkim_of(self)->algorithm == DKIM_RSA_SHA256 ? "rsa-sha256" : "ed25519-sha256");
}

/* ---- other properties ---- */

static bool is_plain(cp_context *cp, const char *name, cp_value value) {
    if (value == CP_NIL || (cp_string_size(value) > 0 && cp_string_size(value) < 400 &&
                            strlen(cp_text_z(cp, value)) == cp_string_size(value)))
        return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is 1 to 399 bytes without a NUL", name);
    return false;
}
static cp_value get_domain(cp_context *cp, cp_value self) { return (void)cp, dkim_of(self)->domain; }
static cp_value set_domain(cp_context *cp, cp_value self, cp_value value) {
    return is_plain(cp, "domain", value) ? (dkim_of(self)->domain = value) : CP_THROWN;
}
static cp_value get_selector(cp_context *cp, cp_value self) { return (void)cp, dkim_of(self)->selector; }
static cp_value set_selector(cp_context *cp, cp_value self, cp_value value) {
    return is_plain(cp, "selector", value) ? (dkim_of(self)->selector = value) : CP_THROWN;
}
static cp_value get_identity(cp_context *cp, cp_value self) { return (void)cp, dkim_of(self)->identity; }
static cp_value set_identity(cp_context *cp, cp_value self, cp_value value) {
    return is_plain(cp, "identity", value) ? (dkim_of(self)->identity = value) : CP_THROWN;
}
static cp_value get_headers(cp_context *cp, cp_value self) {
    cp_list_builder names = {0};
    if (dkim_of(self)->headers != CP_NIL) return dkim_of(self)->headers;
    for (const char *const *name = dkim_default_names; *name; name++) cp_list_add(&names, cp_string_z(cp, *name));
    return names.list;
}
static cp_value set_headers(cp_context *cp, cp_value self, cp_value value) {
    cp_list_builder names = {0};
    size_t count = cp_list_length(value);
    for (cp_value rest = value; count > 0 && cp_is_cell(rest); rest = cp_tail(rest), count--) {
        const char *text;
        size_t size;
        bool fine = cp_bytes_of(cp_head(rest), &text, &size) && size > 0 && size < 77 && !cp_is_binary(cp_head(rest));
        for (size_t i = 0; fine && i < size; i++)
            fine = text[i] > ' ' && text[i] < 0x7F && text[i] != ':' && text[i] != ';';
        if (!fine)
            return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "headers is a List of names of headers, not %.60s",
                            cp_text_z(cp, cp_to_source(cp, cp_head(rest))));
        cp_list_add(&names, cp_string_n(cp, text, size));
    }
    if (cp_list_length(names.list) > DKIM_NAMES_MAX)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "more than %d headers", DKIM_NAMES_MAX);
    return dkim_of(self)->headers = names.list;
}
static cp_value get_canonicalization(cp_context *cp, cp_value self) {
    return cp_string_format(cp, "%s/%s", dkim_of(self)->header_relaxed ? "relaxed" : "simple",
                            dkim_of(self)->body_relaxed ? "relaxed" : "simple");
}
static cp_value set_canonicalization(cp_context *cp, cp_value self, cp_value value) {
    static const char *const forms[] = {"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"};
    const char *text = value == CP_NIL ? forms[3] : cp_text_z(cp, value);
    for (int i = 0; i < 4; i++)
        if (strcmp(text, forms[i]) == 0) {
            dkim_of(self)->header_relaxed = i & 2;
            dkim_of(self)->body_relaxed = i & 1;
            return value;
        }
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
                    "canonicalization is simple or relaxed for headers and body, as relaxed/simple, not %.40s", text);
}

/* Seconds, -1 for (). False after a throw. */
static bool seconds_of(cp_context *cp, const char *name, cp_value value, int64_t *seconds) {
    *seconds = -1;
    if (value == CP_NIL || (cp_to_int64(value, seconds) && *seconds >= 0 && *seconds < INT64_MAX / 4)) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is a number of seconds, or ()", name);
    return false;
}
static cp_value seconds_value(cp_context *cp, int64_t s) { return s < 0 ? CP_NIL : cp_integer(cp, s); }
static cp_value get_time(cp_context *cp, cp_value self) { return seconds_value(cp, dkim_of(self)->time); }
static cp_value set_time(cp_context *cp, cp_value self, cp_value value) {
    return seconds_of(cp, "time", value, &dkim_of(self)->time) ? value : CP_THROWN;
}
static cp_value get_expiry(cp_context *cp, cp_value self) { return seconds_value(cp, dkim_of(self)->expiry); }
static cp_value set_expiry(cp_context *cp, cp_value self, cp_value value) {
    return seconds_of(cp, "expiry", value, &dkim_of(self)->expiry) ? value : CP_THROWN;
}
static cp_value get_keys(cp_context *cp, cp_value self) { return (void)cp, dkim_of(self)->keys; }
static cp_value set_keys(cp_context *cp, cp_value self, cp_value value) {
    if (value != CP_NIL && !cp_is_function(value) && !cp_has_class(value, CP_CLASS_HASH_TABLE) &&
        !cp_responds_to(cp, value, "txt"))
        return cp_throw_type(cp, "keys", "Function, HashTable or Dns", value);
    return dkim_of(self)->keys = value;
}

static const cp_property_def properties[] = {
    {"domain", "String", CP_READ_WRITE, NULL, get_domain, set_domain,
     "The domain that answers for the message (d=). Errors: 1.8."},
    {"selector", "String", CP_READ_WRITE, NULL, get_selector, set_selector,
     "The name of the key below the domain (s=): its record is SELECTOR._domainkey.DOMAIN. Errors: 1.8."},
    {"key", "String", CP_READ_WRITE, NULL, get_key, set_key,
     "The private key: the path of a PEM file that only its owner can read, or the PEM text itself, which reads as "
     "*****. "
     "Errors: 5.1, 5.3, 4.2 others can read it, 1.8 no RSA key of 1024 bits or more and no Ed25519 key."},
    {"algorithm", "String", CP_READ_ONLY, NULL, get_algorithm, NULL,
     "rsa-sha256 or ed25519-sha256, by the key; () without one."},
    {"identity", "String", CP_READ_WRITE, NULL, get_identity, set_identity,
     "The user or agent (i=), an address at the domain or below it; () for none. Errors: 1.8."},
    {"canonicalization", "String", CP_READ_WRITE, NULL, get_canonicalization, set_canonicalization,
     "What may change on the way, of headers and body: relaxed/relaxed (the default: white space), simple/simple "
     "(nothing), or a mixture. Errors: 1.8."},
    {"headers", "List", CP_READ_WRITE, NULL, get_headers, set_headers,
     "The names of the headers that are signed, From among them. Each is signed once more than it is there, so that "
     "none "
     "can be added. () is the default: From, Subject and what else mailers show or act on. Errors: 1.8."},
    {"time", "Integer", CP_READ_WRITE, NULL, get_time, set_time,
     "The time of signing (t=) in seconds since 1970; () is now. Errors: 1.8."},
    {"expiry", "Integer", CP_READ_WRITE, NULL, get_expiry, set_expiry,
     "Seconds for which the signature holds (x=); () for ever. Errors: 1.8."},
    {"keys", "Object", CP_READ_WRITE, NULL, get_keys, set_keys,
     "Where `verify` has public keys from: a function of the name SELECTOR._domainkey.DOMAIN that gives the TXT record "
     "(a "
     "String, or a List or Array of its parts) or (), a HashTable of such, or a Dns; () asks the system's name servers "
     "by "
     "a Dns of its own. Errors of the classes 6 and 14 make temperror. Errors: 1.11."},
    {0},
};

/* ---- methods ---- */

static cp_value construct(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)cp, (void)arguments, (void)count;
    struct dkim *dkim = dkim_of(self);
    dkim->header_relaxed = dkim->body_relaxed = true;
    dkim->time = dkim->expiry = -1;
    return CP_NIL;
}

static cp_value method_sign(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct dkim_source source;
    struct mail_buffer field = {0};
    cp_value result = dkim_source_open(cp, &source, arguments[0]);
    if (result != CP_THROWN) result = dkim_sign_message(cp, dkim_of(self), dkim_source_read, &source, &field);
    if (result != CP_THROWN) result = cp_string_n(cp, field.data, field.size);
    mail_buffer_free(&field);
    return result;
}

static cp_value method_verify(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct dkim_source source;
    if (dkim_source_open(cp, &source, arguments[0]) == CP_THROWN) return CP_THROWN;
    return dkim_verify_message(cp, dkim_of(self), dkim_source_read, &source);
}

static cp_value method_record(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct dkim *dkim = dkim_of(self);
    struct mail_buffer text = {0};
    if (!dkim->key) return cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "Dkim needs a key to tell its record");
    mail_buffer_append_string(&text,
                              dkim->algorithm == DKIM_RSA_SHA256 ? "v=DKIM1; k=rsa; p=" : "v=DKIM1; k=ed25519; p=");
    bool fine = dkim_public_record(dkim->key->resource, dkim->algorithm, &text);
    cp_value result = fine ? cp_string_n(cp, text.data, text.size)
                           : cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "OpenSSL cannot write the public key");
    mail_buffer_free(&text);
    return result;
}

static cp_value method_make_key(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    int64_t bits = 2048;
    const char *path = cp_text_z(cp, arguments[0]), *kind = cp_text_z(cp, arguments[1]);
    bool ed = strcmp(kind, "ed25519") == 0;
    if (!ed && strcmp(kind, "rsa") != 0)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a key is rsa or ed25519, not %.40s", kind);
    if (!cp_to_int64(arguments[2], &bits) || bits < DKIM_RSA_BITS_MIN || bits > 8192)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "an RSA key has %d to 8192 bits", DKIM_RSA_BITS_MIN);
    int number = dkim_make_key(path, ed ? DKIM_ED25519_SHA256 : DKIM_RSA_SHA256, (unsigned)bits);
    if (number < 0) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "OpenSSL cannot make a key");
    if (number > 0) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, number, "cannot write the key %s", path);
    return set_key(cp, self, arguments[0]) == CP_THROWN ? CP_THROWN : CP_NIL;
}

static const cp_method_def methods[] = {
    {"Dkim", "NIL", "()", construct,
     "Makes a Dkim: (create Dkim domain: \"example.org\" selector: \"mail\" key: \"/etc/dkim/mail.pem\")."},
    {"sign", "String", "(message)", method_sign,
     "The header DKIM-Signature for a message, with its CR LF; it belongs in front of all others. The message is a "
     "String, "
     "Binary, Buffer, Stream, SmtpMessage or Mime. SmtpMessage.sign does it at each sending. Errors: 1.3 domain, "
     "selector "
     "or key is not set; 1.8 no From, a domain or selector that cannot be."},
    {"verify", "List", "(message)", method_verify,
     "What each signature of a message is worth, for the first 16 a HashTable: result (pass fail permerror temperror), "
     "domain, selector, identity, algorithm, reason, testing, signedLength (() when all of the body is signed). Empty "
     "when there is none. That a signature passes says that the domain answers for the message, not that the From is "
     "of "
     "that domain. Errors: 1.8 headers without an end."},
    {"record", "String", "()", method_record,
     "The TXT record that publishes the key at SELECTOR._domainkey.DOMAIN. Errors: 1.3 no key."},
    {"makeKey", "NIL", "((path String) (kind String|Symbol \"rsa\") (bits Integer 2048))", method_make_key,
     "Makes a private key, rsa or ed25519, in a file that is not there yet and that only its owner can read, and takes "
     "it. "
     "RSA keys take a tenth of a second, or with 4096 bits some. Errors: 1.8, 5.1."},
    {0},
};

static const cp_class_def dkim_class = {
    .name = "Dkim",
    .doc = "Signatures of a domain on messages (RFC 6376, 8301, 8463): makes and checks them.",
    .size = sizeof(struct dkim),
    .major = 1,
    .properties = properties,
    .methods = methods,
};

/* ---- for SmtpMessage ---- */

static cp_value sign_for_message(cp_context *cp, cp_value signer, message_signer_read read, void *context,
                                 struct mail_buffer *field) {
    return dkim_sign_message(cp, dkim_of(signer), read, context, field);
}

bool carapace_module_open(cp_context *cp) {
    cp_class *class = cp_define_class(cp, &dkim_class);
    if (!class) return false;
    message_signer_announce(cp, cp_class_number(class), sign_for_message);
    return true;
}
