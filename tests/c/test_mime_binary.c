/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_mime_binary: parts that go as they are (RFC 3030): what is chosen, exact sizes, bytes kept to the last; and what
 * is binary in a message that is at hand already. */
#include "mail_file.h"

#include "modules/mime/mime_build.h"

static struct mail_random fixed;

static struct mime_options options(bool binary) {
    mail_random_init_seed(&fixed, 1);
    return (struct mime_options){.random = &fixed, .allow_8bit = true, .allow_binary = binary};
}

/* All bytes, among them line ends and dots of every kind. */
static void fill(char *bytes, size_t size) {
    static const char nasty[] = "\r\n.\r\n\n.\n\r.\r\r\n";
    for (size_t i = 0; i < size; i++) bytes[i] = i % 100 < sizeof nasty ? nasty[i % 100] : (char)(i * 31 >> 3);
}

/* text, bytes and a file of that size in a multipart. */
static struct mime_part *tree(const char *text, char *bytes, size_t size) {
    struct mime_part *root = mime_part_new(), *parts[3];
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, size, f), size);
    fclose(f);
    for (size_t i = 0; i < 3; i++) parts[i] = mime_part_new();
    mime_part_set_multipart(root, "mixed", NULL);
    mime_part_set_text(parts[0], (char *)text, strlen(text), MIME_BORROW, NULL);
    mime_part_set_bytes(parts[1], bytes, size, MIME_BORROW, NULL);
    mime_part_set_file(parts[2], path, NULL);
    for (size_t i = 0; i < 3; i++) assert_int_equal(mime_part_append(root, parts[i], NULL), MAIL_OK);
    return root;
}

/* The whole in pieces of that size, whose length must be the announced one; read twice, the first time not to its end.
 */
static void serialize(struct mail_buffer *out, const struct mime_part *root, bool binary, size_t piece) {
    struct mime_options o = options(binary);
    struct mime_writer w;
    char *buffer = malloc(piece);
    ssize_t count;
    mail_buffer_clear(out);
    if (mime_writer_init(&w, root, &o) != MAIL_OK) fail_msg("%s", w.error.text);
    assert_int_equal(w.uses_binary, binary);
    int64_t size = mime_writer_size(&w);
    for (int i = 0; i < 3; i++) assert_true(mime_writer_read(&w, buffer, piece) >= 0);
    mime_writer_rewind(&w);
    while ((count = mime_writer_read(&w, buffer, piece)) > 0) mail_buffer_append(out, buffer, (size_t)count);
    assert_int_equal(count, 0);
    assert_int_equal(size, out->size);
    mime_writer_finish(&w);
    free(buffer);
}

static size_t count_of(const struct mail_buffer *out, const char *text) {
    size_t count = 0, length = strlen(text);
    for (const char *at = out->data; (at = memmem(at, out->size - (size_t)(at - out->data), text, length));
         at += length)
        count++;
    return count;
}

static void parts(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 63, 64, 65, 1000, 65493, 200000}, pieces[] = {1, 3, 63, 64, 500, 4096, 1000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct mail_buffer out = {0};
        char *bytes = malloc(sizes[i]);
        fill(bytes, sizes[i]);
        struct mime_part *root = tree("Hello.\n", bytes, sizes[i]);
        for (size_t k = sizes[i] > 1000 ? 2 : 0; k < sizeof pieces / sizeof *pieces; k++) {
            serialize(&out, root, true, pieces[k]);
            assert_int_equal(count_of(&out, "Content-Transfer-Encoding: binary\r\n"), 3); /* RFC 2045 6.4: all around */
            const char *first = memmem(out.data, out.size, bytes, sizes[i]);
            assert_non_null(first);
            if (sizes[i] < 1000) continue;
            const char *second = memmem(first + 1, out.size - (size_t)(first + 1 - out.data), bytes, sizes[i]);
            assert_non_null(second); /* the file's */
            assert_memory_equal(second + sizes[i], "\r\n--", 4);
        }
        serialize(&out, root, false, 4096);
        assert_int_equal(count_of(&out, "Content-Transfer-Encoding: base64\r\n"), 2);
        mail_buffer_free(&out);
        mime_part_free(root);
        free(bytes);
    }
}

/* Text that can go as lines does; other text is binary in its canonical form, with CRLF (RFC 3030 3). */
static void texts(void **state) {
    (void)state;
    char text[4000], canonical[4000], bytes[] = "x";
    struct mail_buffer out = {0};
    size_t size = 0;
    while (size < 3000) size += (size_t)sprintf(text + size, "\xe6\x97\xa5");
    sprintf(text + size, "\nend\n");
    sprintf(canonical, "%.*s\r\nend\r\n\r\n--", (int)size, text);
    struct mime_part *root = tree(text, bytes, 1);
    serialize(&out, root, true, 100);
    assert_int_equal(count_of(&out, "Content-Transfer-Encoding: binary\r\n"), 4);
    assert_int_equal(count_of(&out, canonical), 1);
    mime_part_free(root);
    root = tree("gr\xc3\xbc\xc3\x9f\n", bytes, 1);
    serialize(&out, root, true, 100);
    assert_int_equal(count_of(&out, "Content-Transfer-Encoding: 8bit\r\n\r\ngr"), 1);
    mime_part_free(root);
    mail_buffer_free(&out);
}

/* A boundary that was given might stand in a file, which nobody has read; and what was asked for stays. */
static void not_binary(void **state) {
    (void)state;
    char bytes[] = "--b\r\n";
    struct mail_buffer out = {0};
    struct mime_part *root = tree("x", bytes, 5);
    mime_part_set_boundary(root, "b", NULL);
    struct mime_options o = options(true);
    struct mime_writer w;
    char buffer[4096];
    assert_int_equal(mime_writer_init(&w, root, &o), MAIL_OK);
    assert_false(w.uses_binary);
    ssize_t count = mime_writer_read(&w, buffer, sizeof buffer);
    mail_buffer_append(&out, buffer, (size_t)count);
    assert_int_equal(count_of(&out, "LS1iDQo="), 2);
    mime_writer_finish(&w);
    mime_part_free(root);
    root = tree("x", bytes, 5);
    for (size_t i = 1; i < 3; i++) mime_part_set_encoding(mime_part_child(root, i), TRANSFER_BASE64, NULL);
    assert_int_equal(mime_writer_init(&w, root, &o), MAIL_OK);
    assert_false(w.uses_binary);
    mime_writer_finish(&w);
    mime_part_free(root);
    mail_buffer_free(&out);
}

static void whole(const char *text, size_t size, bool binary, const char *wanted, size_t wanted_size) {
    struct mime_writer w;
    char buffer[1000];
    assert_int_equal(mime_writer_init_whole(&w, text, size), MAIL_OK);
    assert_int_equal(mime_writer_size(&w), wanted_size);
    ssize_t count = mime_writer_read(&w, buffer, sizeof buffer);
    assert_int_equal(count, wanted_size);
    assert_memory_equal(buffer, wanted, wanted_size);
    assert_int_equal(w.uses_binary, binary);
    mime_writer_finish(&w);
}
#define WHOLE(text, binary, wanted) whole(text, sizeof text - 1, binary, wanted, sizeof wanted - 1)
#define ENCODED "Content-Transfer-Encoding: "

static void at_hand(void **state) {
    (void)state;
    WHOLE("", false, "");
    WHOLE("X: binary\n\na\0\rb", false, "X: binary\r\n\r\na\0\r\nb\r\n");
    WHOLE("Content-Type: a/b\n" ENCODED "binary\n\na\nb", true, "Content-Type: a/b\r\n" ENCODED "binary\r\n\r\na\nb");
    WHOLE("Content-Type: a/b\r\n" ENCODED "binary\r\n\r\na\r\nb\r\n", false,
          "Content-Type: a/b\r\n" ENCODED "binary\r\n\r\na\r\nb\r\n");
    WHOLE("Content-Type: a/b\n" ENCODED "\n Binary (so)\n\n\0", true,
          "Content-Type: a/b\r\n" ENCODED "\r\n Binary (so)\r\n\r\n\0");
    WHOLE("Content-Type: a/b\n" ENCODED "binary-like\n\na\nb", false,
          "Content-Type: a/b\r\n" ENCODED "binary-like\r\n\r\na\r\nb\r\n");
    /* Lines of text that say they are binary, and text that is. */
    WHOLE(ENCODED "binary\n\na\nb\n", false, ENCODED "binary\r\n\r\na\r\nb\r\n");
    WHOLE(ENCODED "binary\n\na\rb\n", true, ENCODED "binary\r\n\r\na\rb\n");
    /* Between others, and twice; within a message. */
    WHOLE("Content-Type: multipart/mixed; boundary=b\n\np\n--b\n\nt\n--b\nContent-Type: a/b\n" ENCODED
          "BINARY\n\n\r\n\n--c\n\0\n--b\nContent-Type: a/b\n" ENCODED "binary\n\n.\n.\r\n--b--\ne",
          true,
          "Content-Type: multipart/mixed; boundary=b\r\n\r\np\r\n--b\r\n\r\nt\r\n--b\r\nContent-Type: a/b\r\n" ENCODED
          "BINARY\r\n\r\n\r\n\n--c\n\0\r\n--b\r\nContent-Type: a/b\r\n" ENCODED "binary\r\n\r\n.\n.\r\n--b--\r\ne\r\n");
    WHOLE("Content-Type: message/rfc822\n\nContent-Type: a/b\n" ENCODED "binary\n\n\n", true,
          "Content-Type: message/rfc822\r\n\r\nContent-Type: a/b\r\n" ENCODED "binary\r\n\r\n\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts),
        cmocka_unit_test(texts),
        cmocka_unit_test(not_binary),
        cmocka_unit_test(at_hand),
    };
    return cmocka_run_group_tests(tests, name_file, remove_file);
}
