// Bytes that are no UTF-8, replaced as Java's decoder does.

#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace needletail {

inline bool is_ascii(std::string_view text) {
  size_t index = 0;
  for (; index + 8 <= text.size(); index += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + index, 8);
    if ((word & 0x8080808080808080u) != 0) return false;
  }
  for (; index < text.size(); ++index) {
    if ((text[index] & 0x80) != 0) return false;
  }
  return true;
}

// How many bytes at the beginning of `text`, which is not empty, are a character, or the longest
// beginning of one: the latter is to be replaced.
inline size_t character_length(std::string_view text, bool* is_valid) {
  const auto byte = [&](size_t index) { return static_cast<uint8_t>(text[index]); };
  const uint8_t lead = byte(0);
  *is_valid = lead < 0x80;
  if (lead < 0xC2 || lead > 0xF4) return 1;
  const size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint8_t lowest = 0x80, highest = 0xBF;
  // Not: longer than need be, surrogates, beyond Unicode.
  if (lead == 0xE0) lowest = 0xA0;
  if (lead == 0xED) highest = 0x9F;
  if (lead == 0xF0) lowest = 0x90;
  if (lead == 0xF4) highest = 0x8F;
  for (size_t index = 1; index < length; ++index) {
    if (index == text.size() || byte(index) < lowest || byte(index) > highest) return index;
    lowest = 0x80;
    highest = 0xBF;
  }
  *is_valid = true;
  return length;
}

// `text`, or what it becomes in `storage`.
inline std::string_view repaired(std::string_view text, std::string* storage) {
  if (is_ascii(text)) return text;
  bool is_changed = false;
  storage->clear();
  for (size_t index = 0; index < text.size();) {
    bool is_valid = false;
    const size_t length = character_length(text.substr(index), &is_valid);
    if (is_valid) {
      storage->append(text.substr(index, length));
    } else {
      storage->append("\xEF\xBF\xBD");
      is_changed = true;
    }
    index += length;
  }
  return is_changed ? std::string_view(*storage) : text;
}

}  // namespace needletail
