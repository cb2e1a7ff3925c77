/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_build: a tree of parts as the bytes of an RFC 5322 message, pulled piece by piece with constant memory. */
#include "modules/mime/mime_build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/mime/mime_layout.h"
#include "modules/mime/mime_part_private.h"

#define INPUT_SIZE (57 * 1149) /* of a file at a time: nearly 64 KB, whole base64 lines */
#define STAGE_SIZE 4096        /* encoded bytes for callers with small buffers */
#define STAGE_INPUT 1024       /* its worst encoding fits STAGE_SIZE: quoted_printable_encode_bound(1024) is 3241 */

/* --- files --- */

static int regular_size(const struct stat *status, int64_t *size) {
    if (S_ISDIR(status->st_mode)) return -EISDIR;
    if (!S_ISREG(status->st_mode)) return -EOPNOTSUPP;
    *size = status->st_size;
    return 0;
}

static int64_t posix_size(void *context, const char *path) {
    struct stat status;
    int64_t size;
    (void)context;
    if (stat(path, &status) != 0) return -errno;
    int result = regular_size(&status, &size);
    return result < 0 ? result : size;
}

static int posix_open(void *context, const char *path, int64_t *size) {
    struct stat status;
    (void)context;
    /* O_NONBLOCK: opening a FIFO must not wait for its writer; it means nothing for regular files. */
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (handle < 0) return -errno;
    int result = fstat(handle, &status) != 0 ? -errno : regular_size(&status, size);
    if (result == 0) return handle;
    close(handle);
    return result;
}

static ssize_t posix_read(void *context, int handle, char *buffer, size_t size) {
    (void)context;
    for (;;) {
        ssize_t count = read(handle, buffer, size);
        if (count >= 0) return count;
        if (errno != EINTR) return -errno;
    }
}

static int posix_identify(void *context, const char *path, struct mime_file_identity *identity) {
    struct stat status;
    (void)context;
    if (stat(path, &status) != 0) return -errno;
    *identity = (struct mime_file_identity){
        .device = status.st_dev,
        .inode = status.st_ino,
        .modified = status.st_mtim.tv_sec,
        .modified_nanoseconds = status.st_mtim.tv_nsec,
        .changed = status.st_ctim.tv_sec,
        .changed_nanoseconds = status.st_ctim.tv_nsec,
    };
    return regular_size(&status, &identity->size);
}

static void posix_close(void *context, int handle) {
    (void)context;
    close(handle);
}

const struct mime_files mime_files_posix = {NULL, posix_size, posix_open, posix_read, posix_close, posix_identify};

/* --- life --- */

enum mail_status mime_writer_init(struct mime_writer *w, const struct mime_part *root,
                                  const struct mime_options *options) {
    memset(w, 0, sizeof *w);
    w->options = *options;
    if (w->options.files == NULL) w->options.files = &mime_files_posix;
    w->handle = -1;
    return mime_layout(w, root);
}

enum mail_status mime_writer_prepend(struct mime_writer *w, const char *fields, size_t size) {
    if (mail_buffer_reserve(&w->text, size) == NULL) return mail_error_no_memory(&w->error);
    memmove(w->text.data + size, w->text.data, w->text.size);
    memcpy(w->text.data, fields, size);
    w->text.size += size;
    for (size_t i = 0; i < w->step_count; i++) w->steps[i].text_end += size;
    return MAIL_OK;
}

static void close_file(struct mime_writer *w) {
    if (w->handle >= 0) w->options.files->close(w->options.files->context, w->handle);
    w->handle = -1;
}

void mime_writer_rewind(struct mime_writer *w) {
    close_file(w);
    w->step = 0;
    w->started = w->input_done = false;
    w->text_offset = w->stage_start = w->stage_end = 0;
}

void mime_writer_rest(struct mime_writer *w) {
    close_file(w);
    free(w->input);
    free(w->stage);
    w->input = w->stage = NULL;
    w->stage_start = w->stage_end = 0;
}

void mime_writer_finish(struct mime_writer *w) {
    mime_writer_rest(w);
    mail_buffer_free(&w->text);
    free(w->steps);
    w->steps = NULL;
    w->step_count = w->step = 0;
}

/* --- input: where a body's bytes come from --- */

static int changed(struct mime_writer *w, const char *path) {
    mail_error_set(&w->error, MAIL_FILE_CHANGED, 0, "the size of '%.180s' changed while it was being sent", path);
    return -1;
}

static int begin_input(struct mime_writer *w, const struct mime_step *step) {
    const struct mime_part *part = step->part;
    w->offset = 0;
    w->expected = -1;
    if (part->content == MIME_FILE) {
        const struct mime_files *files = w->options.files;
        int handle = files->open(files->context, part->path, &w->expected);
        if (handle < 0) {
            mail_error_set_file(&w->error, part->path, -handle);
            return -1;
        }
        w->handle = handle;
        if (step->expected >= 0 && step->expected != w->expected) return changed(w, part->path);
    } else if (part->content == MIME_READER) {
        int reason = part->reader.rewind ? part->reader.rewind(part->reader.context) : 0;
        if (reason != 0) {
            mail_error_set(&w->error, MAIL_READER, 0, "the content of a part cannot be read again");
            w->error.system_error = reason;
            return -1;
        }
        w->expected = part->reader.size;
    }
    if (part->content == MIME_FILE || part->content == MIME_READER) {
        if (w->input == NULL) w->input = malloc(INPUT_SIZE);
        if (w->input == NULL) {
            mail_error_no_memory(&w->error);
            return -1;
        }
    }
    return 0;
}

static int wrong_reader_size(struct mime_writer *w) {
    mail_error_set(&w->error, MAIL_READER, 0, "the content of a part is not %lld bytes long, as was announced",
                   (long long)w->expected);
    return -1;
}

/* The next input, at most max bytes: 0 at the end, -1 on error. */
static ssize_t next_input(struct mime_writer *w, const struct mime_part *part, size_t max, const char **data) {
    ssize_t count;
    if (part->content == MIME_TEXT || part->content == MIME_BYTES) {
        size_t left = part->size - (size_t)w->offset;
        count = (ssize_t)(left < max ? left : max);
        *data = count > 0 ? part->data + w->offset : "";
        w->offset += (uint64_t)count;
        return count;
    }
    if (max > INPUT_SIZE) max = INPUT_SIZE;
    *data = w->input;
    if (part->content == MIME_FILE) {
        const struct mime_files *files = w->options.files;
        count = files->read(files->context, w->handle, w->input, max);
        if (count < 0) {
            mail_error_set_file(&w->error, part->path, (int)-count);
            return -1;
        }
    } else {
        count = part->reader.read(part->reader.context, w->input, max);
        if (count < 0 || (size_t)count > max) {
            mail_error_set(&w->error, MAIL_READER, 0, "the content of a part cannot be read");
            w->error.system_error = count < 0 ? (int)-count : 0;
            return -1;
        }
    }
    w->offset += (uint64_t)count;
    /* Too much is found out at once, too little at the end. */
    bool wrong =
        w->expected >= 0 && (w->offset > (uint64_t)w->expected || (count == 0 && w->offset != (uint64_t)w->expected));
    if (wrong) return part->content == MIME_FILE ? changed(w, part->path) : wrong_reader_size(w);
    if (count == 0) close_file(w);
    return count;
}

/* --- encoding --- */

/* How much input is sure to fit, encoded, into room bytes. */
static size_t input_for(const struct mime_step *step, size_t room) {
    switch (step->encoding) {
    case TRANSFER_BASE64:
        if (step->part->content == MIME_TEXT) return 0; /* goes through the stage, made canonical first */
        return room < 512 ? 0 : (room - 128) / 78 * 57;
    case TRANSFER_QUOTED_PRINTABLE: return room < 512 ? 0 : room / 4 - 20;
    case TRANSFER_BINARY:
        if (step->part->content != MIME_TEXT) return room; /* fall through */
    default: return room < 16 ? 0 : (room - 2) / 2;
    }
}

static size_t encode(struct mime_writer *w, const struct mime_step *step, char *out, const char *in, size_t size) {
    char canonical[STAGE_INPUT * 2 + 2];
    switch (step->encoding) {
    case TRANSFER_BASE64:
        if (step->part->content != MIME_TEXT) return base64_encode_update(&w->base64, out, in, size);
        size = canonical_update(&w->canonical, canonical, in, size);
        return base64_encode_update(&w->base64, out, canonical, size);
    case TRANSFER_QUOTED_PRINTABLE: return quoted_printable_encode_update(&w->quoted_printable, out, in, size);
    case TRANSFER_BINARY:
        if (step->part->content != MIME_TEXT) {
            memcpy(out, in, size);
            return size;
        } /* fall through */
    default: return canonical_update(&w->canonical, out, in, size);
    }
}

/* What remains at the end: less than 64 bytes. A body that is the whole message must end with CRLF (RFC 5321 4.1.1.4).
 */
static size_t encode_finish(struct mime_writer *w, const struct mime_step *step, char *out) {
    char line_end[2];
    size_t count = 0, extra;
    switch (step->encoding) {
    case TRANSFER_BASE64:
        if (step->is_root && step->part->content == MIME_TEXT) {
            extra = canonical_finish(&w->canonical, line_end);
            count = base64_encode_update(&w->base64, out, line_end, extra);
        }
        return count + base64_encode_finish(&w->base64, out + count);
    case TRANSFER_QUOTED_PRINTABLE: {
        bool open = w->quoted_printable.column > 0 || w->quoted_printable.held_size > 0;
        count = quoted_printable_encode_finish(&w->quoted_printable, out);
        if (open && step->is_root) {
            memcpy(out + count, "\r\n", 2);
            count += 2;
        }
        return count;
    }
    default: return step->is_root ? canonical_finish(&w->canonical, out) : 0;
    }
}

static void begin_body(struct mime_writer *w, const struct mime_step *step) {
    base64_encoder_init(&w->base64, BASE64_MIME_LINE);
    quoted_printable_encoder_init(&w->quoted_printable);
    canonical_init(&w->canonical, step->encoding == TRANSFER_BASE64 || step->encoding == TRANSFER_BINARY);
    w->input_done = false;
}

/* Bytes of the present body into buffer, or 0 when they went into the stage or the body is over (w->step moves on
 * then). */
static ssize_t read_body(struct mime_writer *w, char *buffer, size_t size) {
    const struct mime_step *step = &w->steps[w->step];
    if (!w->started) {
        if (begin_input(w, step) != 0) return -1;
        begin_body(w, step);
        w->started = true;
    }
    char *target = buffer;
    size_t max = input_for(step, size);
    if (w->input_done) {
        target = w->tail;
    } else if (max < 64) {
        if (w->stage == NULL) w->stage = malloc(STAGE_SIZE);
        if (w->stage == NULL) {
            mail_error_no_memory(&w->error);
            return -1;
        }
        target = w->stage;
        max = STAGE_INPUT;
    }
    size_t written = 0;
    if (w->input_done) {
        written = encode_finish(w, step, target);
        w->step++;
        w->started = false;
    } else {
        const char *input;
        ssize_t count = next_input(w, step->part, max, &input);
        if (count < 0) return -1;
        if (count == 0) w->input_done = true;
        else written = encode(w, step, target, input, (size_t)count);
    }
    if (target == buffer) return (ssize_t)written;
    w->staged = target;
    w->stage_start = 0;
    w->stage_end = written;
    return 0;
}

static size_t read_encoded(struct mime_writer *w, char *buffer, size_t size) {
    const struct mime_step *step = &w->steps[w->step];
    if (!w->started) w->offset = 0;
    size_t left = step->encoded_size - (size_t)w->offset;
    w->started = left > size;
    if (left < size) size = left;
    memcpy(buffer, step->encoded + w->offset, size);
    w->offset += size;
    if (!w->started) w->step++;
    return size;
}

ssize_t mime_writer_read(struct mime_writer *w, char *buffer, size_t size) {
    size_t filled = 0;
    if (w->error.status != MAIL_OK) return -1;
    while (filled < size) {
        if (w->stage_start < w->stage_end) {
            size_t count = w->stage_end - w->stage_start;
            if (count > size - filled) count = size - filled;
            memcpy(buffer + filled, w->staged + w->stage_start, count);
            w->stage_start += count;
            filled += count;
            continue;
        }
        if (w->step == w->step_count) break;
        const struct mime_step *step = &w->steps[w->step];
        if (step->part == NULL) {
            size_t count = step->text_end - w->text_offset;
            if (count > size - filled) count = size - filled;
            if (count > 0) memcpy(buffer + filled, w->text.data + w->text_offset, count);
            w->text_offset += count;
            filled += count;
            if (w->text_offset == step->text_end) w->step++;
            continue;
        }
        if (step->encoded != NULL) {
            filled += read_encoded(w, buffer + filled, size - filled);
            continue;
        }
        ssize_t count = read_body(w, buffer + filled, size - filled);
        if (count < 0) {
            close_file(w);
            return -1; /* what was filled is lost, and so is the message */
        }
        filled += (size_t)count;
    }
    return (ssize_t)filled;
}

/* --- size --- */

/* Encode a body without keeping anything: text in memory, and files in quoted-printable. */
static int64_t measure_by_encoding(struct mime_writer *w, size_t index) {
    char scratch[STAGE_SIZE];
    int64_t total = 0;
    w->step = index;
    w->started = false;
    while (w->step == index) {
        ssize_t count = read_body(w, scratch, sizeof scratch);
        if (count < 0) {
            close_file(w);
            return -1;
        }
        total += count + (int64_t)(w->stage_end - w->stage_start);
        w->stage_start = w->stage_end = 0;
    }
    w->steps[index].expected = w->expected;
    return total;
}

/* -1 on error, -2 when it cannot be known. */
static int64_t own_body_size(struct mime_writer *w, size_t index) {
    struct mime_step *step = &w->steps[index];
    const struct mime_part *part = step->part;
    bool binary = step->encoding == TRANSFER_BINARY, by_size = binary || step->encoding == TRANSFER_BASE64;
    if (part->content == MIME_READER && (part->reader.size < 0 || (part->reader.rewind == NULL && !by_size))) return -2;
    if (part->content == MIME_TEXT && (step->encoding == TRANSFER_7BIT || step->encoding == TRANSFER_8BIT)) {
        bool open = part->size > 0 && part->data[part->size - 1] != '\n';
        return (int64_t)(part->size + part->traits.bare_lf + (open && step->is_root ? 2 : 0));
    }
    if (!by_size || part->content == MIME_TEXT) return measure_by_encoding(w, index);
    int64_t size = part->content == MIME_READER ? part->reader.size : (int64_t)part->size;
    if (part->content == MIME_FILE) {
        size = w->options.files->size(w->options.files->context, part->path);
        if (size < 0) {
            mail_error_set_file(&w->error, part->path, (int)-size);
            return -1;
        }
        step->expected = size;
    }
    return binary ? size : (int64_t)base64_encoded_size((uint64_t)size, BASE64_MIME_LINE);
}

/* --- bodies that other messages have too --- */

/* False: this body is nobody else's, or (w->error) its file is not there. */
static bool share_key(struct mime_writer *w, const struct mime_step *step, struct mime_share_key *key) {
    const struct mime_part *part = step->part;
    const struct mime_files *files = w->options.files;
    *key = (struct mime_share_key){.owner = part->owner,
                                   .encoding = step->encoding,
                                   .is_text = part->content == MIME_TEXT,
                                   .is_root = step->is_root};
    if (step->encoding == TRANSFER_BINARY) return false; /* it is not encoded */
    if (part->content != MIME_FILE) return part->owner != NULL;
    if (files->identify == NULL) return false;
    int result = files->identify(files->context, part->path, &key->file);
    if (result < 0) mail_error_set_file(&w->error, part->path, -result);
    return result == 0;
}

/* Encodes the body into the room. False: it is not what was foreseen, or (w->error) it cannot be read. */
static bool encode_into(struct mime_writer *w, size_t index, const struct mime_share_key *key, char *room,
                        size_t size) {
    const struct mime_part *part = w->steps[index].part;
    const struct mime_files *files = w->options.files;
    struct mime_file_identity now;
    w->step = index;
    w->started = false;
    size_t done = 0;
    while (done < size) { /* so much, and therefore nothing of the step behind it */
        ssize_t count = mime_writer_read(w, room + done, size - done);
        if (count <= 0) break;
        done += (size_t)count;
    }
    close_file(w);
    w->stage_start = w->stage_end = 0;
    if (done < size || part->content != MIME_FILE) return done == size;
    /* What was read is that version of the file and no other. */
    struct mime_share_key again = *key;
    if (files->identify(files->context, part->path, &now) != 0) return false;
    again.file = now;
    return mime_share_key_equal(key, &again);
}

/* As own_body_size, from the encoded form where there is one; where one is wanted, it is made. */
static int64_t body_size(struct mime_writer *w, size_t index) {
    const struct mime_share *share = w->options.share;
    struct mime_step *step = &w->steps[index];
    struct mime_share_key key;
    if (share == NULL || !share_key(w, step, &key)) return w->error.status == MAIL_OK ? own_body_size(w, index) : -1;
    if (share->find(share->context, &key, &step->encoded, &step->encoded_size)) return (int64_t)step->encoded_size;
    int64_t size = own_body_size(w, index);
    if (size <= 0) return size;
    char *room = share->room(share->context, &key, (size_t)size, key.is_text ? &step->part->traits : NULL);
    if (room == NULL) return size;
    bool good = encode_into(w, index, &key, room, (size_t)size);
    share->filled(share->context, good);
    if (good) {
        step->encoded = room;
        step->encoded_size = (size_t)size;
    }
    return w->error.status == MAIL_OK ? size : -1;
}

int64_t mime_writer_size(struct mime_writer *w) {
    int64_t total = (int64_t)w->text.size;
    if (w->error.status != MAIL_OK) return -1;
    for (size_t i = 0; i < w->step_count && total >= 0; i++) {
        if (w->steps[i].part == NULL) continue;
        int64_t size = body_size(w, i);
        total = size < 0 ? -1 : total + size;
    }
    w->step = 0;
    w->started = false;
    return total;
}

enum mail_status mime_write_all(struct mail_buffer *out, const struct mime_part *root,
                                const struct mime_options *options, struct mail_error *error) {
    struct mime_writer w;
    mime_writer_init(&w, root, options);
    while (w.error.status == MAIL_OK) {
        size_t room = w.text.size + 4096 > 65536 ? w.text.size + 4096 : 65536;
        if (out->capacity - out->size > room) room = out->capacity - out->size;
        char *end = mail_buffer_reserve(out, room);
        if (end == NULL) {
            mail_error_no_memory(&w.error);
            break;
        }
        ssize_t count = mime_writer_read(&w, end, room);
        if (count <= 0) break;
        out->size += (size_t)count;
    }
    enum mail_status status = w.error.status;
    if (status != MAIL_OK && error) *error = w.error;
    mime_writer_finish(&w);
    return status;
}
