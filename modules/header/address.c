/* SPDX-License-Identifier: GPL-3.0-or-later */
/* address: reading mailboxes, groups and lists of RFC 5322 3.4 (with RFC 6532 UTF-8). */
#include "modules/header/address.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/header/address_plain.h"
#include "modules/header/header_class.h"
#include "modules/header/header_text.h"
#include "modules/coding/utf8_text.h"

#define NO_STRING SIZE_MAX

/* A mailbox while the storage still moves: offsets into it. */
struct found {
    size_t display_name, local_part, domain, spec, group;
    bool non_ascii_local, non_ascii_domain;
};

struct parser {
    const char *text;
    size_t size;
    size_t at;
    struct mail_buffer storage;
    struct mail_buffer scratch; /* the phrase or local part being read */
    struct found *found;
    size_t count, capacity;
    struct mail_error *error;
};

/* An excerpt of the input for an error: at most 60 bytes, ending with a whole character. */
static int excerpt(const struct parser *p, size_t start, size_t end) {
    size_t size = end - start;
    if (size > 60) {
        size = 60;
        while (size > 56 && ((unsigned char)p->text[start + size] & 0xC0) == 0x80) size--;
    }
    return (int)size;
}

/* With the UTF-8 of RFC 6532. */
static bool is_atext(unsigned char c) { return c >= 0x80 || header_is((char)c, HEADER_ATEXT); }

static bool at_end(const struct parser *p) { return p->at >= p->size; }
static char peek(const struct parser *p) { return p->at < p->size ? p->text[p->at] : '\0'; }

/* Skip white space and comments (CFWS); CR and LF cannot be there, address_list_parse looked. */
static enum mail_status skip_blanks(struct parser *p) {
    unsigned depth = 0;
    size_t start = p->at;
    for (; p->at < p->size; p->at++) {
        char c = p->text[p->at];
        if (c == '(') {
            if (depth == 0) start = p->at;
            if (++depth > ADDRESS_COMMENT_DEPTH) {
                return mail_error_set(p->error, MAIL_TOO_MANY, p->at, "comments nest deeper than %d",
                                      ADDRESS_COMMENT_DEPTH);
            }
        } else if (depth > 0) {
            if (c == ')') depth--;
            else if (c == '\\' && p->at + 1 < p->size) p->at++;
        } else if (c != ' ' && c != '\t') {
            break;
        }
    }
    if (depth == 0) return MAIL_OK;
    return mail_error_set(p->error, MAIL_SYNTAX, start, "comment '%.*s' is not closed", excerpt(p, start, p->size),
                          p->text + start);
}

/* Read a quoted string's content, without quotes and escapes, to scratch. */
static enum mail_status read_quoted(struct parser *p) {
    size_t start = p->at++;
    for (; p->at < p->size; p->at++) {
        char c = p->text[p->at];
        if (c == '"') {
            p->at++;
            return MAIL_OK;
        }
        if (c == '\\' && p->at + 1 < p->size) c = p->text[++p->at];
        if (((unsigned char)c < 32 && c != '\t') || c == 127) {
            return mail_error_set(p->error, MAIL_SYNTAX, p->at, "control character in a quoted string");
        }
        mail_buffer_append_char(&p->scratch, c);
    }
    return mail_error_set(p->error, MAIL_SYNTAX, start, "quotation mark not closed in '%.*s'",
                          excerpt(p, start, p->size), p->text + start);
}

/* Length of the atom at the cursor. An encoded word counts as one even with characters no atom may have, as some
 * senders write them. */
static size_t atom_length(const struct parser *p) {
    size_t encoded = header_encoded_word(p->text + p->at, p->size - p->at), i = p->at;
    if (encoded > 0) return encoded;
    while (i < p->size && is_atext((unsigned char)p->text[i])) i++;
    return i - p->at;
}

static enum mail_status unexpected(struct parser *p, size_t start) {
    size_t length = utf8_text_character(p->text + p->at, p->size - p->at);
    unsigned char c = (unsigned char)p->text[p->at];
    if (c < 32 || c == 127) {
        return mail_error_set(p->error, MAIL_SYNTAX, p->at, "control character 0x%02X in an address", c);
    }
    return mail_error_set(p->error, MAIL_SYNTAX, p->at, "unexpected '%.*s' in '%.*s'", (int)length, p->text + p->at,
                          excerpt(p, start, p->size), p->text + start);
}

/* Look ahead over words to the character that tells what this member is: '<' '@' ':' ',' ';', or NUL at the end. Leaves
 * the cursor. */
static enum mail_status find_kind(struct parser *p, char *kind) {
    size_t start = p->at;
    enum mail_status status = MAIL_OK;
    *kind = '\0';
    while (status == MAIL_OK) {
        status = skip_blanks(p);
        if (status != MAIL_OK || at_end(p)) break;
        char c = peek(p);
        if (c == '<' || c == '@' || c == ':' || c == ',' || c == ';') {
            *kind = c;
            break;
        }
        size_t length = atom_length(p);
        if (length > 0) p->at += length;
        else if (c == '.') p->at++;
        else if (c == '"') status = read_quoted(p);
        else status = unexpected(p, start);
    }
    p->scratch.size = 0;
    p->at = start;
    return status;
}

/* Store scratch as a NUL-terminated string and empty it. */
static size_t store(struct parser *p, const char *text, size_t size) {
    size_t offset = p->storage.size;
    mail_buffer_append(&p->storage, text, size);
    mail_buffer_append_char(&p->storage, '\0');
    return offset;
}

/* A display or group name: words and dots, decoded, up to `end`; the cursor is then behind end. */
static enum mail_status read_phrase(struct parser *p, char end, size_t *name) {
    bool first = true;
    p->scratch.size = 0;
    for (;;) {
        size_t before = p->at;
        enum mail_status status = skip_blanks(p);
        if (status != MAIL_OK) return status;
        bool blank = p->at > before;
        if (peek(p) == end) break;
        if (!first && blank) mail_buffer_append_char(&p->scratch, ' ');
        first = false;
        size_t length = atom_length(p);
        if (length > 0) {
            mail_buffer_append(&p->scratch, p->text + p->at, length);
            p->at += length;
        } else if (peek(p) == '.') { /* obs-phrase: "J. Doe" without quotes */
            mail_buffer_append_char(&p->scratch, '.');
            p->at++;
        } else {
            status = read_quoted(p); /* find_kind saw to it that nothing else is here */
            if (status != MAIL_OK) return status;
        }
    }
    p->at++;
    *name = p->storage.size;
    if (p->scratch.size > 0) header_text_decode(&p->storage, p->scratch.data, p->scratch.size);
    mail_buffer_append_char(&p->storage, '\0');
    p->scratch.size = 0;
    return MAIL_OK;
}

/* Characters that look like nothing or like a space, and come in by copy and paste. */
static bool is_invisible(unsigned code) {
    return (code >= 0x80 && code <= 0xA0) || code == 0xAD || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2000 && code <= 0x200A) || (code >= 0x2028 && code <= 0x202F) ||
           (code >= 0x205F && code <= 0x206F) || code == 0x3000 || code == 0xFEFF;
}

static unsigned code_point(const char *text, size_t length) {
    const unsigned char *b = (const unsigned char *)text;
    if (length == 1) return b[0];
    if (length == 2) return (b[0] & 31u) << 6 | (b[1] & 63u);
    if (length == 3) return (b[0] & 15u) << 12 | (b[1] & 63u) << 6 | (b[2] & 63u);
    return (b[0] & 7u) << 18 | (b[1] & 63u) << 12 | (b[2] & 63u) << 6 | (b[3] & 63u);
}

/* A local part or domain must be UTF-8 whose characters can be seen. */
static enum mail_status check_characters(struct parser *p, const char *text, size_t size, size_t position) {
    for (size_t i = 0; i < size;) {
        size_t length = utf8_text_character(text + i, size - i);
        if (length == 0) return mail_error_set(p->error, MAIL_ENCODING, position, "address is not valid UTF-8");
        unsigned code = code_point(text + i, length);
        if (is_invisible(code)) {
            return mail_error_set(p->error, MAIL_SYNTAX, position, "invisible character U+%04X in an address", code);
        }
        i += length;
    }
    return MAIL_OK;
}

/* local-part: words joined by dots, to scratch; the cursor is then at '@'. */
static enum mail_status read_local_part(struct parser *p, size_t start) {
    bool want_word = true, any = false;
    p->scratch.size = 0;
    for (;;) {
        enum mail_status status = skip_blanks(p);
        if (status != MAIL_OK) return status;
        size_t length = atom_length(p);
        char c = peek(p);
        int shown = excerpt(p, start, p->size);
        const char *all = p->text + start;
        if (c == '@') {
            if (!any) return mail_error_set(p->error, MAIL_SYNTAX, p->at, "nothing before the @ in '%.*s'", shown, all);
            if (want_word)
                return mail_error_set(p->error, MAIL_SYNTAX, p->at, "a dot just before the @ in '%.*s'", shown, all);
            return MAIL_OK;
        }
        if (c == '.') {
            if (!any)
                return mail_error_set(p->error, MAIL_SYNTAX, p->at, "a dot at the beginning of '%.*s'", shown, all);
            if (want_word)
                return mail_error_set(p->error, MAIL_SYNTAX, p->at, "two dots in a row in '%.*s'", shown, all);
            mail_buffer_append_char(&p->scratch, '.');
            p->at++;
            want_word = true;
            continue;
        }
        if (length == 0 && c != '"') {
            if (at_end(p) || c == ',' || c == ';' || c == '>') {
                return mail_error_set(p->error, MAIL_SYNTAX, p->at, "no @ in '%.*s'", excerpt(p, start, p->at), all);
            }
            return unexpected(p, start);
        }
        if (!want_word) {
            return mail_error_set(p->error, MAIL_SYNTAX, p->at,
                                  "a space or comma missing or too many before the @ in '%.*s'", shown, all);
        }
        if (c == '"') {
            status = read_quoted(p);
            if (status != MAIL_OK) return status;
        } else {
            mail_buffer_append(&p->scratch, p->text + p->at, length);
            p->at += length;
        }
        want_word = false;
        any = true;
    }
}

/* RFC 5321 4.1.3, at '['. */
static enum mail_status read_literal(struct parser *p) {
    size_t start = p->at;
    const char *close = memchr(p->text + start, ']', p->size - start);
    if (close == NULL) {
        return mail_error_set(p->error, MAIL_SYNTAX, start, "'[' is not closed in '%.*s'", excerpt(p, start, p->size),
                              p->text + start);
    }
    size_t size = (size_t)(close - p->text) - start - 1;
    char inside[ADDRESS_DOMAIN_LIMIT + 1];
    unsigned char binary[16];
    p->at = start + size + 2;
    if (size < sizeof inside) {
        memcpy(inside, p->text + start + 1, size);
        inside[size] = '\0';
        bool fine;
        const char *colon = strchr(inside, ':');
        if (strncasecmp(inside, "IPv6:", 5) == 0) {
            fine = inet_pton(AF_INET6, inside + 5, binary) == 1;
        } else if (colon == NULL) {
            fine = inet_pton(AF_INET, inside, binary) == 1;
        } else { /* General-address-literal: a registered tag */
            fine = colon > inside && colon[1] != '\0' && colon[-1] != '-';
            for (const char *c = inside; c < colon; c++) fine &= header_is(*c, HEADER_DOMAIN) && *c != '_';
            for (size_t i = 0; i < size; i++)
                fine &= inside[i] > 32 && inside[i] < 127 && inside[i] != '[' && inside[i] != '\\';
        }
        if (fine && strlen(inside) == size) {
            mail_buffer_append(&p->storage, p->text + start, size + 2);
            return MAIL_OK;
        }
    }
    return mail_error_set(p->error, MAIL_SYNTAX, start, "'%.*s' is no address literal", excerpt(p, start, p->at),
                          p->text + start);
}

/* One label of a domain: RFC 5321 4.1.2 letters, digits, hyphens inside; the underscore that some networks have; UTF-8.
 */
static enum mail_status check_label(struct parser *p, size_t start, size_t length) {
    const char *label = p->text + start;
    int shown = excerpt(p, start, start + length);
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)label[i];
        if (c < 0x80 && !header_is(label[i], HEADER_DOMAIN)) {
            return mail_error_set(p->error, MAIL_SYNTAX, start + i, "'%c' cannot be in a domain ('%.*s')", c, shown,
                                  label);
        }
    }
    if (label[0] == '-' || label[length - 1] == '-') {
        return mail_error_set(p->error, MAIL_SYNTAX, start, "'%.*s' in the domain begins or ends with a hyphen", shown,
                              label);
    }
    if (length > 63 && utf8_text_is_ascii(label, length)) {
        return mail_error_set(p->error, MAIL_TOO_LONG, start, "'%.*s...' in the domain is longer than 63 characters",
                              shown, label);
    }
    return MAIL_OK;
}

/* domain, appended to storage without a NUL. */
static enum mail_status read_domain(struct parser *p, size_t start) {
    enum mail_status status = skip_blanks(p);
    bool any = false;
    if (status != MAIL_OK) return status;
    if (peek(p) == '[') {
        status = read_literal(p);
        return status == MAIL_OK ? skip_blanks(p) : status;
    }
    for (;;) {
        size_t at = p->at, length = 0;
        while (at + length < p->size && is_atext((unsigned char)p->text[at + length])) length++;
        int shown = excerpt(p, start, p->size);
        const char *all = p->text + start;
        if (length == 0) {
            if (peek(p) == '.' && any)
                return mail_error_set(p->error, MAIL_SYNTAX, at, "two dots in a row in '%.*s'", shown, all);
            if (peek(p) == '.')
                return mail_error_set(p->error, MAIL_SYNTAX, at, "a dot just after the @ in '%.*s'", shown, all);
            if (any)
                return mail_error_set(p->error, MAIL_SYNTAX, at, "a dot at the end of the domain in '%.*s'", shown,
                                      all);
            return mail_error_set(p->error, MAIL_SYNTAX, at, "no domain after the @ in '%.*s'", shown, all);
        }
        status = check_label(p, at, length);
        if (status != MAIL_OK) return status;
        mail_buffer_append(&p->storage, p->text + at, length);
        p->at += length;
        any = true;
        status = skip_blanks(p);
        if (status != MAIL_OK || peek(p) != '.') return status;
        mail_buffer_append_char(&p->storage, '.');
        p->at++;
        status = skip_blanks(p);
        if (status != MAIL_OK) return status;
    }
}

static bool is_dot_string(const char *text, size_t size) {
    if (size == 0 || text[0] == '.' || text[size - 1] == '.') return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '.' ? text[i - 1] == '.' : !is_atext((unsigned char)text[i])) return false;
    }
    return true;
}

/* Write local@domain as RFC 5321 4.1.2 wants it. Offsets, because storage moves. */
static void store_spec(struct parser *p, struct found *f, size_t local_size) {
    f->spec = p->storage.size;
    /* Reserve first: then the source pointers stay good while we append. */
    size_t domain_size = f->spec - f->domain - 1;
    if (mail_buffer_reserve(&p->storage, local_size * 2 + domain_size + 4) == NULL) return;
    const char *local = p->storage.data + f->local_part;
    bool plain = is_dot_string(local, local_size);
    if (!plain) mail_buffer_append_char(&p->storage, '"');
    for (size_t i = 0; i < local_size; i++) {
        if (!plain && (local[i] == '"' || local[i] == '\\')) mail_buffer_append_char(&p->storage, '\\');
        mail_buffer_append_char(&p->storage, local[i]);
    }
    if (!plain) mail_buffer_append_char(&p->storage, '"');
    mail_buffer_append_char(&p->storage, '@');
    mail_buffer_append(&p->storage, p->storage.data + f->domain, domain_size);
    mail_buffer_append_char(&p->storage, '\0');
}

/* RFC 5321 4.5.3.1, octets. */
static enum mail_status check_limits(struct parser *p, size_t start, size_t local, size_t domain, size_t spec) {
    int shown = excerpt(p, start, p->at);
    const char *all = p->text + start;
    if (local > ADDRESS_LOCAL_LIMIT) {
        return mail_error_set(p->error, MAIL_TOO_LONG, start, "%zu bytes before the @, 64 are allowed, in '%.*s...'",
                              local, shown, all);
    }
    if (domain > ADDRESS_DOMAIN_LIMIT) {
        return mail_error_set(p->error, MAIL_TOO_LONG, start, "a domain of %zu bytes, 255 are allowed, in '%.*s...'",
                              domain, shown, all);
    }
    if (spec > ADDRESS_SPEC_LIMIT) {
        return mail_error_set(p->error, MAIL_TOO_LONG, start, "an address of %zu bytes, 254 are allowed: '%.*s...'",
                              spec, shown, all);
    }
    return MAIL_OK;
}

/* addr-spec at the cursor, completing f. */
static enum mail_status read_spec(struct parser *p, size_t start, struct found *f) {
    enum mail_status status = read_local_part(p, start);
    if (status == MAIL_OK) status = check_characters(p, p->scratch.data ? p->scratch.data : "", p->scratch.size, start);
    if (status != MAIL_OK) return status;
    size_t local_size = p->scratch.size;
    f->local_part = store(p, p->scratch.data, local_size);
    f->non_ascii_local = local_size > 0 && !utf8_text_is_ascii(p->scratch.data, local_size);
    p->scratch.size = 0;
    p->at++;
    f->domain = p->storage.size;
    size_t domain_start = p->at;
    status = read_domain(p, start);
    if (status != MAIL_OK) return status;
    if (p->storage.failed) return mail_error_no_memory(p->error);
    size_t domain_size = p->storage.size - f->domain;
    status = check_characters(p, p->storage.data + f->domain, domain_size, domain_start);
    if (status != MAIL_OK) return status;
    f->non_ascii_domain = !utf8_text_is_ascii(p->storage.data + f->domain, domain_size);
    mail_buffer_append_char(&p->storage, '\0');
    store_spec(p, f, local_size);
    if (p->storage.failed || p->scratch.failed) return mail_error_no_memory(p->error);
    size_t spec_size = p->storage.size - f->spec - 1;
    return check_limits(p, start, spec_size - domain_size - 1, domain_size, spec_size);
}

/* `<addr-spec>` behind its '<', with an obsolete route "@a,@b:" passed over (RFC 5321 C: servers ignore it). */
static enum mail_status read_angle(struct parser *p, size_t start, struct found *f) {
    enum mail_status status = skip_blanks(p);
    if (status == MAIL_OK && peek(p) == '>') {
        return mail_error_set(p->error, MAIL_SYNTAX, p->at, "empty address in '%.*s'", excerpt(p, start, p->at + 1),
                              p->text + start);
    }
    if (status == MAIL_OK && peek(p) == '@') {
        size_t i = p->at;
        while (i < p->size && (is_atext((unsigned char)p->text[i]) || strchr("@,. \t", p->text[i]))) i++;
        if (i < p->size && p->text[i] == ':') p->at = i + 1;
    }
    if (status == MAIL_OK) status = read_spec(p, start, f);
    if (status != MAIL_OK) return status;
    if (peek(p) != '>') {
        if (!at_end(p)) return unexpected(p, start);
        return mail_error_set(p->error, MAIL_SYNTAX, p->at, "no > in '%.*s'", excerpt(p, start, p->size),
                              p->text + start);
    }
    p->at++;
    return skip_blanks(p);
}

static enum mail_status keep(struct parser *p, const struct found *f) {
    if (p->count == ADDRESS_LIST_LIMIT) {
        return mail_error_set(p->error, MAIL_TOO_MANY, p->at, "more than %d addresses", ADDRESS_LIST_LIMIT);
    }
    if (p->count == p->capacity) {
        size_t capacity = p->capacity ? p->capacity * 2 : 4;
        struct found *more = realloc(p->found, capacity * sizeof *more);
        if (more == NULL) return mail_error_no_memory(p->error);
        p->found = more;
        p->capacity = capacity;
    }
    p->found[p->count++] = *f;
    return MAIL_OK;
}

static enum mail_status read_mailbox(struct parser *p, char kind, size_t group) {
    struct found f = {.group = group, .display_name = NO_STRING};
    size_t start = p->at;
    enum mail_status status;
    if (kind == '<') {
        status = read_phrase(p, '<', &f.display_name);
        if (status == MAIL_OK) status = read_angle(p, start, &f);
    } else {
        status = read_spec(p, start, &f);
    }
    if (status == MAIL_OK && !at_end(p) && peek(p) != ',' && peek(p) != ';') status = unexpected(p, start);
    return status == MAIL_OK ? keep(p, &f) : status;
}

static enum mail_status read_list(struct parser *p) {
    size_t group = NO_STRING, group_start = 0;
    for (;;) {
        char kind;
        enum mail_status status = skip_blanks(p);
        if (status != MAIL_OK) return status;
        if (at_end(p)) break;
        if (peek(p) == ',') { /* also empty members (RFC 5322 4.4) */
            p->at++;
            continue;
        }
        if (peek(p) == ';') {
            if (group == NO_STRING) return unexpected(p, p->at);
            group = NO_STRING;
            p->at++;
            status = skip_blanks(p);
            if (status != MAIL_OK) return status;
            if (!at_end(p) && peek(p) != ',') return unexpected(p, group_start);
            continue;
        }
        size_t start = p->at;
        status = find_kind(p, &kind);
        if (status == MAIL_OK && kind == ':') {
            if (group != NO_STRING) return mail_error_set(p->error, MAIL_SYNTAX, start, "a group inside a group");
            if (peek(p) == ':') return mail_error_set(p->error, MAIL_SYNTAX, start, "a group without a name");
            group_start = start;
            status = read_phrase(p, ':', &group);
        } else if (status == MAIL_OK) {
            status = read_mailbox(p, kind, group);
        }
        if (status != MAIL_OK) return status;
    }
    if (group == NO_STRING) return MAIL_OK;
    return mail_error_set(p->error, MAIL_SYNTAX, group_start, "no ; at the end of the group '%.*s'",
                          excerpt(p, group_start, p->size), p->text + group_start);
}

/* Storage has its final place now: offsets become pointers. */
static enum mail_status finish(struct parser *p, struct address_list *list) {
    if (p->storage.failed || p->scratch.failed) return mail_error_no_memory(p->error);
    if (p->count == 0) return MAIL_OK;
    list->items = calloc(p->count, sizeof *list->items);
    if (list->items == NULL) return mail_error_no_memory(p->error);
    list->count = p->count;
    list->storage = p->storage.data;
    for (size_t i = 0; i < p->count; i++) {
        const struct found *f = &p->found[i];
        struct address *a = &list->items[i];
        a->display_name = f->display_name == NO_STRING ? "" : list->storage + f->display_name;
        a->local_part = list->storage + f->local_part;
        a->domain = list->storage + f->domain;
        a->spec = list->storage + f->spec;
        a->group = f->group == NO_STRING ? NULL : list->storage + f->group;
        a->non_ascii_local = f->non_ascii_local;
        a->non_ascii_domain = f->non_ascii_domain;
    }
    memset(&p->storage, 0, sizeof p->storage);
    return MAIL_OK;
}

enum mail_status address_list_parse(struct address_list *list, const char *text, size_t size,
                                    struct mail_error *error) {
    struct parser p = {.text = text, .size = size, .error = error};
    if (address_plain_parse(list, text, size)) return MAIL_OK;
    memset(list, 0, sizeof *list);
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '\r' && text[i] != '\n' && text[i] != '\0') continue;
        return mail_error_set(error, MAIL_CONTROL_CHARACTER, i, "%s in an address at byte %zu",
                              text[i] == '\0' ? "NUL" : "line break", i);
    }
    enum mail_status status = read_list(&p);
    if (status == MAIL_OK) status = finish(&p, list);
    mail_buffer_free(&p.storage);
    mail_buffer_free(&p.scratch);
    free(p.found);
    return status;
}

enum mail_status address_parse(struct address_list *list, const char *text, size_t size, struct mail_error *error) {
    enum mail_status status = address_list_parse(list, text, size, error);
    if (status != MAIL_OK || list->count == 1) return status;
    size_t count = list->count;
    address_list_free(list);
    if (count == 0) return mail_error_set(error, MAIL_SYNTAX, 0, "empty address");
    return mail_error_set(error, MAIL_SYNTAX, 0, "%zu addresses where one is wanted", count);
}

void address_list_free(struct address_list *list) {
    free(list->items);
    free(list->storage);
    memset(list, 0, sizeof *list);
}

bool address_equal(const struct address *a, const struct address *b) {
    return strcmp(a->local_part, b->local_part) == 0 && strcasecmp(a->domain, b->domain) == 0;
}
