import FileTables

/// Which engine computes a prediction that a command line asks for.
package struct EngineChoice: Sendable {
  /// What the user said.
  package enum Wish: String, Sendable, CaseIterable {
    case auto, local, spark
  }

  package enum Engine: Sendable, Equatable {
    /// This process.
    case local
    /// Spark, with the reason if it is none that the user gave.
    case spark(because: String?)
    /// None, with what to do.
    case refused(String)
  }

  package var wish = Wish.auto
  /// Whether a server of Spark was named by an option.
  package var hasRemote = false
  /// The variable of the environment that names a server or a master of Spark.
  package var variable: String?
  /// Options of the command that only Spark takes: `--task-gpus`.
  package var sparkOptions: [String] = []
  /// Options that name what Spark alone has: `--table`.
  package var tableOptions: [String] = []
  /// Settings of the session.
  package var settings: [String] = []
  /// Formats as Spark calls them.
  package var reading = "parquet"
  package var writing = "parquet"
  /// A path of which only Hadoop's configuration says where it is.
  package var hadoopPath: String?
  /// Whether the model runs beside Spark's executors.
  package var isModelOfExecutors = false
  /// Why files cannot be read without Spark here; `nil` if they can.
  package var missingLibrary: @Sendable () -> String? = { nil }

  package init() {}

  /// The settings of Spark's that mean something here.
  package static let knownSettings: Set<String> = ["spark.sql.session.timeZone"]

  private static let readable: Set<String> = [
    "parquet", "csv", "json", "arrow", "text", "binaryfile",
  ]
  private static let writable: Set<String> = ["parquet", "csv", "json", "arrow", "text"]
  /// Formats that Spark does not have.
  private static let foreign: Set<String> = ["arrow"]

  package var engine: Engine {
    let onlyLocal = [reading, writing].first { Self.foreign.contains($0.lowercased()) }
    if wish == .spark || wish == .auto && (hasRemote || variable != nil) {
      if let onlyLocal {
        return .refused(
          "Spark neither reads nor writes the format \(onlyLocal): convert the table, or leave out what "
            + "asks for Spark (\(wish == .spark ? "--engine spark" : variable ?? "--remote"))")
      }
      return .spark(because: nil)
    }
    guard let reason else { return .local }
    if wish == .local {
      return .refused(
        "--engine local cannot do this: \(reason)"
          + (reason.hasSuffix(".") ? " Or say" : "; change that, or say") + " --engine spark")
    }
    if let onlyLocal {
      return .refused(
        "Spark neither reads nor writes the format \(onlyLocal), and without Spark this cannot be done: "
          + reason)
    }
    return .spark(because: reason)
  }

  /// Why this process cannot do it.
  private var reason: String? {
    if wish == .local, hasRemote { return "--remote names a server of Spark" }
    if let option = sparkOptions.first { return "\(option) is for tasks of Spark" }
    if !tableOptions.isEmpty {
      return
        "\(tableOptions.joined(separator: ", ")) \(tableOptions.count == 1 ? "is" : "are") for Spark alone"
    }
    if let setting = settings.sorted().first(where: { !Self.knownSettings.contains($0) }) {
      return "--conf \(setting) is one of Spark's settings"
    }
    if !Self.readable.contains(reading.lowercased()) {
      return "only Spark reads the format \(reading)"
    }
    if !Self.writable.contains(writing.lowercased()) {
      return "only Spark writes the format \(writing)"
    }
    if isModelOfExecutors { return "the model runs beside Spark's executors" }
    if let hadoopPath {
      return
        "with HADOOP_CONF_DIR or YARN_CONF_DIR the path '\(hadoopPath)' may be one of Hadoop's, "
        + "which file:/... would not be"
    }
    return missingLibrary()
  }

  /// Why the plug-in that reads files cannot be used; `nil` if it can.
  package static func missingFileLibrary() -> String? {
    do throws(FileTableError) {
      _ = try FileLibrary.shared()
      return nil
    } catch {
      return error.message
    }
  }
}
