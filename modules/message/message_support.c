/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * message_support.c: checks of what scripts give, and the engines' errors as Errors.
 */
#include "modules/message/message_support.h"

#include "modules/message/address_functions.h"

#include <string.h>
#include <strings.h>

#include "modules/header/address.h"
#include "modules/header/header_text.h"

enum { QUOTED_MOST = 60 }; /* bytes of a value that an Error shows */

void message_register(cp_context *cp) {
    struct message_state *state = message_state(cp);
    state->smtp_message_number = cp_class_number(cp_define_class(cp, &smtp_message_class));
    state->mime_number = cp_class_number(cp_define_class(cp, &mime_class));
    state->mime_report = cp_define_class(cp, &mime_report_class);
    state->mime_report_recipient = cp_define_class(cp, &mime_report_recipient_class);
    cp_define_functions(cp, address_functions);
}

struct message_state *message_state(cp_context *cp) {
    void **place = cp_module_state(cp, "message");
    if (!*place) *place = cp_alloc(sizeof(struct message_state));
    return *place;
}

struct mail_random *message_random(cp_context *cp) {
    struct message_state *state = message_state(cp);
    if (!state->random) {
        state->random = cp_alloc_atomic(sizeof *state->random);
        mail_random_init(state->random);
    }
    return state->random;
}

/* ---- text ---- */

const char *message_quoted(cp_context *cp, cp_value value) {
    const char *bytes;
    size_t size;
    bool cut = false;
    if (cp_is_symbol(value)) value = cp_string_n(cp, cp_symbol_of(value)->text, cp_symbol_of(value)->size);
    if (cp_is_string(value) && cp_bytes_of(value, &bytes, &size) && size > QUOTED_MOST) {
        size = QUOTED_MOST;
        while (size > QUOTED_MOST - 4 && ((unsigned char)bytes[size] & 0xC0) == 0x80) size--; /* no half character */
        value = cp_string_n(cp, bytes, size);
        cut = true;
    }
    cp_value source = cp_to_source(cp, value);
    if (source == CP_THROWN) {
        cp_take_error(cp);
        return "...";
    }
    return cp_text_z(cp, cut ? cp_string_format(cp, "%s...", cp_text_z(cp, source)) : source);
}

bool message_check_line(cp_context *cp, const char *field, cp_value text) {
    const char *bytes;
    size_t size;
    if (!cp_bytes_of(text, &bytes, &size)) {
        cp_throw_type(cp, field, "String", text);
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c != '\n' && c != '\r' && c != 0) continue;
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s must not have a %s in it: %s", field,
                 c == 0      ? "NUL character"
                 : c == '\n' ? "newline"
                             : "carriage return",
                 message_quoted(cp, text));
        return false;
    }
    return true;
}

/* Whether the text needs a closer look: without these characters a list of mailboxes is one mailbox or wrong. */
static bool may_be_several(const char *bytes, size_t size) {
    bool at = false;
    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (c == ',' || c == ';' || c == ':' || c == '(') return true;
        at |= c == '@';
    }
    return !at;
}

bool message_check_mailbox(cp_context *cp, const char *field, cp_value text, bool thorough) {
    const char *bytes;
    size_t size;
    if (!cp_is_string(text)) {
        cp_throw_type(cp, field, "String", text);
        return false;
    }
    if (!message_check_line(cp, field, text)) return false;
    cp_bytes_of(text, &bytes, &size);
    if (!thorough && !may_be_several(bytes, size)) return true;
    struct address_list list;
    struct mail_error error;
    enum mail_status status = address_parse(&list, bytes, size, &error);
    address_list_free(&list);
    if (status == MAIL_OK) return true;
    if (status == MAIL_NO_MEMORY) message_throw(cp, &error, false);
    else
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s %s is no address: %s", field, message_quoted(cp, text),
                 error.text);
    return false;
}

bool message_check_list(cp_context *cp, const char *field, cp_value list, size_t *count) {
    size_t length = cp_list_length(list);
    cp_value rest = list;
    for (size_t i = 0; i < length; i++) rest = cp_tail(rest);
    *count = length;
    if (rest == CP_NIL) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is a List without an end", field);
    return false;
}

bool message_check_mailboxes(cp_context *cp, const char *field, cp_value list, bool thorough) {
    size_t count;
    if (!message_check_list(cp, field, list, &count)) return false;
    for (; cp_is_cell(list); list = cp_tail(list))
        if (!message_check_mailbox(cp, field, cp_head(list), thorough)) return false;
    return true;
}

/* ---- errors ---- */

cp_value message_throw(cp_context *cp, const struct mail_error *error, bool reading) {
    const char *text = error->text;
    switch (error->status) {
    case MAIL_NO_MEMORY: return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    case MAIL_FILE: return cp_throw(cp, CP_ERROR_FILE, reading ? CP_FILE_READ : CP_FILE_OPEN, "%s", text);
    case MAIL_FILE_CHANGED: return cp_throw(cp, CP_ERROR_FILE, CP_FILE_READ, "%s", text);
    case MAIL_ENCODING: return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_ENCODING, "%s", text);
    case MAIL_TOO_MANY: return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_LIMIT, "%s", text);
    case MAIL_MISUSE: return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_STRUCTURE, "%s", text);
    case MAIL_READER: return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_STRUCTURE, "%s", text);
    case MAIL_OK:
        return cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_STRUCTURE, "the message is not as long as was foreseen");
    default: return cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s", text);
    }
}

/* ---- headers ---- */

bool message_check_headers(cp_context *cp, const char *field, cp_value list) {
    size_t count, length;
    if (!message_check_list(cp, field, list, &count)) return false;
    for (; cp_is_cell(list); list = cp_tail(list)) {
        cp_value item = cp_head(list), name;
        const char *bytes;
        size_t size;
        if (!cp_is_cell(item) || cp_list_length(item) != 2) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "%s is a List of Lists (name value), but has %s in it",
                     field, message_quoted(cp, item));
            return false;
        }
        if (!message_check_list(cp, field, item, &length)) return false;
        name = cp_head(item);
        if (!message_check_line(cp, "a header's name", name)) return false;
        cp_bytes_of(name, &bytes, &size);
        if (!header_name_is_valid(bytes, size)) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "this cannot be a header's name: %s",
                     message_quoted(cp, name));
            return false;
        }
        cp_value value = cp_head(cp_tail(item));
        if (cp_is_number(value)) continue;
        if (!message_check_line(cp, cp_text_z(cp, cp_string_format(cp, "header %s", cp_text_z(cp, name))), value))
            return false;
    }
    return true;
}

static bool is_one_of(const char *name, const char *const names[], size_t count) {
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(name, names[i]) == 0) return true;
    return false;
}

/* How a value is written depends on what its header is: RFC 5322 3.6. */
static enum mail_status write_header(struct mail_buffer *field, const char *name, const char *value, size_t size,
                                     struct mail_error *error) {
    static const char *const addresses[] = {"From",
                                            "Sender",
                                            "Reply-To",
                                            "To",
                                            "Cc",
                                            "Bcc",
                                            "Resent-From",
                                            "Resent-To",
                                            "Resent-Cc",
                                            "Resent-Sender",
                                            "Resent-Bcc",
                                            "Disposition-Notification-To",
                                            "Mail-Followup-To"};
    static const char *const unstructured[] = {"Subject", "Comments", "Keywords"};
    if (is_one_of(name, addresses, sizeof addresses / sizeof *addresses)) {
        struct address_list list;
        enum mail_status status = address_list_parse(&list, value, size, error);
        if (status == MAIL_OK) status = address_write_header(field, name, &list, 1, error);
        address_list_free(&list);
        return status;
    }
    /* Others are mostly structured (List-Unsubscribe, References): an encoded word would spoil their ASCII values. */
    bool plain = !is_one_of(name, unstructured, sizeof unstructured / sizeof *unstructured) && size > 0 &&
                 value[0] != ' ' && value[size - 1] != ' ' && memmem(value, size, "=?", 2) == NULL;
    for (size_t i = 0; i < size && plain; i++) plain = value[i] >= 32 && value[i] < 127;
    if (plain) {
        size_t before = field->size;
        if (header_write_structured(field, name, value, size, error) == MAIL_OK) return MAIL_OK;
        field->size = before;
    }
    return header_write_text(field, name, value, size, error);
}

bool message_add_headers(cp_context *cp, struct mime_part *part, cp_value list) {
    struct mail_buffer field = {0};
    struct mail_error error = {0};
    for (; cp_is_cell(list); list = cp_tail(list)) {
        const char *name = cp_text_z(cp, cp_head(cp_head(list)));
        cp_value value = cp_head(cp_tail(cp_head(list)));
        const char *bytes;
        size_t size;
        if (cp_is_number(value)) value = cp_to_string(cp, value);
        cp_bytes_of(value, &bytes, &size);
        mail_buffer_clear(&field);
        enum mail_status status = write_header(&field, name, bytes, size, &error);
        if (status == MAIL_OK) status = mime_part_add_field(part, field.data, field.size, &error);
        if (status == MAIL_OK) continue;
        mail_buffer_free(&field);
        if (status == MAIL_NO_MEMORY) message_throw(cp, &error, false);
        else cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "header %s: %s", name, error.text);
        return false;
    }
    mail_buffer_free(&field);
    return true;
}
