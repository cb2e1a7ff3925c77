/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mime_read.c: the methods of Mime that read: parse, the parts, headers, texts and contents.
 *
 * What was parsed keeps its bytes; its parts become Mimes when they are asked for. What is asked of a Mime that was
 * built, or changed since it was parsed, is answered from the message that it would be.
 */
#include "modules/message/mime_parsed.h"

#include <strings.h>

#include "modules/header/media_type.h"
#include "modules/mime/mime_text.h"

/* ---- what was parsed ---- */

cp_value mime_read_as_parsed(cp_context *cp, cp_value self) {
    if (mime_object_of(self)->parsed && mime_object_is_whole(self)) return self;
    cp_value bytes = cp_send_z(cp, self, "binary", NULL, 0);
    if (bytes == CP_THROWN) return CP_THROWN;
    struct mime_parsed *parsed = mime_parsed_new(cp, bytes, 0);
    if (parsed == NULL) return CP_THROWN;
    cp_value mime = cp_new(cp, cp_class_of(cp, self));
    mime_parsed_bind(cp, mime, parsed, 0);
    return mime;
}

bool mime_object_is_whole(cp_value self) {
    const struct mime_object *m = mime_object_of(self);
    if (m->touched) return false;
    if (m->kind != MIME_OBJECT_PARSED || !m->children_made) return true;
    for (cp_value rest = m->children.list; cp_is_cell(rest); rest = cp_tail(rest)) /* as deep as the parser went */
        if (!mime_object_is_whole(cp_head(rest))) return false;
    return true;
}

bool mime_object_touch(cp_context *cp, cp_value self) {
    struct mime_object *m = mime_object_of(self);
    cp_value children;
    if (!m->parsed || m->touched) return true;
    if (mime_object_headers(cp, self) == CP_THROWN || !mime_object_children(cp, self, &children)) return false;
    /* The parts will be written in an encoding and with a boundary of our choice. */
    cp_slots(cp, self)[MIME_SLOT_SEPARATOR] = CP_NIL;
    cp_slots(cp, self)[MIME_SLOT_ENCODING] = CP_NIL;
    m->touched = true;
    return true;
}

/* The message within a message/rfc822 in base64, which RFC 2046 5.2.1 forbids, and some send. */
static bool add_encoded_message(cp_context *cp, cp_value self, cp_list_builder *children) {
    const struct mime_object *m = mime_object_of(self);
    const struct mime_entity *e = mime_parsed_entity(m);
    struct mail_buffer bytes = {0};
    bool encoded = e->encoding == CONTENT_BASE64 || e->encoding == CONTENT_QUOTED_PRINTABLE;
    if (!encoded || m->parsed->nesting >= MIME_NESTED_MOST || e->end - e->body > MIME_NESTED_SIZE ||
        (!mime_entity_is(m->parsed->document, m->entity, "message", "rfc822") &&
         !mime_entity_is(m->parsed->document, m->entity, "message", "global")))
        return true;
    struct mime_parsed *inner = NULL;
    if (mime_parsed_content(cp, m->parsed, m->entity, MIME_NESTED_SIZE, &bytes)) {
        cp_value binary = cp_binary_n(cp, bytes.data, bytes.size);
        mail_buffer_free(&bytes);
        inner = mime_parsed_new(cp, binary, m->parsed->nesting + 1);
    }
    mail_buffer_free(&bytes);
    if (inner == NULL) return false;
    cp_value child = cp_new(cp, cp_class_of(cp, self));
    mime_parsed_bind(cp, child, inner, 0);
    cp_list_add(children, child);
    return true;
}

bool mime_object_children(cp_context *cp, cp_value self, cp_value *children) {
    struct mime_object *m = mime_object_of(self);
    if (m->parsed && !m->children_made) {
        cp_list_builder list = {0};
        const struct mime_document *d = m->parsed->document;
        for (uint32_t i = mime_parsed_entity(m)->first_child; i != MIME_NONE; i = d->entities[i].next) {
            cp_value child = cp_new(cp, cp_class_of(cp, self));
            mime_parsed_bind(cp, child, m->parsed, i);
            cp_list_add(&list, child);
        }
        if (list.list == CP_NIL && !add_encoded_message(cp, self, &list)) return false;
        m->children = list;
        m->children_made = true;
    }
    *children = m->children.list;
    return true;
}

cp_value mime_method_parse(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    struct mime_object *m = mime_object_of(self);
    if (m->kind != MIME_OBJECT_EMPTY || m->started)
        return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_STRUCTURE,
                        "this Mime has its content already: parse with a new one, (create Mime)");
    struct mime_parsed *parsed = mime_parsed_new(cp, arguments[0], 0);
    if (parsed == NULL) return CP_THROWN;
    mime_parsed_bind(cp, self, parsed, 0);
    return self;
}

/* ---- headers ---- */

static cp_value field_pair(cp_context *cp, const struct mime_object *m, uint32_t field, bool raw) {
    size_t size;
    struct mail_buffer value = {0};
    const char *name = mime_field_name(m->parsed->document, field, &size);
    cp_value pair[] = {cp_string_n(cp, name, size), CP_NIL};
    if (raw) {
        const char *bytes = mime_field_value(m->parsed->document, field, &size);
        pair[1] = cp_string_n(cp, bytes, size);
    } else {
        mime_field_decode(&value, m->parsed->document, m->entity, field);
        pair[1] = mime_buffer_string(cp, &value);
    }
    mail_buffer_free(&value);
    return cp_list_n(pair, 2);
}

static cp_value all_fields(cp_context *cp, cp_value self, bool raw) {
    const struct mime_object *m = mime_object_of(self);
    const struct mime_entity *e = mime_parsed_entity(m);
    cp_list_builder list = {0};
    for (uint32_t i = 0; i < e->field_count; i++) cp_list_add(&list, field_pair(cp, m, e->first_field + i, raw));
    return list.list;
}

cp_value mime_object_headers(cp_context *cp, cp_value self) {
    struct mime_object *m = mime_object_of(self);
    if (m->parsed && !m->headers_made) {
        m->headers = all_fields(cp, self, false);
        m->headers_made = true;
    }
    return m->headers;
}

cp_value mime_get_raw_headers(cp_context *cp, cp_value self) {
    cp_value mime = mime_read_as_parsed(cp, self);
    return mime == CP_THROWN ? CP_THROWN : all_fields(cp, mime, true);
}

cp_value mime_method_header(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value mime = mime_read_as_parsed(cp, self);
    if (mime == CP_THROWN) return CP_THROWN;
    const struct mime_object *m = mime_object_of(mime);
    struct mail_buffer value = {0};
    uint32_t field = mime_entity_find_field(m->parsed->document, m->entity, cp_text_z(cp, arguments[0]), 0);
    if (field == MIME_NONE) return CP_NIL;
    mime_field_decode(&value, m->parsed->document, m->entity, field);
    cp_value result = mime_buffer_string(cp, &value);
    mail_buffer_free(&value);
    return result;
}

cp_value mime_method_all_headers(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value mime = mime_read_as_parsed(cp, self);
    if (mime == CP_THROWN) return CP_THROWN;
    const struct mime_object *m = mime_object_of(mime);
    const struct mime_document *d = m->parsed->document;
    const char *name = cp_text_z(cp, arguments[0]);
    cp_list_builder list = {0};
    for (uint32_t i = mime_entity_find_field(d, m->entity, name, 0); i != MIME_NONE;
         i = mime_entity_find_field(d, m->entity, name, i + 1))
        cp_list_add(&list, cp_head(cp_tail(field_pair(cp, m, i, false))));
    return list.list;
}

cp_value mime_get_defects(cp_context *cp, cp_value self) {
    const struct mime_object *m = mime_object_of(self);
    cp_list_builder list = {0};
    if (!m->parsed) return CP_NIL;
    uint32_t defects = m->entity == 0 ? m->parsed->document->defects : mime_parsed_entity(m)->defects;
    for (const char *name; (name = mime_defect_next(&defects)) != NULL;) cp_list_add(&list, cp_string_z(cp, name));
    return list.list;
}

cp_value mime_get_file_name(cp_context *cp, cp_value self) {
    const cp_value *slots = cp_slots(cp, self);
    cp_value name = mime_option(slots[MIME_SLOT_DISPOSITION_OPTIONS], "filename");
    if (name == CP_UNSET || (cp_is_string(name) && cp_string_size(name) == 0))
        name = mime_option(slots[MIME_SLOT_OPTIONS], "name");
    if (name == CP_UNSET) return CP_NIL;
    return cp_is_number(name) ? cp_to_string(cp, name) : name;
}

/* ---- parts ---- */

cp_value mime_method_parts(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    cp_value children;
    cp_list_builder copy = {0};
    (void)arguments, (void)count;
    if (!mime_object_children(cp, self, &children)) return CP_THROWN;
    for (; cp_is_cell(children); children = cp_tail(children)) cp_list_add(&copy, cp_head(children));
    return copy.list;
}

/* A Mime that was built may be inside itself. */
enum { WALK_MOST = MIME_DEPTH_LIMIT + 64 * (MIME_NESTED_MOST + 1) };

static cp_value walk(cp_context *cp, cp_value self, cp_value function, int depth) {
    cp_value children;
    if (depth > WALK_MOST)
        return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_LIMIT, "parts nest too deep, or one is inside itself");
    if (cp_check_stack(cp) == CP_THROWN || cp_call(cp, function, &self, 1) == CP_THROWN) return CP_THROWN;
    if (!mime_object_children(cp, self, &children)) return CP_THROWN;
    for (; cp_is_cell(children); children = cp_tail(children))
        if (walk(cp, cp_head(children), function, depth + 1) == CP_THROWN) return CP_THROWN;
    return CP_NIL;
}

cp_value mime_method_walk(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    return walk(cp, self, arguments[0], 0);
}

/* ---- what people read ---- */

struct reading {
    cp_value text, html; /* Mimes */
    cp_list_builder attachments;
};

static bool is_attachment(cp_context *cp, cp_value mime) {
    cp_value disposition = cp_slots(cp, mime)[MIME_SLOT_DISPOSITION];
    return disposition != CP_NIL && strcasecmp(cp_text_z(cp, disposition), "attachment") == 0;
}

static bool is_text(cp_context *cp, cp_value mime, const char *subtype) {
    const cp_value *slots = cp_slots(cp, mime);
    return strcasecmp(cp_text_z(cp, slots[MIME_SLOT_TYPE]), "text") == 0 &&
           (!subtype || strcasecmp(cp_text_z(cp, slots[MIME_SLOT_SUB_TYPE]), subtype) == 0);
}

/* The first text/plain and the first text/html that are no attachments are what people read; each other leaf is an
   attachment, a message within the message too. Depth is the parser's. */
static bool collect(cp_context *cp, struct reading *reading, cp_value mime, bool top) {
    const struct mime_object *m = mime_object_of(mime);
    const struct mime_entity *e = mime_parsed_entity(m);
    cp_value children;
    if (e->kind == MIME_LEAF || (e->kind == MIME_MESSAGE_OF && !top)) {
        bool attached = is_attachment(cp, mime);
        if (!attached && reading->text == CP_NIL && is_text(cp, mime, "plain")) reading->text = mime;
        else if (!attached && reading->html == CP_NIL && is_text(cp, mime, "html")) reading->html = mime;
        else cp_list_add(&reading->attachments, mime);
        return true;
    }
    if (!mime_object_children(cp, mime, &children)) return false;
    for (; cp_is_cell(children); children = cp_tail(children))
        if (!collect(cp, reading, cp_head(children), false)) return false;
    return true;
}

/* False after a throw. */
static bool read_whole(cp_context *cp, struct reading *reading, cp_value self) {
    cp_value mime = mime_read_as_parsed(cp, self);
    *reading = (struct reading){0};
    return mime != CP_THROWN && collect(cp, reading, mime, true);
}

static bool option_is(cp_context *cp, cp_value mime, const char *name, const char *value) {
    cp_value option = mime_option(cp_slots(cp, mime)[MIME_SLOT_OPTIONS], name);
    return option != CP_UNSET && !cp_is_number(option) && strcasecmp(cp_text_z(cp, option), value) == 0;
}

/* Takes the files in uuencode out of a text, which then become attachments. */
static void drop_files(struct mail_buffer *text) {
    struct uuencode_block block;
    size_t from = 0, to = 0;
    while (uuencode_find(text->data, text->size, from, &block)) {
        memmove(text->data + to, text->data + from, block.start - from);
        to += block.start - from;
        from = block.end;
    }
    if (text->data) memmove(text->data + to, text->data + from, text->size - from);
    text->size = to + text->size - from;
}

/* The text of a leaf as people read it. CP_THROWN. */
static cp_value shown_text(cp_context *cp, cp_value mime) {
    const struct mime_object *m = mime_object_of(mime);
    struct mail_buffer text = {0}, unflowed = {0};
    cp_value result = CP_THROWN;
    if (mime_parsed_text(cp, m->parsed, m->entity, &text)) {
        bool plain = is_text(cp, mime, "plain");
        if (plain) drop_files(&text);
        if (plain && option_is(cp, mime, "format", "flowed")) {
            mime_text_unflow(&unflowed, text.data ? text.data : "", text.size, option_is(cp, mime, "delsp", "yes"));
            result = unflowed.failed ? mime_parsed_throw(cp, -12) : mime_buffer_string(cp, &unflowed);
        } else result = mime_buffer_string(cp, &text);
    }
    mail_buffer_free(&text);
    mail_buffer_free(&unflowed);
    return result;
}

cp_value mime_method_text(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    struct reading reading;
    (void)arguments, (void)count;
    if (!read_whole(cp, &reading, self)) return CP_THROWN;
    return reading.text == CP_NIL ? CP_NIL : shown_text(cp, reading.text);
}

cp_value mime_method_html(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    struct reading reading;
    (void)arguments, (void)count;
    if (!read_whole(cp, &reading, self)) return CP_THROWN;
    return reading.html == CP_NIL ? CP_NIL : shown_text(cp, reading.html);
}

/* A Mime for each file in uuencode that stands in the text. False after a throw. */
static bool add_files(cp_context *cp, cp_value mime, cp_list_builder *attachments) {
    const struct mime_object *m = mime_object_of(mime);
    struct mail_buffer text = {0};
    struct uuencode_block block;
    size_t from = 0;
    bool fine = mime_parsed_text(cp, m->parsed, m->entity, &text);
    while (fine && text.size > 0 && uuencode_find(text.data, text.size, from, &block)) {
        struct transfer_decoder decoder;
        size_t size = block.end - block.start;
        transfer_decoder_init(&decoder, CONTENT_UUENCODE);
        struct mail_buffer file = {0};
        char *room = mail_buffer_reserve(&file, transfer_decode_bound(&decoder, size) + 64);
        if (room == NULL) {
            mime_parsed_throw(cp, -12);
            fine = false;
            break;
        }
        size_t count = transfer_decode_update(&decoder, room, text.data + block.start, size);
        count += transfer_decode_finish(&decoder, room + count);
        cp_value name = cp_string_n(cp, text.data + block.name, block.name_size),
                 part = cp_new(cp, cp_class_of(cp, mime));
        cp_value arguments[] = {block.name_size ? name : cp_string_z(cp, "attachment"), cp_binary_n(cp, room, count)};
        mail_buffer_free(&file);
        fine = cp_send_z(cp, part, "attachData", arguments, 2) != CP_THROWN;
        if (fine) cp_list_add(attachments, part);
        from = block.end;
    }
    mail_buffer_free(&text);
    return fine;
}

cp_value mime_method_attachments(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    struct reading reading;
    (void)arguments, (void)count;
    if (!read_whole(cp, &reading, self)) return CP_THROWN;
    if (reading.text != CP_NIL && !add_files(cp, reading.text, &reading.attachments)) return CP_THROWN;
    return reading.attachments.list;
}

/* ---- contents ---- */

cp_value mime_method_data(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    cp_value mime = mime_read_as_parsed(cp, self);
    struct mail_buffer bytes = {0};
    (void)arguments, (void)count;
    if (mime == CP_THROWN) return CP_THROWN;
    const struct mime_object *m = mime_object_of(mime);
    cp_value result = CP_THROWN;
    if (mime_parsed_content(cp, m->parsed, m->entity, SIZE_MAX / 4, &bytes))
        result = cp_binary_n(cp, bytes.data, bytes.size);
    mail_buffer_free(&bytes);
    return result;
}

cp_value mime_method_content(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    cp_value mime = mime_read_as_parsed(cp, self);
    struct mail_buffer text = {0};
    if (mime == CP_THROWN) return CP_THROWN;
    const struct mime_object *m = mime_object_of(mime);
    if (!is_text(cp, mime, NULL) || mime_parsed_entity(m)->kind != MIME_LEAF)
        return mime_method_data(cp, mime, arguments, count);
    cp_value result = CP_THROWN;
    if (mime_parsed_text(cp, m->parsed, m->entity, &text)) result = mime_buffer_string(cp, &text);
    mail_buffer_free(&text);
    return result;
}

cp_value mime_method_write_content_to(cp_context *cp, cp_value self, const cp_value *arguments, int count) {
    (void)count;
    cp_value mime = mime_read_as_parsed(cp, self);
    if (mime == CP_THROWN) return CP_THROWN;
    const struct mime_object *m = mime_object_of(mime);
    struct mime_content_reader *content = cp_alloc(sizeof *content);
    mime_content_init(content, &m->parsed->source, m->parsed->document, m->entity);
    return message_content_to(cp, content, arguments[0]);
}
