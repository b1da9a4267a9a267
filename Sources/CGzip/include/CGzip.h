#ifndef NEEDLETAIL_CGZIP_H
#define NEEDLETAIL_CGZIP_H

#include <stddef.h>
#include <stdint.h>

#include "Inflate.h"

// zlib behind functions of our own: its header also belongs to a module of gRPC's, and Swift takes
// the types in it for that module's.

/// The CRC-32 of bytes whose sum is `sum` (0 for none) and `length` further ones.
uint32_t needletail_crc32(uint32_t sum, const void *bytes, size_t length);

/// The most bytes that `length` bytes can take as a gzip file.
size_t needletail_gzip_bound(size_t length);

/// Writes `length` bytes as a gzip file of at most `capacity` bytes to `output`, at `level` (0 stored
/// to 9 smallest). Returns its size, or 0 if zlib refuses or the capacity is too small.
size_t needletail_gzip(const void *bytes, size_t length, int level, void *output,
                       size_t capacity);

#endif
