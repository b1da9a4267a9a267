/// The settings that a session changes for this program's functions.
package enum WorkerSettings {
  /// The program that executors start as their worker.
  package static let executable = "spark.sql.execution.pyspark.python"
  /// Whether Spark, since 4.2, hands over the columns of files as they are.
  package static let columnarInput = "spark.sql.execution.arrow.pythonUDF.columnarInput.enabled"
  /// The bytes of a batch at most.
  package static let batchBytes = "spark.sql.execution.arrow.maxBytesPerBatch"
}
