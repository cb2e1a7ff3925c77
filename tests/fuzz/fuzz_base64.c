/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_base64: decoding never fails on what we encode, and gives the same however the input is cut. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct base64_decoder decoder;
    char *whole = malloc(size / 4 * 3 + 3), *pieces = malloc(size / 4 * 3 + 3);
    size_t whole_size, pieces_size = 0, written;
    base64_decoder_init(&decoder);
    int fine =
        base64_decode_update(&decoder, whole, &whole_size, (const char *)data, size) && base64_decode_finish(&decoder);
    base64_decoder_init(&decoder);
    int same = 1;
    for (size_t i = 0; i < size; i++) {
        same &= base64_decode_update(&decoder, pieces + pieces_size, &written, (const char *)data + i, 1);
        pieces_size += written;
    }
    same &= base64_decode_finish(&decoder);
    require(same == fine && pieces_size == whole_size && memcmp(whole, pieces, whole_size) == 0);

    unsigned line = size > 0 ? data[0] : 0;
    struct base64_encoder encoder;
    base64_encoder_init(&encoder, line);
    char *encoded = malloc(base64_encode_bound(&encoder, size) + base64_encode_bound(&encoder, 0));
    size_t cut = size / 3, count = base64_encode_update(&encoder, encoded, data, cut);
    count += base64_encode_update(&encoder, encoded + count, data + cut, size - cut);
    count += base64_encode_finish(&encoder, encoded + count);
    require(count == base64_encoded_size(size, line));
    char *back = malloc(count / 4 * 3 + 3);
    require(base64_decode(back, &written, encoded, count) && written == size && memcmp(back, data, size) == 0);
    free(whole);
    free(pieces);
    free(encoded);
    free(back);
    return 0;
}
