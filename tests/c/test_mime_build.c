/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_mime_build: the tree, its bytes in pieces of every size, exact sizes, files that are missing or change,
 * boundaries. */
#include "mail_file.h"

#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "modules/mime/mime_build.h"

static struct mail_random fixed;

static struct mime_options options(bool allow_8bit) {
    mail_random_init_seed(&fixed, 1);
    return (struct mime_options){.random = &fixed, .allow_8bit = allow_8bit};
}

static struct mime_part *text_part(const char *text) {
    struct mime_part *part = mime_part_new();
    assert_int_equal(mime_part_set_text(part, (char *)text, strlen(text), MIME_COPY, NULL), MAIL_OK);
    return part;
}

/* The whole message, read with pieces of one size; its announced size must be right. */
static void serialize(struct mail_buffer *out, const struct mime_part *root, bool allow_8bit, size_t piece) {
    struct mime_options o = options(allow_8bit);
    struct mime_writer w;
    char *buffer = malloc(piece);
    ssize_t count;
    mail_buffer_clear(out);
    if (mime_writer_init(&w, root, &o) != MAIL_OK) fail_msg("%s", w.error.text);
    int64_t size = mime_writer_size(&w);
    while ((count = mime_writer_read(&w, buffer, piece)) > 0) mail_buffer_append(out, buffer, (size_t)count);
    if (count < 0) fail_msg("%s", w.error.text);
    assert_int_equal(size, out->size);
    assert_int_equal(mime_writer_read(&w, buffer, piece), 0);
    mime_writer_finish(&w);
    mime_writer_finish(&w);
    free(buffer);
}

static void single(const char *text, bool allow_8bit, const char *wanted) {
    static const size_t pieces[] = {1, 2, 3, 10, 100, 511, 512, 5000, 100000};
    struct mime_part *root = text_part(text);
    struct mail_buffer out = {0};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        serialize(&out, root, allow_8bit, pieces[i]);
        expect_buffer(&out, wanted);
    }
    mail_buffer_free(&out);
    mime_part_free(root);
}

#define HEAD(charset, encoding)                                                                                        \
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=" charset "\r\nContent-Transfer-Encoding: " encoding       \
    "\r\n\r\n"

static void single_parts(void **state) {
    (void)state;
    single("", false, HEAD("us-ascii", "7bit"));
    single("Hi", false, HEAD("us-ascii", "7bit") "Hi\r\n");
    single("Hi\n.\nyou\r\n", false, HEAD("us-ascii", "7bit") "Hi\r\n.\r\nyou\r\n");
    single("some text with gr\xc3\xbc\xc3\x9f", false,
           HEAD("utf-8", "quoted-printable") "some text with gr=C3=BC=C3=9F\r\n");
    single("gr\xc3\xbc\xc3\x9f", true, HEAD("utf-8", "8bit") "gr\xc3\xbc\xc3\x9f\r\n");
    single("\xe6\x97\xa5\xe6\x9c\xac", false, HEAD("utf-8", "base64") "5pel5pysDQo=\r\n");
    single("lots of text before this: \xff\n", false,
           HEAD("unknown-8bit", "quoted-printable") "lots of text before this: =FF\r\n");
    single("a carriage return: \r.", false, HEAD("us-ascii", "quoted-printable") "a carriage return: =0D.\r\n");
    struct mime_part *empty = mime_part_new();
    struct mail_buffer out = {0};
    serialize(&out, empty, false, 7);
    expect_buffer(&out, HEAD("us-ascii", "7bit"));
    mail_buffer_free(&out);
    mime_part_free(empty);
}

static struct mime_part *tree(void) {
    struct mime_part *root = mime_part_new(), *alternative = mime_part_new(), *bytes = mime_part_new(),
                     *html = text_part("<p>x");
    assert_int_equal(mime_part_set_multipart(root, "mixed", NULL), MAIL_OK);
    assert_int_equal(mime_part_set_multipart(alternative, "alternative", NULL), MAIL_OK);
    assert_int_equal(mime_part_add_header(root, "Subject", "Test", 4, NULL), MAIL_OK);
    assert_int_equal(mime_part_set_type(html, "text/html", NULL), MAIL_OK);
    assert_int_equal(mime_part_append(alternative, text_part("x\n"), NULL), MAIL_OK);
    assert_int_equal(mime_part_append(alternative, html, NULL), MAIL_OK);
    assert_int_equal(mime_part_append(root, alternative, NULL), MAIL_OK);
    assert_int_equal(mime_part_set_bytes(bytes, (char *)"\0\1\2", 3, MIME_COPY, NULL), MAIL_OK);
    assert_int_equal(mime_part_set_disposition(bytes, "attachment", "../etc/a b", 10, NULL), MAIL_OK);
    assert_int_equal(mime_part_set_content_id(bytes, "<x@y>", NULL), MAIL_OK);
    assert_int_equal(mime_part_append(root, bytes, NULL), MAIL_OK);
    return root;
}

static void disposition_parameters(void **state) {
    (void)state;
    struct mime_part *part = mime_part_new();
    struct mail_buffer out = {0};
    assert_int_equal(mime_part_set_disposition_parameter(part, "size", "1", 1, NULL), MAIL_OK);
    serialize(&out, part, false, 7);
    assert_null(memmem(out.data, out.size, "size", 4));
    mail_buffer_clear(&out);
    assert_int_equal(mime_part_set_disposition(part, "inline", "a", 1, NULL), MAIL_OK);
    assert_int_equal(mime_part_set_disposition_parameter(part, "x", "\xc3\xbc", 2, NULL), MAIL_OK);
    assert_int_equal(mime_part_set_disposition_parameter(part, "SIZE", "22", 2, NULL), MAIL_OK);
    serialize(&out, part, false, 7);
    expect_buffer(&out, HEAD("us-ascii", "7bit\r\nContent-Disposition: inline; filename=a; size=22;"
                                         " x*=UTF-8''%C3%BC"));
    mail_buffer_free(&out);
    mime_part_free(part);
}

static void multiparts(void **state) {
    (void)state;
    struct mime_part *root = tree();
    struct mail_buffer out = {0}, again = {0};
    mime_part_set_boundary(root, "OUTER", NULL);
    mime_part_set_boundary(mime_part_child(root, 0), "INNER", NULL);
    for (size_t piece = 1; piece < 1200; piece += piece < 20 ? 1 : 97) {
        serialize(&out, root, false, piece);
        expect_buffer(
            &out,
            "Subject: Test\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=OUTER\r\n\r\n"
            "--OUTER\r\nContent-Type: multipart/alternative; boundary=INNER\r\n\r\n"
            "--INNER\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nx\r\n\r\n"
            "--INNER\r\nContent-Type: text/html; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n<p>x\r\n"
            "--INNER--\r\n"
            "--OUTER\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-ID: "
            "<x@y>\r\n"
            "Content-Disposition: attachment; filename=\"a b\"\r\n\r\nAAEC\r\n\r\n"
            "--OUTER--\r\n");
    }
    mime_part_free(root);

    root = tree(); /* random boundaries: the same for the same seed, different from each other */
    serialize(&out, root, false, 100);
    serialize(&again, root, false, 1000);
    assert_int_equal(out.size, again.size);
    assert_memory_equal(out.data, again.data, out.size);
    const char *first = memmem(out.data, out.size, "boundary=\"=_", 12);
    assert_non_null(first);
    const char *second = memmem(first + 12, out.size - (size_t)(first + 12 - out.data), "boundary=\"=_", 12);
    assert_non_null(second);
    assert_memory_not_equal(first + 12, second + 12, 24);
    mail_buffer_free(&out);
    mail_buffer_free(&again);
    mime_part_free(root);
}

static enum mail_status init_status(const struct mime_part *root, bool allow_8bit) {
    struct mime_options o = options(allow_8bit);
    struct mime_writer w;
    enum mail_status status = mime_writer_init(&w, root, &o);
    assert_int_equal(status, w.error.status);
    char byte;
    if (status != MAIL_OK) assert_int_equal(mime_writer_read(&w, &byte, 1), -1);
    mime_writer_finish(&w);
    return status;
}

static void eight_bit_multipart(void **state) {
    (void)state;
    struct mime_part *root = mime_part_new();
    struct mail_buffer out = {0};
    mime_part_set_multipart(root, "mixed", NULL);
    mime_part_append(root, text_part("gr\xc3\xbc\xc3\x9f"), NULL);
    serialize(&out, root, true, 4096);
    assert_non_null(
        memmem(out.data, out.size, "\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--", 40)); /* RFC 2045 6.4 */
    mail_buffer_free(&out);
    struct mime_part *child = mime_part_child(root, 0);
    assert_int_equal(mime_part_set_encoding(child, TRANSFER_7BIT, NULL), MAIL_OK);
    assert_int_equal(init_status(root, true), MAIL_ENCODING);
    mime_part_set_encoding(child, TRANSFER_8BIT, NULL);
    assert_int_equal(init_status(root, true), MAIL_OK);
    assert_int_equal(init_status(root, false), MAIL_ENCODING);
    mime_part_set_type(child, "message/rfc822", NULL);
    mime_part_set_encoding(child, TRANSFER_AUTOMATIC, NULL);
    assert_int_equal(init_status(root, true), MAIL_OK);
    assert_int_equal(init_status(root, false), MAIL_MISUSE);
    mime_part_free(root);
}

/* With a seed that an attacker knows, the text may hold the very boundary: another one is taken. */
static void boundary_in_text(void **state) {
    (void)state;
    struct mail_random random;
    char boundary[40] = "--=_";
    mail_random_init_seed(&random, 1);
    mail_random_letters(&random, boundary + 4, 24);
    struct mime_part *root = mime_part_new();
    struct mail_buffer out = {0};
    mime_part_set_multipart(root, "mixed", NULL);
    mime_part_append(root, text_part(boundary), NULL);
    serialize(&out, root, false, 4096);
    const char *hit = memmem(out.data, out.size, boundary, strlen(boundary));
    assert_non_null(hit);
    assert_null(memmem(hit + 1, out.size - (size_t)(hit + 1 - out.data), boundary, strlen(boundary)));
    assert_int_equal(mime_part_set_boundary(root, "abc", NULL), MAIL_OK);
    assert_int_equal(init_status(root, false), MAIL_OK);
    mime_part_append(root, text_part("x\n--abc--\n"), NULL);
    assert_int_equal(init_status(root, false), MAIL_MISUSE);
    mail_buffer_free(&out);
    mime_part_free(root);
}

static void misuse(void **state) {
    (void)state;
    struct mime_part *root = mime_part_new(), *child = mime_part_new();
    struct mail_error e;
    assert_int_equal(mime_part_append(root, child, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_multipart(root, "mix ed", &e), MAIL_SYNTAX);
    assert_int_equal(mime_part_set_multipart(root, "mixed", &e), MAIL_OK);
    assert_int_equal(init_status(root, false), MAIL_MISUSE); /* no parts */
    assert_int_equal(mime_part_append(root, root, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_append(root, child, &e), MAIL_OK);
    assert_int_equal(mime_part_append(root, child, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_text(root, (char *)"x", 1, MIME_COPY, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_text(root, strdup("x"), 1, MIME_TAKE, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_type(root, "text/plain", &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_type(child, "multipart/mixed", &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_type(child, "text/plain\r\nX: y", &e), MAIL_SYNTAX);
    assert_int_equal(mime_part_set_disposition(child, "attachment", "a\r\nX: y", 7, &e), MAIL_CONTROL_CHARACTER);
    assert_int_equal(mime_part_set_disposition(child, "attach ment", NULL, 0, &e), MAIL_SYNTAX);
    assert_int_equal(mime_part_set_content_id(child, "<a@b>\r\nX: <y>", &e), MAIL_SYNTAX);
    assert_int_equal(mime_part_set_boundary(root, "a\r\nb", &e), MAIL_SYNTAX);
    assert_int_equal(mime_part_set_boundary(root, "a ", &e), MAIL_SYNTAX);
    assert_int_equal(mime_part_set_type_parameter(child, "x", "a\nb", 3, &e), MAIL_CONTROL_CHARACTER);
    assert_int_equal(mime_part_set_type_parameter(root, "boundary", "x", 1, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_disposition_parameter(child, "x", "a\nb", 3, &e), MAIL_CONTROL_CHARACTER);
    assert_int_equal(mime_part_set_disposition_parameter(child, "Filename", "x", 1, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_set_encoding(root, TRANSFER_BASE64, &e), MAIL_MISUSE);
    static const char *const ours[] = {"content-type", "MIME-VERSION", "Content-Transfer-Encoding", "Content-ID",
                                       "Content-Disposition"};
    for (size_t i = 0; i < 5; i++) assert_int_equal(mime_part_add_header(child, ours[i], "x", 1, &e), MAIL_MISUSE);
    assert_int_equal(mime_part_add_header(child, "X", "a\nb", 3, &e), MAIL_CONTROL_CHARACTER);
    static const char *const fields[] = {
        "",           "X",           "X: y",    "X: y\r\nZ: a\r\n", "X: y\n", "X: y\r\n\r\n", "X: y\r\n \r\n z\r\n",
        "X y: z\r\n", "X: \r y\r\n", ": x\r\n", "X: y\r\n z"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (mime_part_add_field(child, fields[i], strlen(fields[i]), &e) == MAIL_OK)
            fail_msg("field %zu was accepted", i);
    }
    assert_int_equal(mime_part_add_field(child, "X: y\r\n z\r\n", 10, &e), MAIL_OK);
    assert_int_equal(mime_part_add_field(child, "Content-Type: y\r\n", 17, &e), MAIL_MISUSE);
    struct mime_part *removed = mime_part_remove(root, 0);
    assert_ptr_equal(removed, child);
    assert_null(mime_part_remove(root, 0));
    mime_part_free(removed);
    /* Depth. */
    struct mime_part *top = root;
    for (int i = 1; i < MIME_DEPTH_LIMIT; i++) {
        struct mime_part *next = mime_part_new();
        assert_int_equal(mime_part_set_multipart(next, "mixed", &e), MAIL_OK);
        assert_int_equal(mime_part_append(top, next, &e), MAIL_OK);
        top = next;
    }
    struct mime_part *below = mime_part_new();
    assert_int_equal(mime_part_append(top, below, &e), MAIL_TOO_MANY);
    mime_part_free(below);
    mime_part_free(root);
}

/* --- files --- */

static void write_file(size_t size) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < size; i++) fputc((int)(i * 7 & 255), f);
    fclose(f);
}

static int open_files(void) {
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    if (d == NULL) return 0;
    while (readdir(d)) count++;
    closedir(d);
    return count;
}

static void files(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 57, 65492, 65493, 65494, 200000};
    int before = open_files();
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct mime_part *root = mime_part_new(), *memory = mime_part_new();
        struct mail_buffer a = {0}, b = {0};
        char *bytes = malloc(sizes[i] + 1);
        for (size_t k = 0; k < sizes[i]; k++) bytes[k] = (char)(k * 7 & 255);
        write_file(sizes[i]);
        assert_int_equal(mime_part_set_file(root, path, NULL), MAIL_OK);
        assert_int_equal(mime_part_set_bytes(memory, bytes, sizes[i], MIME_TAKE, NULL), MAIL_OK);
        mime_part_set_type(memory, "application/pdf", NULL);
        serialize(&a, memory, false, 4096);
        static const size_t pieces[] = {1, 500, 513, 4096, 70000, 1000000};
        for (size_t k = sizes[i] > 100 ? 1 : 0; k < 6; k++) {
            serialize(&b, root, false, pieces[k]);
            assert_int_equal(a.size, b.size);
            assert_memory_equal(a.data, b.data, a.size);
        }
        /* Quoted-printable of a file: measured by reading it. */
        mime_part_set_encoding(root, TRANSFER_QUOTED_PRINTABLE, NULL);
        mime_part_set_encoding(memory, TRANSFER_QUOTED_PRINTABLE, NULL);
        serialize(&a, memory, false, 100);
        serialize(&b, root, false, 1000);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        mail_buffer_free(&a);
        mail_buffer_free(&b);
        mime_part_free(root);
        mime_part_free(memory);
    }
    assert_int_equal(open_files(), before);
}

/* Read a little, let something happen to the file, read on: the status at the end. */
static enum mail_status interrupted(bool measure, size_t first, void (*change)(void), struct mail_error *error) {
    struct mime_part *root = mime_part_new();
    struct mime_options o = options(false);
    struct mime_writer w;
    char buffer[4096];
    int before = open_files();
    write_file(300000);
    mime_part_set_file(root, path, NULL);
    assert_int_equal(mime_writer_init(&w, root, &o), MAIL_OK);
    if (measure) assert_true(mime_writer_size(&w) > 400000);
    if (first > 0) assert_true(mime_writer_read(&w, buffer, first) > 0);
    if (change) change();
    ssize_t count;
    while ((count = mime_writer_read(&w, buffer, sizeof buffer)) > 0) continue;
    *error = w.error;
    assert_int_equal(count, w.error.status == MAIL_OK ? 0 : -1);
    assert_int_equal(open_files(), before); /* closed at once, by the end and by errors */
    mime_writer_finish(&w);
    mime_part_free(root);
    return error->status;
}

static void grow_file(void) {
    FILE *f = fopen(path, "a");
    fputc('x', f);
    fclose(f);
}
static void shrink_file(void) { assert_int_equal(truncate(path, 200000), 0); }
static void lose_file(void) { unlink(path); }

static void changing_files(void **state) {
    (void)state;
    struct mail_error e;
    assert_int_equal(interrupted(true, 4096, NULL, &e), MAIL_OK);
    assert_int_equal(interrupted(false, 4096, grow_file, &e), MAIL_FILE_CHANGED);
    assert_non_null(strstr(e.text, path));
    assert_int_equal(interrupted(false, 4096, shrink_file, &e), MAIL_FILE_CHANGED);
    assert_int_equal(interrupted(true, 0, grow_file, &e), MAIL_FILE_CHANGED);
    assert_int_equal(interrupted(true, 0, shrink_file, &e), MAIL_FILE_CHANGED);
    assert_int_equal(interrupted(false, 0, shrink_file, &e), MAIL_OK);  /* before it was measured or opened */
    assert_int_equal(interrupted(false, 4096, lose_file, &e), MAIL_OK); /* open: still whole */
    assert_int_equal(interrupted(false, 0, lose_file, &e), MAIL_FILE);
    assert_int_equal(e.system_error, ENOENT);
    assert_non_null(strstr(e.text, path));
    assert_non_null(strstr(e.text, "No such file"));
    assert_int_equal(interrupted(true, 0, lose_file, &e), MAIL_FILE);
}

static enum mail_status size_status(const char *what, int *reason) {
    struct mime_part *root = mime_part_new();
    struct mime_options o = options(false);
    struct mime_writer w;
    char buffer[100];
    mime_part_set_file(root, what, NULL);
    mime_writer_init(&w, root, &o);
    assert_int_equal(mime_writer_size(&w), -1);
    enum mail_status status = w.error.status;
    *reason = w.error.system_error;
    mime_writer_finish(&w);
    mime_writer_init(&w, root, &o);
    while (mime_writer_read(&w, buffer, sizeof buffer) > 0) continue;
    assert_int_equal(w.error.status, status);
    mime_writer_finish(&w);
    mime_part_free(root);
    return status;
}

static void not_files(void **state) {
    (void)state;
    int reason;
    assert_int_equal(size_status("/nonexistent/x", &reason), MAIL_FILE);
    assert_int_equal(reason, ENOENT);
    assert_int_equal(size_status("/", &reason), MAIL_FILE);
    assert_int_equal(reason, EISDIR);
    assert_int_equal(size_status("/dev/zero", &reason), MAIL_FILE);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(size_status(path, &reason), MAIL_FILE); /* and does not hang */
    unlink(path);
}

/* A large sparse file: constant memory, and the size is known without reading it. */
static void large_file(void **state) {
    (void)state;
    struct mime_part *root = mime_part_new();
    struct mime_options o = options(false);
    struct mime_writer w;
    write_file(1);
    /* whoever runs the tests may limit the size of files; a sparse one takes no room */
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    int sparse = truncate(path, 10737418240);
    mime_part_set_file(root, path, NULL);
    if (sparse == 0) {
        mime_writer_init(&w, root, &o);
        assert_int_equal(mime_writer_size(&w), (int64_t)w.text.size + (int64_t)base64_encoded_size(10737418240u, 76));
        mime_writer_finish(&w);
    }
    assert_int_equal(truncate(path, 64 << 20), 0);
    struct rusage before, after;
    char *buffer = malloc(65536);
    getrusage(RUSAGE_SELF, &before);
    mime_writer_init(&w, root, &o);
    int64_t size = mime_writer_size(&w), total = 0;
    ssize_t count;
    while ((count = mime_writer_read(&w, buffer, 65536)) > 0) total += count;
    assert_int_equal(total, size);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 4096);
    mime_writer_finish(&w);
    mime_part_free(root);
    free(buffer);
}

/* --- readers --- */

struct source {
    size_t at, size, fail_at;
    int rewinds, releases;
};

static int source_rewind(void *context) {
    struct source *s = context;
    s->at = 0;
    s->rewinds++;
    return 0;
}
static ssize_t source_read(void *context, char *buffer, size_t size) {
    struct source *s = context;
    if (s->fail_at && s->at >= s->fail_at) return -EIO;
    if (size > 1000) size = 1000;
    if (size > s->size - s->at) size = s->size - s->at;
    memset(buffer, 'x', size);
    s->at += size;
    return (ssize_t)size;
}
static void source_release(void *context) { ((struct source *)context)->releases++; }

static void readers(void **state) {
    (void)state;
    struct source s = {.size = 5000};
    struct mime_reader r = {&s, source_rewind, source_read, source_release, 5000};
    struct mime_part *root = mime_part_new();
    struct mail_buffer out = {0};
    struct mime_options o = options(false);
    struct mail_error e;
    assert_int_equal(mime_part_set_reader(root, &r, NULL), MAIL_OK);
    serialize(&out, root, false, 333);
    serialize(&out, root, false, 70000);
    assert_int_equal(s.rewinds, 2);
    s.size = 4999;
    assert_int_equal(mime_write_all(&out, root, &o, &e), MAIL_READER);
    s.size = 5001;
    assert_int_equal(mime_write_all(&out, root, &o, &e), MAIL_READER);
    s.size = 5000;
    s.fail_at = 3000;
    assert_int_equal(mime_write_all(&out, root, &o, &e), MAIL_READER);
    assert_int_equal(e.system_error, EIO);
    s.fail_at = 0;
    r.size = -1;
    r.release = NULL;
    assert_int_equal(mime_part_set_reader(root, &r, NULL), MAIL_OK);
    assert_int_equal(s.releases, 1);
    struct mime_writer w;
    mime_writer_init(&w, root, &o);
    assert_int_equal(mime_writer_size(&w), -1);
    assert_int_equal(w.error.status, MAIL_OK);
    mime_writer_finish(&w);
    mail_buffer_clear(&out);
    assert_int_equal(mime_write_all(&out, root, &o, &e), MAIL_OK);
    assert_true(out.size > 6666);
    mail_buffer_free(&out);
    mime_part_free(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(single_parts),
                                       cmocka_unit_test(multiparts),
                                       cmocka_unit_test(disposition_parameters),
                                       cmocka_unit_test(eight_bit_multipart),
                                       cmocka_unit_test(boundary_in_text),
                                       cmocka_unit_test(misuse),
                                       cmocka_unit_test(files),
                                       cmocka_unit_test(changing_files),
                                       cmocka_unit_test(not_files),
                                       cmocka_unit_test(large_file),
                                       cmocka_unit_test(readers)};
    return cmocka_run_group_tests(tests, name_file, remove_file);
}
