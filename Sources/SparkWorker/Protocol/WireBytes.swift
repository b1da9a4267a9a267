/// Bytes in the form that Java's `DataOutputStream` gives them: integers big-endian, text as its UTF-8
/// length (`Int32`) and bytes.
package struct WireBytes: Sendable, Hashable {
  package var bytes: [UInt8] = []

  package init() {}

  package mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func append(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

  package mutating func append(text: String) { append(counted: Array(text.utf8)) }

  /// Appends the number of `content` and `content`.
  package mutating func append(counted content: [UInt8]) {
    append(Int32(content.count))
    bytes.append(contentsOf: content)
  }
}
