/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base64: the speed of our base64 with lines of 76 characters beside that of memcpy writing as many bytes, in one run:
 * prints GB/s of output of both. Of 57 MB, as an attachment that is in no cache yet. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "modules/coding/base64.h"

enum { BLOCK = 57 * 1000 * 1000, ROUNDS = 2, TURNS = 5 };

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(void) {
    static unsigned char in[2 * BLOCK];
    static char out[2 * BLOCK];
    size_t size = (size_t)base64_encoded_size(BLOCK, BASE64_MIME_LINE);
    double best_encode = 1e9, best_copy = 1e9;
    for (size_t i = 0; i < sizeof in; i++) in[i] = (unsigned char)(i * 2654435761u >> 13);
    for (int turn = 0; turn < TURNS; turn++) {
        struct base64_encoder encoder;
        base64_encoder_init(&encoder, BASE64_MIME_LINE);
        double begun = now();
        for (int i = 0; i < ROUNDS; i++) {
            base64_encode_update(&encoder, out, in, BLOCK);
            __asm__ volatile("" : : "r"(out) : "memory");
        }
        double middle = now();
        for (int i = 0; i < ROUNDS; i++) {
            memcpy(out, in, size);
            __asm__ volatile("" : : "r"(out) : "memory");
        }
        double end = now();
        if (middle - begun < best_encode) best_encode = middle - begun;
        if (end - middle < best_copy) best_copy = end - middle;
    }
    double octets = (double)size * ROUNDS / 1e9;
    printf("%.2f %.2f\n", octets / best_encode, octets / best_copy);
    return 0;
}
