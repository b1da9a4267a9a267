/// Writes the few forms of Python's pickle that a call of our shim needs; no code is in them but text.
///
/// The opcodes are those of protocol 4 (`pickletools` lists them); lengths are little-endian. No library:
/// Swift has none, and this is all that is ever written.
struct PickleWriter {
  private(set) var bytes: [UInt8] = [0x80, 4]

  /// What a dictionary holds here.
  enum Value {
    case text(String)
    case bytes([UInt8])
  }

  /// The object called `name` in `module`.
  mutating func global(_ module: String, _ name: String) {
    bytes.append(UInt8(ascii: "c"))
    bytes += Array("\(module)\n\(name)\n".utf8)
  }

  mutating func add(_ value: Value) {
    let (opcode, content) =
      switch value {
      case .text(let text): (UInt8(ascii: "X"), Array(text.utf8))
      case .bytes(let bytes): (UInt8(ascii: "B"), bytes)
      }
    bytes.append(opcode)
    withUnsafeBytes(of: UInt32(content.count).littleEndian) { bytes.append(contentsOf: $0) }
    bytes += content
  }

  mutating func add(dictionary entries: [(String, Value)]) {
    bytes += Array("}(".utf8)
    for (key, value) in entries {
      add(.text(key))
      add(value)
    }
    bytes.append(UInt8(ascii: "u"))
  }

  /// Calls the function below the last two values with them, and ends.
  mutating func finishCallingWithTwo() { bytes += [0x86] + Array("R.".utf8) }
}
