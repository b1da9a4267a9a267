#include <setjmp.h>
#include <string.h>

#include "CImages.h"

// libpng's functions, declared after its manual (libpng 1.6) so that the package builds without its
// header. All of its structures are opaque.
typedef void *png;
typedef void *png_information;
typedef void (*message_function)(png, const char *);
typedef void (*read_function)(png, uint8_t *, size_t);

enum {
  GET_VERSION,
  CREATE_READER,
  CREATE_INFORMATION,
  DESTROY_READER,
  SET_READ_FUNCTION,
  KEEP_UNKNOWN_CHUNKS,
  READ_INFORMATION,
  GET_HEADER,
  GET_PALETTE,
  SET_PACKING,
  SET_STRIP_16,
  SET_FILLER,
  SET_INTERLACE_HANDLING,
  UPDATE_INFORMATION,
  GET_ROW_BYTES,
  READ_ROW,
  FUNCTION_COUNT
};

static const char *const symbols[FUNCTION_COUNT] = {
    [GET_VERSION] = "png_get_libpng_ver",
    [CREATE_READER] = "png_create_read_struct",
    [CREATE_INFORMATION] = "png_create_info_struct",
    [DESTROY_READER] = "png_destroy_read_struct",
    [SET_READ_FUNCTION] = "png_set_read_fn",
    [KEEP_UNKNOWN_CHUNKS] = "png_set_keep_unknown_chunks",
    [READ_INFORMATION] = "png_read_info",
    [GET_HEADER] = "png_get_IHDR",
    [GET_PALETTE] = "png_get_PLTE",
    [SET_PACKING] = "png_set_packing",
    [SET_STRIP_16] = "png_set_strip_16",
    [SET_FILLER] = "png_set_filler",
    [SET_INTERLACE_HANDLING] = "png_set_interlace_handling",
    [UPDATE_INFORMATION] = "png_read_update_info",
    [GET_ROW_BYTES] = "png_get_rowbytes",
    [READ_ROW] = "png_read_row",
};

// Facts of the file format.
enum { GREY = 0, COLOUR = 2, PALETTE = 3, GREY_ALPHA = 4, COLOUR_ALPHA = 6 };
// libpng's names for "drop the chunk" and "the filler goes behind the colours".
enum { CHUNK_NEVER = 1, FILLER_AFTER = 1 };

const char *needletail_png_symbol(size_t index) {
  return index < FUNCTION_COUNT ? symbols[index] : NULL;
}

typedef struct {
  jmp_buf failure;
  const uint8_t *next;
  size_t rest;
  needletail_png_image *image;
  png reader;
  png_information information;
} reading;

// libpng's callbacks run within the decoding call, on its thread.
static _Thread_local reading *current;

static void fail(png reader, const char *message) {
  (void)reader;
  char *text = current->image->message;
  size_t room = sizeof(current->image->message) - 1;
  if (text[0] == 0) strncpy(text, message, room);
  text[room] = 0;
  longjmp(current->failure, 1);
}

static void ignore(png reader, const char *message) {
  (void)reader;
  (void)message;
}

static void read_bytes(png reader, uint8_t *output, size_t count) {
  if (count > current->rest) {
    current->image->is_truncated = 1;
    fail(reader, "the data ends before the image");
  }
  memcpy(output, current->next, count);
  current->next += count;
  current->rest -= count;
}

#define CALL(result, name, ...) ((result(*)(__VA_ARGS__))functions[name])

static void read_palette(void *const *functions, reading *state) {
  struct {
    uint8_t red, green, blue;
  } *entries = NULL;
  int count = 0;
  CALL(uint32_t, GET_PALETTE, png, png_information, void *, int *)
  (state->reader, state->information, &entries, &count);
  if (entries == NULL || count <= 0) fail(state->reader, "the palette is missing");
  if (count > 256) count = 256;
  memcpy(state->image->palette, entries, (size_t)count * 3);
  state->image->palette_count = count;
}

static void decode(void *const *functions, reading *state, uint8_t *samples, size_t capacity) {
  needletail_png_image *image = state->image;
  png reader = state->reader;
  png_information information = state->information;
  CALL(void, SET_READ_FUNCTION, png, void *, read_function)(reader, NULL, read_bytes);
  // Colour profiles and texts are of no use here and a favourite hiding place for zip bombs.
  CALL(void, KEEP_UNKNOWN_CHUNKS, png, int, const uint8_t *, int)(reader, CHUNK_NEVER, NULL, -1);
  CALL(void, READ_INFORMATION, png, png_information)(reader, information);

  uint32_t width = 0, height = 0;
  int depth = 0, color_type = 0, interlace = 0, compression = 0, filter = 0;
  CALL(uint32_t, GET_HEADER, png, png_information, uint32_t *, uint32_t *, int *, int *, int *,
       int *, int *)
  (reader, information, &width, &height, &depth, &color_type, &interlace, &compression, &filter);
  if (width != image->width || height != image->height) {
    fail(reader, "the file has two headers that differ");
  }
  image->color_type = color_type;
  image->bit_depth = depth == 16 && color_type == GREY ? 16 : 8;

  if (color_type == PALETTE) read_palette(functions, state);
  if (depth < 8) CALL(void, SET_PACKING, png)(reader);
  if (depth == 16 && color_type != GREY) CALL(void, SET_STRIP_16, png)(reader);
  if (color_type == COLOUR) {
    CALL(void, SET_FILLER, png, uint32_t, int)(reader, 255, FILLER_AFTER);
  }
  int passes = CALL(int, SET_INTERLACE_HANDLING, png)(reader);
  CALL(void, UPDATE_INFORMATION, png, png_information)(reader, information);
  size_t row = CALL(size_t, GET_ROW_BYTES, png, png_information)(reader, information);
  if (row == 0 || height > capacity / row) fail(reader, "the rows are longer than the header says");
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < height; y++) {
      CALL(void, READ_ROW, png, uint8_t *, uint8_t *)(reader, samples + y * row, NULL);
    }
  }
}

// Apart from its caller, whose state thereby survives the longjmp.
static int run(void *const *functions, reading *state, uint8_t *samples, size_t capacity) {
  if (setjmp(state->failure) != 0) return 0;
  const char *version = CALL(const char *, GET_VERSION, png)(NULL);
  state->reader = CALL(png, CREATE_READER, const char *, void *, message_function,
                       message_function)(version, NULL, fail, ignore);
  if (state->reader == NULL) fail(NULL, "libpng does not start");
  state->information = CALL(png_information, CREATE_INFORMATION, png)(state->reader);
  if (state->information == NULL) fail(NULL, "libpng has no memory");
  decode(functions, state, samples, capacity);
  return 1;
}

int needletail_png_decode(void *const *functions, const uint8_t *bytes, size_t count,
                          needletail_png_image *image, uint8_t *samples, size_t capacity) {
  reading state = {.next = bytes, .rest = count, .image = image};
  image->message[0] = 0;
  image->is_truncated = 0;
  image->palette_count = 0;
  current = &state;
  int succeeded = run(functions, &state, samples, capacity);
  if (state.reader != NULL) {
    CALL(void, DESTROY_READER, png *, png_information *, png_information *)
    (&state.reader, state.information == NULL ? NULL : &state.information, NULL);
  }
  current = NULL;
  return succeeded;
}
