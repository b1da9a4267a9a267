// What tables of all formats share: what is read of them, and batches that can be stopped.

#pragma once

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "failures.h"
#include "memory.h"

namespace needletail {

using arrow::ArrayData;
using arrow::DataType;
using arrow::Field;
using arrow::RecordBatch;
using arrow::Schema;

struct Stop {
  std::atomic<bool> is_set{false};
};

inline void check(const std::shared_ptr<Stop>& stop) {
  if (stop != nullptr && stop->is_set.load(std::memory_order_relaxed)) {
    throw Failure(NT_CANCELLED, "reading was stopped");
  }
}

// Batches in order; NULL at the end.
class Batches {
 public:
  virtual ~Batches() = default;
  virtual std::shared_ptr<Schema> schema() const = 0;
  virtual std::shared_ptr<RecordBatch> next() = 0;
};

// Names of struct fields from the column down.
using FieldPath = std::vector<std::string>;

struct Scanning {
  std::vector<int> row_groups;
  bool has_columns = false;
  std::vector<FieldPath> columns;
  int64_t batch_rows = 1024;
  bool prefetch = false;
  std::shared_ptr<Stop> stop;
};

struct RowGroup {
  int64_t offset = 0;
  int64_t length = 0;
  int64_t rows = -1;
};

class Table {
 public:
  virtual ~Table() = default;
  virtual std::shared_ptr<Schema> schema() const = 0;
  virtual int64_t length() const = 0;
  virtual int64_t row_group_count() const { return 1; }
  virtual RowGroup row_group(int64_t) const { return RowGroup{0, length(), -1}; }
  virtual void statistics(int64_t, const FieldPath&, NTStatistics* statistics) const {
    *statistics = NTStatistics{};
    statistics->null_count = -1;
  }
  virtual std::unique_ptr<Batches> scan(const Scanning& scanning) const = 0;
};

// MARK: What of a table is read

// A field that is read: of all its children if `is_whole`.
struct Selection {
  int index = 0;
  bool is_whole = false;
  std::vector<Selection> children;
};

// The type whose children path components name: structs' own, lists' elements'.
inline const DataType* named_level(const DataType* type) {
  while (type->id() == arrow::Type::LIST || type->id() == arrow::Type::LARGE_LIST ||
         type->id() == arrow::Type::FIXED_SIZE_LIST || type->id() == arrow::Type::LIST_VIEW ||
         type->id() == arrow::Type::LARGE_LIST_VIEW) {
    type = type->field(0)->type().get();
  }
  return type;
}

inline std::string joined(const FieldPath& path) {
  std::string text;
  for (const auto& name : path) text += (text.empty() ? "" : ".") + name;
  return text;
}

inline void select(const std::vector<std::shared_ptr<Field>>& fields, const FieldPath& path,
                   size_t depth, std::vector<Selection>* selections) {
  int index = 0;
  while (index < static_cast<int>(fields.size()) && fields[index]->name() != path[depth]) ++index;
  if (index == static_cast<int>(fields.size())) {
    throw Failure(NT_INVALID, "the file has no column '" + joined(path) + "'");
  }
  auto found = std::find_if(selections->begin(), selections->end(),
                            [&](const Selection& known) { return known.index == index; });
  if (found == selections->end()) {
    selections->push_back(Selection{index, false, {}});
    found = selections->end() - 1;
  }
  const DataType* level = named_level(fields[index]->type().get());
  // Of a map there is all or nothing: its keys cannot be left out.
  if (depth + 1 == path.size() || level->id() == arrow::Type::MAP) {
    found->is_whole = true;
    return;
  }
  if (level->id() != arrow::Type::STRUCT) {
    throw Failure(NT_INVALID, "the file has no column '" + joined(path) + "': '" + path[depth] +
                                  "' has no fields");
  }
  select(level->fields(), path, depth + 1, &found->children);
}

// Within a column fields keep the file's order.
inline void sort_children(Selection* selection) {
  std::sort(selection->children.begin(), selection->children.end(),
            [](const Selection& a, const Selection& b) { return a.index < b.index; });
  for (auto& child : selection->children) sort_children(&child);
}

inline std::vector<Selection> select(const Schema& schema, const Scanning& scanning) {
  std::vector<Selection> selections;
  if (!scanning.has_columns) {
    for (int index = 0; index < schema.num_fields(); ++index) {
      selections.push_back(Selection{index, true, {}});
    }
    return selections;
  }
  for (const auto& path : scanning.columns) {
    if (path.empty()) throw Failure(NT_INVALID, "a column's path is empty");
    select(schema.fields(), path, 0, &selections);
  }
  for (auto& selection : selections) sort_children(&selection);
  return selections;
}

// `type` with the fields of `selection` alone.
inline std::shared_ptr<DataType> pruned(const std::shared_ptr<DataType>& type,
                                        const Selection& selection) {
  if (selection.is_whole) return type;
  if (type->id() == arrow::Type::STRUCT) {
    std::vector<std::shared_ptr<Field>> fields;
    for (const auto& child : selection.children) {
      const auto& field = type->field(child.index);
      fields.push_back(field->WithType(pruned(field->type(), child)));
    }
    return arrow::struct_(std::move(fields));
  }
  const auto element = type->field(0)->WithType(pruned(type->field(0)->type(), selection));
  switch (type->id()) {
    case arrow::Type::LIST:
      return arrow::list(element);
    case arrow::Type::LARGE_LIST:
      return arrow::large_list(element);
    case arrow::Type::FIXED_SIZE_LIST:
      return arrow::fixed_size_list(
          element, static_cast<const arrow::FixedSizeListType&>(*type).list_size());
    default:
      throw Failure(NT_UNSUPPORTED, "fields of " + type->ToString() + " can't be read alone");
  }
}

inline std::shared_ptr<Schema> pruned(const Schema& schema,
                                      const std::vector<Selection>& selections) {
  std::vector<std::shared_ptr<Field>> fields;
  for (const auto& selection : selections) {
    const auto& field = schema.field(selection.index);
    fields.push_back(field->WithType(pruned(field->type(), selection)));
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

// `data` with the fields of `selection` alone, of type `type`.
inline std::shared_ptr<ArrayData> pruned(const std::shared_ptr<ArrayData>& data,
                                         const Selection& selection,
                                         const std::shared_ptr<DataType>& type) {
  if (selection.is_whole) return data;
  auto copy = data->Copy();
  copy->type = type;
  if (type->id() == arrow::Type::STRUCT) {
    copy->child_data.clear();
    for (size_t index = 0; index < selection.children.size(); ++index) {
      const auto& child = selection.children[index];
      copy->child_data.push_back(pruned(data->child_data[child.index], child,
                                        type->field(static_cast<int>(index))->type()));
    }
  } else {
    copy->child_data[0] = pruned(data->child_data[0], selection, type->field(0)->type());
  }
  return copy;
}

// Hands out what `make` makes in pieces of at most `rows` rows.
class Slices {
 public:
  explicit Slices(int64_t rows) : rows_(rows) {}

  template <typename Make>
  std::shared_ptr<RecordBatch> next(Make&& make) {
    while (batch_ == nullptr || start_ >= batch_->num_rows()) {
      batch_ = make();
      start_ = 0;
      if (batch_ == nullptr) return nullptr;
    }
    if (start_ == 0 && batch_->num_rows() <= rows_) return std::exchange(batch_, nullptr);
    auto slice = batch_->Slice(start_, rows_);
    start_ += slice->num_rows();
    return slice;
  }

 private:
  int64_t rows_;
  std::shared_ptr<RecordBatch> batch_;
  int64_t start_ = 0;
};

}  // namespace needletail
