/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp_message_delivery.c: what an SmtpMessage says to servers about its delivery: which reports it wants (RFC 3461),
 * by when, from when, how urgently and how safely.
 */
#include "modules/message/smtp_message.h"

#include <stdlib.h>

enum { SECONDS_MAX = 999999999, PRIORITY_MAX = 9 };

static bool refuse(cp_context *cp, const char *rule, cp_value value) {
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s, not %s", rule, message_quoted(cp, value));
    return false;
}

static bool word_is(cp_value value, const char *word) {
    const char *text;
    size_t size;
    return value != CP_NIL && cp_bytes_of(value, &text, &size) && strlen(word) == size && memcmp(word, text, size) == 0;
}

/* 1 to `most` octets of printable US-ASCII. */
static bool is_plain(cp_value value, size_t most) {
    const char *text;
    size_t size;
    if (!cp_bytes_of(value, &text, &size) || size == 0 || size > most) return false;
    for (size_t i = 0; i < size; i++)
        if (text[i] < 0x20 || text[i] >= 0x7f) return false;
    return true;
}

bool smtp_message_check_returns(cp_context *cp, cp_value value) {
    return value == CP_NIL || word_is(value, "full") || word_is(value, "headers") ||
           refuse(cp, "returns is full or headers", value);
}

bool smtp_message_check_envelope_id(cp_context *cp, cp_value value) {
    return value == CP_NIL || is_plain(value, SMTP_ENVID_MAX) ||
           refuse(cp, "envelopeId is 1 to 100 printable ASCII characters", value);
}

bool smtp_message_check_original_recipient(cp_context *cp, cp_value value) {
    if (value == CP_NIL || value == cp_symbol_z(cp, "true")) return true;
    return (cp_is_string(value) && is_plain(value, SMTP_ADDRESS_MAX)) ||
           refuse(cp, "originalRecipient is an address of ASCII characters, or true", value);
}

/* SECONDS or (SECONDS WORD...), the words being return, notify and trace. */
static bool read_deliver_by(cp_value value, smtp_wishes *wishes) {
    cp_value seconds = cp_is_cell(value) ? cp_head(value) : value;
    int64_t number;
    if (!cp_to_int64(seconds, &number) || number > SECONDS_MAX || number < -SECONDS_MAX) return false;
    wishes->deliver_by = number;
    wishes->deliver_by_mode = 'R';
    for (value = cp_is_cell(value) ? cp_tail(value) : CP_NIL; cp_is_cell(value); value = cp_tail(value)) {
        if (word_is(cp_head(value), "notify")) wishes->deliver_by_mode = 'N';
        else if (word_is(cp_head(value), "trace")) wishes->deliver_by_trace = true;
        else if (!word_is(cp_head(value), "return")) return false;
    }
    return wishes->deliver_by_mode == 'N' || number > 0;
}

bool smtp_message_check_deliver_by(cp_context *cp, cp_value value) {
    smtp_wishes wishes = {0};
    return value == CP_NIL || read_deliver_by(value, &wishes) ||
           refuse(cp, "deliverBy is seconds, 1 to 999999999, or (SECONDS notify), either with trace", value);
}

bool smtp_message_check_hold(cp_context *cp, cp_value value) {
    int64_t seconds;
    if (value == CP_NIL || (cp_to_int64(value, &seconds) && seconds >= 1 && seconds <= SECONDS_MAX)) return true;
    return (cp_is_string(value) && is_plain(value, 32) && smtp_hold_date_check(cp_text_z(cp, value))) ||
           refuse(cp, "hold is seconds, 1 to 999999999, or a date and time in UTC as 2026-12-24T18:00:00Z", value);
}

bool smtp_message_check_transfer_priority(cp_context *cp, cp_value value) {
    int64_t priority;
    return value == CP_NIL ||
           (cp_to_int64(value, &priority) && priority >= -PRIORITY_MAX && priority <= PRIORITY_MAX) ||
           refuse(cp, "transferPriority is -9 to 9", value);
}

/* ORCPT speaks ASCII alone (RFC 3461 4.2); the form for others (RFC 6533) is for those who have SMTPUTF8 and is not
 * said for them. */
static const char *original(cp_context *cp, cp_value given, const char *own) {
    bool ascii = true;
    for (const char *at = own; *at != '\0'; at++) ascii &= *at > 0x20 && *at < 0x7f;
    if (cp_is_string(given)) return cp_text_z(cp, cp_string_format(cp, "rfc822;%s", cp_text_z(cp, given)));
    return ascii ? cp_text_z(cp, cp_string_format(cp, "rfc822;%s", own)) : NULL;
}

void smtp_message_fill_delivery(cp_context *cp, cp_value self, smtp_envelope *envelope, smtp_recipient *recipients) {
    const cp_value *slots = cp_slots(cp, self);
    smtp_wishes *wishes = &envelope->wishes;
    int64_t number;
    if (slots[SLOT_RETURNS] != CP_NIL)
        envelope->dsn_return = word_is(slots[SLOT_RETURNS], "full") ? SMTP_RETURN_FULL : SMTP_RETURN_HEADERS;
    if (slots[SLOT_ENVELOPE_ID] != CP_NIL) envelope->envelope_id = cp_text_z(cp, slots[SLOT_ENVELOPE_ID]);
    if (slots[SLOT_ORIGINAL_RECIPIENT] != CP_NIL)
        for (size_t i = 0; i < envelope->recipient_count; i++)
            recipients[i].original_recipient = original(cp, slots[SLOT_ORIGINAL_RECIPIENT], recipients[i].address);
    wishes->require_tls = slots[SLOT_REQUIRE_TLS] != CP_NIL;
    if (slots[SLOT_DELIVER_BY] != CP_NIL && !read_deliver_by(slots[SLOT_DELIVER_BY], wishes))
        wishes->deliver_by_mode = '?'; /* the List has been changed since: the envelope's check refuses it */
    if (cp_is_string(slots[SLOT_HOLD])) wishes->hold_until = cp_text_z(cp, slots[SLOT_HOLD]);
    else if (slots[SLOT_HOLD] != CP_NIL && cp_to_int64(slots[SLOT_HOLD], &number)) wishes->hold_for = (uint32_t)number;
    if (slots[SLOT_TRANSFER_PRIORITY] != CP_NIL && cp_to_int64(slots[SLOT_TRANSFER_PRIORITY], &number)) {
        wishes->has_priority = true;
        wishes->priority = (int)number;
    }
}
