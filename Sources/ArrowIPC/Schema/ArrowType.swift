/// The logical type of a column, after Schema.fbs of the Arrow columnar format.
public indirect enum ArrowType: Sendable, Hashable {
  case null
  case bool
  case int8, int16, int32, int64
  case uint8, uint16, uint32, uint64
  case float16, float32, float64
  /// A two's complement integer of 32, 64, 128 or 256 bits, scaled by 10^-scale.
  case decimal(bitWidth: Int, precision: Int, scale: Int)
  /// Days (32 bits) since 1970-01-01.
  case date32
  /// Milliseconds (64 bits) since 1970-01-01, whole days.
  case date64
  /// Time of day; 32 bits for seconds and milliseconds, 64 bits for the finer units.
  case time32(TimeUnit)
  case time64(TimeUnit)
  /// 64-bit time since 1970-01-01: an instant if there is a zone, else a wall-clock time.
  case timestamp(TimeUnit, timeZone: String?)
  /// A 64-bit length of time.
  case duration(TimeUnit)
  case interval(IntervalUnit)
  case utf8, largeUTF8, utf8View
  case binary, largeBinary, binaryView
  case fixedSizeBinary(byteWidth: Int)
  case list(ArrowField)
  case largeList(ArrowField)
  case fixedSizeList(ArrowField, count: Int)
  case structure([ArrowField])
  /// A list of key and value pairs; the field is the non-null entries struct of two fields.
  case map(entries: ArrowField, keysSorted: Bool)
  /// Integer codes into a dictionary of `value`s.
  case dictionary(id: Int64, index: ArrowType, value: ArrowType, isOrdered: Bool)

  /// The unit of times, timestamps and durations.
  public enum TimeUnit: Int16, Sendable, Hashable, CaseIterable {
    case second, millisecond, microsecond, nanosecond
  }

  /// The layout of calendar intervals: one `Int32` of months; two `Int32`s, days and milliseconds;
  /// or months and days as `Int32` and nanoseconds as `Int64`.
  public enum IntervalUnit: Int16, Sendable, Hashable, CaseIterable {
    case yearMonth, dayTime, monthDayNano
  }
}

extension ArrowType {
  /// Bytes of one value in the data buffer for types of fixed byte width; `nil` for the others
  /// (booleans are bits).
  public var byteWidth: Int? {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16, .float16: 2
    case .int32, .uint32, .float32, .date32, .time32: 4
    case .int64, .uint64, .float64, .date64, .time64, .timestamp, .duration: 8
    case .decimal(let bitWidth, _, _): bitWidth / 8
    case .interval(.yearMonth): 4
    case .interval(.dayTime): 8
    case .interval(.monthDayNano): 16
    case .fixedSizeBinary(let byteWidth): byteWidth
    case .dictionary(_, let index, _, _): index.byteWidth
    default: nil
    }
  }

  /// The fields of the children, in order: list element, struct fields, map entries.
  public var childFields: [ArrowField] {
    switch self {
    case .list(let element), .largeList(let element), .fixedSizeList(let element, _): [element]
    case .structure(let fields): fields
    case .map(let entries, _): [entries]
    default: []
    }
  }

  /// Whether a layout with offsets has them of 64 bits.
  var isLarge: Bool {
    switch self {
    case .largeUTF8, .largeBinary, .largeList: true
    default: false
    }
  }

  /// Whether values are UTF-8 strings, in whichever layout.
  public var isString: Bool { self == .utf8 || self == .largeUTF8 || self == .utf8View }

  /// Whether values are byte strings of variable or fixed length.
  public var isBinary: Bool {
    switch self {
    case .binary, .largeBinary, .binaryView, .fixedSizeBinary: true
    default: false
    }
  }

  /// The element of list types of every layout, but not of maps; `nil` for other types.
  public var listElement: ArrowField? {
    switch self {
    case .list(let element), .largeList(let element), .fixedSizeList(let element, _): element
    default: nil
    }
  }
}

extension ArrowType: CustomStringConvertible {
  /// The type as Arrow's implementations spell it, for example `list<element: float>`.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool: "bool"
    case .int8: "int8"
    case .int16: "int16"
    case .int32: "int32"
    case .int64: "int64"
    case .uint8: "uint8"
    case .uint16: "uint16"
    case .uint32: "uint32"
    case .uint64: "uint64"
    case .float16: "halffloat"
    case .float32: "float"
    case .float64: "double"
    case .decimal(let bits, let precision, let scale): "decimal\(bits)(\(precision), \(scale))"
    case .date32: "date32[day]"
    case .date64: "date64[ms]"
    case .time32(let unit): "time32[\(unit.symbol)]"
    case .time64(let unit): "time64[\(unit.symbol)]"
    case .timestamp(let unit, let zone):
      "timestamp[\(unit.symbol)\(zone.map { ", tz=\($0)" } ?? "")]"
    case .duration(let unit): "duration[\(unit.symbol)]"
    case .interval(.yearMonth): "month_interval"
    case .interval(.dayTime): "day_time_interval"
    case .interval(.monthDayNano): "month_day_nano_interval"
    case .utf8: "string"
    case .largeUTF8: "large_string"
    case .utf8View: "string_view"
    case .binary: "binary"
    case .largeBinary: "large_binary"
    case .binaryView: "binary_view"
    case .fixedSizeBinary(let width): "fixed_size_binary[\(width)]"
    case .list(let element): "list<\(element)>"
    case .largeList(let element): "large_list<\(element)>"
    case .fixedSizeList(let element, let count): "fixed_size_list<\(element)>[\(count)]"
    case .structure(let fields):
      "struct<\(fields.map(\.description).joined(separator: ", "))>"
    case .map(let entries, _):
      "map<\(entries.type.childFields.map { "\($0.type)" }.joined(separator: ", "))>"
    case .dictionary(_, let index, let value, _): "dictionary<\(value), indices=\(index)>"
    }
  }
}

extension ArrowType.TimeUnit {
  /// The unit's symbol: `s`, `ms`, `us`, `ns`.
  public var symbol: String {
    switch self {
    case .second: "s"
    case .millisecond: "ms"
    case .microsecond: "us"
    case .nanosecond: "ns"
    }
  }
}
