// File systems: where a location lies, what is there.

#pragma once

#include <arrow/config.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/filesystem/localfs.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "failures.h"

struct NTStore {
  std::shared_ptr<arrow::fs::FileSystem> system;
  bool is_local = false;
};

namespace needletail {

namespace fs = arrow::fs;

// Opens the library with the S3 file system, which registers itself and is not needed by files that
// lie elsewhere.
inline void load_s3() {
  static std::once_flag once;
  static std::string failure;
  std::call_once(once, [] {
    Dl_info place{};
    const auto* anchor = reinterpret_cast<const void*>(&arrow::fs::LoadFileSystemFactories);
    std::string folder;
    if (dladdr(anchor, &place) != 0 && place.dli_fname != nullptr) {
      folder = place.dli_fname;
      folder.erase(folder.rfind('/') + 1);
    }
    const std::string library = folder + "libarrow_s3.so." ARROW_SO_VERSION;
    const arrow::Status status = fs::LoadFileSystemFactories(library.c_str());
    if (!status.ok()) {
      failure = "the library with S3 can't be opened; put libarrow_s3.so." ARROW_SO_VERSION
                ", which pyarrow has beside libarrow, into " + folder + ": " + status.message();
    }
  });
  if (!failure.empty()) throw Failure(NT_UNSUPPORTED, failure);
}

// S3 must be ended before the process is. Called once it has begun: what was asked for last at the end
// of the process comes first then.
inline void end_s3_with_process() {
  static std::once_flag once;
  std::call_once(once, [] { std::atexit([] { quietly([] { fs::EnsureFinalized(); }); }); });
}

struct Location {
  std::shared_ptr<fs::FileSystem> system;
  bool is_local = false;
  std::string path, root, root_path, options;
};

inline std::string without_last_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Google's client tries for a quarter of an hour, also where there is no network at all.
inline constexpr const char* gcs_retry_limit = "retry_limit_seconds=60";

// What a store needs that did not open.
inline Failure unopened(const std::string& scheme, const arrow::Status& status) {
  const std::string said = text_of(status);
  // A search tells of all its places.
  const std::string first = said.substr(0, said.find('\n'));
  if (scheme == "hdfs" || scheme == "viewfs") {
    // The second attempt does not look again.
    if (contains_any(said, {"libhdfs", "libjvm"})) {
      return Failure(NT_UNSUPPORTED,
                     "HDFS is read by Hadoop's own library, libhdfs, which needs Java, and it can't be "
                     "opened; set JAVA_HOME, HADOOP_HOME and CLASSPATH (hadoop classpath --glob), or let "
                     "Spark do it (--engine spark, spark.read): " + first);
    }
  } else if (status.IsNotImplemented()) {
    return Failure(NT_UNSUPPORTED,
                   "the Apache Arrow that the plug-in for files was built with has no " + scheme +
                       ": stores; build it with the one of PyPI's pyarrow, or let Spark do it (--engine "
                       "spark, spark.read): " + first);
  }
  return Failure(code_of(status, NT_INVALID), said);
}

// The scheme of a URI, empty for a plain path.
inline std::string scheme_of(const std::string& location) {
  const size_t colon = location.find(':');
  if (colon == std::string::npos || colon < 2) return "";
  const std::string scheme = location.substr(0, colon);
  const bool is_scheme = std::all_of(scheme.begin(), scheme.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '+' || c == '-' || c == '.';
  });
  const bool is_uri = scheme == "file" || location.compare(colon, 3, "://") == 0;
  return is_scheme && is_uri ? scheme : "";
}

inline Location locate(const std::string& location) {
  Location result;
  const std::string scheme = scheme_of(location);
  if (scheme.empty() || scheme == "file") {
    std::string path = location;
    if (!scheme.empty()) {
      path.erase(0, 5);
      if (path.rfind("//", 0) == 0) {
        const size_t slash = path.find('/', 2);
        const std::string host = path.substr(2, slash == std::string::npos ? slash : slash - 2);
        if (!host.empty() && host != "localhost") {
          throw Failure(NT_INVALID, "a file: location names the host '" + host +
                                        "'; only files of this machine can be read");
        }
        path = slash == std::string::npos ? "" : path.substr(slash);
      }
    }
    if (path.empty()) throw Failure(NT_INVALID, "the location names no file or folder");
    result.is_local = true;
    result.system = std::make_shared<fs::LocalFileSystem>();
    result.path = without_last_slashes(path);
    return result;
  }

  static const char* const known[] = {"s3", "s3a", "s3n", "gs", "gcs", "abfs", "abfss", "hdfs", "viewfs"};
  if (std::find(std::begin(known), std::end(known), scheme) == std::end(known)) {
    throw Failure(NT_UNSUPPORTED, "locations that begin with " + scheme +
                                      ": are not known; those are plain paths, file:, s3:, s3a:, gs:, "
                                      "abfs:, abfss:, hdfs:");
  }
  // The path stands for itself, so that it is kept from what reads escapes in URIs.
  const size_t start = scheme.size() + 3;
  const size_t slash = location.find('/', start);
  std::string authority = location.substr(start, slash == std::string::npos ? slash : slash - start);
  std::string rest = slash == std::string::npos ? "" : location.substr(slash);
  std::string& last = rest.empty() ? authority : rest;
  // A question mark may be part of a name; options have an equals sign.
  const size_t question = last.rfind('?');
  if (question != std::string::npos && last.find('=', question) != std::string::npos) {
    result.options = last.substr(question);
    last.erase(question);
  }
  std::string known_scheme = scheme;
  if (scheme == "s3a" || scheme == "s3n") known_scheme = "s3";
  if (scheme == "gcs") known_scheme = "gs";
  if (known_scheme == "s3") load_s3();
  if (authority.empty() && known_scheme != "hdfs") {
    throw Failure(NT_INVALID, "the location names no bucket or container");
  }
  std::string uri = known_scheme + "://" + authority + (known_scheme == "hdfs" ? "/" : "");
  uri += result.options;
  if (known_scheme == "gs" && result.options.find("retry_limit_seconds=") == std::string::npos) {
    uri += (result.options.empty() ? "?" : "&") + std::string(gcs_retry_limit);
  }
  auto system = fs::FileSystemFromUri(uri, &result.root_path);
  if (known_scheme == "s3") end_s3_with_process();
  if (!system.ok()) throw unopened(known_scheme, system.status());
  result.system = std::move(system).ValueUnsafe();
  result.root_path = result.root_path == "/" ? "" : without_last_slashes(result.root_path);
  result.root = scheme + "://" + authority;
  // Of an account of Azure (abfss://ACCOUNT.blob.core.windows.net/CONTAINER/...) paths begin with the
  // container.
  if (result.root_path.empty() && result.system->type_name() == "abfs") {
    const size_t name = rest.find_first_not_of('/');
    if (name == std::string::npos) throw Failure(NT_INVALID, "the location names no container");
    result.root += rest.substr(0, name);
    rest.erase(0, name);
  }
  result.path = without_last_slashes(result.root_path + rest);
  return result;
}

inline void fill(NTEntry* entry, const fs::FileInfo& info) {
  entry->is_folder = info.IsDirectory();
  entry->length = info.IsDirectory() ? 0 : info.size();
  entry->modified = info.mtime() == fs::kNoTime ? -1 : info.mtime().time_since_epoch().count();
}

// What the entries of a listing point into.
struct Listed {
  std::vector<fs::FileInfo> infos;
  std::vector<NTEntry> entries;
};

// What is directly in a folder of Google's store, of what is anywhere in it: folders are but what the
// names of files begin with, and the client leaves those out that have no object of their own.
inline std::vector<fs::FileInfo> direct(const std::string& folder, std::vector<fs::FileInfo> infos) {
  std::vector<fs::FileInfo> result;
  std::set<std::string> folders;
  for (auto& info : infos) {
    const size_t start = folder.empty() ? 0 : folder.size() + 1;
    const size_t slash = info.path().find('/', start);
    if (slash == std::string::npos && !info.IsDirectory()) {
      result.push_back(std::move(info));
    } else if (const std::string path = info.path().substr(0, slash); folders.insert(path).second) {
      result.emplace_back(path, fs::FileType::Directory);
    }
  }
  return result;
}

inline void list(NTStore* store, const char* path, bool is_recursive, NTListing* listing) {
  *listing = NTListing{};
  const bool is_flat = store->system->type_name() == "gcs";
  fs::FileSelector selector;
  selector.base_dir = path;
  selector.recursive = is_recursive || is_flat;
  auto listed = std::make_unique<Listed>();
  listed->infos = value(store->system->GetFileInfo(selector));
  if (is_flat && !is_recursive) listed->infos = direct(path, std::move(listed->infos));
  auto& infos = listed->infos;
  infos.erase(std::remove_if(infos.begin(), infos.end(),
                             [](const auto& info) { return info.type() == fs::FileType::NotFound; }),
              infos.end());
  std::sort(infos.begin(), infos.end(), fs::FileInfo::ByPath());
  listed->entries.reserve(infos.size());
  for (const auto& info : infos) {
    NTEntry entry{};
    entry.path = info.path().c_str();
    fill(&entry, info);
    listed->entries.push_back(entry);
  }
  listing->count = static_cast<int64_t>(listed->entries.size());
  listing->entries = listed->entries.data();
  listing->owner = listed.release();
}

// A folder of an object store is there with its first file, and a bucket is never made: to ask for them
// takes rights that writing does not.
inline void make_folders(fs::FileSystem& system, const std::string& path) {
  const std::string type = system.type_name();
  const bool is_bucket = path.find('/') == std::string::npos;
  if (type == "s3" || type == "gcs" || (type == "abfs" && is_bucket)) return;
  check(system.CreateDir(path, /*recursive=*/true));
}

inline void remove_all(fs::FileSystem& system, const std::string& path) {
  const arrow::Status status = system.DeleteDir(path);
  // Google's client misses the object of the folder's own when all is gone that was in it.
  if (!status.ok() && system.type_name() == "gcs" &&
      value(system.GetFileInfo(path)).type() == fs::FileType::NotFound) {
    return;
  }
  check(status);
}

inline void move(NTStore* store, const std::string& from, const std::string& to) {
  fs::FileSystem& system = *store->system;
  const std::string type = system.type_name();
  const bool has_folders = type != "s3" && type != "gcs";
  const bool is_folder = !has_folders && value(system.GetFileInfo(from)).IsDirectory();
  if (!is_folder) {
    const arrow::Status status = system.Move(from, to);
    // Accounts of Azure without a hierarchical namespace rename nothing.
    if (type != "abfs" || !status.IsNotImplemented()) return check(status);
    if (!value(system.GetFileInfo(from)).IsDirectory()) {
      check(system.CopyFile(from, to));
      return check(system.DeleteFile(from));
    }
  }
  // A folder there is but what the names of its files begin with.
  fs::FileSelector selector;
  selector.base_dir = from;
  selector.recursive = true;
  for (const auto& info : value(system.GetFileInfo(selector))) {
    if (!info.IsFile()) continue;
    check(system.CopyFile(info.path(), to + info.path().substr(from.size())));
  }
  remove_all(system, from);
}

}  // namespace needletail
