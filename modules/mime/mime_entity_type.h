/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_entity_type: what the headers of an entity say of its body. Used by mime_parser alone. */
#ifndef CARAPACE_MAIL_MIME_ENTITY_TYPE_H
#define CARAPACE_MAIL_MIME_ENTITY_TYPE_H

#include "modules/mime/mime_document.h"

/* Sets type, subtype, kind, boundary and encoding from the entity's fields. False: memory. */
bool mime_entity_classify(struct mime_document *document, uint32_t entity);

#endif
