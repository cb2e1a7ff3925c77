/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_dkim.c: messages whose signatures are read, and key records; nothing is hashed. */
#include "dkim_signature.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_bytes(void *context, const char *bytes, size_t size) {
    (void)bytes;
    *(size_t *)context += size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *text = (const char *)data;
    size_t count, start, written[2] = {0, 0};
    struct dkim_key key;
    dkim_key_read(&key, text, size);
    struct header_field *fields = dkim_fields(text, size, &count, &start);
    if (!fields) return 0;
    for (size_t i = 0; i < count; i++) {
        struct dkim_signature signature;
        struct mail_buffer bytes = {0};
        if (!dkim_signature_read(&signature, &fields[i])) abort();
        if (!signature.problem) dkim_signature_data(&signature, fields, count, &bytes);
        dkim_signature_free(&signature);
        mail_buffer_free(&bytes);
    }
    /* What comes out does not depend on how the body is cut, and only grows by what a missing line end adds. */
    for (int relaxed = 0; relaxed < 2; relaxed++) {
        struct dkim_body whole, cut;
        dkim_body_init(&whole, relaxed, UINT64_MAX, count_bytes, &written[0]);
        dkim_body_init(&cut, relaxed, UINT64_MAX, count_bytes, &written[1]);
        dkim_body_update(&whole, text + start, size - start);
        for (size_t i = start; i < size; i++) dkim_body_update(&cut, text + i, 1);
        dkim_body_finish(&whole);
        dkim_body_finish(&cut);
        if (whole.written != cut.written || whole.written > size - start + 2) abort();
    }
    free(fields);
    return 0;
}
