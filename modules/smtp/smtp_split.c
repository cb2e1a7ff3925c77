/* SPDX-License-Identifier: GPL-3.0-or-later */
/* smtp_split: a message to more recipients than the server takes at once: one transaction after the other, and the
 * fates of all recipients gathered as if it had been one.
 *
 * Only with `partial`: what one transaction has delivered another one's refusal cannot take back. Each transaction
 * settles all its recipients but those refused for their number alone, and these only when it has delivered to
 * somebody, so there are never more transactions than recipients. */
#include "modules/smtp/smtp.h"

#include "modules/message/message.h"

enum { STATES = SMTP_MESSAGE_NOT_SENT + 1 };

/* In the collected heap, with all it points to. */
struct smtp_split {
    smtp_recipient *recipients;        /* of the whole message */
    bool *open;                        /* those that have no fate yet */
    size_t *chosen, chosen_count;      /* those in the transaction under way */
    size_t most;                       /* recipients that the server took in one; 0: not known */
    smtp_message_result heads[STATES]; /* for each state the transaction that speaks for it */
    smtp_message_result whole;         /* and what is true of all */
};

static void split(struct smtp_delivery *delivery, const smtp_envelope *envelope) {
    size_t count = envelope->recipient_count;
    struct smtp_split *split = cp_alloc(sizeof *split);
    split->recipients = cp_alloc(count * sizeof *split->recipients);
    split->open = cp_alloc_atomic(count * sizeof *split->open);
    split->chosen = cp_alloc_atomic(count * sizeof *split->chosen);
    split->whole.recipients = cp_alloc(count * sizeof *split->whole.recipients);
    split->whole.recipient_count = count;
    for (size_t i = 0; i < count; i++) {
        split->recipients[i] = envelope->recipients[i];
        split->recipients[i].address = cp_copy_z(envelope->recipients[i].address);
        split->whole.recipients[i] = (smtp_recipient_result){
            .state = SMTP_MESSAGE_NOT_SENT, .address = split->recipients[i].address, .text = ""};
        split->open[i] = true;
        split->chosen[i] = i;
    }
    split->chosen_count = count;
    split->heads[SMTP_MESSAGE_NOT_SENT] =
        (smtp_message_result){.stage = SMTP_STAGE_MAIL, .temporary = true, .text = "no transaction was begun"};
    delivery->split = split;
}

bool smtp_split_holds(const struct smtp *smtp, const struct smtp_delivery *delivery) {
    return delivery->split != NULL || (smtp->partial && message_envelope(delivery->content)->recipient_count > 1);
}

enum smtp_begun smtp_split_begin(cp_context *cp, struct smtp *smtp, struct smtp_delivery *delivery,
                                 const smtp_envelope **envelope) {
    if (delivery->split == NULL) {
        const smtp_envelope *whole = *envelope;
        if (!smtp->partial || !smtp_client_must_split(smtp->client, whole->recipients, whole->recipient_count))
            return SMTP_BEGUN;
        split(delivery, whole);
    }
    struct smtp_split *split = delivery->split;
    size_t count = split->whole.recipient_count, waiting_count = 0;
    size_t *waiting = cp_alloc_atomic(count * sizeof *waiting);
    for (size_t i = 0; i < count; i++)
        if (split->open[i]) waiting[waiting_count++] = i;
    if (!smtp_client_choose(smtp->client, split->recipients, waiting, waiting_count, split->most, split->chosen,
                            &split->chosen_count)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
        return SMTP_BEGUN_BAD;
    }
    if (split->chosen_count == 0) return SMTP_BEGUN_LIMIT;
    smtp_recipient *recipients = cp_alloc(split->chosen_count * sizeof *recipients);
    for (size_t i = 0; i < split->chosen_count; i++) recipients[i] = split->recipients[split->chosen[i]];
    smtp_envelope *part = cp_alloc(sizeof *part);
    *part = **envelope;
    part->recipients = recipients;
    part->recipient_count = split->chosen_count;
    *envelope = part;
    return SMTP_BEGUN;
}

/* ---- fates ---- */

/* What the transaction says of each of its recipients. */
static void take_over(struct smtp_split *split, const smtp_message_result *result, bool unsent) {
    size_t accepted = 0, refused = 0;
    for (size_t i = 0; i < split->chosen_count; i++) {
        const smtp_recipient_result *from = &result->recipients[i];
        smtp_recipient_result *to = &split->whole.recipients[split->chosen[i]];
        bool again = from->state == SMTP_MESSAGE_REFUSED && from->too_many && result->state == SMTP_MESSAGE_ACCEPTED;
        const char *address = to->address;
        /* The words are mostly those of the one before. */
        const char *before = i > 0 ? split->whole.recipients[split->chosen[i - 1]].text : "";
        const char *text = strcmp(before, from->text) == 0 ? before : cp_copy_z(from->text);
        *to = *from;
        to->address = address;
        to->text = text;
        split->open[split->chosen[i]] =
            again || (unsent && (from->state != SMTP_MESSAGE_REFUSED || from->code == result->code));
        accepted += from->state == SMTP_MESSAGE_ACCEPTED;
        refused += again;
    }
    if (refused > 0) split->most = accepted;
}

/* Gives those who were in no transaction, or will be in none any more, that one's fate. */
static void share(struct smtp_split *split, const smtp_message_result *head, smtp_message_state state, bool close) {
    for (size_t i = 0; i < split->whole.recipient_count; i++) {
        smtp_recipient_result *recipient = &split->whole.recipients[i];
        if (!split->open[i]) continue;
        split->open[i] = !close;
        recipient->state = state;
        recipient->code = state == SMTP_MESSAGE_REFUSED ? head->code : 0;
        recipient->enhanced = state == SMTP_MESSAGE_REFUSED ? head->enhanced : (smtp_enhanced_code){0};
        recipient->text = head->text;
    }
}

/* Which transaction speaks for all that ended like it: of refusals a permanent one, for then trying again is in vain;
 * else the first, but the last that was not sent. */
static void keep_head(struct smtp_split *split, const smtp_message_result *result) {
    smtp_message_result *head = &split->heads[result->state];
    bool first = head->recipient_count == 0;
    if (!first && result->state != SMTP_MESSAGE_NOT_SENT && !(head->temporary && !result->temporary)) return;
    *head = *result;
    head->text = cp_copy_z(result->text);
    head->recipients = NULL;
}

const smtp_message_result *smtp_split_whole(struct smtp_split *split) {
    smtp_message_result *whole = &split->whole, made;
    size_t counts[STATES] = {0};
    for (size_t i = 0; i < whole->recipient_count; i++) counts[whole->recipients[i].state]++;
    smtp_message_state state = counts[SMTP_MESSAGE_IN_DOUBT] > 0   ? SMTP_MESSAGE_IN_DOUBT
                               : counts[SMTP_MESSAGE_ACCEPTED] > 0 ? SMTP_MESSAGE_ACCEPTED
                               : counts[SMTP_MESSAGE_NOT_SENT] > 0 ? SMTP_MESSAGE_NOT_SENT
                                                                   : SMTP_MESSAGE_REFUSED;
    made = split->heads[state];
    made.state = state;
    made.accepted = counts[SMTP_MESSAGE_ACCEPTED];
    made.refused = counts[SMTP_MESSAGE_REFUSED];
    made.recipient_count = whole->recipient_count;
    made.recipients = whole->recipients;
    *whole = made;
    return whole;
}

const smtp_message_result *smtp_split_gather(struct smtp *smtp, struct smtp_delivery *delivery,
                                             const smtp_message_result *result, bool *goes_on) {
    *goes_on = false;
    if (delivery->split == NULL) {
        bool too_many = false;
        for (size_t i = 0; i < result->recipient_count && result->state == SMTP_MESSAGE_ACCEPTED; i++)
            too_many |= result->recipients[i].state == SMTP_MESSAGE_REFUSED && result->recipients[i].too_many;
        if (!too_many || !smtp->partial || delivery->content == NULL) return result;
        split(delivery, message_envelope(delivery->content));
    }
    struct smtp_split *split = delivery->split;
    take_over(split, result, delivery->unsent);
    keep_head(split, result);
    const smtp_message_result *head = &split->heads[result->state];
    if (delivery->unsent) share(split, head, result->state, false);
    else if (result->state == SMTP_MESSAGE_IN_DOUBT) share(split, head, SMTP_MESSAGE_NOT_SENT, false);
    /* The sender or the content was refused: so it would be for the others. */
    else if (result->state == SMTP_MESSAGE_REFUSED && result->stage != SMTP_STAGE_RCPT &&
             !(smtp->lmtp && result->stage == SMTP_STAGE_END))
        share(split, head, SMTP_MESSAGE_REFUSED, true);
    for (size_t i = 0; i < split->whole.recipient_count && !delivery->unsent; i++) *goes_on |= split->open[i];
    return smtp_split_whole(split);
}
