// CSV: all columns as text, by Spark's rules.

#pragma once

#include <arrow/array/builder_binary.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "csv_parser.h"
#include "tables.h"
#include "text_reader.h"
#include "utf8.h"

namespace needletail {

// The records of a CSV text, one after another.
class CSVRecords {
 public:
  CSVRecords(std::unique_ptr<TextReader> reader, const CSVFormat& format)
      : reader_(std::move(reader)), format_(format), parser_(format) {}

  const CSVParser& parser() const { return parser_; }
  // Of those of this text; blank ones and comments count.
  int64_t line() const { return line_; }

  // Whether there is another one, which `parser` then has.
  bool next() {
    if (!parsed_.empty()) reader_->consume(parsed_.size());
    parsed_ = {};
    return format_.is_multiline ? next_of_lines() : next_line();
  }

 private:
  bool next_line() {
    while (true) {
      const auto data = reader_->data();
      size_t end = reader_->end_of_line(data, 0);
      if (end == std::string_view::npos) {
        if (reader_->more()) continue;
        // The last line may lack its end; more text may have come with the last block.
        if (reader_->data().empty()) return false;
        end = reader_->end_of_line(reader_->data(), 0);
        if (end == std::string_view::npos) end = reader_->data().size();
      }
      const auto whole = reader_->data().substr(0, end);
      auto line = whole;
      while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
      ++line_;
      if (is_blank(line) || is_comment(line)) {
        reader_->consume(end);
        continue;
      }
      parsed_ = whole;
      parser_.parse(line, "", true);
      return true;
    }
  }

  bool next_of_lines() {
    find_newline();
    while (true) {
      const auto data = reader_->data();
      if (data.empty()) {
        if (!reader_->more()) return false;
        continue;
      }
      // The parser must see a line end as a whole.
      if (data.size() < newline_.size() && reader_->more()) continue;
      if (data.compare(0, newline_.size(), newline_) == 0) {
        reader_->consume(newline_.size());
        ++line_;
        continue;
      }
      if (is_comment(data)) {
        const size_t end = data.find(newline_);
        if (end == std::string_view::npos && reader_->more()) continue;
        reader_->consume(end == std::string_view::npos ? reader_->data().size()
                                                       : end + newline_.size());
        ++line_;
        continue;
      }
      const size_t end = parser_.parse(data, newline_, reader_->is_ended());
      if (end == std::string_view::npos) {
        reader_->more();
        continue;
      }
      parsed_ = data.substr(0, end);
      ++line_;
      return true;
    }
  }

  // Such a text has one kind of line ends, that of the first line.
  void find_newline() {
    while (newline_.empty()) {
      const auto data = reader_->data();
      const size_t end = reader_->end_of_line(data, 0);
      if (end != std::string_view::npos) {
        const size_t start = data.find_first_of("\r\n");
        newline_ = std::string(data.substr(start, end - start));
      } else if (!reader_->more() && reader_->end_of_line(reader_->data(), 0) == std::string_view::npos) {
        newline_ = "\n";
      }
    }
  }

  static bool is_blank(std::string_view line) {
    for (const char c : line) {
      if (static_cast<unsigned char>(c) > ' ') return false;
    }
    return true;
  }

  bool is_comment(std::string_view line) const {
    return format_.comment != 0 && !line.empty() && line[0] == format_.comment;
  }

  std::unique_ptr<TextReader> reader_;
  CSVFormat format_;
  CSVParser parser_;
  std::string newline_;
  std::string_view parsed_;
  int64_t line_ = 0;
};

class CSVTable final : public Table, public std::enable_shared_from_this<CSVTable> {
 public:
  CSVTable(const NTStore& store, const std::string& path, const NTReading& reading,
           const CSVFormat& format, TextRange range, std::shared_ptr<Schema> schema)
      : store_(store),
        path_(path),
        has_compression_(reading.compression != nullptr),
        compression_(has_compression_ ? reading.compression : ""),
        format_(format),
        range_(range),
        block_bytes_(reading.block_bytes),
        length_(reading.length),
        schema_(std::move(schema)) {
    if (length_ < 0) {
      const auto info = value(store_.system->GetFileInfo(path_));
      if (info.type() == fs::FileType::NotFound) {
        throw Failure(NT_NOT_FOUND, "there is no such file");
      }
      length_ = info.size();
    }
    if (format_.is_multiline && (range_.start > 0 || range_.end >= 0)) {
      throw Failure(NT_INVALID, "a file whose values hold line ends can't be read in ranges");
    }
    if (schema_ != nullptr) {
      for (const auto& field : schema_->fields()) {
        if (field->type()->id() != arrow::Type::STRING) {
          throw Failure(NT_INVALID, "CSV is read as text, but column '" + field->name() +
                                        "' is to be " + field->type()->ToString());
        }
      }
      return;
    }
    // The names are at the beginning of the file, wherever the range is.
    CSVRecords records(open(TextRange{}), format_);
    std::vector<std::shared_ptr<Field>> fields;
    if (records.next()) {
      std::string storage;
      for (size_t index = 0; index < records.parser().count(); ++index) {
        std::string name;
        if (!format_.has_header) {
          name = "_c" + std::to_string(index);
        } else if (!records.parser().is_null(index)) {
          name = std::string(repaired(records.parser().text(index), &storage));
        }
        fields.push_back(arrow::field(name, arrow::utf8()));
      }
    }
    schema_ = arrow::schema(std::move(fields));
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }
  int64_t length() const override { return length_; }
  std::unique_ptr<Batches> scan(const Scanning& scanning) const override;

 private:
  friend class CSVBatches;

  std::unique_ptr<TextReader> open(TextRange range) const {
    return std::make_unique<TextReader>(store_, path_, length_,
                                        has_compression_ ? compression_.c_str() : nullptr, range,
                                        block_bytes_);
  }

  NTStore store_;
  std::string path_;
  bool has_compression_;
  std::string compression_;
  CSVFormat format_;
  TextRange range_;
  int32_t block_bytes_;
  int64_t length_;
  std::shared_ptr<Schema> schema_;
};

class CSVBatches final : public Batches {
 public:
  CSVBatches(std::shared_ptr<const CSVTable> table, const Scanning& scanning)
      : table_(std::move(table)), scanning_(scanning) {
    const auto selections = select(*table_->schema_, scanning_);
    schema_ = pruned(*table_->schema_, selections);
    for (const auto& selection : selections) columns_.push_back(selection.index);
    if (scanning_.row_groups.empty()) return;
    records_ = std::make_unique<CSVRecords>(table_->open(table_->range_), table_->format_);
    if (table_->format_.has_header && table_->range_.start == 0) records_->next();
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }

  std::shared_ptr<RecordBatch> next() override {
    check(scanning_.stop);
    if (records_ == nullptr) return nullptr;
    std::vector<std::unique_ptr<arrow::StringBuilder>> builders;
    for (size_t index = 0; index < columns_.size(); ++index) {
      builders.push_back(std::make_unique<arrow::StringBuilder>(pool()));
      check(builders.back()->Reserve(std::min<int64_t>(scanning_.batch_rows, 1 << 16)));
    }
    int64_t rows = 0;
    size_t bytes = 0;
    while (rows < scanning_.batch_rows && bytes < most_bytes && records_->next()) {
      if (!has_right_count()) continue;
      bytes += add(&builders);
      ++rows;
      if (rows % 1024 == 0) check(scanning_.stop);
    }
    if (rows == 0) return nullptr;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (auto& builder : builders) columns.push_back(value(builder->Finish(), NT_MALFORMED));
    return RecordBatch::Make(schema_, rows, std::move(columns));
  }

 private:
  // A batch's texts are counted in 32 bits.
  static constexpr size_t most_bytes = size_t{1} << 28;

  bool has_right_count() const {
    const size_t count = records_->parser().count();
    const auto expected = static_cast<size_t>(table_->schema_->num_fields());
    const int32_t mode = table_->format_.on_wrong_count;
    if (count == expected || mode == NT_FILL) return true;
    if (mode == NT_DROP) return false;
    const std::string part =
        table_->range_.start == 0
            ? ""
            : " of those behind byte " + std::to_string(table_->range_.start);
    throw Failure(NT_MALFORMED, "line " + std::to_string(records_->line()) + part + " has " +
                                    std::to_string(count) + " values, but there are " +
                                    std::to_string(expected) + " columns");
  }

  size_t add(std::vector<std::unique_ptr<arrow::StringBuilder>>* builders) {
    const CSVParser& parser = records_->parser();
    size_t bytes = 0;
    for (size_t index = 0; index < columns_.size(); ++index) {
      auto& builder = *(*builders)[index];
      const auto column = static_cast<size_t>(columns_[index]);
      if (column >= parser.count() || parser.is_null(column)) {
        check(builder.AppendNull());
      } else {
        const auto text = repaired(parser.text(column), &storage_);
        check(builder.Append(text), NT_MALFORMED);
        bytes += text.size();
      }
    }
    return bytes;
  }

  std::shared_ptr<const CSVTable> table_;
  Scanning scanning_;
  std::shared_ptr<Schema> schema_;
  std::vector<int> columns_;
  std::unique_ptr<CSVRecords> records_;
  std::string storage_;
};

inline std::unique_ptr<Batches> CSVTable::scan(const Scanning& scanning) const {
  return std::make_unique<CSVBatches>(shared_from_this(), scanning);
}

}  // namespace needletail
