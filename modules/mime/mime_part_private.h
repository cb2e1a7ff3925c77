/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_part_private: the fields of a part, for the two files that make and write the tree. */
#ifndef CARAPACE_MAIL_MIME_PART_PRIVATE_H
#define CARAPACE_MAIL_MIME_PART_PRIVATE_H

#include "modules/coding/mail_buffer.h"
#include "modules/mime/mime_part.h"

struct mime_parameter {
    char *name;
    char *value;
    size_t size;
};

struct mime_parameters {
    struct mime_parameter *items;
    size_t count;
};

struct mime_part {
    struct mime_part *parent;
    struct mime_part **children;
    size_t child_count, child_capacity;

    struct mail_buffer headers; /* whole fields, CRLF included */
    char *type;                 /* NULL: by content */
    struct mime_parameters parameters;
    char *disposition, *file_name;
    size_t file_name_size;
    struct mime_parameters disposition_parameters; /* all but filename */
    char *content_id;
    char *boundary; /* NULL: random */
    enum transfer_encoding encoding;

    enum mime_content content;
    char *data; /* of text and bytes */
    size_t size;
    bool owned;                /* data is freed with the part */
    struct text_traits traits; /* of text: looked at once, when it is set */
    const void *owner;         /* of the data, NULL: nobody who could be known again */
    char *path;
    struct mime_reader reader;
};

/* The type as it will be written; never NULL. */
const char *mime_part_type(const struct mime_part *part);

#endif
