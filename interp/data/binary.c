/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binary.c: the representation of bytes, and bytes from and to files and encoded text.
 */
#include "interp/data/binary.h"

#include "interp/base/memory.h"
#include "interp/data/buffer.h"
#include "interp/data/encoding.h"
#include "interp/data/string.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes: up to this size they lie in the object itself, which is scanned because `data` may come to point elsewhere. */
enum { INLINE_MOST = 24 };

/* ---- making ---- */

static cp_binary *new_inline(size_t size) {
    cp_binary *binary = cp_alloc(sizeof *binary + (size <= INLINE_MOST ? size : 0));
    binary->header.class_number = CP_CLASS_BINARY;
    binary->size = size;
    binary->data = binary->inline_data;
    return binary;
}

static cp_value fill(cp_binary *binary, const void *bytes, size_t size) {
    if (bytes) memcpy(binary->data, bytes, size);
    else memset(binary->data, 0, size);
    return cp_from_object(binary);
}

cp_value cp_binary_n(cp_context *cp, const void *bytes, size_t size) {
    (void)cp;
    cp_binary *binary = new_inline(size);
    if (size > INLINE_MOST) binary->data = cp_alloc_atomic(size);
    return fill(binary, bytes, size);
}

cp_value binary_try_n(cp_context *cp, const void *bytes, size_t size) {
    if (size <= MEM_SMALL) return cp_binary_n(cp, bytes, size);
    unsigned char *data = cp_try_alloc_atomic(cp, size);
    if (!data) return CP_THROWN;
    cp_binary *binary = new_inline(size);
    binary->data = data;
    return fill(binary, bytes, size);
}

void binary_adopt(cp_binary *binary, unsigned char *data, size_t size) {
    binary->data = size ? data : binary->inline_data;
    binary->size = size;
}

bool cp_bytes_of(cp_value v, const char **bytes, size_t *size) {
    if (!cp_is_object(v)) return false;
    switch (cp_object_of(v)->class_number) {
    case CP_CLASS_STRING:
        *bytes = cp_string_text(v);
        *size = cp_string_size(v);
        return true;
    case CP_CLASS_SYMBOL:
        *bytes = cp_symbol_of(v)->text;
        *size = cp_symbol_of(v)->size;
        return true;
    case CP_CLASS_BINARY:
        *bytes = (const char *)cp_binary_of(v)->data;
        *size = cp_binary_of(v)->size;
        return true;
    case CP_CLASS_BUFFER: {
        struct buffer *buffer = buffer_of(v);
        *bytes = buffer->data ? (const char *)buffer->data + buffer->start : "";
        *size = buffer->length;
        return true;
    }
    default: return false;
    }
}

bool binary_wanted(cp_context *cp, cp_value wanted, char *byte, const char **bytes, size_t *size) {
    if (cp_bytes_of(wanted, bytes, size)) return true;
    int64_t n = -1;
    if (!cp_is_integer(wanted)) {
        cp_throw_type(cp, "bytes", "Integer, String, Binary or Buffer", wanted);
        return false;
    }
    if (!cp_to_int64(wanted, &n) || n < 0 || n > 255) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a byte is an Integer from 0 to 255");
        return false;
    }
    *byte = (char)n;
    *bytes = byte;
    *size = 1;
    return true;
}

/* ---- files ---- */

/* The path for the system; NULL with 1.8 thrown when a NUL in it would cut it short. */
static const char *path_of(cp_context *cp, cp_value path) {
    const char *name = cp_text_z(cp, path);
    size_t size = cp_string_size(path);
    if (strlen(name) == size) return name;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the file name %s has a NUL in it", string_excerpt(name, size));
    return NULL;
}

/* Reads to the end of an open file: its size is a first guess, for it may grow meanwhile, and /proc says 0. */
static bool read_all(cp_context *cp, int fd, const char *name, size_t guess, unsigned char **data, size_t *size) {
    enum { READ_LEAST = 4096, READ_MOST = 1 << 30 };
    size_t capacity = guess + 1 < READ_LEAST ? READ_LEAST : guess + 1, used = 0;
    unsigned char *block = cp_try_alloc_atomic(cp, capacity);
    if (!block) return false;
    for (;;) {
        if (used == capacity) {
            unsigned char *larger = cp_try_alloc_atomic(cp, capacity * 2);
            if (!larger) return false;
            memcpy(larger, block, used);
            block = larger;
            capacity *= 2;
        }
        size_t most = capacity - used < READ_MOST ? capacity - used : READ_MOST;
        ssize_t got = read(fd, block + used, most);
        if (got == 0) break;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) {
            cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_READ, errno, "cannot read %s", name);
            return false;
        }
        used += (size_t)got;
    }
    *data = block;
    *size = used;
    return true;
}

bool binary_read_file(cp_context *cp, cp_value path, unsigned char **data, size_t *size) {
    const char *name = path_of(cp, path);
    if (!name) return false;
    /* O_NONBLOCK: opening a FIFO must not wait for its writer. */
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, errno, "cannot open %s", name);
        return false;
    }
    struct stat status;
    bool done = false;
    if (fstat(fd, &status) < 0) cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_STATUS, errno, "cannot look at %s", name);
    else if (!S_ISREG(status.st_mode))
        cp_throw(cp, CP_ERROR_FILE, CP_FILE_OPEN, "cannot open %s: it is no ordinary file", name);
    else done = read_all(cp, fd, name, (size_t)status.st_size, data, size);
    close(fd);
    return done;
}

cp_value binary_write_file(cp_context *cp, cp_value path, const char *data, size_t size) {
    enum { WRITE_MOST = 1 << 30 };
    const char *name = path_of(cp, path);
    if (!name) return CP_THROWN;
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
    if (fd < 0) return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_OPEN, errno, "cannot open %s for writing", name);
    while (size > 0) {
        ssize_t put = write(fd, data, size < WRITE_MOST ? size : WRITE_MOST);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) {
            int number = errno;
            close(fd);
            return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, number, "cannot write to %s", name);
        }
        data += put;
        size -= (size_t)put;
    }
    if (close(fd) < 0 && errno != EINTR)
        return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_CLOSE, errno, "cannot close %s", name);
    return CP_NIL;
}

/* ---- encodings ---- */

cp_value binary_encode(cp_context *cp, enum binary_encoding encoding, const char *bytes, size_t size, bool is_text) {
    const unsigned char *data = (const unsigned char *)bytes;
    char *text;
    if (size > SIZE_MAX / 8) return string_no_memory(cp);
    size_t room = encoding == BINARY_HEX      ? encoding_hex_room(size)
                  : encoding == BINARY_BASE64 ? encoding_base64_room(size)
                                              : encoding_quoted_room(size);
    if (encoding == BINARY_QUOTED) { /* the room is a guess upwards: not to be kept */
        text = cp_try_alloc_atomic(cp, room);
        return text ? string_try_n(cp, text, encoding_quoted(data, size, is_text, text)) : CP_THROWN;
    }
    cp_value result = string_room(cp, room, &text);
    if (result == CP_THROWN) return result;
    if (encoding == BINARY_HEX) encoding_hex(data, size, text);
    else encoding_base64(data, size, text);
    return result;
}

cp_value binary_decode(cp_context *cp, enum binary_encoding encoding, const char *text, size_t size, bool to_string) {
    unsigned char *data = size < MEM_SMALL ? mem_alloc_atomic(size + 1) : cp_try_alloc_atomic(cp, size + 1);
    if (!data) return CP_THROWN;
    size_t bad = 0, used;
    const char *name;
    switch (encoding) {
    case BINARY_HEX:
        name = "hex digits";
        used = encoding_hex_decode(text, size, data, &bad);
        break;
    case BINARY_BASE64:
        name = "base64";
        used = encoding_base64_decode(text, size, data, &bad);
        break;
    default: name = "quoted-printable"; used = encoding_quoted_decode(text, size, data, &bad);
    }
    if (used == SIZE_MAX)
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "the text %s is no %s: wrong at byte %zu",
                        string_excerpt(text, size), name, bad);
    return to_string ? string_try_n(cp, (const char *)data, used) : binary_try_n(cp, data, used);
}

/* ---- methods that String and Binary share ---- */

/* What a String decodes to is a String, what a Binary decodes to a Binary. */
static cp_value convert(cp_context *cp, enum binary_encoding encoding, cp_value self, cp_value decode) {
    const char *bytes;
    size_t size;
    cp_bytes_of(self, &bytes, &size);
    return cp_is_true(decode) ? binary_decode(cp, encoding, bytes, size, cp_is_string(self))
                              : binary_encode(cp, encoding, bytes, size, cp_is_string(self));
}

cp_value binary_method_hex(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return convert(cp, BINARY_HEX, self, arguments[0]);
}

cp_value binary_method_base64(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return convert(cp, BINARY_BASE64, self, arguments[0]);
}

cp_value binary_method_quoted_printable(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return convert(cp, BINARY_QUOTED, self, arguments[0]);
}

/* OpenSSL does it, in a module that is loaded by this call. */
cp_value binary_method_digest(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    const cp_value passed[] = {arguments[0], self};
    return cp_call(cp, cp_symbol_z(cp, "%digest"), passed, 2);
}
