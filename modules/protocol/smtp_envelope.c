/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_envelope: sender, recipients and their parameters, checked and written as MAIL and RCPT commands. */
#include "modules/protocol/smtp_envelope.h"

#include <string.h>

/* ---- checks ---- */

/* Octets of the well-formed UTF-8 sequence at `p` (NUL-terminated), or 0. */
static size_t utf8_sequence(const unsigned char *p) {
    size_t size = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80) return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)) return 0; /* overlong; surrogates */
    if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0; /* overlong; beyond U+10FFFF */
    if (p[0] == 0xc2 && p[1] < 0xa0) return 0;                                    /* C1 controls */
    return size;
}

/* Whether the octet stands for itself in an address, whatever is around it: ASCII without controls, space, <>\\ and ".
 */
static bool is_ordinary(unsigned char octet) {
    static const bool ordinary[256] = {
        [0x21] = true, [0x23 ... 0x3b] = true, [0x3d] = true, [0x3f ... 0x5b] = true, [0x5d ... 0x7e] = true};
    return ordinary[octet];
}

bool smtp_address_check(const char *address, bool smtputf8) {
    const unsigned char *start = (const unsigned char *)address, *p = start;
    while (is_ordinary(*p)) p++;
    if (*p == '\0') return p > start && p - start <= SMTP_ADDRESS_MAX; /* as nearly all are */
    if (strnlen(address, SMTP_ADDRESS_MAX + 1) > SMTP_ADDRESS_MAX) return false;
    p = start;
    /* RFC 5321 4.1.2: a quoted string is the whole local part or not there at all. */
    bool quoted = *p == '"';
    if (quoted) p++;
    while (*p != '\0') {
        if (is_ordinary(*p)) {
            p++;
            continue;
        }
        if (*p >= 0x80) {
            size_t size = smtputf8 ? utf8_sequence(p) : 0;
            if (size == 0) return false;
            p += size;
            continue;
        }
        if (*p < 0x20 || *p == 0x7f) return false;
        if (quoted && *p == '\\') { /* quoted-pairSMTP: the next octet stands for itself, and is graphic or a space */
            if (p[1] < 0x20 || p[1] >= 0x7f) return false;
            p += 2;
            continue;
        }
        if (quoted && *p == '"') {
            if (p[1] != '@') return false;
            quoted = false;
        } else if (!quoted) return false; /* a space, <, >, \ or " */
        p++;
    }
    return !quoted;
}

bool smtp_domain_check(const char *domain) {
    size_t length = strnlen(domain, SMTP_DOMAIN_MAX + 1);
    if (length == 0 || length > SMTP_DOMAIN_MAX) return false;
    for (size_t i = 0; i < length; i++)
        if (domain[i] <= 0x20 || domain[i] >= 0x7f) return false;
    return true;
}

/* ESMTP parameters as they go on the wire: graphic US-ASCII and single spaces between, or NULL. */
static bool parameters_check(const char *parameters) {
    if (parameters == NULL) return true;
    size_t length = strnlen(parameters, SMTP_PARAMETERS_MAX + 1);
    if (length == 0 || length > SMTP_PARAMETERS_MAX || parameters[0] == ' ' || parameters[length - 1] == ' ')
        return false;
    for (size_t i = 0; i < length; i++)
        if (parameters[i] < 0x20 || parameters[i] >= 0x7f) return false;
    return true;
}

/* Text that will be written as xtext (RFC 3461 section 4): printable US-ASCII, 1 to `maximum` octets, or NULL. */
static bool xtext_check(const char *text, size_t maximum) {
    if (text == NULL) return true;
    size_t length = strnlen(text, maximum + 1);
    if (length == 0 || length > maximum) return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] < 0x20 || text[i] >= 0x7f) return false;
    return true;
}

/* An ORCPT is "addr-type;address" (RFC 3461 4.2). */
static bool original_check(const char *text) {
    if (text == NULL) return true;
    const char *semicolon = strchr(text, ';');
    return semicolon != NULL && semicolon != text && xtext_check(text, SMTP_ADDRESS_MAX + 16);
}

static bool notify_check(unsigned notify) {
    return notify == SMTP_NOTIFY_NEVER ||
           (notify & ~(unsigned)(SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY)) == 0;
}

bool smtp_hold_date_check(const char *date) {
    static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
    if (strnlen(date, sizeof form) != sizeof form - 1) return false;
    for (size_t i = 0; form[i] != '\0'; i++)
        if (form[i] == 'd' ? date[i] < '0' || date[i] > '9' : date[i] != form[i]) return false;
    return true;
}

enum { SECONDS_MAX = 999999999 }; /* RFC 2852 4, RFC 4865 4: nine digits */

static smtp_envelope_status wishes_check(const smtp_wishes *wishes, const smtp_capabilities *capabilities) {
    if (wishes->deliver_by_mode != 0 &&
        ((wishes->deliver_by_mode != 'R' && wishes->deliver_by_mode != 'N') || wishes->deliver_by > SECONDS_MAX ||
         wishes->deliver_by < -SECONDS_MAX || (wishes->deliver_by_mode == 'R' && wishes->deliver_by <= 0)))
        return SMTP_ENVELOPE_BAD_PARAMETER;
    if (wishes->hold_for > SECONDS_MAX || (wishes->hold_for > 0 && wishes->hold_until != NULL) ||
        (wishes->hold_until != NULL && !smtp_hold_date_check(wishes->hold_until)) ||
        (wishes->has_priority && (wishes->priority < -9 || wishes->priority > 9)))
        return SMTP_ENVELOPE_BAD_PARAMETER;
    if (wishes->require_tls && !smtp_capabilities_has(capabilities, SMTP_CAPABILITY_REQUIRETLS))
        return SMTP_ENVELOPE_NO_REQUIRETLS;
    if (wishes->deliver_by_mode != 0) {
        if (!smtp_capabilities_has(capabilities, SMTP_CAPABILITY_DELIVERBY)) return SMTP_ENVELOPE_NO_DELIVERBY;
        /* RFC 2852 3: the least time is for those who want the message back. */
        if (wishes->deliver_by_mode == 'R' && wishes->deliver_by < (int64_t)capabilities->deliver_by_minimum)
            return SMTP_ENVELOPE_DELIVERBY_TOO_SOON;
    }
    if (wishes->hold_for > 0 || wishes->hold_until != NULL) {
        if (!smtp_capabilities_has(capabilities, SMTP_CAPABILITY_FUTURERELEASE)) return SMTP_ENVELOPE_NO_FUTURERELEASE;
        uint32_t longest = capabilities->future_release_seconds;
        const char *latest = capabilities->future_release_date;
        if (longest > 0 && wishes->hold_for > longest) return SMTP_ENVELOPE_HOLD_TOO_LONG;
        if (wishes->hold_until != NULL && latest != NULL && smtp_hold_date_check(latest) &&
            strcmp(wishes->hold_until, latest) > 0) /* of one form: the order of the text is that of time */
            return SMTP_ENVELOPE_HOLD_TOO_LONG;
    }
    return SMTP_ENVELOPE_OK;
}

smtp_envelope_status smtp_envelope_check(const smtp_envelope *envelope, const smtp_capabilities *capabilities,
                                         size_t max_recipients, size_t *culprit) {
    *culprit = 0;
    if (envelope->recipient_count == 0 || envelope->recipients == NULL) return SMTP_ENVELOPE_NO_RECIPIENTS;
    if (capabilities->limit_rcpt_max > 0 && capabilities->limit_rcpt_max < max_recipients)
        max_recipients = capabilities->limit_rcpt_max;
    if (envelope->recipient_count > max_recipients) return SMTP_ENVELOPE_TOO_MANY_RECIPIENTS;
    if (envelope->sender == NULL ||
        (envelope->sender[0] != '\0' && !smtp_address_check(envelope->sender, envelope->smtputf8)))
        return SMTP_ENVELOPE_BAD_SENDER;
    if (!parameters_check(envelope->parameters) || !xtext_check(envelope->envelope_id, SMTP_ENVID_MAX))
        return SMTP_ENVELOPE_BAD_PARAMETER;
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        const smtp_recipient *recipient = &envelope->recipients[i];
        *culprit = i;
        if (recipient->address == NULL || !smtp_address_check(recipient->address, envelope->smtputf8))
            return SMTP_ENVELOPE_BAD_RECIPIENT;
        if (!notify_check(recipient->notify) || !parameters_check(recipient->parameters) ||
            !original_check(recipient->original_recipient))
            return SMTP_ENVELOPE_BAD_PARAMETER;
    }
    *culprit = 0;
    if (envelope->smtputf8 && !smtp_capabilities_has(capabilities, SMTP_CAPABILITY_SMTPUTF8))
        return SMTP_ENVELOPE_NO_SMTPUTF8;
    if (envelope->body == SMTP_BODY_8BIT && !smtp_capabilities_has(capabilities, SMTP_CAPABILITY_8BITMIME))
        return SMTP_ENVELOPE_NO_8BITMIME;
    if (envelope->body == SMTP_BODY_BINARY &&
        (envelope->size == 0 || !smtp_capabilities_has(capabilities, SMTP_CAPABILITY_BINARYMIME) ||
         !smtp_capabilities_has(capabilities, SMTP_CAPABILITY_CHUNKING)))
        return SMTP_ENVELOPE_NO_BINARYMIME;
    if (capabilities->size_limit > 0 && envelope->size > capabilities->size_limit) return SMTP_ENVELOPE_TOO_LARGE;
    return wishes_check(&envelope->wishes, capabilities);
}

const char *smtp_envelope_status_text(smtp_envelope_status status) {
    switch (status) {
    case SMTP_ENVELOPE_OK: return "the envelope is in order";
    case SMTP_ENVELOPE_BAD_SENDER: return "malformed sender address";
    case SMTP_ENVELOPE_BAD_RECIPIENT: return "malformed recipient address";
    case SMTP_ENVELOPE_BAD_PARAMETER: return "malformed envelope parameter";
    case SMTP_ENVELOPE_NO_RECIPIENTS: return "no recipients";
    case SMTP_ENVELOPE_TOO_MANY_RECIPIENTS: return "too many recipients";
    case SMTP_ENVELOPE_TOO_MANY_DOMAINS: return "recipients in more domains than the server takes on a connection";
    case SMTP_ENVELOPE_TOO_LARGE: return "message larger than the server takes";
    case SMTP_ENVELOPE_NO_8BITMIME: return "8-bit content, but the server does not offer 8BITMIME";
    case SMTP_ENVELOPE_NO_BINARYMIME:
        return "binary parts, but the server does not offer BINARYMIME and CHUNKING, or may not be given BDAT";
    case SMTP_ENVELOPE_NO_SMTPUTF8: return "the envelope needs SMTPUTF8, but the server does not offer it";
    case SMTP_ENVELOPE_NO_REQUIRETLS:
        return "it requires TLS on its whole way, but the server does not offer REQUIRETLS";
    case SMTP_ENVELOPE_NO_DELIVERBY: return "it has a time to be delivered by, but the server does not offer DELIVERBY";
    case SMTP_ENVELOPE_DELIVERBY_TOO_SOON: return "it is to be delivered sooner than the server can promise";
    case SMTP_ENVELOPE_NO_FUTURERELEASE: return "it is to be held back, but the server does not offer FUTURERELEASE";
    case SMTP_ENVELOPE_HOLD_TOO_LONG: return "it is to be held back longer than the server does";
    }
    return "unknown status";
}

/* ---- writing ---- */

/* xtext of RFC 3461 section 4: "+", "=" and all outside "!" to "~" as "+" and two hexadecimal digits. */
static bool write_xtext(smtp_buffer *out, const char *text) {
    static const char hex[] = "0123456789ABCDEF";
    char *to = smtp_buffer_reserve(out, 3 * strlen(text));
    if (to == NULL) return false;
    for (; *text != '\0'; text++) {
        unsigned char octet = (unsigned char)*text;
        if (octet > 0x20 && octet < 0x7f && octet != '+' && octet != '=') *to++ = (char)octet;
        else {
            *to++ = '+';
            *to++ = hex[octet >> 4];
            *to++ = hex[octet & 15];
        }
    }
    out->end = (size_t)(to - out->bytes);
    return true;
}

static bool write_extra(smtp_buffer *out, const char *parameters) {
    return parameters == NULL || (smtp_buffer_append(out, " ", 1) && smtp_buffer_text(out, parameters));
}

static bool write_signed(smtp_buffer *out, int64_t number) {
    return (number >= 0 || smtp_buffer_append(out, "-", 1)) &&
           smtp_buffer_number(out, (unsigned long long)(number < 0 ? -number : number));
}

static bool write_wishes(smtp_buffer *out, const smtp_wishes *wishes, const smtp_capabilities *capabilities) {
    bool ok = !wishes->require_tls || smtp_buffer_text(out, " REQUIRETLS");
    if (wishes->deliver_by_mode != 0) {
        char mode[] = {';', wishes->deliver_by_mode, 'T'};
        ok = ok && smtp_buffer_text(out, " BY=") && write_signed(out, wishes->deliver_by) &&
             smtp_buffer_append(out, mode, wishes->deliver_by_trace ? 3 : 2);
    }
    if (wishes->hold_for > 0)
        ok = ok && smtp_buffer_text(out, " HOLDFOR=") && smtp_buffer_number(out, wishes->hold_for);
    if (wishes->hold_until != NULL)
        ok = ok && smtp_buffer_text(out, " HOLDUNTIL=") && smtp_buffer_text(out, wishes->hold_until);
    if (wishes->has_priority && smtp_capabilities_has(capabilities, SMTP_CAPABILITY_MT_PRIORITY))
        ok = ok && smtp_buffer_text(out, " MT-PRIORITY=") && write_signed(out, wishes->priority);
    return ok;
}

/* A command up to the end of the path (RFC 5321 4.1.1). */
static inline bool write_path(smtp_buffer *out, const char *command, const char *address) {
    size_t before = strlen(command), length = strlen(address);
    char *to = smtp_buffer_reserve(out, before + length + 2);
    if (to == NULL) return false;
    memcpy(to, command, before);
    to[before] = '<';
    memcpy(to + before + 1, address, length);
    to[before + 1 + length] = '>';
    out->end += before + length + 2;
    return true;
}

bool smtp_envelope_write_mail(smtp_buffer *out, const smtp_envelope *envelope, const smtp_capabilities *capabilities) {
    bool ok = write_path(out, "MAIL FROM:", envelope->sender);
    if (envelope->size > 0 && smtp_capabilities_has(capabilities, SMTP_CAPABILITY_SIZE))
        ok = ok && smtp_buffer_append(out, " SIZE=", 6) && smtp_buffer_number(out, envelope->size);
    if (envelope->body == SMTP_BODY_BINARY) ok = ok && smtp_buffer_text(out, " BODY=BINARYMIME");
    else if (envelope->body != SMTP_BODY_7BIT && smtp_capabilities_has(capabilities, SMTP_CAPABILITY_8BITMIME))
        ok = ok && smtp_buffer_text(out, " BODY=8BITMIME");
    if (envelope->smtputf8) ok = ok && smtp_buffer_text(out, " SMTPUTF8");
    if (smtp_capabilities_has(capabilities, SMTP_CAPABILITY_DSN)) {
        if (envelope->dsn_return != SMTP_RETURN_UNSAID)
            ok = ok && smtp_buffer_text(out, envelope->dsn_return == SMTP_RETURN_FULL ? " RET=FULL" : " RET=HDRS");
        if (envelope->envelope_id != NULL)
            ok = ok && smtp_buffer_text(out, " ENVID=") && write_xtext(out, envelope->envelope_id);
    }
    return ok && write_wishes(out, &envelope->wishes, capabilities) && write_extra(out, envelope->parameters) &&
           smtp_buffer_append(out, "\r\n", 2);
}

static bool write_notify(smtp_buffer *out, unsigned notify) {
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{SMTP_NOTIFY_NEVER, "NEVER"},
                 {SMTP_NOTIFY_SUCCESS, "SUCCESS"},
                 {SMTP_NOTIFY_FAILURE, "FAILURE"},
                 {SMTP_NOTIFY_DELAY, "DELAY"}};
    bool ok = smtp_buffer_text(out, " NOTIFY"), first = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(notify & names[i].bit)) continue;
        ok = ok && smtp_buffer_append(out, first ? "=" : ",", 1) && smtp_buffer_text(out, names[i].name);
        first = false;
    }
    return ok;
}

bool smtp_envelope_write_rcpt(smtp_buffer *out, const smtp_recipient *recipient,
                              const smtp_capabilities *capabilities) {
    bool ok = write_path(out, "RCPT TO:", recipient->address);
    if (smtp_capabilities_has(capabilities, SMTP_CAPABILITY_DSN)) {
        if (recipient->notify != 0) ok = ok && write_notify(out, recipient->notify);
        if (recipient->original_recipient != NULL) {
            /* The semicolon and the type before it are not xtext (RFC 3461 4.2), but have nothing xtext would change.
             */
            ok = ok && smtp_buffer_text(out, " ORCPT=") && write_xtext(out, recipient->original_recipient);
        }
    }
    return ok && write_extra(out, recipient->parameters) && smtp_buffer_append(out, "\r\n", 2);
}
