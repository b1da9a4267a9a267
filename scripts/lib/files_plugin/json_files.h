// JSON lines, parsed by Arrow a block of lines at a time.

#pragma once

#include <arrow/array/array_nested.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>

#include <memory>
#include <string>
#include <vector>

#include "tables.h"
#include "text_reader.h"

namespace needletail {

class JSONTable final : public Table, public std::enable_shared_from_this<JSONTable> {
 public:
  JSONTable(const NTStore& store, const std::string& path, const NTReading& reading,
            TextRange range, std::shared_ptr<Schema> schema)
      : store_(store),
        path_(path),
        has_compression_(reading.compression != nullptr),
        compression_(has_compression_ ? reading.compression : ""),
        range_(range),
        block_bytes_(reading.block_bytes),
        length_(reading.length),
        schema_(std::move(schema)) {
    auto reader = open();
    if (length_ < 0) length_ = value(store_.system->GetFileInfo(path_)).size();
    if (schema_ != nullptr) return;
    const auto lines = next_lines(reader.get());
    schema_ = lines == nullptr ? arrow::schema({}) : parse(lines, nullptr, 0)->schema();
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }
  int64_t length() const override { return length_; }
  std::unique_ptr<Batches> scan(const Scanning& scanning) const override;

 private:
  friend class JSONBatches;

  std::unique_ptr<TextReader> open() const {
    return std::make_unique<TextReader>(store_, path_, length_,
                                        has_compression_ ? compression_.c_str() : nullptr, range_,
                                        block_bytes_);
  }

  // A block of whole lines, one at least that is not blank; NULL at the end.
  static std::shared_ptr<arrow::Buffer> next_lines(TextReader* reader) {
    while (true) {
      const auto data = reader->data();
      size_t end = data.size();
      if (!reader->is_ended()) {
        const size_t last = data.find_last_of("\r\n");
        end = last == std::string_view::npos ? 0 : last + 1;
      }
      const bool is_blank =
          data.substr(0, end).find_first_not_of(" \t\r\n") == std::string_view::npos;
      if (!is_blank) {
        auto lines = arrow::Buffer::FromString(std::string(data.substr(0, end)));
        reader->consume(end);
        return lines;
      }
      reader->consume(end);
      if (!reader->more()) {
        if (reader->data().empty() || end == data.size()) return nullptr;
      }
    }
  }

  static std::shared_ptr<RecordBatch> parse(const std::shared_ptr<arrow::Buffer>& lines,
                                            const std::shared_ptr<Schema>& schema, int64_t rows) {
    auto options = arrow::json::ParseOptions::Defaults();
    options.explicit_schema = schema;
    options.unexpected_field_behavior =
        schema == nullptr ? arrow::json::UnexpectedFieldBehavior::InferType
                          : arrow::json::UnexpectedFieldBehavior::Ignore;
    auto batch = arrow::json::ParseOne(options, lines);
    if (!batch.ok()) {
      // Arrow counts rows from the beginning of what it was given.
      std::string text = text_of(batch.status());
      const std::string mark = " in row ";
      const size_t place = text.rfind(mark);
      if (place != std::string::npos) {
        const int64_t row = std::strtoll(text.c_str() + place + mark.size(), nullptr, 10);
        text = text.substr(0, place) + " in row " + std::to_string(rows + row + 1);
      }
      throw Failure(code_of(batch.status(), NT_MALFORMED), text);
    }
    return std::move(batch).ValueUnsafe();
  }

  NTStore store_;
  std::string path_;
  bool has_compression_;
  std::string compression_;
  TextRange range_;
  int32_t block_bytes_;
  int64_t length_;
  std::shared_ptr<Schema> schema_;
};

class JSONBatches final : public Batches {
 public:
  JSONBatches(std::shared_ptr<const JSONTable> table, const Scanning& scanning)
      : table_(std::move(table)), scanning_(scanning), slices_(scanning.batch_rows) {
    const auto selections = select(*table_->schema_, scanning_);
    // Fields that are not asked for are not made.
    schema_ = pruned(*table_->schema_, selections);
    if (!scanning_.row_groups.empty()) reader_ = table_->open();
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }

  std::shared_ptr<RecordBatch> next() override {
    return slices_.next([this] { return make(); });
  }

 private:
  std::shared_ptr<RecordBatch> make() {
    check(scanning_.stop);
    if (reader_ == nullptr) return nullptr;
    const auto lines = table_->next_lines(reader_.get());
    if (lines == nullptr) return nullptr;
    const auto batch = table_->parse(lines, schema_, rows_);
    rows_ += batch->num_rows();
    check(batch->ValidateFull(), NT_MALFORMED);
    return batch;
  }

  std::shared_ptr<const JSONTable> table_;
  Scanning scanning_;
  Slices slices_;
  std::shared_ptr<Schema> schema_;
  std::unique_ptr<TextReader> reader_;
  int64_t rows_ = 0;
};

inline std::unique_ptr<Batches> JSONTable::scan(const Scanning& scanning) const {
  return std::make_unique<JSONBatches>(shared_from_this(), scanning);
}

}  // namespace needletail
