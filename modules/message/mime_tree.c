/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_tree.c: from Mime objects to the engine's tree of parts, made anew each time it is needed.
 */
#include "modules/message/message_share.h"
#include "modules/message/mime_parsed.h"

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "modules/header/media_type.h"
#include "modules/header/message_id.h"
#include "modules/coding/utf8_text.h"

enum { TEXT_FILE_MOST = 1 << 20 }; /* bytes of a text file that are read whole, to find the best way to write them */

struct tree {
    cp_context *cp;
    cp_list_builder *kept;
    size_t parts;
    struct mail_error error;
};

bool mime_object_is(cp_context *cp, cp_value value) { return cp_has_class(value, message_state(cp)->mime_number); }

const char *mime_object_content_id(cp_context *cp, cp_value mime) {
    cp_value id = cp_slots(cp, mime)[MIME_SLOT_CONTENT_ID];
    return id == CP_NIL ? NULL : cp_text_z(cp, id);
}

static bool equals(cp_value text, const char *other) {
    return text != CP_NIL && cp_string_size(text) == strlen(other) &&
           strncasecmp(cp_string_text(text), other, strlen(other)) == 0;
}

bool mime_object_is_multipart(cp_context *cp, cp_value self) {
    return equals(cp_slots(cp, self)[MIME_SLOT_TYPE], "multipart");
}

void mime_object_type(cp_context *cp, cp_value self, cp_value *type, cp_value *sub_type) {
    const cp_value *slots = cp_slots(cp, self);
    enum mime_object_content kind = mime_object_of(self)->kind;
    bool bytes = kind == MIME_OBJECT_BYTES || kind == MIME_OBJECT_FILE;
    *type = slots[MIME_SLOT_TYPE];
    *sub_type = slots[MIME_SLOT_SUB_TYPE];
    if (*type == CP_NIL) *type = cp_string_z(cp, bytes ? "application" : "text");
    if (*sub_type == CP_NIL)
        *sub_type = cp_string_z(cp, equals(*type, "multipart")     ? "mixed"
                                    : equals(*type, "text")        ? "plain"
                                    : equals(*type, "application") ? "octet-stream"
                                                                   : "*");
}

/* False after a throw. */
static bool ok(struct tree *tree, enum mail_status status) {
    if (status != MAIL_OK) message_throw(tree->cp, &tree->error, false);
    return status == MAIL_OK;
}

static bool fail(struct tree *tree, int code, const char *text) {
    cp_throw(tree->cp, CP_ERROR_MIME, code, "%s", text);
    return false;
}

/* ---- content ---- */

/* A String is UTF-8, so what else its type says would be a lie. */
static bool check_charset(struct tree *tree, cp_value options, const char *text, size_t size) {
    cp_value charset = mime_option(options, "charset");
    const char *name;
    size_t length;
    if (charset == CP_UNSET || !cp_bytes_of(charset, &name, &length)) return true;
    if (length == 5 && strncasecmp(name, "utf-8", 5) == 0) return true;
    if (utf8_text_is_ascii(text, size)) return true;
    cp_throw(tree->cp, CP_ERROR_MIME, MIME_ERROR_ENCODING, "the text is in UTF-8, it cannot go as %s",
             message_quoted(tree->cp, charset));
    return false;
}

/* A small text file becomes text in memory. */
static bool set_text_file(struct tree *tree, struct mime_part *part, const char *path) {
    const struct mime_files *files = &mime_files_posix;
    int64_t size = 0, done = 0;
    int handle = files->open(files->context, path, &size);
    if (handle < 0) return ok(tree, mail_error_set_file(&tree->error, path, -handle));
    if (size > TEXT_FILE_MOST) {
        files->close(files->context, handle);
        return ok(tree, mime_part_set_file(part, path, &tree->error));
    }
    char *text = malloc((size_t)size + 1);
    ssize_t count = text ? 1 : -ENOMEM;
    while (done < size && count > 0) {
        count = files->read(files->context, handle, text + done, (size_t)(size - done));
        if (count > 0) done += count;
    }
    files->close(files->context, handle);
    if (count >= 0) return ok(tree, mime_part_set_text(part, text, (size_t)done, MIME_TAKE, &tree->error));
    free(text);
    return ok(tree, mail_error_set_file(&tree->error, path, (int)-count));
}

/* ---- content that was parsed ---- */

/* The same content decoded again, as often as it is asked for. */
struct parsed_reader {
    const struct mime_parsed *parsed; /* kept alive by the Mime, which is in `kept` */
    uint32_t entity;
    struct mime_content_reader content;
    size_t start, end; /* of what is decoded and not yet taken */
    char decoded[MIME_CONTENT_PIECE];
};

static int rewind_parsed(void *context) {
    struct parsed_reader *reader = context;
    mime_content_init(&reader->content, &reader->parsed->source, reader->parsed->document, reader->entity);
    reader->start = reader->end = 0;
    return 0;
}

static ssize_t read_parsed(void *context, char *buffer, size_t size) {
    struct parsed_reader *reader = context;
    if (reader->start == reader->end) {
        ssize_t count = mime_content_read(&reader->content, reader->decoded, sizeof reader->decoded);
        if (count <= 0) return count;
        reader->start = 0;
        reader->end = (size_t)count;
    }
    size_t count = reader->end - reader->start < size ? reader->end - reader->start : size;
    memcpy(buffer, reader->decoded + reader->start, count);
    reader->start += count;
    return (ssize_t)count;
}

/* The size is found by decoding once. */
static bool set_reader(struct tree *tree, struct mime_part *part, cp_value self) {
    const struct mime_object *m = mime_object_of(self);
    struct parsed_reader *reader = calloc(1, sizeof *reader);
    int64_t size = 0;
    ssize_t count;
    if (reader == NULL) return ok(tree, mail_error_no_memory(&tree->error));
    reader->parsed = m->parsed;
    reader->entity = m->entity;
    rewind_parsed(reader);
    while ((count = mime_content_read(&reader->content, reader->decoded, sizeof reader->decoded)) > 0) size += count;
    if (count < 0) {
        free(reader);
        mime_parsed_throw(tree->cp, (int)count);
        return false;
    }
    struct mime_reader made = {
        .context = reader, .rewind = rewind_parsed, .read = read_parsed, .release = free, .size = size};
    rewind_parsed(reader);
    return ok(tree, mime_part_set_reader(part, &made, &tree->error));
}

/* A text that was parsed is written in UTF-8, whatever it came in. */
static bool set_parsed_text(struct tree *tree, struct mime_part *part, cp_value self) {
    const struct mime_object *m = mime_object_of(self);
    struct mail_buffer text = {0};
    if (!mime_parsed_text(tree->cp, m->parsed, m->entity, &text)) return false;
    size_t size = text.size;
    char *bytes = mail_buffer_take(&text);
    if (bytes == NULL) return ok(tree, mail_error_no_memory(&tree->error));
    return ok(tree, mime_part_set_text(part, bytes, size, MIME_TAKE, &tree->error));
}

static bool is_text_leaf(cp_context *cp, cp_value self) {
    const struct mime_object *m = mime_object_of(self);
    return m->kind == MIME_OBJECT_PARSED && mime_parsed_entity(m)->kind == MIME_LEAF &&
           equals(cp_slots(cp, self)[MIME_SLOT_TYPE], "text");
}

/* A message within the message, as it came or as it was changed. In 8-bit bytes it could not be sent everywhere, and
   RFC 2046 5.2.1 forbids to encode it: then it becomes a file. */
static bool set_message(struct tree *tree, struct mime_part *part, cp_value self) {
    cp_value children, bytes;
    const char *text;
    size_t size;
    if (!mime_object_children(tree->cp, self, &children)) return false;
    bytes = cp_is_cell(children) ? cp_send_z(tree->cp, cp_head(children), "binary", NULL, 0) : CP_NIL;
    if (bytes == CP_THROWN) return false;
    if (bytes == CP_NIL) bytes = cp_binary_n(tree->cp, NULL, 0);
    cp_list_add(tree->kept, bytes);
    cp_bytes_of(bytes, &text, &size);
    struct text_traits traits;
    text_examine(&traits, text, size);
    bool plain = !traits.has_8bit && !traits.has_nul && !traits.has_bare_cr && traits.longest_line <= 998;
    if (plain) return ok(tree, mime_part_set_text(part, (char *)text, size, MIME_BORROW, &tree->error));
    return ok(tree, mime_part_set_bytes(part, (char *)text, size, MIME_BORROW, &tree->error));
}

static bool set_parsed(struct tree *tree, struct mime_part *part, cp_value self) {
    cp_list_add(tree->kept, self);
    if (mime_parsed_entity(mime_object_of(self))->kind == MIME_MESSAGE_OF) return set_message(tree, part, self);
    return is_text_leaf(tree->cp, self) ? set_parsed_text(tree, part, self) : set_reader(tree, part, self);
}

/* ---- content ---- */

static bool set_content(struct tree *tree, struct mime_part *part, cp_value self) {
    const struct mime_object *m = mime_object_of(self);
    const char *bytes;
    size_t size;
    if (m->kind == MIME_OBJECT_EMPTY) return true;
    if (m->kind == MIME_OBJECT_PARSED) return set_parsed(tree, part, self);
    cp_list_add(tree->kept, m->content);
    cp_bytes_of(m->content, &bytes, &size);
    switch (m->kind) {
    case MIME_OBJECT_TEXT:
        if (!check_charset(tree, cp_slots(tree->cp, self)[MIME_SLOT_OPTIONS], bytes, size) ||
            !ok(tree, mime_part_set_text(part, (char *)bytes, size, MIME_BORROW, &tree->error)))
            return false;
        mime_part_set_owner(part, message_share_owner(m->content));
        return true;
    case MIME_OBJECT_BYTES:
        if (!ok(tree, mime_part_set_bytes(part, (char *)bytes, size, MIME_BORROW, &tree->error))) return false;
        mime_part_set_owner(part, message_share_owner(m->content));
        return true;
    case MIME_OBJECT_TEXT_FILE: return set_text_file(tree, part, cp_text_z(tree->cp, m->content));
    default: return ok(tree, mime_part_set_file(part, cp_text_z(tree->cp, m->content), &tree->error));
    }
}

/* ---- properties ---- */

typedef enum mail_status (*set_option)(struct mime_part *part, const char *name, const char *value, size_t size,
                                       struct mail_error *error);

static bool set_options(struct tree *tree, struct mime_part *part, cp_value options, set_option set,
                        const char *except) {
    cp_context *cp = tree->cp;
    for (; cp_is_cell(options); options = cp_tail(options)) {
        const char *name = cp_text_z(cp, cp_head(cp_head(options))), *bytes;
        cp_value value = cp_head(cp_tail(cp_head(options)));
        size_t size;
        if (strcasecmp(name, except) == 0) continue;
        if (cp_is_number(value)) value = cp_to_string(cp, value);
        cp_bytes_of(value, &bytes, &size);
        if (!ok(tree, set(part, name, bytes, size, &tree->error))) return false;
    }
    return true;
}

static bool set_type(struct tree *tree, struct mime_part *part, cp_value self) {
    cp_context *cp = tree->cp;
    cp_value type, sub_type, options = cp_slots(cp, self)[MIME_SLOT_OPTIONS];
    mime_object_type(cp, self, &type, &sub_type);
    cp_value whole = cp_string_format(cp, "%s/%s", cp_text_z(cp, type), cp_text_z(cp, sub_type));
    bool message = mime_object_of(self)->kind == MIME_OBJECT_PARSED && equals(type, "message");
    if (message && mime_part_content(part) != MIME_TEXT) whole = cp_string_z(cp, MEDIA_TYPE_UNKNOWN);
    return mime_check_options(cp, "mediaOptions", options) &&
           ok(tree, mime_part_set_type(part, cp_text_z(cp, whole), &tree->error)) &&
           set_options(tree, part, options, mime_part_set_type_parameter,
                       is_text_leaf(cp, self) ? "charset" : "boundary");
}

static bool set_disposition(struct tree *tree, struct mime_part *part, cp_value self) {
    cp_context *cp = tree->cp;
    const cp_value *slots = cp_slots(cp, self);
    cp_value disposition = slots[MIME_SLOT_DISPOSITION], options = slots[MIME_SLOT_DISPOSITION_OPTIONS];
    if (!mime_check_options(cp, "dispositionOptions", options)) return false;
    if (disposition == CP_NIL) {
        if (options == CP_NIL) return true;
        disposition = cp_string_z(cp, "attachment");
    }
    cp_value name = mime_option(options, "filename");
    const char *bytes = NULL;
    size_t size = 0;
    if (name != CP_UNSET && cp_is_number(name)) name = cp_to_string(cp, name);
    if (name != CP_UNSET) cp_bytes_of(name, &bytes, &size);
    return ok(tree, mime_part_set_disposition(part, cp_text_z(cp, disposition), bytes, size, &tree->error)) &&
           set_options(tree, part, options, mime_part_set_disposition_parameter, "filename");
}

/* Headers of what was parsed and not changed have those among them that are set otherwise. */
static cp_value written_headers(cp_context *cp, cp_value self) {
    static const char *const others[] = {"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
                                         "Content-Disposition", "Content-ID"};
    cp_value headers = mime_object_headers(cp, self);
    if (!mime_object_of(self)->parsed || headers == CP_THROWN) return headers;
    cp_list_builder list = {0};
    for (; cp_is_cell(headers); headers = cp_tail(headers)) {
        bool other = false;
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            other |= equals(cp_head(cp_head(headers)), others[i]);
        if (!other) cp_list_add(&list, cp_head(headers));
    }
    return list.list;
}

static bool set_rest(struct tree *tree, struct mime_part *part, cp_value self) {
    cp_context *cp = tree->cp;
    const cp_value *slots = cp_slots(cp, self);
    cp_value encoding = slots[MIME_SLOT_ENCODING], headers = written_headers(cp, self),
             id = slots[MIME_SLOT_CONTENT_ID];
    const struct mime_object *m = mime_object_of(self);
    if (m->parsed && !m->touched) encoding = CP_NIL; /* what it came in may be wrong for what it is */
    if (headers == CP_THROWN) return false;
    if (encoding != CP_NIL) {
        enum transfer_encoding wanted = transfer_encoding_from_name(cp_string_text(encoding), cp_string_size(encoding));
        if (!ok(tree, mime_part_set_encoding(part, wanted, &tree->error))) return false;
    }
    if (id != CP_NIL && !ok(tree, mime_part_set_content_id(part, cp_text_z(cp, id), &tree->error))) return false;
    return message_check_headers(cp, "headers", headers) && message_add_headers(cp, part, headers);
}

/* ---- the tree ---- */

static struct mime_part *build(struct tree *tree, cp_value self, int depth);

static bool add_children(struct tree *tree, struct mime_part *part, cp_value self, int depth) {
    cp_value boundary = cp_slots(tree->cp, self)[MIME_SLOT_SEPARATOR], children;
    const struct mime_object *m = mime_object_of(self);
    if (m->parsed && !m->touched) boundary = CP_NIL; /* the parts may be encoded in another way than they came */
    if (!mime_object_children(tree->cp, self, &children)) return false;
    if (boundary != CP_NIL && !ok(tree, mime_part_set_boundary(part, cp_text_z(tree->cp, boundary), &tree->error)))
        return false;
    for (cp_value rest = children; cp_is_cell(rest); rest = cp_tail(rest)) {
        struct mime_part *child = build(tree, cp_head(rest), depth + 1);
        if (child == NULL) return false;
        if (ok(tree, mime_part_append(part, child, &tree->error))) continue;
        mime_part_free(child);
        return false;
    }
    return true;
}

static bool fill(struct tree *tree, struct mime_part *part, cp_value self, int depth) {
    bool multipart = mime_object_is_multipart(tree->cp, self);
    const struct mime_object *m = mime_object_of(self);
    bool parsed = m->kind == MIME_OBJECT_PARSED;
    cp_value children;
    if (parsed && !mime_object_children(tree->cp, self, &children)) return false;
    if (multipart && (parsed ? mime_parsed_entity(m)->kind != MIME_MULTIPART_OF : m->kind != MIME_OBJECT_EMPTY))
        return fail(tree, MIME_ERROR_STRUCTURE, "a multipart has parts, no content of its own: set another mediaType");
    if (!multipart && m->children.list != CP_NIL && (!parsed || mime_parsed_entity(m)->kind == MIME_MULTIPART_OF))
        return fail(tree, MIME_ERROR_STRUCTURE, "only a multipart has parts: the mediaType must stay multipart");
    if (multipart && m->children.list == CP_NIL)
        return fail(tree, MIME_ERROR_STRUCTURE, "a multipart needs at least one part");
    if (multipart && !ok(tree, mime_part_set_multipart(part, "mixed", &tree->error))) return false;
    if (!multipart && !set_content(tree, part, self)) return false;
    return set_type(tree, part, self) && set_disposition(tree, part, self) && set_rest(tree, part, self) &&
           (!multipart || add_children(tree, part, self, depth));
}

/* One Mime may stand in several places, so a few objects can be very many parts: both are bounded. */
static struct mime_part *build(struct tree *tree, cp_value self, int depth) {
    if (depth > MIME_DEPTH_LIMIT || ++tree->parts > MIME_PART_LIMIT) {
        fail(tree, MIME_ERROR_LIMIT,
             depth > MIME_DEPTH_LIMIT ? "parts nest too deep, or one is inside itself"
                                      : "the message has too many parts");
        return NULL;
    }
    struct mime_part *part = mime_part_new();
    if (part == NULL) {
        ok(tree, mail_error_no_memory(&tree->error));
        return NULL;
    }
    if (fill(tree, part, self, depth)) return part;
    mime_part_free(part);
    return NULL;
}

struct mime_part *mime_object_part(cp_context *cp, cp_value mime, cp_list_builder *kept) {
    struct tree tree = {.cp = cp, .kept = kept};
    return build(&tree, mime, 1);
}
