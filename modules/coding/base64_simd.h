/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base64_simd: base64 by vector instructions, for the bulk of what base64.c encodes: whole groups and whole lines. */
#ifndef CARAPACE_BASE64_SIMD_H
#define CARAPACE_BASE64_SIMD_H

#include <stddef.h>

enum base64_simd { BASE64_SIMD_NONE, BASE64_SIMD_SSSE3, BASE64_SIMD_AVX2, BASE64_SIMD_NEON };

/* What this processor can do best. Quick: to be asked each time. */
enum base64_simd base64_simd_best(void);
/* Whether this processor can do that. */
int base64_simd_can(enum base64_simd how);

/* Encodes groups of three bytes from `in`, which has `groups` of them, without line breaks; returns how many were done,
 * fewer than all: what is left is for others. Writes nothing beyond 4 * groups characters. */
size_t base64_simd_groups(enum base64_simd how, char *out, const unsigned char *in, size_t groups);
/* Encodes whole lines, 57 bytes to 76 characters and CRLF, from `in`, which has `lines` of them; returns and writes as
 * base64_simd_groups. */
size_t base64_simd_lines(enum base64_simd how, char *out, const unsigned char *in, size_t lines);

#endif
