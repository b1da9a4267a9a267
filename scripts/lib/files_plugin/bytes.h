// Bytes of files: reading, writing, compression.

#pragma once

#include <arrow/buffer.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/compression.h>

#include <sys/stat.h>

#include <algorithm>
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

inline std::unique_ptr<arrow::util::Codec> codec_of(arrow::Compression::type type) {
  return value(arrow::util::Codec::Create(type), NT_INVALID);
}

// Hadoop's, which is zlib's own format.
inline std::unique_ptr<arrow::util::Codec> deflate_codec() {
  arrow::util::GZipCodecOptions options;
  options.gzip_format = arrow::util::GZipFormat::ZLIB;
  return value(arrow::util::Codec::Create(arrow::Compression::GZIP, options), NT_INVALID);
}

// What undoes the compression that a name's end tells of; NULL for none.
inline std::unique_ptr<arrow::util::Codec> codec_of_name(const std::string& path) {
  if (ends_with(path, ".gz") || ends_with(path, ".gzip")) return codec_of(arrow::Compression::GZIP);
  if (ends_with(path, ".zst") || ends_with(path, ".zstd")) return codec_of(arrow::Compression::ZSTD);
  if (ends_with(path, ".bz2")) return codec_of(arrow::Compression::BZ2);
  if (ends_with(path, ".lz4")) return codec_of(arrow::Compression::LZ4_FRAME);
  if (ends_with(path, ".br")) return codec_of(arrow::Compression::BROTLI);
  if (ends_with(path, ".deflate")) return deflate_codec();
  return nullptr;
}

// The compression of a whole file that is written; NULL for none.
inline std::unique_ptr<arrow::util::Codec> codec_of(const char* name) {
  const std::string text = name == nullptr ? "none" : name;
  if (text == "none" || text == "uncompressed") return nullptr;
  if (text == "gzip") return codec_of(arrow::Compression::GZIP);
  if (text == "zstd") return codec_of(arrow::Compression::ZSTD);
  if (text == "bzip2") return codec_of(arrow::Compression::BZ2);
  if (text == "brotli") return codec_of(arrow::Compression::BROTLI);
  if (text == "deflate") return deflate_codec();
  if (text == "lz4") {
    throw Failure(NT_UNSUPPORTED, "compression lz4 is not written: what Spark and Hadoop take for it "
                                  "is a format of their own; choose gzip, zstd or bzip2");
  }
  throw Failure(NT_INVALID, "files can't be compressed as '" + text +
                                "'; choose none, gzip, zstd, bzip2, brotli or deflate");
}

// A pipe would wait for its writer, where nothing could stop it.
inline void check_kind(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) return;
  throw Failure(NT_INVALID, "it is no file, but " +
                                std::string(S_ISFIFO(status.st_mode)   ? "a pipe"
                                            : S_ISSOCK(status.st_mode) ? "a socket"
                                                                       : "a device"));
}

// A file of this machine whose bytes all come, or none: what Arrow makes of fewer may have anything in the
// place of those that are missing.
class WholeFile final : public io::RandomAccessFile {
 public:
  explicit WholeFile(std::shared_ptr<io::ReadableFile> file)
      : file_(std::move(file)), length_(value(file_->GetSize())) {}

  arrow::Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }
  arrow::Result<int64_t> Tell() const override { return file_->Tell(); }
  arrow::Status Seek(int64_t position) override { return file_->Seek(position); }
  arrow::Result<int64_t> GetSize() override { return length_; }

  arrow::Result<int64_t> Read(int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t position, file_->Tell());
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->Read(count, out));
    ARROW_RETURN_NOT_OK(check(position, count, read));
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t position, file_->Tell());
    ARROW_ASSIGN_OR_RAISE(auto buffer, file_->Read(count));
    ARROW_RETURN_NOT_OK(check(position, count, buffer->size()));
    return buffer;
  }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, file_->ReadAt(position, count, out));
    ARROW_RETURN_NOT_OK(check(position, count, read));
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, file_->ReadAt(position, count));
    ARROW_RETURN_NOT_OK(check(position, count, buffer->size()));
    return buffer;
  }

 private:
  arrow::Status check(int64_t position, int64_t count, int64_t read) const {
    if (read >= std::min(count, length_ - position)) return arrow::Status::OK();
    return arrow::Status::IOError("the file was cut short while it was read");
  }

  std::shared_ptr<io::ReadableFile> file_;
  int64_t length_;
};

inline std::shared_ptr<io::ReadableFile> open_local(const std::string& path) {
  check_kind(path);
  return value(io::ReadableFile::Open(path, pool()));
}

// A file to be read anywhere.
inline std::shared_ptr<io::RandomAccessFile> open_file(const NTStore& store, const std::string& path,
                                                       int64_t length) {
  if (store.is_local) return std::make_shared<WholeFile>(open_local(path));
  fs::FileInfo info(path, fs::FileType::File);
  if (length >= 0) {
    info.set_size(length);
    return value(store.system->OpenInputFile(info));
  }
  return value(store.system->OpenInputFile(path));
}

// A file to be read one byte after the other, from `offset` on.
inline std::shared_ptr<io::InputStream> open_stream(const NTStore& store, const std::string& path,
                                                    int64_t offset = 0) {
  if (!store.is_local && offset == 0) return value(store.system->OpenInputStream(path));
  std::shared_ptr<io::RandomAccessFile> file;
  if (store.is_local) {
    file = open_local(path);
  } else {
    file = value(store.system->OpenInputFile(path));
  }
  if (offset > 0) check(file->Seek(offset));
  return file;
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

  void compress(std::unique_ptr<arrow::util::Codec> codec) {
    codec_ = std::move(codec);
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

inline NTInput open_input(const NTStore& store, const std::string& path, bool decompresses,
                          int64_t offset) {
  NTInput input;
  if (decompresses) input.codec = codec_of_name(path);
  if (offset < 0 || (offset > 0 && input.codec != nullptr)) {
    throw Failure(NT_INVALID,
                  "the file can't be read from byte " + std::to_string(offset) + " on");
  }
  input.stream = open_stream(store, path, offset);
  if (input.codec != nullptr) {
    input.stream = value(io::CompressedInputStream::Make(input.codec.get(), input.stream, pool()));
  }
  return input;
}

}  // namespace needletail

struct NTOutput {
  std::unique_ptr<needletail::OpenedFile> file;
};
