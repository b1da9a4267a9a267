import LocalSpark
import NativeLibraries
import SparkConnect

/// The Spark that is started where no server is named.
struct SparkCheck: Check {
  let key = "spark"
  let name = "Spark"
  let remedy =
    "Install it: python3 -m venv .venv && .venv/bin/pip install 'pyspark[connect]==4.3.0'; or name a "
    + "server with --remote sc://host:port"
  /// What `SPARK_HOME` says; empty if it is not set.
  let home: String
  /// Finds Spark's folder, or says why not.
  let find: @Sendable () throws -> String
  /// The names of the jars in the folder of a Spark.
  let jars: @Sendable (String) -> [String]

  func run() async throws -> Finding {
    guard let path = try? find() else {
      if !home.isEmpty {
        return .fail(
          "SPARK_HOME is \(home), but there is no bin/spark-submit in it",
          remedy:
            "Set SPARK_HOME to the folder of a Spark 4, or unset it to use the pip package pyspark: "
            + "unset SPARK_HOME")
      }
      return .warn(
        "none found; without one this program reads and writes Parquet, CSV, JSON lines, text, images "
          + "and Arrow by itself")
    }
    let names = jars(path)
    guard let text = SparkInstallation.version(amongJars: names), let version = SparkVersion(text)
    else {
      return .fail("\(path) has no jar of Spark's core", ["path": path])
    }
    let facts = ["path": path, "version": text]
    switch version.support {
    case .tooOld:
      return .fail(
        "\(text) at \(path) is too old: Spark \(SparkVersion.supported) is supported", facts)
    case .newer:
      return .warn(
        "\(text) at \(path) is newer than this program, which knows Spark \(SparkVersion.supported)",
        facts)
    case .supported: break
    }
    guard names.contains(where: { $0.hasPrefix("spark-connect_") }) else {
      return .fail("\(text) at \(path) comes without Spark Connect", facts)
    }
    return .ok("\(text) at \(path)", facts)
  }

  static let jars: @Sendable (String) -> [String] = { FileSystem.entries(of: $0 + "/jars") }
}
