/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_build: a tree of parts as the bytes of an RFC 5322 message, pulled piece by piece with constant memory. */
#ifndef CARAPACE_MAIL_MIME_BUILD_H
#define CARAPACE_MAIL_MIME_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "modules/coding/base64.h"
#include "modules/coding/canonical.h"
#include "modules/coding/mail_buffer.h"
#include "modules/coding/mail_error.h"
#include "modules/coding/mail_random.h"
#include "modules/mime/mime_part.h"
#include "modules/mime/mime_share.h"
#include "modules/coding/quoted_printable.h"

/* How files are reached, so that a caller may read them without blocking. All return a negative errno on failure. */
struct mime_files {
    void *context;
    /* Size of the regular file in bytes. */
    int64_t (*size)(void *context, const char *path);
    /* A handle (>= 0); *size is the size at opening. */
    int (*open)(void *context, const char *path, int64_t *size);
    /* Up to size bytes, 0 at the end. */
    ssize_t (*read)(void *context, int handle, char *buffer, size_t size);
    void (*close)(void *context, int handle);
    /* Which regular file the path names now; 0 or a negative errno. NULL: they cannot be told, and none is shared. */
    int (*identify)(void *context, const char *path, struct mime_file_identity *identity);
};

/* open(2), fstat(2), read(2), close(2); regular files only. */
extern const struct mime_files mime_files_posix;

struct mime_options {
    const struct mime_files *files; /* NULL: mime_files_posix */
    struct mail_random *random;     /* for boundaries; needed when there is a multipart without one */
    bool allow_8bit;                /* the server has 8BITMIME */
    bool allow_binary;              /* it has BINARYMIME: what would be base64 goes as it is */
    const struct mime_share
        *share; /* where bodies that other messages have too are kept, used by mime_writer_size; NULL */
};

struct mime_step;

/* State of one serialization. All fields are private but `error`, `uses_8bit` and `uses_binary`. The tree must not
 * change meanwhile.
 */
struct mime_writer {
    struct mail_error error; /* what made a call fail */
    bool uses_8bit;          /* some part is 8bit: BODY=8BITMIME must be asked for */
    bool uses_binary;        /* some part is binary: BODY=BINARYMIME, and neither dots nor line ends may be touched */

    struct mime_options options;
    struct mail_buffer text; /* all headers and boundary lines, in order */
    struct mime_step *steps;
    size_t step_count;
    size_t step_capacity;
    size_t part_count;

    size_t step;        /* the present one */
    bool started;       /* its content was begun */
    bool input_done;    /* its content has been read to the end */
    size_t text_offset; /* bytes of text written */
    uint64_t offset;    /* bytes of the present body read */
    int handle;         /* the open file, -1 */
    int64_t expected;
    struct base64_encoder base64;
    struct quoted_printable_encoder quoted_printable;
    struct canonical_stream canonical;
    char *input;        /* what was read from a file */
    char *stage;        /* encoded bytes that did not fit; NULL until there are some */
    char tail[64];      /* the end of a body */
    const char *staged; /* stage or tail: the bytes from stage_start to stage_end are next */
    size_t stage_start;
    size_t stage_end;
};

/* Chooses encodings and boundaries and formats all headers; reads no file. Returns MAIL_OK or the error, also in
   w->error. Call mime_writer_finish in either case. */
enum mail_status mime_writer_init(struct mime_writer *w, const struct mime_part *root,
                                  const struct mime_options *options);
/* For a message that is at hand already: its lines are made to end with CRLF, nothing else is changed, and nothing at
   all in a part that says it is binary and is. The text is copied. Status and mime_writer_finish as above. */
enum mail_status mime_writer_init_whole(struct mime_writer *w, const char *text, size_t size);
/* Puts whole header fields, CRLF at their end, in front of all. Before the first mime_writer_read. */
enum mail_status mime_writer_prepend(struct mime_writer *w, const char *fields, size_t size);
/* The next bytes, 1 to size; 0 at the end; -1 on error. size must not be 0. */
ssize_t mime_writer_read(struct mime_writer *w, char *buffer, size_t size);
/* Exact size of the whole message: from stat(2) alone for files in base64; files in quoted-printable are read through,
   and so is one whose encoded form is to be shared from now on.
   A file that then has another size is an error of mime_writer_read. -1 on error, or when a reader's size is unknown
   (w->error.status is then MAIL_OK). To be called before the first mime_writer_read. */
int64_t mime_writer_size(struct mime_writer *w);
/* Back to the first byte, unless there was an error. Readers without rewind cannot be read again. */
void mime_writer_rewind(struct mime_writer *w);
/* Gives back the buffers and the file that reading took; mime_writer_rewind may follow, or mime_writer_finish. */
void mime_writer_rest(struct mime_writer *w);
/* Closes the file and frees everything; may be called at any time, twice too. */
void mime_writer_finish(struct mime_writer *w);
/* The whole message in memory, appended to out. */
enum mail_status mime_write_all(struct mail_buffer *out, const struct mime_part *root,
                                const struct mime_options *options, struct mail_error *error);

#endif
