/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_share: what a writer asks of whoever keeps the encoded bodies that several messages have in common: the file
 * attached to each letter of a mailing, its logo, its text. The bytes are the same as those that would be encoded anew.
 *
 * Files are not sent from an encoded copy on disk: sendfile(2) from a memfd or an unlinked file took longer at each
 * size from 10 KB to 8 MB than reading and encoding anew (docs/performance.md). */
#ifndef CARAPACE_MAIL_MIME_SHARE_H
#define CARAPACE_MAIL_MIME_SHARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/coding/transfer_encoding.h"

/* Which file, and which version of it. */
struct mime_file_identity {
    uint64_t device, inode;
    int64_t size;
    int64_t modified, modified_nanoseconds; /* since 1970 */
    int64_t changed, changed_nanoseconds;   /* ctime: also when only the permissions did */
};

/* What makes an encoded body the same as another. */
struct mime_share_key {
    const void *owner; /* mime_part_set_owner; NULL: of a file */
    struct mime_file_identity file;
    enum transfer_encoding encoding;
    bool is_text; /* line ends are made CRLF */
    bool is_root; /* it ends with a line end: see mime_step */
};

struct mime_share {
    void *context;
    /* The encoded body, which must stay until the writer is finished. False: it is not there. */
    bool (*find)(void *context, const struct mime_share_key *key, const char **bytes, size_t *size);
    /* Room to encode a body that was not there into; NULL: it is not worth it. `traits`: those of text, else NULL. */
    char *(*room)(void *context, const struct mime_share_key *key, size_t size, const struct text_traits *traits);
    /* The room has been filled, or (`good` is false) is not wanted after all. */
    void (*filled)(void *context, bool good);
    /* What is known of the text of this owner; false: nothing. */
    bool (*traits)(void *context, const void *owner, struct text_traits *traits);
};

bool mime_share_key_equal(const struct mime_share_key *a, const struct mime_share_key *b);
/* Not 0. */
uint64_t mime_share_key_hash(const struct mime_share_key *key);

#endif
