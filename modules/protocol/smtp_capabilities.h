/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_capabilities: what a server offers in its reply to EHLO or LHLO (RFC 5321 4.1.1.1, RFC 1869). */
#ifndef SMTP_CAPABILITIES_H
#define SMTP_CAPABILITIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/protocol/smtp_reply.h"

/* One bit for each extension we know. */
typedef enum smtp_capability {
    SMTP_CAPABILITY_PIPELINING = 1u << 0,          /* RFC 2920 */
    SMTP_CAPABILITY_8BITMIME = 1u << 1,            /* RFC 6152 */
    SMTP_CAPABILITY_SIZE = 1u << 2,                /* RFC 1870 */
    SMTP_CAPABILITY_ENHANCEDSTATUSCODES = 1u << 3, /* RFC 2034 */
    SMTP_CAPABILITY_STARTTLS = 1u << 4,            /* RFC 3207 */
    SMTP_CAPABILITY_AUTH = 1u << 5,                /* RFC 4954 */
    SMTP_CAPABILITY_CHUNKING = 1u << 6,            /* RFC 3030 */
    SMTP_CAPABILITY_BINARYMIME = 1u << 7,          /* RFC 3030 */
    SMTP_CAPABILITY_DSN = 1u << 8,                 /* RFC 3461 */
    SMTP_CAPABILITY_SMTPUTF8 = 1u << 9,            /* RFC 6531 */
    SMTP_CAPABILITY_LIMITS = 1u << 10,             /* RFC 9422 */
    SMTP_CAPABILITY_REQUIRETLS = 1u << 11,         /* RFC 8689 */
    SMTP_CAPABILITY_DELIVERBY = 1u << 12,          /* RFC 2852 */
    SMTP_CAPABILITY_FUTURERELEASE = 1u << 13,      /* RFC 4865 */
    SMTP_CAPABILITY_MT_PRIORITY = 1u << 14,        /* RFC 6710 */
    SMTP_CAPABILITY_VRFY = 1u << 15,               /* RFC 5321 */
    SMTP_CAPABILITY_HELP = 1u << 16,               /* RFC 5321 */
    SMTP_CAPABILITY_ETRN = 1u << 17,               /* RFC 1985 */
    SMTP_CAPABILITY_EXPN = 1u << 18,               /* RFC 5321 */
    SMTP_CAPABILITY_BURL = 1u << 19,               /* RFC 4468 */
    SMTP_CAPABILITY_CHECKPOINT = 1u << 20,         /* RFC 1845 */
    SMTP_CAPABILITY_PRDR = 1u << 21,               /* Exim, draft-hall-prdr */
    SMTP_CAPABILITY_XCLIENT = 1u << 22,            /* Postfix */
    SMTP_CAPABILITY_XFORWARD = 1u << 23,           /* Postfix */
} smtp_capability;

/* Mechanisms we know, one bit each; any others are only in `auth_mechanisms`. */
typedef enum smtp_auth_mechanism {
    SMTP_AUTH_PLAIN = 1u << 0,
    SMTP_AUTH_LOGIN = 1u << 1,
    SMTP_AUTH_CRAM_MD5 = 1u << 2,
    SMTP_AUTH_SCRAM_SHA_1 = 1u << 3,
    SMTP_AUTH_SCRAM_SHA_1_PLUS = 1u << 4,
    SMTP_AUTH_SCRAM_SHA_256 = 1u << 5,
    SMTP_AUTH_SCRAM_SHA_256_PLUS = 1u << 6,
    SMTP_AUTH_XOAUTH2 = 1u << 7,
    SMTP_AUTH_OAUTHBEARER = 1u << 8,
    SMTP_AUTH_EXTERNAL = 1u << 9,
    SMTP_AUTH_ANONYMOUS = 1u << 10,
    SMTP_AUTH_GSSAPI = 1u << 11,
    SMTP_AUTH_NTLM = 1u << 12,
    SMTP_AUTH_DIGEST_MD5 = 1u << 13,
} smtp_auth_mechanism;

typedef struct smtp_capabilities {
    uint32_t flags;                  /* smtp_capability bits */
    uint32_t auth;                   /* smtp_auth_mechanism bits */
    uint64_t size_limit;             /* SIZE: octets of the largest message; 0: the server gave no limit */
    uint32_t limit_mail_max;         /* LIMITS MAILMAX: transactions a connection; 0: none given */
    uint32_t limit_rcpt_max;         /* LIMITS RCPTMAX: recipients a transaction; 0: none given */
    uint32_t limit_rcpt_domain_max;  /* LIMITS RCPTDOMAINMAX; 0: none given */
    uint32_t deliver_by_minimum;     /* DELIVERBY: seconds; 0: none given */
    uint32_t future_release_seconds; /* FUTURERELEASE: longest interval; 0: none given */
    const char *domain;              /* the server's name, first word of the first line; "" when it gave none */
    const char *auth_mechanisms;     /* offered mechanisms, upper case, each once, separated by a space */
    const char *future_release_date; /* FUTURERELEASE: latest date as written; "" when none */
    const char *mt_priority_profile; /* MT-PRIORITY: profile's name; "" when none */
    size_t line_count;               /* the lines after the first, as the server wrote them (made safe to show) */
    const char **lines;
    char *storage; /* malloc'd, owned: all the texts above */
} smtp_capabilities;

/* Makes an empty set: what a server has that knows only HELO. Allocates nothing. */
void smtp_capabilities_init(smtp_capabilities *capabilities);

/* Frees what the set owns and makes it empty. */
void smtp_capabilities_free(smtp_capabilities *capabilities);

/* Reads the positive reply to EHLO/LHLO. Keywords in any case; unknown ones are only in `lines`; a parameter that does
 * not parse is as if absent. "AUTH=LOGIN PLAIN", the form of old servers, counts as AUTH. `capabilities` must be
 * initialised; what it held is freed. False when memory is short; then the set is empty. */
bool smtp_capabilities_parse(smtp_capabilities *capabilities, const smtp_reply *reply);

/* The raw line of a keyword (any case), for extensions not known here, or NULL. */
const char *smtp_capabilities_line(const smtp_capabilities *capabilities, const char *keyword);

static inline bool smtp_capabilities_has(const smtp_capabilities *capabilities, smtp_capability capability) {
    return (capabilities->flags & capability) != 0;
}

#endif
