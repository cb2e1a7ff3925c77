/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_envelope: the recipients of a message, each mailbox once. */
#include "modules/mime/mail_envelope.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a over the local part and the domain in lower case: equal for what address_equal calls equal. */
static uint64_t hash(const struct address *a) {
    uint64_t h = 14695981039346656037u;
    for (const char *c = a->local_part; *c; c++) h = (h ^ (unsigned char)*c) * 1099511628211u;
    h = (h ^ 0xFF) * 1099511628211u;
    for (const char *c = a->domain; *c; c++) {
        unsigned char lower = *c >= 'A' && *c <= 'Z' ? (unsigned char)(*c + 32) : (unsigned char)*c;
        h = (h ^ lower) * 1099511628211u;
    }
    return h ^ h >> 32;
}

/* Where the address is or would be. */
static const struct address **find(const struct address **slots, size_t slot_count, const struct address *a) {
    size_t i = hash(a) & (slot_count - 1);
    while (slots[i] && !address_equal(slots[i], a)) i = (i + 1) & (slot_count - 1);
    return &slots[i];
}

static bool grow(struct mail_envelope *envelope) {
    size_t count = envelope->slot_count ? envelope->slot_count * 2 : MAIL_ENVELOPE_FEW;
    const struct address **slots = envelope->slot_count ? calloc(count, sizeof *slots) : envelope->few;
    char **recipients = realloc(envelope->recipients, count / 2 * sizeof *recipients);
    if (recipients) {
        envelope->recipients = recipients;
        envelope->capacity = count / 2;
    }
    if (slots == NULL || recipients == NULL) {
        if (slots != envelope->few) free(slots);
        return false;
    }
    for (size_t i = 0; i < envelope->slot_count; i++) {
        if (envelope->slots[i]) *find(slots, count, envelope->slots[i]) = envelope->slots[i];
    }
    if (envelope->slots != envelope->few) free(envelope->slots);
    envelope->slots = slots;
    envelope->slot_count = count;
    return true;
}

enum mail_status mail_envelope_add(struct mail_envelope *envelope, const struct address_list *list,
                                   struct mail_error *error) {
    for (size_t i = 0; i < list->count; i++) {
        const struct address *a = &list->items[i];
        if (envelope->count >= envelope->slot_count / 2 && !grow(envelope)) return mail_error_no_memory(error);
        const struct address **slot = find(envelope->slots, envelope->slot_count, a);
        if (*slot) continue;
        char *spec = strdup(a->spec);
        if (spec == NULL) return mail_error_no_memory(error);
        *slot = a;
        envelope->recipients[envelope->count++] = spec;
        envelope->non_ascii |= a->non_ascii_local || a->non_ascii_domain;
    }
    return MAIL_OK;
}

void mail_envelope_free(struct mail_envelope *envelope) {
    for (size_t i = 0; i < envelope->count; i++) free(envelope->recipients[i]);
    free(envelope->recipients);
    if (envelope->slots != envelope->few) free(envelope->slots);
    memset(envelope, 0, sizeof *envelope);
}
