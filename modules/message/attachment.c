/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attachment.c: what a script may give as an attachment: a path, a List (name content [type]), or a Mime.
 */
#include "modules/message/message_share.h"
#include "modules/message/message_support.h"

#include <string.h>

/* ---- checks ---- */

static bool wrong(cp_context *cp, const char *field, cp_value value, const char *why) {
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s: %s: %s", field, why, message_quoted(cp, value));
    return false;
}

cp_value attachment_path_name(cp_context *cp, cp_value path) {
    const char *bytes = cp_string_text(path);
    size_t size = cp_string_size(path), start = size;
    while (start > 0 && bytes[start - 1] != '/') start--;
    return cp_string_n(cp, bytes + start, size - start);
}

/* A path goes to system calls, and its last component is a header's value unless `named`. */
bool attachment_check_path(cp_context *cp, const char *field, cp_value path, bool named) {
    const char *bytes = cp_string_text(path);
    size_t size = cp_string_size(path);
    if (size == 0) return wrong(cp, field, path, "the path is empty");
    if (memchr(bytes, 0, size)) return wrong(cp, field, path, "the path has a NUL character in it");
    return named || message_check_line(cp, "an attachment's file name", attachment_path_name(cp, path));
}

static bool is_content(cp_value v) { return cp_is_string(v) || cp_is_binary(v) || cp_is_buffer(v); }

/* (name content [type]), where the content may also be (path). */
static bool check_list(cp_context *cp, const char *field, cp_value list) {
    static const char form[] = "an attachment is a path, a Mime, or a List (name content [type])";
    size_t count;
    if (!message_check_list(cp, field, list, &count)) return false;
    if (count < 2 || count > 3) return wrong(cp, field, list, form);
    cp_value name = cp_head(list), content = cp_head(cp_tail(list));
    if (name != CP_NIL && !cp_is_string(name)) return wrong(cp, field, list, form);
    if (name != CP_NIL && !message_check_line(cp, "an attachment's file name", name)) return false;
    if (cp_is_cell(content)) {
        cp_value path = cp_head(content);
        if (!cp_is_string(path) || cp_tail(content) != CP_NIL) return wrong(cp, field, list, form);
        if (!attachment_check_path(cp, field, path, name != CP_NIL)) return false;
    } else if (!is_content(content)) return wrong(cp, field, list, form);
    cp_value type = count == 3 ? cp_head(cp_tail(cp_tail(list))) : CP_NIL;
    if (type == CP_NIL) return true;
    if (!cp_is_string(type)) return wrong(cp, field, type, "an attachment's type is a String");
    return message_check_line(cp, "an attachment's type", type);
}

bool attachment_check(cp_context *cp, const char *field, cp_value value) {
    if (cp_is_string(value)) return attachment_check_path(cp, field, value, false);
    if (cp_is_cell(value)) return check_list(cp, field, value);
    if (mime_object_is(cp, value)) return true;
    return wrong(cp, field, value, "an attachment is a path, a Mime, or a List (name content [type])");
}

cp_value attachment_from_arguments(cp_context *cp, cp_value what, cp_value name, cp_value type) {
    cp_value item = what, content = what;
    if (cp_is_string(what)) content = cp_cons(what, CP_NIL);
    if (is_content(content)) {
        if (name == CP_NIL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "content needs a file name");
    } else if (!cp_is_string(what) && (name != CP_NIL || type != CP_NIL)) {
        return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "a List or a Mime has its own name and type");
    }
    if (is_content(content) || name != CP_NIL || type != CP_NIL) {
        if (name == CP_NIL) name = attachment_path_name(cp, what);
        cp_value items[] = {name, content, type};
        item = cp_list_n(items, 3);
    }
    return attachment_check(cp, "the attachment", item) ? item : CP_THROWN;
}

/* ---- reading ---- */

static void read_list(cp_context *cp, struct attachments *attachments, struct mail_attachment *a, cp_value list) {
    cp_value content = cp_head(cp_tail(list)), type = cp_tail(cp_tail(list));
    a->name = message_text(cp_head(list));
    if (cp_is_cell(type) && cp_head(type) != CP_NIL) a->type = cp_text_z(cp, cp_head(type));
    if (cp_is_cell(content)) {
        a->path = cp_text_z(cp, cp_head(content));
        return;
    }
    const char *bytes;
    size_t size;
    cp_bytes_of(content, &bytes, &size);
    if (cp_is_buffer(content)) { /* may move when it grows */
        content = cp_binary_n(cp, bytes, size);
        cp_bytes_of(content, &bytes, &size);
    }
    cp_list_add(&attachments->kept, content);
    a->has_content = true;
    a->owner = message_share_owner(content);
    a->content.data = bytes;
    a->content.size = size;
}

/* A Mime that has an id of its own is shown by the HTML too. */
static bool read_mime(cp_context *cp, struct attachments *attachments, struct mail_attachment *a, cp_value mime,
                      cp_value cid) {
    struct mail_error error;
    struct mime_part *part = mime_object_part(cp, mime, &attachments->kept);
    if (part == NULL) return false;
    if (cid != CP_NIL) {
        cp_value id = cp_string_format(cp, "<%s>", cp_text_z(cp, cid));
        if (mime_part_set_content_id(part, cp_text_z(cp, id), &error) != MAIL_OK) {
            mime_part_free(part);
            message_throw(cp, &error, false);
            return false;
        }
    }
    a->part = part;
    a->content_id = mime_object_content_id(cp, mime);
    return true;
}

/* False after a throw. */
static bool read_one(cp_context *cp, struct attachments *attachments, const char *field, cp_value value, cp_value cid) {
    if (!attachment_check(cp, field, value)) return false;
    struct mail_attachment *a = &attachments->items[attachments->count];
    if (cp_is_string(value)) a->path = cp_text_z(cp, value);
    else if (cp_is_cell(value)) read_list(cp, attachments, a, value);
    else if (!read_mime(cp, attachments, a, value, cid)) return false;
    if (cid != CP_NIL) a->content_id = cp_text_z(cp, cid);
    attachments->count++;
    return true;
}

static bool read_all(cp_context *cp, struct attachments *attachments, cp_value list, cp_value inlines) {
    for (; cp_is_cell(inlines); inlines = cp_tail(inlines)) {
        cp_value item = cp_head(inlines);
        if (!cp_is_cell(item) || cp_list_length(item) != 2 || !cp_is_string(cp_head(item)))
            return wrong(cp, "inlines", item, "each is a List (cid attachment)");
        if (!message_check_line(cp, "a cid", cp_head(item))) return false;
        if (!read_one(cp, attachments, "inlines", cp_head(cp_tail(item)), cp_head(item))) return false;
    }
    for (; cp_is_cell(list); list = cp_tail(list))
        if (!read_one(cp, attachments, "attachments", cp_head(list), CP_NIL)) return false;
    return true;
}

bool attachments_read(cp_context *cp, struct attachments *attachments, cp_value list, cp_value inlines) {
    size_t count, inline_count;
    memset(attachments, 0, sizeof *attachments);
    if (list == CP_NIL && inlines == CP_NIL) return true;
    if (!message_check_list(cp, "attachments", list, &count) ||
        !message_check_list(cp, "inlines", inlines, &inline_count))
        return false;
    attachments->items = cp_alloc((count + inline_count) * sizeof *attachments->items);
    if (read_all(cp, attachments, list, inlines)) return true;
    attachments_free(attachments);
    return false;
}

void attachments_free(struct attachments *attachments) {
    for (size_t i = 0; i < attachments->count; i++) mime_part_free(attachments->items[i].part);
    attachments->count = 0;
}
