/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_random: where message ids and boundaries get their unguessable, or in tests reproducible, bits. */
#include "modules/coding/mail_random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

void mail_random_init(struct mail_random *random) { memset(random, 0, sizeof *random); }

void mail_random_init_seed(struct mail_random *random, uint64_t seed) {
    memset(random, 0, sizeof *random);
    random->seeded = true;
    random->state = seed;
}

/* A counter put through a mixing function (the finalizer of SplitMix64): not secret, but the same everywhere. */
static uint64_t seeded_word(struct mail_random *random) {
    uint64_t z = random->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void fill_pool(struct mail_random *random) {
    if (random->seeded) {
        for (size_t i = 0; i < sizeof random->pool; i += 8) {
            uint64_t word = seeded_word(random);
            for (size_t k = 0; k < 8; k++) random->pool[i + k] = (unsigned char)(word >> 8 * k);
        }
    } else {
        size_t done = 0;
        while (done < sizeof random->pool) {
            ssize_t count = getrandom(random->pool + done, sizeof random->pool - done, 0);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) {
                random->failed = true;
                memset(random->pool, 0, sizeof random->pool);
                break;
            }
            done += (size_t)count;
        }
    }
    random->pool_left = sizeof random->pool;
}

void mail_random_bytes(struct mail_random *random, void *out, size_t size) {
    unsigned char *bytes = out;
    while (size > 0) {
        if (random->pool_left == 0) fill_pool(random);
        size_t count = size < random->pool_left ? size : random->pool_left;
        unsigned char *from = random->pool + sizeof random->pool - random->pool_left;
        memcpy(bytes, from, count);
        memset(from, 0, count); /* what was given out cannot be read again */
        random->pool_left -= count;
        bytes += count;
        size -= count;
    }
}

void mail_random_letters(struct mail_random *random, char *out, size_t count) {
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    size_t done = 0;
    while (done < count) {
        if (random->pool_left == 0) fill_pool(random);
        unsigned char *from = random->pool + sizeof random->pool - random->pool_left--, byte = *from;
        *from = 0; /* as in mail_random_bytes, which would be called for each letter */
        /* 248 = 4 * 62: bytes above would make some letters likelier; without randomness take anything rather than
         * hang. */
        if (byte < 248 || random->failed) out[done++] = letters[byte % 62];
    }
}
