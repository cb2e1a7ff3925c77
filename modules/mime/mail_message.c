/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_message: from what a person thinks of (sender, recipients, subject, texts, files) to the MIME tree and the
 * envelope. */
#include "modules/mime/mail_message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "modules/header/address.h"
#include "modules/header/header_parameter.h"
#include "modules/header/header_text.h"
#include "modules/header/mail_date.h"
#include "modules/mime/mail_envelope.h"
#include "modules/header/media_type.h"
#include "modules/header/message_id.h"
#include "modules/mime/mime_part_private.h"
#include "modules/mime/mime_text.h"
#include "modules/coding/utf8_text.h"

#define HEADERS_USUAL 512 /* bytes: more than most messages need, and a size that malloc keeps at hand */

/* The parsed lists of one address header: each text may hold several mailboxes. */
struct lists {
    struct address_list *items;
    size_t count;
    struct address_list one; /* where items points when there is one text */
};

/* Everything that lives only while building. */
struct builder {
    const struct mail_message *m;
    struct mail_error *error;
    struct address_list from, sender, envelope_sender;
    struct lists to, cc, bcc, reply_to;
    struct mail_envelope envelope;
    char message_id[MESSAGE_ID_SIZE];
    struct mail_buffer field; /* one header field at a time */
    bool non_ascii_address;
};

/* --- addresses --- */

static bool is_non_ascii(const struct address_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].non_ascii_local || list->items[i].non_ascii_domain) return true;
    }
    return false;
}

static void name_field(struct mail_error *error, const char *field) {
    if (error == NULL) return;
    struct mail_error plain = *error;
    mail_error_set(error, plain.status, plain.position, "%s: %.200s", field, plain.text);
}

static enum mail_status parse_list(struct builder *b, struct address_list *list, const char *field,
                                   struct mail_text text) {
    enum mail_status status = address_list_parse(list, text.data ? text.data : "", text.size, b->error);
    if (status != MAIL_OK) name_field(b->error, field);
    else if (is_non_ascii(list)) b->non_ascii_address = true;
    return status;
}

static enum mail_status parse_lists(struct builder *b, struct lists *lists, const char *field,
                                    struct mail_text_list texts) {
    if (texts.count == 0) return MAIL_OK;
    lists->items = texts.count == 1 ? &lists->one : calloc(texts.count, sizeof *lists->items);
    if (lists->items == NULL) return mail_error_no_memory(b->error);
    lists->count = texts.count;
    for (size_t i = 0; i < texts.count; i++) {
        enum mail_status status = parse_list(b, &lists->items[i], field, texts.items[i]);
        if (status != MAIL_OK) return status;
    }
    return MAIL_OK;
}

static void free_lists(struct lists *lists) {
    for (size_t i = 0; i < lists->count; i++) address_list_free(&lists->items[i]);
    if (lists->items != &lists->one) free(lists->items);
}

static size_t mailbox_count(const struct lists *lists) {
    size_t count = 0;
    for (size_t i = 0; i < lists->count; i++) count += lists->items[i].count;
    return count;
}

static enum mail_status parse_addresses(struct builder *b) {
    const struct mail_message *m = b->m;
    enum mail_status status = parse_list(b, &b->from, "From", m->from);
    if (status != MAIL_OK) return status;
    bool needed = !m->envelope_only || m->envelope_sender.data == NULL;
    if (b->from.count == 0 && needed) return mail_error_set(b->error, MAIL_SYNTAX, 0, "From: empty address");
    bool same = m->sender.data == m->from.data && m->sender.size == m->from.size && b->from.count == 1;
    if (m->sender.data && !same) status = parse_list(b, &b->sender, "Sender", m->sender);
    if (status != MAIL_OK) return status;
    if (b->sender.count > 1) return mail_error_set(b->error, MAIL_SYNTAX, 0, "Sender: more than one address");
    if (b->from.count > 1 && b->sender.count == 0) { /* RFC 5322 3.6.2 */
        return mail_error_set(b->error, MAIL_SYNTAX, 0, "From: more than one address needs a Sender");
    }
    status = parse_lists(b, &b->to, "To", m->to);
    if (status == MAIL_OK) status = parse_lists(b, &b->cc, "Cc", m->cc);
    if (status == MAIL_OK) status = parse_lists(b, &b->bcc, "Bcc", m->bcc);
    if (status == MAIL_OK) status = parse_lists(b, &b->reply_to, "Reply-To", m->reply_to);
    const struct lists *all[] = {&b->to, &b->cc, &b->bcc};
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < all[k]->count && status == MAIL_OK; i++) {
            status = mail_envelope_add(&b->envelope, &all[k]->items[i], b->error);
        }
    }
    return status;
}

/* MAIL FROM: what was given, else Sender, else From. */
static enum mail_status choose_envelope_sender(struct builder *b, char **sender) {
    struct mail_text given = b->m->envelope_sender;
    const char *spec = b->sender.count ? b->sender.items[0].spec : b->from.count ? b->from.items[0].spec : "";
    if (given.data && given.size == 2 && memcmp(given.data, "<>", 2) == 0) {
        spec = "";
    } else if (given.data) {
        enum mail_status status = address_parse(&b->envelope_sender, given.data, given.size, b->error);
        if (status != MAIL_OK) {
            name_field(b->error, "envelope sender");
            return status;
        }
        b->non_ascii_address |= is_non_ascii(&b->envelope_sender);
        spec = b->envelope_sender.items[0].spec;
    }
    *sender = strdup(spec);
    return *sender ? MAIL_OK : mail_error_no_memory(b->error);
}

/* --- headers --- */

/* The finished field in b->field goes to the part. */
static enum mail_status add_field(struct builder *b, struct mime_part *root, enum mail_status status) {
    if (status == MAIL_OK) status = mime_part_add_field(root, b->field.data, b->field.size, b->error);
    mail_buffer_clear(&b->field);
    return status;
}

static enum mail_status add_addresses(struct builder *b, struct mime_part *root, const char *name,
                                      const struct address_list *lists, size_t count) {
    return add_field(b, root, address_write_header(&b->field, name, lists, count, b->error));
}

static enum mail_status add_date(struct builder *b, struct mime_part *root, int64_t *seconds) {
    char date[MAIL_DATE_SIZE];
    *seconds = b->m->has_date ? b->m->date : (int64_t)time(NULL);
    int offset = b->m->has_date ? b->m->offset_minutes : mail_date_local_offset(*seconds);
    if (mail_date_format(date, *seconds, offset) != MAIL_OK)
        return mail_error_set(b->error, MAIL_SYNTAX, 0, "Date: outside of years 1900 to 9999");
    return mime_part_add_header(root, "Date", date, strlen(date), b->error);
}

static enum mail_status add_message_id(struct builder *b, struct mime_part *root, int64_t seconds) {
    struct mail_text given = b->m->message_id;
    enum mail_status status = MAIL_OK;
    if (given.data == NULL) {
        status = message_id_make(b->message_id, b->m->random, seconds, b->from.items[0].domain, b->error);
    } else {
        bool bare = given.size > 0 && given.data[0] != '<';
        if (given.size + 3 > sizeof b->message_id)
            return mail_error_set(b->error, MAIL_TOO_LONG, 0, "Message-ID is too long");
        if (memchr(given.data, '\0', given.size))
            return mail_error_set(b->error, MAIL_CONTROL_CHARACTER, 0, "NUL in Message-ID");
        if (bare) b->message_id[0] = '<';
        memcpy(b->message_id + bare, given.data, given.size);
        memcpy(b->message_id + bare + given.size, bare ? ">" : "", bare ? 2 : 1);
        if (!message_id_is_valid(b->message_id, strlen(b->message_id))) {
            bool injected = strpbrk(b->message_id, "\r\n") != NULL;
            return mail_error_set(b->error, injected ? MAIL_CONTROL_CHARACTER : MAIL_SYNTAX, 0,
                                  "'%.100s' is no message id", b->message_id);
        }
    }
    if (status != MAIL_OK) return status;
    status = header_write_structured(&b->field, "Message-ID", b->message_id, strlen(b->message_id), b->error);
    return add_field(b, root, status);
}

static enum mail_status add_priority(struct builder *b, struct mime_part *root) {
    static const char *const numbers[] = {"1 (Highest)", "2 (High)", "3 (Normal)", "4 (Low)", "5 (Lowest)"};
    int priority = b->m->priority;
    if (priority == 0) return MAIL_OK;
    if (priority < 1 || priority > 5)
        return mail_error_set(b->error, MAIL_SYNTAX, 0, "priority %d is not between 1 and 5", priority);
    const char *number = numbers[priority - 1], *importance = priority < 3 ? "high" : priority == 3 ? "normal" : "low";
    enum mail_status status = mime_part_add_header(root, "X-Priority", number, strlen(number), b->error);
    if (status != MAIL_OK) return status;
    return mime_part_add_header(root, "Importance", importance, strlen(importance), b->error);
}

static enum mail_status add_others(struct builder *b, struct mime_part *root) {
    static const char *const own[] = {"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Message-ID"};
    for (size_t i = 0; i < b->m->header_count; i++) {
        const struct mail_header *h = &b->m->headers[i];
        char name[80];
        if (h->name.data == NULL || !header_name_is_valid(h->name.data, h->name.size)) {
            bool control = false;
            for (size_t k = 0; k < h->name.size; k++)
                control |= strchr("\r\n", h->name.data[k]) != NULL; /* finds NUL too */
            return mail_error_set(b->error, control ? MAIL_CONTROL_CHARACTER : MAIL_SYNTAX, 0,
                                  "'%.*s' is no header name", (int)(h->name.size < 80 ? h->name.size : 80),
                                  h->name.data ? h->name.data : "");
        }
        memcpy(name, h->name.data, h->name.size);
        name[h->name.size] = '\0';
        for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) {
            if (strcasecmp(name, own[k]) == 0)
                return mail_error_set(b->error, MAIL_MISUSE, 0, "%s has a property of its own", own[k]);
        }
        enum mail_status status =
            mime_part_add_header(root, name, h->value.data ? h->value.data : "", h->value.size, b->error);
        if (status != MAIL_OK) return status;
    }
    return MAIL_OK;
}

static enum mail_status add_headers(struct builder *b, struct mime_part *root) {
    int64_t seconds;
    mail_buffer_reserve(&root->headers, HEADERS_USUAL); /* its failure is seen at the first header */
    enum mail_status status = add_date(b, root, &seconds);
    if (status == MAIL_OK) status = add_addresses(b, root, "From", &b->from, 1);
    bool differs =
        b->sender.count == 1 && !(b->from.count == 1 && address_equal(&b->from.items[0], &b->sender.items[0]));
    if (status == MAIL_OK && differs) status = add_addresses(b, root, "Sender", &b->sender, 1);
    const struct {
        const char *name;
        const struct lists *lists;
    } fields[] = {{"Reply-To", &b->reply_to}, {"To", &b->to}, {"Cc", &b->cc}};
    for (size_t i = 0; i < 3 && status == MAIL_OK; i++) {
        if (mailbox_count(fields[i].lists) == 0) continue;
        status = add_addresses(b, root, fields[i].name, fields[i].lists->items, fields[i].lists->count);
    }
    if (status == MAIL_OK && b->m->subject.data) {
        status = mime_part_add_header(root, "Subject", b->m->subject.data, b->m->subject.size, b->error);
    }
    if (status == MAIL_OK) status = add_message_id(b, root, seconds);
    if (status == MAIL_OK) status = add_priority(b, root);
    if (status == MAIL_OK) status = add_others(b, root);
    return status;
}

/* --- parts --- */

static struct mime_part *new_part(struct builder *b) {
    struct mime_part *part = mime_part_new();
    if (part == NULL) mail_error_no_memory(b->error);
    return part;
}

/* Free part if status is an error. */
static struct mime_part *checked(struct mime_part *part, enum mail_status status) {
    if (status == MAIL_OK) return part;
    mime_part_free(part);
    return NULL;
}

/* Texts that were in another message are not looked through again. */
static enum mail_status set_text(struct builder *b, struct mime_part *part, struct mail_text text, const void *owner) {
    const struct mime_share *share = owner ? b->m->share : NULL;
    struct text_traits traits;
    char *data = (char *)text.data; /* never written to */
    enum mail_status status = share && share->traits(share->context, owner, &traits)
                                  ? mime_part_set_examined_text(part, data, text.size, MIME_BORROW, &traits, b->error)
                                  : mime_part_set_text(part, data, text.size, MIME_BORROW, b->error);
    if (status == MAIL_OK) mime_part_set_owner(part, owner);
    return status;
}

static struct mime_part *text_part(struct builder *b, struct mail_text text, const void *owner, const char *type) {
    struct mime_part *part = new_part(b);
    if (part == NULL) return NULL;
    struct mail_buffer repaired = {0};
    enum mail_status status = mime_part_set_type(part, type, b->error);
    if (status == MAIL_OK) status = set_text(b, part, text, owner);
    if (status == MAIL_OK && !part->traits.is_utf8) {
        utf8_text_repair(&repaired, text.data, text.size);
        size_t size = repaired.size;
        char *data = mail_buffer_take(&repaired);
        status = data ? mime_part_set_text(part, data, size, MIME_TAKE, b->error) : mail_error_no_memory(b->error);
        mail_buffer_free(&repaired);
    }
    return checked(part, status);
}

static struct mime_part *multipart(struct builder *b, const char *subtype) {
    struct mime_part *part = new_part(b);
    return part ? checked(part, mime_part_set_multipart(part, subtype, b->error)) : NULL;
}

/* "text/calendar; method=REQUEST": the type, and each parameter. */
static enum mail_status set_full_type(struct builder *b, struct mime_part *part, const char *type) {
    size_t size = strcspn(type, ";"), all = strlen(type);
    struct mail_buffer value = {0};
    char name[48], plain[260];
    while (size > 0 && (type[size - 1] == ' ' || type[size - 1] == '\t')) size--;
    if (size >= sizeof plain)
        return mail_error_set(b->error, MAIL_TOO_LONG, 0, "media type '%.60s...' is too long", type);
    memcpy(plain, type, size);
    plain[size] = '\0';
    enum mail_status status = mime_part_set_type(part, plain, b->error);
    for (const char *p = strchr(type, ';'); p && status == MAIL_OK; p = strchr(p, ';')) {
        p += 1 + strspn(p + 1, " \t");
        size_t length = strcspn(p, "=*; \t\"");
        if (length == 0 || length >= sizeof name || (p[length] != '=' && p[length] != '*')) {
            status = mail_error_set(b->error, MAIL_SYNTAX, (size_t)(p - type),
                                    "media type '%.100s' has a malformed parameter", type);
            break;
        }
        memcpy(name, p, length);
        name[length] = '\0';
        mail_buffer_clear(&value);
        bool found = header_read_parameter(&value, type, all, name);
        if (value.failed) status = mail_error_no_memory(b->error);
        else if (!found)
            status = mail_error_set(b->error, MAIL_SYNTAX, (size_t)(p - type),
                                    "media type '%.100s' has a malformed parameter", type);
        else status = mime_part_set_type_parameter(part, name, value.data ? value.data : "", value.size, b->error);
        const char *quote = p + length + 1; /* a quoted value may hold semicolons */
        if (status == MAIL_OK && *quote == '"') {
            for (p = quote + 1; *p && *p != '"'; p++) {
                if (*p == '\\' && p[1]) p++;
            }
        }
    }
    mail_buffer_free(&value);
    return status;
}

/* RFC 2046 5.2.1: message/rfc822 goes unencoded; one that cannot is sent as a plain file, its bytes untouched. */
static bool goes_unencoded(const char *type, struct mail_text content) {
    struct text_traits traits;
    if (strncasecmp(type, "message/", 8) != 0) return false;
    text_examine(&traits, content.data, content.size);
    return !traits.has_8bit && !traits.has_nul && !traits.has_bare_cr && traits.longest_line <= 998;
}

static struct mime_part *attachment_part(struct builder *b, const struct mail_attachment *a) {
    if (a->part) return a->part;
    if (!a->path && !a->has_content) {
        mail_error_set(b->error, MAIL_MISUSE, 0, "an attachment without path, content or part");
        return NULL;
    }
    struct mime_part *part = new_part(b);
    if (part == NULL) return NULL;
    const char *path = a->path ? a->path : "";
    const char *slash = strrchr(path, '/');
    struct mail_text name = a->name;
    if (name.data == NULL && a->path)
        name = (struct mail_text){slash ? slash + 1 : path, strlen(slash ? slash + 1 : path)};

    struct mail_buffer name_string = {0};
    mail_buffer_append(&name_string, name.data, name.size);
    const char *named = mail_buffer_string(&name_string);
    const char *type = a->type ? a->type : media_type_from_path(named ? named : "");
    bool message = strncasecmp(type, "message/", 8) == 0;
    bool unencoded = a->has_content && goes_unencoded(type, a->content);
    enum mail_status status = named ? set_full_type(b, part, message && !unencoded ? MEDIA_TYPE_UNKNOWN : type)
                                    : mail_error_no_memory(b->error);
    mail_buffer_free(&name_string);

    if (status == MAIL_OK && a->path) {
        status = mime_part_set_file(part, a->path, b->error);
    } else if (status == MAIL_OK) {
        char *data = (char *)a->content.data; /* borrowed, never written to */
        status = unencoded ? mime_part_set_text(part, data, a->content.size, MIME_BORROW, b->error)
                           : mime_part_set_bytes(part, data, a->content.size, MIME_BORROW, b->error);
        if (status == MAIL_OK) mime_part_set_owner(part, a->owner);
    }
    if (status == MAIL_OK) {
        status =
            mime_part_set_disposition(part, a->content_id ? "inline" : "attachment", name.data, name.size, b->error);
    }
    if (status == MAIL_OK && a->content_id) {
        char id[MESSAGE_ID_SIZE];
        if (snprintf(id, sizeof id, "<%s>", a->content_id) >= (int)sizeof id) {
            status = mail_error_set(b->error, MAIL_TOO_LONG, 0, "a content id is too long");
        } else {
            status = mime_part_set_content_id(part, id, b->error);
        }
    }
    return checked(part, status);
}

/* Append and, if that fails, free child unless it is the caller's. */
static bool append(struct builder *b, struct mime_part *parent, struct mime_part *child, bool callers) {
    if (child == NULL) return false;
    if (mime_part_append(parent, child, b->error) == MAIL_OK) return true;
    if (!callers) mime_part_free(child);
    return false;
}

static bool append_attachments(struct builder *b, struct mime_part *parent, bool inside_html) {
    for (size_t i = 0; i < b->m->attachment_count; i++) {
        const struct mail_attachment *a = &b->m->attachments[i];
        bool inside = a->content_id && b->m->html.data;
        if (inside == inside_html && !append(b, parent, attachment_part(b, a), a->part != NULL)) return false;
    }
    return true;
}

/* The caller's own parts leave a tree that is given up. */
static struct mime_part *give_up(struct builder *b, struct mime_part *tree) {
    for (size_t i = 0; i < b->m->attachment_count; i++) {
        struct mime_part *part = b->m->attachments[i].part;
        const struct mime_part *top = part;
        while (top && top->parent) top = top->parent;
        if (part == NULL || part == top || top != tree) continue;
        for (size_t k = 0; k < part->parent->child_count; k++) {
            if (part->parent->children[k] == part) {
                mime_part_remove(part->parent, k);
                break;
            }
        }
    }
    mime_part_free(tree);
    return NULL;
}

static struct mime_part *html_part(struct builder *b, size_t inline_count) {
    struct mime_part *html = text_part(b, b->m->html, b->m->html_owner, "text/html");
    if (html == NULL || inline_count == 0) return html;
    struct mime_part *related = multipart(b, "related");
    /* RFC 2387 3.1 requires the root's type. */
    if (related && mime_part_set_type_parameter(related, "type", "text/html", 9, b->error) != MAIL_OK)
        related = checked(related, MAIL_SYNTAX);
    if (related == NULL) {
        mime_part_free(html);
        return NULL;
    }
    if (!append(b, related, html, false) || !append_attachments(b, related, true)) return give_up(b, related);
    return related;
}

/* The text in lines that readers may join again: RFC 3676. */
static struct mime_part *plain_part(struct builder *b) {
    if (!b->m->flowed) return text_part(b, b->m->text, b->m->text_owner, "text/plain");
    struct mail_buffer flowed = {0};
    mime_text_flow(&flowed, b->m->text.data, b->m->text.size);
    struct mime_part *part = text_part(b, (struct mail_text){"", 0}, NULL, "text/plain");
    size_t size = flowed.size;
    char *data = part ? mail_buffer_take(&flowed) : NULL;
    mail_buffer_free(&flowed);
    if (part == NULL) return NULL;
    if (data == NULL) return checked(part, mail_error_no_memory(b->error));
    enum mail_status status = mime_part_set_text(part, data, size, MIME_TAKE, b->error);
    if (status == MAIL_OK) status = mime_part_set_type_parameter(part, "format", "flowed", 6, b->error);
    return checked(part, status);
}

/* RFC 6047 2.4: the method parameter is that of the METHOD line. */
static struct mime_part *calendar_part(struct builder *b) {
    struct mail_text text = b->m->calendar;
    struct mime_part *part = text_part(b, text, b->m->calendar_owner, "text/calendar");
    enum mail_status status = MAIL_OK;
    for (size_t at = 0; part && at < text.size;) {
        const char *line = text.data + at, *newline = memchr(line, '\n', text.size - at);
        size_t size = newline ? (size_t)(newline - line) : text.size - at;
        at += size + 1;
        while (size > 0 && (line[size - 1] == '\r' || line[size - 1] == ' ')) size--;
        if (size < 8 || size > 40 || strncasecmp(line, "METHOD:", 7) != 0) continue;
        if (header_token_is_valid(line + 7, size - 7))
            status = mime_part_set_type_parameter(part, "method", line + 7, size - 7, b->error);
        break;
    }
    return part ? checked(part, status) : NULL;
}

/* What is read: text, html, calendar, or an alternative of them, the best last (RFC 2046 5.1.4). NULL without an error
   if there is none. */
static struct mime_part *body_part(struct builder *b, size_t inline_count, bool *failed) {
    const struct mail_message *m = b->m;
    struct mime_part *body = NULL;
    unsigned count = (m->text.data != NULL) + (m->html.data != NULL) + (m->calendar.data != NULL);
    if (count == 0) return NULL;
    if (count > 1) {
        body = multipart(b, "alternative");
        bool fine = body && (!m->text.data || append(b, body, plain_part(b), false)) &&
                    (!m->html.data || append(b, body, html_part(b, inline_count), false)) &&
                    (!m->calendar.data || append(b, body, calendar_part(b), false));
        if (body && !fine) body = give_up(b, body);
    } else if (m->html.data) body = html_part(b, inline_count);
    else body = m->text.data ? plain_part(b) : calendar_part(b);
    *failed = body == NULL;
    return body;
}

static struct mime_part *build_tree(struct builder *b) {
    size_t inline_count = 0;
    bool failed = false;
    for (size_t i = 0; i < b->m->attachment_count; i++)
        inline_count += b->m->attachments[i].content_id && b->m->html.data;
    struct mime_part *body = body_part(b, inline_count, &failed);
    if (failed) return NULL;
    if (b->m->attachment_count == inline_count) return body ? body : new_part(b);
    struct mime_part *mixed = multipart(b, "mixed");
    if (mixed == NULL) return body ? give_up(b, body) : NULL;
    if (body && mime_part_append(mixed, body, b->error) != MAIL_OK) {
        give_up(b, body);
        return give_up(b, mixed);
    }
    return append_attachments(b, mixed, false) ? mixed : give_up(b, mixed);
}

/* --- the whole --- */

enum mail_status mail_message_build(const struct mail_message *message, struct mail_built *built,
                                    struct mail_error *error) {
    struct mail_error own;
    struct builder b = {.m = message, .error = error ? error : &own};
    memset(built, 0, sizeof *built);
    b.error->status = MAIL_OK;
    enum mail_status status = parse_addresses(&b);
    if (status == MAIL_OK) status = choose_envelope_sender(&b, &built->envelope_sender);
    if (status == MAIL_OK && !message->envelope_only) {
        built->root = build_tree(&b);
        status = built->root ? add_headers(&b, built->root) : b.error->status;
    }
    if (status == MAIL_OK && !message->envelope_only) {
        built->message_id = strdup(b.message_id);
        if (built->message_id == NULL) status = mail_error_no_memory(b.error);
    }
    if (status == MAIL_OK) {
        built->recipients = b.envelope.recipients;
        built->recipient_count = b.envelope.count;
        built->needs_smtputf8 = b.non_ascii_address;
        b.envelope.recipients = NULL;
        b.envelope.count = 0;
    } else {
        if (built->root) give_up(&b, built->root);
        free(built->envelope_sender);
        memset(built, 0, sizeof *built);
    }
    mail_envelope_free(&b.envelope);
    address_list_free(&b.from);
    address_list_free(&b.sender);
    address_list_free(&b.envelope_sender);
    free_lists(&b.to);
    free_lists(&b.cc);
    free_lists(&b.bcc);
    free_lists(&b.reply_to);
    mail_buffer_free(&b.field);
    return status;
}

void mail_built_free(struct mail_built *built) {
    mime_part_free(built->root);
    for (size_t i = 0; i < built->recipient_count; i++) free(built->recipients[i]);
    free(built->recipients);
    free(built->envelope_sender);
    free(built->message_id);
    memset(built, 0, sizeof *built);
}
