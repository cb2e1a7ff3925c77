/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_part: the tree of a message that is being built (RFC 2045, 2046): headers, one kind of content, children. */
#include "modules/mime/mime_part.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/header/header_parameter.h"
#include "modules/header/header_text.h"
#include "modules/header/media_type.h"
#include "modules/header/message_id.h"
#include "modules/mime/mime_part_private.h"

struct mime_part *mime_part_new(void) {
    return calloc(1, sizeof(struct mime_part));
}

static void drop_content(struct mime_part *part) {
    if (part->owned) free(part->data);
    if (part->content == MIME_READER && part->reader.release) part->reader.release(part->reader.context);
    free(part->path);
    part->data = NULL;
    part->size = 0;
    part->owned = false;
    part->owner = NULL;
    part->path = NULL;
    memset(&part->reader, 0, sizeof part->reader);
    part->content = MIME_EMPTY;
}

static void free_parameters(struct mime_parameters *parameters) {
    for (size_t i = 0; i < parameters->count; i++) {
        free(parameters->items[i].name);
        free(parameters->items[i].value);
    }
    free(parameters->items);
}

/* Depth is bounded: mime_part_append refuses trees deeper than MIME_DEPTH_LIMIT. */
void mime_part_free(struct mime_part *part) {
    if (part == NULL) return;
    for (size_t i = 0; i < part->child_count; i++) mime_part_free(part->children[i]);
    free_parameters(&part->parameters);
    free_parameters(&part->disposition_parameters);
    drop_content(part);
    mail_buffer_free(&part->headers);
    free(part->children);
    free(part->type);
    free(part->disposition);
    free(part->file_name);
    free(part->content_id);
    free(part->boundary);
    free(part);
}

/* Put a copy of value (NULL: none) into *place. */
static enum mail_status replace(char **place, const char *value, size_t size, struct mail_error *error) {
    char *copy = NULL;
    if (value) {
        copy = malloc(size + 1);
        if (copy == NULL) return mail_error_no_memory(error);
        if (size > 0) memcpy(copy, value, size);
        copy[size] = '\0';
    }
    free(*place);
    *place = copy;
    return MAIL_OK;
}

static bool is_ours(const char *name, size_t size) {
    static const struct {
        size_t size;
        const char *name;
    } ours[] = {
        {12, "MIME-Version"},        {12, "Content-Type"}, {25, "Content-Transfer-Encoding"},
        {19, "Content-Disposition"}, {10, "Content-ID"},
    };
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        if (ours[i].size == size && strncasecmp(ours[i].name, name, size) == 0) return true;
    }
    return false;
}

static enum mail_status refuse(const char *name, size_t size, struct mail_error *error) {
    return mail_error_set(error, MAIL_MISUSE, 0, "%.*s is written by the MIME builder itself", (int)size, name);
}

enum mail_status mime_part_add_header(struct mime_part *part, const char *name, const char *value, size_t size,
                                      struct mail_error *error) {
    if (is_ours(name, strlen(name))) return refuse(name, strlen(name), error);
    size_t before = part->headers.size;
    enum mail_status status = header_write_text(&part->headers, name, value, size, error);
    if (status != MAIL_OK) part->headers.size = before;
    return status;
}

/* Whether field is one header field: a name, a colon, and lines of which all but the first begin with white space and
 * are not blank. */
static bool is_field(const char *field, size_t size, size_t *name_size) {
    const char *colon = size > 0 ? memchr(field, ':', size) : NULL;
    if (colon == NULL || !header_name_is_valid(field, (size_t)(colon - field))) return false;
    *name_size = (size_t)(colon - field);
    if (size < 2 || field[size - 2] != '\r' || field[size - 1] != '\n') return false;
    bool one_line = memchr(field, '\r', size) == field + size - 2 && memchr(field, '\n', size) == field + size - 1;
    if (one_line && size - 2 <= HEADER_LINE_HARD) return memchr(field, '\0', size) == NULL;
    size_t line = 0, visible = 1;
    for (size_t i = *name_size; i < size; i++) {
        if (field[i] == '\r') {
            if (i + 1 >= size || field[i + 1] != '\n' || i - line > HEADER_LINE_HARD || visible == 0) return false;
            if (i + 2 < size && field[i + 2] != ' ' && field[i + 2] != '\t') return false;
            line = i + 2;
            visible = 0;
            i++;
        } else if (field[i] == '\n' || field[i] == '\0') {
            return false;
        } else if (field[i] != ' ' && field[i] != '\t') {
            visible = 1;
        }
    }
    return true;
}

enum mail_status mime_part_add_field(struct mime_part *part, const char *field, size_t size, struct mail_error *error) {
    size_t name_size = 0;
    if (!is_field(field, size, &name_size))
        return mail_error_set(error, MAIL_CONTROL_CHARACTER, 0, "not one whole header field");
    if (is_ours(field, name_size)) return refuse(field, name_size, error);
    mail_buffer_append(&part->headers, field, size);
    return part->headers.failed ? mail_error_no_memory(error) : MAIL_OK;
}

const char *mime_part_type(const struct mime_part *part) {
    if (part->type) return part->type;
    return part->content == MIME_TEXT || part->content == MIME_EMPTY ? "text/plain" : MEDIA_TYPE_UNKNOWN;
}

enum mail_status mime_part_set_type(struct mime_part *part, const char *type, struct mail_error *error) {
    size_t size = strlen(type);
    if (!media_type_is_valid(type, size))
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no media type", type);
    bool multipart = strncasecmp(type, "multipart/", 10) == 0;
    if (multipart != (part->content == MIME_MULTIPART)) {
        return mail_error_set(error, MAIL_MISUSE, 0, "type '%.80s' does not suit the part's content", type);
    }
    return replace(&part->type, type, size, error);
}

/* Add the parameter, or replace it; `reserved` has a function of its own. */
static enum mail_status set_parameter(struct mime_parameters *parameters, const char *reserved, const char *name,
                                      const char *value, size_t size, struct mail_error *error) {
    struct mail_buffer trial = {0};
    size_t column = 0;
    enum mail_status status = header_write_parameter(&trial, &column, name, value, size, error);
    mail_buffer_free(&trial);
    if (status != MAIL_OK) return status;
    if (strcasecmp(name, reserved) == 0)
        return mail_error_set(error, MAIL_MISUSE, 0, "the %s has a function of its own", reserved);
    for (size_t i = 0; i < parameters->count; i++) {
        struct mime_parameter *old = &parameters->items[i];
        if (strcasecmp(old->name, name) != 0) continue;
        status = replace(&old->value, value, size, error);
        if (status == MAIL_OK) old->size = size;
        return status;
    }
    struct mime_parameter *more = realloc(parameters->items, (parameters->count + 1) * sizeof *more);
    if (more == NULL) return mail_error_no_memory(error);
    parameters->items = more;
    struct mime_parameter added = {.size = size};
    status = replace(&added.name, name, strlen(name), error);
    if (status == MAIL_OK) status = replace(&added.value, value, size, error);
    if (status != MAIL_OK) free(added.name);
    else more[parameters->count++] = added;
    return status;
}

enum mail_status mime_part_set_type_parameter(struct mime_part *part, const char *name, const char *value, size_t size,
                                              struct mail_error *error) {
    return set_parameter(&part->parameters, "boundary", name, value, size, error);
}

enum mail_status mime_part_set_disposition_parameter(struct mime_part *part, const char *name, const char *value,
                                                     size_t size, struct mail_error *error) {
    return set_parameter(&part->disposition_parameters, "filename", name, value, size, error);
}

enum mail_status mime_part_set_disposition(struct mime_part *part, const char *disposition, const char *file_name,
                                           size_t size, struct mail_error *error) {
    if (!header_token_is_valid(disposition, strlen(disposition)) || strlen(disposition) > 60) {
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no disposition", disposition);
    }
    if (file_name) {
        struct mail_buffer trial = {0};
        size_t column = 0;
        enum mail_status status = header_write_parameter(&trial, &column, "filename", file_name, size, error);
        mail_buffer_free(&trial);
        if (status != MAIL_OK) return status;
        /* The receiver must not be told a folder, in whatever system's form. */
        for (size_t i = size; i > 0; i--) {
            if (file_name[i - 1] == '/' || file_name[i - 1] == '\\') {
                file_name += i;
                size -= i;
                break;
            }
        }
        if (size == 0) file_name = NULL;
    }
    enum mail_status status = replace(&part->file_name, file_name, size, error);
    if (status == MAIL_OK) part->file_name_size = file_name ? size : 0;
    if (status == MAIL_OK) status = replace(&part->disposition, disposition, strlen(disposition), error);
    return status;
}

enum mail_status mime_part_set_content_id(struct mime_part *part, const char *content_id, struct mail_error *error) {
    if (!message_id_is_valid(content_id, strlen(content_id))) {
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no content id of the form <x@y>", content_id);
    }
    return replace(&part->content_id, content_id, strlen(content_id), error);
}

enum mail_status mime_part_set_encoding(struct mime_part *part, enum transfer_encoding encoding,
                                        struct mail_error *error) {
    if (part->content == MIME_MULTIPART && encoding != TRANSFER_AUTOMATIC) {
        return mail_error_set(error, MAIL_MISUSE, 0,
                              "a multipart has no transfer encoding of its own"); /* RFC 2045 6.4 */
    }
    part->encoding = encoding;
    return MAIL_OK;
}

/* Whether new content may be set. */
static enum mail_status check_leaf(const struct mime_part *part, struct mail_error *error) {
    if (part->content != MIME_MULTIPART) return MAIL_OK;
    return mail_error_set(error, MAIL_MISUSE, 0, "a multipart has children, no content of its own");
}

static enum mail_status set_memory(struct mime_part *part, enum mime_content content, void *data, size_t size,
                                   enum mime_ownership ownership, struct mail_error *error) {
    enum mail_status status = check_leaf(part, error);
    char *copy = NULL;
    if (status == MAIL_OK && ownership == MIME_COPY) status = replace(&copy, data, size, error);
    if (status != MAIL_OK) {
        if (ownership == MIME_TAKE) free(data);
        return status;
    }
    drop_content(part);
    part->content = content;
    part->data = ownership == MIME_COPY ? copy : data;
    part->size = size;
    part->owned = ownership != MIME_BORROW;
    return MAIL_OK;
}

enum mail_status mime_part_set_text(struct mime_part *part, char *text, size_t size, enum mime_ownership ownership,
                                    struct mail_error *error) {
    enum mail_status status = set_memory(part, MIME_TEXT, text, size, ownership, error);
    if (status == MAIL_OK) text_examine(&part->traits, part->data, part->size);
    return status;
}

enum mail_status mime_part_set_examined_text(struct mime_part *part, char *text, size_t size,
                                             enum mime_ownership ownership, const struct text_traits *traits,
                                             struct mail_error *error) {
    enum mail_status status = set_memory(part, MIME_TEXT, text, size, ownership, error);
    if (status == MAIL_OK) part->traits = *traits;
    return status;
}

void mime_part_set_owner(struct mime_part *part, const void *owner) { part->owner = owner; }

enum mail_status mime_part_set_bytes(struct mime_part *part, void *bytes, size_t size, enum mime_ownership ownership,
                                     struct mail_error *error) {
    return set_memory(part, MIME_BYTES, bytes, size, ownership, error);
}

enum mail_status mime_part_set_file(struct mime_part *part, const char *path, struct mail_error *error) {
    char *copy = NULL;
    enum mail_status status = check_leaf(part, error);
    if (status == MAIL_OK) status = replace(&copy, path, strlen(path), error);
    if (status == MAIL_OK && part->type == NULL) {
        const char *type = media_type_from_path(path);
        /* RFC 2046 5.2.1 forbids to encode message/rfc822, and we keep a file's bytes: it goes as a plain file. */
        if (strncmp(type, "message/", 8) == 0) type = MEDIA_TYPE_UNKNOWN;
        status = replace(&part->type, type, strlen(type), error);
    }
    if (status != MAIL_OK) {
        free(copy);
        return status;
    }
    drop_content(part);
    part->content = MIME_FILE;
    part->path = copy;
    return MAIL_OK;
}

enum mail_status mime_part_set_reader(struct mime_part *part, const struct mime_reader *reader,
                                      struct mail_error *error) {
    enum mail_status status = check_leaf(part, error);
    if (status == MAIL_OK && reader->read == NULL)
        status = mail_error_set(error, MAIL_MISUSE, 0, "a reader without read");
    if (status != MAIL_OK) return status;
    drop_content(part);
    part->content = MIME_READER;
    part->reader = *reader;
    return MAIL_OK;
}

enum mail_status mime_part_set_multipart(struct mime_part *part, const char *subtype, struct mail_error *error) {
    char type[160];
    size_t size = strlen(subtype);
    if (size > 127 || !header_token_is_valid(subtype, size)) {
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no multipart subtype", subtype);
    }
    memcpy(type, "multipart/", 10);
    memcpy(type + 10, subtype, size);
    enum mail_status status = replace(&part->type, type, size + 10, error);
    if (status != MAIL_OK) return status;
    if (part->content != MIME_MULTIPART) drop_content(part);
    part->content = MIME_MULTIPART;
    part->encoding = TRANSFER_AUTOMATIC;
    return MAIL_OK;
}

enum mail_status mime_part_set_boundary(struct mime_part *part, const char *boundary, struct mail_error *error) {
    size_t size = strlen(boundary);
    bool fine = size > 0 && size <= 70 && boundary[size - 1] != ' ';
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)boundary[i];
        fine &= (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("'()+_,-./:=? ", c) != NULL;
    }
    if (!fine) return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no boundary", boundary);
    return replace(&part->boundary, boundary, size, error);
}

/* Levels below and including part. */
static size_t height(const struct mime_part *part) {
    size_t most = 0;
    for (size_t i = 0; i < part->child_count; i++) {
        size_t child = height(part->children[i]);
        if (child > most) most = child;
    }
    return most + 1;
}

enum mail_status mime_part_append(struct mime_part *parent, struct mime_part *child, struct mail_error *error) {
    size_t depth = 0;
    if (parent->content != MIME_MULTIPART) return mail_error_set(error, MAIL_MISUSE, 0, "only a multipart takes parts");
    if (child->parent) return mail_error_set(error, MAIL_MISUSE, 0, "the part belongs to another one");
    for (const struct mime_part *p = parent; p; p = p->parent, depth++) {
        if (p == child) return mail_error_set(error, MAIL_MISUSE, 0, "a part cannot be inside itself");
    }
    if (depth + height(child) > MIME_DEPTH_LIMIT) {
        return mail_error_set(error, MAIL_TOO_MANY, 0, "parts nest deeper than %d", MIME_DEPTH_LIMIT);
    }
    if (parent->child_count == parent->child_capacity) {
        size_t capacity = parent->child_capacity ? parent->child_capacity * 2 : 4;
        struct mime_part **more = realloc(parent->children, capacity * sizeof *more);
        if (more == NULL) return mail_error_no_memory(error);
        parent->children = more;
        parent->child_capacity = capacity;
    }
    parent->children[parent->child_count++] = child;
    child->parent = parent;
    return MAIL_OK;
}

enum mime_content mime_part_content(const struct mime_part *part) { return part->content; }
size_t mime_part_child_count(const struct mime_part *part) { return part->child_count; }

struct mime_part *mime_part_child(const struct mime_part *part, size_t index) {
    return index < part->child_count ? part->children[index] : NULL;
}

struct mime_part *mime_part_remove(struct mime_part *parent, size_t index) {
    if (index >= parent->child_count) return NULL;
    struct mime_part *child = parent->children[index];
    memmove(parent->children + index, parent->children + index + 1, (parent->child_count - index - 1) * sizeof child);
    parent->child_count--;
    child->parent = NULL;
    return child;
}
