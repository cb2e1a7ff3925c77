/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_smtp_server: any client: the way its octets are cut must change neither events nor replies, and memory is
 * bounded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/protocol/smtp_buffer.h"
#include "modules/protocol/smtp_server.h"

#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition)) abort();                                                                                     \
    while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs the input in pieces; what happened, as octets, goes to `trace` (contents joined, so that cuts do not show). True
   when it ended within a message's content. */
static bool run(const uint8_t *data, size_t size, size_t piece, smtp_buffer *trace) {
    smtp_server_options options = {.domain = "s.test", .size_limit = 200, .max_recipients = 3};
    smtp_server *server = smtp_server_new(&options);
    CHECK(server != NULL);
    bool over = false, in_content = false;
    uint64_t content = 0;
    for (size_t at = 0; at < size;) {
        const char *bytes;
        size_t length = size - at < piece ? size - at : piece;
        at += smtp_server_input(server, (const char *)data + at, length);
        smtp_server_event event;
        while (smtp_server_next_event(server, &event)) {
            CHECK(!over);
            char kind[2] = {(char)('A' + event.kind), '\0'};
            if (event.kind != SMTP_SERVER_CONTENT) {
                CHECK(strlen(event.text) == event.length);
                smtp_buffer_text(trace, kind);
            }
            smtp_buffer_append(trace, event.text, event.length);
            if (event.kind != SMTP_SERVER_CONTENT) in_content = event.kind == SMTP_SERVER_DATA;
            bool refuse = event.length > 0 && event.text[0] == 'n';
            switch (event.kind) {
            case SMTP_SERVER_CONTENT:
                content += event.length;
                CHECK(event.length > 0 && content <= options.size_limit);
                break;
            case SMTP_SERVER_ABANDONED: content = 0; break;
            case SMTP_SERVER_QUIT: over = true; break;
            case SMTP_SERVER_MESSAGE:
                CHECK(event.size == content);
                smtp_buffer_text(trace, event.bare_line_ends ? "!" : ".");
                content = 0;
                CHECK(smtp_server_accept(server, NULL));
                break;
            default:
                if (refuse) CHECK(smtp_server_refuse(server, 450, "4.0.0", event.text));
                else CHECK(smtp_server_accept(server, NULL));
            }
        }
        smtp_server_output(server, &bytes, &length);
        CHECK(length <= SMTP_SERVER_OUTPUT_MAX + 1024);
        smtp_buffer_append(trace, bytes, length);
        smtp_server_sent(server, length);
    }
    smtp_server_free(server);
    return in_content;
}

/* Replies and events are traced at different moments when the cuts differ: compare them as sorted counts of octets. */
static void count(const smtp_buffer *trace, size_t counts[256]) {
    memset(counts, 0, 256 * sizeof counts[0]);
    for (size_t i = trace->begin; i < trace->end; i++) counts[(unsigned char)trace->bytes[i]]++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2 || size > 8000) return 0;
    smtp_buffer whole = {0}, cut = {0};
    size_t a[256], b[256];
    bool within = run(data + 1, size - 1, size, &whole);
    within |= run(data + 1, size - 1, data[0] + 1u, &cut);
    count(&whole, a);
    count(&cut, b);
    /* Beyond the size limit the last pieces before it may or may not be seen: then only the ends must agree. Of a
       content that did not end nobody has been told yet that it is too large. */
    if (!within && memmem(whole.bytes + whole.begin, smtp_buffer_length(&whole), "552 ", 4) == NULL)
        CHECK(memcmp(a, b, sizeof a) == 0);
    smtp_buffer_free(&whole);
    smtp_buffer_free(&cut);
    return 0;
}
