/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_spool.h: a message that is parsed while it comes, and kept: in memory at first, from MIME_SPOOL_MEMORY on in a
 * file without a name.
 */
#ifndef MESSAGE_MIME_SPOOL_H
#define MESSAGE_MIME_SPOOL_H

#include "modules/coding/mail_buffer.h"
#include "modules/message/mime_parsed.h"
#include "modules/mime/mime_parser.h"

/* On the caller's stack. What was begun is finished or abandoned, for it owns memory that the collector does not see.
 */
struct mime_spool {
    struct mime_parsed *parsed;
    struct mime_parser parser;
    struct mail_buffer kept;
};

void mime_spool_init(struct mime_spool *spool);
/* False after a throw (5.4, 1.5): abandon it. */
bool mime_spool_add(cp_context *cp, struct mime_spool *spool, const char *bytes, size_t size);
/* NULL after a throw (1.5). */
struct mime_parsed *mime_spool_finish(cp_context *cp, struct mime_spool *spool);
void mime_spool_abandon(struct mime_spool *spool);

#endif
