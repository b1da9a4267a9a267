/// A size in generated code: a number, a symbol, or sums and products of them.
indirect enum SymbolicSize: Hashable, Sendable {
  case number(Int)
  case symbol(String)
  case sum(SymbolicSize, SymbolicSize)
  case difference(SymbolicSize, SymbolicSize)
  case product(SymbolicSize, SymbolicSize)
  /// Something that is not understood, or unknown.
  case unknown

  /// The value with these sizes for the symbols; `nil` if it depends on others or is too great.
  func value(_ symbols: [String: Int]) -> Int? {
    func both(
      _ left: SymbolicSize, _ right: SymbolicSize,
      _ combine: (Int, Int) -> (partialValue: Int, overflow: Bool)
    ) -> Int? {
      guard let left = left.value(symbols), let right = right.value(symbols) else { return nil }
      let (value, overflow) = combine(left, right)
      return overflow ? nil : value
    }
    switch self {
    case .number(let value): return value
    case .symbol(let name): return symbols[name]
    case .sum(let left, let right): return both(left, right) { $0.addingReportingOverflow($1) }
    case .difference(let left, let right):
      return both(left, right) { $0.subtractingReportingOverflow($1) }
    case .product(let left, let right):
      return both(left, right) { $0.multipliedReportingOverflow(by: $1) }
    case .unknown: return nil
    }
  }

  /// What `symbol` must be for the size to be `value`; `nil` if that is not the only one, or no number
  /// will do.
  func solved(for symbol: String, value: Int, _ symbols: [String: Int]) -> Int? {
    switch self {
    case .symbol(let name): return name == symbol ? value : nil
    case .sum(let left, let right):
      if let known = right.value(symbols) {
        return left.solved(for: symbol, value: value &- known, symbols)
      }
      guard let known = left.value(symbols) else { return nil }
      return right.solved(for: symbol, value: value &- known, symbols)
    case .difference(let left, let right):
      guard let known = right.value(symbols) else { return nil }
      return left.solved(for: symbol, value: value &+ known, symbols)
    case .product(let left, let right):
      let (factor, unknown) =
        left.value(symbols).map { ($0, right) } ?? (right.value(symbols) ?? 0, left)
      guard factor > 0, value % factor == 0 else { return nil }
      return unknown.solved(for: symbol, value: value / factor, symbols)
    case .number, .unknown: return nil
    }
  }

  /// The symbols that the size depends on.
  var symbols: Set<String> {
    switch self {
    case .number, .unknown: []
    case .symbol(let name): [name]
    case .sum(let left, let right), .difference(let left, let right),
      .product(let left, let right):
      left.symbols.union(right.symbols)
    }
  }
}

extension SymbolicSize {
  /// The size that `text` writes in C++, such as `8L*s77`; ``unknown`` if it is not understood.
  init(_ text: ArraySlice<UInt8>) {
    var scanner = SourceScanner(text)
    // Deep nesting would exhaust the stack, and generated sizes have none.
    guard text.count <= 512, let size = Self.readSum(&scanner), scanner.isAtEnd else {
      self = .unknown
      return
    }
    self = size
  }

  private static func readSum(_ scanner: inout SourceScanner) -> SymbolicSize? {
    guard var left = readProduct(&scanner) else { return nil }
    while true {
      let isSum = scanner.take("+")
      guard isSum || scanner.take("-") else { return left }
      guard let right = readProduct(&scanner) else { return nil }
      left = isSum ? .sum(left, right) : .difference(left, right)
    }
  }

  private static func readProduct(_ scanner: inout SourceScanner) -> SymbolicSize? {
    guard var left = readFactor(&scanner) else { return nil }
    while scanner.take("*") {
      guard let right = readFactor(&scanner) else { return nil }
      left = .product(left, right)
    }
    return left
  }

  private static func readFactor(_ scanner: inout SourceScanner) -> SymbolicSize? {
    if scanner.take("(") {
      guard let size = readSum(&scanner), scanner.take(")") else { return nil }
      return size
    }
    if let number = scanner.number() { return .number(number) }
    return scanner.identifier().map { .symbol($0) }
  }
}

/// Reads C++ source piece by piece; blanks count for nothing.
struct SourceScanner {
  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return position == bytes.endIndex
    }
  }

  private mutating func skipBlanks() {
    while position < bytes.endIndex, bytes[position] == 0x20 || bytes[position] == 0x09 {
      position += 1
    }
  }

  /// Whether `text` comes next, which is then passed.
  mutating func take(_ text: StaticString) -> Bool {
    skipBlanks()
    guard bytes.endIndex - position >= text.utf8CodeUnitCount else { return false }
    for index in 0..<text.utf8CodeUnitCount where bytes[position + index] != text.utf8Start[index] {
      return false
    }
    position += text.utf8CodeUnitCount
    return true
  }

  /// Passes everything up to and with the first `text`; without one, nothing.
  mutating func skip(past text: StaticString) -> Bool {
    let start = position
    while position < bytes.endIndex {
      if take(text) { return true }
      position += 1
    }
    position = start
    return false
  }

  /// The next whole number, with C++'s suffix if it has one.
  mutating func number() -> Int? {
    skipBlanks()
    let start = position
    if position < bytes.endIndex, bytes[position] == UInt8(ascii: "-") { position += 1 }
    while position < bytes.endIndex, (0x30...0x39).contains(bytes[position]) { position += 1 }
    guard let value = Int(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      position = start
      return nil
    }
    while position < bytes.endIndex, bytes[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }

  /// The next name.
  mutating func identifier() -> String? {
    skipBlanks()
    let start = position
    while position < bytes.endIndex {
      let byte = bytes[position]
      let isLetter = (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
      guard isLetter || (position > start && (0x30...0x39).contains(byte)) else { break }
      position += 1
    }
    return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
  }

  /// The parts of a list in braces, `{s77, 784L}`, which comes next.
  mutating func braces() -> [ArraySlice<UInt8>]? {
    guard take("{") else { return nil }
    var parts: [ArraySlice<UInt8>] = []
    var start = position
    var depth = 0
    while position < bytes.endIndex {
      switch bytes[position] {
      case UInt8(ascii: "("): depth += 1
      case UInt8(ascii: ")"): depth -= 1
      case UInt8(ascii: ",") where depth == 0:
        parts.append(bytes[start..<position])
        start = position + 1
      case UInt8(ascii: "}") where depth == 0:
        let last = bytes[start..<position]
        // Lists of one element end in a comma.
        if !last.allSatisfy({ $0 == 0x20 }) { parts.append(last) }
        position += 1
        return parts
      default: break
      }
      position += 1
    }
    return nil
  }
}
