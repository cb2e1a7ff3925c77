/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_sasl: the examples of the RFCs, what servers may not do, and the choice of a mechanism. The cryptography is
 * OpenSSL's, which this program, like Carapace, loads by hand. */
#include <dlfcn.h>

#include "mail_test.h"

#include "modules/coding/base64.h"
#include "modules/sasl/sasl_internal.h"
#include "modules/sasl/sasl_prep.h"

/* ---- cryptography ---- */

static struct {
    const void *(*md[3])(void);
    unsigned char *(*hmac)(const void *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned *);
    int (*digest)(const void *, size_t, unsigned char *, unsigned *, const void *, void *);
    int (*pbkdf2)(const char *, int, const unsigned char *, int, int, const void *, int, unsigned char *);
} openssl;
static unsigned pbkdf2_calls;

static bool digest(void *c, sasl_digest d, const void *data, size_t size, unsigned char *out) {
    (void)c;
    return openssl.digest(data, size, out, NULL, openssl.md[d](), NULL) == 1;
}
static bool hmac(void *c, sasl_digest d, const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char *out) {
    (void)c;
    return openssl.hmac(openssl.md[d](), key, (int)key_size, data, size, out, NULL) != NULL;
}
static bool pbkdf2(void *c, sasl_digest d, const void *password, size_t password_size, const void *salt,
                   size_t salt_size, uint32_t iterations, unsigned char *out) {
    (void)c;
    pbkdf2_calls++;
    return openssl.pbkdf2(password, (int)password_size, salt, (int)salt_size, (int)iterations, openssl.md[d](),
                          d == SASL_SHA_1 ? 20 : 32, out) == 1;
}
static bool random_bytes(void *c, void *out, size_t size) {
    (void)c;
    memset(out, 'r', size);
    return true;
}
static const sasl_crypto crypto = {NULL, digest, hmac, pbkdf2, random_bytes};

static void *find(void *library, const char *name) {
    void *found = dlsym(library, name);
    if (found == NULL) fail_msg("no %s", name);
    return found;
}

static int load(void **state) {
    (void)state;
    static const char *const names[] = {"EVP_md5", "EVP_sha1", "EVP_sha256"};
    void *library = dlopen("libcrypto.so.3", RTLD_NOW), *found;
    if (library == NULL) return -1;
    for (int i = 0; i < 3; i++) memcpy(&openssl.md[i], (found = find(library, names[i]), &found), sizeof found);
    memcpy(&openssl.hmac, (found = find(library, "HMAC"), &found), sizeof found);
    memcpy(&openssl.digest, (found = find(library, "EVP_Digest"), &found), sizeof found);
    memcpy(&openssl.pbkdf2, (found = find(library, "PKCS5_PBKDF2_HMAC"), &found), sizeof found);
    return 0;
}

/* ---- helpers ---- */

static const sasl_credentials bob = {.user = "bob", .password = "secret", .token = "tok"};

static sasl_client *make(sasl_mechanism mechanism, const sasl_credentials *credentials) {
    sasl_status status;
    sasl_client *client = sasl_client_new(mechanism, credentials, &crypto, &status, NULL);
    assert_non_null(client);
    assert_int_equal(status, SASL_OK);
    return client;
}

/* One step; the response is checked, NULL: there must be none. */
static sasl_status step_n(sasl_client *client, const char *challenge, const char *wanted, size_t wanted_size) {
    const char *response;
    size_t size;
    sasl_status status = sasl_client_step(client, challenge, challenge ? strlen(challenge) : 0, &response, &size);
    if (wanted == NULL) assert_null(response);
    else {
        assert_non_null(response);
        assert_int_equal(size, wanted_size);
        assert_memory_equal(response, wanted, size);
    }
    assert_true((status == SASL_OK) == (sasl_client_error(client)[0] == '\0'));
    return status;
}
static sasl_status step(sasl_client *client, const char *challenge, const char *wanted) {
    return step_n(client, challenge, wanted, wanted ? strlen(wanted) : 0);
}

static sasl_client *scram(sasl_mechanism mechanism, const sasl_credentials *credentials, const char *nonce) {
    sasl_client *client = make(mechanism, credentials);
    snprintf(client->scram.nonce, sizeof client->scram.nonce, "%s", nonce);
    return client;
}

/* ---- SCRAM ---- */

static const sasl_credentials pencil = {.user = "user", .password = "pencil"};
#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL"
#define FIRST_1 "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"

static void rfc_5802(void **state) {
    (void)state;
    sasl_client *client = scram(SASL_SCRAM_SHA_1, &pencil, NONCE_1);
    assert_int_equal(step(client, NULL, "n,,n=user,r=" NONCE_1), SASL_OK);
    assert_int_equal(
        step(client, FIRST_1, "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="),
        SASL_OK);
    assert_int_equal(sasl_client_accepted(client), SASL_FALSE_SERVER);
    assert_int_equal(step(client, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", ""), SASL_OK);
    assert_int_equal(sasl_client_accepted(client), SASL_OK);
    assert_int_equal(step(client, "more", NULL), SASL_BAD_CHALLENGE);
    sasl_client_free(client);
}

static void rfc_7677(void **state) {
    (void)state;
    sasl_client *client = scram(SASL_SCRAM_SHA_256, &pencil, "rOprNGfwEbeRWgbNEkqO");
    assert_int_equal(step(client, NULL, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), SASL_OK);
    assert_int_equal(
        step(client, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
             "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgs"
             "qmmiz7AndVQ="),
        SASL_OK);
    assert_int_equal(step(client, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", ""), SASL_OK);
    assert_int_equal(sasl_client_accepted(client), SASL_OK);
    sasl_client_free(client);
}

/* RFC 5802 6: the flag says what we know; the data is in `c`. */
static void channel_binding(void **state) {
    (void)state;
    sasl_credentials c = pencil;
    c.binding_type = "tls-exporter";
    c.binding = "\1\2\3";
    c.binding_size = 3;
    sasl_client *client = scram(SASL_SCRAM_SHA_1, &c, "x");
    assert_int_equal(step(client, NULL, "y,,n=user,r=x"), SASL_OK);
    sasl_client_free(client);
    c.plus_offered = true;
    client = scram(SASL_SCRAM_SHA_1, &c, "x");
    assert_int_equal(step(client, NULL, "n,,n=user,r=x"), SASL_OK);
    sasl_client_free(client);
    c.authorization = "a=b,c";
    client = scram(SASL_SCRAM_SHA_256_PLUS, &c, "x");
    assert_int_equal(step(client, NULL, "p=tls-exporter,a=a=3Db=2Cc,n=user,r=x"), SASL_OK);
    const char *response;
    size_t size, length;
    char data[100];
    assert_int_equal(sasl_client_step(client, "r=xy,s=QSXCR+Q6sek8bf92,i=4096", 30, &response, &size), SASL_OK);
    const char *comma = memchr(response, ',', size);
    assert_true(base64_decode(data, &length, response + 2, (size_t)(comma - response) - 2));
    assert_int_equal(length, 31 - 4 + 3);
    assert_memory_equal(data, "p=tls-exporter,a=a=3Db=2Cc,\1\2\3", length);
    sasl_client_free(client);
}

static void bad_servers(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "r=" NONCE_1,
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92",
        "r=" NONCE_1 ",s=QSXCR+Q6sek8bf92,i=4096", /* nothing of the server's own */
        "r=other,s=QSXCR+Q6sek8bf92,i=4096",
        "r=" NONCE_1 "x,s=,i=4096",
        "r=" NONCE_1 "x,s=====,i=4096",
        "r=" NONCE_1 "x,s=!!!!,i=4096",
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=",
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=-1",
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=0",
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=4095",
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=2000001",
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=4294971392",
        "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=99999999999999999999999",
        "r=" NONCE_1 " x,s=QSXCR+Q6sek8bf92,i=4096",
        "m=x,r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=4096",
        "s=QSXCR+Q6sek8bf92,r=" NONCE_1 "x,i=4096",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sasl_client *client = scram(SASL_SCRAM_SHA_1, &pencil, NONCE_1);
        step(client, NULL, "n,,n=user,r=" NONCE_1);
        unsigned calls = pbkdf2_calls;
        if (step(client, bad[i], NULL) != SASL_BAD_CHALLENGE) fail_msg("taken: %s", bad[i]);
        assert_int_equal(pbkdf2_calls, calls);
        assert_int_equal(step(client, FIRST_1, NULL), SASL_BAD_CHALLENGE); /* it is over */
        sasl_client_free(client);
    }
    static const struct {
        const char *text;
        sasl_status status;
    } last[] = {{"v=rmF9pqV8S7suAoZWja4dJRkFsKR=", SASL_BAD_CHALLENGE}, /* not base64: bits below the padding */
                {"v=rmF9pqV8S7suAoZWja4dJRkFsKA=", SASL_FALSE_SERVER},
                {"v=", SASL_FALSE_SERVER},
                {"v=AAAA", SASL_FALSE_SERVER},
                {"e=invalid-proof", SASL_REFUSED},
                {"", SASL_BAD_CHALLENGE},
                {"x=y", SASL_BAD_CHALLENGE}};
    for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
        sasl_client *client = scram(SASL_SCRAM_SHA_1, &pencil, NONCE_1);
        const char *response;
        size_t size;
        step(client, NULL, "n,,n=user,r=" NONCE_1);
        sasl_client_step(client, FIRST_1, strlen(FIRST_1), &response, &size);
        sasl_status status = sasl_client_step(client, last[i].text, strlen(last[i].text), &response, &size);
        if (status != last[i].status) fail_msg("%s: %d", last[i].text, status);
        assert_int_equal(sasl_client_accepted(client), SASL_FALSE_SERVER);
        sasl_client_free(client);
    }
}

/* ---- the others ---- */

static void simple(void **state) {
    (void)state;
    sasl_credentials c = {.user = "tim", .password = "tanstaaftanstaaf"};
    sasl_client *client = make(SASL_PLAIN, &c); /* RFC 4616 4 */
    assert_int_equal(step_n(client, NULL, "\0tim\0tanstaaftanstaaf", 21), SASL_OK);
    assert_int_equal(step(client, "", NULL), SASL_BAD_CHALLENGE);
    sasl_client_free(client);
    c.authorization = "ursel";
    client = make(SASL_PLAIN, &c);
    assert_int_equal(step_n(client, NULL, "ursel\0tim\0tanstaaftanstaaf", 26), SASL_OK);
    sasl_client_free(client);

    client = make(SASL_CRAM_MD5, &c); /* RFC 2195 2 */
    assert_int_equal(step(client, NULL, NULL), SASL_OK);
    assert_int_equal(step(client, "<1896.697170952@postoffice.reston.mci.net>", "tim b913a602c7eda7a495b4e6e7334d3890"),
                     SASL_OK);
    assert_int_equal(sasl_client_accepted(client), SASL_OK);
    sasl_client_free(client);

    client = make(SASL_LOGIN, &bob);
    assert_int_equal(step(client, NULL, NULL), SASL_OK);
    assert_int_equal(step(client, "Username:", "bob"), SASL_OK);
    assert_int_equal(step(client, "Password:", "secret"), SASL_OK);
    assert_int_equal(step(client, "Again:", NULL), SASL_BAD_CHALLENGE);
    sasl_client_free(client);

    client = make(SASL_EXTERNAL, &bob);
    assert_int_equal(step(client, NULL, "bob"), SASL_OK);
    sasl_client_free(client);
    c = (sasl_credentials){0};
    client = make(SASL_EXTERNAL, &c);
    assert_int_equal(step(client, NULL, ""), SASL_OK);
    sasl_client_free(client);
}

static void oauth(void **state) {
    (void)state;
    sasl_credentials c = {.user = "user@example.com",
                          .token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
                          .host = "server.example.com",
                          .port = 587};
    sasl_client *client = make(SASL_OAUTHBEARER, &c); /* RFC 7628 4.3 */
    assert_int_equal(step(client, NULL,
                          "n,a=user@example.com,\1host=server.example.com\1port=587\1auth=Bearer "
                          "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"),
                     SASL_OK);
    assert_int_equal(step(client, "{\"status\":\"invalid_token\",\"scope\":\"example_scope\"}", "\1"), SASL_REFUSED);
    assert_non_null(strstr(sasl_client_error(client), "invalid_token"));
    assert_null(strstr(sasl_client_error(client), "vF9dft4"));
    assert_int_equal(step(client, "", NULL), SASL_BAD_CHALLENGE);
    sasl_client_free(client);

    client = make(SASL_XOAUTH2, &c);
    assert_int_equal(
        step(client, NULL, "user=user@example.com\1auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\1\1"),
        SASL_OK);
    assert_int_equal(step(client, "{\"status\":\"401\"}", ""), SASL_REFUSED);
    sasl_client_free(client);

    c.token = "a\1b";
    for (int i = 0; i < 2; i++) {
        client = make(i ? SASL_XOAUTH2 : SASL_OAUTHBEARER, &c);
        assert_int_equal(step(client, NULL, NULL), SASL_BAD_CREDENTIALS);
        sasl_client_free(client);
    }
}

static void missing(void **state) {
    (void)state;
    sasl_credentials c = {.user = "bob"};
    sasl_status status;
    const char *why;
    for (sasl_mechanism i = 0; i < SASL_EXTERNAL; i++) {
        assert_null(sasl_client_new(i, &c, &crypto, &status, &why));
        assert_int_equal(status, SASL_BAD_CREDENTIALS);
        assert_non_null(why);
    }
    char *large = malloc(SASL_TEXT_MAX + 2);
    memset(large, 'x', SASL_TEXT_MAX + 1);
    large[SASL_TEXT_MAX + 1] = '\0';
    c.password = large;
    assert_null(sasl_client_new(SASL_PLAIN, &c, &crypto, &status, &why));
    free(large);
}

static void choosing(void **state) {
    (void)state;
    const uint32_t all = (1u << SASL_MECHANISMS) - 1;
    sasl_credentials c = bob;
    assert_int_equal(sasl_choose(all, &c, true), SASL_SCRAM_SHA_256);
    c.binding_type = "tls-exporter";
    assert_int_equal(sasl_choose(all, &c, true), SASL_SCRAM_SHA_256_PLUS);
    assert_int_equal(sasl_choose(1u << SASL_PLAIN | 1u << SASL_LOGIN, &c, true), SASL_PLAIN);
    assert_int_equal(sasl_choose(1u << SASL_PLAIN | 1u << SASL_LOGIN, &c, false), SASL_MECHANISMS);
    assert_int_equal(sasl_choose(1u << SASL_XOAUTH2 | 1u << SASL_CRAM_MD5, &c, false), SASL_CRAM_MD5);
    assert_int_equal(sasl_choose(1u << SASL_XOAUTH2 | 1u << SASL_CRAM_MD5, &c, true), SASL_XOAUTH2);
    assert_int_equal(sasl_choose(1u << SASL_EXTERNAL, &c, true), SASL_MECHANISMS);
    c = (sasl_credentials){.user = "bob"};
    assert_int_equal(sasl_choose(all, &c, true), SASL_EXTERNAL);
    assert_int_equal(sasl_find("scram-sha-256", 13), SASL_SCRAM_SHA_256);
    assert_int_equal(sasl_find("PLAI", 4), SASL_MECHANISMS);
}

/* RFC 4013 3, and what its tables forbid. */
static void prepared(void **state) {
    (void)state;
    static const char *const good[][2] = {
        {"I\xc2\xadX", "IX"},
        {"user", "user"},
        {"USER", "USER"},
        {"\xc2\xaa", "a"},
        {"\xe2\x85\xa8", "IX"},
        {"a\xc2\xa0\xe2\x80\x83z", "a  z"},
        {"e\xcc\x81", "\xc3\xa9"},
        {"a\xcc\x81\xcc\xa7", "\xc3\xa1\xcc\xa7"}, /* marks are put in order */
        {"\xef\xb7\xba", "\xd8\xb5\xd9\x84\xd9\x89 \xd8\xa7\xd9\x84\xd9\x84\xd9\x87 \xd8\xb9\xd9\x84\xd9\x8a\xd9\x87 "
                         "\xd9\x88\xd8\xb3\xd9\x84\xd9\x85"},
        {"\xd8\xa7"
         "1\xd8\xa8",
         "\xd8\xa7"
         "1\xd8\xa8"}};
    static const char *const bad[] = {"\x07",
                                      "\xd8\xa7"
                                      "1",
                                      "",
                                      "\xc2\xad",
                                      "\xff",
                                      "a\xed\xa0\x80",
                                      "\xee\x80\x80",
                                      "\xef\xbf\xbe",
                                      "a\xd8\xa7"
                                      "a",
                                      "\xe2\x80\x8e",
                                      "\x7f",
                                      "\xf3\xa0\x80\x81"};
    const char *why;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char *text = sasl_prep(good[i][0], &why);
        if (text == NULL) fail_msg("%zu: %s", i, why);
        assert_string_equal(text, good[i][1]);
        free(text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (sasl_prep(bad[i], &why) != NULL) fail_msg("bad %zu was taken", i);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_5802),    cmocka_unit_test(rfc_7677), cmocka_unit_test(channel_binding),
        cmocka_unit_test(bad_servers), cmocka_unit_test(simple),   cmocka_unit_test(oauth),
        cmocka_unit_test(missing),     cmocka_unit_test(choosing), cmocka_unit_test(prepared),
    };
    return cmocka_run_group_tests(tests, load, NULL);
}
