// How failures leave the plug-in: as a number and a text, never as an exception.

#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/io_util.h>
#include <parquet/exception.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <new>
#include <string>
#include <utility>

#include "needletail_files.h"

namespace needletail {

struct Failure final : std::exception {
  int32_t code;
  std::string text;

  Failure(int32_t code, std::string text) : code(code), text(std::move(text)) {}
  const char* what() const noexcept override { return text.c_str(); }
};

inline int32_t code_of_errno(int number) {
  switch (number) {
    case ENOENT:
    case ENOTDIR:
      return NT_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
      return NT_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
      return NT_DENIED;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return NT_NO_SPACE;
    case ENOMEM:
      return NT_OUT_OF_MEMORY;
    case EISDIR:
    case ENAMETOOLONG:
      return NT_INVALID;
    default:
      return NT_IO;
  }
}

inline bool contains_any(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts) {
    if (text.find(part) != std::string::npos) return true;
  }
  return false;
}

// The kind of a failed status. `otherwise` is that of statuses which blame what was given: a file that
// is read, or an argument.
inline int32_t code_of(const arrow::Status& status, int32_t otherwise) {
  const int number = arrow::internal::ErrnoFromStatus(status);
  if (number != 0) return code_of_errno(number);
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
      return NT_OUT_OF_MEMORY;
    case arrow::StatusCode::NotImplemented:
      return NT_UNSUPPORTED;
    case arrow::StatusCode::Cancelled:
      return NT_CANCELLED;
    case arrow::StatusCode::AlreadyExists:
      return NT_EXISTS;
    default:
      break;
  }
  // Object stores tell in words alone.
  const std::string text = status.message();
  if (contains_any(text, {"ACCESS_DENIED", "AccessDenied", "INVALID_ACCESS_KEY_ID", "HTTP status 403",
                          "HTTP status 401", "SIGNATURE_DOES_NOT_MATCH", "PERMISSION_DENIED",
                          "UNAUTHENTICATED", "AuthorizationFailure", "AuthenticationFailed",
                          "NoAuthenticationInformation", "Permission denied", "redentials",
                          "OAuth2 access token", "AuthenticationException"})) {
    return NT_DENIED;
  }
  if (contains_any(text, {"NO_SUCH_BUCKET", "NO_SUCH_KEY", "NoSuchBucket", "NoSuchKey",
                          "HTTP status 404", "BlobNotFound", "ContainerNotFound", "NOT_FOUND",
                          "Path does not exist", "No such file"})) {
    return NT_NOT_FOUND;
  }
  const bool is_of_store =
      contains_any(text, {"AWS Error", "google::cloud::Status", "Azure Error", "HDFS", "curl"});
  // Parquet's decoder calls what it finds in a damaged file an error of input, too.
  if (status.code() == arrow::StatusCode::IOError && is_of_store) return NT_IO;
  return otherwise;
}

inline std::string text_of(const arrow::Status& status) {
  std::string text = status.message();
  const int number = arrow::internal::ErrnoFromStatus(status);
  if (number != 0) {
    const std::string reason = std::strerror(number);
    if (text.find(reason) == std::string::npos) text += ": " + reason;
  }
  return text;
}

inline void check(const arrow::Status& status, int32_t otherwise = NT_IO) {
  if (!status.ok()) throw Failure(code_of(status, otherwise), text_of(status));
}

template <typename Value>
Value value(arrow::Result<Value> result, int32_t otherwise = NT_IO) {
  check(result.status(), otherwise);
  return std::move(result).ValueUnsafe();
}

inline void give_text(char** text, const char* what) noexcept {
  if (text != nullptr) *text = strdup(what);
}

// Runs `body` and turns what it throws into a code and a text.
template <typename Body>
int32_t guarded(char** text, Body&& body) noexcept {
  try {
    if (text != nullptr) *text = nullptr;
    body();
    return NT_OK;
  } catch (const Failure& failure) {
    give_text(text, failure.what());
    return failure.code;
  } catch (const std::bad_alloc&) {
    give_text(text, "memory ran out");
    return NT_OUT_OF_MEMORY;
  } catch (const parquet::ParquetStatusException& failure) {
    const arrow::Status status = failure.status();
    try {
      give_text(text, text_of(status).c_str());
    } catch (...) {
    }
    return code_of(status, NT_MALFORMED);
  } catch (const std::exception& failure) {
    // Parquet's own ones, and what the standard library throws on sizes that make no sense.
    give_text(text, failure.what());
    return NT_MALFORMED;
  } catch (...) {
    give_text(text, "an unknown C++ exception");
    return NT_IO;
  }
}

// The same where nobody is left to be told.
template <typename Body>
void quietly(Body&& body) noexcept {
  try {
    body();
  } catch (...) {
  }
}

inline char* copied(const std::string& text) {
  char* copy = strdup(text.c_str());
  if (copy == nullptr) throw std::bad_alloc();
  return copy;
}

}  // namespace needletail
