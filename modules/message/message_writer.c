/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_writer.c: a built message into a String, a Binary, a file or a Stream.
 */
#include "modules/message/mime_parsed.h"

#include <errno.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024, CAREFUL = 1 << 20 /* bytes from which memory is asked for, not taken */ };

/* Besides its size whether the file can be read, so that what cannot be sent is found out before the sending begins. */
static int64_t readable_size(void *context, const char *path) {
    int64_t size = mime_files_posix.size(context, path);
    return size >= 0 && euidaccess(path, R_OK) != 0 ? -errno : size;
}

/* A body that was begun has its file open. */
static cp_value throw_writer(cp_context *cp, const struct mime_writer *writer) {
    return message_throw(cp, &writer->error, writer->started);
}

bool message_writer_init(cp_context *cp, struct mime_writer *writer, const struct mime_part *root,
                         enum message_body body, struct mail_random *random, const struct mime_share *share) {
    struct mime_options options = {
        .random = random, .allow_8bit = body >= MESSAGE_8BIT, .allow_binary = body == MESSAGE_BINARY, .share = share};
    if (mime_writer_init(writer, root, &options) != MAIL_OK) {
        throw_writer(cp, writer);
        return false;
    }
    return true;
}

int64_t message_writer_size(cp_context *cp, struct mime_writer *writer) {
    struct mime_files files = mime_files_posix;
    files.size = readable_size;
    writer->options.files = &files;
    int64_t size = mime_writer_size(writer);
    writer->options.files = &mime_files_posix;
    if (size < 0) throw_writer(cp, writer);
    return size;
}

cp_value message_writer_string(cp_context *cp, struct mime_writer *writer, bool binary) {
    int64_t size = message_writer_size(cp, writer);
    if (size < 0) return CP_THROWN;
    if (size > CAREFUL && !cp_try_alloc_atomic(cp, (size_t)size)) return CP_THROWN;
    cp_value result = binary ? cp_binary_n(cp, NULL, (size_t)size) : cp_string_n(cp, NULL, (size_t)size);
    char *out = binary ? (char *)cp_binary_of(result)->data : cp_string_of(result)->inline_text;
    for (int64_t done = 0; done < size;) {
        size_t room = size - done < 16 * BLOCK ? (size_t)(size - done) : 16 * BLOCK;
        ssize_t count = mime_writer_read(writer, out + done, room);
        if (count <= 0) return throw_writer(cp, writer);
        done += count;
        if (done < size && cp_poll(cp) == CP_THROWN) return CP_THROWN;
    }
    /* A file that has grown is found out where its end should be. */
    char more;
    if (mime_writer_read(writer, &more, 1) < 0) return throw_writer(cp, writer);
    return result;
}

/* Where bytes come from: gives up to BLOCK of them, 0 at the end, -1 after a throw. */
typedef ssize_t (*next_bytes)(cp_context *cp, void *from, char *buffer);

static cp_value copy_to(cp_context *cp, next_bytes next, void *from, cp_value target) {
    bool own = cp_is_string(target);
    if (own) {
        cp_value arguments[] = {cp_string_z(cp, "file"), target, cp_string_z(cp, "w")};
        target = cp_create(cp, "Stream", arguments, 3);
        if (target == CP_THROWN) return CP_THROWN;
    }
    /* A Stream has done with the bytes when it returns; others may keep what they get. */
    bool reuse = strcmp(cp_class_name(cp_class_of(cp, target)), "Stream") == 0;
    cp_value name = cp_symbol_z(cp, "write"), result = CP_NIL, block = cp_binary_n(cp, NULL, BLOCK);
    while (result != CP_THROWN) {
        ssize_t count = next(cp, from, (char *)cp_binary_of(block)->data);
        if (count == 0) break;
        if (count < 0) result = CP_THROWN;
        else {
            cp_value bytes =
                reuse && count == BLOCK ? block : cp_binary_n(cp, cp_binary_of(block)->data, (size_t)count);
            result = cp_send(cp, target, name, &bytes, 1);
        }
    }
    if (own) {
        cp_value error = result == CP_THROWN ? cp_take_error(cp) : CP_NIL;
        result = cp_send_z(cp, target, "close", NULL, 0);
        if (error != CP_NIL) {
            if (result == CP_THROWN) cp_take_error(cp); /* the first tells more */
            return cp_throw_value(cp, error);
        }
    }
    return result == CP_THROWN ? CP_THROWN : CP_NIL;
}

static ssize_t next_written(cp_context *cp, void *from, char *buffer) {
    struct mime_writer *writer = from;
    ssize_t count = mime_writer_read(writer, buffer, BLOCK);
    if (count < 0) throw_writer(cp, writer);
    return count;
}

cp_value message_writer_to(cp_context *cp, struct mime_writer *writer, cp_value target) {
    if (message_writer_size(cp, writer) < 0) return CP_THROWN;
    return copy_to(cp, next_written, writer, target);
}

static ssize_t next_read(cp_context *cp, void *from, char *buffer) {
    ssize_t count = mime_content_read(from, buffer, BLOCK);
    if (count < 0) mime_parsed_throw(cp, (int)count);
    return count;
}

cp_value message_content_to(cp_context *cp, struct mime_content_reader *content, cp_value target) {
    return copy_to(cp, next_read, content, target);
}
