// Files of tables that are written.

#pragma once

#include <arrow/ipc/options.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <memory>
#include <string>

#include "bytes.h"
#include "tables.h"

namespace needletail {

class TableWriter {
 public:
  virtual ~TableWriter() = default;
  virtual void write(const RecordBatch& batch) = 0;
  // What the format has at its end.
  virtual void finish() = 0;
};

inline arrow::Compression::type parquet_compression_of(const char* name) {
  const std::string text = name == nullptr ? "none" : name;
  if (text == "none" || text == "uncompressed") return arrow::Compression::UNCOMPRESSED;
  if (text == "snappy") return arrow::Compression::SNAPPY;
  if (text == "zstd") return arrow::Compression::ZSTD;
  if (text == "gzip") return arrow::Compression::GZIP;
  if (text == "lz4_raw") return arrow::Compression::LZ4;
  if (text == "brotli") return arrow::Compression::BROTLI;
  throw Failure(NT_INVALID, "Parquet has no compression '" + text +
                                "'; it has none, snappy, zstd, gzip, lz4_raw, brotli");
}

class ParquetWriter final : public TableWriter {
 public:
  ParquetWriter(const std::shared_ptr<io::OutputStream>& stream,
                const std::shared_ptr<Schema>& schema, const NTWriting& writing)
      : group_bytes_(writing.row_group_bytes > 0 ? writing.row_group_bytes : int64_t{128} << 20) {
    parquet::WriterProperties::Builder properties;
    properties.memory_pool(pool());
    properties.compression(parquet_compression_of(writing.compression));
    if (writing.compression_level >= 0) properties.compression_level(writing.compression_level);
    properties.max_row_group_length(writing.row_group_rows > 0 ? writing.row_group_rows : 1 << 20);
    parquet::ArrowWriterProperties::Builder arrow_properties;
    // Spark knows no nanoseconds.
    arrow_properties.coerce_timestamps(arrow::TimeUnit::MICRO);
    arrow_properties.set_use_threads(false);
    writer_ = value(parquet::arrow::FileWriter::Open(*schema, pool(), stream, properties.build(),
                                                     arrow_properties.build()),
                    NT_INVALID);
    if (schema->metadata() != nullptr && schema->metadata()->size() > 0) {
      check(writer_->AddKeyValueMetadata(schema->metadata()));
    }
  }

  void write(const RecordBatch& batch) override {
    if (batch.num_rows() == 0) return;
    if (bytes_ >= group_bytes_) {
      check(writer_->NewBufferedRowGroup());
      bytes_ = 0;
    }
    check(writer_->WriteRecordBatch(batch), NT_INVALID);
    bytes_ += value(arrow::util::ReferencedBufferSize(batch));
  }

  void finish() override { check(writer_->Close()); }

 private:
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  int64_t group_bytes_;
  // In memory before encoding.
  int64_t bytes_ = 0;
};

class ArrowWriter final : public TableWriter {
 public:
  explicit ArrowWriter(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer)
      : writer_(std::move(writer)) {}

  void write(const RecordBatch& batch) override {
    check(writer_->WriteRecordBatch(batch), NT_INVALID);
  }

  void finish() override { check(writer_->Close()); }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

inline std::unique_ptr<TableWriter> make_arrow_writer(
    const std::shared_ptr<io::OutputStream>& stream, const std::shared_ptr<Schema>& schema,
    const NTWriting& writing) {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;
  options.memory_pool = pool();
  const std::string name = writing.compression == nullptr ? "none" : writing.compression;
  if (name == "zstd" || name == "lz4") {
    const auto type = name == "zstd" ? arrow::Compression::ZSTD : arrow::Compression::LZ4_FRAME;
    const int level = writing.compression_level >= 0 ? writing.compression_level
                                                     : arrow::util::kUseDefaultCompressionLevel;
    options.codec = value(arrow::util::Codec::Create(type, level), NT_INVALID);
  } else if (name != "none" && name != "uncompressed") {
    throw Failure(NT_INVALID,
                  "Arrow files have no compression '" + name + "'; they have none, zstd, lz4");
  }
  auto writer = writing.is_stream ? arrow::ipc::MakeStreamWriter(stream, schema, options)
                                  : arrow::ipc::MakeFileWriter(stream, schema, options);
  return std::make_unique<ArrowWriter>(value(std::move(writer), NT_INVALID));
}

}  // namespace needletail

struct NTWriter {
  // Destroyed from the last to the first: what writes goes before its file.
  std::unique_ptr<needletail::OpenedFile> file;
  std::shared_ptr<arrow::Schema> schema;
  std::unique_ptr<needletail::TableWriter> writer;
};
