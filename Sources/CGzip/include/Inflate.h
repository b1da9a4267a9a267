#ifndef NEEDLETAIL_INFLATE_H
#define NEEDLETAIL_INFLATE_H

#include <stddef.h>
#include <stdint.h>

// zlib behind functions of our own: its header also belongs to a module of gRPC's, and Swift takes
// the types in it for that module's.

/// A stream of compressed bytes.
typedef struct needletail_inflater needletail_inflater;

/// Begins to expand `length` bytes in the form of gzip or of zlib, which must stay where they are. NULL
/// if there is no memory.
needletail_inflater *needletail_inflate_begin(const void *bytes, size_t length);

/// The same of bytes without a header and a trailer.
needletail_inflater *needletail_inflate_begin_raw(const void *bytes, size_t length);

/// Writes up to `capacity` further bytes to `output` and their number to `written`. Returns 1 if
/// there may be more, 0 at the end, -1 if the bytes are damaged, and -2 if they are cut off.
int needletail_inflate(needletail_inflater *inflater, void *output, size_t capacity,
                       size_t *written);

/// What zlib says of damaged bytes; NULL if it says nothing.
const char *needletail_inflate_message(const needletail_inflater *inflater);

/// Gives the stream's memory back.
void needletail_inflate_end(needletail_inflater *inflater);

#endif
