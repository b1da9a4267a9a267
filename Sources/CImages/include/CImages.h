#ifndef NEEDLETAIL_CIMAGES_H
#define NEEDLETAIL_CIMAGES_H

#include <stddef.h>
#include <stdint.h>

// What Swift cannot express: libpng leaves a failed call with longjmp, the inner loops of resizing
// multiply 16-bit numbers in pairs (pmaddwd), and dladdr is hidden from Swift.

/// The file of the library that holds `address`; NULL if none does.
const char *needletail_library_path(const void *address);

/// The name of libpng's function number `index` that the reader needs; NULL past the last.
const char *needletail_png_symbol(size_t index);

/// A PNG image on its way from the file to the caller.
typedef struct {
  /// In: the dimensions that the caller made room for. Others are an error.
  uint32_t width, height;
  /// Out: PNG's colour type, and the bits of a sample as it was delivered (8 or 16).
  int32_t color_type, bit_depth;
  /// Out: the palette's entries as red, green, blue.
  uint8_t palette[768];
  /// Out: the number of palette entries in the file.
  int32_t palette_count;
  /// Out: whether the data ended before the image did.
  int32_t is_truncated;
  /// Out: why libpng gave up; empty if it did not.
  char message[200];
} needletail_png_image;

/// Decodes the PNG file in `bytes`.
///
/// Colour images (types 2 and 6) arrive as four bytes a pixel, red, green, blue and something else;
/// of 16-bit samples the upper byte. Grey images and palette indices (types 0, 3) arrive as one
/// sample a pixel, grey with alpha (type 4) as two, a byte each; 16-bit grey without alpha as two
/// bytes, the upper one first. No gamma, transparency or background is applied. Rows are packed.
///
/// `functions` are the addresses of the symbols above in their order. Returns 1 if all went well,
/// else 0 and says why in `image`; rows decoded until then stay in `samples`.
int needletail_png_decode(void *const *functions, const uint8_t *bytes, size_t count,
                          needletail_png_image *image, uint8_t *samples, size_t capacity);

/// How many bits of a weight the lower half holds: weight = upper * 2048 + lower.
#define NEEDLETAIL_WEIGHT_SPLIT 11
/// The weights are fixed-point numbers with this many bits behind the point.
#define NEEDLETAIL_WEIGHT_BITS 22

/// The input that one output pixel or row is made of: `groups * 4` pixels or rows from `start` on,
/// with their weights from `weights[first * 8]` on. A group is four upper and four lower halves.
typedef struct {
  int32_t start, groups, first;
} needletail_span;

/// Resizes one row of four-byte pixels. At least 12 bytes after the last pixel must be readable.
void needletail_resample_row(const uint8_t *input, uint8_t *output, size_t output_width,
                             const needletail_span *spans, const int16_t *weights);

/// Makes one row of `byte_count` bytes from rows that lie `stride` bytes apart; rows from number
/// `row_count` on are not read (their weights are zero).
void needletail_resample_column(const uint8_t *input, size_t stride, int32_t row_count,
                                uint8_t *output, size_t byte_count, const needletail_span *span,
                                const int16_t *weights);

#endif
