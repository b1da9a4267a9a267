#include "Inflate.h"

#include <stdlib.h>
#include <zlib.h>

struct needletail_inflater {
  z_stream stream;
  size_t rest;
};

// zlib counts in 32 bits, so larger inputs go in pieces.
static const size_t piece = 1u << 30;

static uInt next_piece(size_t rest) { return (uInt)(rest < piece ? rest : piece); }

static needletail_inflater *begin(const void *bytes, size_t length, int window) {
  needletail_inflater *inflater = calloc(1, sizeof *inflater);
  if (inflater == NULL) { return NULL; }
  inflater->stream.next_in = (Bytef *)bytes;
  inflater->rest = length;
  if (inflateInit2(&inflater->stream, window) != Z_OK) {
    free(inflater);
    return NULL;
  }
  return inflater;
}

needletail_inflater *needletail_inflate_begin(const void *bytes, size_t length) {
  // 32 beside the window's size: the form is seen from the first bytes.
  return begin(bytes, length, 15 + 32);
}

needletail_inflater *needletail_inflate_begin_raw(const void *bytes, size_t length) {
  return begin(bytes, length, -15);
}

int needletail_inflate(needletail_inflater *inflater, void *output, size_t capacity,
                       size_t *written) {
  z_stream *stream = &inflater->stream;
  size_t total = 0;
  int status = Z_OK;
  while (total < capacity && status == Z_OK) {
    if (stream->avail_in == 0) {
      stream->avail_in = next_piece(inflater->rest);
      inflater->rest -= stream->avail_in;
    }
    uInt room = next_piece(capacity - total);
    stream->next_out = (Bytef *)output + total;
    stream->avail_out = room;
    status = inflate(stream, Z_NO_FLUSH);
    total += room - stream->avail_out;
  }
  *written = total;
  switch (status) {
  case Z_OK: return 1;
  case Z_STREAM_END: return 0;
  case Z_BUF_ERROR: return -2;
  default: return -1;
  }
}

const char *needletail_inflate_message(const needletail_inflater *inflater) {
  return inflater->stream.msg;
}

void needletail_inflate_end(needletail_inflater *inflater) {
  inflateEnd(&inflater->stream);
  free(inflater);
}
