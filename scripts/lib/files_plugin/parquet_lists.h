// Columns of lists of numbers in Parquet, made from their pages without a level for each number: the levels of
// rows of equal length are a few runs, and numbers are copied or looked up in bulk. Arrow's reader expands all
// levels: a scan of 200,000 rows of 784 numbers, and a small model, takes 2.1 CPU seconds with it and 0.85 with
// this (docs/Measuring.md). What is not made here, Arrow makes.

#pragma once

#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <parquet/arrow/schema.h>
#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "failures.h"
#include "memory.h"
#include "parquet_levels.h"

namespace needletail {

// Which rows or elements are not NULL; nothing as long as all are.
class Validity {
 public:
  Validity() : bits_(pool()) {}

  void append(int64_t count, bool is_valid) {
    if (!is_valid && null_count_ == 0) check(bits_.Append(length_, true));
    if (!is_valid) null_count_ += count;
    if (null_count_ > 0) check(bits_.Append(count, is_valid));
    length_ += count;
  }

  int64_t null_count() const { return null_count_; }

  // What was appended, of which nothing is left here.
  std::shared_ptr<arrow::Buffer> finish() {
    std::shared_ptr<arrow::Buffer> buffer;
    if (null_count_ > 0) check(bits_.Finish(&buffer));
    length_ = null_count_ = 0;
    return buffer;
  }

 private:
  arrow::TypedBufferBuilder<bool> bits_;
  int64_t length_ = 0;
  int64_t null_count_ = 0;
};

// Lists of one row group's column, some rows at a time.
class ListColumn {
 public:
  virtual ~ListColumn() = default;

  // The next `rows` rows, or fewer where the column ends.
  virtual std::shared_ptr<arrow::ArrayData> read(int64_t rows) = 0;

  // Whether a column of this type is read here.
  static bool reads(const parquet::arrow::SchemaField& field,
                    const parquet::SchemaDescriptor& columns) {
    if (field.field->type()->id() != arrow::Type::LIST || field.children.size() != 1) return false;
    const auto& element = field.children[0];
    if (!element.is_leaf() || element.level_info.rep_level != 1) return false;
    const auto physical = columns.Column(element.column_index)->physical_type();
    switch (element.field->type()->id()) {
      case arrow::Type::FLOAT:
        return physical == parquet::Type::FLOAT;
      case arrow::Type::DOUBLE:
        return physical == parquet::Type::DOUBLE;
      case arrow::Type::INT32:
        return physical == parquet::Type::INT32;
      case arrow::Type::INT64:
        return physical == parquet::Type::INT64;
      default:
        return false;
    }
  }

  // Whether this row group's column has no page of another encoding.
  static bool reads(const parquet::ColumnChunkMetaData& chunk) {
    const auto& encodings = chunk.encodings();
    return std::all_of(encodings.begin(), encodings.end(), [](parquet::Encoding::type encoding) {
      return encoding == parquet::Encoding::PLAIN || encoding == parquet::Encoding::RLE ||
             is_dictionary(encoding);
    });
  }

  static std::unique_ptr<ListColumn> open(const parquet::arrow::SchemaField& field,
                                          const parquet::RowGroupMetaData& group,
                                          std::unique_ptr<parquet::PageReader> pages);

 protected:
  static bool is_dictionary(parquet::Encoding::type encoding) {
    return encoding == parquet::Encoding::RLE_DICTIONARY ||
           encoding == parquet::Encoding::PLAIN_DICTIONARY;
  }
};

// `Bits` has the size of a number; what it means does not matter here.
template <typename Bits>
class ListColumnOf final : public ListColumn {
 public:
  ListColumnOf(const parquet::arrow::SchemaField& field, const parquet::RowGroupMetaData& group,
               std::unique_ptr<parquet::PageReader> pages)
      : type_(field.field->type()),
        greatest_(field.children[0].level_info.def_level),
        element_(field.children[0].level_info.repeated_ancestor_def_level),
        pages_(std::move(pages)),
        starts_(pool()),
        numbers_(pool()) {
    const int64_t levels = group.ColumnChunk(field.children[0].column_index)->num_values();
    numbers_of_a_row_ = group.num_rows() == 0 ? 0 : levels / group.num_rows() + 1;
  }

  std::shared_ptr<arrow::ArrayData> read(int64_t rows) override {
    begin(rows);
    while (true) {
      while (levels_left_ == 0) {
        take_numbers();
        if (!next_page()) return finish();
      }
      uint32_t repetition = 0;
      uint32_t definition = 0;
      int64_t count = std::min({repetitions_.peek(&repetition), definitions_.peek(&definition),
                                levels_left_});
      if (count == 0) throw Failure(NT_MALFORMED, "a page has fewer levels than it says");
      if (repetition > 1 || definition > greatest_) {
        throw Failure(NT_MALFORMED, "a page has a level beyond the greatest of its column");
      }
      if (repetition == 0) {
        count = std::min(count, rows - rows_);
        if (count == 0) return finish();
        add_rows(count, definition);
      } else if (!is_in_row_ || definition < element_) {
        throw Failure(NT_MALFORMED, "a page goes on with a row that has not begun");
      }
      if (definition >= element_) add_elements(count, definition == greatest_);
      repetitions_.take(count);
      definitions_.take(count);
      levels_left_ -= count;
    }
  }

 private:
  void begin(int64_t rows) {
    rows_ = 0;
    elements_ = 0;
    check(starts_.Reserve(rows + 1));
    // What the footer says need not be true.
    constexpr int64_t limit = (64 << 20) / sizeof(Bits);
    check(numbers_.Reserve(std::min(rows * std::min(numbers_of_a_row_, limit), limit)));
  }

  void add_rows(int64_t count, uint32_t definition) {
    const bool has_element = definition >= element_;
    for (int64_t index = 0; index < count; ++index) {
      starts_.UnsafeAppend(static_cast<int32_t>(elements_ + (has_element ? index : 0)));
    }
    row_validity_.append(count, definition + 1 >= element_);
    rows_ += count;
    is_in_row_ = has_element;
  }

  void add_elements(int64_t count, bool is_valid) {
    if (elements_ + count > std::numeric_limits<int32_t>::max()) {
      throw Failure(NT_INVALID, "a batch of its lists has more than 2147483647 elements; read "
                                "smaller batches");
    }
    if (is_valid) {
      awaited_ += count;
    } else {
      take_numbers();
      check(numbers_.Reserve(count));
      numbers_.UnsafeAppend(count, Bits{0});
    }
    element_validity_.append(count, is_valid);
    elements_ += count;
  }

  // Brings the numbers that belong to the levels that were read.
  void take_numbers() {
    if (awaited_ == 0) return;
    if (!is_coded_ && plain_left_ < awaited_) {
      throw Failure(NT_MALFORMED, "a page has fewer values than it says");
    }
    check(numbers_.Reserve(awaited_));
    Bits* const end = numbers_.mutable_data() + numbers_.length();
    if (is_coded_) {
      codes_.look_up(dictionary_, end, awaited_);
    } else {
      std::memcpy(end, plain_, static_cast<size_t>(awaited_) * sizeof(Bits));
      plain_ += awaited_ * static_cast<int64_t>(sizeof(Bits));
      plain_left_ -= awaited_;
    }
    numbers_.UnsafeAdvance(awaited_);
    awaited_ = 0;
  }

  std::shared_ptr<arrow::ArrayData> finish() {
    take_numbers();
    starts_.UnsafeAppend(static_cast<int32_t>(elements_));
    const int64_t row_nulls = row_validity_.null_count();
    const int64_t element_nulls = element_validity_.null_count();
    std::shared_ptr<arrow::Buffer> starts, numbers;
    check(starts_.Finish(&starts));
    // Memory is given back where much of it is empty.
    const bool is_roomy = numbers_.capacity() / 4 * 3 > numbers_.length();
    check(numbers_.Finish(&numbers, is_roomy));
    auto elements = arrow::ArrayData::Make(type_->field(0)->type(), elements_,
                                           {element_validity_.finish(), std::move(numbers)},
                                           element_nulls);
    return arrow::ArrayData::Make(type_, rows_, {row_validity_.finish(), std::move(starts)},
                                  {std::move(elements)}, row_nulls);
  }

  // MARK: Pages

  bool next_page() {
    while (true) {
      const auto page = pages_->NextPage();
      if (page == nullptr) return false;
      switch (page->type()) {
        case parquet::PageType::DICTIONARY_PAGE:
          open(static_cast<const parquet::DictionaryPage&>(*page));
          break;
        case parquet::PageType::DATA_PAGE:
          open(static_cast<const parquet::DataPageV1&>(*page));
          page_ = page;
          return true;
        case parquet::PageType::DATA_PAGE_V2:
          open(static_cast<const parquet::DataPageV2&>(*page));
          page_ = page;
          return true;
        default:
          break;
      }
    }
  }

  void open(const parquet::DictionaryPage& page) {
    const int64_t count = page.num_values();
    const bool is_plain = page.encoding() == parquet::Encoding::PLAIN ||
                          page.encoding() == parquet::Encoding::PLAIN_DICTIONARY;
    if (!is_plain || count < 0 || count > page.size() / static_cast<int64_t>(sizeof(Bits))) {
      throw Failure(NT_MALFORMED, "a dictionary's page has fewer values than it says");
    }
    dictionary_.resize(static_cast<size_t>(count));
    if (count > 0) std::memcpy(dictionary_.data(), page.data(), count * sizeof(Bits));
  }

  void open(const parquet::DataPageV1& page) {
    if (page.repetition_level_encoding() != parquet::Encoding::RLE ||
        page.definition_level_encoding() != parquet::Encoding::RLE) {
      throw Failure(NT_UNSUPPORTED, "a page's levels have an encoding that the footer does not tell "
                                    "of");
    }
    const uint8_t* data = page.data();
    int64_t left = page.size();
    const auto levels = [&](int width) {
      uint32_t length = 0;
      if (left >= 4) std::memcpy(&length, data, 4);
      if (left < 4 || length > left - 4) {
        throw Failure(NT_MALFORMED, "a page ends within its levels");
      }
      const LevelRuns runs(data + 4, length, width);
      data += 4 + int64_t{length};
      left -= 4 + int64_t{length};
      return runs;
    };
    repetitions_ = levels(1);
    definitions_ = levels(std::bit_width(greatest_));
    open(page, data, left);
  }

  void open(const parquet::DataPageV2& page) {
    const int64_t first = page.repetition_levels_byte_length();
    const int64_t second = page.definition_levels_byte_length();
    if (first < 0 || second < 0 || first + second > page.size()) {
      throw Failure(NT_MALFORMED, "a page ends within its levels");
    }
    repetitions_ = LevelRuns(page.data(), first, 1);
    definitions_ = LevelRuns(page.data() + first, second, std::bit_width(greatest_));
    open(page, page.data() + first + second, page.size() - first - second);
  }

  void open(const parquet::DataPage& page, const uint8_t* data, int64_t size) {
    if (page.num_values() < 0) throw Failure(NT_MALFORMED, "a page has fewer values than none");
    levels_left_ = page.num_values();
    is_coded_ = is_dictionary(page.encoding());
    if (is_coded_) {
      // A page without a value may be without the codes' width, too.
      const int width = size > 0 ? data[0] : 0;
      if (width > 32) throw Failure(NT_MALFORMED, "a page's codes have more than 32 bits");
      codes_ = size > 0 ? DictionaryCodes(data + 1, size - 1, width) : DictionaryCodes();
    } else if (page.encoding() == parquet::Encoding::PLAIN) {
      plain_ = data;
      plain_left_ = size / static_cast<int64_t>(sizeof(Bits));
    } else {
      throw Failure(NT_UNSUPPORTED, "a page has an encoding that the footer does not tell of");
    }
  }

  std::shared_ptr<arrow::DataType> type_;
  // The definition levels of a number, and of an element that may be NULL.
  uint32_t greatest_;
  uint32_t element_;
  int64_t numbers_of_a_row_ = 0;
  std::unique_ptr<parquet::PageReader> pages_;
  std::vector<Bits> dictionary_;

  // The page that is read; it holds what the others point to.
  std::shared_ptr<parquet::Page> page_;
  LevelRuns repetitions_;
  LevelRuns definitions_;
  int64_t levels_left_ = 0;
  bool is_coded_ = false;
  DictionaryCodes codes_;
  const uint8_t* plain_ = nullptr;
  int64_t plain_left_ = 0;
  // Numbers whose levels were read.
  int64_t awaited_ = 0;
  // Whether a row with elements has begun, in this batch or one before.
  bool is_in_row_ = false;

  int64_t rows_ = 0;
  int64_t elements_ = 0;
  arrow::TypedBufferBuilder<int32_t> starts_;
  arrow::TypedBufferBuilder<Bits> numbers_;
  Validity row_validity_;
  Validity element_validity_;
};

inline std::unique_ptr<ListColumn> ListColumn::open(const parquet::arrow::SchemaField& field,
                                                    const parquet::RowGroupMetaData& group,
                                                    std::unique_ptr<parquet::PageReader> pages) {
  const auto id = field.children[0].field->type()->id();
  if (id == arrow::Type::DOUBLE || id == arrow::Type::INT64) {
    return std::make_unique<ListColumnOf<uint64_t>>(field, group, std::move(pages));
  }
  return std::make_unique<ListColumnOf<uint32_t>>(field, group, std::move(pages));
}

}  // namespace needletail
