/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mail_test: what the tests of the mail engines share. */
#ifndef CARAPACE_MAIL_TEST_H
#define CARAPACE_MAIL_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "modules/coding/mail_buffer.h"

/* A number from a fixed sequence: tests are the same in each run. */
static inline uint32_t next_random(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* The buffer holds exactly this text; it is emptied. */
#define expect_buffer(buffer, wanted)                                                                                  \
    do {                                                                                                               \
        assert_string_equal(mail_buffer_string(buffer), wanted);                                                       \
        mail_buffer_clear(buffer);                                                                                     \
    } while (0)

#endif
