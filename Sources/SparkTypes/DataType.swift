/// A Spark SQL data type.
///
/// ```swift
/// let scores: DataType = .array(.float)
/// let result: DataType = .struct(["label": .string, "score": .float])
/// try DataType(ddl: "struct<label:string,score:float>")     // the same
/// ```
public indirect enum DataType: Sendable, Hashable, Codable {
  case null
  case boolean
  /// Signed integers of 8, 16, 32 and 64 bits.
  case byte, short, integer, long
  /// IEEE 754 numbers of 32 and 64 bits.
  case float, double
  case decimal(precision: Int = 10, scale: Int = 0)
  case string
  /// Strings of fixed and of limited length, as tables declare them; strings otherwise.
  case char(length: Int)
  case varchar(length: Int)
  case binary
  case date
  /// An instant, shown in the session's time zone.
  case timestamp
  /// A wall-clock time without a zone.
  case timestampNTZ
  case dayTimeInterval(from: DayTimeField = .day, to: DayTimeField = .second)
  case yearMonthInterval(from: YearMonthField = .year, to: YearMonthField = .month)
  case calendarInterval
  case array(DataType, containsNull: Bool = true)
  case map(DataType, DataType, valueContainsNull: Bool = true)
  case `struct`(StructType)
  case variant
  /// A type that this package has no case for, by the name that Spark gives it.
  case unparsed(String)

  public enum DayTimeField: Int32, Sendable, Hashable, Codable, CaseIterable {
    case day, hour, minute, second
  }

  public enum YearMonthField: Int32, Sendable, Hashable, Codable, CaseIterable {
    case year, month
  }
}

extension DataType {
  /// Whether values are numbers.
  public var isNumeric: Bool {
    switch self {
    case .byte, .short, .integer, .long, .float, .double, .decimal: true
    default: false
    }
  }

  /// Whether values are strings, of whichever declared length.
  public var isString: Bool {
    switch self {
    case .string, .char, .varchar: true
    default: false
    }
  }

  /// The element type of an array, else `nil`.
  public var arrayElement: DataType? {
    if case .array(let element, _) = self { return element }
    return nil
  }
}
