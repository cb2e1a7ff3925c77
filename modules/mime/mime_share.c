/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_share: keys of encoded bodies. */
#include "modules/mime/mime_share.h"

static bool same_file(const struct mime_file_identity *a, const struct mime_file_identity *b) {
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->modified == b->modified &&
           a->modified_nanoseconds == b->modified_nanoseconds && a->changed == b->changed &&
           a->changed_nanoseconds == b->changed_nanoseconds;
}

bool mime_share_key_equal(const struct mime_share_key *a, const struct mime_share_key *b) {
    return a->owner == b->owner && a->encoding == b->encoding && a->is_text == b->is_text && a->is_root == b->is_root &&
           same_file(&a->file, &b->file);
}

static uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 29;
}

uint64_t mime_share_key_hash(const struct mime_share_key *key) {
    uint64_t hash =
        mix((uint64_t)key->encoding << 2 | (uint64_t)key->is_text << 1 | key->is_root, (uintptr_t)key->owner);
    if (key->owner == NULL) {
        hash = mix(mix(hash, key->file.device), key->file.inode);
        hash = mix(mix(hash, (uint64_t)key->file.size), (uint64_t)key->file.modified);
        hash = mix(mix(hash, (uint64_t)key->file.modified_nanoseconds), (uint64_t)key->file.changed);
        hash = mix(hash, (uint64_t)key->file.changed_nanoseconds);
    }
    return hash | 1;
}
