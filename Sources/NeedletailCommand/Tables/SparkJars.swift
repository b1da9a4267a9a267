import FoundationEssentials
import Needletail

/// Libraries for Spark, and what the formats in them want of a session.
enum SparkJars {
  /// A format's settings that a Spark must have as it starts.
  private static let settingsOfFormats = [
    "delta": [
      "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
      "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    ],
    "iceberg": [
      "spark.sql.extensions":
        "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    ],
  ]

  /// Makes sure that the files are there.
  ///
  /// - Throws: ``CommandFailure`` that names the one that is not.
  static func check(_ jars: [String]) throws {
    for jar in jars where StoragePath(jar).localPath.map(isMissing) ?? true {
      throw CommandFailure(
        "--jar '\(jar)' is no file on this machine; give a file, or name the package with --conf "
          + "spark.jars.packages=GROUP:NAME:VERSION, which a Spark that this command starts fetches"
      )
    }
  }

  private static func isMissing(_ path: String) -> Bool {
    !FileManager.default.fileExists(atPath: path) || FileManager.default.isFolder(path)
  }

  /// What a Spark that is started here gets as it starts: the settings, those of the formats whose libraries
  /// are given, which the user's go before, and the libraries.
  static func startSettings(
    _ settings: [String: String], jars: [String], formats: [String]
  ) -> [String: String] {
    var result: [String: String] = [:]
    let libraries = jars + ["spark.jars", "spark.jars.packages"].compactMap { settings[$0] }
    if !libraries.isEmpty {
      // A query and the name of a table do not tell their format, but the library does.
      let told = settingsOfFormats.keys.filter { format in
        libraries.contains { $0.contains("\(format)-spark") }
      }
      for format in Set(formats.map { $0.lowercased() } + told).sorted() {
        // Of two formats Spark wants both extensions, in one list.
        result.merge(settingsOfFormats[format] ?? [:]) { first, second in
          first == second ? first : "\(first),\(second)"
        }
      }
    }
    result.merge(settings) { $1 }
    let paths = jars.map { StoragePath($0).localPath ?? $0 }
    let all = (settings["spark.jars"].map { [$0] } ?? []) + paths
    if !all.isEmpty { result["spark.jars"] = all.joined(separator: ",") }
    return result
  }

  /// Sends the libraries to a server that runs already.
  ///
  /// - Throws: ``CommandFailure`` if a format in them needs what only its start could have given it.
  static func send(
    _ jars: [String], formats: [String], to spark: SparkSession
  ) async throws {
    for format in Set(formats.map { $0.lowercased() }).sorted() where !jars.isEmpty {
      guard let needed = settingsOfFormats[format]?["spark.sql.extensions"], format == "delta"
      else { continue }
      let set = try await spark.conf.get("spark.sql.extensions") ?? ""
      guard set.contains(needed) else {
        throw CommandFailure(
          "the server at \(spark.serverAddress) was started without \(format)'s extension, and a --jar that "
            + "a session sends comes too late for it: start the server with the library (--jars) and "
            + "--conf spark.sql.extensions=\(needed), and leave out --jar; or leave out --remote, and "
            + "a Spark is started here that has both")
      }
    }
    for jar in jars { try await spark.addJar(StoragePath(jar).localPath ?? jar) }
  }
}
