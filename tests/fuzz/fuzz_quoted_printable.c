/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fuzz_quoted_printable: encoding and decoding do not depend on the cut, keep all text, and keep to 76 columns. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modules/coding/canonical.h"
#include "modules/coding/quoted_printable.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int fine) {
    if (!fine) abort();
}

/* Lines of at most 76 printable characters, none ending with white space or beginning with a dot or From. */
static void check_lines(const char *text, size_t size) {
    size_t column = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == 13) {
            require(i + 1 < size && text[i + 1] == 10);
            require(column == 0 || (text[i - 1] != 32 && text[i - 1] != 9));
            i++;
            column = 0;
            continue;
        }
        require((text[i] >= 32 && text[i] < 127) || text[i] == 9);
        if (column == 0) require(text[i] != 46 && !(size - i >= 5 && memcmp(text + i, "From ", 5) == 0));
        require(++column <= 76);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct quoted_printable_encoder encoder;
    struct quoted_printable_decoder decoder;
    char *whole = malloc(quoted_printable_encode_bound(size) + 64),
         *pieces = malloc(quoted_printable_encode_bound(size) + 64);
    quoted_printable_encoder_init(&encoder);
    size_t count = quoted_printable_encode_update(&encoder, whole, data, size);
    require(count <= quoted_printable_encode_bound(size));
    count += quoted_printable_encode_finish(&encoder, whole + count);
    size_t other = 0;
    quoted_printable_encoder_init(&encoder);
    for (size_t i = 0; i < size; i++) other += quoted_printable_encode_update(&encoder, pieces + other, data + i, 1);
    other += quoted_printable_encode_finish(&encoder, pieces + other);
    require(other == count && memcmp(whole, pieces, count) == 0 && quoted_printable_encoded_size(data, size) == count);
    check_lines(whole, count);

    struct canonical_stream canonical;
    canonical_init(&canonical, true);
    char *wanted = malloc(canonical_bound(size));
    size_t wanted_size = canonical_update(&canonical, wanted, (const char *)data, size);
    quoted_printable_decoder_init(&decoder);
    char *back = malloc(quoted_printable_decode_bound(&decoder, count) + 2048);
    size_t back_size = quoted_printable_decode_update(&decoder, back, whole, count);
    back_size += quoted_printable_decode_finish(&decoder, back + back_size);
    require(back_size == wanted_size && memcmp(back, wanted, back_size) == 0 && decoder.malformed == 0);

    /* Foreign input. */
    char *one = malloc(size * 2 + 16), *two = malloc(size * 2 + 16);
    quoted_printable_decoder_init(&decoder);
    size_t first = quoted_printable_decode_update(&decoder, one, (const char *)data, size);
    first += quoted_printable_decode_finish(&decoder, one + first);
    uint64_t malformed = decoder.malformed;
    size_t second = 0;
    quoted_printable_decoder_init(&decoder);
    for (size_t i = 0; i < size; i++)
        second += quoted_printable_decode_update(&decoder, two + second, (const char *)data + i, 1);
    second += quoted_printable_decode_finish(&decoder, two + second);
    require(first == second && memcmp(one, two, first) == 0 && malformed == decoder.malformed);
    free(whole);
    free(pieces);
    free(wanted);
    free(back);
    free(one);
    free(two);
    return 0;
}
