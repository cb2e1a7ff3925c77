/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_content.c: an SmtpMessage as Smtp gets it: envelope and content; and the content of one that is sent again
 * and again, encoded once.
 */
#include "modules/message/smtp_message.h"

enum { KEPT_SIZE = 64 * 1024, KEPT_SLOTS = SLOT_SOURCE + 1, SPARE_BUILDS = 256 };

/* What a message became, for as long as it is the same. Messages with Lists, which can change without a word, files and
 * signatures are not kept. All in the collected heap. */
struct message_kept {
    cp_value message;
    cp_value slots[KEPT_SLOTS]; /* its properties then: all are immutable */
    cp_value given_id, made_id;
    bool dated;
    int64_t made_date;
    uint64_t boundary_seed;
    enum message_body body;
    smtp_envelope envelope;
    const char *bytes; /* of envelope.size octets */
};

struct smtp_content {
    const struct message_kept *kept; /* instead of what follows, which then need not be there; or NULL */
    size_t offset;                   /* octets of it that were read */
    smtp_envelope envelope;
    struct smtp_message_build *build; /* NULL once it is closed */
};

bool message_is(cp_context *cp, cp_value value) { return cp_has_class(value, message_state(cp)->smtp_message_number); }

cp_value message_id(cp_context *cp, cp_value message) { return smtp_message_id(cp, message); }

uint64_t message_version(cp_value message) { return smtp_message_of(message)->version; }

static bool make_envelope(cp_context *cp, cp_value message, struct smtp_content *content) {
    const struct mail_built *built = &content->build->built;
    if (built->recipient_count == 0) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "the message has no recipients");
        return false;
    }
    int64_t size = message_writer_size(cp, &content->build->writer);
    if (size < 0) return false;
    unsigned notify = smtp_message_notify(cp, cp_slots(cp, message)[SLOT_NOTIFY]);
    smtp_recipient *recipients = cp_alloc(built->recipient_count * sizeof *recipients);
    for (size_t i = 0; i < built->recipient_count; i++)
        recipients[i] = (smtp_recipient){.address = built->recipients[i], .notify = notify};
    content->envelope = (smtp_envelope){
        .sender = built->envelope_sender,
        .recipients = recipients,
        .recipient_count = built->recipient_count,
        .size = (uint64_t)size,
        .body = content->build->writer.uses_binary             ? SMTP_BODY_BINARY
                : !content->build->writer.uses_8bit            ? SMTP_BODY_7BIT
                : cp_slots(cp, message)[SLOT_SOURCE] != CP_NIL ? SMTP_BODY_8BIT_PLAIN
                                                               : SMTP_BODY_8BIT,
        .smtputf8 = built->needs_smtputf8,
    };
    smtp_message_fill_delivery(cp, message, &content->envelope, recipients);
    return true;
}

/* ---- encoded once ---- */

static bool may_be_kept(cp_context *cp, cp_value message) {
    const cp_value *slots = cp_slots(cp, message);
    if (smtp_message_of(message)->signer != CP_NIL || slots[SLOT_SOURCE] != CP_NIL) return false;
    for (size_t i = 0; i < KEPT_SLOTS; i++)
        if (slots[i] != CP_NIL && !cp_is_string(slots[i]) && !cp_is_symbol(slots[i]) && !cp_is_fixnum(slots[i]))
            return false;
    return true;
}

static const struct message_kept *find_kept(cp_context *cp, const struct message_state *state, cp_value message,
                                            enum message_body body) {
    const struct smtp_message *m = smtp_message_of(message);
    for (size_t i = 0; i < MESSAGES_KEPT; i++) {
        const struct message_kept *kept = state->kept[i];
        if (kept != NULL && kept->message == message && kept->body == body && kept->given_id == m->given_id &&
            kept->made_id == m->made_id && kept->dated == m->dated && kept->made_date == m->made_date &&
            kept->boundary_seed == m->boundary_seed && m->signer == CP_NIL &&
            memcmp(kept->slots, cp_slots(cp, message), sizeof kept->slots) == 0)
            return kept;
    }
    return NULL;
}

/* Whether the message was among the last ones opened; it is from now on. */
static bool is_again(struct message_state *state, cp_value message) {
    for (size_t i = 0; i < MESSAGES_KEPT; i++)
        if (state->opened[i] == message) return true;
    state->opened[state->next_opened++ % MESSAGES_KEPT] = message;
    return false;
}

/* Reads the content to its end and keeps it. False after a throw. */
static bool keep(cp_context *cp, cp_value message, struct smtp_content *content, enum message_body body) {
    struct message_state *state = message_state(cp);
    const struct smtp_message *m = smtp_message_of(message);
    struct message_kept *kept = cp_alloc(sizeof *kept);
    size_t size = (size_t)content->envelope.size, count = content->envelope.recipient_count;
    char *bytes = cp_alloc_atomic(size + 1);
    for (size_t done = 0; done < size;) {
        ssize_t got = message_read(cp, content, bytes + done, size - done);
        if (got < 0) return false;
        done += (size_t)got;
    }
    smtp_recipient *recipients = cp_alloc(count * sizeof *recipients);
    memcpy(recipients, content->envelope.recipients, count * sizeof *recipients);
    for (size_t i = 0; i < count; i++) recipients[i].address = cp_copy_z(recipients[i].address);
    kept->message = message;
    memcpy(kept->slots, cp_slots(cp, message), sizeof kept->slots);
    kept->given_id = m->given_id;
    kept->made_id = m->made_id;
    kept->dated = m->dated;
    kept->made_date = m->made_date;
    kept->boundary_seed = m->boundary_seed;
    kept->body = body;
    kept->envelope = content->envelope;
    kept->envelope.sender = cp_copy_z(content->envelope.sender);
    kept->envelope.recipients = recipients;
    kept->bytes = bytes;
    size_t place = state->next_kept++ % MESSAGES_KEPT;
    for (size_t i = 0; i < MESSAGES_KEPT; i++) /* another version of the same message makes room first */
        if (state->kept[i] != NULL && state->kept[i]->message == message) place = i;
    state->kept[place] = kept;
    message_close(cp, content);
    content->kept = kept;
    return true;
}

/* ---- open, read, close ---- */

/* A build is some 900 bytes: the next message takes over the memory of one that was closed. */
static void take_build(struct message_state *state, struct smtp_content *content) {
    content->build = state->spare;
    if (content->build == NULL) content->build = cp_alloc(sizeof *content->build);
    else {
        state->spare = content->build->next;
        state->spare_count--;
    }
}

struct smtp_content *message_open(cp_context *cp, cp_value message, enum message_body body) {
    struct message_state *state = message_state(cp);
    const struct message_kept *kept = find_kept(cp, state, message, body);
    struct smtp_content *content = cp_alloc(kept != NULL ? offsetof(struct smtp_content, envelope) : sizeof *content);
    content->kept = kept;
    if (kept != NULL) return content;
    take_build(state, content);
    if (smtp_message_build(cp, message, content->build, body, true) && make_envelope(cp, message, content) &&
        (content->envelope.size > KEPT_SIZE || !may_be_kept(cp, message) || !is_again(state, message) ||
         keep(cp, message, content, body)))
        return content;
    message_close(cp, content);
    return NULL;
}

const smtp_envelope *message_envelope(const struct smtp_content *content) {
    return content->kept != NULL ? &content->kept->envelope : &content->envelope;
}

ssize_t message_read(cp_context *cp, struct smtp_content *content, char *buffer, size_t size) {
    if (content->kept != NULL) {
        size_t left = (size_t)content->kept->envelope.size - content->offset;
        if (size > left) size = left;
        memcpy(buffer, content->kept->bytes + content->offset, size);
        content->offset += size;
        return (ssize_t)size;
    }
    ssize_t count = mime_writer_read(&content->build->writer, buffer, size);
    if (count < 0) message_throw(cp, &content->build->writer.error, content->build->writer.started);
    return count;
}

const char *message_at_hand(const struct smtp_content *content, size_t *size) {
    if (content->kept == NULL || content->offset > 0) return NULL;
    *size = (size_t)content->kept->envelope.size;
    return content->kept->bytes;
}

void message_rest(struct smtp_content *content) {
    if (content->kept == NULL) mime_writer_rest(&content->build->writer);
}

void message_rewind(struct smtp_content *content) {
    content->offset = 0;
    if (content->kept == NULL) mime_writer_rewind(&content->build->writer);
}

void message_close(cp_context *cp, struct smtp_content *content) {
    if (content->kept != NULL || content->build == NULL) return;
    smtp_message_build_free(content->build);
    struct message_state *state = message_state(cp);
    if (state->spare_count < SPARE_BUILDS) {
        content->build->next = state->spare;
        state->spare = content->build;
        state->spare_count++;
    }
    content->build = NULL;
    memset(&content->envelope, 0, sizeof content->envelope);
}
