import JSONText

/// The files of one commit, which never change.
struct HubListing: Sendable {
  let files: [HubFile]

  init(_ files: [HubFile]) { self.files = files.sorted { $0.path < $1.path } }

  // MARK: As the hub gives it

  /// Reads one page of the hub's list; folders are left out.
  ///
  /// - Throws: what is wrong with it.
  static func page(_ json: [UInt8]) throws -> [HubFile] {
    guard let entries = try JSONValue(parsing: json, rules: .strict).elements else {
      throw WrongListing(description: "it is no list")
    }
    return try entries.filter { $0["type"]?.string == "file" }.map { entry in
      let large = entry["lfs"]
      let path = entry["path"]?.string ?? ""
      guard let size = large?["size"]?.wholeNumber ?? entry["size"]?.wholeNumber,
        let blob = entry["oid"]?.string,
        let file = HubFile(
          path: path, size: size, blob: blob, sha256: large?["oid"]?.string,
          xet: entry["xetHash"]?.string)
      else {
        throw WrongListing(description: "the file '\(path)' has no size, no hash or no such path")
      }
      return file
    }
  }

  struct WrongListing: Error, CustomStringConvertible {
    let description: String
  }

  // MARK: As the cache has it

  private static let version = 1

  /// Reads what the official client or this one wrote; `nil` if it is of another form.
  init?(cached json: [UInt8]) {
    guard let text = try? JSONValue(parsing: json, rules: .strict),
      text["format_version"]?.wholeNumber == Self.version, let members = text["files"]?.members
    else { return nil }
    var files: [HubFile] = []
    for (path, entry) in members {
      guard let size = entry["lfs_size"]?.wholeNumber ?? entry["size"]?.wholeNumber,
        let blob = entry["blob_id"]?.string,
        let file = HubFile(
          path: path, size: size, blob: blob, sha256: entry["lfs_sha256"]?.string,
          xet: entry["xet_hash"]?.string)
      else { return nil }
      files.append(file)
    }
    self.init(files)
  }

  /// The form of the official client's `trees/COMMIT.json`.
  var cached: [UInt8] {
    let members = files.map { file -> (String, JSONValue) in
      var entry: [(String, JSONValue)] = [
        ("size", .integer(Int64(file.size))), ("blob_id", .string(file.blob)),
      ]
      if let sha256 = file.sha256 {
        entry += [("lfs_sha256", .string(sha256)), ("lfs_size", .integer(Int64(file.size)))]
      }
      if let xet = file.xet { entry.append(("xet_hash", .string(xet))) }
      return (file.path, .object(entry))
    }
    return JSONValue.object([
      ("format_version", .integer(Int64(Self.version))), ("files", .object(members)),
    ]).encoded(isSpaced: true)
  }
}
