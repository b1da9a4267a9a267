// Lines of text files, of the whole or of a range.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bytes.h"

namespace needletail {

struct TextRange {
  int64_t start = 0;
  // Where it ends; -1: nowhere before the file does.
  int64_t end = -1;
};

// The bytes of a text, a block at a time. What was not consumed stays in front of what follows.
class TextReader {
 public:
  static constexpr size_t longest_line = size_t{1} << 30;

  TextReader(const NTStore& store, const std::string& path, int64_t length, const char* compression,
             TextRange range, int64_t block_bytes)
      : block_bytes_(block_bytes > 0 ? block_bytes : 1 << 20), range_(range) {
    const auto type =
        compression == nullptr ? compression_of_name(path) : compression_of(compression);
    if (type == arrow::Compression::UNCOMPRESSED) {
      file_ = open_file(store, path, length, /*is_mapped=*/false);
    } else {
      if (range.start > 0 || range.end >= 0) {
        throw Failure(NT_INVALID, "a compressed file can't be read in ranges");
      }
      input_ = open_input(store, path, compression);
    }
    position_ = range_.start;
    if (range_.start > 0) {
      // The line that the range begins in is the range's before.
      while (true) {
        const size_t start = end_of_line(data(), 0);
        if (start != std::string_view::npos) {
          consume(start);
          break;
        }
        if (!more()) {
          consume(data().size());
          break;
        }
      }
    } else {
      more();
      if (data().substr(0, 3) == "\xEF\xBB\xBF") consume(3);
    }
  }

  // What was read and not yet consumed.
  std::string_view data() const {
    return std::string_view(buffer_).substr(start_, end_ - start_);
  }

  void consume(size_t count) { start_ += count; }

  // Nothing follows ``data``.
  bool is_ended() const { return is_ended_; }

  // Appends a block; false when nothing follows.
  bool more() {
    if (is_ended_) return false;
    if (end_ - start_ > longest_line) {
      throw Failure(NT_MALFORMED, "a line is longer than 1 GiB, so this is no text of lines, or its "
                                  "quotes do not match");
    }
    buffer_.erase(0, start_);
    end_ -= start_;
    start_ = 0;
    // As much as there is, so that a long line is not looked through again and again.
    const int64_t wanted = std::max<int64_t>(block_bytes_, static_cast<int64_t>(end_));
    buffer_.resize(end_ + wanted);
    const int64_t count = read(&buffer_[end_], wanted);
    end_ += count;
    buffer_.resize(end_);
    position_ += count;
    if (count < wanted) is_ended_ = true;
    limit();
    return count > 0;
  }

  // Behind the first line end of `data` at or behind `start`; `npos` if there is none, or what is there
  // may go on.
  size_t end_of_line(std::string_view data, size_t start) const {
    const size_t end = data.find_first_of("\r\n", start);
    if (end == std::string_view::npos) return end;
    if (data[end] == '\n') return end + 1;
    if (end + 1 == data.size()) return is_ended_ ? end + 1 : std::string_view::npos;
    return data[end + 1] == '\n' ? end + 2 : end + 1;
  }

 private:
  int64_t read(char* buffer, int64_t count) {
    if (file_ == nullptr) return input_.read(buffer, count);
    int64_t sum = 0;
    while (sum < count) {
      const int64_t more = value(file_->ReadAt(position_ + sum, count - sum, buffer + sum));
      if (more == 0) break;
      sum += more;
    }
    return sum;
  }

  // Cuts off what is behind the range.
  void limit() {
    if (range_.end < 0 || position_ <= range_.end) return;
    const int64_t first = position_ - static_cast<int64_t>(end_ - start_);
    const size_t behind = static_cast<size_t>(std::max<int64_t>(range_.end - first, 0));
    const size_t end = end_of_line(data(), behind);
    if (end == std::string_view::npos) return;
    end_ = start_ + end;
    is_ended_ = true;
    range_.end = -1;
  }

  int64_t block_bytes_;
  TextRange range_;
  std::shared_ptr<io::RandomAccessFile> file_;
  NTInput input_;
  // In the file, behind what was read.
  int64_t position_ = 0;
  std::string buffer_;
  size_t start_ = 0;
  size_t end_ = 0;
  bool is_ended_ = false;
};

}  // namespace needletail
