/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_layout: the plan of a message: which bytes stand between the bodies, and how each body is encoded. */
#ifndef _GNU_SOURCE
#endif
#include "modules/mime/mime_layout.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "modules/header/header_parameter.h"
#include "modules/header/media_type.h"
#include "modules/mime/mime_part_private.h"

#define BOUNDARY_LETTERS 24 /* 142 bits */

#define WALK_FEW 16
#define OWN_HEADERS 256 /* bytes beside the part's headers: what one part needs in nearly all messages */

/* What is carried through the walk: encodings chosen beforehand, in the order in which the walk meets the parts. */
struct walk {
    struct mime_writer *w;
    enum transfer_encoding *chosen;
    size_t count, capacity;
    size_t next;
    enum transfer_encoding few[WALK_FEW]; /* where chosen points at first */
    unsigned given;                       /* multiparts around the present part whose boundary was given */
};

/* --- encodings --- */

/* Whether the text may go unencoded in a given way. */
static bool suits(const struct text_traits *traits, enum transfer_encoding encoding) {
    if (traits->has_nul || traits->has_bare_cr || traits->longest_line > 998) return false;
    return encoding == TRANSFER_8BIT || !traits->has_8bit;
}

/* Binary only where no boundary around it was given: that might occur in a file, which is not read now. */
static enum transfer_encoding automatic(const struct walk *walk, const struct mime_part *part) {
    const struct mime_options *options = &walk->w->options;
    enum transfer_encoding encoding =
        part->content == MIME_TEXT ? transfer_encoding_of(&part->traits, part->data, part->size, options->allow_8bit)
                                   : TRANSFER_BASE64;
    return encoding == TRANSFER_BASE64 && options->allow_binary && walk->given == 0 ? TRANSFER_BINARY : encoding;
}

static enum mail_status choose_leaf(const struct walk *walk, const struct mime_part *part,
                                    enum transfer_encoding *chosen) {
    struct mime_writer *w = walk->w;
    const char *type = mime_part_type(part);
    bool message = strncasecmp(type, "message/", 8) == 0;
    bool text = part->content == MIME_TEXT;
    *chosen = part->encoding;
    if (part->content == MIME_EMPTY) {
        if (*chosen == TRANSFER_AUTOMATIC) *chosen = TRANSFER_7BIT;
        return MAIL_OK;
    }
    if (*chosen == TRANSFER_AUTOMATIC) *chosen = automatic(walk, part);
    bool plain = *chosen == TRANSFER_7BIT || *chosen == TRANSFER_8BIT;
    if (message && !plain && *chosen != TRANSFER_BINARY) { /* RFC 2046 5.2.1 */
        return mail_error_set(&w->error, MAIL_MISUSE, 0, "%.80s must be text that needs no encoding", type);
    }
    if (plain && part->encoding != TRANSFER_AUTOMATIC) {
        if (!text) return mail_error_set(&w->error, MAIL_MISUSE, 0, "only text in memory can go as 7bit or 8bit");
        if (!suits(&part->traits, *chosen)) {
            return mail_error_set(&w->error, MAIL_ENCODING, 0, "the text cannot go as %s",
                                  transfer_encoding_name(*chosen));
        }
        if (*chosen == TRANSFER_8BIT && !w->options.allow_8bit) {
            return mail_error_set(&w->error, MAIL_ENCODING, 0, "8bit was asked for, but the server does not take it");
        }
    }
    return MAIL_OK;
}

/* Choose for part and all below it. A multipart is 8bit or binary if something in it is (RFC 2045 6.4). */
static enum mail_status choose(struct walk *walk, const struct mime_part *part) {
    struct mime_writer *w = walk->w;
    if (walk->count == MIME_PART_LIMIT)
        return mail_error_set(&w->error, MAIL_TOO_MANY, 0, "more than %d parts", MIME_PART_LIMIT);
    if (walk->count == walk->capacity) {
        size_t capacity = walk->capacity * 2;
        bool first = walk->chosen == walk->few;
        enum transfer_encoding *more = realloc(first ? NULL : walk->chosen, capacity * sizeof *more);
        if (more == NULL) return mail_error_no_memory(&w->error);
        if (first) memcpy(more, walk->few, sizeof walk->few);
        walk->chosen = more;
        walk->capacity = capacity;
    }
    size_t own = walk->count++;
    enum transfer_encoding chosen = TRANSFER_7BIT;
    enum mail_status status = MAIL_OK;
    if (part->content == MIME_MULTIPART) {
        if (part->child_count == 0) return mail_error_set(&w->error, MAIL_MISUSE, 0, "%.80s without parts", part->type);
        walk->given += part->boundary != NULL;
        for (size_t i = 0; i < part->child_count && status == MAIL_OK; i++) {
            size_t child = walk->count;
            status = choose(walk, part->children[i]);
            if (status != MAIL_OK) break;
            if (walk->chosen[child] == TRANSFER_BINARY) chosen = TRANSFER_BINARY;
            else if (walk->chosen[child] == TRANSFER_8BIT && chosen == TRANSFER_7BIT) chosen = TRANSFER_8BIT;
        }
        walk->given -= part->boundary != NULL;
    } else {
        status = choose_leaf(walk, part, &chosen);
    }
    walk->chosen[own] = chosen;
    if (chosen == TRANSFER_8BIT) w->uses_8bit = true;
    if (chosen == TRANSFER_BINARY) w->uses_binary = true;
    return status;
}

/* --- boundaries --- */

static bool contains(const char *data, size_t size, const char *boundary) {
    return size > 0 && memmem(data, size, boundary, strlen(boundary)) != NULL;
}

/* Whether boundary might stand in the encoded form of part or what is below it. Base64 has no hyphen, a boundary line
   begins with two. In quoted-printable a boundary with "=_" cannot occur (RFC 2045 6.7: "=" is followed by hexadecimal
   digits or a line end); one without "=" occurs only where the text has it; one with another "=" might be an escape,
   and files are not read now: for these the answer is yes. */
static bool may_occur(const struct walk *walk, const struct mime_part *part, size_t *index, const char *boundary) {
    enum transfer_encoding encoding = walk->chosen[(*index)++];
    if (contains(part->headers.data, part->headers.size, boundary)) return true;
    if (part->content == MIME_MULTIPART) {
        for (size_t i = 0; i < part->child_count; i++) {
            const struct mime_part *child = part->children[i];
            if (child->boundary && strncmp(child->boundary, boundary, strlen(boundary)) == 0) return true;
            if (may_occur(walk, child, index, boundary)) return true;
        }
        return false;
    }
    if (encoding == TRANSFER_BASE64 || part->content == MIME_EMPTY) return false;
    /* Not read now; but no file has the 142 bits that are drawn for it. */
    if (encoding == TRANSFER_BINARY && part->data == NULL) return false;
    if (encoding == TRANSFER_QUOTED_PRINTABLE) {
        if (strstr(boundary, "=_")) return false;
        if (strchr(boundary, '=') || part->data == NULL) return part->content != MIME_TEXT || part->size > 0;
    }
    return contains(part->data, part->size, boundary);
}

/* own: the index of part in walk->chosen. */
static enum mail_status make_boundary(const struct walk *walk, const struct mime_part *part, size_t own,
                                      char boundary[72]) {
    struct mime_writer *w = walk->w;
    size_t index = own;
    if (part->boundary) {
        memcpy(boundary, part->boundary, strlen(part->boundary) + 1);
        /* The part's own headers are outside of it. */
        index++;
        for (size_t i = 0; i < part->child_count; i++) {
            const struct mime_part *child = part->children[i];
            bool prefix = child->boundary && strncmp(child->boundary, boundary, strlen(boundary)) == 0;
            if (!prefix && !may_occur(walk, child, &index, boundary)) continue;
            return mail_error_set(&w->error, MAIL_MISUSE, 0, "boundary '%s' may occur inside the parts", boundary);
        }
        return MAIL_OK;
    }
    if (w->options.random == NULL)
        return mail_error_set(&w->error, MAIL_MISUSE, 0, "a multipart needs a source of random boundaries");
    for (int tries = 0; tries < 100; tries++) {
        boundary[0] = '=';
        boundary[1] = '_';
        mail_random_letters(w->options.random, boundary + 2, BOUNDARY_LETTERS);
        boundary[2 + BOUNDARY_LETTERS] = '\0';
        if (w->options.random->failed) break;
        index = own;
        if (!may_occur(walk, part, &index, boundary)) return MAIL_OK;
    }
    return mail_error_set(&w->error, MAIL_MISUSE, 0, "the system gives no random numbers for a boundary");
}

/* --- headers --- */

static const char *default_charset(const struct mime_part *part) {
    struct text_traits traits;
    if (part->content == MIME_EMPTY) return "us-ascii";
    if (part->content == MIME_FILE || part->content == MIME_READER) return "utf-8"; /* not read now; nearly always so */
    if (part->content == MIME_TEXT) traits = part->traits;
    else text_examine(&traits, part->data, part->size);
    if (!traits.is_utf8) return "unknown-8bit"; /* RFC 1428 3 */
    return traits.has_8bit ? "utf-8" : "us-ascii";
}

static enum mail_status write_type(struct mime_writer *w, const struct mime_part *part, const char *boundary) {
    const char *type = mime_part_type(part);
    size_t column = 14 + strlen(type);
    bool has_charset = false;
    enum mail_status status = MAIL_OK;
    mail_buffer_append_string(&w->text, "Content-Type: ");
    mail_buffer_append_string(&w->text, type);
    for (size_t i = 0; i < part->parameters.count && status == MAIL_OK; i++) {
        const struct mime_parameter *p = &part->parameters.items[i];
        has_charset |= strcasecmp(p->name, "charset") == 0;
        status = header_write_parameter(&w->text, &column, p->name, p->value, p->size, &w->error);
    }
    if (status == MAIL_OK && !has_charset && media_type_is_text(type)) {
        const char *charset = default_charset(part);
        status = header_write_parameter(&w->text, &column, "charset", charset, strlen(charset), &w->error);
    }
    if (status == MAIL_OK && boundary) {
        status = header_write_parameter(&w->text, &column, "boundary", boundary, strlen(boundary), &w->error);
    }
    mail_buffer_append(&w->text, "\r\n", 2);
    return status;
}

static enum mail_status write_headers(struct mime_writer *w, const struct mime_part *part, const char *boundary,
                                      enum transfer_encoding encoding, bool is_root) {
    mail_buffer_append(&w->text, part->headers.data, part->headers.size);
    if (is_root) mail_buffer_append_string(&w->text, "MIME-Version: 1.0\r\n");
    enum mail_status status = write_type(w, part, boundary);
    if (part->content != MIME_MULTIPART || encoding != TRANSFER_7BIT) {
        mail_buffer_append_string(&w->text, "Content-Transfer-Encoding: ");
        mail_buffer_append_string(&w->text, transfer_encoding_name(encoding));
        mail_buffer_append(&w->text, "\r\n", 2);
    }
    if (part->content_id) {
        mail_buffer_append_string(&w->text, "Content-ID: ");
        mail_buffer_append_string(&w->text, part->content_id);
        mail_buffer_append(&w->text, "\r\n", 2);
    }
    if (part->disposition && status == MAIL_OK) {
        size_t column = 21 + strlen(part->disposition);
        mail_buffer_append_string(&w->text, "Content-Disposition: ");
        mail_buffer_append_string(&w->text, part->disposition);
        if (part->file_name) {
            status =
                header_write_parameter(&w->text, &column, "filename", part->file_name, part->file_name_size, &w->error);
        }
        for (size_t i = 0; i < part->disposition_parameters.count && status == MAIL_OK; i++) {
            const struct mime_parameter *p = &part->disposition_parameters.items[i];
            status = header_write_parameter(&w->text, &column, p->name, p->value, p->size, &w->error);
        }
        mail_buffer_append(&w->text, "\r\n", 2);
    }
    mail_buffer_append(&w->text, "\r\n", 2);
    return status;
}

/* --- the plan --- */

static enum mail_status add_step(struct mime_writer *w, struct mime_step step) {
    if (w->step_count == w->step_capacity) {
        size_t capacity = w->step_capacity ? w->step_capacity * 2 : 4; /* 3 of them when there is one part */
        struct mime_step *more = realloc(w->steps, capacity * sizeof *more);
        if (more == NULL) return mail_error_no_memory(&w->error);
        w->steps = more;
        w->step_capacity = capacity;
    }
    w->steps[w->step_count++] = step;
    return MAIL_OK;
}

/* The text so far, then the body. */
static enum mail_status add_body(struct mime_writer *w, const struct mime_part *part, enum transfer_encoding encoding,
                                 bool is_root) {
    enum mail_status status = add_step(w, (struct mime_step){.text_end = w->text.size, .expected = -1});
    if (status != MAIL_OK || part->content == MIME_EMPTY) return status;
    return add_step(
        w, (struct mime_step){
               .part = part, .encoding = encoding, .is_root = is_root, .text_end = w->text.size, .expected = -1});
}

static enum mail_status lay_out(struct walk *walk, const struct mime_part *part, bool is_root) {
    struct mime_writer *w = walk->w;
    char boundary[72];
    size_t own = walk->next++;
    enum transfer_encoding encoding = walk->chosen[own];
    if (part->content != MIME_MULTIPART) {
        enum mail_status status = write_headers(w, part, NULL, encoding, is_root);
        return status == MAIL_OK ? add_body(w, part, encoding, is_root) : status;
    }
    enum mail_status status = make_boundary(walk, part, own, boundary);
    if (status == MAIL_OK) status = write_headers(w, part, boundary, encoding, is_root);
    for (size_t i = 0; i < part->child_count && status == MAIL_OK; i++) {
        /* RFC 2046 5.1.1: the CRLF before a boundary belongs to it, so bodies end as they will. */
        mail_buffer_append_string(&w->text, i == 0 ? "--" : "\r\n--");
        mail_buffer_append_string(&w->text, boundary);
        mail_buffer_append(&w->text, "\r\n", 2);
        status = lay_out(walk, part->children[i], false);
    }
    mail_buffer_append_string(&w->text, "\r\n--");
    mail_buffer_append_string(&w->text, boundary);
    mail_buffer_append_string(&w->text, is_root ? "--\r\n" : "--");
    return status;
}

enum mail_status mime_layout(struct mime_writer *w, const struct mime_part *root) {
    struct walk walk = {.w = w, .capacity = WALK_FEW};
    walk.chosen = walk.few;
    enum mail_status status = choose(&walk, root);
    mail_buffer_reserve(&w->text, root->headers.size + OWN_HEADERS);
    if (status == MAIL_OK) status = lay_out(&walk, root, true);
    if (status == MAIL_OK) status = add_step(w, (struct mime_step){.text_end = w->text.size, .expected = -1});
    if (status == MAIL_OK && w->text.failed) status = mail_error_no_memory(&w->error);
    w->part_count = walk.count;
    if (walk.chosen != walk.few) free(walk.chosen);
    return status;
}

enum mail_status mime_layout_text(struct mime_writer *w) {
    return add_step(w, (struct mime_step){.text_end = w->text.size, .expected = -1});
}
