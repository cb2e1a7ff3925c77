/* SPDX-License-Identifier: GPL-3.0-or-later */
/* comms_redaction: finding again what was secret: see comms_redaction.h. */
#include "modules/comms/comms_redaction.h"

#include <stdlib.h>

#include "modules/coding/base64.h"
#include "modules/protocol/smtp_reply.h"

enum {
    SIGNS_MAX = 64,   /* four secrets in five forms, and both forms of 16 responses: more than any log-in has */
    HALF_LEAST = 4,   /* bytes; of a shorter secret all of it */
    BASE64_LEAST = 3, /* characters: two of them stand for any letter */
    LOOKED_AT = 512,  /* bytes of a secret that are looked at: only its beginning is a sign */
    CUT_DOTS = COMMS_CUT_DOTS,
};

/* What a secret is known by: its beginning, in small letters. */
struct sign {
    size_t size, half; /* `half` of it is enough where it is cut */
    unsigned char bytes[COMMS_SIGN_MAX];
};

struct redaction {
    bool begins[256]; /* some sign begins with this byte */
    size_t count;
    struct sign signs[SIGNS_MAX];
};

/* ---- signs ---- */

static unsigned char small(unsigned char c) { return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c; }

static void add_sign(struct redaction *r, const char *bytes, size_t size) {
    if (size == 0 || r->count == SIGNS_MAX) return;
    if (size > COMMS_SIGN_MAX) size = COMMS_SIGN_MAX;
    struct sign *sign = &r->signs[r->count++];
    sign->size = size;
    sign->half = size <= HALF_LEAST ? size : size / 2 > HALF_LEAST ? size / 2 : HALF_LEAST;
    for (size_t i = 0; i < size; i++) sign->bytes[i] = small((unsigned char)bytes[i]);
    r->begins[sign->bytes[0]] = true;
}

/* In base64, with `before` bytes of something else in front within a group of three: of the characters those that the
 * secret alone decides. */
static void add_base64(struct redaction *r, const char *secret, size_t size, size_t before) {
    char plain[LOOKED_AT + 2] = {0}, coded[(LOOKED_AT + 4) / 3 * 4];
    memcpy(plain + before, secret, size);
    base64_encode(coded, plain, before + size);
    size_t first = (before * 8 + 5) / 6, end = (before + size) * 8 / 6;
    if (end >= first + BASE64_LEAST) add_sign(r, coded + first, end - first);
    explicit_bzero(plain, sizeof plain);
    explicit_bzero(coded, sizeof coded);
}

static struct redaction *redaction_of(const cp_resource *handle) {
    return handle != NULL ? (struct redaction *)handle->resource : NULL;
}

void comms_redaction_add(const struct comms_module *m, const char *secret) {
    struct redaction *r = redaction_of(m->redaction);
    if (r == NULL || secret == NULL) return;
    size_t size = strnlen(secret, LOOKED_AT);
    add_sign(r, secret, size);
    for (size_t before = 0; before < 3; before++) add_base64(r, secret, size, before);
    /* Words are shown so; controls and what is no UTF-8 are something else there. */
    char shown[LOOKED_AT + 4];
    size_t length = smtp_text_sanitise(shown, sizeof shown, secret, size, false);
    if (length != size || memcmp(shown, secret, size) != 0) add_sign(r, shown, length);
    explicit_bzero(shown, sizeof shown);
}

void comms_redaction_add_sent(const struct comms_module *m, const char *bytes, size_t size) {
    struct redaction *r = redaction_of(m->redaction);
    if (r == NULL || bytes == NULL || size < HALF_LEAST) return;
    if (size > LOOKED_AT) size = LOOKED_AT;
    add_sign(r, bytes, size);
    add_base64(r, bytes, size, 0);
}

/* ---- in force ---- */

static void forget(void *resource) {
    explicit_bzero(resource, sizeof(struct redaction));
    free(resource);
}

void comms_redaction_end(cp_context *cp, struct comms_module *m) {
    if (m->redaction != NULL) cp_resource_release(cp, m->redaction);
    m->redaction = NULL;
}

cp_value comms_redaction_begin(cp_context *cp, struct comms_module *m) {
    comms_redaction_end(cp, m);
    struct redaction *r = calloc(1, sizeof *r);
    if (r == NULL) return cp_throw(cp, CP_ERROR_CARAPACE, CP_RUNTIME, "out of memory");
    m->redaction = cp_resource_new(cp, r, forget);
    return CP_NIL;
}

const cp_resource *comms_redaction_above(const struct comms_module *m) {
    for (; m != NULL; m = (const struct comms_module *)m->above)
        if (m->redaction != NULL) return m->redaction;
    return NULL;
}

/* ---- finding ---- */

/* Whether what follows ends something that was cut: the end of the line, or "...". *open: that is not known yet. */
static bool is_cut(const char *rest, size_t left, bool ended, bool *open) {
    size_t dots = 0;
    if (left > 0 && (*rest == '\r' || *rest == '\n')) return true;
    while (dots < CUT_DOTS && dots < left && rest[dots] == '.') dots++;
    if (dots == CUT_DOTS || dots < left) return dots == CUT_DOTS;
    *open |= !ended;
    return ended;
}

/* How many bytes of a secret stand here; 0 for none. `ended`: nothing comes behind these bytes; else *open says whether
 * they end within what may be one. */
static size_t secret_at(const struct redaction *r, const char *bytes, size_t size, bool ended, bool *open) {
    *open = false;
    if (!r->begins[small((unsigned char)*bytes)]) return 0;
    for (const struct sign *sign = r->signs; sign < r->signs + r->count; sign++) {
        size_t same = 0, most = size < sign->size ? size : sign->size;
        while (same < most && small((unsigned char)bytes[same]) == sign->bytes[same]) same++;
        if (same == sign->size) return same;
        if (same < sign->half) *open |= same == size && !ended;
        else if (is_cut(bytes + same, size - same, ended, open)) return same;
    }
    return 0;
}

bool comms_redaction_is_told(const struct comms_module *m, const char *words, size_t size) {
    const struct redaction *r = redaction_of(m->redaction);
    bool open;
    for (; r != NULL && size > 0; words++, size--)
        if (secret_at(r, words, size, true, &open) > 0) return true;
    return false;
}

const char *comms_redaction_shown(const struct comms_module *m, const char *words) {
    if (m->redaction == NULL) return words; /* as it is for each message that is sent */
    return comms_redaction_is_told(m, words, strlen(words)) ? COMMS_REDACTION_SAYS : words;
}

cp_value comms_redaction_words(cp_context *cp, const struct comms_module *m, const char *words) {
    return cp_string_z(cp, comms_redaction_shown(m, words));
}

static void star(char *bytes, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != '\r' && bytes[i] != '\n') bytes[i] = '*';
}

size_t comms_redaction_show(const cp_resource *redaction, struct comms_withheld *withheld, const char *bytes,
                            size_t size, const char **shown) {
    *shown = bytes;
    if (redaction == NULL && withheld->by == NULL) return size;
    size_t before = withheld->size, whole = before + size, at = 0;
    char *text = cp_alloc_atomic(whole + 1);
    memcpy(mempcpy(text, withheld->bytes, before), bytes, size);
    *shown = text;
    if (withheld->by != redaction) { /* what was withheld may be the beginning of a secret, and its end will not come */
        star(text, before);
        at = before;
        withheld->in_secret = false;
    }
    explicit_bzero(withheld->bytes, before);
    withheld->size = 0;
    withheld->by = redaction;
    const struct redaction *r = redaction_of(redaction);
    while (r != NULL && at < whole) {
        if (withheld->in_secret) {
            const char *end = memchr(text + at, '\n', whole - at);
            size_t rest = (end != NULL ? (size_t)(end - text) + 1 : whole) - at;
            star(text + at, rest);
            at += rest;
            withheld->in_secret = end == NULL;
            continue;
        }
        bool open;
        size_t found = secret_at(r, text + at, whole - at, false, &open);
        if (found > 0) {
            star(text + at, found);
            at += found;
            withheld->in_secret = true;
        } else if (open) {
            withheld->size = whole - at;
            memcpy(withheld->bytes, text + at, withheld->size);
            return at;
        } else at++;
    }
    return whole;
}
