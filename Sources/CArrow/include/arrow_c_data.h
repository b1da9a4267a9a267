#ifndef NEEDLETAIL_ARROW_C_DATA_H
#define NEEDLETAIL_ARROW_C_DATA_H

#include <stdint.h>

// The structures of Arrow's C data interface and C stream interface, in whose layout libraries in one
// process hand each other columns and tables without copying them:
//
//   https://arrow.apache.org/docs/format/CDataInterface.html
//   https://arrow.apache.org/docs/format/CStreamInterface.html
//
// Layout and names of the fields are the specification's. The structures' own names are not
// (ArrowSchema and ArrowArray there): in Swift they would collide with the types of the module ArrowIPC.

#ifdef __cplusplus
extern "C" {
#endif

/// In ArrowCSchema.flags: the order of a dictionary's values means something.
#define ARROW_C_FLAG_DICTIONARY_ORDERED 1
/// In ArrowCSchema.flags: the field may have nulls, whether it has some or not.
#define ARROW_C_FLAG_NULLABLE 2
/// In ArrowCSchema.flags: the keys within each value of a map are sorted.
#define ARROW_C_FLAG_MAP_KEYS_SORTED 4

/// A type, or a named field of one.
struct ArrowCSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowCSchema **children;
  struct ArrowCSchema *dictionary;
  void (*release)(struct ArrowCSchema *);
  void *private_data;
};

/// A column; a table's part is a column of structs.
struct ArrowCArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowCArray **children;
  struct ArrowCArray *dictionary;
  void (*release)(struct ArrowCArray *);
  void *private_data;
};

/// A source of columns of one type. The callbacks return 0 or a number of errno.
struct ArrowCArrayStream {
  int (*get_schema)(struct ArrowCArrayStream *, struct ArrowCSchema *out);
  int (*get_next)(struct ArrowCArrayStream *, struct ArrowCArray *out);
  const char *(*get_last_error)(struct ArrowCArrayStream *);
  void (*release)(struct ArrowCArrayStream *);
  void *private_data;
};

#ifdef __cplusplus
}
#endif

#endif
