/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_class.c: the class Mime: a message or a part of one, built step by step.
 *
 * startMultipart opens a multipart, attach... adds to the innermost that is open, end closes it. What is added is a
 * Mime too and is given back, so that its properties can be changed.
 */
#include "modules/message/mime_parsed.h"

#include <strings.h>

#include "modules/header/header_parameter.h"
#include "modules/header/media_type.h"
#include "modules/header/message_id.h"

/* ---- helpers ---- */

static cp_value bad(cp_context *cp, const char *field, const char *wanted, cp_value value) {
    return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is %s, not %s", field, wanted,
                    message_quoted(cp, value));
}

static cp_value structure(cp_context *cp, const char *text) {
    return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_STRUCTURE, "%s", text);
}

static cp_value check_token(cp_context *cp, const char *field, cp_value value) {
    if (value == CP_NIL || header_token_is_valid(cp_string_text(value), cp_string_size(value))) return value;
    return bad(cp, field, "a word of MIME", value);
}

static cp_value check_options(cp_context *cp, const char *field, cp_value value) {
    return mime_check_options(cp, field, value) ? value : CP_THROWN;
}

/* The system's randomness, or `own` when this Mime has a seed; `purpose` tells its uses apart. */
static struct mail_random *random_of(cp_context *cp, cp_value self, struct mail_random *own, uint64_t purpose) {
    int64_t seed;
    cp_value value = cp_slots(cp, self)[MIME_SLOT_SEED];
    if (value == CP_NIL || !cp_to_int64(value, &seed)) return message_random(cp);
    mail_random_init_seed(own, (uint64_t)seed ^ purpose << 32);
    return own;
}

static cp_value new_boundary(cp_context *cp, cp_value self) {
    enum { LETTERS = 24 };
    char boundary[2 + LETTERS] = "=_"; /* cannot occur in quoted-printable: RFC 2045 6.7 */
    struct mail_random own, *random = random_of(cp, self, &own, 1 + mime_object_of(self)->boundaries++);
    mail_random_letters(random, boundary + 2, LETTERS);
    if (random->failed) return structure(cp, "the system gives no random numbers for a boundary");
    return cp_string_n(cp, boundary, sizeof boundary);
}

static cp_value new_mime(cp_context *cp, cp_value like) { return cp_new(cp, cp_class_of(cp, like)); }

static void set_option(cp_context *cp, cp_value *options, const char *name, cp_value value) {
    cp_value pair[] = {cp_string_z(cp, name), value};
    *options = cp_cons(cp_list_n(pair, 2), CP_NIL);
}

/* Splits "type/subtype" into two slots. */
static bool set_type(cp_context *cp, cp_value *slots, const char *type) {
    const char *slash = strchr(type, '/');
    if (!slash || !media_type_is_valid(type, strlen(type))) return false;
    slots[MIME_SLOT_TYPE] = cp_string_n(cp, type, (size_t)(slash - type));
    slots[MIME_SLOT_SUB_TYPE] = cp_string_z(cp, slash + 1);
    return true;
}

/* ---- properties ---- */

static cp_value set_separator(cp_context *cp, cp_value self, cp_value value) {
    struct mail_error error;
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    if (value == CP_NIL) return value;
    if (!message_check_line(cp, "separator", value)) return CP_THROWN;
    struct mime_part *trial = mime_part_new();
    enum mail_status status = trial ? mime_part_set_multipart(trial, "mixed", &error) : mail_error_no_memory(&error);
    if (status == MAIL_OK) status = mime_part_set_boundary(trial, cp_text_z(cp, value), &error);
    mime_part_free(trial);
    return status == MAIL_OK ? value : message_throw(cp, &error, false);
}
static cp_value get_headers(cp_context *cp, cp_value self) { return mime_object_headers(cp, self); }
static cp_value set_headers(cp_context *cp, cp_value self, cp_value value) {
    if (!message_check_headers(cp, "headers", value) || !mime_object_touch(cp, self)) return CP_THROWN;
    return mime_object_of(self)->headers = value;
}
static cp_value set_version(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    bool fine = value != CP_NIL && cp_string_size(value) == 3 && memcmp(cp_string_text(value), "1.0", 3) == 0;
    return fine ? value : bad(cp, "version", "\"1.0\", of which there is no other (RFC 2045 4)", value);
}
static cp_value set_encoding(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    if (value == CP_NIL || transfer_encoding_from_name(cp_string_text(value), cp_string_size(value))) return value;
    return bad(cp, "contentTransferEncoding", "7bit, 8bit, quoted-printable or base64", value);
}
static cp_value set_media_type(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    return check_token(cp, "mediaType", value);
}
static cp_value set_media_sub_type(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    return check_token(cp, "mediaSubType", value);
}
static cp_value set_media_options(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    if (mime_option(value, "boundary") != CP_UNSET)
        return bad(cp, "mediaOptions", "without the boundary, which is `separator`", value);
    return check_options(cp, "mediaOptions", value);
}
static cp_value set_disposition_type(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    return check_token(cp, "dispositionType", value);
}
static cp_value set_disposition_options(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    return check_options(cp, "dispositionOptions", value);
}
static cp_value set_content_id(cp_context *cp, cp_value self, cp_value value) {
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    if (value == CP_NIL) return value;
    if (!message_check_line(cp, "contentId", value)) return CP_THROWN;
    cp_value id = *cp_text_z(cp, value) == '<' ? value : cp_string_format(cp, "<%s>", cp_text_z(cp, value));
    return message_id_is_valid(cp_string_text(id), cp_string_size(id))
               ? id
               : bad(cp, "contentId", "of the form <x@y>", value);
}

static cp_value get_content_type(cp_context *cp, cp_value self) {
    cp_value type, sub_type, *slots = cp_slots(cp, self), options = slots[MIME_SLOT_OPTIONS], boundary;
    mime_object_type(cp, self, &type, &sub_type);
    if (mime_object_is_multipart(cp, self) && slots[MIME_SLOT_SEPARATOR] != CP_NIL) {
        set_option(cp, &boundary, "boundary", slots[MIME_SLOT_SEPARATOR]);
        options = cp_cons(cp_head(boundary), options);
    }
    return mime_options_text(cp, cp_string_format(cp, "%s/%s", cp_text_z(cp, type), cp_text_z(cp, sub_type)), options);
}
static cp_value set_content_type(cp_context *cp, cp_value self, cp_value value) {
    cp_value *slots = cp_slots(cp, self), type, options, boundary;
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    if (value == CP_NIL) {
        slots[MIME_SLOT_TYPE] = slots[MIME_SLOT_SUB_TYPE] = slots[MIME_SLOT_OPTIONS] = CP_NIL;
        return value;
    }
    if (!mime_split_options(cp, "contentType", value, &type, &options)) return CP_THROWN;
    const char *text = cp_text_z(cp, type);
    if (!media_type_is_valid(text, strlen(text))) return bad(cp, "contentType", "of the form type/subtype", value);
    boundary = mime_option(options, "boundary");
    if (boundary != CP_UNSET) { /* it lives in the separator */
        if (set_separator(cp, self, boundary) == CP_THROWN) return CP_THROWN;
        cp_list_builder others = {0};
        for (; cp_is_cell(options); options = cp_tail(options))
            if (mime_option(cp_cons(cp_head(options), CP_NIL), "boundary") == CP_UNSET)
                cp_list_add(&others, cp_head(options));
        options = others.list;
        slots[MIME_SLOT_SEPARATOR] = boundary;
    }
    if (!mime_check_options(cp, "contentType", options)) return CP_THROWN;
    set_type(cp, slots, text);
    slots[MIME_SLOT_OPTIONS] = options;
    return value;
}

static cp_value get_content_disposition(cp_context *cp, cp_value self) {
    const cp_value *slots = cp_slots(cp, self);
    if (slots[MIME_SLOT_DISPOSITION] == CP_NIL) return CP_NIL;
    return mime_options_text(cp, slots[MIME_SLOT_DISPOSITION], slots[MIME_SLOT_DISPOSITION_OPTIONS]);
}
static cp_value set_content_disposition(cp_context *cp, cp_value self, cp_value value) {
    cp_value *slots = cp_slots(cp, self), type = CP_NIL, options = CP_NIL;
    if (!mime_object_touch(cp, self)) return CP_THROWN;
    if (value != CP_NIL) {
        if (!mime_split_options(cp, "contentDisposition", value, &type, &options)) return CP_THROWN;
        if (check_token(cp, "contentDisposition", type) == CP_THROWN ||
            !mime_check_options(cp, "contentDisposition", options))
            return CP_THROWN;
    }
    slots[MIME_SLOT_DISPOSITION] = type;
    slots[MIME_SLOT_DISPOSITION_OPTIONS] = options;
    return value;
}

static cp_value get_error_class(cp_context *cp, cp_value self) {
    (void)cp, (void)self;
    return cp_fixnum(CP_ERROR_MIME);
}

static const cp_property_def properties[] = {
    {"separator", "String", CP_READ_WRITE, NULL, NULL, set_separator,
     "The boundary between the parts of a multipart; startMultipart makes one that cannot be guessed. Errors: 1.8 not "
     "as RFC "
     "2046 5.1.1 has it."},
    {"headers", "List", CP_READ_WRITE, NULL, get_headers, set_headers,
     "Further headers, each a List (name value). Addresses and other text may have any characters but newlines. Of a "
     "message that was parsed: all headers in their order, decoded; those that other properties write are left out "
     "when "
     "it is written anew. Errors: 1.8."},
    {"rawHeaders", "List", CP_READ_ONLY, NULL, mime_get_raw_headers, NULL,
     "All headers in their order, each a List (name value), the value as it stands in the message, folded and encoded. "
     "Errors: as `string`."},
    {"fileName", "String", CP_READ_ONLY, NULL, mime_get_file_name, NULL,
     "The name that the sender gave this part, decoded, or (). It may be anything: `saveTo` makes it safe."},
    {"defects", "List", CP_READ_ONLY, NULL, mime_get_defects, NULL,
     "What was wrong with the form of a part that was parsed, each a String; of the message itself, what was wrong "
     "anywhere in it."},
    {"version", "String", CP_READ_WRITE, "\"1.0\"", NULL, set_version,
     "MIME-Version, which is always 1.0. Errors: 1.8."},
    {"contentTransferEncoding", "String", CP_READ_WRITE, NULL, NULL, set_encoding,
     "7bit, 8bit, quoted-printable or base64; () leaves the choice to the moment of writing. Errors: 1.8."},
    {"mediaType", "String", CP_READ_WRITE, NULL, NULL, set_media_type,
     "The first half of the content's type, as \"text\"; \"multipart\" makes it a multipart. Errors: 1.8."},
    {"mediaSubType", "String", CP_READ_WRITE, NULL, NULL, set_media_sub_type,
     "The second half of the content's type, as \"plain\". Errors: 1.8."},
    {"mediaOptions", "List", CP_READ_WRITE, NULL, NULL, set_media_options,
     "Parameters of the type, each a List (name value), as ((\"charset\" \"utf-8\")). Errors: 1.8."},
    {"dispositionType", "String", CP_READ_WRITE, NULL, NULL, set_disposition_type,
     "\"attachment\", \"inline\", or () for none. Errors: 1.8."},
    {"dispositionOptions", "List", CP_READ_WRITE, NULL, NULL, set_disposition_options,
     "Parameters of the disposition, each a List (name value), as ((\"filename\" \"a.pdf\")). Errors: 1.8."},
    {"contentId", "String", CP_READ_WRITE, NULL, NULL, set_content_id,
     "What HTML in the same multipart/related shows as cid:x@y; kept with its angle brackets. Errors: 1.8."},
    {"seed", "Integer", CP_READ_WRITE, NULL, NULL, NULL,
     "Makes the boundaries the same in each run, for tests: to be set before startMultipart, as by (create Mime seed: "
     "7). A "
     "message that is sent should have none, so that nobody can guess them."},
    {"contentType", "String", CP_READ_WRITE, NULL, get_content_type, set_content_type,
     "mediaType, mediaSubType, mediaOptions and the boundary as one: \"text/plain; charset=utf-8\". Errors: 1.8."},
    {"contentDisposition", "String", CP_READ_WRITE, NULL, get_content_disposition, set_content_disposition,
     "dispositionType and dispositionOptions as one: \"attachment; filename=a.pdf\". Errors: 1.8."},
    {"errorClass", "Integer", CP_READ_ONLY, NULL, get_error_class, NULL, "The class of this class's Errors: 11."},
    {0},
};

/* ---- where parts go ---- */

/* The multipart that is open, or () when this Mime is still nothing. CP_THROWN. */
static cp_value open_multipart(cp_context *cp, cp_value self) {
    struct mime_object *m = mime_object_of(self);
    bool parsed = m->kind == MIME_OBJECT_PARSED && mime_object_is_multipart(cp, self);
    if (parsed && !mime_object_touch(cp, self)) return CP_THROWN;
    if (m->kind != MIME_OBJECT_EMPTY && !parsed)
        return structure(cp, "this Mime has its content already: for more than one part begin with startMultipart");
    if (cp_is_cell(m->open)) return cp_head(m->open);
    if (!mime_object_is_multipart(cp, self)) return CP_NIL;
    if (m->ended) return structure(cp, "the multipart was ended: nothing can be added to it");
    m->started = true;
    return self;
}

static void add_child(cp_value multipart, cp_value child) { cp_list_add(&mime_object_of(multipart)->children, child); }

/* The Mime that takes new content: a new part of the open multipart, or this one. CP_THROWN. */
static cp_value new_part(cp_context *cp, cp_value self) {
    cp_value multipart = open_multipart(cp, self);
    if (multipart == CP_THROWN) return CP_THROWN;
    if (multipart == CP_NIL) return self;
    cp_value part = new_mime(cp, self);
    add_child(multipart, part);
    return part;
}

/* ---- methods ---- */

static cp_value method_new_boundary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    cp_value boundary = new_boundary(cp, self);
    if (boundary != CP_THROWN) cp_slots(cp, self)[MIME_SLOT_SEPARATOR] = boundary;
    return boundary;
}

static cp_value method_start_multipart(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct mime_object *m = mime_object_of(self);
    cp_value subtype = arguments[0], boundary, target = self;
    if (check_token(cp, "subtype", subtype) == CP_THROWN) return CP_THROWN;
    cp_value multipart = m->started || m->kind != MIME_OBJECT_EMPTY ? open_multipart(cp, self) : CP_NIL;
    if (multipart == CP_THROWN || (boundary = new_boundary(cp, self)) == CP_THROWN) return CP_THROWN;
    if (multipart != CP_NIL) target = new_mime(cp, self);
    cp_value *slots = cp_slots(cp, target);
    bool known = mime_object_is_multipart(cp, target) && slots[MIME_SLOT_SUB_TYPE] != CP_NIL;
    if (subtype != CP_NIL) slots[MIME_SLOT_SUB_TYPE] = subtype;
    else if (!known) slots[MIME_SLOT_SUB_TYPE] = cp_string_z(cp, "mixed");
    slots[MIME_SLOT_TYPE] = cp_string_z(cp, "multipart");
    if (slots[MIME_SLOT_SEPARATOR] == CP_NIL) slots[MIME_SLOT_SEPARATOR] = boundary;
    mime_object_of(target)->started = true;
    if (multipart != CP_NIL) {
        add_child(multipart, target);
        m->open = cp_cons(target, m->open);
    }
    return target;
}

static cp_value method_end(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    struct mime_object *m = mime_object_of(self);
    if (cp_is_cell(m->open)) {
        mime_object_of(cp_head(m->open))->ended = true;
        m->open = cp_tail(m->open);
    } else {
        if (!m->started || m->ended)
            return structure(cp, "there is no multipart to end: it begins with startMultipart");
        m->ended = true;
    }
    return CP_NIL;
}

/* A file as a new part. Type NULL: from the extension. */
static cp_value attach_file(cp_context *cp, cp_value self, cp_value path, cp_value name, const char *type, bool text) {
    if (!attachment_check_path(cp, "the file", path, text || name != CP_NIL)) return CP_THROWN;
    if (name != CP_NIL && !message_check_line(cp, "an attachment's file name", name)) return CP_THROWN;
    cp_value part = new_part(cp, self);
    if (part == CP_THROWN) return CP_THROWN;
    struct mime_object *m = mime_object_of(part);
    cp_value *slots = cp_slots(cp, part);
    m->kind = text ? MIME_OBJECT_TEXT_FILE : MIME_OBJECT_FILE;
    m->content = path;
    if (name == CP_NIL) name = attachment_path_name(cp, path);
    if (!type) type = media_type_from_path(cp_text_z(cp, name));
    if (strncmp(type, "message/", 8) == 0)
        type = MEDIA_TYPE_UNKNOWN; /* goes in base64, which RFC 2046 5.2 forbids them */
    if (slots[MIME_SLOT_TYPE] == CP_NIL) set_type(cp, slots, type);
    if (!text && slots[MIME_SLOT_DISPOSITION] == CP_NIL) {
        slots[MIME_SLOT_DISPOSITION] = cp_string_z(cp, "attachment");
        set_option(cp, &slots[MIME_SLOT_DISPOSITION_OPTIONS], "filename", name);
    }
    return part;
}

static cp_value method_attach_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return attach_file(cp, self, arguments[0], arguments[1], NULL, false);
}
static cp_value method_attach_text_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return attach_file(cp, self, arguments[0], CP_NIL, "text/plain", true);
}
static cp_value method_attach_html_file(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return attach_file(cp, self, arguments[0], CP_NIL, "text/html", true);
}
static cp_value method_attach_gif(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return attach_file(cp, self, arguments[0], arguments[1], "image/gif", false);
}
static cp_value method_attach_jpeg(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return attach_file(cp, self, arguments[0], arguments[1], "image/jpeg", false);
}
static cp_value method_attach_bitmap(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return attach_file(cp, self, arguments[0], arguments[1], "image/bmp", false);
}
static cp_value method_attach_ms_word(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return attach_file(cp, self, arguments[0], arguments[1], "application/msword", false);
}

static cp_value method_attach_data(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value name = arguments[0], content = arguments[1], type = arguments[2], start, options = CP_NIL;
    const char *bytes;
    size_t size;
    if (name != CP_NIL && !message_check_line(cp, "an attachment's file name", name)) return CP_THROWN;
    const char *chosen = name != CP_NIL          ? media_type_from_path(cp_text_z(cp, name))
                         : cp_is_string(content) ? "text/plain"
                                                 : MEDIA_TYPE_UNKNOWN;
    if (strncmp(chosen, "message/", 8) == 0) chosen = MEDIA_TYPE_UNKNOWN;
    if (type != CP_NIL) {
        if (!mime_split_options(cp, "type", type, &start, &options) || !mime_check_options(cp, "type", options))
            return CP_THROWN;
        chosen = cp_text_z(cp, start);
        if (!media_type_is_valid(chosen, strlen(chosen))) return bad(cp, "type", "of the form type/subtype", type);
        if (strncasecmp(chosen, "multipart/", 10) == 0)
            return bad(cp, "type", "not multipart: use startMultipart", type);
    }
    cp_value part = new_part(cp, self);
    if (part == CP_THROWN) return CP_THROWN;
    struct mime_object *m = mime_object_of(part);
    cp_value *slots = cp_slots(cp, part);
    bool text = cp_is_string(content) && name == CP_NIL && media_type_is_text(chosen);
    if (cp_is_buffer(content)) { /* may move when it grows */
        cp_bytes_of(content, &bytes, &size);
        content = cp_binary_n(cp, bytes, size);
    }
    m->kind = text || (cp_is_string(content) && strncasecmp(chosen, "message/", 8) == 0) ? MIME_OBJECT_TEXT
                                                                                         : MIME_OBJECT_BYTES;
    m->content = content;
    if (type != CP_NIL || slots[MIME_SLOT_TYPE] == CP_NIL) {
        set_type(cp, slots, chosen);
        slots[MIME_SLOT_OPTIONS] = options;
    }
    if (name != CP_NIL && slots[MIME_SLOT_DISPOSITION] == CP_NIL) {
        slots[MIME_SLOT_DISPOSITION] = cp_string_z(cp, "attachment");
        set_option(cp, &slots[MIME_SLOT_DISPOSITION_OPTIONS], "filename", name);
    }
    return part;
}

static cp_value method_attach(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value multipart = open_multipart(cp, self);
    if (multipart == CP_THROWN) return CP_THROWN;
    if (multipart == CP_NIL) return structure(cp, "only a multipart takes parts: begin with startMultipart");
    if (arguments[0] == self || arguments[0] == multipart) return structure(cp, "a part cannot be inside itself");
    add_child(multipart, arguments[0]);
    return arguments[0];
}

/* ---- methods: the whole ---- */

enum form { FORM_STRING, FORM_BINARY, FORM_SIZE, FORM_TARGET };
enum { CAREFUL = 1 << 20 /* bytes from which memory is asked for, not taken */ };

/* What was parsed and not changed is written as it came. */
static cp_value untouched(cp_context *cp, cp_value self, enum form form, cp_value target) {
    const struct mime_object *m = mime_object_of(self);
    const struct mime_entity *e = mime_parsed_entity(m);
    if (form == FORM_SIZE) return cp_integer(cp, (int64_t)(e->end - e->start));
    struct mime_content_reader *content = cp_alloc(sizeof *content);
    mime_content_init_raw(content, &m->parsed->source, e->start, e->end);
    if (form == FORM_TARGET) return message_content_to(cp, content, target);
    size_t size = (size_t)(e->end - e->start), done = 0;
    if (size > CAREFUL && !cp_try_alloc_atomic(cp, size)) return CP_THROWN;
    cp_value result = form == FORM_BINARY ? cp_binary_n(cp, NULL, size) : cp_string_n(cp, NULL, size);
    char *out = form == FORM_BINARY ? (char *)cp_binary_of(result)->data : cp_string_of(result)->inline_text;
    while (done < size) { /* bytes as they are need no more room than there are */
        ssize_t count = mime_content_read(content, out + done, size - done);
        if (count <= 0) return mime_parsed_throw(cp, (int)count);
        done += (size_t)count;
    }
    return result;
}

static cp_value whole(cp_context *cp, cp_value self, enum form form, cp_value target) {
    if (mime_object_of(self)->kind == MIME_OBJECT_PARSED && mime_object_is_whole(self))
        return untouched(cp, self, form, target);
    cp_list_builder kept = {0};
    struct mime_writer writer = {.handle = -1};
    cp_value result = CP_THROWN;
    struct mail_random own;
    struct mime_part *root = mime_object_part(cp, self, &kept);
    if (root && message_writer_init(cp, &writer, root, MESSAGE_7BIT, random_of(cp, self, &own, 0), NULL)) {
        if (form == FORM_TARGET) result = message_writer_to(cp, &writer, target);
        else if (form == FORM_SIZE) {
            int64_t size = message_writer_size(cp, &writer);
            if (size >= 0) result = cp_integer(cp, size);
        } else result = message_writer_string(cp, &writer, form == FORM_BINARY);
    }
    mime_writer_finish(&writer);
    mime_part_free(root);
    return result;
}

static cp_value method_string(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return whole(cp, self, FORM_STRING, CP_NIL);
}
static cp_value method_binary(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return whole(cp, self, FORM_BINARY, CP_NIL);
}
static cp_value method_size(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)arguments, (void)count;
    return whole(cp, self, FORM_SIZE, CP_NIL);
}
static cp_value method_write_to(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return whole(cp, self, FORM_TARGET, arguments[0]);
}

static const cp_method_def methods[] = {
    {"newBoundary", "String", "()", method_new_boundary,
     "Makes a new random boundary, stores it in `separator` and gives it."},
    {"startMultipart", "Mime", "((subtype String ()))", method_start_multipart,
     "Begins a multipart: of this Mime, or, when that has begun, one inside the innermost that is open. By default "
     "mixed; "
     "alternative, related and others too. Gives the Mime that it is. Errors: 11.1 this Mime has content, or was "
     "ended; 1.8."},
    {"end", "NIL", "()", method_end, "Ends the innermost multipart that is open. Errors: 11.1 there is none."},
    {"attachFile", "Mime", "((path String) (name String ()))", method_attach_file,
     "Adds a file as an attachment, its type by its extension, its name the path's last component or `name`. It is "
     "read "
     "when the message is written, piece by piece. Without a multipart this Mime itself is the file. Gives the new "
     "part; "
     "so do all of these. Errors: 1.8 a newline in its name; 11.1 this Mime has content, or was ended."},
    {"attachTextFile", "Mime", "((path String))", method_attach_text_file,
     "Adds the text in a file, to be read within the message, not as an attachment. Errors: as `attachFile`."},
    {"attachHTMLFile", "Mime", "((path String))", method_attach_html_file,
     "Adds the HTML in a file, to be read within the message. Errors: as `attachFile`."},
    {"attachGIF", "Mime", "((path String) (name String ()))", method_attach_gif, "As attachFile, of type image/gif."},
    {"attachJPEG", "Mime", "((path String) (name String ()))", method_attach_jpeg,
     "As attachFile, of type image/jpeg."},
    {"attachBitmap", "Mime", "((path String) (name String ()))", method_attach_bitmap,
     "As attachFile, of type image/bmp."},
    {"attachMsWord", "Mime", "((path String) (name String ()))", method_attach_ms_word,
     "As attachFile, of type application/msword."},
    {"attachData", "Mime", "((name String ()) (content String|Binary|Buffer \"\") (type String ()))",
     method_attach_data,
     "Adds content from memory under a name, its type from the name's extension or as given, perhaps with options: "
     "\"text/csv; header=present\". With () for the name it is read within the message; a String is then text, whose "
     "line "
     "ends may become CR LF. Errors: 1.8; 11.1 as `attachFile`."},
    {"attach", "Mime", "((part Mime))", method_attach,
     "Adds a part, which may be a multipart of its own. Errors: 11.1 this is no multipart."},
    {"string", "String", "()", method_string,
     "The whole as text: headers and content, each line ending with CR LF, in US-ASCII. Errors: 1.8 bad value; 5.1 and "
     "5.3 a "
     "file cannot be read; 11.1 properties contradict each other; 11.2 the content cannot go in the encoding that was "
     "set; "
     "11.3 too many parts or too deep."},
    {"binary", "Binary", "()", method_binary, "The same as bytes."},
    {"size", "Integer", "()", method_size, "The octets of `string`. Errors: as there."},
    {"writeTo", "NIL", "(target)", method_write_to,
     "Writes the whole to a Stream, or to the file of that path, piece by piece. Errors: as `string`; 5.4."},
    {"parse", "Mime", "((source String|Binary|Buffer|Stream))", mime_method_parse,
     "Reads a message into this Mime, which must be new, and gives it. A String is the message itself; a Stream is "
     "read "
     "to its end, and a file may be of any size: its contents stay there, and must not change. Any bytes can be "
     "parsed: "
     "what is wrong with them is listed in `defects`. Unless it is changed, `string` gives the same bytes again. "
     "Errors: 5.3; 11.1 this Mime has content."},
    {"parts", "List", "()", mime_method_parts,
     "The parts of a multipart, or the message within a message/rfc822, each a Mime; otherwise (). Errors: 5.3."},
    {"walk", "NIL", "((function Function))", mime_method_walk,
     "Calls (function part) with this Mime and all parts below it, each before its own parts. Errors: the function's."},
    {"text", "String", "()", mime_method_text,
     "The text that people read: the first text/plain that is no attachment, decoded, with LF as line end, paragraphs "
     "of format=flowed in one line each, and without files in uuencode. () when there is none. Errors: as `string`."},
    {"html", "String", "()", mime_method_html,
     "The first text/html that is no attachment, decoded. () when there is none. Errors: as `string`."},
    {"attachments", "List", "()", mime_method_attachments,
     "Every part with content that is neither `text` nor `html`, each a Mime, with messages within the message and "
     "files "
     "in uuencode. Errors: as `string`."},
    {"saveTo", "List", "((folder String))", mime_method_save_to,
     "Writes each of the `attachments` (of a part with content: this one) to a new file in a folder, and gives the "
     "paths. The name is the sender's, made safe: one component, no control characters, no names that a system "
     "reserves, at most 200 bytes; one that is taken gets a number. Errors: 5.1 and 5.4; as `string`."},
    {"header", "String", "((name String))", mime_method_header,
     "The first header of that name, decoded, or (). Errors: as `string`."},
    {"allHeaders", "List", "((name String))", mime_method_all_headers,
     "The values of all headers of that name, decoded, in their order. Errors: as `string`."},
    {"content", "String|Binary", "()", mime_method_content,
     "What this part holds, decoded: a String for text, in UTF-8 with LF as line end, whatever it came in; a Binary "
     "for "
     "all else. Errors: 1.5 it is too long for the memory; as `string`."},
    {"data", "Binary", "()", mime_method_data,
     "What this part holds as bytes, with only its transfer encoding undone. Errors: as `content`."},
    {"writeContentTo", "NIL", "(target)", mime_method_write_content_to,
     "Writes what `data` gives to a Stream, or to the file of that path, piece by piece. Errors: as `string`; 5.4."},
    {"report", "MimeReport", "()", mime_method_report,
     "What a report says: of delivery (RFC 3464), of abuse (RFC 5965), of having been read (RFC 8098). () when the "
     "message "
     "is no report. Errors: as `string`."},
    {0},
};

const cp_class_def mime_class = {
    .name = "Mime",
    .doc =
        "A MIME message or a part of one: text, a file, or a multipart of others. Begin with startMultipart, add with "
        "attachTextFile, attachFile, attachData, close with end; `string` is the result. Also an attachment of "
        "SmtpMessage. Or read one with `parse`, and look at its `text`, `attachments`, `parts`, `header`.",
    .size = sizeof(struct mime_object),
    .flags = CP_CLASS_STRING_IS_CONTENT,
    .major = 1,
    .properties = properties,
    .methods = methods,
};
