/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_limits: how many recipients and domains a server takes, as it announces it (LIMITS, RFC 9422) or says so when
 * there are too many (RFC 5321 4.5.3.1.10). */
#include "modules/protocol/smtp_limits.h"

#include <stdlib.h>
#include <string.h>

#include "modules/protocol/smtp_client_internal.h"

/* ---- domains ---- */

/* FNV-1a of the domain in lower case; never 0. */
static uint64_t hash_domain(const char *address) {
    const char *at = strrchr(address, '@');
    uint64_t hash = 14695981039346656037u;
    for (const char *c = at != NULL ? at + 1 : ""; *c != '\0'; c++) {
        unsigned char octet = (unsigned char)*c;
        if (octet >= 'A' && octet <= 'Z') octet = (unsigned char)(octet + 32);
        hash = (hash ^ octet) * 1099511628211u;
    }
    return hash != 0 ? hash : 1;
}

/* Where the hash is or would be; the set is not full. */
static uint64_t *find_slot(uint64_t *slots, size_t capacity, uint64_t hash) {
    size_t i = (size_t)(hash ^ hash >> 32) & (capacity - 1);
    while (slots[i] != 0 && slots[i] != hash) i = (i + 1) & (capacity - 1);
    return &slots[i];
}

void smtp_domain_set_free(smtp_domain_set *set) {
    free(set->slots);
    *set = (smtp_domain_set){0};
}

bool smtp_domain_set_has(const smtp_domain_set *set, const char *address) {
    return set->count > 0 && *find_slot(set->slots, set->capacity, hash_domain(address)) != 0;
}

static bool grow(smtp_domain_set *set) {
    size_t capacity = set->capacity > 0 ? 2 * set->capacity : 16;
    uint64_t *slots = calloc(capacity, sizeof *slots);
    if (slots == NULL) return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i] != 0) *find_slot(slots, capacity, set->slots[i]) = set->slots[i];
    free(set->slots);
    set->slots = slots;
    set->capacity = capacity;
    return true;
}

bool smtp_domain_set_add(smtp_domain_set *set, const char *address) {
    if (2 * (set->count + 1) > set->capacity && !grow(set)) return false;
    uint64_t hash = hash_domain(address), *slot = find_slot(set->slots, set->capacity, hash);
    set->count += *slot == 0;
    *slot = hash;
    return true;
}

/* ---- replies ---- */

bool smtp_limits_too_many(const smtp_reply *reply) {
    bool said = reply->enhanced.status_class != 0;
    if (said) return reply->code >= 400 && reply->enhanced.subject == 5 && reply->enhanced.detail == 3;
    return reply->code == 452 || reply->code == 552;
}

/* The code for that is 421, which closes (Exim: "too many messages in this connection", Amazon's SES: "Maximum message
 * count per session reached"), but others say it without: OpenSMTPD "452 4.5.3 Too many recipients: Too many messages
 * sent" to MAIL, Stalwart "452 4.4.5 Maximum number of messages per session exceeded." to DATA, IONOS "451 Mails per
 * session limit". */
bool smtp_limits_session_full(const smtp_message_result *result, const char *words) {
    static const char *const messages[] = {"messages", "message count", "mails", "transactions"};
    static const char *const scopes[] = {"session", "connection"};
    if (!result->temporary) return false;
    if (result->stage == SMTP_STAGE_MAIL && result->enhanced.subject == 5 && result->enhanced.detail == 3) return true;
    bool of_messages = false, of_session = false;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        of_messages |= strcasestr(words, messages[i]) != NULL;
    for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) of_session |= strcasestr(words, scopes[i]) != NULL;
    return of_messages && of_session;
}

/* ---- what a transaction may have ---- */

static size_t recipients_max(const smtp_client *client) {
    uint32_t limit = client->capabilities.limit_rcpt_max;
    return limit > 0 && limit < SMTP_CLIENT_RECIPIENTS_MAX ? limit : SMTP_CLIENT_RECIPIENTS_MAX;
}

/* Counts the domains of the recipients that are not in `known`, as far as `most` + 1. False when memory is short. */
static bool count_domains(const smtp_domain_set *known, const smtp_recipient *recipients, size_t count, size_t most,
                          size_t *domains) {
    smtp_domain_set new = {0};
    bool ok = true;
    for (size_t i = 0; i < count && ok && new.count <= most; i++)
        if (known == NULL || !smtp_domain_set_has(known, recipients[i].address))
            ok = smtp_domain_set_add(&new, recipients[i].address);
    *domains = new.count;
    smtp_domain_set_free(&new);
    return ok;
}

bool smtp_client_must_split(const smtp_client *client, const smtp_recipient *recipients, size_t count) {
    uint32_t limit = client->capabilities.limit_rcpt_domain_max;
    size_t domains;
    if (count > recipients_max(client)) return true;
    return limit > 0 && count > limit && count_domains(NULL, recipients, count, limit, &domains) && domains > limit;
}

bool smtp_client_choose(const smtp_client *client, const smtp_recipient *recipients, const size_t *waiting,
                        size_t count, size_t most, size_t *chosen, size_t *chosen_count) {
    uint32_t limit = client->capabilities.limit_rcpt_domain_max;
    const smtp_domain_set *known = &client->domains;
    smtp_domain_set new = {0};
    bool ok = true;
    *chosen_count = 0;
    if (most == 0 || most > recipients_max(client)) most = recipients_max(client);
    for (size_t i = 0; i < count && ok && *chosen_count < most; i++) {
        const char *address = recipients[waiting[i]].address;
        if (limit > 0 && !smtp_domain_set_has(known, address) && !smtp_domain_set_has(&new, address)) {
            if (known->count + new.count >= limit) continue;
            ok = smtp_domain_set_add(&new, address);
        }
        chosen[(*chosen_count)++] = waiting[i];
    }
    smtp_domain_set_free(&new);
    return ok;
}

smtp_client_status smtp_limits_check(smtp_client *client, const smtp_envelope *envelope) {
    const smtp_capabilities *capabilities = &client->capabilities;
    uint32_t limit = capabilities->limit_rcpt_domain_max;
    size_t domains;
    uint64_t announced = capabilities->limit_mail_max, known = client->options.messages_most;
    if (client->full || (announced > 0 && client->message_count >= announced) ||
        (known > 0 && client->message_count >= known))
        return SMTP_CLIENT_SESSION_LIMIT;
    if (limit == 0) return SMTP_CLIENT_OK;
    if (!count_domains(NULL, envelope->recipients, envelope->recipient_count, limit, &domains))
        return SMTP_CLIENT_NO_MEMORY;
    if (domains > limit) {
        client->envelope_status = SMTP_ENVELOPE_TOO_MANY_DOMAINS;
        return SMTP_CLIENT_BAD_ENVELOPE;
    }
    if (!count_domains(&client->domains, envelope->recipients, envelope->recipient_count, limit, &domains))
        return SMTP_CLIENT_NO_MEMORY;
    if (client->domains.count + domains > limit) return SMTP_CLIENT_SESSION_LIMIT;
    for (size_t i = 0; i < envelope->recipient_count; i++)
        if (!smtp_domain_set_add(&client->domains, envelope->recipients[i].address)) return SMTP_CLIENT_NO_MEMORY;
    return SMTP_CLIENT_OK;
}
