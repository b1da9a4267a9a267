/// What to do about a query that Spark refuses for want of a setting, which Spark itself does not say.
enum SparkErrorAdvice {
  /// The settings that a session may change, by the condition of the error.
  private static let settings = [
    "UNSUPPORTED_TIME_TYPE": "spark.sql.timeType.enabled"
  ]

  /// `error` with what to do.
  static func added(to error: SparkError) -> SparkError {
    let found = settings.first { condition, _ in
      // The condition is that of the outermost error that has one.
      error.condition == condition || error.message.contains("[\(condition)]")
    }
    guard let setting = found?.value else { return error }
    var result = error
    result.message +=
      (error.message.hasSuffix(".") ? " " : ". ")
      + "Set \(setting)=true for the session (--conf \(setting)=true; in Swift "
      + "spark.conf.set(\"\(setting)\", \"true\")) or in the server's settings"
    return result
  }
}
