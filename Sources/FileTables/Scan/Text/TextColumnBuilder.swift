import ArrowIPC
import SparkTypes

/// Collects the values of a column that are read from text.
class TextColumnBuilder {
  fileprivate var isValid: [Bool] = []
  fileprivate let type: ArrowType

  fileprivate init(_ type: ArrowType) { self.type = type }

  /// - Returns: whether the text is a value of the column's type; if not, nothing is added.
  func append(_ text: UnsafeRawBufferPointer) -> Bool { fatalError("a subclass's") }
  func appendNull() { fatalError("a subclass's") }
  /// The column, and begins anew.
  func finish() -> ArrowColumn { fatalError("a subclass's") }

  /// Takes back what follows the first `count` rows.
  func cut(to count: Int) { fatalError("a subclass's") }

  fileprivate func column(_ buffers: [ArrowBuffer]) -> ArrowColumn {
    let nulls = isValid.count { !$0 }
    defer { isValid.removeAll(keepingCapacity: true) }
    return ArrowColumn(
      unchecked: type, count: isValid.count, nullCount: nulls,
      validity: nulls == 0 ? nil : Bitmap(isValid).buffer, buffers: buffers)
  }

  /// A builder of columns of `type`.
  ///
  /// - Throws: ``FileTableError`` for types that text cannot have.
  static func make(
    _ field: StructField, _ arrow: ArrowType, _ options: CSVOptions, _ zone: ZoneRules
  ) throws(FileTableError) -> TextColumnBuilder {
    func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
    switch field.type {
    case .string, .char, .varchar, .collatedString, .binary: return BytesBuilder(arrow)
    case .boolean:
      return BitsBuilder(arrow)
    case .byte: return FixedBuilder<Int8>(arrow, 0) { Self.integer($0) }
    case .short: return FixedBuilder<Int16>(arrow, 0) { Self.integer($0) }
    case .integer: return FixedBuilder<Int32>(arrow, 0) { Self.integer($0) }
    case .long: return FixedBuilder<Int64>(arrow, 0) { Self.integer($0) }
    case .float:
      return FixedBuilder<Float>(arrow, 0) { bytes in
        let text = text(bytes)
        return options.special(text).map { Float($0) } ?? JavaNumbers.float(text)
      }
    case .double:
      return FixedBuilder<Double>(arrow, 0) { bytes in
        let text = text(bytes)
        return options.special(text) ?? JavaNumbers.double(text)
      }
    case .decimal(let precision, let scale):
      return FixedBuilder<Int128>(arrow, 0) { bytes in
        // Commas between thousands are passed over.
        let digits = text(bytes).filter { $0 != "," }
        guard
          let number = JavaNumbers.decimal(digits)?.rescaled(precision: precision, scale: scale)
        else { return nil }
        return number.bytes.withUnsafeBytes { $0.loadUnaligned(as: Int128.self) }
      }
    case .date: return FixedBuilder<Int32>(arrow, 0) { SparkTimes.date(text($0)) }
    case .timestamp:
      return FixedBuilder<Int64>(arrow, 0) { SparkTimes.timestamp(text($0), zone: zone) }
    case .timestampNTZ:
      return FixedBuilder<Int64>(arrow, 0) { SparkTimes.wallClock(text($0)) }
    default:
      throw FileTableError(
        .unsupported,
        "the column '\(field.name)' is \(field.type), which is not read from CSV here; give it "
          + "another type in the schema, or use Spark (--engine spark)")
    }
  }

  /// An optional sign and digits.
  private static func integer<Number: FixedWidthInteger>(_ text: UnsafeRawBufferPointer) -> Number?
  {
    var index = 0
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative || text.first == UInt8(ascii: "+") { index = 1 }
    if index == text.count { return nil }
    var value: Number = 0
    while index < text.count {
      let digit = text[index] &- UInt8(ascii: "0")
      if digit > 9 { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) =
        isNegative
        ? product.subtractingReportingOverflow(Number(digit))
        : product.addingReportingOverflow(Number(digit))
      if overflow || carry { return nil }
      value = sum
      index += 1
    }
    return value
  }
}

private final class FixedBuilder<Element: BitwiseCopyable>: TextColumnBuilder {
  private var values: [Element] = []
  private let zero: Element
  private let parse: (UnsafeRawBufferPointer) -> Element?

  init(
    _ type: ArrowType, _ zero: Element, parse: @escaping (UnsafeRawBufferPointer) -> Element?
  ) {
    self.zero = zero
    self.parse = parse
    super.init(type)
  }

  override func append(_ text: UnsafeRawBufferPointer) -> Bool {
    guard let value = parse(text) else { return false }
    values.append(value)
    isValid.append(true)
    return true
  }

  override func appendNull() {
    values.append(zero)
    isValid.append(false)
  }

  override func cut(to count: Int) {
    values.removeLast(values.count - count)
    isValid.removeLast(isValid.count - count)
  }

  override func finish() -> ArrowColumn {
    defer { values.removeAll(keepingCapacity: true) }
    return column([ArrowBuffer(copying: values)])
  }
}

private final class BitsBuilder: TextColumnBuilder {
  private var values: [Bool] = []

  override init(_ type: ArrowType) { super.init(type) }

  override func append(_ text: UnsafeRawBufferPointer) -> Bool {
    switch String(decoding: text, as: UTF8.self).lowercased() {
    case "true": values.append(true)
    case "false": values.append(false)
    default: return false
    }
    isValid.append(true)
    return true
  }

  override func appendNull() {
    values.append(false)
    isValid.append(false)
  }

  override func cut(to count: Int) {
    values.removeLast(values.count - count)
    isValid.removeLast(isValid.count - count)
  }

  override func finish() -> ArrowColumn {
    defer { values.removeAll(keepingCapacity: true) }
    return column([Bitmap(values).buffer])
  }
}

private final class BytesBuilder: TextColumnBuilder {
  private var offsets: [Int32] = [0]
  private var bytes: [UInt8] = []

  override init(_ type: ArrowType) { super.init(type) }

  override func append(_ text: UnsafeRawBufferPointer) -> Bool {
    // What is no UTF-8 is repaired, as Java does when it reads it.
    if type.isString, !text.allSatisfy({ $0 < 0x80 }) {
      bytes += Array(String(decoding: text, as: UTF8.self).utf8)
    } else {
      bytes.append(contentsOf: text)
    }
    offsets.append(Int32(bytes.count))
    isValid.append(true)
    return true
  }

  override func appendNull() {
    offsets.append(Int32(bytes.count))
    isValid.append(false)
  }

  override func cut(to count: Int) {
    offsets.removeLast(offsets.count - count - 1)
    bytes.removeLast(bytes.count - Int(offsets[count]))
    isValid.removeLast(isValid.count - count)
  }

  override func finish() -> ArrowColumn {
    defer {
      offsets.removeAll(keepingCapacity: true)
      offsets.append(0)
      bytes.removeAll(keepingCapacity: true)
    }
    return column([ArrowBuffer(copying: offsets), ArrowBuffer(copying: bytes)])
  }
}
