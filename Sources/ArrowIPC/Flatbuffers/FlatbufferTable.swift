/// The place of a field in a table.
protocol TableField {
  var index: Int { get }
}

extension Int: TableField { var index: Int { self } }
extension TableField where Self: RawRepresentable<Int> { var index: Int { rawValue } }

/// A table within a FlatBuffers message, read with every access checked.
///
/// Layout after the FlatBuffers documentation ("Internals"): a table begins with a signed offset back
/// to its vtable, which lists for each field where in the table it lies (0: absent). No bytes,
/// however damaged, make these methods trap.
struct FlatbufferTable {
  private let bytes: [UInt8]
  private let position: Int
  private let vtable: Int
  private let vtableSize: Int

  /// The root table of a message.
  init(root bytes: [UInt8]) throws {
    let start = try Self.load(bytes, 0, as: UInt32.self)
    try self.init(bytes, at: Int(start))
  }

  private init(_ bytes: [UInt8], at position: Int) throws {
    self.bytes = bytes
    self.position = position
    vtable = position - Int(try Self.load(bytes, position, as: Int32.self))
    vtableSize = Int(try Self.load(bytes, vtable, as: UInt16.self))
    guard vtableSize >= 4, vtable + vtableSize <= bytes.count else {
      throw ArrowError(.malformed, "a metadata table has a vtable of \(vtableSize) bytes")
    }
  }

  private static func load<Value: FixedWidthInteger>(
    _ bytes: [UInt8], _ position: Int, as: Value.Type
  ) throws -> Value {
    guard position >= 0, position <= bytes.count - MemoryLayout<Value>.size else {
      throw ArrowError(
        .malformed, "the metadata refers to byte \(position), it has \(bytes.count)")
    }
    return bytes.withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Value.self))
    }
  }

  /// Where field number `field` lies, `nil` if it is absent.
  private func location(_ field: some TableField) throws -> Int? {
    let entry = 4 + field.index * 2
    guard entry + 2 <= vtableSize else { return nil }
    let offset = try Self.load(bytes, vtable + entry, as: UInt16.self)
    return offset == 0 ? nil : position + Int(offset)
  }

  /// A number; `fallback` if the field is absent.
  func number<Value: FixedWidthInteger>(_ field: some TableField, default fallback: Value) throws
    -> Value
  {
    guard let location = try location(field) else { return fallback }
    return try Self.load(bytes, location, as: Value.self)
  }

  /// A truth value, false if absent.
  func flag(_ field: some TableField) throws -> Bool { try number(field, default: UInt8(0)) != 0 }

  private func target(_ location: Int) throws -> Int {
    location + Int(try Self.load(bytes, location, as: UInt32.self))
  }

  /// A table, `nil` if absent.
  func table(_ field: some TableField) throws -> FlatbufferTable? {
    guard let location = try location(field) else { return nil }
    return try FlatbufferTable(bytes, at: try target(location))
  }

  /// A string, `nil` if absent; invalid UTF-8 is repaired with U+FFFD.
  func string(_ field: some TableField) throws -> String? {
    guard let (start, count) = try vector(field, stride: 1) else { return nil }
    return String(decoding: bytes[start..<start + count], as: UTF8.self)
  }

  /// Where the elements of a vector begin and how many there are, all of them within the bytes.
  private func vector(_ field: some TableField, stride: Int) throws -> (start: Int, count: Int)? {
    guard let location = try location(field) else { return nil }
    let start = try target(location)
    let count = Int(try Self.load(bytes, start, as: UInt32.self))
    guard count <= (bytes.count - start - 4) / stride else {
      throw ArrowError(.malformed, "a metadata vector of \(count) elements exceeds the metadata")
    }
    return (start + 4, count)
  }

  /// A vector of tables, empty if absent.
  func tables(_ field: some TableField) throws -> [FlatbufferTable] {
    guard let (start, count) = try vector(field, stride: 4) else { return [] }
    return try (0..<count).map { try FlatbufferTable(bytes, at: try target(start + $0 * 4)) }
  }

  /// A vector of 64-bit numbers, or of structs made of `width` such numbers, flattened; empty if
  /// absent.
  func numbers(_ field: some TableField, width: Int = 1) throws -> [Int64] {
    guard let (start, count) = try vector(field, stride: 8 * width) else { return [] }
    return try (0..<count * width).map { try Self.load(bytes, start + $0 * 8, as: Int64.self) }
  }
}
