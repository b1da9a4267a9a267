// The C interface of the plug-in that reads and writes tables in files with Apache Arrow's C++
// libraries. Implemented by scripts/lib/files_plugin.cpp, called by Sources/FileTables.
//
// - A function that can fail returns NT_OK or the kind of failure, and then writes a text to `*text`
//   (NULL if there is no memory for one), which is given back to `free_text`. It says what happened; the
//   caller says in which file.
// - No C++ exception leaves a function.
// - Text is UTF-8. Paths are those of the store: a local path, or `bucket/key`.
// - Batches and schemas cross by Arrow's C data interface, without copies: who receives a structure
//   releases it; a structure given to a function is always taken over, also when it fails.
// - Objects may be used by one thread at a time, but for NTStore, NTFile and NTStop, which several may
//   use at once. An object keeps alive what it was made of.

#ifndef NEEDLETAIL_FILES_H
#define NEEDLETAIL_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arrow_c_data.h"

#ifdef __cplusplus
extern "C" {
#endif

/// The version of this interface; a plug-in of another one is refused.
#define NT_FILES_VERSION 2

/// Kinds of failure, as functions return them.
enum {
  NT_OK = 0,
  /// There is no such file or folder.
  NT_NOT_FOUND = 1,
  /// There is something already.
  NT_EXISTS = 2,
  /// No permission, or no credentials.
  NT_DENIED = 3,
  /// The file is not what it should be: damaged, cut off, of another format.
  NT_MALFORMED = 4,
  /// Something that the libraries, or this plug-in, do not do.
  NT_UNSUPPORTED = 5,
  /// The disk or the quota is full.
  NT_NO_SPACE = 6,
  /// Every other failure of a disk or the network.
  NT_IO = 7,
  /// Stopped through an NTStop.
  NT_CANCELLED = 8,
  /// An argument makes no sense: a column that is not there, an option's value.
  NT_INVALID = 9,
  /// Memory ran out.
  NT_OUT_OF_MEMORY = 10,
  /// A file is not the one any more that was opened.
  NT_CHANGED = 11,
};

/// Formats of tables.
enum {
  NT_PARQUET = 0,
  /// Arrow IPC: the file and the stream format, told apart by the first bytes.
  NT_ARROW = 1,
};

/// A file system.
typedef struct NTStore NTStore;
/// A table in a file, opened: the format, the schema, a Parquet file's footer. For a Parquet file of this
/// machine it holds memory alone, so that many may be kept: each scan opens the file again, and fails with
/// NT_CHANGED if its length or time is another by then.
typedef struct NTFile NTFile;
/// Batches that are being decoded.
typedef struct NTScan NTScan;
/// The bytes of a file, being read one after the other.
typedef struct NTInput NTInput;
/// A file that is being written: bytes.
typedef struct NTOutput NTOutput;
/// A file that is being written: batches.
typedef struct NTWriter NTWriter;
/// What several threads may use to stop what others do.
typedef struct NTStop NTStop;

/// What a path stands for.
typedef struct NTEntry {
  /// Within a listing that is its own; valid until that is freed. NULL from `info`.
  const char *path;
  bool is_folder;
  /// Bytes of a file, 0 of a folder, -1 if the store does not tell.
  int64_t length;
  /// Nanoseconds since 1970; -1 if the store does not tell.
  int64_t modified;
} NTEntry;

/// What a folder holds.
typedef struct NTListing {
  int64_t count;
  NTEntry *entries;
  void *owner;
} NTListing;

/// A row group of a Parquet file, or all of another file.
typedef struct NTRowGroup {
  /// Where the first column's first page begins.
  int64_t offset;
  /// Compressed bytes.
  int64_t length;
  /// -1: not known.
  int64_t rows;
} NTRowGroup;

enum {
  NT_NO_BOUNDS = 0,
  /// Integers, dates, timestamps (in the column's unit), booleans (0 and 1).
  NT_INTEGER_BOUNDS = 1,
  NT_FLOAT_BOUNDS = 2,
};

/// Statistics of a leaf column in a row group.
typedef struct NTStatistics {
  /// -1: not known.
  int64_t null_count;
  int32_t bounds;
  int64_t minimum, maximum;
  double float_minimum, float_maximum;
} NTStatistics;

/// A path to a field: the names of struct fields from the column down, through the elements of lists
/// (which have no name here). Of a map there is all or nothing.
typedef struct NTFieldPath {
  const char *const *names;
  int64_t count;
} NTFieldPath;

/// What to read of a file.
typedef struct NTScanning {
  /// Indices; NULL: all.
  const int32_t *row_groups;
  int64_t row_group_count;
  /// NULL: all columns. The batches have them in this order; several fields of one column are one.
  const NTFieldPath *columns;
  int64_t column_count;
  /// At most so many rows a batch.
  int64_t batch_rows;
  /// Read the next row group while the batches of one are used.
  bool prefetch;
  /// NULL, or what stops the scan.
  NTStop *stop;
} NTScanning;

/// How a table is written.
typedef struct NTWriting {
  int32_t format;
  /// NULL: none. Parquet: "none", "snappy", "zstd", "gzip", "lz4_raw", "brotli". Arrow: "none", "zstd",
  /// "lz4".
  const char *compression;
  /// -1: the compression's own.
  int32_t compression_level;
  /// A row group is closed when it has so many rows or bytes in memory; 0: 1 Mi rows, 128 MiB.
  int64_t row_group_rows;
  int64_t row_group_bytes;
  /// Arrow: the stream format instead of the file format.
  bool is_stream;
} NTWriting;

typedef struct NTFiles {
  /// NT_FILES_VERSION of the plug-in. Nothing behind it may be looked at if it is another one.
  uint32_t version;
  /// The version of the Arrow libraries that are loaded, such as "26.0.1".
  const char *arrow_version;

  void (*free_text)(char *text);

  // Memory of the decoded batches and of the libraries' buffers, in bytes.

  int64_t (*bytes_allocated)(void);
  int64_t (*peak_bytes)(void);
  /// Gives memory that is not used back to the system.
  void (*release_unused)(void);

  // Stopping.

  NTStop *(*stop_new)(void);
  void (*stop_set)(NTStop *stop);
  void (*stop_free)(NTStop *stop);

  // File systems.

  /// Opens the store of `location`: "/x", "x", "file:/x", "file:///x", "s3://bucket/key" and "s3a:",
  /// "gs:", "abfs:", "abfss:", "hdfs:", with options of the store behind "?" (Apache Arrow's, such as
  /// "?region=eu-west-1&endpoint_override=host:port"). Characters of the path stand for themselves.
  ///
  /// Writes texts for `free_text`: the path in the store, and the beginning and the end of locations
  /// (`*root` + path without `*root_path` + `*options`; empty for local files).
  int32_t (*store_open)(const char *location, NTStore **store, char **path, char **root,
                        char **root_path, char **options, char **text);
  void (*store_free)(NTStore *store);
  bool (*store_is_local)(NTStore *store);
  /// NT_NOT_FOUND without a text if there is nothing.
  int32_t (*info)(NTStore *store, const char *path, NTEntry *entry, char **text);
  /// What is in the folder, and in its folders, sorted by path; paths begin as `path` does.
  int32_t (*list)(NTStore *store, const char *path, bool is_recursive, NTListing *listing,
                  char **text);
  void (*free_listing)(NTListing *listing);
  /// With those above it; does nothing if it is there, or if the store has no folders.
  int32_t (*make_folder)(NTStore *store, const char *path, char **text);
  int32_t (*remove_file)(NTStore *store, const char *path, char **text);
  /// With all that is in it.
  int32_t (*remove_folder)(NTStore *store, const char *path, char **text);
  /// Files are replaced. Object stores copy.
  int32_t (*move)(NTStore *store, const char *from, const char *to, char **text);

  // Bytes.

  /// With `decompresses` what a name's end tells of is undone: .gz, .zst, .bz2, .br, .deflate (zlib's),
  /// .lz4 (frames). The first byte that is read is that at `offset`, which is 0 for compressed files.
  int32_t (*input_open)(NTStore *store, const char *path, bool decompresses, int64_t offset,
                        NTInput **input, char **text);
  /// Fewer than `capacity` bytes only at the end.
  int32_t (*input_read)(NTInput *input, void *buffer, int64_t capacity, int64_t *count,
                        char **text);
  void (*input_free)(NTInput *input);

  /// Replaces the file. `compression`: NULL or "none", "gzip", "zstd", "bzip2", "brotli", "deflate".
  int32_t (*output_open)(NTStore *store, const char *path, const char *compression,
                         NTOutput **output, char **text);
  int32_t (*output_write)(NTOutput *output, const void *bytes, int64_t count, char **text);
  /// Ends the file; `*bytes` is its length. Only `output_free` may follow.
  int32_t (*output_close)(NTOutput *output, int64_t *bytes, char **text);
  /// Aborts, and removes the file, unless it was closed.
  void (*output_free)(NTOutput *output);

  // Tables.

  /// `length` is the file's if it is known, which saves object stores a question; else -1.
  int32_t (*file_open)(NTStore *store, const char *path, int32_t format, int64_t length,
                       NTFile **file, char **text);
  void (*file_free)(NTFile *file);
  int32_t (*file_schema)(NTFile *file, struct ArrowCSchema *schema, char **text);
  int64_t (*file_length)(NTFile *file);
  int64_t (*row_group_count)(NTFile *file);
  int32_t (*row_group)(NTFile *file, int64_t index, NTRowGroup *group, char **text);
  /// Of a column that is no list, map or struct.
  int32_t (*statistics)(NTFile *file, int64_t row_group, const NTFieldPath *column,
                        NTStatistics *statistics, char **text);

  int32_t (*scan_open)(NTFile *file, const NTScanning *scanning, NTScan **scan, char **text);
  int32_t (*scan_schema)(NTScan *scan, struct ArrowCSchema *schema, char **text);
  /// The next batch as an array of a struct; at the end `batch->release` is NULL.
  int32_t (*scan_next)(NTScan *scan, struct ArrowCArray *batch, char **text);
  void (*scan_free)(NTScan *scan);

  int32_t (*writer_open)(NTStore *store, const char *path, const NTWriting *writing,
                         struct ArrowCSchema *schema, NTWriter **writer, char **text);
  int32_t (*writer_write)(NTWriter *writer, struct ArrowCArray *batch, char **text);
  /// Ends the file; `*bytes` is its length. Only `writer_free` may follow.
  int32_t (*writer_close)(NTWriter *writer, int64_t *bytes, char **text);
  /// Aborts, and removes the file, unless it was closed.
  void (*writer_free)(NTWriter *writer);

  /// The columns of `batch`, which are of schema `from`, in the types of schema `to`, one by one, by
  /// Arrow's safe casts: what would change a value is NT_INVALID.
  int32_t (*cast)(struct ArrowCArray *batch, struct ArrowCSchema *from, struct ArrowCSchema *to,
                  struct ArrowCArray *result, char **text);
} NTFiles;

/// The one symbol of the plug-in.
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const NTFiles *
needletail_files(void);

#ifdef __cplusplus
}
#endif

#endif
