/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_parsed.c: from a String, Binary or Stream to a parsed message, and its contents as values.
 *
 * A file is read twice at most where it lies: once to parse, and each content when it is asked for. What cannot be read
 * twice, as a pipe, is kept in memory, and beyond some MB in a file without a name.
 */
#include "modules/message/mime_spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "modules/header/header_parameter.h"
#include "modules/header/message_id.h"
#include "modules/mime/mime_text.h"
#include "modules/system/stream.h"

enum { BLOCK = 256 * 1024, CAREFUL = 1 << 20 /* bytes from which memory is asked for, not taken */ };

/* ---- sources ---- */

static ssize_t read_file(void *context, uint64_t offset, char *buffer, size_t size) {
    const struct mime_parsed *parsed = context;
    ssize_t count;
    if (parsed->file == NULL || parsed->file->fd < 0) return -EBADF;
    do count = pread(parsed->file->fd, buffer, size, (off_t)(parsed->base + offset));
    while (count < 0 && errno == EINTR);
    return count < 0 ? -errno : count;
}

cp_value mime_parsed_throw(cp_context *cp, int error) {
    if (error == -ENOMEM) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    if (error == -EIO) return cp_throw(cp, CP_ERROR_FILE, CP_FILE_READ, "the file that was parsed has become shorter");
    return cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_READ, -error, "cannot read the message");
}

static void release_document(void *document) { mime_document_free(document); }

static bool finish(cp_context *cp, struct mime_parsed *parsed, struct mime_parser *parser) {
    parsed->document = mime_parser_finish(parser);
    if (parsed->document == NULL) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
        return false;
    }
    parsed->handle = cp_resource_new(cp, parsed->document, release_document);
    parsed->source.size = parsed->document->size;
    return true;
}

static bool parse_bytes(cp_context *cp, struct mime_parsed *parsed) {
    struct mime_parser parser;
    const char *bytes;
    size_t size;
    cp_bytes_of(parsed->bytes, &bytes, &size);
    parsed->source.memory = bytes ? bytes : "";
    mime_parser_init(&parser, NULL);
    mime_parser_feed(&parser, bytes, size);
    return finish(cp, parsed, &parser);
}

/* From the file's place on, which a Stream may have read behind. */
static bool parse_file(cp_context *cp, struct mime_parsed *parsed) {
    struct mime_parser parser;
    char *block = cp_alloc_atomic(BLOCK);
    uint64_t offset = 0;
    parsed->source.context = parsed;
    parsed->source.read = read_file;
    mime_parser_init(&parser, NULL);
    for (;;) {
        ssize_t count = read_file(parsed, offset, block, BLOCK);
        if (count == 0) return finish(cp, parsed, &parser);
        bool stop = count > 0 && offset % (16 * BLOCK) == 0 && cp_poll(cp) == CP_THROWN;
        if (count < 0 || stop) {
            mime_parser_abandon(&parser);
            if (!stop) mime_parsed_throw(cp, (int)count);
            return false;
        }
        mime_parser_feed(&parser, block, (size_t)count);
        offset += (uint64_t)count;
    }
}

static int open_nameless(void) {
    const char *folder = getenv("TMPDIR");
    int fd = open(folder && *folder ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        bytes += count;
        size -= (size_t)count;
    }
    return 0;
}

static bool throw_spool(cp_context *cp, int error) {
    cp_throw_errno(cp, CP_ERROR_FILE, CP_FILE_WRITE, -error, "cannot keep a long message in TMPDIR");
    return false;
}

/* Keeps more of a Stream: in `kept` at first, from its limit on in a file. False after a throw. */
static bool keep(cp_context *cp, struct mime_parsed *parsed, struct mail_buffer *kept, const char *bytes, size_t size) {
    if (parsed->file == NULL && kept->size + size <= MIME_SPOOL_MEMORY) {
        mail_buffer_append(kept, bytes, size);
        if (kept->failed) mime_parsed_throw(cp, -ENOMEM);
        return !kept->failed;
    }
    if (parsed->file == NULL) {
        int fd = open_nameless();
        if (fd < 0) return throw_spool(cp, fd);
        parsed->file = cp_fd_new(cp, fd);
        int error = write_all(fd, kept->data, kept->size);
        if (error < 0) return throw_spool(cp, error);
        mail_buffer_free(kept);
    }
    int error = write_all(parsed->file->fd, bytes, size);
    return error == 0 || throw_spool(cp, error);
}

void mime_spool_init(struct mime_spool *spool) {
    *spool = (struct mime_spool){.parsed = cp_alloc(sizeof *spool->parsed)};
    mime_parser_init(&spool->parser, NULL);
}

bool mime_spool_add(cp_context *cp, struct mime_spool *spool, const char *bytes, size_t size) {
    mime_parser_feed(&spool->parser, bytes, size);
    return keep(cp, spool->parsed, &spool->kept, bytes, size);
}

void mime_spool_abandon(struct mime_spool *spool) {
    mime_parser_abandon(&spool->parser);
    mail_buffer_free(&spool->kept);
}

struct mime_parsed *mime_spool_finish(cp_context *cp, struct mime_spool *spool) {
    struct mime_parsed *parsed = spool->parsed;
    bool fine = finish(cp, parsed, &spool->parser);
    if (fine && parsed->file == NULL) {
        parsed->bytes = cp_binary_n(cp, spool->kept.data, spool->kept.size);
        parsed->source.memory = (const char *)cp_binary_of(parsed->bytes)->data;
    } else if (fine) {
        parsed->source.context = parsed;
        parsed->source.read = read_file;
    }
    mail_buffer_free(&spool->kept);
    return fine ? parsed : NULL;
}

/* A pipe, or text in memory. Waits for more as any reader of the Stream does. */
static struct mime_parsed *parse_stream(cp_context *cp, unsigned nesting, cp_value source) {
    struct stream *s = stream_in(cp, source);
    struct mime_spool spool;
    bool fine = true;
    int more = 1;
    mime_spool_init(&spool);
    spool.parsed->nesting = nesting;
    while (fine) {
        size_t unread = stream_unread(s);
        if (unread > 0) {
            fine = mime_spool_add(cp, &spool, (const char *)s->input + s->start, unread);
            s->start += unread;
            continue;
        }
        more = stream_fill(cp, s);
        if (more <= 0) break;
    }
    if (fine && more == 0) return mime_spool_finish(cp, &spool);
    mime_spool_abandon(&spool);
    return NULL;
}

/* The Stream goes on at its end, as if it had been read. */
static bool parse_regular(cp_context *cp, struct mime_parsed *parsed, struct stream *s) {
    if (s->writable && stream_flush(cp, s) == CP_THROWN) return false;
    off_t place = lseek(s->in->fd, 0, SEEK_CUR);
    int fd = place < 0 ? -1 : fcntl(s->in->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        mime_parsed_throw(cp, -errno);
        return false;
    }
    parsed->file = cp_fd_new(cp, fd);
    parsed->base = (uint64_t)place - stream_unread(s);
    if (!parse_file(cp, parsed)) return false;
    if (s->open && s->in->fd >= 0) lseek(s->in->fd, (off_t)(parsed->base + parsed->document->size), SEEK_SET);
    s->start = s->end;
    return true;
}

struct mime_parsed *mime_parsed_new(cp_context *cp, cp_value source, unsigned nesting) {
    struct mime_parsed *parsed = cp_alloc(sizeof *parsed);
    struct stream *s = stream_in(cp, source);
    const char *bytes;
    size_t size;
    parsed->nesting = nesting;
    if (s) {
        if (stream_check(cp, s, true) == CP_THROWN) return NULL;
        bool regular = s->kind == STREAM_FILE && s->regular && s->in;
        if (!regular) return parse_stream(cp, nesting, source);
        return parse_regular(cp, parsed, s) ? parsed : NULL;
    }
    parsed->bytes = source;
    cp_bytes_of(source, &bytes, &size);
    if (!cp_is_string(source)) { /* others can change */
        if (size > CAREFUL && !cp_try_alloc_atomic(cp, size)) return NULL;
        parsed->bytes = cp_binary_n(cp, bytes, size);
    }
    return parse_bytes(cp, parsed) ? parsed : NULL;
}

/* ---- contents ---- */

bool mime_parsed_content(cp_context *cp, const struct mime_parsed *parsed, uint32_t entity, size_t most,
                         struct mail_buffer *out) {
    struct mime_content_reader content;
    const struct mime_entity *e = &parsed->document->entities[entity];
    uint64_t size = e->end - e->body;
    if (size > CAREFUL && size < most && !cp_try_alloc_atomic(cp, (size_t)size)) return false;
    mime_content_init(&content, &parsed->source, parsed->document, entity);
    int error = mime_content_all(out, &content, most);
    if (error == 0) return true;
    if (error == -EFBIG)
        cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_LIMIT, "the part is longer than the %zu bytes that are looked at", most);
    else mime_parsed_throw(cp, error);
    return false;
}

bool mime_parsed_text(cp_context *cp, const struct mime_parsed *parsed, uint32_t entity, struct mail_buffer *out) {
    struct mail_buffer bytes = {0}, charset = {0};
    bool fine = mime_parsed_content(cp, parsed, entity, SIZE_MAX / 4, &bytes);
    if (fine) {
        mime_entity_parameter(&charset, parsed->document, entity, "Content-Type", "charset");
        mime_text_convert(out, charset.data, charset.size, bytes.data ? bytes.data : "", bytes.size);
        if (out->size) out->size = mime_text_line_ends(out->data, out->size);
        fine = !out->failed;
        if (!fine) mime_parsed_throw(cp, -ENOMEM);
    }
    mail_buffer_free(&bytes);
    mail_buffer_free(&charset);
    return fine;
}

/* ---- properties ---- */

enum { OPTION_MOST = 64, OPTION_NAME = 40 /* what can be written again */ };

/* The parameters of a header as a List of (name value), but not the one that lives elsewhere. */
static cp_value options_of(cp_context *cp, const struct mime_parsed *parsed, uint32_t entity, const char *header,
                           const char *except) {
    uint32_t field = mime_entity_find_field(parsed->document, entity, header, 0);
    cp_list_builder options = {0};
    size_t size, position = 0, name_size;
    const char *name;
    if (field == MIME_NONE) return CP_NIL;
    const char *value = mime_field_value(parsed->document, field, &size);
    for (int i = 0; i < OPTION_MOST && header_next_parameter(value, size, &position, &name, &name_size); i++) {
        if (name_size > OPTION_NAME || memchr(name, '\'', name_size) || memchr(name, '%', name_size)) continue;
        cp_value key = cp_string_n(cp, name, name_size);
        const char *text = cp_text_z(cp, key);
        struct mail_buffer found = {0};
        if (strcasecmp(text, except) != 0 && mime_option(options.list, text) == CP_UNSET &&
            mime_entity_parameter(&found, parsed->document, entity, header, text)) {
            cp_value pair[] = {key, mime_buffer_string(cp, &found)};
            cp_list_add(&options, cp_list_n(pair, 2));
        }
        mail_buffer_free(&found);
    }
    return options.list;
}

static cp_value content_id(cp_context *cp, const struct mime_parsed *parsed, uint32_t entity) {
    struct mail_buffer id = {0};
    cp_value result = CP_NIL;
    if (mime_entity_header(&id, parsed->document, entity, "Content-ID") && message_id_is_valid(id.data, id.size))
        result = mime_buffer_string(cp, &id);
    mail_buffer_free(&id);
    return result;
}

static cp_value encoding_of(cp_context *cp, const struct mime_parsed *parsed, uint32_t entity) {
    uint32_t field = mime_entity_find_field(parsed->document, entity, "Content-Transfer-Encoding", 0);
    struct mail_buffer word = {0};
    if (field != MIME_NONE) mime_field_decode(&word, parsed->document, entity, field);
    cp_value result = word.size ? mime_buffer_string(cp, &word) : CP_NIL;
    mail_buffer_free(&word);
    return result;
}

void mime_parsed_bind(cp_context *cp, cp_value mime, struct mime_parsed *parsed, uint32_t entity) {
    struct mime_object *m = mime_object_of(mime);
    const struct mime_document *d = parsed->document;
    const struct mime_entity *e = &d->entities[entity];
    cp_value *slots = cp_slots(cp, mime);
    struct mail_buffer word = {0};
    /* A multipart without parts is a leaf, and then a text. */
    bool plain = e->kind == MIME_LEAF && strcmp(mime_entity_type(d, entity), "multipart") == 0;
    m->kind = MIME_OBJECT_PARSED;
    m->parsed = parsed;
    m->entity = entity;
    m->started = e->kind == MIME_MULTIPART_OF;
    slots[MIME_SLOT_TYPE] = cp_string_z(cp, plain ? "text" : mime_entity_type(d, entity));
    slots[MIME_SLOT_SUB_TYPE] = cp_string_z(cp, plain ? "plain" : mime_entity_subtype(d, entity));
    slots[MIME_SLOT_OPTIONS] = options_of(cp, parsed, entity, "Content-Type", "boundary");
    if (e->kind == MIME_MULTIPART_OF)
        slots[MIME_SLOT_SEPARATOR] = cp_string_n(cp, d->text.data + e->boundary, e->boundary_size);
    slots[MIME_SLOT_ENCODING] = encoding_of(cp, parsed, entity);
    slots[MIME_SLOT_CONTENT_ID] = content_id(cp, parsed, entity);
    if (mime_entity_disposition(&word, d, entity)) {
        slots[MIME_SLOT_DISPOSITION] = mime_buffer_string(cp, &word);
        slots[MIME_SLOT_DISPOSITION_OPTIONS] = options_of(cp, parsed, entity, "Content-Disposition", "");
    }
    mail_buffer_free(&word);
}
