// Arrow's own formats: files and streams.

#pragma once

#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bytes.h"
#include "casts.h"
#include "tables.h"

namespace needletail {

// Reads the columns at `fields` alone; all if there are none.
inline arrow::ipc::IpcReadOptions ipc_options(std::vector<int> fields = {}) {
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.use_threads = false;
  options.memory_pool = pool();
  options.included_fields = std::move(fields);
  return options;
}

class ArrowTable final : public Table, public std::enable_shared_from_this<ArrowTable> {
 public:
  ArrowTable(const NTStore& store, const std::string& path, int64_t length)
      : store_(store), path_(path), source_(open_file(store, path, length)) {
    length_ = value(source_->GetSize());
    char magic[6] = {};
    const int64_t count = value(source_->ReadAt(0, 6, magic));
    is_file_ = count == 6 && std::string(magic, 6) == "ARROW1";
    if (is_file_) {
      whole_ = value(arrow::ipc::RecordBatchFileReader::Open(source_, ipc_options()), NT_MALFORMED)
                   ->schema();
    } else {
      whole_ = open_stream_reader(open_stream(store_, path_))->schema();
    }
    schema_ = plain(*whole_);
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }
  int64_t length() const override { return length_; }
  std::unique_ptr<Batches> scan(const Scanning& scanning) const override;

 private:
  friend class ArrowBatches;

  static std::shared_ptr<arrow::ipc::RecordBatchStreamReader> open_stream_reader(
      const std::shared_ptr<io::InputStream>& input) {
    return value(arrow::ipc::RecordBatchStreamReader::Open(input, ipc_options()), NT_MALFORMED);
  }

  // A stream that was cut off between two batches looks like a whole one to Arrow.
  void check_end(io::InputStream* input) const {
    constexpr uint8_t mark[8] = {0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0};
    uint8_t last[8] = {};
    const bool is_marked = length_ >= 8 && value(source_->ReadAt(length_ - 8, 8, last)) == 8 &&
                           std::equal(mark, mark + 8, last);
    if (is_marked && value(input->Tell()) == length_) return;
    throw Failure(NT_MALFORMED, "the stream does not end with the mark of its end, so that rows may "
                                "be missing");
  }

  NTStore store_;
  std::string path_;
  std::shared_ptr<io::RandomAccessFile> source_;
  int64_t length_ = 0;
  bool is_file_ = false;
  std::shared_ptr<Schema> whole_;
  std::shared_ptr<Schema> schema_;
};

class ArrowBatches final : public Batches {
 public:
  ArrowBatches(std::shared_ptr<const ArrowTable> table, const Scanning& scanning)
      : table_(std::move(table)), scanning_(scanning), slices_(scanning.batch_rows) {
    selections_ = select(*table_->whole_, scanning_);
    // Pruned before it is made plain, so that nothing is decoded in vain.
    pruned_ = pruned(*table_->whole_, selections_);
    schema_ = plain(*pruned_);
    if (scanning_.row_groups.empty()) {
      is_ended_ = true;
    } else if (table_->is_file_) {
      // They come in the file's order.
      std::vector<int> fields;
      for (const auto& selection : selections_) fields.push_back(selection.index);
      std::sort(fields.begin(), fields.end());
      for (const auto& selection : selections_) {
        const auto place = std::lower_bound(fields.begin(), fields.end(), selection.index);
        places_.push_back(static_cast<int>(place - fields.begin()));
      }
      file_ = value(arrow::ipc::RecordBatchFileReader::Open(table_->source_, ipc_options(fields)),
                    NT_MALFORMED);
    } else {
      input_ = open_stream(table_->store_, table_->path_);
      stream_ = table_->open_stream_reader(input_);
      for (const auto& selection : selections_) places_.push_back(selection.index);
    }
  }

  std::shared_ptr<Schema> schema() const override { return schema_; }

  std::shared_ptr<RecordBatch> next() override {
    return slices_.next([this] { return make(); });
  }

 private:
  std::shared_ptr<RecordBatch> make() {
    check(scanning_.stop);
    if (is_ended_) return nullptr;
    std::shared_ptr<RecordBatch> batch;
    if (file_ != nullptr) {
      if (index_ < file_->num_record_batches()) {
        auto read = file_->ReadRecordBatch(index_++);
        check_memory(read.status());
        batch = value(std::move(read), NT_MALFORMED);
      }
    } else {
      const auto status = stream_->ReadNext(&batch);
      check_memory(status);
      check(status, NT_MALFORMED);
    }
    if (batch == nullptr) {
      if (input_ != nullptr) table_->check_end(input_.get());
      is_ended_ = true;
      return nullptr;
    }
    std::vector<std::shared_ptr<ArrayData>> columns;
    for (size_t index = 0; index < selections_.size(); ++index) {
      const auto& column = batch->column(places_[index]);
      const auto& name = schema_->field(static_cast<int>(index))->name();
      // The bytes are another program's: offsets and codes may point anywhere.
      const auto status = column->ValidateFull();
      if (!status.ok()) {
        throw Failure(NT_MALFORMED, "column '" + name + "': " + text_of(status));
      }
      const auto data = pruned(column->data(), selections_[index],
                               pruned_->field(static_cast<int>(index))->type());
      columns.push_back(plain(data, schema_->field(static_cast<int>(index))->type(), name));
    }
    return RecordBatch::Make(schema_, batch->num_rows(), std::move(columns));
  }

  // A damaged length looks like one that memory has no room for.
  static void check_memory(const arrow::Status& status) {
    if (!status.IsOutOfMemory()) return;
    throw Failure(NT_MALFORMED, "the file is damaged, or a batch of it does not fit in memory: " +
                                    text_of(status));
  }

  std::shared_ptr<const ArrowTable> table_;
  Scanning scanning_;
  Slices slices_;
  std::vector<Selection> selections_;
  // Where they are in the batches that are read.
  std::vector<int> places_;
  std::shared_ptr<Schema> pruned_;
  std::shared_ptr<Schema> schema_;
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  std::shared_ptr<io::InputStream> input_;
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> stream_;
  int index_ = 0;
  bool is_ended_ = false;
};

inline std::unique_ptr<Batches> ArrowTable::scan(const Scanning& scanning) const {
  return std::make_unique<ArrowBatches>(shared_from_this(), scanning);
}

}  // namespace needletail
