#include <string.h>

#include "CImages.h"

#if defined(__SSE2__)
#include <emmintrin.h>

// The sum of pixel * weight is computed as two sums, of the weights' upper and lower halves, since
// both fit the 16-bit multiplication. 32-bit arithmetic wraps around, so the total is exact
// whenever it fits 32 bits itself, and it does: weights add up to 1.

static inline __m128i rounded(__m128i upper, __m128i lower) {
  __m128i half = _mm_set1_epi32(1 << (NEEDLETAIL_WEIGHT_BITS - 1));
  __m128i sum = _mm_add_epi32(_mm_slli_epi32(upper, NEEDLETAIL_WEIGHT_SPLIT), lower);
  return _mm_srai_epi32(_mm_add_epi32(sum, half), NEEDLETAIL_WEIGHT_BITS);
}

void needletail_resample_row(const uint8_t *input, uint8_t *output, size_t output_width,
                             const needletail_span *spans, const int16_t *weights) {
  const __m128i zero = _mm_setzero_si128();
  for (size_t x = 0; x < output_width; x++) {
    const uint8_t *pixel = input + (size_t)spans[x].start * 4;
    const int16_t *group = weights + (size_t)spans[x].first * 8;
    __m128i upper = zero, lower = zero;
    for (int32_t n = spans[x].groups; n > 0; n--, pixel += 16, group += 8) {
      __m128i four = _mm_loadu_si128((const __m128i *)pixel);
      __m128i next = _mm_srli_si128(four, 4);
      __m128i w = _mm_loadu_si128((const __m128i *)group);
      // red red green green …, of pixels 0 and 1, then of pixels 2 and 3.
      __m128i first = _mm_unpacklo_epi8(_mm_unpacklo_epi8(four, next), zero);
      __m128i second = _mm_unpacklo_epi8(_mm_unpackhi_epi8(four, next), zero);
      upper = _mm_add_epi32(upper, _mm_madd_epi16(first, _mm_shuffle_epi32(w, 0x00)));
      upper = _mm_add_epi32(upper, _mm_madd_epi16(second, _mm_shuffle_epi32(w, 0x55)));
      lower = _mm_add_epi32(lower, _mm_madd_epi16(first, _mm_shuffle_epi32(w, 0xAA)));
      lower = _mm_add_epi32(lower, _mm_madd_epi16(second, _mm_shuffle_epi32(w, 0xFF)));
    }
    __m128i words = _mm_packs_epi32(rounded(upper, lower), zero);
    int32_t result = _mm_cvtsi128_si32(_mm_packus_epi16(words, zero));
    memcpy(output + x * 4, &result, 4);
  }
}

void needletail_resample_column(const uint8_t *input, size_t stride, int32_t row_count,
                                uint8_t *output, size_t byte_count, const needletail_span *span,
                                const int16_t *weights) {
  const __m128i zero = _mm_setzero_si128();
  const int32_t pairs = span->groups * 2;
  const int32_t last = row_count - 1;
  const int16_t *first_group = weights + (size_t)span->first * 8;
  for (size_t x = 0; x < byte_count; x += 16) {
    // The last block overlaps the one before; rows narrower than a block are done aside.
    if (byte_count >= 16 && x > byte_count - 16) x = byte_count - 16;
    uint8_t narrow[2][16] = {{0}}, result[16];
    __m128i upper[4] = {zero, zero, zero, zero}, lower[4] = {zero, zero, zero, zero};
    for (int32_t pair = 0; pair < pairs; pair++) {
      int32_t row = span->start + pair * 2;
      const uint8_t *a = input + (size_t)(row < last ? row : last) * stride + x;
      const uint8_t *b = input + (size_t)(row + 1 < last ? row + 1 : last) * stride + x;
      if (byte_count < 16) {
        memcpy(narrow[0], a, byte_count);
        memcpy(narrow[1], b, byte_count);
        a = narrow[0];
        b = narrow[1];
      }
      int32_t halves[2];
      memcpy(&halves[0], first_group + (pair >> 1) * 8 + (pair & 1) * 2, 4);
      memcpy(&halves[1], first_group + (pair >> 1) * 8 + (pair & 1) * 2 + 4, 4);
      __m128i wide_upper = _mm_set1_epi32(halves[0]), wide_lower = _mm_set1_epi32(halves[1]);
      __m128i bytes_a = _mm_loadu_si128((const __m128i *)a);
      __m128i bytes_b = _mm_loadu_si128((const __m128i *)b);
      __m128i left = _mm_unpacklo_epi8(bytes_a, bytes_b);
      __m128i right = _mm_unpackhi_epi8(bytes_a, bytes_b);
      __m128i part[4] = {_mm_unpacklo_epi8(left, zero), _mm_unpackhi_epi8(left, zero),
                         _mm_unpacklo_epi8(right, zero), _mm_unpackhi_epi8(right, zero)};
      for (int k = 0; k < 4; k++) {
        upper[k] = _mm_add_epi32(upper[k], _mm_madd_epi16(part[k], wide_upper));
        lower[k] = _mm_add_epi32(lower[k], _mm_madd_epi16(part[k], wide_lower));
      }
    }
    __m128i words_a = _mm_packs_epi32(rounded(upper[0], lower[0]), rounded(upper[1], lower[1]));
    __m128i words_b = _mm_packs_epi32(rounded(upper[2], lower[2]), rounded(upper[3], lower[3]));
    _mm_storeu_si128((__m128i *)result, _mm_packus_epi16(words_a, words_b));
    memcpy(output + x, result, byte_count < 16 ? byte_count : 16);
  }
}

#else

static inline int32_t weight(const int16_t *weights, int32_t tap) {
  const int16_t *group = weights + (size_t)(tap >> 2) * 8 + (tap & 3);
  return group[0] * (1 << NEEDLETAIL_WEIGHT_SPLIT) + group[4];
}

static inline uint8_t rounded(int32_t sum) {
  int32_t value = (sum + (1 << (NEEDLETAIL_WEIGHT_BITS - 1))) >> NEEDLETAIL_WEIGHT_BITS;
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

void needletail_resample_row(const uint8_t *input, uint8_t *output, size_t output_width,
                             const needletail_span *spans, const int16_t *weights) {
  for (size_t x = 0; x < output_width; x++) {
    const uint8_t *pixel = input + (size_t)spans[x].start * 4;
    const int16_t *group = weights + (size_t)spans[x].first * 8;
    int32_t sum[4] = {0, 0, 0, 0};
    for (int32_t tap = 0; tap < spans[x].groups * 4; tap++, pixel += 4) {
      int32_t factor = weight(group, tap);
      for (int k = 0; k < 4; k++) sum[k] += pixel[k] * factor;
    }
    for (int k = 0; k < 4; k++) output[x * 4 + k] = rounded(sum[k]);
  }
}

void needletail_resample_column(const uint8_t *input, size_t stride, int32_t row_count,
                                uint8_t *output, size_t byte_count, const needletail_span *span,
                                const int16_t *weights) {
  const int16_t *group = weights + (size_t)span->first * 8;
  for (size_t x = 0; x < byte_count; x++) {
    int32_t sum = 0;
    for (int32_t tap = 0; tap < span->groups * 4; tap++) {
      int32_t row = span->start + tap < row_count ? span->start + tap : row_count - 1;
      sum += input[(size_t)row * stride + x] * weight(group, tap);
    }
    output[x] = rounded(sum);
  }
}

#endif
