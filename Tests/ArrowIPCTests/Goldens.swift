import ArrowIPC
import Foundation

/// The recorded files under `Tests/Goldens`.
enum Goldens {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Goldens")

  /// The paths, relative to the goldens, of the files in `folder` whose names end with `suffix`.
  static func files(_ folder: String, _ suffix: String = "") -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent(folder).path)
    return (names ?? []).filter { $0.hasSuffix(suffix) }.sorted().map { "\(folder)/\($0)" }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: root.appendingPathComponent(path)))
  }

  static func json(_ path: String) throws -> JSON {
    JSON(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: root.appendingPathComponent(path)), options: .fragmentsAllowed))
  }

  /// The schema and batches of a stream, or of a file by its name.
  static func read(_ path: String) throws -> (schema: ArrowSchema, batches: [RecordBatch]) {
    let bytes = try bytes(path)
    if path.hasSuffix(".arrow_file") {
      let reader = try ArrowFileReader(ArrowBuffer(copying: bytes))
      return (reader.schema, try (0..<reader.batchCount).map { try reader.batch($0) })
    }
    let reader = try ArrowStreamReader(bytes)
    return (reader.schema, try reader.readAll())
  }
}

/// A parsed JSON value with the accesses that the goldens need; what is absent is empty.
struct JSON {
  let value: Any

  init(_ value: Any) { self.value = value }

  subscript(_ key: String) -> JSON { JSON((value as? [String: Any])?[key] ?? NSNull()) }
  var exists: Bool { !(value is NSNull) }
  var array: [JSON] { (value as? [Any])?.map { JSON($0) } ?? [] }
  var string: String { value as? String ?? "" }
  var bool: Bool { (value as? NSNumber)?.boolValue ?? false }
  var int: Int64 { (value as? NSNumber)?.int64Value ?? Int64(string) ?? 0 }
  var uint: UInt64 { (value as? NSNumber)?.uint64Value ?? UInt64(string) ?? 0 }

  var double: Double {
    if let number = value as? NSNumber { return number.doubleValue }
    return Double(string) ?? .nan
  }

  /// The bytes that a string of hexadecimal digits stands for.
  var hex: [UInt8] {
    let digits = Array(string)
    return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
  }
}
