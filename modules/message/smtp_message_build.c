/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * smtp_message_build.c: from the properties of an SmtpMessage to its envelope and content.
 */
#include "modules/message/smtp_message.h"

#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "modules/header/address.h"
#include "modules/header/mail_date.h"
#include "modules/header/message_id.h"
#include "modules/message/address_domain.h"
#include "modules/message/message_signer.h"

/* ---- id, date, randomness ---- */

struct mail_random *smtp_message_random(cp_context *cp, cp_value self, struct mail_random *own, uint64_t purpose) {
    int64_t seed;
    cp_value value = cp_slots(cp, self)[SLOT_SEED];
    if (value == CP_NIL || !cp_to_int64(value, &seed)) return message_random(cp);
    mail_random_init_seed(own, (uint64_t)seed ^ purpose << 32);
    return own;
}

/* For boundaries, which like the id are the same each time this version of the message is built. */
static struct mail_random *boundary_random(cp_context *cp, cp_value self, struct mail_random *own) {
    struct smtp_message *m = smtp_message_of(self);
    struct mail_random *random = smtp_message_random(cp, self, own, 2);
    if (random == own || random->failed) return random;
    while (m->boundary_seed == 0 && !random->failed)
        mail_random_bytes(random, &m->boundary_seed, sizeof m->boundary_seed);
    mail_random_init_seed(own, m->boundary_seed);
    return own;
}

bool smtp_message_read_date(cp_context *cp, cp_value date, int64_t *seconds, int *offset_minutes) {
    struct mail_error error;
    char text[MAIL_DATE_SIZE];
    if (cp_is_string(date)) {
        if (mail_date_parse(cp_string_text(date), cp_string_size(date), seconds, offset_minutes, &error) != MAIL_OK) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "date %s: %s", message_quoted(cp, date), error.text);
            return false;
        }
    } else {
        bool fits = cp_to_int64(date, seconds);
        *offset_minutes = fits ? mail_date_local_offset(*seconds) : 0;
        if (!fits || mail_date_format(text, *seconds, *offset_minutes) != MAIL_OK) {
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "date %s is outside of the years 1900 to 9999",
                     message_quoted(cp, date));
            return false;
        }
    }
    return true;
}

static int local_offset(cp_context *cp, int64_t seconds) {
    struct message_state *state = message_state(cp);
    if (!state->offset_known || state->offset_second != seconds) {
        state->offset_minutes = mail_date_local_offset(seconds);
        state->offset_second = seconds;
        state->offset_known = true;
    }
    return state->offset_minutes;
}

/* What the Date header will say; for one version of a message always the same. */
static bool find_date(cp_context *cp, cp_value self, int64_t *seconds, int *offset_minutes) {
    struct smtp_message *m = smtp_message_of(self);
    cp_value date = cp_slots(cp, self)[SLOT_DATE];
    if (date != CP_NIL) return smtp_message_read_date(cp, date, seconds, offset_minutes);
    if (!m->dated) {
        m->made_date = (int64_t)time(NULL);
        m->dated = true;
    }
    *seconds = m->made_date;
    *offset_minutes = local_offset(cp, m->made_date);
    return true;
}

cp_value smtp_message_id(cp_context *cp, cp_value self) {
    struct smtp_message *m = smtp_message_of(self);
    const cp_value *slots = cp_slots(cp, self);
    if (slots[SLOT_SOURCE] != CP_NIL) return message_source_id(cp, slots[SLOT_SOURCE]);
    if (m->given_id != CP_NIL) return m->given_id;
    if (m->made_id != CP_NIL) return m->made_id;
    cp_value from = slots[SLOT_FROM] != CP_NIL ? slots[SLOT_FROM] : slots[SLOT_SENDER];
    if (from == CP_NIL) return CP_NIL;
    from = address_ascii_domain(cp, from);
    if (from == CP_THROWN) return from;
    struct address_list list;
    struct mail_error error;
    struct mail_random own;
    char id[MESSAGE_ID_SIZE];
    int64_t seconds;
    int offset;
    if (!find_date(cp, self, &seconds, &offset)) return CP_THROWN;
    enum mail_status status = address_parse(&list, cp_string_text(from), cp_string_size(from), &error);
    if (status == MAIL_OK)
        status = message_id_make(id, smtp_message_random(cp, self, &own, 1), seconds, list.items[0].domain, &error);
    address_list_free(&list);
    if (status != MAIL_OK) return message_throw(cp, &error, false);
    return m->made_id = cp_string_z(cp, id);
}

/* ---- notify ---- */

/* The bit of a word, 0 when there is none such. */
static unsigned notify_bit(const char *word, size_t size) {
    static const struct {
        const char *word;
        unsigned bit;
    } words[] = {{"never", SMTP_NOTIFY_NEVER},
                 {"success", SMTP_NOTIFY_SUCCESS},
                 {"failure", SMTP_NOTIFY_FAILURE},
                 {"delay", SMTP_NOTIFY_DELAY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i].word) == size && strncasecmp(words[i].word, word, size) == 0) return words[i].bit;
    return 0;
}

/* Bits of all words in the value, each a String or Symbol; false at one that is none. */
static bool notify_bits(cp_value notify, unsigned *bits) {
    const char *text;
    size_t size, count = cp_is_cell(notify) ? cp_list_length(notify) : 1;
    *bits = 0;
    for (size_t i = 0; i < count; i++) {
        cp_value word = cp_is_cell(notify) ? cp_head(notify) : notify;
        unsigned bit = !cp_is_binary(word) && cp_bytes_of(word, &text, &size) ? notify_bit(text, size) : 0;
        if (bit == 0) return false;
        *bits |= bit;
        if (cp_is_cell(notify)) notify = cp_tail(notify);
    }
    return !(*bits & SMTP_NOTIFY_NEVER) || *bits == SMTP_NOTIFY_NEVER;
}

unsigned smtp_message_notify(cp_context *cp, cp_value notify) {
    unsigned bits = 0;
    (void)cp;
    return notify != CP_NIL && notify_bits(notify, &bits) ? bits : 0;
}

bool smtp_message_check_notify(cp_context *cp, cp_value notify) {
    unsigned bits;
    if (notify == CP_NIL || notify_bits(notify, &bits)) return true;
    cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
             "notify is success, failure or delay, a List of them, or never; it cannot be %s",
             message_quoted(cp, notify));
    return false;
}

/* ---- what the engine is told ---- */

/* The mailbox as the engine takes it, its domain in ASCII where that is possible. False after a throw. */
static bool tell(cp_context *cp, struct smtp_message_build *build, cp_value mailbox, struct mail_text *text) {
    cp_value plain = address_ascii_domain(cp, mailbox);
    if (plain == CP_THROWN) return false;
    if (plain != mailbox) cp_list_add(&build->addresses, plain);
    *text = message_text(plain);
    return true;
}

/* One address and a List of more as what the engine takes; an address that stands in both comes once. False after a
   throw. */
static bool read_addresses(cp_context *cp, struct smtp_message_build *build, const char *field, cp_value one,
                           cp_value more, struct mail_text_list *list) {
    size_t count;
    if (!message_check_list(cp, field, more, &count) || !message_check_mailboxes(cp, field, more, false)) return false;
    count += one != CP_NIL;
    if (count == 0) return true;
    struct mail_text *items = cp_alloc(count * sizeof *items);
    list->items = items;
    if (one != CP_NIL && !tell(cp, build, one, &items[list->count++])) return false;
    for (; cp_is_cell(more); more = cp_tail(more))
        if ((one == CP_NIL || !cp_equal(cp, one, cp_head(more))) &&
            !tell(cp, build, cp_head(more), &items[list->count++]))
            return false;
    return true;
}

/* () for "", of which nothing shall be seen. */
static cp_value unless_empty(cp_value text) { return text != CP_NIL && cp_string_size(text) == 0 ? CP_NIL : text; }

static bool refuse_own_headers(cp_context *cp, cp_value list) {
    static const char *const own[] = {"Date", "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Message-ID"};
    for (; cp_is_cell(list); list = cp_tail(list)) {
        const char *name = cp_text_z(cp, cp_head(cp_head(list)));
        for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
            if (strcasecmp(name, own[i]) != 0) continue;
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "headers: %s has a property of its own", name);
            return false;
        }
    }
    return true;
}

/* ---- headers of properties ---- */

static bool is_uri(const char *bytes, size_t size) {
    if (size > 900 || (strncasecmp(bytes, "https:", size < 6 ? size : 6) != 0 &&
                       strncasecmp(bytes, "http:", size < 5 ? size : 5) != 0 &&
                       strncasecmp(bytes, "mailto:", size < 7 ? size : 7) != 0))
        return false;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] <= 32 || bytes[i] >= 127 || strchr("<>\"", bytes[i])) return false;
    return size > 7;
}

static bool is_https(cp_value uri) {
    return cp_string_size(uri) > 6 && strncasecmp(cp_string_text(uri), "https:", 6) == 0;
}

bool smtp_message_check_unsubscribe(cp_context *cp, cp_value unsubscribe) {
    size_t count;
    cp_value list = cp_is_string(unsubscribe) ? cp_cons(unsubscribe, CP_NIL) : unsubscribe;
    if (!message_check_list(cp, "unsubscribe", list, &count)) return false;
    for (; cp_is_cell(list); list = cp_tail(list)) {
        cp_value uri = cp_head(list);
        if (cp_is_string(uri) && is_uri(cp_string_text(uri), cp_string_size(uri))) continue;
        cp_throw(
            cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT,
            "unsubscribe is a URI like https://example.org/u?id=1 or mailto:u@example.org, or a List of them, not %s",
            message_quoted(cp, uri));
        return false;
    }
    return true;
}

static void add_header(cp_context *cp, cp_list_builder *headers, const char *name, cp_value value) {
    cp_value pair[] = {cp_string_z(cp, name), value};
    cp_list_add(headers, cp_list_n(pair, 2));
}

/* What the properties say that are written as headers. False after a throw. */
static bool property_headers(cp_context *cp, cp_value self, cp_list_builder *headers) {
    const cp_value *slots = cp_slots(cp, self);
    cp_value list = slots[SLOT_UNSUBSCRIBE], value = CP_NIL;
    bool https = false;
    if (!smtp_message_check_unsubscribe(cp, list)) return false; /* the List may have changed */
    if (cp_is_string(list)) list = cp_cons(list, CP_NIL);
    for (; cp_is_cell(list); list = cp_tail(list)) {
        cp_value uri = cp_head(list);
        https |= is_https(uri);
        value = value == CP_NIL ? cp_string_format(cp, "<%s>", cp_text_z(cp, uri))
                                : cp_string_format(cp, "%s, <%s>", cp_text_z(cp, value), cp_text_z(cp, uri));
    }
    if (slots[SLOT_RECEIPT_TO] != CP_NIL)
        add_header(cp, headers, "Disposition-Notification-To", slots[SLOT_RECEIPT_TO]);
    if (value != CP_NIL) add_header(cp, headers, "List-Unsubscribe", value);
    if (slots[SLOT_ONE_CLICK] == CP_NIL) return true;
    if (!https) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "oneClick needs a URI of https: in unsubscribe (RFC 8058)");
        return false;
    }
    add_header(cp, headers, "List-Unsubscribe-Post", cp_string_z(cp, "List-Unsubscribe=One-Click"));
    return true;
}

/* A header that a property writes must not be there twice. */
static bool refuse_twice(cp_context *cp, cp_value own, cp_value list) {
    for (; cp_is_cell(list); list = cp_tail(list)) {
        const char *name = cp_text_z(cp, cp_head(cp_head(list)));
        for (cp_value rest = own; cp_is_cell(rest); rest = cp_tail(rest)) {
            if (strcasecmp(name, cp_text_z(cp, cp_head(cp_head(rest)))) != 0) continue;
            cp_throw(cp, CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "headers: %s is set by a property too", name);
            return false;
        }
    }
    return true;
}

/* ---- what the engine is told, whole ---- */

/* Fills the engine's description. False after a throw. */
static bool describe(cp_context *cp, cp_value self, struct mail_message *m, struct smtp_message_build *build) {
    const cp_value *slots = cp_slots(cp, self);
    cp_value from = slots[SLOT_FROM] != CP_NIL ? slots[SLOT_FROM] : slots[SLOT_SENDER], reply = slots[SLOT_REPLY_TO];
    if (from == CP_NIL && (slots[SLOT_SOURCE] == CP_NIL || slots[SLOT_ENVELOPE_SENDER] == CP_NIL)) {
        cp_throw(cp, CP_ERROR_CARAPACE, CP_MISSING, "the message has no sender");
        return false;
    }
    if (!tell(cp, build, from, &m->from) || !tell(cp, build, slots[SLOT_SENDER], &m->sender) ||
        !tell(cp, build, slots[SLOT_ENVELOPE_SENDER], &m->envelope_sender))
        return false;
    bool one = cp_is_string(reply);
    if (!read_addresses(cp, build, "recipients", slots[SLOT_RECIPIENT], slots[SLOT_RECIPIENTS], &m->to) ||
        !read_addresses(cp, build, "copyRecipients", slots[SLOT_COPY_RECIPIENT], slots[SLOT_COPY_RECIPIENTS], &m->cc) ||
        !read_addresses(cp, build, "blindCopyRecipients", CP_NIL, slots[SLOT_BLIND_COPY_RECIPIENTS], &m->bcc) ||
        !read_addresses(cp, build, "replyTo", one ? reply : CP_NIL, one ? CP_NIL : reply, &m->reply_to) ||
        !message_check_headers(cp, "headers", slots[SLOT_HEADERS]) || !refuse_own_headers(cp, slots[SLOT_HEADERS]))
        return false;
    if (slots[SLOT_SOURCE] != CP_NIL) return true;
    m->subject = message_text(slots[SLOT_SUBJECT]);
    build->html = unless_empty(slots[SLOT_HTML]);
    bool only = build->html == CP_NIL && unless_empty(slots[SLOT_CALENDAR]) == CP_NIL;
    build->text = only ? slots[SLOT_TEXT] : unless_empty(slots[SLOT_TEXT]);
    m->html = message_text(build->html);
    build->calendar = unless_empty(slots[SLOT_CALENDAR]);
    m->calendar = message_text(build->calendar);
    m->flowed = slots[SLOT_FLOWED] != CP_NIL;
    m->text = message_text(build->text);
    m->has_date = true;
    if (!find_date(cp, self, &m->date, &m->offset_minutes)) return false;
    cp_value id = smtp_message_id(cp, self);
    if (id == CP_THROWN) return false;
    m->message_id = message_text(id);
    m->priority = slots[SLOT_PRIORITY] == CP_NIL ? 0 : (int)cp_fixnum_value(slots[SLOT_PRIORITY]);
    m->random = boundary_random(cp, self, &build->random);
    return true;
}

static bool build_unsigned(cp_context *cp, cp_value self, struct smtp_message_build *build, enum message_body body,
                           bool shared) {
    struct mail_message m = {0};
    struct mail_error error;
    struct attachments attachments;
    const cp_value *slots = cp_slots(cp, self);
    memset(build, 0, sizeof *build);
    build->writer.handle = -1;
    if (slots[SLOT_SOURCE] != CP_NIL)
        return message_source_alone(cp, self) && describe(cp, self, &m, build) &&
               message_source_build(cp, slots[SLOT_SOURCE], &m, build);
    if (!describe(cp, self, &m, build) ||
        !attachments_read(cp, &attachments, slots[SLOT_ATTACHMENTS], slots[SLOT_INLINES]))
        return false;
    m.attachments = attachments.items;
    m.attachment_count = attachments.count;
    build->kept = attachments.kept.list;
    if (shared) m.share = message_sharing_begin(cp, &build->sharing);
    m.text_owner = message_share_owner(build->text);
    m.html_owner = message_share_owner(build->html);
    m.calendar_owner = message_share_owner(build->calendar);
    if (mail_message_build(&m, &build->built, &error) != MAIL_OK) {
        attachments_free(&attachments);
        message_throw(cp, &error, false);
        return false;
    }
    cp_list_builder own = {0};
    return property_headers(cp, self, &own) && refuse_twice(cp, own.list, slots[SLOT_HEADERS]) &&
           message_add_headers(cp, build->built.root, own.list) &&
           message_add_headers(cp, build->built.root, slots[SLOT_HEADERS]) &&
           message_writer_init(cp, &build->writer, build->built.root, body, m.random, m.share);
}

static ssize_t read_built(cp_context *cp, void *context, char *buffer, size_t size) {
    struct mime_writer *writer = context;
    ssize_t count = mime_writer_read(writer, buffer, size);
    if (count < 0) message_throw(cp, &writer->error, writer->started);
    return count;
}

/* The message is made twice: what is signed is the first one's bytes, and the second one is the same to the bit,
   because its id, date and boundaries stay (see struct smtp_message). */
static bool sign(cp_context *cp, cp_value self, struct smtp_message_build *build, enum message_body body, bool shared) {
    cp_value signer = smtp_message_of(self)->signer;
    message_signer_sign make = message_signer_of(cp, signer);
    struct smtp_message_build first;
    struct mail_buffer field = {0};
    bool fine = build_unsigned(cp, self, &first, body, shared) &&
                make(cp, signer, read_built, &first.writer, &field) != CP_THROWN;
    if (fine && mime_writer_prepend(&build->writer, field.data, field.size) != MAIL_OK) {
        message_throw(cp, &build->writer.error, false);
        fine = false;
    }
    smtp_message_build_free(&first);
    mail_buffer_free(&field);
    return fine;
}

/* RFC 6376 5.3: who may have to encode on the way what is binary would break its signature. */
bool smtp_message_build(cp_context *cp, cp_value self, struct smtp_message_build *build, enum message_body body,
                        bool shared) {
    bool signs = smtp_message_of(self)->signer != CP_NIL;
    if (signs && body > MESSAGE_8BIT) body = MESSAGE_8BIT;
    if (!build_unsigned(cp, self, build, body, shared)) return false;
    if (!signs) return true;
    if (!build->writer.uses_binary) return sign(cp, self, build, body, shared);
    cp_throw(cp, CP_ERROR_MIME, MIME_ERROR_ENCODING,
             "source has binary parts, and a signature of them would break where they must be encoded: sign it without "
             "them, or do not sign");
    return false;
}

void smtp_message_build_free(struct smtp_message_build *build) {
    mime_writer_finish(&build->writer);
    mail_built_free(&build->built);
    build->text = build->html = build->calendar = build->kept = CP_NIL;
    build->addresses = (cp_list_builder){0};
    build->sharing = (struct message_sharing){0};
}
