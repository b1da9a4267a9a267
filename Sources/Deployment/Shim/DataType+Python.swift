package import SparkTypes

extension DataType {
  /// What of the type Spark's own Python cannot hold, and where that is: `c`, `c.element`; `nil` where it
  /// holds all.
  ///
  /// pyarrow has no intervals of months (`pa.lib` knows no type of that number), and PySpark's reader of
  /// types none of nanoseconds (4.3).
  package func missingInPython(at path: String = "") -> (path: String, type: DataType)? {
    func inner(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
    switch self {
    case .yearMonthInterval, .timestampNanos, .timestampNTZNanos: return (path, self)
    case .array(let element, _): return element.missingInPython(at: inner("element"))
    case .map(let key, let value, _):
      return key.missingInPython(at: inner("key")) ?? value.missingInPython(at: inner("value"))
    case .struct(let fields):
      for field in fields {
        if let found = field.type.missingInPython(at: inner(field.name)) { return found }
      }
      return nil
    default: return nil
    }
  }
}
