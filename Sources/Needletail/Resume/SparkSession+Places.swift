import FoundationEssentials
package import SparkConnect

extension SparkSession {
  /// Whether there is anything at `path`, as the server sees it.
  package func hasFiles(at path: String) async throws -> Bool {
    if StoragePath(path).isPattern { return false }
    do {
      return try await isThere(path)
    } catch is SparkError {
      // It cannot be asked for, which is found out when it is written.
      return false
    }
  }

  /// The same for who would write over what could not be asked for.
  ///
  /// - Throws: ``SparkError`` if the server does not know.
  func isThere(_ path: String) async throws -> Bool {
    do {
      _ = try await read.format("binaryFile").load(path).schema()
      return true
    } catch let error as SparkError where error.condition == "PATH_NOT_FOUND" {
      return false
    }
  }

  /// The path on this machine of what Spark has at `path`, if Spark is one that ends with this process;
  /// `nil` for that of another file system, or of a server's.
  func ownPath(_ path: String) -> String? {
    guard isOfThisProcess else { return nil }
    let place = StoragePath(path)
    // With Hadoop's configuration a path without a scheme may be one of HDFS.
    let environment = ProcessInfo.processInfo.environment
    let isPlain = environment["HADOOP_CONF_DIR"] == nil && environment["YARN_CONF_DIR"] == nil
    return isPlain || !place.isOfDefaultFileSystem ? place.localPath : nil
  }
}
