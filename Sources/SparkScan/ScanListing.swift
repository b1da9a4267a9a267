import ArrowIPC
import FileTables
import SparkConnect
import SparkTypes

/// The files of a table as Spark lists them, with the values of its partitions.
struct ScanListing: Sendable {
  struct File: Sendable {
    /// As the plug-in takes it: a plain path on the machine's own file system.
    var location: String
    var length: Int64
    /// Nanoseconds since 1970.
    var modified: Int64
    var values: [ScanValue]
  }

  var files: [File]
  /// Whether all of them are on the machines' own file systems.
  var isLocal: Bool
  var bytes: Int64 { files.reduce(0) { $0 + $1.length } }

  /// Lists the files with a job of Spark that reads none.
  static func of(_ candidate: ScanCandidate, _ partitions: StructType) async throws -> ScanListing {
    let rows = try await candidate.listing(partitions).collect()
    var listing = ScanListing(files: [], isLocal: true)
    for row in rows {
      guard row.values.count == 3 + partitions.count, case .string(let path) = row.values[0],
        case .int(let length) = row.values[1], case .int(let micros) = row.values[2]
      else { throw ScanRefusal("Spark's list of the files is not understood") }
      let values = row.values.dropFirst(3).map { ScanValue($0) }
      guard !values.contains(nil) else {
        throw ScanRefusal("a partition column is \(partitions.ddl)")
      }
      try checkPath(path)
      listing.isLocal = listing.isLocal && path.hasPrefix("file:")
      listing.files.append(
        File(
          location: location(path), length: length, modified: micros * 1000,
          values: values.compactMap(\.self)))
    }
    listing.files.sort { $0.location < $1.location }
    return listing
  }

  /// A partition of such a name would have been taken for what Spark tells of files.
  private static func checkPath(_ path: String) throws {
    let folded = path.lowercased()
    for name in ["path", "length", "content", "modificationtime"]
    where folded.contains("/\(name)=") {
      throw ScanRefusal("a partition is called \(name)")
    }
  }

  /// A path of Hadoop's as the plug-in takes it.
  static func location(_ path: String) -> String {
    if path.hasPrefix("file:") {
      let rest = path.dropFirst("file:".count)
      return rest.hasPrefix("//") ? String(rest.dropFirst(2)) : String(rest)
    }
    for scheme in ["s3a:", "s3n:"] where path.hasPrefix(scheme) {
      return "s3:" + path.dropFirst(scheme.count)
    }
    return path
  }
}
