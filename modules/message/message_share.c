/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_share.c: bodies encoded once for the messages of a mailing.
 *
 * A body is kept when it is met the second time, so that what is in one message alone costs nothing but a note of its
 * hash. Strings, which never change, are known again by being the same object, which the entry keeps alive; files by
 * device, inode, size, mtime and ctime. All lies in the collected heap, and each collection lets go of it
 * all: what a mailing needs is back with its next two messages, and nothing outlives the last one for long. Invariant:
 * bodies[0] is the one used last; octets is the sum of cost over all.
 */
#include "modules/message/message_share.h"

#include <time.h>

enum {
    BODIES_MOST = 64,
    BODY_MOST = 2 << 20,    /* larger ones gain a tenth at most, and would drive out all others */
    NOTES = 256,            /* of bodies met once; a power of two */
    FILE_SETTLED_AFTER = 2, /* seconds: a file that was written later could be written again without a new time stamp */
};

struct shared_body {
    struct mime_share_key key; /* its owner is kept alive by this */
    uint64_t hash;
    struct text_traits traits;
    char *bytes; /* pointer-free */
    size_t size, cost;
    bool filled;
};

struct shared_use {
    struct shared_body *body;
    struct shared_use *next;
};

struct message_share {
    struct shared_body *bodies[BODIES_MOST];
    size_t count, octets;
    uint64_t *notes; /* hashes, pointer-free: an owner that was collected may be taken for another once, no more */
};

static void let_go(void *state) { ((struct message_state *)state)->share = NULL; }

static struct message_share *share_of(const struct message_sharing *sharing) {
    struct message_state *state = sharing->state;
    if (state->share == NULL) {
        state->share = cp_alloc(sizeof *state->share);
        cp_resource_new(sharing->cp, state, let_go); /* which nothing refers to: it goes with the next collection */
        state->share->notes = cp_alloc_atomic(NOTES * sizeof *state->share->notes);
        memset(state->share->notes, 0, NOTES * sizeof *state->share->notes);
    }
    return state->share;
}

/* ---- the list ---- */

static void move_to_front(struct message_share *share, size_t index) {
    struct shared_body *body = share->bodies[index];
    memmove(share->bodies + 1, share->bodies, index * sizeof *share->bodies);
    share->bodies[0] = body;
}

static void remove_at(struct message_share *share, size_t index) {
    share->octets -= share->bodies[index]->cost;
    share->count--;
    memmove(share->bodies + index, share->bodies + index + 1, (share->count - index) * sizeof *share->bodies);
    share->bodies[share->count] = NULL;
}

static void add(struct message_share *share, struct shared_body *body) {
    while (share->count > 0 && (share->count == BODIES_MOST || share->octets + body->cost > MESSAGE_SHARE_MOST))
        remove_at(share, share->count - 1);
    share->bodies[share->count++] = body;
    share->octets += body->cost;
    move_to_front(share, share->count - 1);
}

/* ---- what the engine asks ---- */

static void use(struct message_sharing *sharing, struct shared_body *body) {
    struct shared_use *used = cp_alloc(sizeof *used);
    used->body = body;
    used->next = sharing->used;
    sharing->used = used;
}

static bool find(void *context, const struct mime_share_key *key, const char **bytes, size_t *size) {
    struct message_sharing *sharing = context;
    struct message_share *share = share_of(sharing);
    uint64_t hash = mime_share_key_hash(key);
    for (size_t i = 0; i < share->count; i++) {
        struct shared_body *body = share->bodies[i];
        if (body->hash != hash || !body->filled || !mime_share_key_equal(&body->key, key)) continue;
        move_to_front(share, i);
        use(sharing, body);
        *bytes = body->bytes;
        *size = body->size;
        return true;
    }
    return false;
}

/* Whether nobody can write into the file without a time stamp that differs from the one it has. */
static bool is_settled(const struct mime_file_identity *file) {
    int64_t now = (int64_t)time(NULL);
    return file->modified + FILE_SETTLED_AFTER < now && file->changed + FILE_SETTLED_AFTER < now;
}

static char *room(void *context, const struct mime_share_key *key, size_t size, const struct text_traits *traits) {
    struct message_sharing *sharing = context;
    struct message_share *share = share_of(sharing);
    uint64_t hash = mime_share_key_hash(key), *note = &share->notes[hash >> 32 & (NOTES - 1)];
    if (size > BODY_MOST) return NULL;
    bool again = *note == hash;
    *note = hash;
    if (!again || (key->owner == NULL && !is_settled(&key->file))) return NULL;
    struct shared_body *body = cp_alloc(sizeof *body);
    body->key = *key;
    body->hash = hash;
    if (traits != NULL) body->traits = *traits;
    body->bytes = cp_alloc_atomic(size);
    body->size = size;
    body->cost = sizeof *body + (key->owner != NULL ? 2 * size : size);
    use(sharing, body);
    sharing->filling = body;
    return body->bytes;
}

static void filled(void *context, bool good) {
    struct message_sharing *sharing = context;
    struct shared_body *body = sharing->filling;
    sharing->filling = NULL;
    body->filled = good;
    if (good) add(share_of(sharing), body);
}

static bool find_traits(void *context, const void *owner, struct text_traits *traits) {
    const struct message_sharing *sharing = context;
    const struct message_share *share = share_of(sharing);
    for (size_t i = 0; i < share->count; i++) {
        const struct shared_body *body = share->bodies[i];
        if (body->key.owner != owner || !body->key.is_text) continue;
        *traits = body->traits;
        return true;
    }
    return false;
}

/* ---- begin ---- */

const void *message_share_owner(cp_value content) { return cp_is_string(content) ? cp_object_of(content) : NULL; }

const struct mime_share *message_sharing_begin(cp_context *cp, struct message_sharing *sharing) {
    *sharing = (struct message_sharing){
        .share = {.context = sharing, .find = find, .room = room, .filled = filled, .traits = find_traits},
        .cp = cp,
        .state = message_state(cp),
    };
    return &sharing->share;
}

size_t message_share_octets(cp_context *cp) {
    const struct message_share *share = message_state(cp)->share;
    return share == NULL ? 0 : share->octets;
}
