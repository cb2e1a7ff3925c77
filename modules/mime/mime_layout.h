/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_layout: the plan of a message: which bytes stand between the bodies, and how each body is encoded. Used by
 * mime_build alone. */
#ifndef CARAPACE_MAIL_MIME_LAYOUT_H
#define CARAPACE_MAIL_MIME_LAYOUT_H

#include "modules/mime/mime_build.h"

/* Either the text up to text_end, or, if part is set, the body of part. */
struct mime_step {
    const struct mime_part *part;
    enum transfer_encoding encoding;
    bool is_root;        /* the body is the whole message's and must end with CRLF */
    size_t text_end;     /* offset in the writer's text */
    int64_t expected;    /* size of the file when measured, -1 if it was not */
    const char *encoded; /* the body as it goes, when it is shared; else NULL */
    size_t encoded_size;
};

/* Fill text, steps, uses_8bit and uses_binary of w. The status is also in w->error. */
enum mail_status mime_layout(struct mime_writer *w, const struct mime_part *root);
/* Make one step of the text that w has already. */
enum mail_status mime_layout_text(struct mime_writer *w);

#endif
