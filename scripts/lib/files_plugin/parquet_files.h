// Parquet: the footer is read once and shared by scans, each of which opens the file for itself and decodes
// batch by batch.

#pragma once

#include <arrow/io/caching.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/statistics.h>
#include <sys/stat.h>

#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "bytes.h"
#include "mapped.h"
#include "parquet_lists.h"
#include "tables.h"

namespace needletail {

inline parquet::ArrowReaderProperties arrow_properties(int64_t batch_rows) {
  parquet::ArrowReaderProperties properties(/*use_threads=*/false);
  properties.set_batch_size(batch_rows);
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  // Arrow would wait for it before it makes a reader.
  properties.set_pre_buffer(false);
  return properties;
}

// MARK: What Arrow leaves out

// Arrow has a wall-clock time for INT96, which is an instant, bytes for texts of an enumeration, and plain
// bytes for intervals and UUIDs: these give a field the zone, the type, or a note of what its bytes mean.

inline std::shared_ptr<Field> with_meaning(const parquet::ColumnDescriptor& column,
                                           const std::shared_ptr<Field>& field) {
  if (column.physical_type() == parquet::Type::INT96) {
    return field->WithType(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"));
  }
  const auto& meaning = *column.logical_type();
  if (meaning.is_enum()) return field->WithType(arrow::utf8());
  if (meaning.is_interval() || meaning.is_UUID()) {
    return field->WithMergedMetadata(
        arrow::key_value_metadata({"PARQUET:meaning"}, {meaning.ToString()}));
  }
  return field;
}

inline std::shared_ptr<Field> with_meanings(const parquet::SchemaDescriptor& columns,
                                         const parquet::arrow::SchemaField& known,
                                         const std::shared_ptr<Field>& field) {
  if (known.is_leaf()) return with_meaning(*columns.Column(known.column_index), field);
  // The fields that are read are some of the known ones, in their order.
  std::vector<std::shared_ptr<Field>> fields;
  bool is_changed = false;
  size_t next = 0;
  for (const auto& child : field->type()->fields()) {
    while (next < known.children.size() && known.children[next].field->name() != child->name()) {
      ++next;
    }
    if (next == known.children.size()) return field;
    fields.push_back(with_meanings(columns, known.children[next++], child));
    is_changed = is_changed || fields.back() != child;
  }
  if (!is_changed) return field;
  switch (field->type()->id()) {
    case arrow::Type::STRUCT:
      return field->WithType(arrow::struct_(std::move(fields)));
    case arrow::Type::LIST:
      return field->WithType(arrow::list(fields[0]));
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*field->type());
      const auto& entries = *fields[0]->type();
      return field->WithType(std::make_shared<arrow::MapType>(entries.field(0), entries.field(1),
                                                              map.keys_sorted()));
    }
    default:
      return field;
  }
}

inline std::shared_ptr<Schema> with_meanings(const parquet::SchemaDescriptor& columns,
                                          const parquet::arrow::SchemaManifest& manifest,
                                          const std::vector<Selection>& selections,
                                          const std::shared_ptr<Schema>& schema) {
  std::vector<std::shared_ptr<Field>> fields;
  for (int index = 0; index < schema->num_fields(); ++index) {
    fields.push_back(
        with_meanings(columns, manifest.schema_fields[selections[index].index], schema->field(index)));
  }
  return arrow::schema(std::move(fields), schema->metadata());
}

inline std::shared_ptr<ArrayData> with_type(const std::shared_ptr<ArrayData>& data,
                                            const std::shared_ptr<DataType>& type) {
  if (data->type.get() == type.get() || data->type->Equals(*type)) return data;
  auto copy = data->Copy();
  copy->type = type;
  for (size_t index = 0; index < copy->child_data.size(); ++index) {
    copy->child_data[index] =
        with_type(copy->child_data[index], type->field(static_cast<int>(index))->type());
  }
  return copy;
}

// MARK: The file

// The bytes of a file while they are read. One of this machine is mapped into memory, of which what is decoded
// keeps nothing.
class ParquetSource {
 public:
  ParquetSource(const NTStore& store, const std::string& path, int64_t length) {
    if (!store.is_local) {
      file_ = open_file(store, path, length);
      length_ = value(file_->GetSize());
      return;
    }
    check_kind(path);
    const auto mapped = value(io::MemoryMappedFile::Open(path, io::FileMode::READ));
    file_ = mapped;
    length_ = value(mapped->GetSize());
    struct stat status {};
    if (fstat(mapped->file_descriptor(), &status) == 0) {
      modified_ = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
    }
    // One byte tells where all are; more would be asked of the disk, needed or not.
    const auto first = length_ > 0 ? value(mapped->ReadAt(0, 1)) : nullptr;
    range_ = std::make_unique<MappedRange>(first == nullptr ? nullptr : first->data(), length_);
  }

  const std::shared_ptr<io::RandomAccessFile>& file() const { return file_; }
  int64_t length() const { return length_; }
  // Nanoseconds since 1970; -1 where nobody asks.
  int64_t modified() const { return modified_; }

  // What `body` reads, unless the file was cut short in the meantime.
  template <typename Body>
  auto reading(Body&& body) const -> decltype(body()) {
    try {
      if constexpr (std::is_void_v<decltype(body())>) {
        body();
        if (range_ != nullptr) range_->check();
      } else {
        auto result = body();
        if (range_ != nullptr) range_->check();
        return result;
      }
    } catch (...) {
      // Zeros look like a damaged file.
      if (range_ != nullptr) range_->check();
      throw;
    }
  }

 private:
  std::shared_ptr<io::RandomAccessFile> file_;
  // Destroyed before what it watches.
  std::unique_ptr<MappedRange> range_;
  int64_t length_ = 0;
  int64_t modified_ = -1;
};

class ParquetTable final : public Table, public std::enable_shared_from_this<ParquetTable> {
 public:
  ParquetTable(const NTStore& store, const std::string& path, int64_t length)
      : store_(store), path_(path) {
    auto source = std::make_shared<const ParquetSource>(store, path, length);
    length_ = source->length();
    modified_ = source->modified();
    properties_ = parquet::ReaderProperties(pool());
    limit_to_footer(*source);
    metadata_ = source->reading([&] {
      return parquet::ParquetFileReader::Open(source->file(), properties_)->metadata();
    });
    // The types that Arrow wrote beside Parquet's own (dictionaries, large strings, zones): Spark does
    // not look at them, so its columns and these are the same without.
    const auto& notes = metadata_->key_value_metadata();
    if (notes != nullptr && notes->Contains("ARROW:schema")) {
      check(std::const_pointer_cast<arrow::KeyValueMetadata>(notes)->Delete("ARROW:schema"));
    }
    check(parquet::arrow::SchemaManifest::Make(metadata_->schema(), notes,
                                               arrow_properties(1), &manifest_),
          NT_MALFORMED);
    std::vector<std::shared_ptr<Field>> fields;
    for (const auto& field : manifest_.schema_fields) fields.push_back(field.field);
    whole_ = arrow::schema(std::move(fields), notes);
    schema_ = with_meanings(*metadata_->schema(), manifest_, select(*whole_, Scanning{}), whole_);
    has_meanings_ = !schema_->Equals(*whole_, /*check_metadata=*/true);
    // Many tables may be kept: those of this machine hold neither a descriptor nor a mapping. In a store
    // there is nothing to hold, and opening may take a question.
    if (!store.is_local) source_ = std::move(source);
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }
  int64_t length() const override { return length_; }
  int64_t row_group_count() const override { return metadata_->num_row_groups(); }

  RowGroup row_group(int64_t index) const override {
    const auto group = metadata_->RowGroup(static_cast<int>(index));
    RowGroup result{0, group->total_compressed_size(), group->num_rows()};
    int64_t sum = 0;
    for (int column = 0; column < group->num_columns(); ++column) {
      const auto chunk = group->ColumnChunk(column);
      if (column == 0) {
        result.offset = chunk->data_page_offset();
        if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0) {
          result.offset = std::min(result.offset, chunk->dictionary_page_offset());
        }
        if (result.length > 0) break;
      }
      // Old writers do not note the sum.
      sum += chunk->total_compressed_size();
    }
    if (result.length == 0) result.length = sum;
    return result;
  }

  void statistics(int64_t row_group, const FieldPath& path,
                  NTStatistics* statistics) const override;

  std::unique_ptr<Batches> scan(const Scanning& scanning) const override;

  // The columns of Parquet below `field` that are read.
  static void add_leaves(const parquet::arrow::SchemaField& field, const Selection& selection,
                         std::vector<int>* leaves) {
    if (field.is_leaf()) {
      leaves->push_back(field.column_index);
    } else if (selection.is_whole) {
      for (const auto& child : field.children) add_leaves(child, selection, leaves);
    } else if (field.field->type()->id() == arrow::Type::STRUCT) {
      for (const auto& child : selection.children) {
        add_leaves(field.children[child.index], child, leaves);
      }
    } else {
      add_leaves(field.children[0], selection, leaves);
    }
  }

 private:
  friend class ParquetBatches;

  // A damaged footer can't name texts or lists that are longer than itself.
  void limit_to_footer(const ParquetSource& source) {
    int64_t limit = length_;
    if (store_.is_local && length_ >= 12) {
      uint8_t tail[8];
      if (value(source.file()->ReadAt(length_ - 8, 8, tail)) == 8 && tail[6] == 'R' &&
          tail[7] == '1') {
        limit = tail[0] | tail[1] << 8 | tail[2] << 16 | static_cast<int64_t>(tail[3]) << 24;
      }
    }
    limit = std::max<int64_t>(limit, 1024);
    properties_.set_thrift_string_size_limit(
        static_cast<int32_t>(std::min<int64_t>(limit, parquet::kDefaultThriftStringSizeLimit)));
    properties_.set_thrift_container_size_limit(
        static_cast<int32_t>(std::min<int64_t>(limit, parquet::kDefaultThriftContainerSizeLimit)));
  }

  // The file, for a scan, if it is still the one whose footer was read.
  std::shared_ptr<const ParquetSource> open() const {
    if (source_ != nullptr) return source_;
    auto source = std::make_shared<const ParquetSource>(store_, path_, length_);
    if (source->length() != length_ || source->modified() != modified_) {
      throw Failure(NT_CHANGED, "the file was changed after its footer was read");
    }
    return source;
  }

  NTStore store_;
  std::string path_;
  // NULL if each scan opens the file.
  std::shared_ptr<const ParquetSource> source_;
  int64_t length_ = 0;
  int64_t modified_ = -1;
  parquet::ReaderProperties properties_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  parquet::arrow::SchemaManifest manifest_;
  std::shared_ptr<Schema> whole_;
  std::shared_ptr<Schema> schema_;
  bool has_meanings_ = false;
};

// MARK: Scans

class ParquetBatches final : public Batches {
 public:
  ParquetBatches(std::shared_ptr<const ParquetTable> table, const Scanning& scanning)
      : table_(std::move(table)), source_(table_->open()), scanning_(scanning) {
    const auto selections = select(*table_->whole_, scanning_);
    for (const auto& selection : selections) {
      Column column{&table_->manifest_.schema_fields[selection.index]};
      table_->add_leaves(*column.field, selection, &column.leaves);
      leaves_.insert(leaves_.end(), column.leaves.begin(), column.leaves.end());
      columns_.push_back(std::move(column));
    }
    // What a store far away sends is fetched ahead, of one row group after another.
    is_fetching_ = scanning_.prefetch && !table_->store_.is_local;
    // The schema comes from a reader of nothing, since Arrow prunes nested columns by rules of its own.
    auto first = reader();
    schema_ = source_->reading([&] {
      return value(first->GetRecordBatchReader(std::vector<int>{}, leaves_), NT_MALFORMED)->schema();
    });
    if (schema_->num_fields() != static_cast<int>(selections.size())) {
      throw Failure(NT_INVALID, "the columns to read can't be told apart: names repeat");
    }
    if (table_->has_meanings_) {
      schema_ = with_meanings(*table_->metadata_->schema(), table_->manifest_, selections, schema_);
    }
    if (table_->store_.is_local) local_ = std::move(first);
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }

  std::shared_ptr<RecordBatch> next() override {
    while (true) {
      check(scanning_.stop);
      if (!is_open_ && !begin()) return nullptr;
      auto batch = source_->reading([this] { return read(); });
      if (batch == nullptr) {
        end();
        continue;
      }
      if (batch->num_rows() == 0) continue;
      check(batch->Validate(), NT_MALFORMED);
      rows_ += batch->num_rows();
      return batch;
    }
  }

 private:
  // A column that is read, and what reads it of this row group if Arrow does not.
  struct Column {
    const parquet::arrow::SchemaField* field;
    std::vector<int> leaves;
    std::unique_ptr<ListColumn> lists;
  };

  struct Opened {
    // Batches are decoded by a reader that they do not keep.
    std::shared_ptr<parquet::arrow::FileReader> reader;
    // NULL if Arrow reads none of the columns.
    std::unique_ptr<arrow::RecordBatchReader> batches;
  };

  std::unique_ptr<parquet::ParquetFileReader> file() const {
    return parquet::ParquetFileReader::Open(source_->file(), table_->properties_,
                                            table_->metadata_);
  }

  // Begins to fetch what is read of a row group, in few and large pieces, and does not wait for it.
  std::unique_ptr<parquet::ParquetFileReader> fetch(size_t index) const {
    auto fetching = file();
    fetching->PreBuffer({scanning_.row_groups[index]}, leaves_, io::IOContext(pool()),
                        io::CacheOptions::Defaults());
    return fetching;
  }

  std::shared_ptr<parquet::arrow::FileReader> reader(
      std::unique_ptr<parquet::ParquetFileReader> fetched = nullptr) const {
    if (local_ != nullptr) return local_;
    if (fetched == nullptr) fetched = file();
    return value(parquet::arrow::FileReader::Make(pool(), std::move(fetched),
                                                  arrow_properties(scanning_.batch_rows)),
                 NT_MALFORMED);
  }

  bool begin() {
    if (index_ == scanning_.row_groups.size()) return false;
    auto fetched = std::move(following_);
    if (is_fetching_ && fetched == nullptr) fetched = fetch(index_);
    // The next one comes while this one is decoded and computed.
    if (is_fetching_ && index_ + 1 < scanning_.row_groups.size()) following_ = fetch(index_ + 1);
    current_.reader = reader(std::move(fetched));
    source_->reading([this] { open_columns(scanning_.row_groups[index_]); });
    rows_ = 0;
    is_open_ = true;
    return true;
  }

  void open_columns(int index) {
    const auto group = current_.reader->parquet_reader()->RowGroup(index);
    std::vector<int> leaves;
    for (auto& column : columns_) {
      column.lists = nullptr;
      if (ListColumn::reads(*column.field, *table_->metadata_->schema()) &&
          ListColumn::reads(*group->metadata()->ColumnChunk(column.leaves[0]))) {
        column.lists = ListColumn::open(*column.field, *group->metadata(),
                                        group->GetColumnPageReader(column.leaves[0]));
      } else {
        leaves.insert(leaves.end(), column.leaves.begin(), column.leaves.end());
      }
    }
    if (leaves.empty() && !columns_.empty()) return;
    current_.batches = value(current_.reader->GetRecordBatchReader({index}, leaves), NT_MALFORMED);
  }

  // The next rows of this row group; NULL at its end.
  std::shared_ptr<RecordBatch> read() {
    std::shared_ptr<RecordBatch> others;
    int64_t rows = std::min(scanning_.batch_rows, group_rows() - rows_);
    if (current_.batches != nullptr) {
      check(current_.batches->ReadNext(&others), NT_MALFORMED);
      if (others == nullptr) return nullptr;
      rows = others->num_rows();
    } else if (rows == 0) {
      return nullptr;
    }
    std::vector<std::shared_ptr<ArrayData>> data;
    int next = 0;
    for (size_t index = 0; index < columns_.size(); ++index) {
      const auto& field = schema_->field(static_cast<int>(index));
      const bool is_other = columns_[index].lists == nullptr;
      auto column = is_other ? others->column_data(next++) : read(columns_[index], rows);
      if (column->length != rows) fail_rows(rows_ + column->length);
      data.push_back(with_type(column, field->type()));
    }
    return RecordBatch::Make(schema_, rows, std::move(data));
  }

  std::shared_ptr<ArrayData> read(const Column& column, int64_t rows) const {
    try {
      return column.lists->read(rows);
    } catch (const Failure& failure) {
      throw Failure(failure.code, "column '" + column.field->field->name() + "': " + failure.text);
    }
  }

  [[noreturn]] void fail_rows(int64_t rows) const {
    throw Failure(NT_MALFORMED, "row group " + std::to_string(scanning_.row_groups[index_]) +
                                    " has " + std::to_string(rows) +
                                    " rows, but the file's footer says " +
                                    std::to_string(group_rows()));
  }

  int64_t group_rows() const {
    return table_->metadata_->RowGroup(scanning_.row_groups[index_])->num_rows();
  }

  // Arrow ends a row group without a word when a column has no more values.
  void end() {
    if (rows_ != group_rows()) fail_rows(rows_);
    source_->reading([this] {
      for (const auto& column : columns_) {
        if (column.lists != nullptr && read(column, 1)->length > 0) fail_rows(rows_ + 1);
      }
    });
    for (auto& column : columns_) column.lists = nullptr;
    current_ = Opened{};
    is_open_ = false;
    ++index_;
  }

  std::shared_ptr<const ParquetTable> table_;
  // Destroyed behind the readers, which read from it.
  std::shared_ptr<const ParquetSource> source_;
  Scanning scanning_;
  std::vector<Column> columns_;
  std::vector<int> leaves_;
  std::shared_ptr<Schema> schema_;
  bool is_fetching_ = false;
  std::shared_ptr<parquet::arrow::FileReader> local_;
  bool is_open_ = false;
  Opened current_;
  std::unique_ptr<parquet::ParquetFileReader> following_;
  size_t index_ = 0;
  int64_t rows_ = 0;
};

inline std::unique_ptr<Batches> ParquetTable::scan(const Scanning& scanning) const {
  return std::make_unique<ParquetBatches>(shared_from_this(), scanning);
}

// MARK: Statistics

inline void ParquetTable::statistics(int64_t row_group, const FieldPath& path,
                                     NTStatistics* result) const {
  *result = NTStatistics{};
  result->null_count = -1;
  Scanning scanning;
  scanning.has_columns = true;
  scanning.columns = {path};
  const auto selection = select(*whole_, scanning)[0];
  std::vector<int> leaves;
  add_leaves(manifest_.schema_fields[selection.index], selection, &leaves);
  if (leaves.size() != 1) return;
  const auto* column = metadata_->schema()->Column(leaves[0]);
  if (column->max_repetition_level() > 0) return;
  const auto statistics =
      metadata_->RowGroup(static_cast<int>(row_group))->ColumnChunk(leaves[0])->statistics();
  if (statistics == nullptr) return;
  if (statistics->HasNullCount()) result->null_count = statistics->null_count();
  const auto& logical = column->logical_type();
  if (!statistics->HasMinMax() || (logical != nullptr && logical->is_decimal())) return;
  const bool is_unsigned = column->sort_order() == parquet::SortOrder::UNSIGNED;
  switch (column->physical_type()) {
    case parquet::Type::BOOLEAN: {
      const auto& bounds = static_cast<const parquet::BoolStatistics&>(*statistics);
      result->bounds = NT_INTEGER_BOUNDS;
      result->minimum = bounds.min();
      result->maximum = bounds.max();
      break;
    }
    case parquet::Type::INT32: {
      const auto& bounds = static_cast<const parquet::Int32Statistics&>(*statistics);
      result->bounds = NT_INTEGER_BOUNDS;
      result->minimum = is_unsigned ? static_cast<uint32_t>(bounds.min()) : int64_t{bounds.min()};
      result->maximum = is_unsigned ? static_cast<uint32_t>(bounds.max()) : int64_t{bounds.max()};
      break;
    }
    case parquet::Type::INT64: {
      const auto& bounds = static_cast<const parquet::Int64Statistics&>(*statistics);
      if (is_unsigned && (bounds.min() < 0 || bounds.max() < 0)) break;
      result->bounds = NT_INTEGER_BOUNDS;
      result->minimum = bounds.min();
      result->maximum = bounds.max();
      break;
    }
    case parquet::Type::FLOAT: {
      const auto& bounds = static_cast<const parquet::FloatStatistics&>(*statistics);
      result->bounds = NT_FLOAT_BOUNDS;
      result->float_minimum = bounds.min();
      result->float_maximum = bounds.max();
      break;
    }
    case parquet::Type::DOUBLE: {
      const auto& bounds = static_cast<const parquet::DoubleStatistics&>(*statistics);
      result->bounds = NT_FLOAT_BOUNDS;
      result->float_minimum = bounds.min();
      result->float_maximum = bounds.max();
      break;
    }
    default:
      break;
  }
}

}  // namespace needletail
