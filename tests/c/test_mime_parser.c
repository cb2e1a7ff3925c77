/* SPDX-License-Identifier: GPL-3.0-or-later */
/* test_mime_parser: trees and offsets of messages good and bad, cut into pieces of every size; the limits. */
#include "mail_test.h"

#include "modules/mime/mime_content.h"
#include "modules/mime/mime_file_name.h"
#include "modules/mime/mime_parser.h"
#include "modules/mime/mime_text.h"

static struct mime_document *parse_with(const char *text, size_t size, size_t piece, const struct mime_limits *limits) {
    struct mime_parser parser;
    mime_parser_init(&parser, limits);
    for (size_t at = 0; at < size; at += piece)
        mime_parser_feed(&parser, text + at, size - at < piece ? size - at : piece);
    struct mime_document *document = mime_parser_finish(&parser);
    assert_non_null(document);
    return document;
}

/* The tree in words: type "content" for a leaf, type(children). */
static void describe(struct mail_buffer *out, const struct mime_document *d, uint32_t entity, const char *text) {
    const struct mime_entity *e = &d->entities[entity];
    mail_buffer_append_string(out, mime_entity_type(d, entity));
    mail_buffer_append_char(out, '/');
    mail_buffer_append_string(out, mime_entity_subtype(d, entity));
    if (e->kind == MIME_LEAF) {
        mail_buffer_append_char(out, '"');
        mail_buffer_append(out, text + e->body, e->end - e->body);
        mail_buffer_append_char(out, '"');
        return;
    }
    mail_buffer_append_char(out, '(');
    for (uint32_t i = e->first_child; i != MIME_NONE; i = d->entities[i].next) {
        if (i != e->first_child) mail_buffer_append_char(out, ' ');
        describe(out, d, i, text);
    }
    mail_buffer_append_char(out, ')');
}

/* However it is cut, the message is this tree with these defects. */
static void expect_tree(const char *text, const char *tree, uint32_t defects) {
    struct mail_buffer out = {0};
    size_t size = strlen(text);
    for (size_t piece = 1; piece <= size + 1; piece++) {
        struct mime_document *d = parse_with(text, size, piece, NULL);
        describe(&out, d, 0, text);
        expect_buffer(&out, tree);
        assert_int_equal(d->defects, defects);
        mime_document_free(d);
    }
    mail_buffer_free(&out);
}

#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\r\n\r\n"

static void trees(void **state) {
    (void)state;
    expect_tree("", "text/plain\"\"", 0);
    expect_tree("\r\n", "text/plain\"\"", 0);
    expect_tree("\n\nx", "text/plain\"\nx\"", 0);
    expect_tree("Subject: x\r\n\r\nbody\r\n", "text/plain\"body\r\n\"", 0);
    expect_tree(MIXED("b") "pre\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\nepilogue",
                "multipart/mixed(text/plain\"one\" text/plain\"two\")", 0);
    expect_tree(MIXED("b") "--b\n\none\n--b \t\n\r\ntwo\r\n--b--",
                "multipart/mixed(text/plain\"one\" text/plain\"two\")", 0);
    expect_tree(MIXED("b") "--b\r\n\r\n--b--\r\n", "multipart/mixed(text/plain\"\")", 0);
    expect_tree(MIXED("b") "--b\r\n\r\n\r\n--b--\r\n", "multipart/mixed(text/plain\"\")", 0);
    expect_tree(MIXED("b") "--b\r\n--b\r\n\r\nx\r\n--b\r\n--b--\r\n", "multipart/mixed(text/plain\"x\")", 0);
    expect_tree(MIXED("b") "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n",
                "multipart/mixed(message/rfc822(text/plain\"x\"))", 0);
    expect_tree("Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: in\r\n\r\nx\r\n--b--\r\n",
                "multipart/digest(message/rfc822(text/plain\"x\"))", 0);
}

/* Boundaries that begin like each other, that look like each other's end, and that are long or empty. */
static void boundaries(void **state) {
    (void)state;
    expect_tree(MIXED("b") "--b\r\n" MIXED("bb") "--bb\r\n\r\nx\r\n--bb--\r\n--b--\r\n",
                "multipart/mixed(multipart/mixed(text/plain\"x\"))", 0);
    expect_tree(MIXED("bb") "--bb\r\n" MIXED("b") "--b\r\n\r\nx\r\n--bbb\r\n--b--\r\n--bb--\r\n",
                "multipart/mixed(multipart/mixed(text/plain\"x\r\n--bbb\"))", 0);
    expect_tree(MIXED("b") "--b\r\n" MIXED("b--") "--b--\r\n\r\nx\r\n--b----\r\n--b--\r\n",
                "multipart/mixed(multipart/mixed(text/plain\"x\"))", 0);
    expect_tree(MIXED("\"\"") "--\r\n\r\nx\r\n----\r\n", "multipart/mixed(text/plain\"x\")", 0);
    expect_tree(MIXED("\"b  \"") "--b\r\n\r\nx\r\n--b--\r\n", "multipart/mixed(text/plain\"x\")", 0);
    expect_tree(MIXED("b") "--b\r\n\r\n-- b\r\n--bx\r\n-\r\n--\r\n --b\r\n--b--\r\n",
                "multipart/mixed(text/plain\"-- b\r\n--bx\r\n-\r\n--\r\n --b\")", 0);
}

static void wrong_structure(void **state) {
    (void)state;
    expect_tree("Content-Type: multipart/mixed\r\n\r\n--b\r\nx", "multipart/mixed\"--b\r\nx\"",
                MIME_DEFECT_NO_BOUNDARY);
    expect_tree(MIXED("b") "--c\r\n\r\nx", "multipart/mixed\"--c\r\n\r\nx\"",
                MIME_DEFECT_BOUNDARY_NOT_FOUND | MIME_DEFECT_NOT_CLOSED);
    expect_tree(MIXED("b") "--b\r\n\r\nx\r\n", "multipart/mixed(text/plain\"x\r\n\")", MIME_DEFECT_NOT_CLOSED);
    expect_tree(MIXED("b") "--b\r\n" MIXED("c") "--c\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--",
                "multipart/mixed(multipart/mixed(text/plain\"x\") text/plain\"y\")", MIME_DEFECT_NOT_CLOSED);
    expect_tree(MIXED("b") "--b\r\nA: 1\r\n--b--\r\n", "multipart/mixed(text/plain\"\")", MIME_DEFECT_NO_BODY);
    expect_tree("Content-Type: text\r\n\r\nx", "text/plain\"x\"", MIME_DEFECT_TYPE);
    expect_tree("Content-Transfer-Encoding: rot13\r\n\r\nx", "text/plain\"x\"", MIME_DEFECT_ENCODING);
}

static void wrong_headers(void **state) {
    (void)state;
    expect_tree("From x\n>From y\nSubject: a\n\nx", "text/plain\"x\"", MIME_DEFECT_MBOX_FROM);
    expect_tree("Subject: a\nno header\nand: none\n", "text/plain\"no header\nand: none\n\"",
                MIME_DEFECT_NO_BLANK_LINE);
    expect_tree("Subject: a\njunk\nContent-Type: text/html\n\nx", "text/html\"x\"", MIME_DEFECT_JUNK);
    expect_tree(MIXED("b") "--b\nA: 1\njunk\r\n--b--", "multipart/mixed(text/plain\"junk\")",
                MIME_DEFECT_NO_BLANK_LINE);
    expect_tree("Content-Type: multipart/mixed; boundary=b\nno blank\n--b\n\nx\n--b--",
                "multipart/mixed(text/plain\"x\")", MIME_DEFECT_NO_BLANK_LINE);
    expect_tree(" folded\nSubject: a\n\nx", "text/plain\"x\"", MIME_DEFECT_STRAY_CONTINUATION);
    expect_tree("Subject: a\n: none\n\nx", "text/plain\"x\"", MIME_DEFECT_NAMELESS_FIELD);
    expect_tree("just text\n", "text/plain\"just text\n\"", MIME_DEFECT_NO_BLANK_LINE);
    expect_tree("\xEF\xBB\xBFSubject: a\n\nx", "text/plain\"x\"", MIME_DEFECT_BYTE_ORDER_MARK);
    expect_tree("Subject: a\r\rx\ry", "text/plain\"x\ry\"", MIME_DEFECT_BARE_CR);
    expect_tree("Subject: a\rBcc: b\n\nx\ry", "text/plain\"x\ry\"", 0);
}

static void headers(void **state) {
    (void)state;
    const char *text =
        "Subject : =?utf-8?q?J=C3=B6?=\r\n =?utf-8?q?rg?=\r\nX: \xfc\r\nx: two\r\nContent-Type: text/plain; "
        "charset=iso-8859-2; name*0*=utf-8''%C3%BC; name*1=.txt\r\nY: \xf5\r\n\r\n";
    struct mime_document *d = mime_parse(text, strlen(text));
    struct mail_buffer out = {0};
    assert_int_equal(d->field_count, 5);
    assert_true(mime_entity_header(&out, d, 0, "subject"));
    expect_buffer(&out, "J\xc3\xb6rg");
    assert_true(mime_entity_header(&out, d, 0, "Y"));
    expect_buffer(&out, "\xc5\x91"); /* as the text's set has it */
    uint32_t second = mime_entity_find_field(d, 0, "X", mime_entity_find_field(d, 0, "x", 0) + 1);
    assert_true(mime_field_decode(&out, d, 0, second));
    expect_buffer(&out, "two");
    assert_true(mime_entity_file_name(&out, d, 0));
    expect_buffer(&out, "\xc3\xbc.txt");
    assert_false(mime_entity_header(&out, d, 0, "Z"));
    mail_buffer_free(&out);
    mime_document_free(d);
}

static void depth_is_limited(void **state) {
    (void)state;
    struct mail_buffer text = {0};
    char part[80];
    for (int i = 0; i < 100; i++) {
        snprintf(part, sizeof part, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
        mail_buffer_append_string(&text, part);
    }
    struct mime_document *d = mime_parse(text.data, text.size);
    assert_int_equal(d->entity_count, MIME_PARSER_DEPTH);
    assert_true(d->defects & MIME_DEFECT_TOO_DEEP);
    assert_int_equal(d->entities[d->entity_count - 1].end, text.size);
    mime_document_free(d);
    mail_buffer_clear(&text);
    for (int i = 0; i < 1000; i++) mail_buffer_append_string(&text, "Content-Type: message/rfc822\n\n");
    d = mime_parse(text.data, text.size);
    assert_int_equal(d->entity_count, MIME_PARSER_DEPTH);
    mime_document_free(d);
    mail_buffer_free(&text);
}

static void parts_and_headers_are_limited(void **state) {
    (void)state;
    struct mime_limits limits = {
        .depth = 5, .entities = 10, .block_bytes = 100, .block_fields = 4, .header_bytes = 1000};
    struct mail_buffer text = {0};
    mail_buffer_append_string(&text, MIXED("b"));
    for (int i = 0; i < 50; i++) mail_buffer_append_string(&text, "--b\r\n\r\nx\r\n");
    struct mime_document *d = parse_with(text.data, text.size, text.size, &limits);
    assert_int_equal(d->entity_count, 10);
    assert_true(d->defects & MIME_DEFECT_TOO_MANY);
    assert_int_equal(d->entities[9].end, text.size); /* the rest is in the last */
    mime_document_free(d);
    mail_buffer_clear(&text);
    for (int i = 0; i < 50; i++) mail_buffer_append_string(&text, "A: 1\n");
    mail_buffer_append_string(&text, "\nbody");
    d = parse_with(text.data, text.size, 7, &limits);
    assert_int_equal(d->field_count, 4);
    assert_true(d->defects & MIME_DEFECT_HEADERS_TOO_LONG);
    assert_int_equal(d->entities[0].body, 251);
    mime_document_free(d);
    mail_buffer_clear(&text);
    mail_buffer_append_string(&text, "A: ");
    for (int i = 0; i < 5000; i++) mail_buffer_append_char(&text, 'x');
    mail_buffer_append_string(&text, "\nB: 2\n\nbody");
    d = parse_with(text.data, text.size, 9, &limits);
    assert_true(d->headers.size < 300);
    assert_int_not_equal(mime_entity_find_field(d, 0, "B", 0), MIME_NONE);
    assert_int_equal(d->size - d->entities[0].body, 4);
    mime_document_free(d);
    mail_buffer_free(&text);
}

/* Whatever is in it: a long body costs nothing but time. */
static void long_bodies_are_not_kept(void **state) {
    (void)state;
    static char block[1 << 16];
    struct mime_parser parser;
    for (size_t i = 0; i < sizeof block; i++) block[i] = i % 77 == 76 ? '\n' : i % 77 < 2 ? '-' : 'A';
    mime_parser_init(&parser, NULL);
    const char *head = MIXED("b") "--b\r\n\r\n";
    mime_parser_feed(&parser, head, strlen(head));
    for (int i = 0; i < 512; i++) mime_parser_feed(&parser, block, sizeof block);
    assert_true(parser.carry.capacity < 4096);
    mime_parser_feed(&parser, "\n--b--", 6);
    struct mime_document *d = mime_parser_finish(&parser);
    assert_int_equal(d->entities[1].end - d->entities[1].body, 512 * sizeof block);
    mime_document_free(d);
}

/* ---- contents ---- */

static void decode(struct mail_buffer *out, enum content_encoding encoding, const char *in, size_t piece) {
    struct transfer_decoder decoder;
    size_t size = strlen(in);
    transfer_decoder_init(&decoder, encoding);
    for (size_t at = 0; at < size; at += piece) {
        size_t count = size - at < piece ? size - at : piece, bound = transfer_decode_bound(&decoder, count);
        char *room = mail_buffer_reserve(out, bound);
        size_t made = transfer_decode_update(&decoder, room, in + at, count);
        assert_true(made <= bound);
        out->size += made;
    }
    out->size += transfer_decode_finish(&decoder, mail_buffer_reserve(out, 1100));
}

static void expect_decoded(enum content_encoding encoding, const char *in, const char *wanted) {
    struct mail_buffer out = {0};
    for (size_t piece = 1; piece <= strlen(in); piece++) {
        decode(&out, encoding, in, piece);
        expect_buffer(&out, wanted);
    }
    mail_buffer_free(&out);
}

static void broken_encodings(void **state) {
    (void)state;
    expect_decoded(CONTENT_BASE64, "QUJD*RE\nVG!", "ABCDEF");
    expect_decoded(CONTENT_BASE64, "QUI", "AB");
    expect_decoded(CONTENT_BASE64, "QQ", "A");
    expect_decoded(CONTENT_BASE64, "QUJDR", "ABC");
    expect_decoded(CONTENT_BASE64, "QUI=\nlist footer", "AB");
    expect_decoded(CONTENT_BASE64, "QR==QUI=", "A"); /* bits that padding cuts off */
    expect_decoded(CONTENT_BASE64, "====QUI=", "AB");
    expect_decoded(CONTENT_QUOTED_PRINTABLE, "50=% =G1 =c3=bc=", "50=% =G1 \xc3\xbc");
    expect_decoded(CONTENT_UUENCODE, "text\nbegin 644 a b\n#0V%T\n`\nend\nmore\n", "Cat");
    expect_decoded(CONTENT_UUENCODE, "begin 644 x\r\n#0V%T\r\nthis line is far too long to be one\r\n#0V%T", "CatCat");
    assert_int_equal(content_encoding_read(" (c) \"BASE64\" ; x", 17), CONTENT_BASE64);
    assert_int_equal(content_encoding_read("", 0), CONTENT_IDENTITY);
    assert_int_equal(content_encoding_read("x-yenc", 6), CONTENT_UNKNOWN);
}

static void uuencode_in_text(void **state) {
    (void)state;
    struct uuencode_block block;
    const char *text = "begin 644 it is said\nand so on\nbegin 644 a b.txt \n#0V%T\n`\nend\nbegin\n";
    assert_true(uuencode_find(text, strlen(text), 0, &block));
    assert_memory_equal(text + block.name, "a b.txt", block.name_size);
    assert_int_equal(block.name_size, 7);
    assert_memory_equal(text + block.end, "begin\n", 6);
    assert_false(uuencode_find(text, strlen(text), block.end, &block));
    assert_false(uuencode_find("begin 644 x\n#0V%T\nno end", 24, 0, &block));
}

static void texts(void **state) {
    (void)state;
    static const struct {
        const char *charset, *bytes, *wanted;
    } cases[] = {
        {"iso-8859-1", "\xfc", "\xc3\xbc"},
        {"iso-8859-1", "\x80", "\xe2\x82\xac"},
        {"us-ascii", "\xc3\xbc", "\xc3\xbc"},
        {"", "\xfc", "\xc3\xbc"},
        {"x-no-such", "\x93", "\xe2\x80\x9c"},
        {"utf-8", "a\xff", "a\xef\xbf\xbd"},
        {"'iso-8859-15'", "\xa4", "\xe2\x82\xac"},
        {"koi8-r", "\xc1", "\xd0\xb0"},
        {"ISO8859-15", "\xa4", "\xe2\x82\xac"},
        {"iso_8859-2", "\xf5", "\xc5\x91"},
        {"x-sjis", "\x82\xa0", "\xe3\x81\x82"},
        {"gb2312", "\xc4\xe3", "\xe4\xbd\xa0"},
        {"utf-7", "+AOQ-", "\xc3\xa4"},
        {"ks_c_5601-1987", "\xb0\xa1", "\xea\xb0\x80"},
        {"utf-16",
         "\xff\xfe"
         "a\x01",
         "\xc5\xa1"},
        {"utf-16",
         "\x01"
         "a",
         "\xc5\xa1"},
        {"ISO8859-15", "\xa4", "\xe2\x82\xac"},
        {"iso_8859-2", "\xf5", "\xc5\x91"},
        {"x-sjis", "\x82\xa0", "\xe3\x81\x82"},
        {"gb2312", "\xc4\xe3", "\xe4\xbd\xa0"},
        {"utf-7", "+AOQ-", "\xc3\xa4"},
        {"ks_c_5601-1987", "\xb0\xa1", "\xea\xb0\x80"},
    };
    struct mail_buffer out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mime_text_convert(&out, cases[i].charset, strlen(cases[i].charset), cases[i].bytes, strlen(cases[i].bytes));
        expect_buffer(&out, cases[i].wanted);
    }
    mail_buffer_free(&out);
}

static void unflow(const char *text, bool delete_space, const char *wanted) {
    struct mail_buffer out = {0};
    mime_text_unflow(&out, text, strlen(text), delete_space);
    expect_buffer(&out, wanted);
    mail_buffer_free(&out);
}

static void flowed(void **state) {
    (void)state;
    unflow("a \nb\nc\n", false, "a b\nc\n");
    unflow("a \nb\nc\n", true, "ab\nc\n");
    unflow("> a \n> b\n>> c\nd", false, "> a b\n>> c\nd");
    unflow("> a \nb\n", false, "> a \nb\n"); /* RFC 3676 4.5 */
    unflow(" From x\n  y\n", false, "From x\n y\n");
    unflow("x \n-- \nme\n", false, "x \n-- \nme\n");
    struct mail_buffer out = {0}, back = {0};
    const char *text =
        "A paragraph that is longer than what fits into one line of mail, and so it flows.\n\n-- \n> quoted at "
        "length, which makes it flow as well, with its mark in front of each of its lines\nFrom a\n x\n";
    mime_text_flow(&out, text, strlen(text));
    for (size_t at = 0, start = 0; at < out.size; at++) {
        if (out.data[at] != '\n') continue;
        assert_true(at - start <= 78);
        start = at + 1;
    }
    mime_text_unflow(&back, out.data, out.size, false);
    expect_buffer(&back, text);
    mail_buffer_free(&out);
    mail_buffer_free(&back);
}

static void file_names(void **state) {
    (void)state;
    static const struct {
        const char *name, *wanted;
    } cases[] = {
        {"a.txt", "a.txt"},
        {"../../etc/passwd", "passwd"},
        {"C:\\x\\y.doc", "y.doc"},
        {"..", "attachment.txt"},
        {"", "attachment.txt"},
        {".bashrc", "bashrc"},
        {"CON", "_CON"},
        {"lpt1.txt", "_lpt1.txt"},
        {"a<b>:\"|?*c", "a_b______c"},
        {"x. . ", "x"},
        {"a\nb\x01\x7f", "ab"},
        {"gpj\xe2\x80\xae"
         "exe.txt",
         "gpjexe.txt"},
        {"\xff.txt", "_.txt"},
        {"x/", "attachment.txt"},
        {"\xc3\xbc.txt", "\xc3\xbc.txt"},
    };
    struct mail_buffer out = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mime_file_name_safe(&out, cases[i].name, strlen(cases[i].name), "text/plain");
        expect_buffer(&out, cases[i].wanted);
    }
    char name[1000];
    for (size_t i = 0; i < 500; i++) memcpy(name + 2 * i, "\xc3\xbc", 2);
    memcpy(name + 996, ".pdf", 4);
    mime_file_name_safe(&out, name, sizeof name, NULL);
    assert_int_equal(out.size, MIME_FILE_NAME_LIMIT);
    assert_memory_equal(out.data + out.size - 4, ".pdf", 4);
    mail_buffer_clear(&out);
    mime_file_name_numbered(&out, "a.b.pdf", 7, 2);
    expect_buffer(&out, "a.b (2).pdf");
    mail_buffer_free(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees),
        cmocka_unit_test(boundaries),
        cmocka_unit_test(wrong_structure),
        cmocka_unit_test(wrong_headers),
        cmocka_unit_test(headers),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(parts_and_headers_are_limited),
        cmocka_unit_test(long_bodies_are_not_kept),
        cmocka_unit_test(broken_encodings),
        cmocka_unit_test(uuencode_in_text),
        cmocka_unit_test(texts),
        cmocka_unit_test(flowed),
        cmocka_unit_test(file_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
