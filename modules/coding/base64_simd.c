/* SPDX-License-Identifier: GPL-3.0-or-later */
/* base64_simd: base64 by vector instructions. Each step loads a little more than it uses and stores whole vectors, so
 * the last group or line is always left to the scalar code.
 *
 * From three bytes aaaaaabb bbbbcccc ccdddddd to four numbers of six bits: the bytes are laid out as 16-bit words
 * "bbbbcccc aaaaaabb" and "ccdddddd bbbbcccc", in which a and c are moved down by the high half of a multiplication and
 * b and d up by the low half of another. A number becomes its character by adding what a table says for its range. */
#include "modules/coding/base64_simd.h"

#include <string.h>

enum { LINE_IN = 57, LINE_OUT = 78 };

#if defined(__x86_64__)
#include <immintrin.h>

/* What is to be added in each range: a-z, ten times 0-9, +, /, A-Z. */
#define OFFSETS 71, -4, -4, -4, -4, -4, -4, -4, -4, -4, -4, -19, -16, 65, 0, 0
#define SPREAD 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10

__attribute__((target("ssse3"))) static inline __m128i encode_12(__m128i in) {
    in = _mm_shuffle_epi8(in, _mm_setr_epi8(SPREAD));
    __m128i ac = _mm_mulhi_epu16(_mm_and_si128(in, _mm_set1_epi32(0x0fc0fc00)), _mm_set1_epi32(0x04000040));
    __m128i bd = _mm_mullo_epi16(_mm_and_si128(in, _mm_set1_epi32(0x003f03f0)), _mm_set1_epi32(0x01000010));
    __m128i six = _mm_or_si128(ac, bd);
    __m128i range = _mm_subs_epu8(six, _mm_set1_epi8(51)); /* 0 for letters */
    __m128i upper = _mm_cmpgt_epi8(_mm_set1_epi8(26), six);
    range = _mm_or_si128(range, _mm_and_si128(upper, _mm_set1_epi8(13)));
    return _mm_add_epi8(six, _mm_shuffle_epi8(_mm_setr_epi8(OFFSETS), range));
}

__attribute__((target("avx2"))) static inline __m256i encode_24(__m256i in) {
    in = _mm256_shuffle_epi8(in, _mm256_setr_epi8(SPREAD, SPREAD));
    __m256i ac = _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    __m256i bd = _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    __m256i six = _mm256_or_si256(ac, bd);
    __m256i range = _mm256_subs_epu8(six, _mm256_set1_epi8(51));
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), six);
    range = _mm256_or_si256(range, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(six, _mm256_shuffle_epi8(_mm256_setr_epi8(OFFSETS, OFFSETS), range));
}

/* 16 bytes are read, 12 used. */
__attribute__((target("ssse3"))) static inline void step_12(char *out, const unsigned char *in) {
    _mm_storeu_si128((__m128i *)(void *)out, encode_12(_mm_loadu_si128((const __m128i *)(const void *)in)));
}

/* 28 bytes are read, 24 used. */
__attribute__((target("avx2"))) static inline void step_24(char *out, const unsigned char *in) {
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)in);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(in + 12));
    _mm256_storeu_si256((__m256i *)(void *)out,
                        encode_24(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1)));
}

__attribute__((target("ssse3"))) static size_t groups_ssse3(char *out, const unsigned char *in, size_t groups) {
    size_t done = 0;
    for (; groups - done >= 6; done += 4) step_12(out + 4 * done, in + 3 * done);
    return done;
}

__attribute__((target("avx2"))) static size_t groups_avx2(char *out, const unsigned char *in, size_t groups) {
    size_t done = 0;
    for (; groups - done >= 10; done += 8) step_24(out + 4 * done, in + 3 * done);
    return done;
}

__attribute__((target("ssse3"))) static size_t lines_ssse3(char *out, const unsigned char *in, size_t lines) {
    size_t done = 0;
    for (; lines - done >= 2; done++, in += LINE_IN, out += LINE_OUT) {
        for (int i = 0; i < 5; i++) step_12(out + 16 * i, in + 12 * i); /* of the fifth, 9 bytes are the line's */
        memcpy(out + 76, "\r\n", 2);
    }
    return done;
}

__attribute__((target("avx2"))) static size_t lines_avx2(char *out, const unsigned char *in, size_t lines) {
    size_t done = 0;
    for (; lines - done >= 2; done++, in += LINE_IN, out += LINE_OUT) {
        step_24(out, in);
        step_24(out + 32, in + 24);
        step_12(out + 64, in + 48);
        memcpy(out + 76, "\r\n", 2);
    }
    return done;
}

int base64_simd_can(enum base64_simd how) {
    return how == BASE64_SIMD_NONE || (how == BASE64_SIMD_AVX2 && __builtin_cpu_supports("avx2")) ||
           (how == BASE64_SIMD_SSSE3 && __builtin_cpu_supports("ssse3"));
}

enum base64_simd base64_simd_best(void) {
    return __builtin_cpu_supports("avx2")    ? BASE64_SIMD_AVX2
           : __builtin_cpu_supports("ssse3") ? BASE64_SIMD_SSSE3
                                             : BASE64_SIMD_NONE;
}

size_t base64_simd_groups(enum base64_simd how, char *out, const unsigned char *in, size_t groups) {
    return how == BASE64_SIMD_AVX2    ? groups_avx2(out, in, groups)
           : how == BASE64_SIMD_SSSE3 ? groups_ssse3(out, in, groups)
                                      : 0;
}

size_t base64_simd_lines(enum base64_simd how, char *out, const unsigned char *in, size_t lines) {
    return how == BASE64_SIMD_AVX2    ? lines_avx2(out, in, lines)
           : how == BASE64_SIMD_SSSE3 ? lines_ssse3(out, in, lines)
                                      : 0;
}

#elif defined(__aarch64__)
#include <arm_neon.h>

static const unsigned char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 48 bytes to 64 characters; a table of 64 is one instruction here. */
static inline void step_48(char *out, const unsigned char *in) {
    uint8x16x4_t table = vld1q_u8_x4(alphabet), six;
    uint8x16x3_t bytes = vld3q_u8(in);
    uint8x16_t mask = vdupq_n_u8(63);
    six.val[0] = vshrq_n_u8(bytes.val[0], 2);
    six.val[1] = vandq_u8(vorrq_u8(vshlq_n_u8(bytes.val[0], 4), vshrq_n_u8(bytes.val[1], 4)), mask);
    six.val[2] = vandq_u8(vorrq_u8(vshlq_n_u8(bytes.val[1], 2), vshrq_n_u8(bytes.val[2], 6)), mask);
    six.val[3] = vandq_u8(bytes.val[2], mask);
    for (int i = 0; i < 4; i++) six.val[i] = vqtbl4q_u8(table, six.val[i]);
    vst4q_u8((unsigned char *)out, six);
}

int base64_simd_can(enum base64_simd how) { return how == BASE64_SIMD_NONE || how == BASE64_SIMD_NEON; }

enum base64_simd base64_simd_best(void) { return BASE64_SIMD_NEON; }

size_t base64_simd_groups(enum base64_simd how, char *out, const unsigned char *in, size_t groups) {
    size_t done = 0;
    if (how != BASE64_SIMD_NEON) return 0;
    for (; groups - done > 16; done += 16) step_48(out + 4 * done, in + 3 * done);
    return done;
}

size_t base64_simd_lines(enum base64_simd how, char *out, const unsigned char *in, size_t lines) {
    size_t done = 0;
    if (how != BASE64_SIMD_NEON) return 0;
    for (; lines - done >= 2; done++, in += LINE_IN, out += LINE_OUT) {
        step_48(out, in);
        for (int i = 48, to = 64; i < LINE_IN; i += 3, to += 4) {
            out[to] = (char)alphabet[in[i] >> 2];
            out[to + 1] = (char)alphabet[(in[i] << 4 | in[i + 1] >> 4) & 63];
            out[to + 2] = (char)alphabet[(in[i + 1] << 2 | in[i + 2] >> 6) & 63];
            out[to + 3] = (char)alphabet[in[i + 2] & 63];
        }
        memcpy(out + 76, "\r\n", 2);
    }
    return done;
}

#else

int base64_simd_can(enum base64_simd how) { return how == BASE64_SIMD_NONE; }

enum base64_simd base64_simd_best(void) { return BASE64_SIMD_NONE; }

size_t base64_simd_groups(enum base64_simd how, char *out, const unsigned char *in, size_t groups) {
    (void)how, (void)out, (void)in, (void)groups;
    return 0;
}

size_t base64_simd_lines(enum base64_simd how, char *out, const unsigned char *in, size_t lines) {
    (void)how, (void)out, (void)in, (void)lines;
    return 0;
}

#endif
