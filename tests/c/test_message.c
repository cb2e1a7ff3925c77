/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests what Smtp gets of an SmtpMessage: envelope, content in pieces, Errors; and that nothing of it is left over. */
#include "in_runtime.h"

#include "modules/message/message_share.h"

#include "interp/data/context.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static cp_context *cp;

/* ---- helpers ---- */

static cp_value text(const char *z) { return cp_string_z(cp, z); }

static void set(cp_value object, const char *name, cp_value value) {
    assert_true(cp_send_z(cp, object, name, &value, 1) != CP_THROWN);
}

static cp_value new_message(void) {
    cp_value message = cp_create(cp, "SmtpMessage", NULL, 0);
    set(message, "sender", text("Ann <ann@x.org>"));
    set(message, "recipient", text("bob@y.org"));
    set(message, "text",
        text("Gr\xc3\xbc\xc3\x9f"
             "e\n"));
    return message;
}

static cp_value list(cp_value item) { return cp_cons(item, CP_NIL); }

static cp_value attachment(const char *name, cp_value content) {
    cp_value items[] = {text(name), content};
    return cp_list_n(items, 2);
}

/* A multipart of one text. */
static cp_value new_mime(void) {
    cp_value mime = cp_create(cp, "Mime", NULL, 0), arguments[] = {CP_NIL, text("in a Mime")};
    assert_true(cp_send_z(cp, mime, "startMultipart", NULL, 0) != CP_THROWN);
    assert_true(cp_send_z(cp, mime, "attachData", arguments, 2) != CP_THROWN);
    return mime;
}

static void expect_error(int error_class, int code, const char *words) {
    cp_value error = cp_take_error(cp);
    assert_int_equal(cp_error_class_of(error), error_class);
    assert_int_equal(cp_error_code_of(error), code);
    assert_non_null(strstr(cp_text_z(cp, cp_error_text_of(error)), words));
}

/* Reads all in pieces of `piece` bytes; the number read, or -1. */
static ssize_t read_all(struct smtp_content *content, size_t piece, char *out, size_t room) {
    size_t done = 0;
    for (;;) {
        assert_true(done + piece <= room);
        ssize_t count = message_read(cp, content, out + done, piece);
        if (count <= 0) return count < 0 ? -1 : (ssize_t)done;
        done += (size_t)count;
    }
}

/* Bytes that malloc has given out; the collected heap is not among them. */
static size_t allocated(void) {
#ifdef MEM_PLAIN
    return 0; /* there the collected heap is malloc's too */
#else
    return mallinfo2().uordblks;
#endif
}

/* ---- tests ---- */

static void envelope(void **state) {
    (void)state;
    cp_value message = new_message();
    set(message, "recipients", cp_cons(text("BOB <bob@Y.org>"), list(text("cy@z.org"))));
    set(message, "blindCopyRecipients", list(text("d@z.org")));
    cp_value notify = cp_symbol_z(cp, "failure");
    set(message, "notify", cp_cons(notify, list(text("delay"))));
    struct smtp_content *content = message_open(cp, message, MESSAGE_8BIT);
    assert_non_null(content);
    const smtp_envelope *e = message_envelope(content);
    assert_string_equal(e->sender, "ann@x.org");
    assert_int_equal(e->recipient_count, 3);
    assert_string_equal(e->recipients[0].address, "bob@y.org");
    assert_string_equal(e->recipients[1].address, "cy@z.org");
    assert_string_equal(e->recipients[2].address, "d@z.org");
    assert_int_equal(e->recipients[2].notify, SMTP_NOTIFY_FAILURE | SMTP_NOTIFY_DELAY);
    assert_int_equal(e->body, SMTP_BODY_8BIT);
    assert_false(e->smtputf8);
    message_close(cp, content);

    content = message_open(cp, message, MESSAGE_7BIT);
    assert_int_equal(message_envelope(content)->body, SMTP_BODY_7BIT);
    message_close(cp, content);

    set(message, "envelopeSender", text("<>"));
    set(message, "recipient", text("b\xc3\xb6@y.org"));
    content = message_open(cp, message, MESSAGE_8BIT);
    assert_string_equal(message_envelope(content)->sender, "");
    assert_true(message_envelope(content)->smtputf8);
    message_close(cp, content);
    message_close(cp, content);
}

static void content(void **state) {
    static const size_t pieces[] = {1, 7, 100, 65536};
    static char out[1 << 18], first[1 << 18];
    (void)state;
    cp_value message = new_message();
    set(message, "html", text("<p>"));
    cp_value attachments[] = {attachment("a.bin", cp_binary_n(cp, NULL, 100000)), new_mime()};
    set(message, "attachments", cp_list_n(attachments, 2));
    for (size_t i = 0; i < 4; i++) {
        struct smtp_content *opened = message_open(cp, message, MESSAGE_8BIT);
        assert_non_null(opened);
        /* What is changed now is not noticed. */
        if (i == 3) set(message, "text", text("other"));
        ssize_t size = read_all(opened, pieces[i], out, sizeof out);
        assert_int_equal(size, message_envelope(opened)->size);
        assert_int_equal(message_read(cp, opened, out + size, 1), 0);
        if (i == 0) memcpy(first, out, (size_t)size);
        assert_memory_equal(out, first, (size_t)size);
        message_close(cp, opened);
    }
    assert_non_null(memmem(first, sizeof first, "in a Mime", 9));
}

/* ---- what messages have in common ---- */

/* Opened and read, the message must be what `string` makes of it, which shares nothing. */
static void expect_as_string(cp_value message) {
    static char out[1 << 19];
    cp_value wanted = cp_send_z(cp, message, "string", NULL, 0);
    struct smtp_content *opened = message_open(cp, message, false);
    assert_non_null(opened);
    ssize_t size = read_all(opened, 65536, out, sizeof out);
    assert_int_equal(size, cp_string_size(wanted));
    assert_memory_equal(out, cp_string_text(wanted), (size_t)size);
    message_close(cp, opened);
}

static void in_common(void **state) {
    (void)state;
    cp_value body = text("Gr\xc3\xbc\xc3\x9f"
                         "e an alle,\nohne Ende"),
             logo = text("<svg/>"), bytes = cp_binary_n(cp, NULL, 500);
    size_t before = message_share_octets(cp);
    for (int i = 0; i < 6; i++) {
        cp_value message = new_message();
        set(message, "text", body);
        set(message, "html", i % 2 ? body : text("<p>own"));
        cp_binary_of(bytes)->data[3] = (unsigned char)i; /* a Binary can change */
        cp_value attachments[] = {attachment("logo.svg", logo), attachment("b", bytes), new_mime()};
        set(message, "attachments", cp_list_n(attachments, i < 4 ? 3 : 1));
        expect_as_string(message);
        if (i == 0) assert_int_equal(message_share_octets(cp), before); /* what is in one message alone is not kept */
    }
    assert_true(message_share_octets(cp) > before);
}

/* However much is in common, only so much is kept; and what an open message reads from stays. */
static void in_common_bounded(void **state) {
    static char out[1 << 20];
    (void)state;
    char *fill = malloc(300000);
    struct smtp_content *first = NULL;
    for (int i = 0; i < 40; i++) {
        memset(fill, 'a' + i % 26, 300000);
        cp_value logo = cp_string_n(cp, fill, 300000);
        for (int k = 0; k < 3; k++) {
            cp_value message = new_message();
            set(message, "attachments", list(attachment("a", logo)));
            if (i == 0 && k == 2) first = message_open(cp, message, true);
            else expect_as_string(message);
            assert_true(message_share_octets(cp) <= MESSAGE_SHARE_MOST);
        }
    }
    assert_true(message_share_octets(cp) > MESSAGE_SHARE_MOST / 2);
    cp_collect(cp);
    assert_true(read_all(first, 1000, out, sizeof out) > 400000);
    assert_non_null(memmem(out, sizeof out, "YWFhYWFhYWFh", 12));
    message_close(cp, first);
    free(fill);
}

static void in_common_released(void **state) {
    (void)state;
    in_common(NULL);
    for (int i = 0; i < 100 && message_share_octets(cp) > 0; i++) cp_collect(cp);
#ifndef MEM_PLAIN
    assert_int_equal(message_share_octets(cp), 0);
#endif
}

static void identity(void **state) {
    (void)state;
    cp_value message = new_message(), id = message_id(cp, message);
    assert_true(message_is(cp, message));
    assert_false(message_is(cp, new_mime()));
    assert_false(message_is(cp, CP_NIL));
    assert_false(message_is(cp, cp_fixnum(1)));
    struct smtp_content *opened = message_open(cp, message, MESSAGE_8BIT);
    assert_true(cp_equal(cp, message_id(cp, message), id));
    message_close(cp, opened);
    assert_true(cp_equal(cp, message_id(cp, message), id));
    assert_true(cp_send_z(cp, message, "results", NULL, 0) == CP_NIL);
    struct message_result *each;
    char *octets;
    struct message_results *results = message_results_new(1, 4, &each, &octets);
    each[0] = (struct message_result){memcpy(octets, "a@b", 4), text("s"), 250, CP_NIL, text("words")};
    message_set_results(message, results);
    cp_value result[] = {text("a@b"), text("s"), cp_fixnum(250), CP_NIL, text("words")};
    cp_value shown = cp_send_z(cp, message, "results", NULL, 0);
    assert_true(cp_equal(cp, shown, list(cp_list_n(result, 5))));
    assert_true(cp_send_z(cp, message, "results", NULL, 0) == shown); /* the same each time */
    assert_true(cp_equal(cp, message_id(cp, message), id));
    assert_true(message_id(cp, cp_create(cp, "SmtpMessage", NULL, 0)) == CP_NIL);
}

/* Each way in which message_open and message_read can fail. */
static void fail_once(const char *file) {
    static char out[1 << 18];
    cp_value message = cp_create(cp, "SmtpMessage", NULL, 0);
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_MISSING, "sender");
    set(message, "sender", text("a@x.org"));
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_MISSING, "recipients");
    set(message, "recipient", text("b@x.org"));
    cp_value header[] = {text("To"), text("c@x.org")};
    set(message, "headers", list(cp_list_n(header, 2)));
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "To");
    header[0] = text("MIME-Version");
    set(message, "headers", list(cp_list_n(header, 2)));
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "MIME-Version");
    set(message, "headers", CP_NIL);
    /* A good Mime, then something bad: what was made of the first must go too. */
    cp_value bad = attachment("a", text("b")), gone = text("/nonexistent"), empty = cp_create(cp, "Mime", NULL, 0);
    cp_cell_of(cp_tail(bad))->tail = list(text("no type"));
    cp_send_z(cp, empty, "startMultipart", NULL, 0);
    cp_value pairs[][2] = {{new_mime(), bad}, {new_mime(), gone}, {new_mime(), empty}};
    static const struct {
        int error_class, code;
        const char *words;
    } wanted[] = {{CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "no type"},
                  {CP_ERROR_FILE, CP_FILE_OPEN, "/nonexistent"},
                  {CP_ERROR_MIME, MIME_ERROR_STRUCTURE, "part"}};
    for (size_t i = 0; i < 3; i++) {
        set(message, "attachments", cp_list_n(pairs[i], 2));
        assert_null(message_open(cp, message, MESSAGE_8BIT));
        expect_error(wanted[i].error_class, wanted[i].code, wanted[i].words);
    }
    /* A List may be changed after it was set. */
    cp_value recipients = list(text("c@x.org"));
    set(message, "attachments", CP_NIL);
    set(message, "recipients", recipients);
    cp_cell_of(recipients)->head = text("c@x.org\nX: y");
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "newline");
    cp_cell_of(recipients)->head = text("c@x.org, d@x.org");
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "2 addresses");
    cp_cell_of(recipients)->head = cp_fixnum(5);
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_TYPE_MISMATCH, "recipients");
    cp_cell_of(recipients)->head = text("c@x.org");
    cp_cell_of(recipients)->tail = recipients;
    assert_null(message_open(cp, message, MESSAGE_8BIT));
    expect_error(CP_ERROR_CARAPACE, CP_BAD_ARGUMENT, "without an end");
    set(message, "recipients", CP_NIL);
    /* A file that shrinks while it is read, and one that goes before. */
    FILE *f = fopen(file, "w");
    for (int i = 0; i < 100000; i++) putc('x', f);
    fclose(f);
    set(message, "attachments", list(text(file)));
    struct smtp_content *opened = message_open(cp, message, MESSAGE_8BIT);
    assert_true(message_read(cp, opened, out, 5000) > 0);
    assert_int_equal(truncate(file, 10), 0);
    assert_int_equal(read_all(opened, 5000, out, sizeof out), -1);
    expect_error(CP_ERROR_FILE, CP_FILE_READ, file);
    message_close(cp, opened);
    opened = message_open(cp, message, MESSAGE_8BIT);
    unlink(file);
    assert_int_equal(read_all(opened, 5000, out, sizeof out), -1);
    expect_error(CP_ERROR_FILE, CP_FILE_OPEN, file);
    message_close(cp, opened);
    /* Given up half-way. */
    opened = message_open(cp, new_message(), MESSAGE_8BIT);
    assert_true(message_read(cp, opened, out, 10) == 10);
    message_close(cp, opened);
}

static void failures(void **state) {
    enum { ROUNDS = 50 };
    (void)state;
    char file[] = "/tmp/test_message_XXXXXX";
    close(mkstemp(file));
    for (int i = 0; i < 3; i++) fail_once(file);
    size_t before = allocated();
    for (int i = 0; i < ROUNDS; i++) fail_once(file);
    size_t after = allocated();
    assert_true(after < before + ROUNDS * 8); /* one leak a round would be more */
}

/* Sent many times over, with all kinds of content. */
static void nothing_left(void **state) {
    enum { ROUNDS = 200 };
    static char out[1 << 18];
    (void)state;
    cp_value message = new_message();
    set(message, "html", text("<p>"));
    cp_value attachments[] = {attachment("a.bin", cp_binary_n(cp, NULL, 1000)), new_mime(), text("/etc/passwd")};
    set(message, "attachments", cp_list_n(attachments, 3));
    size_t before = 0;
    for (int i = 0; i < ROUNDS; i++) {
        if (i == 3) before = allocated();
        struct smtp_content *opened = message_open(cp, message, MESSAGE_7BIT);
        assert_non_null(opened);
        assert_true(read_all(opened, 1000, out, sizeof out) > 0);
        message_close(cp, opened);
    }
    assert_true(allocated() < before + ROUNDS * 8);
}

static int run(cp_context *context, void *argument) {
    (void)argument;
    cp = context;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelope),  cmocka_unit_test(content),           cmocka_unit_test(identity),
        cmocka_unit_test(in_common), cmocka_unit_test(in_common_bounded), cmocka_unit_test(in_common_released),
        cmocka_unit_test(failures),  cmocka_unit_test(nothing_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv) {
    (void)argc;
    /* What glibc keeps in hand for each thread counts as given out; without that, allocated() is exact. */
    if (!getenv("GLIBC_TUNABLES")) {
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
        execv("/proc/self/exe", argv);
    }
    return run_in_runtime(run, true);
}
