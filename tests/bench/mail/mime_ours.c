/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_ours: times the MIME engines alone; tests/bench/mime runs it beside mime_gmime, which does the same with GMime.
 *
 *     mime_ours parse COUNT FILE      parses the file COUNT times, each time with all headers decoded and texts read
 *     mime_ours build COUNT           builds a text, an html and a small attachment COUNT times
 *     mime_ours parse-file FILE       parses a large file and decodes its attachment to nowhere
 *     mime_ours build-file FILE OUT   builds a message with that file attached into OUT
 *
 * Prints CPU seconds, and a number to show that the work was done. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "modules/mime/mail_message.h"
#include "modules/mime/mime_build.h"
#include "modules/mime/mime_content.h"
#include "modules/mime/mime_parser.h"
#include "modules/mime/mime_text.h"

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static char *read_whole(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) fail(path);
    char *text = malloc(1 << 20);
    *size = fread(text, 1, 1 << 20, file);
    fclose(file);
    return text;
}

/* Everything that a reader asks for: all headers, all texts, the attachments' bytes. */
static size_t read_document(const struct mime_document *d, const struct mime_source *source) {
    static struct mime_content_reader content;
    struct mail_buffer out = {0}, text = {0}, charset = {0};
    size_t sum = 0;
    for (uint32_t i = 0; i < d->entity_count; i++) {
        const struct mime_entity *e = &d->entities[i];
        for (uint32_t k = 0; k < e->field_count; k++) mime_field_decode(&out, d, i, e->first_field + k);
        mime_entity_file_name(&out, d, i);
        sum += out.size;
        mail_buffer_clear(&out);
        if (e->kind != MIME_LEAF) continue;
        mime_content_init(&content, source, d, i);
        mime_content_all(&out, &content, 1 << 24);
        if (strcmp(mime_entity_type(d, i), "text") == 0) {
            mime_entity_parameter(&charset, d, i, "Content-Type", "charset");
            mime_text_convert(&text, charset.data, charset.size, out.data ? out.data : "", out.size);
        }
        sum += out.size + text.size;
        mail_buffer_clear(&out);
        mail_buffer_clear(&text);
        mail_buffer_clear(&charset);
    }
    mail_buffer_free(&out);
    mail_buffer_free(&text);
    mail_buffer_free(&charset);
    return sum;
}

static size_t parse(long count, const char *path) {
    size_t size, sum = 0;
    char *text = read_whole(path, &size);
    struct mime_source source = {.memory = text, .size = size};
    for (long i = 0; i < count; i++) {
        struct mime_document *d = mime_parse(text, size);
        sum += read_document(d, &source);
        mime_document_free(d);
    }
    free(text);
    return sum;
}

#define TEXT(string) ((struct mail_text){string, sizeof string - 1})

static size_t write_message(const struct mail_message *message, const char *path) {
    static char block[64 * 1024];
    struct mail_built built;
    struct mail_error error;
    struct mime_writer writer;
    struct mime_options options = {.random = message->random};
    size_t sum = 0;
    ssize_t size;
    FILE *out = path ? fopen(path, "wb") : NULL;
    if (mail_message_build(message, &built, &error) != MAIL_OK) fail(error.text);
    if (mime_writer_init(&writer, built.root, &options) != MAIL_OK) fail(writer.error.text);
    while ((size = mime_writer_read(&writer, block, sizeof block)) > 0) {
        sum += (size_t)size;
        if (out) fwrite(block, 1, (size_t)size, out);
    }
    if (size < 0) fail(writer.error.text);
    if (out) fclose(out);
    mime_writer_finish(&writer);
    mail_built_free(&built);
    return sum;
}

static size_t build(long count, const char *attached, const char *out) {
    static char bytes[3000];
    struct mail_random random;
    struct mail_text to = TEXT("Bob Example <bob@example.org>");
    struct mail_attachment attachment = {.content = {bytes, sizeof bytes}, .has_content = true, .name = TEXT("a.bin")};
    if (attached) attachment = (struct mail_attachment){.path = attached};
    mail_random_init(&random);
    struct mail_message message = {.from = TEXT("J\xc3\xb6rg Example <j@example.org>"),
                                   .to = {&to, 1},
                                   .subject = TEXT("Gr\xc3\xbc\xc3\x9f"
                                                   "e an alle"),
                                   .text = TEXT("Hello,\n\nthis is a text with an \xc3\xbc in it.\n\nRegards\n"),
                                   .html = TEXT("<p>Hello,</p><p>this is a text with an \xc3\xbc in it.</p>"),
                                   .attachments = &attachment,
                                   .attachment_count = 1,
                                   .random = &random};
    size_t sum = 0;
    for (long i = 0; i < count; i++) sum += write_message(&message, out);
    return sum;
}

static ssize_t read_at(void *context, uint64_t offset, char *buffer, size_t size) {
    return pread(*(int *)context, buffer, size, (off_t)offset);
}

static size_t parse_file(const char *path) {
    static char block[256 * 1024];
    static struct mime_content_reader content;
    struct mime_parser parser;
    int fd = open(path, O_RDONLY);
    ssize_t count;
    size_t sum = 0;
    if (fd < 0) fail(path);
    mime_parser_init(&parser, NULL);
    while ((count = read(fd, block, sizeof block)) > 0) mime_parser_feed(&parser, block, (size_t)count);
    struct mime_document *d = mime_parser_finish(&parser);
    struct mime_source source = {.size = d->size, .context = &fd, .read = read_at};
    for (uint32_t i = 0; i < d->entity_count; i++) {
        if (d->entities[i].kind != MIME_LEAF) continue;
        mime_content_init(&content, &source, d, i);
        while ((count = mime_content_read(&content, block, sizeof block)) > 0) sum += (size_t)count;
    }
    mime_document_free(d);
    close(fd);
    return sum;
}

int main(int count, char **arguments) {
    const char *what = count > 2 ? arguments[1] : "";
    double start = cpu_seconds();
    size_t sum = 0;
    if (strcmp(what, "parse") == 0 && count > 3) sum = parse(atol(arguments[2]), arguments[3]);
    else if (strcmp(what, "build") == 0) sum = build(atol(arguments[2]), NULL, NULL);
    else if (strcmp(what, "parse-file") == 0) sum = parse_file(arguments[2]);
    else if (strcmp(what, "build-file") == 0 && count > 3) sum = build(1, arguments[2], arguments[3]);
    else return 2;
    printf("%.6f %zu\n", cpu_seconds() - start, sum);
    return 0;
}
