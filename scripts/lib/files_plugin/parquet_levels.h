// The two hybrid encodings of Parquet (runs of one value, and values packed in bits): levels as runs, and
// codes of a dictionary looked up. The format: https://parquet.apache.org/docs/file-format/data-pages/encodings/

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "failures.h"

namespace needletail {

// The runs of which both are made: a value that is repeated, or bytes with values of `width` bits.
class HybridRuns {
 public:
  HybridRuns() = default;
  HybridRuns(const uint8_t* data, int64_t size, int width)
      : data_(data), end_(data + size), width_(width) {}

  int width() const { return width_; }

 protected:
  // Goes to the next run. False where the bytes end.
  bool begin_run() {
    uint64_t header = 0;
    int shift = 0;
    while (true) {
      if (data_ == end_) {
        if (shift == 0) return false;
        throw Failure(NT_MALFORMED, "a page ends within the length of a run");
      }
      const uint8_t byte = *data_++;
      header |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) break;
      shift += 7;
      if (shift > 28) throw Failure(NT_MALFORMED, "the length of a run in a page is too large");
    }
    is_packed_ = (header & 1) != 0;
    const auto count = static_cast<int64_t>(header >> 1);
    if (is_packed_) {
      // Writers may leave out the end of the last group.
      const int64_t bytes = std::min<int64_t>(count * width_, end_ - data_);
      packed_ = data_;
      packed_end_ = data_ + bytes;
      position_ = 0;
      left_ = width_ == 0 ? count * 8 : std::min(count * 8, bytes * 8 / width_);
      data_ += bytes;
      return true;
    }
    const int bytes = (width_ + 7) / 8;
    if (end_ - data_ < bytes) throw Failure(NT_MALFORMED, "a page ends within a run");
    value_ = 0;
    for (int index = 0; index < bytes; ++index) {
      value_ |= static_cast<uint32_t>(data_[index]) << (8 * index);
    }
    data_ += bytes;
    left_ = count;
    return true;
  }

  // The packed value at `position`, of at most 32 bits.
  uint32_t packed(int64_t position) const {
    const int64_t bit = position * width_;
    uint64_t word = 0;
    const auto* start = packed_ + (bit >> 3);
    std::memcpy(&word, start, static_cast<size_t>(std::min<int64_t>(8, packed_end_ - start)));
    return static_cast<uint32_t>((word >> (bit & 7)) & ((uint64_t{1} << width_) - 1));
  }

  const uint8_t* data_ = nullptr;
  const uint8_t* end_ = nullptr;
  int width_ = 0;
  // Values of the run that were not taken yet.
  int64_t left_ = 0;
  bool is_packed_ = false;
  uint32_t value_ = 0;
  const uint8_t* packed_ = nullptr;
  const uint8_t* packed_end_ = nullptr;
  // Values of the packed run that were taken.
  int64_t position_ = 0;
};

// Repetition or definition levels, as a value and how often it follows.
class LevelRuns : public HybridRuns {
 public:
  using HybridRuns::HybridRuns;

  // How often `level` comes next: 0 where the levels end.
  int64_t peek(uint32_t* level) {
    if (equal_ == 0) find();
    *level = level_;
    return equal_;
  }

  void take(int64_t count) { equal_ -= count; }

 private:
  void find() {
    while (left_ == 0) {
      if (!begin_run()) return;
    }
    if (!is_packed_) {
      level_ = value_;
      equal_ = left_;
      left_ = 0;
      return;
    }
    level_ = packed(position_);
    int64_t count = 1;
    if (width_ == 1) {
      // The run of equal bits, of up to 57 that are looked at together.
      const int64_t shift = position_ & 7;
      uint64_t word = 0;
      const auto* start = packed_ + (position_ >> 3);
      std::memcpy(&word, start, static_cast<size_t>(std::min<int64_t>(8, packed_end_ - start)));
      word >>= shift;
      count = std::min(left_, std::min<int64_t>(64 - shift,
                                                level_ == 0 ? std::countr_zero(word)
                                                            : std::countr_one(word)));
    } else {
      while (count < left_ && packed(position_ + count) == level_) ++count;
    }
    equal_ = count;
    position_ += count;
    left_ -= count;
  }

  uint32_t level_ = 0;
  int64_t equal_ = 0;
};

// Codes of a dictionary.
class DictionaryCodes : public HybridRuns {
 public:
  using HybridRuns::HybridRuns;

  // The values of the next `count` codes.
  template <typename Value>
  void look_up(const std::vector<Value>& dictionary, Value* values, int64_t count) {
    while (count > 0) {
      while (left_ == 0) {
        if (!begin_run()) throw Failure(NT_MALFORMED, "a page has fewer values than it says");
      }
      const int64_t taken = std::min(count, left_);
      if (is_packed_ && width_ > 0) {
        look_up_packed(dictionary, values, taken);
        position_ += taken;
      } else {
        const uint32_t code = is_packed_ ? 0 : value_;
        if (code >= dictionary.size()) fail(dictionary.size());
        std::fill_n(values, taken, dictionary[code]);
      }
      left_ -= taken;
      values += taken;
      count -= taken;
    }
  }

 private:
  [[noreturn]] static void fail(size_t size) {
    throw Failure(NT_MALFORMED, "a page has a code beyond the " + std::to_string(size) +
                                    " values of its dictionary");
  }

  template <typename Value>
  void look_up_packed(const std::vector<Value>& dictionary, Value* values, int64_t count) const {
    if (dictionary.empty()) fail(0);
    const auto last = static_cast<uint32_t>(dictionary.size() - 1);
    bool is_beyond = false;
    int64_t position = position_;
    const auto look_up_one = [&] {
      const uint32_t code = packed(position++);
      is_beyond |= code > last;
      *values++ = dictionary[std::min(code, last)];
    };
    while (count > 0 && (position & 7) != 0) {
      look_up_one();
      --count;
    }
    const int64_t groups = std::min(count / 8, whole_groups(position / 8));
    if (groups > 0) {
      const auto* start = packed_ + position / 8 * width_;
      is_beyond |= look_up_groups(start, groups, dictionary.data(), last, values);
      position += groups * 8;
      values += groups * 8;
      count -= groups * 8;
    }
    for (; count > 0; --count) look_up_one();
    if (is_beyond) fail(dictionary.size());
  }

  // Groups of eight values from that one on in which eight bytes can be read at any value.
  int64_t whole_groups(int64_t group) const {
    const int64_t bytes = packed_end_ - packed_ - group * width_ - 8;
    return bytes < 0 ? 0 : bytes / width_;
  }

  // Whether one of the codes is beyond the last, in whose place that stands.
  template <typename Value>
  bool look_up_groups(const uint8_t* start, int64_t groups, const Value* dictionary, uint32_t last,
                      Value* values) const {
    const auto with = [&]<int known>(std::integral_constant<int, known>) {
      return look_up_groups<known>(start, groups, dictionary, last, values);
    };
    switch (width_) {
      case 1: return with(std::integral_constant<int, 1>{});
      case 2: return with(std::integral_constant<int, 2>{});
      case 3: return with(std::integral_constant<int, 3>{});
      case 4: return with(std::integral_constant<int, 4>{});
      case 5: return with(std::integral_constant<int, 5>{});
      case 6: return with(std::integral_constant<int, 6>{});
      case 7: return with(std::integral_constant<int, 7>{});
      case 8: return with(std::integral_constant<int, 8>{});
      case 9: return with(std::integral_constant<int, 9>{});
      case 10: return with(std::integral_constant<int, 10>{});
      case 11: return with(std::integral_constant<int, 11>{});
      case 12: return with(std::integral_constant<int, 12>{});
      case 13: return with(std::integral_constant<int, 13>{});
      case 14: return with(std::integral_constant<int, 14>{});
      case 15: return with(std::integral_constant<int, 15>{});
      case 16: return with(std::integral_constant<int, 16>{});
      default: return with(std::integral_constant<int, 0>{});
    }
  }

  // With a width that the compiler knows, and without a loop over the eight, the shifts are constants: 0.5 ns a
  // value, of which a loop takes 0.7 to 1.0, and codes that are unpacked first 1.4 to 2.1.
  template <int known, typename Value>
  bool look_up_groups(const uint8_t* start, int64_t groups, const Value* dictionary, uint32_t last,
                      Value* values) const {
    const int width = known == 0 ? width_ : known;
    const uint64_t mask = (uint64_t{1} << width) - 1;
    uint32_t is_beyond = 0;
    const auto look_up_one = [&]<int index>(std::integral_constant<int, index>) {
      uint64_t bits;
      std::memcpy(&bits, start + index * width / 8, 8);
      const auto code = static_cast<uint32_t>((bits >> (index * width % 8)) & mask);
      is_beyond |= code > last;
      values[index] = dictionary[std::min(code, last)];
    };
    for (; groups > 0; --groups, start += width, values += 8) {
      [&]<int... index>(std::integer_sequence<int, index...>) {
        (look_up_one(std::integral_constant<int, index>{}), ...);
      }(std::make_integer_sequence<int, 8>{});
    }
    return is_beyond != 0;
  }
};

}  // namespace needletail
