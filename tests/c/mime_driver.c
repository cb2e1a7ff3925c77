/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_driver: builds the messages described on standard input, so that another MIME implementation can judge them
 * (mime_oracle.py). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/mime/mail_message.h"
#include "modules/mime/mime_build.h"

/* Input: records `KEY LENGTH\n`, LENGTH bytes, `\n`. The key `build` ends one description; LENGTH is then 0. Output for
   each: `ok SIZE RECIPIENTS SMTPUTF8 8BIT\n`, the envelope sender and each recipient on a line, SIZE bytes of message;
   or `error STATUS TEXT\n`. */
#define MOST 64

struct description {
    struct mail_message m;
    struct mail_text to[MOST], cc[MOST], bcc[MOST], reply_to[MOST];
    struct mail_header headers[MOST];
    struct mail_attachment attachments[MOST];
    char *kept[1024]; /* everything read, NUL-terminated */
    size_t kept_count;
    size_t chunk;
    uint64_t seed;
    int allow_8bit;
};

static void check(int fine, const char *what) {
    if (fine) return;
    fprintf(stderr, "mime_driver: %s\n", what);
    exit(2);
}

static void build(struct description *d) {
    struct mail_random random;
    struct mail_built built;
    struct mail_error error;
    struct mail_buffer whole = {0};
    mail_random_init_seed(&random, d->seed);
    d->m.random = &random;
    d->m.to.items = d->to;
    d->m.cc.items = d->cc;
    d->m.bcc.items = d->bcc;
    d->m.reply_to.items = d->reply_to;
    d->m.headers = d->headers;
    d->m.attachments = d->attachments;
    if (mail_message_build(&d->m, &built, &error) != MAIL_OK) {
        printf("error %d %s\n", error.status, error.text);
        return;
    }
    struct mime_options options = {.random = &random, .allow_8bit = d->allow_8bit != 0};
    struct mime_writer w;
    char *piece = malloc(d->chunk);
    check(piece != NULL, "out of memory");
    mime_writer_init(&w, built.root, &options);
    int64_t size = mime_writer_size(&w);
    ssize_t count;
    while ((count = mime_writer_read(&w, piece, d->chunk)) > 0) mail_buffer_append(&whole, piece, (size_t)count);
    if (count < 0) {
        printf("error %d %s\n", w.error.status, w.error.text);
    } else {
        check(size == (int64_t)whole.size, "mime_writer_size differs from what was written");
        printf("ok %zu %zu %d %d\n%s\n", whole.size, built.recipient_count, built.needs_smtputf8, w.uses_8bit,
               built.envelope_sender);
        for (size_t i = 0; i < built.recipient_count; i++) printf("%s\n", built.recipients[i]);
        fwrite(whole.data, 1, whole.size, stdout);
    }
    free(piece);
    mime_writer_finish(&w);
    mail_buffer_free(&whole);
    mail_built_free(&built);
}

static void add(struct mail_text *items, size_t *count, struct mail_text text) {
    check(*count < MOST, "too many");
    items[(*count)++] = text;
}

static void take(struct description *d, const char *key, struct mail_text text) {
    struct mail_message *m = &d->m;
    struct mail_attachment *last = m->attachment_count ? &d->attachments[m->attachment_count - 1] : NULL;
    if (strcmp(key, "from") == 0) m->from = text;
    else if (strcmp(key, "sender") == 0) m->sender = text;
    else if (strcmp(key, "envelope") == 0) m->envelope_sender = text;
    else if (strcmp(key, "to") == 0) add(d->to, &m->to.count, text);
    else if (strcmp(key, "cc") == 0) add(d->cc, &m->cc.count, text);
    else if (strcmp(key, "bcc") == 0) add(d->bcc, &m->bcc.count, text);
    else if (strcmp(key, "reply-to") == 0) add(d->reply_to, &m->reply_to.count, text);
    else if (strcmp(key, "subject") == 0) m->subject = text;
    else if (strcmp(key, "text") == 0) m->text = text;
    else if (strcmp(key, "html") == 0) m->html = text;
    else if (strcmp(key, "message-id") == 0) m->message_id = text;
    else if (strcmp(key, "priority") == 0) m->priority = atoi(text.data);
    else if (strcmp(key, "date") == 0) m->has_date = sscanf(text.data, "%ld %d", &m->date, &m->offset_minutes) == 2;
    else if (strcmp(key, "seed") == 0) d->seed = strtoull(text.data, NULL, 10);
    else if (strcmp(key, "chunk") == 0) d->chunk = strtoull(text.data, NULL, 10);
    else if (strcmp(key, "8bit") == 0) d->allow_8bit = 1;
    else if (strcmp(key, "header-name") == 0) {
        check(m->header_count < MOST, "too many");
        d->headers[m->header_count++].name = text;
    } else if (strcmp(key, "header-value") == 0) d->headers[m->header_count - 1].value = text;
    else if (strcmp(key, "attachment-content") == 0 || strcmp(key, "attachment-path") == 0) {
        check(m->attachment_count < MOST, "too many");
        last = &d->attachments[m->attachment_count++];
        if (key[11] == 'p') last->path = text.data;
        else *last = (struct mail_attachment){.content = text, .has_content = true};
    } else if (last && strcmp(key, "attachment-name") == 0) last->name = text;
    else if (last && strcmp(key, "attachment-type") == 0) last->type = text.data;
    else if (last && strcmp(key, "attachment-id") == 0) last->content_id = text.data;
    else check(0, key);
}

static struct description *begin(void) {
    struct description *d = calloc(1, sizeof *d);
    check(d != NULL, "out of memory");
    d->chunk = 65536;
    return d;
}

static void end(struct description *d) {
    for (size_t i = 0; i < d->kept_count; i++) free(d->kept[i]);
    free(d);
}

int main(void) {
    char key[32];
    size_t size;
    struct description *d = begin();
    while (scanf("%31s %zu", key, &size) == 2) {
        check(getchar() == '\n' && d->kept_count < 1024, "malformed input");
        char *data = malloc(size + 1);
        check(data != NULL, "out of memory");
        check(fread(data, 1, size, stdin) == size && getchar() == '\n', "input ends too soon");
        data[size] = '\0';
        d->kept[d->kept_count++] = data;
        if (strcmp(key, "build") == 0) {
            build(d);
            end(d);
            d = begin();
        } else {
            take(d, key, (struct mail_text){data, size});
        }
    }
    end(d);
    return 0;
}
