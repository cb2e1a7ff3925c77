/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address_write: mailboxes as header fields. The writing half of address.h. */
#include <string.h>

#include "modules/header/address.h"
#include "modules/header/header_text.h"
#include "modules/coding/utf8_text.h"

enum mail_status address_write(struct mail_buffer *out, size_t *column, const struct address *address,
                               struct mail_error *error) {
    size_t spec_size = strlen(address->spec);
    if (address->display_name[0] != '\0') {
        enum mail_status status =
            header_write_phrase(out, column, address->display_name, strlen(address->display_name), error);
        if (status != MAIL_OK) return status;
        if (*column + spec_size + 3 + 2 > HEADER_LINE_SOFT) { /* 2: what may follow a mailbox in a list */
            mail_buffer_append(out, "\r\n", 2);
            *column = 0;
        }
        mail_buffer_append(out, " <", 2);
        mail_buffer_append(out, address->spec, spec_size);
        mail_buffer_append(out, ">", 1);
        *column += spec_size + 3;
    } else {
        mail_buffer_append(out, address->spec, spec_size);
        *column += spec_size;
    }
    return out->failed ? mail_error_no_memory(error) : MAIL_OK;
}

static bool same_group(const char *a, const char *b) { return a == b || (a && b && strcmp(a, b) == 0); }

/* One space before the next thing, on a new line if it would not fit. */
static void space(struct mail_buffer *out, size_t *column, size_t width) {
    if (*column + 1 + width > HEADER_LINE_SOFT && *column > 1) {
        mail_buffer_append(out, "\r\n", 2);
        *column = 0;
    }
    mail_buffer_append_char(out, ' ');
    *column += 1;
}

/* What should stand on one line: the mailbox, or if that is too much, its name, plain or as one encoded word. (Readers
   join two without a space; Python's email does not in names.) */
static size_t width_of(const struct address *a) {
    size_t name = strlen(a->display_name), spec = strlen(a->spec), plain = name;
    if (name == 0) return spec + 1 < HEADER_LINE_SOFT ? spec + 1 : 24;
    if (!utf8_text_is_ascii(a->display_name, name)) {
        size_t word = (name + 2) / 3 * 4 + 12; /* in base64; quoted-printable is chosen when it is shorter */
        return word < HEADER_LINE_SOFT ? word : 24;
    }
    for (const char *c = a->display_name; *c; c++) plain += *c == '"' || *c == '\\';
    if (plain + spec + 6 < HEADER_LINE_SOFT - 1) return plain + spec + 6;
    return plain + 2 < HEADER_LINE_SOFT ? plain + 2 : 24;
}

enum mail_status address_write_header(struct mail_buffer *out, const char *name, const struct address_list *lists,
                                      size_t count, struct mail_error *error) {
    size_t column = strlen(name) + 1;
    const char *group = NULL;
    bool first = true;
    if (!header_name_is_valid(name, strlen(name)))
        return mail_error_set(error, MAIL_SYNTAX, 0, "'%.80s' is no header name", name);
    mail_buffer_append_string(out, name);
    mail_buffer_append_char(out, ':');
    for (size_t l = 0; l < count; l++) {
        for (size_t i = 0; i < lists[l].count; i++) {
            const struct address *a = &lists[l].items[i];
            enum mail_status status;
            bool stays = same_group(group, a->group) && !(i == 0 && l > 0);
            if (group && !stays) {
                mail_buffer_append_char(out, ';');
                column++;
            }
            if (!first) {
                mail_buffer_append_char(out, ',');
                column++;
            }
            if (a->group && (!stays || group == NULL)) {
                space(out, &column, strlen(a->group) < 60 ? strlen(a->group) + 3 : 24);
                status = header_write_phrase(out, &column, a->group[0] ? a->group : "group",
                                             strlen(a->group[0] ? a->group : "group"), error);
                if (status != MAIL_OK) return status;
                mail_buffer_append_char(out, ':');
                column++;
            }
            space(out, &column, width_of(a));
            status = address_write(out, &column, a, error);
            if (status != MAIL_OK) return status;
            group = a->group;
            first = false;
        }
    }
    if (group) mail_buffer_append_char(out, ';');
    mail_buffer_append(out, "\r\n", 2);
    return out->failed ? mail_error_no_memory(error) : MAIL_OK;
}
