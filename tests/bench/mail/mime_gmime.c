/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mime_gmime: what mime_ours does, done with GMime; see there. */
#include <fcntl.h>
#include <gmime/gmime.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void read_headers(GMimeObject *object, gsize *sum) {
    GMimeHeaderList *list = g_mime_object_get_header_list(object);
    for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
        const char *value = g_mime_header_get_value(g_mime_header_list_get_header_at(list, i));
        *sum += value ? strlen(value) : 0;
    }
}

static void read_part(GMimeObject *parent, GMimeObject *object, gpointer data) {
    gsize *sum = data;
    (void)parent;
    read_headers(object, sum);
    if (!GMIME_IS_PART(object)) return;
    const char *name = g_mime_part_get_filename(GMIME_PART(object));
    *sum += name ? strlen(name) : 0;
    if (GMIME_IS_TEXT_PART(object)) {
        char *text = g_mime_text_part_get_text(GMIME_TEXT_PART(object));
        *sum += text ? strlen(text) : 0;
        g_free(text);
        return;
    }
    GMimeStream *out = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(object)), out);
    *sum += (gsize)g_mime_stream_length(out);
    g_object_unref(out);
}

static gsize parse(long count, const char *path) {
    char *text;
    gsize size, sum = 0;
    if (!g_file_get_contents(path, &text, &size, NULL)) exit(1);
    for (long i = 0; i < count; i++) {
        GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, size);
        GMimeParser *parser = g_mime_parser_new_with_stream(stream);
        GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
        read_headers(GMIME_OBJECT(message), &sum);
        g_mime_message_foreach(message, read_part, &sum);
        g_object_unref(message);
        g_object_unref(parser);
        g_object_unref(stream);
    }
    g_free(text);
    return sum;
}

static GMimeObject *text_part(const char *subtype, const char *text) {
    GMimeTextPart *part = g_mime_text_part_new_with_subtype(subtype);
    g_mime_text_part_set_charset(part, "utf-8");
    g_mime_text_part_set_text(part, text);
    g_mime_part_set_content_encoding(GMIME_PART(part), GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    return GMIME_OBJECT(part);
}

static void add(GMimeMultipart *multipart, GMimeObject *part) {
    g_mime_multipart_add(multipart, part);
    g_object_unref(part);
}

static gsize build_one(const char *attached, const char *out) {
    static char bytes[3000];
    GMimeMessage *message = g_mime_message_new(TRUE);
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_FROM, "J\xc3\xb6rg Example", "j@example.org");
    g_mime_message_add_mailbox(message, GMIME_ADDRESS_TYPE_TO, "Bob Example", "bob@example.org");
    g_mime_message_set_subject(message,
                               "Gr\xc3\xbc\xc3\x9f"
                               "e an alle",
                               "utf-8");
    GDateTime *now = g_date_time_new_now_local();
    g_mime_message_set_date(message, now);
    g_date_time_unref(now);
    g_mime_message_set_message_id(message, "1.2.3@example.org");
    GMimeMultipart *mixed = g_mime_multipart_new_with_subtype("mixed");
    GMimeMultipart *alternative = g_mime_multipart_new_with_subtype("alternative");
    add(alternative, text_part("plain", "Hello,\n\nthis is a text with an \xc3\xbc in it.\n\nRegards\n"));
    add(alternative, text_part("html", "<p>Hello,</p><p>this is a text with an \xc3\xbc in it.</p>"));
    add(mixed, GMIME_OBJECT(alternative));
    GMimePart *part = g_mime_part_new_with_type("application", "octet-stream");
    g_mime_part_set_filename(part, "a.bin");
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    GMimeStream *content = attached ? g_mime_stream_file_open(attached, "r", NULL)
                                    : g_mime_stream_mem_new_with_buffer(bytes, sizeof bytes);
    GMimeDataWrapper *wrapper = g_mime_data_wrapper_new_with_stream(content, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_part_set_content(part, wrapper);
    g_object_unref(wrapper);
    g_object_unref(content);
    add(mixed, GMIME_OBJECT(part));
    g_mime_message_set_mime_part(message, GMIME_OBJECT(mixed));
    g_object_unref(mixed);
    GMimeStream *to = out ? g_mime_stream_file_open(out, "w", NULL) : g_mime_stream_mem_new();
    gsize sum = (gsize)g_mime_object_write_to_stream(GMIME_OBJECT(message), NULL, to);
    g_mime_stream_flush(to);
    g_object_unref(to);
    g_object_unref(message);
    return sum;
}

static void decode_part(GMimeObject *parent, GMimeObject *object, gpointer data) {
    (void)parent;
    if (!GMIME_IS_PART(object)) return;
    GMimeStream *out = g_mime_stream_null_new();
    *(gsize *)data += (gsize)g_mime_data_wrapper_write_to_stream(g_mime_part_get_content(GMIME_PART(object)), out);
    g_object_unref(out);
}

static gsize parse_file(const char *path) {
    gsize sum = 0;
    GMimeStream *stream = g_mime_stream_fs_open(path, O_RDONLY, 0, NULL);
    if (!stream) exit(1);
    GMimeParser *parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_set_persist_stream(parser, TRUE);
    GMimeMessage *message = g_mime_parser_construct_message(parser, NULL);
    g_mime_message_foreach(message, decode_part, &sum);
    g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
    return sum;
}

int main(int count, char **arguments) {
    const char *what = count > 2 ? arguments[1] : "";
    gsize sum = 0;
    g_mime_init();
    double start = cpu_seconds();
    if (strcmp(what, "parse") == 0 && count > 3) sum = parse(atol(arguments[2]), arguments[3]);
    else if (strcmp(what, "build") == 0)
        for (long i = atol(arguments[2]); i > 0; i--) sum += build_one(NULL, NULL);
    else if (strcmp(what, "parse-file") == 0) sum = parse_file(arguments[2]);
    else if (strcmp(what, "build-file") == 0 && count > 3) sum = build_one(arguments[2], arguments[3]);
    else return 2;
    printf("%.6f %zu\n", cpu_seconds() - start, (size_t)sum);
    g_mime_shutdown();
    return 0;
}
