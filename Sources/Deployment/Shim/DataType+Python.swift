package import SparkTypes

extension DataType {
  /// What of the type Spark's own Python cannot hold, and where that is: `c`, `c.element`; `nil` where it
  /// holds all.
  ///
  /// pyarrow has no intervals of months (`pa.lib` knows no type of that number), and PySpark's reader of
  /// types none of nanoseconds (4.3). PySpark before 4.2 has no Arrow type for intervals of the calendar.
  ///
  /// - Parameter spark: Spark's version.
  package func missingInPython(
    _ spark: (major: Int, minor: Int), at path: String = ""
  ) -> (path: String, type: DataType)? {
    func inner(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
    switch self {
    case .yearMonthInterval, .timestampNanos, .timestampNTZNanos: return (path, self)
    case .calendarInterval: return spark < (4, 2) ? (path, self) : nil
    case .array(let element, _): return element.missingInPython(spark, at: inner("element"))
    case .map(let key, let value, _):
      return key.missingInPython(spark, at: inner("key"))
        ?? value.missingInPython(spark, at: inner("value"))
    case .struct(let fields):
      for field in fields {
        if let found = field.type.missingInPython(spark, at: inner(field.name)) { return found }
      }
      return nil
    default: return nil
    }
  }
}
