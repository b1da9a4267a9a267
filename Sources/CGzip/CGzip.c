#include "CGzip.h"

#include <zlib.h>

// zlib counts in 32 bits, so larger inputs go in pieces.
static const size_t piece = 1u << 30;

static uInt next_piece(size_t rest) { return (uInt)(rest < piece ? rest : piece); }

uint32_t needletail_crc32(uint32_t sum, const void *bytes, size_t length) {
  const Bytef *next = bytes;
  while (length > 0) {
    uInt count = next_piece(length);
    sum = (uint32_t)crc32(sum, next, count);
    next += count;
    length -= count;
  }
  return sum;
}

size_t needletail_gzip_bound(size_t length) {
  // deflateBound's formula for stored blocks, with room for the header and the trailer of gzip.
  return length + (length >> 5) + (length >> 7) + (length >> 11) + 64;
}

size_t needletail_gzip(const void *bytes, size_t length, int level, void *output,
                       size_t capacity) {
  z_stream stream = {0};
  const int gzip_window = 15 + 16;
  if (deflateInit2(&stream, level, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return 0;
  }
  size_t written = 0;
  int status = Z_OK;
  stream.next_in = (Bytef *)bytes;
  while (status == Z_OK) {
    if (stream.avail_in == 0) {
      stream.avail_in = next_piece(length);
      length -= stream.avail_in;
    }
    uInt room = next_piece(capacity - written);
    stream.next_out = (Bytef *)output + written;
    stream.avail_out = room;
    status = deflate(&stream, length == 0 ? Z_FINISH : Z_NO_FLUSH);
    written += room - stream.avail_out;
  }
  deflateEnd(&stream);
  return status == Z_STREAM_END ? written : 0;
}
