// Columns in other types, by Arrow's safe casts.

#pragma once

#include <arrow/array/builder_binary.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>

#include <memory>
#include <string>
#include <vector>

#include "tables.h"

namespace needletail {

inline std::shared_ptr<arrow::Array> cast(const std::shared_ptr<arrow::Array>& array,
                                          const std::shared_ptr<DataType>& type,
                                          const std::string& column) {
  if (array->type()->Equals(*type)) return array;
  arrow::compute::ExecContext context(pool());
  context.set_use_threads(false);
  auto result = arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe(), &context);
  if (!result.ok()) {
    const auto& status = result.status();
    const std::string place = column.empty() ? "" : "column '" + column + "': ";
    throw Failure(code_of(status, NT_INVALID), place + array->type()->ToString() + " as " +
                                                   type->ToString() + ": " + text_of(status));
  }
  return std::move(result).ValueUnsafe();
}

// The type without dictionaries, views and run lengths, which Spark does not have.
inline std::shared_ptr<DataType> plain(const std::shared_ptr<DataType>& type) {
  switch (type->id()) {
    case arrow::Type::DICTIONARY:
      return plain(static_cast<const arrow::DictionaryType&>(*type).value_type());
    case arrow::Type::EXTENSION:
      return plain(static_cast<const arrow::ExtensionType&>(*type).storage_type());
    case arrow::Type::STRING_VIEW:
      return arrow::utf8();
    case arrow::Type::BINARY_VIEW:
      return arrow::binary();
    case arrow::Type::LIST:
    case arrow::Type::LIST_VIEW:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::LARGE_LIST_VIEW:
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& field = type->field(0);
      const auto element = field->WithType(plain(field->type()));
      const bool is_same = element->type()->Equals(*field->type());
      switch (type->id()) {
        case arrow::Type::LIST:
          return is_same ? type : arrow::list(element);
        case arrow::Type::LARGE_LIST:
          return is_same ? type : arrow::large_list(element);
        case arrow::Type::LIST_VIEW:
          return arrow::list(element);
        case arrow::Type::LARGE_LIST_VIEW:
          return arrow::large_list(element);
        default:
          return is_same ? type
                         : arrow::fixed_size_list(
                               element,
                               static_cast<const arrow::FixedSizeListType&>(*type).list_size());
      }
    }
    case arrow::Type::STRUCT: {
      std::vector<std::shared_ptr<Field>> fields;
      for (const auto& field : type->fields()) {
        fields.push_back(field->WithType(plain(field->type())));
      }
      const auto result = arrow::struct_(std::move(fields));
      return result->Equals(*type) ? type : result;
    }
    case arrow::Type::MAP: {
      const auto& map = static_cast<const arrow::MapType&>(*type);
      const auto key = plain(map.key_type());
      const auto item = plain(map.item_type());
      if (key->Equals(*map.key_type()) && item->Equals(*map.item_type())) return type;
      return std::make_shared<arrow::MapType>(map.key_field()->WithType(key),
                                              map.item_field()->WithType(item), map.keys_sorted());
    }
    case arrow::Type::RUN_END_ENCODED:
    case arrow::Type::SPARSE_UNION:
    case arrow::Type::DENSE_UNION:
      throw Failure(NT_UNSUPPORTED, "columns of type " + type->ToString() + " can't be read");
    default:
      return type;
  }
}

inline std::shared_ptr<Schema> plain(const Schema& schema) {
  std::vector<std::shared_ptr<Field>> fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(field->WithType(plain(field->type())));
  }
  return arrow::schema(std::move(fields), schema.metadata());
}

// The values of views, copied. Arrow's own cast follows those of nulls, too, which nothing checks.
template <typename Builder>
std::shared_ptr<ArrayData> without_views(const ArrayData& data, const std::string& column) {
  Builder builder(pool());
  check(builder.Reserve(data.length));
  const auto* views = data.GetValues<arrow::BinaryViewType::c_type>(1);
  for (int64_t index = 0; index < data.length; ++index) {
    if (data.IsNull(index)) {
      builder.UnsafeAppendNull();
      continue;
    }
    const auto& view = views[index];
    if (view.size() < 0) throw Failure(NT_MALFORMED, "column '" + column + "': a length is negative");
    if (view.is_inline()) {
      check(builder.Append(view.inline_data(), view.size()));
      continue;
    }
    const size_t place = static_cast<size_t>(view.ref.buffer_index) + 2;
    const bool is_within = view.ref.buffer_index >= 0 && view.ref.offset >= 0 &&
                           place < data.buffers.size() && data.buffers[place] != nullptr &&
                           int64_t{view.ref.offset} + view.size() <= data.buffers[place]->size();
    if (!is_within) {
      throw Failure(NT_MALFORMED, "column '" + column + "': a view points outside its buffers");
    }
    check(builder.Append(data.buffers[place]->data() + view.ref.offset, view.size()), NT_MALFORMED);
  }
  return value(builder.Finish(), NT_MALFORMED)->data();
}

// `data` in the type that `plain` has for it.
inline std::shared_ptr<ArrayData> plain(const std::shared_ptr<ArrayData>& data,
                                        const std::shared_ptr<DataType>& type,
                                        const std::string& column) {
  if (data->type->id() == type->id() && data->type->Equals(*type)) return data;
  if (data->type->id() == arrow::Type::EXTENSION) {
    auto storage = data->Copy();
    storage->type = static_cast<const arrow::ExtensionType&>(*data->type).storage_type();
    return plain(storage, type, column);
  }
  if (data->type->id() == arrow::Type::STRING_VIEW) {
    return without_views<arrow::StringBuilder>(*data, column);
  }
  if (data->type->id() == arrow::Type::BINARY_VIEW) {
    return without_views<arrow::BinaryBuilder>(*data, column);
  }
  if (data->type->id() == type->id() && !data->child_data.empty()) {
    auto copy = data->Copy();
    copy->type = type;
    for (size_t index = 0; index < copy->child_data.size(); ++index) {
      copy->child_data[index] =
          plain(copy->child_data[index], type->field(static_cast<int>(index))->type(), column);
    }
    return copy;
  }
  auto array = arrow::MakeArray(data);
  if (data->type->id() == arrow::Type::DICTIONARY) {
    const auto& values = static_cast<const arrow::DictionaryType&>(*data->type).value_type();
    return plain(cast(array, values, column)->data(), type, column);
  }
  return cast(array, type, column)->data();
}

}  // namespace needletail
