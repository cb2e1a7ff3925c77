/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_save.c: attachments as files, under names that a stranger chose and we made safe.
 *
 * A file is made with O_EXCL, so that nothing that is there is overwritten, and no link followed.
 */
#include "modules/message/mime_parsed.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "modules/mime/mime_file_name.h"

enum { BLOCK = 64 * 1024, NUMBER_MOST = 100000 /* files of one name in a folder */ };

static cp_value throw_open(cp_context *cp, cp_value path, int error) {
    return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, error, "cannot make the file %s", message_quoted(cp, path));
}

static cp_value join(cp_context *cp, cp_value folder, const char *name, size_t size) {
    struct mail_buffer path = {0};
    const char *text = cp_string_text(folder);
    size_t length = cp_string_size(folder);
    mail_buffer_append(&path, text, length);
    if (length > 0 && text[length - 1] != '/') mail_buffer_append_char(&path, '/');
    mail_buffer_append(&path, name, size);
    cp_value result = mime_buffer_string(cp, &path);
    mail_buffer_free(&path);
    return result;
}

/* Makes the file, under the first name that is free. *path is then that. NULL after a throw. */
static cp_fd *make_file(cp_context *cp, cp_value folder, const struct mail_buffer *name, cp_value *path) {
    for (unsigned n = 1; n < NUMBER_MOST; n++) {
        struct mail_buffer numbered = {0};
        if (n > 1) mime_file_name_numbered(&numbered, name->data, name->size, n);
        *path = join(cp, folder, n > 1 ? numbered.data : name->data, n > 1 ? numbered.size : name->size);
        mail_buffer_free(&numbered);
        int fd = open(cp_text_z(cp, *path), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd >= 0) return cp_fd_new(cp, fd);
        if (errno != EEXIST) {
            throw_open(cp, *path, errno);
            return NULL;
        }
    }
    throw_open(cp, *path, EEXIST);
    return NULL;
}

static cp_value throw_write(cp_context *cp, cp_value path, int error) {
    return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, error, "cannot write %s", message_quoted(cp, path));
}

static cp_value write_content(cp_context *cp, const struct mime_object *m, int fd, cp_value path) {
    struct mime_content_reader *content = cp_alloc(sizeof *content);
    char *block = cp_alloc_atomic(BLOCK);
    mime_content_init(content, &m->parsed->source, m->parsed->document, m->entity);
    for (unsigned turn = 1;; turn++) {
        ssize_t count = mime_content_read(content, block, BLOCK);
        if (count < 0) return mime_parsed_throw(cp, (int)count);
        if (count == 0) return CP_NIL;
        for (ssize_t done = 0; done < count;) {
            ssize_t written = write(fd, block + done, (size_t)(count - done));
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return throw_write(cp, path, errno);
            done += written;
        }
        if (turn % 16 == 0 && cp_poll(cp) == CP_THROWN) return CP_THROWN;
    }
}

/* One part; gives its path. What could not be written whole is taken away again. CP_THROWN. */
static cp_value save(cp_context *cp, cp_value mime, cp_value folder) {
    cp_value given = mime_get_file_name(cp, mime), type, sub_type, path = CP_NIL, whole;
    struct mail_buffer name = {0};
    const char *bytes = "";
    size_t size = 0;
    mime_object_type(cp, mime, &type, &sub_type);
    type = cp_string_format(cp, "%s/%s", cp_text_z(cp, type), cp_text_z(cp, sub_type));
    if (given != CP_NIL) cp_bytes_of(given, &bytes, &size);
    mime_file_name_safe(&name, bytes, size, cp_text_z(cp, type));
    if (name.failed) {
        mail_buffer_free(&name);
        return mime_parsed_throw(cp, -ENOMEM);
    }
    cp_fd *file = make_file(cp, folder, &name, &path);
    mail_buffer_free(&name);
    if (file == NULL) return CP_THROWN;
    whole = mime_read_as_parsed(cp, mime);
    cp_value result = whole == CP_THROWN ? CP_THROWN : write_content(cp, mime_object_of(whole), file->fd, path);
    cp_fd_close(cp, file);
    if (result != CP_THROWN) return path;
    unlink(cp_text_z(cp, path));
    return CP_THROWN;
}

cp_value mime_method_save_to(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value folder = arguments[0], mime = mime_read_as_parsed(cp, self);
    cp_list_builder paths = {0};
    if (mime == CP_THROWN) return CP_THROWN;
    if (cp_string_size(folder) == 0 || memchr(cp_string_text(folder), 0, cp_string_size(folder)))
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "saveTo: this is no folder: %s",
                        message_quoted(cp, folder));
    const struct mime_object *m = mime_object_of(mime);
    bool part = m->entity != 0 && mime_parsed_entity(m)->kind != MIME_MULTIPART_OF;
    cp_value list = part || mime_object_of(self)->kind == MIME_OBJECT_BYTES
                        ? cp_cons(mime, CP_NIL)
                        : mime_method_attachments(cp, mime, NULL, 0);
    if (list == CP_THROWN) return CP_THROWN;
    for (; cp_is_cell(list); list = cp_tail(list)) {
        cp_value path = save(cp, cp_head(list), folder);
        if (path == CP_THROWN) return CP_THROWN;
        cp_list_add(&paths, path);
    }
    return paths.list;
}
