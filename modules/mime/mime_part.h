/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_part: the tree of a message that is being built (RFC 2045, 2046): headers, one kind of content, children. */
#ifndef CARAPACE_MAIL_MIME_PART_H
#define CARAPACE_MAIL_MIME_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "modules/coding/mail_error.h"
#include "modules/coding/transfer_encoding.h"

#define MIME_DEPTH_LIMIT 32    /* nesting of multiparts */
#define MIME_PART_LIMIT 100000 /* parts in one message */

enum mime_content { MIME_EMPTY, MIME_TEXT, MIME_BYTES, MIME_FILE, MIME_READER, MIME_MULTIPART };

enum mime_ownership {
    MIME_COPY,   /* copied now */
    MIME_BORROW, /* must outlive the part */
    MIME_TAKE    /* malloc'd, freed with the part (also when the call fails) */
};

/* Content produced on demand. */
struct mime_reader {
    void *context;
    /* Begin anew at the first byte; 0 or a positive errno. May be NULL if the content is read once only. */
    int (*rewind)(void *context);
    /* Up to size bytes; 0 at the end; a negative errno. */
    ssize_t (*read)(void *context, char *buffer, size_t size);
    /* Called once when the part is freed; may be NULL. */
    void (*release)(void *context);
    int64_t size; /* exact number of bytes, or -1 when unknown (mime_writer_size is then unknown too) */
};

struct mime_part;

/* NULL when memory is out. A part without content is an empty text/plain. */
struct mime_part *mime_part_new(void);
/* Frees the part and all below it. The part must not have a parent. NULL is allowed. */
void mime_part_free(struct mime_part *part);

/* Add a header from unstructured UTF-8 text, at the end. MIME-Version, Content-Type, Content-Transfer-Encoding,
   Content-Disposition and Content-ID are refused (MAIL_MISUSE): the functions below set them. */
enum mail_status mime_part_add_header(struct mime_part *part, const char *name, const char *value, size_t size,
                                      struct mail_error *error);
/* Add a whole field that header_write_* or address_write_header made: `Name: ...` CRLF, folded. Checked again for
 * injection. */
enum mail_status mime_part_add_field(struct mime_part *part, const char *field, size_t size, struct mail_error *error);

/* "text/plain": default text/plain for text, application/octet-stream for others. Parameters are kept. */
enum mail_status mime_part_set_type(struct mime_part *part, const char *type, struct mail_error *error);
/* A Content-Type parameter other than boundary; setting it again replaces it. charset defaults to utf-8 for text
 * (us-ascii when it is so). */
enum mail_status mime_part_set_type_parameter(struct mime_part *part, const char *name, const char *value, size_t size,
                                              struct mail_error *error);
/* "attachment" or "inline", with a file name or NULL (UTF-8; only what follows its last / or \ is used). */
enum mail_status mime_part_set_disposition(struct mime_part *part, const char *disposition, const char *file_name,
                                           size_t size, struct mail_error *error);
/* A Content-Disposition parameter other than filename, such as creation-date (RFC 2183); setting it again replaces it.
   Written if there is a disposition. */
enum mail_status mime_part_set_disposition_parameter(struct mime_part *part, const char *name, const char *value,
                                                     size_t size, struct mail_error *error);
/* With its angle brackets. */
enum mail_status mime_part_set_content_id(struct mime_part *part, const char *content_id, struct mail_error *error);
/* TRANSFER_AUTOMATIC by default: chosen for text, base64 for all else. 7bit and 8bit are possible for text in memory
 * only, checked when writing. */
enum mail_status mime_part_set_encoding(struct mime_part *part, enum transfer_encoding encoding,
                                        struct mail_error *error);

/* Each replaces what content there was; children make it MAIL_MISUSE. Text's line ends are made CRLF; bytes are kept
 * exactly. */
enum mail_status mime_part_set_text(struct mime_part *part, char *text, size_t size, enum mime_ownership ownership,
                                    struct mail_error *error);
/* The same for text that was examined before. */
enum mail_status mime_part_set_examined_text(struct mime_part *part, char *text, size_t size,
                                             enum mime_ownership ownership, const struct text_traits *traits,
                                             struct mail_error *error);
enum mail_status mime_part_set_bytes(struct mime_part *part, void *bytes, size_t size, enum mime_ownership ownership,
                                     struct mail_error *error);
/* The path is copied; the file is opened only while it is written. The type is set from the extension unless one was
 * set. */
enum mail_status mime_part_set_file(struct mime_part *part, const char *path, struct mail_error *error);
enum mail_status mime_part_set_reader(struct mime_part *part, const struct mime_reader *reader,
                                      struct mail_error *error);
/* Text or bytes that were set are all that `owner` has, and stay so while it exists: what they become may be kept and
   used for other parts of the same owner (mime_share.h). Setting other content takes that back. */
void mime_part_set_owner(struct mime_part *part, const void *owner);
/* "mixed", "alternative", "related" ... The part becomes multipart/subtype. */
enum mail_status mime_part_set_multipart(struct mime_part *part, const char *subtype, struct mail_error *error);
/* The boundary instead of a random one (RFC 2046 5.1.1 characters, 1-70). Refused when writing if it occurs in a part.
 */
enum mail_status mime_part_set_boundary(struct mime_part *part, const char *boundary, struct mail_error *error);
/* parent must be a multipart, child have no parent and not be above it. parent then owns child. */
enum mail_status mime_part_append(struct mime_part *parent, struct mime_part *child, struct mail_error *error);

enum mime_content mime_part_content(const struct mime_part *part);
size_t mime_part_child_count(const struct mime_part *part);
struct mime_part *mime_part_child(const struct mime_part *part, size_t index);
/* Take a child out again; the caller owns it. */
struct mime_part *mime_part_remove(struct mime_part *parent, size_t index);

#endif
