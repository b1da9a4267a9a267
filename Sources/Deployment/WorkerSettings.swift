/// The settings that a session changes for this program's functions.
package enum WorkerSettings {
  /// The program that executors start as their worker.
  package static let executable = "spark.sql.execution.pyspark.python"
  /// Whether Spark, since 4.2, hands over the columns of files as they are.
  package static let columnarInput = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"
  /// The bytes of a batch at most.
  package static let batchBytes = "spark.sql.execution.arrow.maxBytesPerBatch"

  /// A setting that a session changes.
  package struct Change: Sendable, Hashable, Encodable {
    /// The setting's name.
    package let name: String
    /// What it becomes.
    package let value: String
    /// What it must be before; `nil` for anything. What somebody has chosen stays.
    package let replaces: String?
  }

  /// What a session of this version of Spark changes, besides the worker.
  package static func changes(
    version: (major: Int, minor: Int), environment: [String: String]
  ) -> [Change] {
    var changes: [Change] = []
    // Spark's columnar input converts array columns more slowly than its rows, as scripts/benchmark
    // shows; Spark has the setting since 4.2.
    if version >= (4, 2), environment["NEEDLETAIL_COLUMNAR_INPUT"] != "spark" {
      changes.append(Change(name: columnarInput, value: "false", replaces: nil))
    }
    // Spark's own limit, 64 MiB, lets tasks hold several such batches of wide rows. The batches of a
    // model may span Spark's, so smaller ones cost nothing.
    changes.append(Change(name: batchBytes, value: "\(16 << 20)b", replaces: "\(64 << 20)b"))
    return changes
  }
}
