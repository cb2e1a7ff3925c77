/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_mime_share: bodies that several messages have in common: the same bytes as ever, encoded once; and files that
 * change meanwhile. */
#include "mail_test.h"

#include <errno.h>

#include "modules/mime/mime_build.h"

/* ---- somebody who keeps everything at once ---- */

struct kept {
    struct mime_share_key key;
    char bytes[40000];
    size_t size;
    bool filled;
};

struct keeper {
    struct kept kept[8];
    size_t count, found, refused;
    bool closed; /* gives no room */
};

static bool find(void *context, const struct mime_share_key *key, const char **bytes, size_t *size) {
    struct keeper *keeper = context;
    for (size_t i = 0; i < keeper->count; i++) {
        struct kept *kept = &keeper->kept[i];
        if (!kept->filled || !mime_share_key_equal(&kept->key, key)) continue;
        assert_int_equal(mime_share_key_hash(&kept->key), mime_share_key_hash(key));
        keeper->found++;
        *bytes = kept->bytes;
        *size = kept->size;
        return true;
    }
    return false;
}

static char *room(void *context, const struct mime_share_key *key, size_t size, const struct text_traits *traits) {
    struct keeper *keeper = context;
    assert_true(key->is_text == (traits != NULL));
    if (keeper->closed) return NULL;
    assert_true(keeper->count < 8 && size <= sizeof keeper->kept[0].bytes);
    struct kept *kept = &keeper->kept[keeper->count++];
    kept->key = *key;
    kept->size = size;
    return kept->bytes;
}

static void filled(void *context, bool good) {
    struct keeper *keeper = context;
    keeper->kept[keeper->count - 1].filled = good;
    keeper->refused += !good;
}

static bool no_traits(void *context, const void *owner, struct text_traits *traits) {
    (void)context, (void)owner, (void)traits;
    return false;
}

/* ---- files in memory ---- */

struct disk {
    struct mime_file_identity identity;
    size_t at, opens;
    char fill;
    bool changes_while_read, fails;
};

static int identify(void *context, const char *path, struct mime_file_identity *identity) {
    struct disk *disk = context;
    if (strcmp(path, "gone") == 0) return -ENOENT;
    *identity = disk->identity;
    return 0;
}
static int64_t file_size(void *context, const char *path) {
    struct mime_file_identity identity;
    int result = identify(context, path, &identity);
    return result < 0 ? result : identity.size;
}
static int file_open(void *context, const char *path, int64_t *size) {
    struct disk *disk = context;
    disk->opens++;
    disk->at = 0;
    *size = file_size(context, path);
    return 7;
}
static ssize_t file_read(void *context, int handle, char *buffer, size_t size) {
    struct disk *disk = context;
    assert_int_equal(handle, 7);
    if (disk->fails) return -EIO;
    if (size > (size_t)disk->identity.size - disk->at) size = (size_t)disk->identity.size - disk->at;
    memset(buffer, disk->fill, size);
    disk->at += size;
    if (disk->changes_while_read) disk->identity.modified_nanoseconds++;
    return (ssize_t)size;
}
static void file_close(void *context, int handle) { (void)context, (void)handle; }

/* ---- writing ---- */

static enum mail_status write_out(struct mail_buffer *out, const struct mime_part *root, struct keeper *keeper,
                                  struct disk *disk, size_t piece) {
    struct mime_files files = {disk, file_size, file_open, file_read, file_close, identify};
    struct mime_share share = {keeper, find, room, filled, no_traits};
    struct mail_random random;
    struct mime_options options = {.random = &random, .files = disk ? &files : NULL, .share = keeper ? &share : NULL};
    struct mime_writer w;
    char *buffer = malloc(piece);
    ssize_t count = 0;
    mail_random_init_seed(&random, 3);
    mail_buffer_clear(out);
    assert_int_equal(mime_writer_init(&w, root, &options), MAIL_OK);
    int64_t size = mime_writer_size(&w);
    while (size >= 0 && (count = mime_writer_read(&w, buffer, piece)) > 0)
        mail_buffer_append(out, buffer, (size_t)count);
    if (size >= 0 && count == 0) assert_int_equal(size, out->size);
    enum mail_status status = w.error.status;
    mime_writer_finish(&w);
    free(buffer);
    return status;
}

static struct mime_part *text_of(const char *text, const void *owner, enum transfer_encoding encoding) {
    struct mime_part *part = mime_part_new();
    assert_int_equal(mime_part_set_text(part, (char *)text, strlen(text), MIME_BORROW, NULL), MAIL_OK);
    assert_int_equal(mime_part_set_encoding(part, encoding, NULL), MAIL_OK);
    mime_part_set_owner(part, owner);
    return part;
}

static const char *const texts[] = {
    "plain\n",
    "plain without an end",
    "",
    "lines\r\nof\nboth kinds\r\n",
    "gr\xc3\xbc\xc3\x9f"
    "e \n",
    "a\rb\n",
    "\n\n.\n",
};

/* Alone and within a multipart, in each encoding, in pieces of each size: without a keeper, when it is kept, and from
   what was kept. */
static void same_bytes(void **state) {
    static const enum transfer_encoding encodings[] = {TRANSFER_AUTOMATIC, TRANSFER_QUOTED_PRINTABLE, TRANSFER_BASE64};
    static const size_t pieces[] = {1, 5, 64, 4096, 100000};
    static struct keeper keeper;
    struct mail_buffer wanted = {0}, out = {0};
    (void)state;
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
        for (size_t e = 0; e < 3; e++)
            for (int nested = 0; nested < 2; nested++) {
                struct mime_part *part = text_of(texts[t], texts[t], encodings[e]), *root = part;
                if (nested) {
                    root = mime_part_new();
                    assert_int_equal(mime_part_set_multipart(root, "mixed", NULL), MAIL_OK);
                    assert_int_equal(mime_part_append(root, part, NULL), MAIL_OK);
                    assert_int_equal(mime_part_append(root, text_of("other", NULL, TRANSFER_AUTOMATIC), NULL), MAIL_OK);
                }
                memset(&keeper, 0, sizeof keeper);
                assert_int_equal(write_out(&wanted, root, NULL, NULL, 1000), MAIL_OK);
                for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
                    assert_int_equal(write_out(&out, root, &keeper, NULL, pieces[i]), MAIL_OK);
                    assert_int_equal(out.size, wanted.size);
                    assert_memory_equal(out.data, wanted.data, wanted.size);
                }
                bool empty = texts[t][0] == '\0';
                assert_int_equal(keeper.count, empty ? 0 : 1);
                assert_int_equal(keeper.found, empty ? 0 : 4);
                mime_part_free(root);
            }
    mail_buffer_free(&wanted);
    mail_buffer_free(&out);
}

/* Another owner, encoding or place has its own; new content has no owner. */
static void kept_apart(void **state) {
    static struct keeper keeper;
    struct mail_buffer out = {0};
    struct mime_part *part = text_of("text", texts[0], TRANSFER_AUTOMATIC);
    (void)state;
    write_out(&out, part, &keeper, NULL, 100);
    assert_int_equal(keeper.count, 1);
    mime_part_set_encoding(part, TRANSFER_BASE64, NULL);
    write_out(&out, part, &keeper, NULL, 100);
    assert_int_equal(keeper.count, 2);
    mime_part_set_owner(part, texts[1]);
    write_out(&out, part, &keeper, NULL, 100);
    assert_int_equal(keeper.count, 3);
    assert_int_equal(keeper.found, 0);
    mime_part_set_text(part, (char *)"new", 3, MIME_BORROW, NULL);
    write_out(&out, part, &keeper, NULL, 100);
    assert_int_equal(keeper.count, 3);
    keeper.closed = true;
    mime_part_set_owner(part, texts[2]);
    assert_int_equal(write_out(&out, part, &keeper, NULL, 100), MAIL_OK);
    assert_int_equal(keeper.count, 3);
    mail_buffer_free(&out);
    mime_part_free(part);
}

static void files(void **state) {
    static const enum transfer_encoding encodings[] = {TRANSFER_BASE64, TRANSFER_QUOTED_PRINTABLE};
    static struct keeper keeper;
    struct mail_buffer wanted = {0}, out = {0};
    (void)state;
    for (size_t e = 0; e < 2; e++) {
        struct disk disk = {.identity = {.inode = 5, .size = 9000, .modified = 100}, .fill = 'a'};
        struct mime_part *part = mime_part_new();
        memset(&keeper, 0, sizeof keeper);
        mime_part_set_file(part, "a.bin", NULL);
        mime_part_set_encoding(part, encodings[e], NULL);
        write_out(&wanted, part, NULL, &disk, 1000);
        write_out(&out, part, &keeper, &disk, 1000);
        disk.opens = 0;
        write_out(&out, part, &keeper, &disk, 1000);
        assert_int_equal(disk.opens, 0); /* it was not even opened */
        assert_memory_equal(out.data, wanted.data, wanted.size);
        /* Each way in which it is another file. */
        for (int way = 0; way < 6; way++) {
            struct mime_file_identity *id = &disk.identity;
            if (way == 0) id->modified_nanoseconds++;
            if (way == 1) id->changed++;
            if (way == 2) id->inode++;
            if (way == 3) id->device++;
            if (way == 4) id->size--;
            if (way == 5) id->modified++;
            disk.fill = (char)('b' + way);
            write_out(&wanted, part, NULL, &disk, 1000);
            write_out(&out, part, &keeper, &disk, 1000);
            assert_int_equal(out.size, wanted.size);
            assert_memory_equal(out.data, wanted.data, wanted.size);
        }
        mime_part_free(part);
    }
    mail_buffer_free(&wanted);
    mail_buffer_free(&out);
}

/* What changes while it is encoded is not kept, what cannot be read is the same Error as ever. */
static void changing_files(void **state) {
    static struct keeper keeper;
    struct disk disk = {.identity = {.inode = 5, .size = 9000}, .fill = 'a', .changes_while_read = true};
    struct mail_buffer out = {0};
    struct mime_part *part = mime_part_new();
    (void)state;
    mime_part_set_file(part, "a.bin", NULL);
    assert_int_equal(write_out(&out, part, &keeper, &disk, 1000), MAIL_OK);
    assert_int_equal(keeper.refused, 1);
    disk.changes_while_read = false;
    disk.fill = 'b';
    assert_int_equal(write_out(&out, part, &keeper, &disk, 1000), MAIL_OK);
    assert_int_equal(keeper.found, 0);
    assert_non_null(memmem(out.data, out.size, "YmJi", 4));
    disk.identity.inode++;
    disk.fails = true;
    assert_int_equal(write_out(&out, part, &keeper, &disk, 1000), MAIL_FILE);
    assert_int_equal(keeper.refused, 2);
    mime_part_set_file(part, "gone", NULL);
    assert_int_equal(write_out(&out, part, &keeper, &disk, 1000), MAIL_FILE);
    mail_buffer_free(&out);
    mime_part_free(part);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bytes), cmocka_unit_test(kept_apart),
                                       cmocka_unit_test(files), cmocka_unit_test(changing_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
