import ArrowIPC
import Tensors

/// A column of random numbers of a type, with what stands in each row: ordinary numbers, the ends of
/// the ranges of all types, numbers between those of floating-point types, fractions.
struct RandomColumn {
  enum Kind: CaseIterable {
    case boolean, byte, short, integer, long, float, double
    /// `decimal(10,2)`, `decimal(20,0)` (Parquet's UINT_64), `decimal(38,18)`, `decimal(38,38)`.
    case price, unsignedLong, wide, fraction
    /// What Arrow has and Spark has not.
    case half, uint8, uint16, uint32, uint64, decimal256, negativeScale
  }

  var column: ArrowColumn
  /// `nil` where the row is null.
  var values: [ExactValue?]

  /// - Parameter hasNulls: whether some rows are null; their places then hold any number.
  init(
    _ kind: Kind, rows: Int, hasNulls: Bool = false, using random: inout SeededNumbers
  ) throws {
    let type: ArrowType
    let pairs: [(ArrowValue, ExactValue)]
    func decimals(
      _ bits: Int, _ digits: Int, _ scale: Int, _ random: inout SeededNumbers
    ) -> (ArrowType, [(ArrowValue, ExactValue)]) {
      let values = (0..<rows).map { _ -> (ArrowValue, ExactValue) in
        let text = Self.digits(atMost: digits, scale: scale, &random)
        let decimal = ArrowDecimal(text, byteWidth: bits / 8, scale: 0)
        return (
          .decimal(ArrowDecimal(bytes: decimal?.bytes ?? [], scale: scale)),
          .number(ExactNumber(digits: text, scale: scale))
        )
      }
      return (.decimal(bitWidth: bits, precision: digits, scale: scale), values)
    }
    func integers<Number: FixedWidthInteger>(
      _: Number.Type, _ random: inout SeededNumbers
    ) -> [(ArrowValue, ExactValue)] {
      (0..<rows).map { _ in
        let number = Number(truncatingIfNeeded: Self.integer(&random))
        let value: ArrowValue =
          Number.isSigned ? .int(Int64(truncatingIfNeeded: number)) : .uint(UInt64(number))
        return (value, .number(ExactNumber(number)))
      }
    }
    func floats(
      _ random: inout SeededNumbers, _ round: (Double) -> Double
    ) -> [(ArrowValue, ExactValue)] {
      (0..<rows).map { _ in
        let number = round(Self.real(&random))
        return (.float(number), ExactValue(number))
      }
    }
    switch kind {
    case .boolean:
      type = .bool
      pairs = (0..<rows).map { _ in
        let truth = Bool.random(using: &random)
        return (.bool(truth), .number(ExactNumber(truth ? 1 : 0)))
      }
    case .byte: (type, pairs) = (.int8, integers(Int8.self, &random))
    case .short: (type, pairs) = (.int16, integers(Int16.self, &random))
    case .integer: (type, pairs) = (.int32, integers(Int32.self, &random))
    case .long: (type, pairs) = (.int64, integers(Int64.self, &random))
    case .uint8: (type, pairs) = (.uint8, integers(UInt8.self, &random))
    case .uint16: (type, pairs) = (.uint16, integers(UInt16.self, &random))
    case .uint32: (type, pairs) = (.uint32, integers(UInt32.self, &random))
    case .uint64: (type, pairs) = (.uint64, integers(UInt64.self, &random))
    case .half: (type, pairs) = (.float16, floats(&random) { Double(Float16($0)) })
    case .float: (type, pairs) = (.float32, floats(&random) { Double(Float($0)) })
    case .double: (type, pairs) = (.float64, floats(&random) { $0 })
    case .price: (type, pairs) = decimals(128, 10, 2, &random)
    case .unsignedLong: (type, pairs) = decimals(128, 20, 0, &random)
    case .wide: (type, pairs) = decimals(128, 38, 18, &random)
    case .fraction: (type, pairs) = decimals(128, 38, 38, &random)
    case .decimal256:
      (type, pairs) = decimals(256, 76, Int.random(in: 0...76, using: &random), &random)
    case .negativeScale:
      (type, pairs) = decimals(128, 20, -Int.random(in: 1...9, using: &random), &random)
    }
    column = try ArrowColumn(pairs.map(\.0), type: type)
    values = pairs.map(\.1)
    guard hasNulls else { return }
    let isValid = (0..<rows).map { _ in Int.random(in: 0..<3, using: &random) > 0 }
    column = ArrowColumn(
      unchecked: type, count: rows, nullCount: isValid.count { !$0 },
      validity: Bitmap(isValid).buffer, buffers: column.buffers)
    values = zip(values, isValid).map { $1 ? $0 : nil }
  }

  /// The rows from `start` on, as a batch that was cut has them.
  func dropping(_ start: Int) -> RandomColumn {
    var result = self
    result.column = column.slice(start..<column.count)
    result.values = Array(values[start...])
    return result
  }

  private static func integer(_ random: inout SeededNumbers) -> Int64 {
    switch Int.random(in: 0..<8, using: &random) {
    case 0...3: return .random(in: 0...127, using: &random)
    case 4: return .random(in: -129...260, using: &random)
    case 5:
      let powers: [Int] = [7, 8, 11, 15, 16, 24, 31, 32, 53, 62, 63]
      let power = Int64(1) << Int64(powers.randomElement(using: &random) ?? 0)
      return power &+ .random(in: -2...2, using: &random)
    case 6:
      // Between two numbers of a floating-point type, or beside the middle.
      let bits = Int64.random(in: 1 << 12..<1 << 13, using: &random) | 1
      let shift = Int64.random(in: 0..<50, using: &random)
      return bits << shift &+ .random(in: -1...1, using: &random)
    default: return .random(in: .min ... .max, using: &random)
    }
  }

  private static func real(_ random: inout SeededNumbers) -> Double {
    switch Int.random(in: 0..<10, using: &random) {
    case 0...3: return Double(Int.random(in: 0...127, using: &random))
    case 4: return Double(integer(&random))
    case 5: return Double.random(in: -300...300, using: &random)
    case 6:
      let specials: [Double] = [
        .nan, .infinity, -.infinity, 1e300, -1e300, 3.99, -0.5, -0.0, 0x1p63, 0x1p64, -0x1p63,
        0x1p-149, 0x1p-150, 0x1.8p-150, 65519, 65520, 0x1.FFFFFFp127, 0x1p-25, 0x1.000001p-25, 300,
        -1, 0x1.FEFFFFFFFFFFFp127, 0x1.FFp127,
      ]
      return specials.randomElement(using: &random) ?? 0
    case 7:
      let bits = Double(Int64.random(in: 1 << 12..<1 << 13, using: &random) | 1)
      let middle = Double(
        sign: .plus, exponent: Int.random(in: -40...20, using: &random), significand: bits)
      return [middle, middle.nextUp, middle.nextDown].randomElement(using: &random) ?? 0
    case 8:
      return Double(
        sign: .minus, exponent: Int.random(in: -160...130, using: &random),
        significand: Double.random(in: 1..<2, using: &random))
    default: return Double(Float.random(in: -1...1, using: &random))
    }
  }

  /// The digits of a decimal with `scale` of them behind the point.
  private static func digits(
    atMost digits: Int, scale: Int, _ random: inout SeededNumbers
  ) -> String {
    func text(_ number: Int64) -> String { "\(number)" }
    var result: String
    switch Int.random(in: 0..<6, using: &random) {
    case 0...2:
      // A whole number, if there are digits for it.
      result = text(integer(&random)) + String(repeating: "0", count: max(scale, 0))
    case 3: result = text(integer(&random))
    case 4:
      let length = Int.random(in: 1...digits, using: &random)
      result = String(
        (0..<length).map { _ in Character("\(Int.random(in: 0...9, using: &random))") })
    default:
      let all = [
        "399", "-399", "250", "9007199254740993", "18446744073709551615", "99999999999999",
      ]
      result = all.randomElement(using: &random) ?? "0"
    }
    let isNegative = result.hasPrefix("-")
    result = String(result.drop { $0 == "-" }.suffix(digits).drop { $0 == "0" })
    return (isNegative && !result.isEmpty ? "-" : "") + (result.isEmpty ? "0" : result)
  }
}
