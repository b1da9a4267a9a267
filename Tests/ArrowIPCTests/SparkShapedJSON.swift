import ArrowIPC
import Foundation

/// The JSON twins of the spark-shaped streams: values as pyarrow's `to_pylist` gives them.
struct SparkShapedJSON {
  private let root: JSON

  init(_ root: JSON) { self.root = root }

  /// The names, types and nullability of the columns, types in Arrow's spelling.
  var fields: [String] {
    root["schema"].array.map {
      "\($0["name"].string): \($0["type"].string)\($0["nullable"].bool ? "" : " not null")"
    }
  }

  var nullCounts: [[Int]] {
    root["batches"].array.map { $0["null_counts"].array.map { Int($0.int) } }
  }

  var rowCounts: [Int] { root["batches"].array.map { Int($0["rows"].int) } }

  func batches(_ schema: ArrowSchema) -> [[[ArrowValue]]] {
    root["batches"].array.map { batch in
      zip(schema.fields, batch["columns"].array).map { field, column in
        column.array.map { value($0, field.type) }
      }
    }
  }

  private func value(_ json: JSON, _ type: ArrowType) -> ArrowValue {
    guard json.exists else { return .null }
    switch type {
    case .null: return .null
    case .bool: return .bool(json.bool)
    case .float32, .float64:
      let number: Double =
        switch json.string {
        case "NaN": .nan
        case "Infinity": .infinity
        case "-Infinity": -.infinity
        default: json.double
        }
      return .float(type == .float32 ? Double(Float(number)) : number)
    case .utf8: return .string(json.string)
    case .binary: return .binary(json["hex"].hex)
    case .decimal(let bits, _, let scale):
      let text = json["decimal"].string == "0E-18" ? "0" : json["decimal"].string
      return ArrowDecimal(text, byteWidth: bits / 8, scale: scale).map { .decimal($0) } ?? .null
    case .date32: return .int(microseconds(json["iso"].string) / 86_400_000_000)
    case .timestamp: return .int(microseconds(json["iso"].string))
    case .duration: return .int(json["micros"].int)
    case .list(let element), .fixedSizeList(let element, _):
      return .list(json.array.map { value($0, element.type) })
    case .structure(let fields):
      return .structure(fields.map { value(json[$0.name], $0.type) })
    case .map(let entries, _):
      let types = entries.type.childFields.map(\.type)
      return .map(
        json.array.map { (value($0.array[0], types[0]), value($0.array[1], types[1])) })
    default: return .int(json.int)
    }
  }

  /// Microseconds since 1970 of `2024-02-29`, `2024-02-29T12:30:00` or `…:00.123456+00:00`.
  private func microseconds(_ iso: String) -> Int64 {
    let numbers = iso.prefix { $0 != "+" }.split { "-T:.".contains($0) }.map { Int64($0) ?? 0 }
    var (year, month) = (numbers[0], numbers[1])
    // Days from civil, March-based years.
    if month <= 2 {
      year -= 1
      month += 12
    }
    let days =
      365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + numbers[2]
      - 719_469
    let seconds =
      numbers.count < 6 ? 0 : numbers[3] * 3600 + numbers[4] * 60 + numbers[5]
    return (days * 86_400 + seconds) * 1_000_000 + (numbers.count > 6 ? numbers[6] : 0)
  }
}
