/// What to do about a query that Spark refuses or fails for a reason that Spark itself does not make plain.
enum SparkErrorAdvice {
  /// The settings that a session may change, by the condition of the error.
  private static let settings = [
    "UNSUPPORTED_TIME_TYPE": "spark.sql.timeType.enabled"
  ]

  /// What to do about conditions whose own words leave it open.
  private static let conditions: [String: String] = [
    "DATA_SOURCE_NOT_FOUND": """
    A format that is none of Spark's own, such as delta, comes with a library: --jar FILE (in Swift \
    spark.addJar), or --conf spark.jars.packages=GROUP:NAME:VERSION for a Spark that is started here; \
    ask the operator of a server that runs to start it with the library
    """,
    "TABLE_OR_VIEW_NOT_FOUND": """
    Spark's catalog at this server has no such table; needletail sql 'SHOW TABLES' (in Swift \
    spark.catalog.listTables()) lists what it has, and IN DATABASE behind it those of another database. \
    Files are read with --input
    """,
  ]

  /// `error` with what to do.
  static func added(to error: SparkError) -> SparkError {
    let found = settings.first { condition, _ in
      // The condition is that of the outermost error that has one.
      error.condition == condition || error.message.contains("[\(condition)]")
    }
    let advice: String
    if let setting = found?.value {
      advice =
        "Set \(setting)=true for the session (--conf \(setting)=true; in Swift "
        + "spark.conf.set(\"\(setting)\", \"true\")) or in the server's settings"
    } else if let known = error.condition.flatMap({ conditions[$0] }) {
      advice = known
    } else if error.isOfStream, error.message.contains("Cannot run program \"./") {
      // A function that SQL calls by its name: of others it is known before the query starts.
      advice =
        "A streaming query gets none of the files that a session sends to executors, and the program is one of "
        + "them. Install it on every executor, at one path, and name it in NEEDLETAIL_WORKER"
    } else if error.message.contains("failed to map segment from shared object") {
      // Java unpacks the libraries for compressed files there.
      advice =
        "Spark's folder of temporary files is mounted with noexec, so that no library can be loaded from "
        + "it. Ask the operator to name another: -Djava.io.tmpdir=/path/of/a/folder in "
        + "spark.driver.extraJavaOptions and spark.executor.extraJavaOptions"
    } else if error.message.contains("[FAILED_READ_FILE"), error.message.contains("file:/") {
      advice =
        "A path that begins with file:/, or with no scheme, is one of each executor's own machine: all of "
        + "them must have the same files there, as in a shared folder. Otherwise name a place that all reach "
        + "(hdfs://, s3a://)"
    } else if ["version `GLIBC_", "version 'GLIBC_"].contains(where: error.message.contains) {
      advice =
        "The system of an executor is older than the one on which this program was built (it lacks the "
        + "version of glibc that stands above). Build the program on a system as old as the executors', "
        + "or ask the operator for executors with a newer one"
    } else {
      return error
    }
    var result = error
    // A text of several lines ends with a stack trace.
    let separator =
      error.message.contains("\n") ? "\n" : error.message.hasSuffix(".") ? " " : ". "
    result.message += separator + advice
    return result
  }
}

extension SparkError {
  /// Whether a streaming query has failed.
  fileprivate var isOfStream: Bool {
    condition == "STREAM_FAILED" || message.contains("[STREAM_FAILED]")
  }
}
