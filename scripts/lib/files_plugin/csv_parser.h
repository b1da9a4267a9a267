// Records of CSV by the rules of the univocity parser as Spark sets it up, which are those of no
// standard: `"a"b` is itself, quotes and all; a backslash means something before quotes and backslashes
// within quotes and nothing elsewhere.

#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "needletail_files.h"

namespace needletail {

struct CSVFormat {
  std::string delimiter = ",";
  char quote = '"';
  char escape = '\\';
  char comment = 0;
  bool has_header = false;
  bool is_multiline = false;
  bool trims_leading = false;
  bool trims_trailing = false;
  std::string null_text;
  std::string empty_text;
  int32_t on_wrong_count = NT_FILL;
};

class CSVParser {
 public:
  explicit CSVParser(const CSVFormat& format) : format_(format) {}

  size_t count() const { return values_.size(); }
  bool is_null(size_t index) const { return values_[index].is_null; }
  std::string_view text(size_t index) const {
    const Value& value = values_[index];
    return value.is_copied ? std::string_view(copies_).substr(value.offset, value.length)
                           : text_.substr(value.offset, value.length);
  }

  // Takes the record at the beginning of `text` apart, up to the line end `newline` or, if that is
  // empty, up to the end. Returns how many bytes it has with its line end; `npos` if it goes on behind
  // `text`, which it cannot if `is_all`.
  size_t parse(std::string_view text, std::string_view newline, bool is_all) {
    text_ = text;
    newline_ = newline;
    values_.clear();
    copies_.clear();
    place_ = 0;
    while (true) {
      if (format_.trims_leading) skip_spaces();
      const bool is_quoted =
          format_.quote != 0 && place_ < text_.size() && text_[place_] == format_.quote;
      if (is_quoted) {
        parse_quoted();
      } else {
        parse_bare();
      }
      if (place_ == text_.size()) return is_all ? place_ : std::string_view::npos;
      if (is_at_newline()) return place_ + newline_.size();
      place_ += format_.delimiter.size();
    }
  }

 private:
  struct Value {
    size_t offset;
    size_t length;
    bool is_copied;
    bool is_null;
  };

  bool is_at_newline() const {
    return !newline_.empty() && text_.compare(place_, newline_.size(), newline_) == 0;
  }
  bool is_at_delimiter() const {
    return text_[place_] == format_.delimiter[0] &&
           (format_.delimiter.size() == 1 ||
            text_.compare(place_, format_.delimiter.size(), format_.delimiter) == 0);
  }
  // A value ends here.
  bool is_at_end() const {
    return place_ == text_.size() || is_at_delimiter() || is_at_newline();
  }
  bool is_at_space() const { return static_cast<unsigned char>(text_[place_]) <= ' '; }
  void skip_spaces() {
    while (!is_at_end() && is_at_space()) ++place_;
  }

  void parse_bare() {
    const size_t start = place_;
    if (newline_.empty() && format_.delimiter.size() == 1) {
      place_ = std::min(text_.find(format_.delimiter[0], place_), text_.size());
    } else {
      while (!is_at_end()) ++place_;
    }
    size_t length = place_ - start;
    if (format_.trims_trailing) {
      while (length > 0 && static_cast<unsigned char>(text_[start + length - 1]) <= ' ') --length;
    }
    add(start, length, false, length == 0);
  }

  void parse_quoted() {
    const char quote = format_.quote;
    const char escape = format_.escape;
    const size_t copy = copies_.size();
    ++place_;
    while (place_ < text_.size()) {
      const char c = text_[place_];
      if (escape != 0 && escape != quote && c == escape && place_ + 1 < text_.size() &&
          (text_[place_ + 1] == quote || text_[place_ + 1] == escape)) {
        copies_ += text_[place_ + 1];
        place_ += 2;
        continue;
      }
      if (c != quote) {
        copies_ += c;
        ++place_;
        continue;
      }
      ++place_;
      if (escape == quote && place_ < text_.size() && text_[place_] == quote) {
        copies_ += quote;
        ++place_;
        continue;
      }
      // Without such an escape all quotes of a row but the last are plain ones.
      while (place_ < text_.size() && text_[place_] == quote) {
        copies_ += quote;
        ++place_;
      }
      const size_t spaces = place_;
      skip_spaces();
      if (!is_at_end()) {
        // The quotes were none: the value is what it looks like, up to the delimiter.
        copies_.insert(copy, 1, quote);
        copies_ += quote;
        while (place_ > spaces) --place_;
        while (!is_at_end()) copies_ += text_[place_++];
        if (format_.trims_trailing) {
          while (static_cast<unsigned char>(copies_.back()) <= ' ') copies_.pop_back();
        }
      }
      break;
    }
    const size_t length = copies_.size() - copy;
    if (length == 0) copies_ += format_.empty_text;
    add(copy, copies_.size() - copy, true, false);
  }

  void add(size_t offset, size_t length, bool is_copied, bool is_empty) {
    values_.push_back(Value{offset, length, is_copied, is_empty});
    if (!is_empty && text(values_.size() - 1) == format_.null_text) values_.back().is_null = true;
  }

  CSVFormat format_;
  std::string_view text_;
  std::string_view newline_;
  size_t place_ = 0;
  std::vector<Value> values_;
  // Values in quotes, without them.
  std::string copies_;
};

}  // namespace needletail
