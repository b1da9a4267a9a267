import ArrowIPC
import SparkTypes

extension DataType {
  /// Whether values of the type have decimals in them.
  var hasDecimals: Bool {
    switch self {
    case .decimal: true
    case .array(let element, _): element.hasDecimals
    case .map(let key, let value, _): key.hasDecimals || value.hasDecimals
    case .struct(let fields): fields.contains { $0.type.hasDecimals }
    default: false
    }
  }

  /// Makes sure that the decimals in `value` have no more digits than the type: the bytes of a column
  /// would hold them, and Spark would not look.
  ///
  /// - Throws: ``SparkError`` that says where.
  func checkDecimals(in value: ArrowValue, _ place: String) throws {
    switch (self, value) {
    case (.decimal(let precision, _), .decimal(let number)):
      let count = number.unscaledDigits.count { $0 != "-" }
      guard count <= precision else {
        throw SparkError(
          .invalidArgument,
          "\(place) is \(number), which has \(count) digits, and \(ddl) has \(precision); declare more "
            + "(up to 38), or round the number")
      }
    case (.array(let element, _), .list(let values)):
      for (index, item) in values.enumerated() {
        try element.checkDecimals(in: item, "\(place)[\(index)]")
      }
    case (.map(let key, let item, _), .map(let pairs)):
      for pair in pairs {
        try key.checkDecimals(in: pair.key, "a key of \(place)")
        try item.checkDecimals(in: pair.value, "a value of \(place)")
      }
    case (.struct(let fields), .structure(let values)):
      for (field, item) in zip(fields, values) {
        try field.type.checkDecimals(in: item, "\(place).\(field.name)")
      }
    default: break
    }
  }
}
