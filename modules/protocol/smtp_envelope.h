/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_envelope: sender, recipients and their parameters, checked and written as MAIL and RCPT commands. */
#ifndef SMTP_ENVELOPE_H
#define SMTP_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/protocol/smtp_buffer.h"
#include "modules/protocol/smtp_capabilities.h"

enum {
    SMTP_ADDRESS_MAX = 254,    /* octets of an address: RFC 5321 4.5.3.1.3 allows a path of 256, "<" and ">" included */
    SMTP_ENVID_MAX = 100,      /* octets of an ENVID, RFC 3461 4.4 */
    SMTP_PARAMETERS_MAX = 400, /* octets of `parameters` */
    SMTP_DOMAIN_MAX = 255,     /* octets of a domain, RFC 5321 4.5.3.1.2 */
};

/* What the content holds. */
typedef enum smtp_body {
    SMTP_BODY_7BIT,       /* US-ASCII only: no BODY parameter */
    SMTP_BODY_8BIT,       /* needs 8BITMIME; a server without it is an error before anything is sent */
    SMTP_BODY_8BIT_PLAIN, /* BODY=8BITMIME where it is known, else sent all the same (the caller knows the server) */
    SMTP_BODY_BINARY,     /* any octets (RFC 3030): needs BINARYMIME and CHUNKING, and a size; else as 8BIT */
} smtp_body;

/* NOTIFY of RFC 3461 4.1. 0: not said. NEVER excludes the others. */
typedef enum smtp_notify {
    SMTP_NOTIFY_NEVER = 1,
    SMTP_NOTIFY_SUCCESS = 2,
    SMTP_NOTIFY_FAILURE = 4,
    SMTP_NOTIFY_DELAY = 8,
} smtp_notify;

typedef enum smtp_return { SMTP_RETURN_UNSAID, SMTP_RETURN_FULL, SMTP_RETURN_HEADERS } smtp_return;

/* What is asked of the delivery, each where its extension is offered, else an error; all but `priority`, which is an
 * advice and is left out then. Zeroed: nothing. */
typedef struct smtp_wishes {
    bool require_tls;       /* REQUIRETLS, RFC 8689; the caller has seen to it that this connection is safe */
    char deliver_by_mode;   /* DELIVERBY, RFC 2852: 'R' return it then, 'N' tell the sender then; 0: nothing asked */
    bool deliver_by_trace;  /* and report each relay */
    int64_t deliver_by;     /* seconds; above 0 with 'R' */
    uint32_t hold_for;      /* FUTURERELEASE, RFC 4865: seconds; 0: nothing asked */
    const char *hold_until; /* the same as a date "2026-12-24T18:00:00Z", or NULL */
    bool has_priority;      /* MT-PRIORITY, RFC 6710 */
    int priority;           /* -9 to 9 */
} smtp_wishes;

typedef struct smtp_recipient {
    const char *address;            /* without < and > */
    unsigned notify;                /* smtp_notify bits */
    const char *original_recipient; /* ORCPT as "rfc822;bob@example.org" before xtext, or NULL */
    const char *parameters;         /* further ESMTP parameters as written on the wire, or NULL */
} smtp_recipient;

typedef struct smtp_envelope {
    const char *sender; /* without < and >; "" is the null sender; NULL is an error */
    const smtp_recipient *recipients;
    size_t recipient_count; /* >= 1 */
    uint64_t size;          /* octets of the canonical content (dots not doubled), or 0 when not known */
    smtp_body body;
    bool smtputf8;           /* needs SMTPUTF8: an address or a header is beyond US-ASCII */
    smtp_return dsn_return;  /* RET */
    const char *envelope_id; /* ENVID before xtext, or NULL */
    smtp_wishes wishes;
    const char *parameters; /* further ESMTP parameters of MAIL as written on the wire, or NULL */
} smtp_envelope;

typedef enum smtp_envelope_status {
    SMTP_ENVELOPE_OK,
    SMTP_ENVELOPE_BAD_SENDER,
    SMTP_ENVELOPE_BAD_RECIPIENT,
    SMTP_ENVELOPE_BAD_PARAMETER, /* parameters, envelope_id, original_recipient or notify */
    SMTP_ENVELOPE_NO_RECIPIENTS,
    SMTP_ENVELOPE_TOO_MANY_RECIPIENTS, /* over the server's LIMITS RCPTMAX or our own maximum */
    SMTP_ENVELOPE_TOO_MANY_DOMAINS,    /* over the server's LIMITS RCPTDOMAINMAX */
    SMTP_ENVELOPE_TOO_LARGE,           /* over the server's SIZE */
    SMTP_ENVELOPE_NO_8BITMIME,
    SMTP_ENVELOPE_NO_BINARYMIME,
    SMTP_ENVELOPE_NO_SMTPUTF8,
    SMTP_ENVELOPE_NO_REQUIRETLS,
    SMTP_ENVELOPE_NO_DELIVERBY,
    SMTP_ENVELOPE_DELIVERBY_TOO_SOON, /* below what the server can do */
    SMTP_ENVELOPE_NO_FUTURERELEASE,
    SMTP_ENVELOPE_HOLD_TOO_LONG, /* over the server's limit */
} smtp_envelope_status;

/* True when `address` may stand between < and >: 1 to SMTP_ADDRESS_MAX octets, no control, and outside a quoted string
 * no space, "<", ">" nor quote left open; beyond US-ASCII only well-formed UTF-8 and only with `smtputf8`. It is a
 * guard against injection, not the grammar of RFC 5321: "postmaster" passes. */
bool smtp_address_check(const char *address, bool smtputf8);

/* True when `domain` may stand in EHLO: 1 to SMTP_DOMAIN_MAX printable octets without space. */
bool smtp_domain_check(const char *domain);

/* True when `date` is a date and time of RFC 3339 in UTC, "2026-12-24T18:00:00Z", as HOLDUNTIL wants it. */
bool smtp_hold_date_check(const char *date);

/* Checks an envelope against what the server offers. `max_recipients` is our own limit. On an error `*culprit` is the
 * index of the recipient concerned, else 0. */
smtp_envelope_status smtp_envelope_check(const smtp_envelope *envelope, const smtp_capabilities *capabilities,
                                         size_t max_recipients, size_t *culprit);

/* What a status means, as a phrase; never NULL. */
const char *smtp_envelope_status_text(smtp_envelope_status status);

/* Appends "MAIL FROM:<...> ...\r\n" with the parameters the server knows (SIZE, BODY, SMTPUTF8, RET, ENVID, wishes).
 * The envelope has been checked. False when memory is short; the buffer may then hold a part of the line. */
bool smtp_envelope_write_mail(smtp_buffer *out, const smtp_envelope *envelope, const smtp_capabilities *capabilities);

/* Appends "RCPT TO:<...> ...\r\n" with NOTIFY and ORCPT where the server has DSN. Else as smtp_envelope_write_mail. */
bool smtp_envelope_write_rcpt(smtp_buffer *out, const smtp_recipient *recipient, const smtp_capabilities *capabilities);

#endif
