// Bytes of files: reading, writing, compression.

#pragma once

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include <memory>
#include <string>

#include "failures.h"
#include "memory.h"
#include "stores.h"

namespace needletail {

namespace io = arrow::io;

inline bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The compression that a name's end tells of.
inline arrow::Compression::type compression_of_name(const std::string& path) {
  if (ends_with(path, ".gz")) return arrow::Compression::GZIP;
  if (ends_with(path, ".zst") || ends_with(path, ".zstd")) return arrow::Compression::ZSTD;
  if (ends_with(path, ".bz2")) return arrow::Compression::BZ2;
  if (ends_with(path, ".lz4")) return arrow::Compression::LZ4_FRAME;
  if (ends_with(path, ".br")) return arrow::Compression::BROTLI;
  return arrow::Compression::UNCOMPRESSED;
}

// The compression of a whole file, by its name in options.
inline arrow::Compression::type compression_of(const char* name) {
  const std::string text = name == nullptr ? "none" : name;
  if (text.empty() || text == "none" || text == "uncompressed") {
    return arrow::Compression::UNCOMPRESSED;
  }
  if (text == "gzip" || text == "gz") return arrow::Compression::GZIP;
  if (text == "zstd") return arrow::Compression::ZSTD;
  if (text == "bz2" || text == "bzip2") return arrow::Compression::BZ2;
  if (text == "lz4") return arrow::Compression::LZ4_FRAME;
  if (text == "brotli") return arrow::Compression::BROTLI;
  throw Failure(NT_INVALID, "there is no compression '" + text +
                                "'; there are none, gzip, zstd, bz2, lz4, brotli");
}

inline std::unique_ptr<arrow::util::Codec> codec_of(
    arrow::Compression::type compression,
    int level = arrow::util::kUseDefaultCompressionLevel) {
  return value(arrow::util::Codec::Create(compression, level), NT_INVALID);
}

inline std::shared_ptr<io::InputStream> open_stream(const NTStore& store, const std::string& path) {
  if (store.is_local) return value(io::ReadableFile::Open(path, pool()));
  return value(store.system->OpenInputStream(path));
}

// A file to be read anywhere. One of this machine is mapped into memory if `is_mapped`.
inline std::shared_ptr<io::RandomAccessFile> open_file(const NTStore& store, const std::string& path,
                                                       int64_t length, bool is_mapped) {
  if (store.is_local) {
    if (is_mapped) return value(io::MemoryMappedFile::Open(path, io::FileMode::READ));
    return value(io::ReadableFile::Open(path, pool()));
  }
  fs::FileInfo info(path, fs::FileType::File);
  if (length >= 0) {
    info.set_size(length);
    return value(store.system->OpenInputFile(info));
  }
  return value(store.system->OpenInputFile(path));
}

// Counts the bytes that reach a file.
class CountingStream final : public io::OutputStream {
 public:
  explicit CountingStream(std::shared_ptr<io::OutputStream> stream) : stream_(std::move(stream)) {}

  arrow::Status Write(const void* data, int64_t count) override {
    ARROW_RETURN_NOT_OK(stream_->Write(data, count));
    written_ += count;
    return arrow::Status::OK();
  }
  arrow::Status Write(const std::shared_ptr<arrow::Buffer>& data) override {
    ARROW_RETURN_NOT_OK(stream_->Write(data));
    written_ += data->size();
    return arrow::Status::OK();
  }
  arrow::Status Flush() override { return stream_->Flush(); }
  arrow::Status Close() override { return stream_->Close(); }
  arrow::Status Abort() override { return stream_->Abort(); }
  bool closed() const override { return stream_->closed(); }
  arrow::Result<int64_t> Tell() const override { return written_; }

  int64_t written() const { return written_; }

 private:
  std::shared_ptr<io::OutputStream> stream_;
  int64_t written_ = 0;
};

// A file that is being written. Unless it was closed it is removed with this.
class OpenedFile {
 public:
  OpenedFile(const NTStore& store, std::string path)
      : system_(store.system), path_(std::move(path)) {
    raw_ = std::make_shared<CountingStream>(value(system_->OpenOutputStream(path_)));
    stream_ = raw_;
  }

  OpenedFile(const OpenedFile&) = delete;
  OpenedFile& operator=(const OpenedFile&) = delete;

  ~OpenedFile() {
    if (is_closed_) return;
    quietly([this] { (void)raw_->Abort(); });
    // A device such as /dev/full is no file of ours.
    quietly([this] {
      const auto info = system_->GetFileInfo(path_);
      if (info.ok() && info->IsFile()) (void)system_->DeleteFile(path_);
    });
  }

  void compress(arrow::Compression::type compression, int level) {
    if (compression == arrow::Compression::UNCOMPRESSED) return;
    codec_ = codec_of(compression, level);
    stream_ = value(io::CompressedOutputStream::Make(codec_.get(), raw_, pool()));
  }

  const std::shared_ptr<io::OutputStream>& stream() const { return stream_; }

  int64_t close() {
    if (!stream_->closed()) check(stream_->Close());
    is_closed_ = true;
    return raw_->written();
  }

 private:
  std::shared_ptr<fs::FileSystem> system_;
  std::string path_;
  std::shared_ptr<CountingStream> raw_;
  std::unique_ptr<arrow::util::Codec> codec_;
  std::shared_ptr<io::OutputStream> stream_;
  bool is_closed_ = false;
};

}  // namespace needletail

struct NTInput {
  std::unique_ptr<arrow::util::Codec> codec;
  std::shared_ptr<arrow::io::InputStream> stream;

  // Fewer than `capacity` bytes only at the end.
  int64_t read(void* buffer, int64_t capacity) {
    int64_t count = 0;
    while (count < capacity) {
      const int64_t more = needletail::value(
          stream->Read(capacity - count, static_cast<char*>(buffer) + count),
          codec == nullptr ? NT_IO : NT_MALFORMED);
      if (more == 0) break;
      count += more;
    }
    return count;
  }
};

namespace needletail {

inline NTInput open_input(const NTStore& store, const std::string& path, const char* compression) {
  NTInput input;
  const auto type = compression == nullptr ? compression_of_name(path) : compression_of(compression);
  input.stream = open_stream(store, path);
  if (type != arrow::Compression::UNCOMPRESSED) {
    input.codec = codec_of(type);
    input.stream = value(io::CompressedInputStream::Make(input.codec.get(), input.stream, pool()));
  }
  return input;
}

}  // namespace needletail

struct NTOutput {
  std::unique_ptr<needletail::OpenedFile> file;
};
