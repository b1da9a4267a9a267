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
  /// Strings that compare by a collation other than Spark's default, such as `UNICODE_CI`.
  case collatedString(collation: String)
  /// Strings of fixed and of limited length, as tables declare them; strings otherwise.
  case char(length: Int)
  case varchar(length: Int)
  case binary
  case date
  /// A time of day with `precision` digits of a second's fraction. Its values are nanoseconds since
  /// midnight.
  case time(precision: Int = 6)
  /// An instant, shown in the session's time zone.
  case timestamp
  /// A wall-clock time without a zone.
  case timestampNTZ
  /// Instants and wall-clock times with 7 to 9 digits of a second's fraction (Spark 4.3). Their
  /// values are nanoseconds.
  case timestampNanos(precision: Int)
  case timestampNTZNanos(precision: Int)
  case dayTimeInterval(from: DayTimeField = .day, to: DayTimeField = .second)
  case yearMonthInterval(from: YearMonthField = .year, to: YearMonthField = .month)
  case calendarInterval
  case array(DataType, containsNull: Bool = true)
  case map(DataType, DataType, valueContainsNull: Bool = true)
  case `struct`(StructType)
  case variant
  /// Spatial objects in a plane and on the globe, in the reference system with the number `srid`;
  /// `nil` where each value has its own.
  case geometry(srid: Int?)
  case geography(srid: Int?)
  /// A type that a library adds to Spark, such as Spark ML's vectors.
  case userDefined(UserDefinedType)
  /// A type that Spark describes by its name alone.
  case unparsed(String)
  /// A type that is younger than this package.
  case unknown(UnknownDataType)

  /// The parts that an interval of days and shorter times can begin and end with.
  public enum DayTimeField: Int32, Sendable, Hashable, Codable, CaseIterable {
    case day, hour, minute, second
  }

  /// The parts that an interval of years and months can begin and end with.
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
    case .string, .collatedString, .char, .varchar: true
    default: false
    }
  }

  /// The element type of an array, else `nil`.
  public var arrayElement: DataType? {
    if case .array(let element, _) = self { return element }
    return nil
  }
}
