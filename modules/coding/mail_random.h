/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_random: where message ids and boundaries get their unguessable, or in tests reproducible, bits. */
#ifndef CARAPACE_MAIL_RANDOM_H
#define CARAPACE_MAIL_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One per thread of use; no global state. */
struct mail_random {
    bool seeded;
    bool failed; /* getrandom failed; what was given then is not random */
    uint64_t state;
    uint64_t counter; /* of message ids and boundaries */
    unsigned char pool[256];
    size_t pool_left;
};

/* From the system (getrandom, in blocks of 256 bytes). */
void mail_random_init(struct mail_random *random);
/* Always the same sequence for the same seed: for tests and reproducible output only. */
void mail_random_init_seed(struct mail_random *random, uint64_t seed);
void mail_random_bytes(struct mail_random *random, void *out, size_t size);
/* `count` characters of A-Z a-z 0-9 (5.95 bits each), no NUL. */
void mail_random_letters(struct mail_random *random, char *out, size_t count);

#endif
