/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_smtp_reply: any octets to replies and capabilities: the way they are cut must not matter, texts must be safe. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/protocol/smtp_capabilities.h"
#include "modules/protocol/smtp_reply.h"

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition)) abort();                                                                                     \
    while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const smtp_reply *reply) {
    CHECK(strlen(reply->text) == reply->length && reply->length <= SMTP_REPLY_BYTES_MAX);
    for (size_t i = 0; i < reply->length; i++)
        CHECK(reply->text[i] == '\n' || ((unsigned char)reply->text[i] >= 0x20 && reply->text[i] != 0x7f));
    /* What is safe stays as it is. */
    char *copy = malloc(reply->length + 1);
    CHECK(smtp_text_sanitise(copy, reply->length + 1, reply->text, reply->length, true) == reply->length);
    CHECK(memcmp(copy, reply->text, reply->length + 1) == 0);
    free(copy);
}

static void check_capabilities(const smtp_reply *reply) {
    smtp_capabilities capabilities;
    smtp_capabilities_init(&capabilities);
    CHECK(smtp_capabilities_parse(&capabilities, reply));
    CHECK(capabilities.line_count + 1 == reply->lines);
    size_t total = strlen(capabilities.domain) + strlen(capabilities.auth_mechanisms);
    for (size_t i = 0; i < capabilities.line_count; i++) total += strlen(capabilities.lines[i]);
    CHECK(total <= 2 * reply->length + 1024);
    smtp_capabilities_line(&capabilities, "SIZE");
    smtp_capabilities_free(&capabilities);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    size_t piece = data[0] + 1u;
    const char *bytes = (const char *)data + 1;
    size--;
    smtp_reply_parser whole, cut;
    smtp_reply_parser_init(&whole);
    smtp_reply_parser_init(&cut);
    for (size_t at = 0, cut_at = 0; at < size;) {
        size_t used;
        smtp_reply_status status = smtp_reply_parser_feed(&whole, bytes + at, size - at, &used),
                          other = SMTP_REPLY_MORE;
        CHECK(used > 0 || (status != SMTP_REPLY_MORE && status != SMTP_REPLY_COMPLETE));
        at += used;
        while (other == SMTP_REPLY_MORE && cut_at < size) {
            size_t length = size - cut_at < piece ? size - cut_at : piece;
            other = smtp_reply_parser_feed(&cut, bytes + cut_at, length, &used);
            cut_at += used;
        }
        if (status == SMTP_REPLY_COMPLETE) {
            CHECK(other == status && cut_at == at && whole.reply.code == cut.reply.code);
            CHECK(strcmp(whole.reply.text, cut.reply.text) == 0 && whole.reply.lines == cut.reply.lines);
            check_text(&whole.reply);
            check_capabilities(&whole.reply);
        } else {
            CHECK((status == SMTP_REPLY_MORE) == (other == SMTP_REPLY_MORE));
            if (status != SMTP_REPLY_MORE) check_text(&whole.reply);
            break;
        }
    }
    smtp_reply_parser_free(&whole);
    smtp_reply_parser_free(&cut);
    return 0;
}
