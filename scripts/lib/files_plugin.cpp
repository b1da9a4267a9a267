// The plug-in of FileTables: reads and writes tables in files with Apache Arrow's C++ libraries, of
// which it is the only part that knows. Built by scripts/build-files-plugin; the interface and its rules
// are in Sources/CFileTables/include/needletail_files.h. One translation unit: a second is most of what
// each one takes to compile.

#include "needletail_files.h"

#include <arrow/array/array_nested.h>
#include <arrow/c/bridge.h>
#include <arrow/config.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "files_plugin/arrow_files.h"
#include "files_plugin/bytes.h"
#include "files_plugin/casts.h"
#include "files_plugin/failures.h"
#include "files_plugin/memory.h"
#include "files_plugin/parquet_files.h"
#include "files_plugin/stores.h"
#include "files_plugin/tables.h"
#include "files_plugin/writers.h"

struct NTFile {
  std::shared_ptr<const needletail::Table> table;
};

struct NTScan {
  // Batches are made of their table.
  std::shared_ptr<const needletail::Table> table;
  std::unique_ptr<needletail::Batches> batches;
};

struct NTStop {
  std::shared_ptr<needletail::Stop> stop;
};

namespace needletail {
namespace {

static_assert(sizeof(ArrowCArray) == sizeof(ArrowArray) && sizeof(ArrowCSchema) == sizeof(ArrowSchema),
              "the C data interface has one layout");

// The same structures under Arrow's own names.
ArrowArray* theirs(ArrowCArray* array) { return reinterpret_cast<ArrowArray*>(array); }
ArrowSchema* theirs(ArrowCSchema* schema) { return reinterpret_cast<ArrowSchema*>(schema); }

// Releases what was given to a function that failed before it could take it over.
template <typename Structure>
class Given {
 public:
  explicit Given(Structure* structure) : structure_(structure) {}
  Given(const Given&) = delete;
  Given& operator=(const Given&) = delete;
  ~Given() {
    if (structure_ != nullptr && structure_->release != nullptr) structure_->release(structure_);
  }

 private:
  Structure* structure_;
};

std::shared_ptr<Schema> import_schema(ArrowCSchema* schema) {
  return value(arrow::ImportSchema(theirs(schema)), NT_INVALID);
}

std::shared_ptr<RecordBatch> import_batch(ArrowCArray* batch, const std::shared_ptr<Schema>& schema) {
  return value(arrow::ImportRecordBatch(theirs(batch), schema), NT_INVALID);
}

// Empty at first, so that a caller may look at it whatever happens.
template <typename Structure>
void clear(Structure* structure) {
  std::memset(structure, 0, sizeof(Structure));
}

FieldPath path_of(const NTFieldPath& path) {
  return FieldPath(path.names, path.names + path.count);
}

// MARK: Stopping

NTStop* stop_new() {
  try {
    return new NTStop{std::make_shared<Stop>()};
  } catch (...) {
    return nullptr;
  }
}
void stop_set(NTStop* stop) { stop->stop->is_set.store(true, std::memory_order_relaxed); }
void stop_free(NTStop* stop) { delete stop; }

// MARK: File systems

int32_t store_open(const char* location, NTStore** store, char** path, char** root,
                   char** root_path, char** options, char** text) {
  return guarded(text, [&] {
    *store = nullptr;
    const Location found = locate(location);
    struct Freeing {
      void operator()(char* text) const { std::free(text); }
    };
    using Text = std::unique_ptr<char, Freeing>;
    Text texts[] = {Text(copied(found.path)), Text(copied(found.root)),
                    Text(copied(found.root_path)), Text(copied(found.options))};
    *store = new NTStore{found.system, found.is_local};
    *path = texts[0].release();
    *root = texts[1].release();
    *root_path = texts[2].release();
    *options = texts[3].release();
  });
}
void store_free(NTStore* store) {
  quietly([&] { delete store; });
}
bool store_is_local(NTStore* store) { return store->is_local; }

int32_t info(NTStore* store, const char* path, NTEntry* entry, char** text) {
  bool is_missing = false;
  const int32_t status = guarded(text, [&] {
    *entry = NTEntry{};
    const auto found = value(store->system->GetFileInfo(path));
    is_missing = found.type() == fs::FileType::NotFound;
    if (!is_missing) fill(entry, found);
  });
  return is_missing ? NT_NOT_FOUND : status;
}

int32_t list_folder(NTStore* store, const char* path, bool is_recursive, NTListing* listing,
                    char** text) {
  return guarded(text, [&] { list(store, path, is_recursive, listing); });
}
void free_listing(NTListing* listing) {
  delete static_cast<Listed*>(listing->owner);
  *listing = NTListing{};
}

int32_t make_folder(NTStore* store, const char* path, char** text) {
  return guarded(text, [&] { make_folders(*store->system, path); });
}
int32_t remove_file(NTStore* store, const char* path, char** text) {
  return guarded(text, [&] { check(store->system->DeleteFile(path)); });
}
int32_t remove_folder(NTStore* store, const char* path, char** text) {
  return guarded(text, [&] { remove_all(*store->system, path); });
}
int32_t move_entry(NTStore* store, const char* from, const char* to, char** text) {
  return guarded(text, [&] { move(store, from, to); });
}

// MARK: Bytes

int32_t input_open(NTStore* store, const char* path, bool decompresses, int64_t offset,
                   NTInput** input, char** text) {
  return guarded(text, [&] {
    *input = nullptr;
    *input = new NTInput(open_input(*store, path, decompresses, offset));
  });
}
int32_t input_read(NTInput* input, void* buffer, int64_t capacity, int64_t* count, char** text) {
  return guarded(text, [&] {
    *count = 0;
    *count = input->read(buffer, capacity);
  });
}
void input_free(NTInput* input) {
  quietly([&] { delete input; });
}

int32_t output_open(NTStore* store, const char* path, const char* compression, NTOutput** output,
                    char** text) {
  return guarded(text, [&] {
    *output = nullptr;
    auto codec = codec_of(compression);
    auto file = std::make_unique<OpenedFile>(*store, path);
    if (codec != nullptr) file->compress(std::move(codec));
    *output = new NTOutput{std::move(file)};
  });
}
int32_t output_write(NTOutput* output, const void* bytes, int64_t count, char** text) {
  return guarded(text, [&] { check(output->file->stream()->Write(bytes, count)); });
}
int32_t output_close(NTOutput* output, int64_t* bytes, char** text) {
  return guarded(text, [&] { *bytes = output->file->close(); });
}
void output_free(NTOutput* output) {
  quietly([&] { delete output; });
}

// MARK: Tables

std::shared_ptr<const Table> open_table(const NTStore& store, const std::string& path,
                                        int32_t format, int64_t length) {
  switch (format) {
    case NT_PARQUET:
      return std::make_shared<ParquetTable>(store, path, length);
    case NT_ARROW:
      return std::make_shared<ArrowTable>(store, path, length);
    default:
      throw Failure(NT_INVALID, "there is no format " + std::to_string(format));
  }
}

int32_t file_open(NTStore* store, const char* path, int32_t format, int64_t length, NTFile** file,
                  char** text) {
  return guarded(text, [&] {
    *file = nullptr;
    *file = new NTFile{open_table(*store, path, format, length)};
  });
}
void file_free(NTFile* file) {
  quietly([&] { delete file; });
}
int32_t file_schema(NTFile* file, ArrowCSchema* schema, char** text) {
  return guarded(text, [&] {
    clear(schema);
    check(arrow::ExportSchema(*file->table->schema(), theirs(schema)), NT_UNSUPPORTED);
  });
}
int64_t file_length(NTFile* file) { return file->table->length(); }
int64_t row_group_count(NTFile* file) { return file->table->row_group_count(); }

void check_row_group(const NTFile* file, int64_t index) {
  const int64_t count = file->table->row_group_count();
  if (index < 0 || index >= count) {
    throw Failure(NT_INVALID, "there is no row group " + std::to_string(index) + " among " +
                                  std::to_string(count));
  }
}

int32_t row_group(NTFile* file, int64_t index, NTRowGroup* group, char** text) {
  return guarded(text, [&] {
    check_row_group(file, index);
    const RowGroup found = file->table->row_group(index);
    *group = NTRowGroup{found.offset, found.length, found.rows};
  });
}
int32_t statistics(NTFile* file, int64_t index, const NTFieldPath* column, NTStatistics* statistics,
                   char** text) {
  return guarded(text, [&] {
    check_row_group(file, index);
    file->table->statistics(index, path_of(*column), statistics);
  });
}

int32_t scan_open(NTFile* file, const NTScanning* scanning, NTScan** scan, char** text) {
  return guarded(text, [&] {
    *scan = nullptr;
    Scanning wanted;
    if (scanning->row_groups != nullptr) {
      for (int64_t index = 0; index < scanning->row_group_count; ++index) {
        check_row_group(file, scanning->row_groups[index]);
        wanted.row_groups.push_back(scanning->row_groups[index]);
      }
    } else {
      for (int64_t index = 0; index < file->table->row_group_count(); ++index) {
        wanted.row_groups.push_back(static_cast<int>(index));
      }
    }
    wanted.has_columns = scanning->columns != nullptr;
    if (wanted.has_columns) {
      for (int64_t index = 0; index < scanning->column_count; ++index) {
        wanted.columns.push_back(path_of(scanning->columns[index]));
      }
    }
    if (scanning->batch_rows < 1) throw Failure(NT_INVALID, "a batch has no rows");
    wanted.batch_rows = scanning->batch_rows;
    wanted.prefetch = scanning->prefetch;
    if (scanning->stop != nullptr) wanted.stop = scanning->stop->stop;
    *scan = new NTScan{file->table, file->table->scan(wanted)};
  });
}
int32_t scan_schema(NTScan* scan, ArrowCSchema* schema, char** text) {
  return guarded(text, [&] {
    clear(schema);
    check(arrow::ExportSchema(*scan->batches->schema(), theirs(schema)), NT_UNSUPPORTED);
  });
}
int32_t scan_next(NTScan* scan, ArrowCArray* batch, char** text) {
  return guarded(text, [&] {
    clear(batch);
    const auto next = scan->batches->next();
    if (next != nullptr) check(arrow::ExportRecordBatch(*next, theirs(batch)), NT_UNSUPPORTED);
  });
}
void scan_free(NTScan* scan) {
  quietly([&] {
    scan->batches.reset();
    delete scan;
  });
}

int32_t writer_open(NTStore* store, const char* path, const NTWriting* writing, ArrowCSchema* schema,
                    NTWriter** writer, char** text) {
  return guarded(text, [&] {
    *writer = nullptr;
    const Given<ArrowCSchema> given(schema);
    auto opened = std::make_unique<NTWriter>();
    opened->schema = import_schema(schema);
    // What the options say is looked at before anything is written.
    if (writing->format == NT_PARQUET) parquet_compression_of(writing->compression);
    opened->file = std::make_unique<OpenedFile>(*store, path);
    const auto& stream = opened->file->stream();
    switch (writing->format) {
      case NT_PARQUET:
        opened->writer = std::make_unique<ParquetWriter>(stream, opened->schema, *writing);
        break;
      case NT_ARROW:
        opened->writer = make_arrow_writer(stream, opened->schema, *writing);
        break;
      default:
        throw Failure(NT_INVALID, "there is no format " + std::to_string(writing->format));
    }
    *writer = opened.release();
  });
}
int32_t writer_write(NTWriter* writer, ArrowCArray* batch, char** text) {
  return guarded(text, [&] {
    const Given<ArrowCArray> given(batch);
    const auto imported = import_batch(batch, writer->schema);
    check(imported->Validate(), NT_INVALID);
    writer->writer->write(*imported);
  });
}
int32_t writer_close(NTWriter* writer, int64_t* bytes, char** text) {
  return guarded(text, [&] {
    writer->writer->finish();
    *bytes = writer->file->close();
  });
}
void writer_free(NTWriter* writer) {
  quietly([&] { delete writer; });
}

int32_t cast_batch(ArrowCArray* batch, ArrowCSchema* from, ArrowCSchema* to, ArrowCArray* result,
                   char** text) {
  return guarded(text, [&] {
    clear(result);
    const Given<ArrowCArray> given(batch);
    const Given<ArrowCSchema> given_from(from), given_to(to);
    const auto source = import_schema(from);
    const auto target = import_schema(to);
    const auto imported = import_batch(batch, source);
    if (source->num_fields() != target->num_fields()) {
      throw Failure(NT_INVALID, std::to_string(source->num_fields()) + " columns can't be cast to " +
                                    std::to_string(target->num_fields()));
    }
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (int index = 0; index < source->num_fields(); ++index) {
      const auto& field = target->field(index);
      columns.push_back(cast(imported->column(index), field->type(), field->name()));
    }
    const auto made = RecordBatch::Make(target, imported->num_rows(), std::move(columns));
    check(arrow::ExportRecordBatch(*made, theirs(result)), NT_UNSUPPORTED);
  });
}

NTFiles make_functions() {
  static const std::string arrow_version = arrow::GetBuildInfo().version_string;
  NTFiles files{};
  files.version = NT_FILES_VERSION;
  files.arrow_version = arrow_version.c_str();
  files.free_text = [](char* text) { std::free(text); };
  files.bytes_allocated = [] { return pool()->bytes_allocated(); };
  files.peak_bytes = [] { return pool()->max_memory(); };
  files.release_unused = [] { pool()->ReleaseUnused(); };
  files.stop_new = stop_new;
  files.stop_set = stop_set;
  files.stop_free = stop_free;
  files.store_open = store_open;
  files.store_free = store_free;
  files.store_is_local = store_is_local;
  files.info = info;
  files.list = list_folder;
  files.free_listing = free_listing;
  files.make_folder = make_folder;
  files.remove_file = remove_file;
  files.remove_folder = remove_folder;
  files.move = move_entry;
  files.input_open = input_open;
  files.input_read = input_read;
  files.input_free = input_free;
  files.output_open = output_open;
  files.output_write = output_write;
  files.output_close = output_close;
  files.output_free = output_free;
  files.file_open = file_open;
  files.file_free = file_free;
  files.file_schema = file_schema;
  files.file_length = file_length;
  files.row_group_count = row_group_count;
  files.row_group = row_group;
  files.statistics = statistics;
  files.scan_open = scan_open;
  files.scan_schema = scan_schema;
  files.scan_next = scan_next;
  files.scan_free = scan_free;
  files.writer_open = writer_open;
  files.writer_write = writer_write;
  files.writer_close = writer_close;
  files.writer_free = writer_free;
  files.cast = cast_batch;
  return files;
}

}  // namespace
}  // namespace needletail

extern "C" __attribute__((visibility("default"))) const NTFiles* needletail_files(void) {
  try {
    static const NTFiles files = needletail::make_functions();
    return &files;
  } catch (...) {
    return nullptr;
  }
}
