/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_mail_message: order of headers, structure, envelope, everything that must be refused. */
#ifndef _GNU_SOURCE
#endif
#include "mail_test.h"

#include "modules/mime/mail_message.h"
#include "modules/mime/mime_build.h"

#define T(string)                                                                                                      \
    { string, sizeof(string) - 1 }
static struct mail_random fixed;

static struct mail_message simple(void) {
    static const struct mail_text to[] = {T("Bob <bob@example.org>")};
    mail_random_init_seed(&fixed, 5);
    return (struct mail_message){.from = T("Ann <ann@example.org>"),
                                 .to = {to, 1},
                                 .subject = T("Hi"),
                                 .text = T("Hello\n"),
                                 .has_date = true,
                                 .date = 880127706,
                                 .offset_minutes = -360,
                                 .message_id = T("id@x"),
                                 .random = &fixed};
}

static void render(const struct mail_message *m, struct mail_buffer *out) {
    struct mail_built built;
    struct mail_error e;
    struct mime_options o = {.random = m->random};
    if (mail_message_build(m, &built, &e) != MAIL_OK) fail_msg("%s", e.text);
    mail_buffer_clear(out);
    assert_int_equal(mime_write_all(out, built.root, &o, &e), MAIL_OK);
    mail_built_free(&built);
}

static void whole(void **state) {
    (void)state;
    struct mail_message m = simple();
    struct mail_buffer out = {0};
    render(&m, &out);
    expect_buffer(&out, "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: Ann <ann@example.org>\r\nTo: Bob "
                        "<bob@example.org>\r\nSubject: Hi\r\n"
                        "Message-ID: <id@x>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
                        "charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n");
    static const struct mail_text cc[] = {T("c@d"), T("Jörg <e@f>, g@h")}, reply[] = {T("r@s")},
                                  bcc[] = {T("secret@example.org")};
    static const struct mail_header headers[] = {{T("X-One"), T("1")}, {T("In-Reply-To"), T("<a@b>")}};
    m.sender = (struct mail_text)T("Secretary <sec@example.org>");
    m.cc = (struct mail_text_list){cc, 2};
    m.bcc = (struct mail_text_list){bcc, 1};
    m.reply_to = (struct mail_text_list){reply, 1};
    m.headers = headers;
    m.header_count = 2;
    m.priority = 1;
    render(&m, &out);
    expect_buffer(
        &out,
        "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: Ann <ann@example.org>\r\nSender: Secretary "
        "<sec@example.org>\r\nReply-To: r@s\r\n"
        "To: Bob <bob@example.org>\r\nCc: c@d, =?UTF-8?B?SsO2cmc=?= <e@f>, g@h\r\nSubject: Hi\r\nMessage-ID: <id@x>\r\n"
        "X-Priority: 1 (Highest)\r\nImportance: high\r\nX-One: 1\r\nIn-Reply-To: <a@b>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: "
        "7bit\r\n\r\nHello\r\n");
    m.sender = (struct mail_text)T("ann@EXAMPLE.org");
    render(&m, &out);
    assert_null(memmem(out.data, out.size, "Sender:", 7));
    assert_null(memmem(out.data, out.size, "secret", 6));
    mail_buffer_free(&out);
}

static void envelope(void **state) {
    (void)state;
    struct mail_message m = simple();
    struct mail_built b;
    struct mail_error e;
    static const struct mail_text to[] = {T("a@B.org, \"x\"@b.org"), T("G: a@b.ORG, A@b.org;")},
                                  bcc[] = {T("z@z"), T("x@b.org")};
    m.to = (struct mail_text_list){to, 2};
    m.bcc = (struct mail_text_list){bcc, 2};
    assert_int_equal(mail_message_build(&m, &b, &e), MAIL_OK);
    assert_int_equal(b.recipient_count, 4);
    assert_string_equal(b.recipients[0], "a@B.org");
    assert_string_equal(b.recipients[1], "x@b.org");
    assert_string_equal(b.recipients[2], "A@b.org");
    assert_string_equal(b.recipients[3], "z@z");
    assert_string_equal(b.envelope_sender, "ann@example.org");
    assert_string_equal(b.message_id, "<id@x>");
    assert_false(b.needs_smtputf8);
    mail_built_free(&b);

    m.sender = (struct mail_text)T("s@t");
    assert_int_equal(mail_message_build(&m, &b, &e), MAIL_OK);
    assert_string_equal(b.envelope_sender, "s@t");
    mail_built_free(&b);
    m.envelope_sender = (struct mail_text)T("<>");
    assert_int_equal(mail_message_build(&m, &b, &e), MAIL_OK);
    assert_string_equal(b.envelope_sender, "");
    mail_built_free(&b);
    m.envelope_sender = (struct mail_text)T("Bounces <b@c>");
    m.message_id = (struct mail_text){0};
    assert_int_equal(mail_message_build(&m, &b, &e), MAIL_OK);
    assert_string_equal(b.envelope_sender, "b@c");
    assert_string_equal(strchr(b.message_id, '@'), "@example.org>");
    mail_built_free(&b);

    static const struct mail_text utf8[] = {T("grün@b")};
    m.bcc = (struct mail_text_list){utf8, 1};
    assert_int_equal(mail_message_build(&m, &b, &e), MAIL_OK);
    assert_true(b.needs_smtputf8);
    mail_built_free(&b);

    /* Many recipients, each twice. */
    struct mail_buffer text = {0};
    char one[40];
    for (int i = 0; i < 20000; i++) {
        snprintf(one, sizeof one, "r%d@x.org,", i % 10000);
        mail_buffer_append_string(&text, one);
    }
    struct mail_text many = {text.data, text.size};
    m.bcc = (struct mail_text_list){&many, 1};
    m.to.count = 0;
    assert_int_equal(mail_message_build(&m, &b, &e), MAIL_OK);
    assert_int_equal(b.recipient_count, 10000);
    assert_string_equal(b.recipients[9999], "r9999@x.org");
    mail_built_free(&b);
    mail_buffer_free(&text);
}

/* The types of the tree in one line: "mixed(alternative(text/plain related(text/html image/png)) application/pdf)". */
static void outline(const char *text, struct mail_buffer *out) {
    const char *p = text;
    while ((p = strstr(p, "Content-Type: "))) {
        p += 14;
        mail_buffer_append(out, p, strcspn(p, ";\r"));
        mail_buffer_append_char(out, ' ');
    }
}

static void structure(bool text, bool html, bool inlined, bool attached, const char *wanted) {
    struct mail_message m = simple();
    struct mail_buffer out = {0}, types = {0};
    struct mail_attachment all[2];
    size_t count = 0;
    if (!text) m.text.data = NULL;
    if (html) m.html = (struct mail_text)T("<b>x</b>");
    if (attached)
        all[count++] = (struct mail_attachment){.content = T("%PDF"), .has_content = true, .name = T("a.pdf")};
    if (inlined)
        all[count++] = (struct mail_attachment){
            .content = T("\x89PNG"), .has_content = true, .name = T("a.png"), .content_id = "i@x"};
    m.attachments = all;
    m.attachment_count = count;
    render(&m, &out);
    outline(mail_buffer_string(&out), &types);
    expect_buffer(&types, wanted);
    mail_buffer_free(&out);
    mail_buffer_free(&types);
}

static void structures(void **state) {
    (void)state;
    structure(false, false, false, false, "text/plain ");
    structure(true, false, false, false, "text/plain ");
    structure(false, true, false, false, "text/html ");
    structure(true, true, false, false, "multipart/alternative text/plain text/html ");
    structure(true, false, false, true, "multipart/mixed text/plain application/pdf ");
    structure(false, false, false, true, "multipart/mixed application/pdf ");
    structure(false, true, true, false, "multipart/related text/html image/png ");
    structure(true, true, true, false, "multipart/alternative text/plain multipart/related text/html image/png ");
    structure(
        true, true, true, true,
        "multipart/mixed multipart/alternative text/plain multipart/related text/html image/png application/pdf ");
    structure(true, false, true, false, "multipart/mixed text/plain image/png ");
}

static void attachment(struct mail_attachment a, const char *wanted) {
    struct mail_message m = simple();
    struct mail_buffer out = {0};
    m.attachments = &a;
    m.attachment_count = 1;
    render(&m, &out);
    if (!strstr(mail_buffer_string(&out), wanted)) fail_msg("no '%s' in\n%s", wanted, out.data);
    mail_buffer_free(&out);
}

static void attachments(void **state) {
    (void)state;
    attachment((struct mail_attachment){.content = T("x"), .has_content = true, .name = T("Übersicht.xlsx")},
               "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\nContent-Transfer-Encoding: "
               "base64\r\nContent-Disposition: attachment; "
               "filename*=UTF-8''%C3%9Cbersicht.xlsx\r\n\r\neA==\r\n");
    attachment((struct mail_attachment){.content = T("x"),
                                        .has_content = true,
                                        .type = "text/calendar; method=REQUEST; x=\"a;b\"; charset=utf-8"},
               "Content-Type: text/calendar; method=REQUEST; x=\"a;b\"; charset=utf-8\r\n");
    attachment((struct mail_attachment){.content = T("From: x\n\ny"), .has_content = true, .name = T("a.eml")},
               "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\nContent-Disposition: attachment; "
               "filename=a.eml\r\n\r\nFrom: x\r\n\r\ny\r\n");
    attachment((struct mail_attachment){.content = T("From: x\n\n\xff"), .has_content = true, .name = T("a.eml")},
               "Content-Type: application/octet-stream\r\n");
    attachment((struct mail_attachment){.content = T(""), .has_content = true},
               "Content-Disposition: attachment\r\n\r\n\r\n--");
}

static enum mail_status status_of(const struct mail_message *m, const char *words) {
    struct mail_built b;
    struct mail_error e = {0};
    enum mail_status status = mail_message_build(m, &b, &e);
    if (status == MAIL_OK) mail_built_free(&b);
    assert_null(b.root);
    if (!strstr(e.text, words)) fail_msg("'%s' has no '%s'", e.text, words);
    return status;
}

static void refused(void **state) {
    (void)state;
    struct mail_message m = simple();
    static const struct mail_text newline[] = {T("a@b"), T("a@b\r\nBcc: x@y")}, wrong[] = {T("nobody")};
    m.to = (struct mail_text_list){newline, 2};
    assert_int_equal(status_of(&m, "To: line break in an address at byte 3"), MAIL_CONTROL_CHARACTER);
    m.to = (struct mail_text_list){wrong, 1};
    assert_int_equal(status_of(&m, "To: no @ in 'nobody'"), MAIL_SYNTAX);
    m = simple();
    m.cc = (struct mail_text_list){wrong, 1};
    assert_int_equal(status_of(&m, "Cc: no @"), MAIL_SYNTAX);
    m = simple();
    m.from = (struct mail_text){0};
    assert_int_equal(status_of(&m, "From: empty"), MAIL_SYNTAX);
    m.from = (struct mail_text)T("a@b, c@d");
    assert_int_equal(status_of(&m, "needs a Sender"), MAIL_SYNTAX);
    m = simple();
    m.subject = (struct mail_text)T("a\nBcc: b@c");
    assert_int_equal(status_of(&m, "line break in Subject at byte 1"), MAIL_CONTROL_CHARACTER);
    m.subject = (struct mail_text)T("a\0b");
    assert_int_equal(status_of(&m, "NUL in Subject"), MAIL_CONTROL_CHARACTER);
    m = simple();
    m.message_id = (struct mail_text)T("a@b>\r\nX: <c@d");
    assert_int_equal(status_of(&m, "no message id"), MAIL_CONTROL_CHARACTER);
    m.message_id = (struct mail_text)T("nonsense");
    assert_int_equal(status_of(&m, "no message id"), MAIL_SYNTAX);
    m = simple();
    m.envelope_sender = (struct mail_text)T("x\r\n@y");
    assert_int_equal(status_of(&m, "envelope sender: line break"), MAIL_CONTROL_CHARACTER);
    m = simple();
    m.priority = 6;
    assert_int_equal(status_of(&m, "priority"), MAIL_SYNTAX);
    m = simple();
    m.date = INT64_MAX;
    assert_int_equal(status_of(&m, "Date"), MAIL_SYNTAX);
    static const struct {
        struct mail_header header;
        enum mail_status status;
    } headers[] = {{{T("Bcc"), T("x@y")}, MAIL_MISUSE},
                   {{T("FROM"), T("x@y")}, MAIL_MISUSE},
                   {{T("Content-type"), T("x")}, MAIL_MISUSE},
                   {{T("X-A\r\nBcc"), T("x")}, MAIL_CONTROL_CHARACTER},
                   {{T("X A"), T("x")}, MAIL_SYNTAX},
                   {{T(""), T("x")}, MAIL_SYNTAX},
                   {{T("X"), T("a\r\nBcc: x")}, MAIL_CONTROL_CHARACTER},
                   {{T("X\0Y"), T("a")}, MAIL_CONTROL_CHARACTER}};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        m = simple();
        m.headers = &headers[i].header;
        m.header_count = 1;
        assert_int_equal(status_of(&m, ""), headers[i].status);
    }
}

static void bad_attachments(void **state) {
    (void)state;
    struct mail_message m = simple();
    struct mime_part *own = mime_part_new();
    struct mail_attachment a[2] = {{.part = own}, {.content = T("x"), .has_content = true, .name = T("a\nb")}};
    mime_part_set_bytes(own, (char *)"x", 1, MIME_COPY, NULL);
    m.html = (struct mail_text)T("x");
    m.attachments = a;
    m.attachment_count = 2;
    assert_int_equal(status_of(&m, "filename"), MAIL_CONTROL_CHARACTER);
    a[1].name = (struct mail_text){0};
    a[1].content_id = "no id";
    assert_int_equal(status_of(&m, "content id"), MAIL_SYNTAX);
    a[1].content_id = NULL;
    a[1].type = "nonsense";
    assert_int_equal(status_of(&m, "media type"), MAIL_SYNTAX);
    a[1].type = "text/plain; x";
    assert_int_equal(status_of(&m, "malformed parameter"), MAIL_SYNTAX);
    a[1].type = "text/plain; x=\"a\r\nb\"; boundary=y";
    assert_int_equal(status_of(&m, "boundary"), MAIL_MISUSE);
    a[1] = (struct mail_attachment){0};
    assert_int_equal(status_of(&m, "without path"), MAIL_MISUSE);
    m.priority = 9; /* fails after the tree is complete: the caller's part must come out again */
    m.attachment_count = 1;
    assert_int_equal(status_of(&m, "priority"), MAIL_SYNTAX);
    m.priority = 0;
    struct mail_built b;
    assert_int_equal(mail_message_build(&m, &b, NULL), MAIL_OK); /* the part is still ours, and goes now */
    mail_built_free(&b);
}

static void invalid_text(void **state) {
    (void)state;
    struct mail_message m = simple();
    struct mail_buffer out = {0};
    m.text = (struct mail_text)T("this is not UTF-8: \xff!");
    m.subject = (struct mail_text)T("x \xc3");
    render(&m, &out);
    assert_non_null(strstr(mail_buffer_string(&out), "charset=utf-8"));
    assert_non_null(strstr(out.data, "this is not UTF-8: =EF=BF=BD!"));
    assert_non_null(strstr(out.data, "Subject: x =?UTF-8?B?77+9?="));
    mail_buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole),       cmocka_unit_test(envelope),
                                       cmocka_unit_test(structures),  cmocka_unit_test(attachments),
                                       cmocka_unit_test(refused),     cmocka_unit_test(bad_attachments),
                                       cmocka_unit_test(invalid_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
