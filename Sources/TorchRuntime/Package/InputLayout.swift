import Tensors

/// What compiled code takes for granted of one input.
struct InputLayout: Hashable, Sendable {
  /// The name in the generated code.
  var name: String
  /// The name of the element type in PyTorch.
  var typeName: String
  var sizes: [SymbolicSize]
  /// The least and greatest size of each dimension that varies.
  var bounds: [ClosedRange<Int>]
  /// The distances between neighbours in each dimension, in elements.
  var strides: [SymbolicSize]

  /// The symbol for a size that the code does not read, of an input that it does not use.
  static func ownSymbol(_ name: String, _ axis: Int) -> String { "\(name)[\(axis)]" }

  /// The declared shape, ``Shape/dynamic`` where it varies.
  var shape: Shape {
    Shape(
      sizes.map { size in
        if case .number(let value) = size { value } else { Shape.dynamic }
      })
  }

  /// A layout for plain row-major tensors of a declared shape; dimensions of the same name are equal.
  init(
    name: String, typeName: String, shape: Shape, dimensionNames: [String?]
  ) {
    self.name = name
    self.typeName = typeName
    sizes = shape.indices.map { axis in
      if shape[axis] >= 0 { return .number(shape[axis]) }
      let given = axis < dimensionNames.count ? dimensionNames[axis] : nil
      return .symbol(given ?? (axis == 0 ? "batch" : "\(name)_\(axis)"))
    }
    bounds = shape.map { _ in 0...Int.max }
    strides = Self.rowMajor(sizes)
  }

  fileprivate init(name: String, checks: InputChecks) {
    self.name = name
    typeName = checks.typeName
    let rank = max(checks.rank, checks.sizes?.count ?? 0)
    sizes = (0..<rank).map { axis in
      if let fixed = checks.fixedSizes[axis] { return .number(fixed) }
      if let sizes = checks.sizes, sizes.count == rank, sizes[axis] != .unknown {
        return sizes[axis]
      }
      return .symbol(checks.symbols[axis] ?? Self.ownSymbol(name, axis))
    }
    bounds = (0..<rank).map { axis in
      let least = max(0, checks.least[axis] ?? 0)
      return least...max(least, checks.greatest[axis] ?? Int.max)
    }
    if let strides = checks.strides, strides.count == rank {
      self.strides = strides
    } else {
      let rowMajor = Self.rowMajor(sizes)
      strides = (0..<rank).map { axis in
        checks.fixedStrides[axis].map { .number($0) } ?? rowMajor[axis]
      }
    }
  }

  private static func rowMajor(_ sizes: [SymbolicSize]) -> [SymbolicSize] {
    var strides: [SymbolicSize] = []
    var next = SymbolicSize.number(1)
    for size in sizes.reversed() {
      strides.append(next)
      next = .product(next, size)
    }
    return strides.reversed()
  }
}

/// What the checks in generated code say of one input.
private struct InputChecks {
  var index: Int
  var typeName = ""
  var rank = 0
  var fixedSizes: [Int: Int] = [:]
  var least: [Int: Int] = [:]
  var greatest: [Int: Int] = [:]
  var fixedStrides: [Int: Int] = [:]
  /// The symbols that the code takes from the input's sizes.
  var symbols: [Int: String] = [:]
  var sizes: [SymbolicSize]?
  var strides: [SymbolicSize]?

  /// More dimensions than tensors can have.
  static let maximumRank = 64

  mutating func note(axis: Int) -> Bool {
    guard (0..<Self.maximumRank).contains(axis) else { return false }
    rank = max(rank, axis + 1)
    return true
  }
}

extension InputLayout {
  /// Reads the layouts of all inputs from the source of the compiled code, in which PyTorch writes
  /// checks of each input that are off by default: element type, sizes with bounds, strides.
  ///
  /// - Returns: `nil` if the source has no checks, as that of other versions of PyTorch.
  static func read(source: [UInt8]) -> [InputLayout]? {
    var inputs: [String: InputChecks] = [:]
    // Symbols that are equal to others.
    var aliases: [String: String] = [:]
    for line in source.split(separator: UInt8(ascii: "\n")) where line.count < 65_536 {
      var scanner = SourceScanner(line)
      if scanner.take("ConstantHandle ") {
        guard let name = scanner.identifier(), scanner.take("= ConstantHandle(input_handles["),
          let index = scanner.number(), inputs[name] == nil
        else { continue }
        inputs[name] = InputChecks(index: index)
      } else if scanner.take("int32_t ") {
        guard let variable = scanner.identifier(), variable.hasSuffix("_expected_dtype"),
          scanner.take("= aoti_torch_dtype_"), let type = scanner.identifier()
        else { continue }
        inputs[String(variable.dropLast("_expected_dtype".count))]?.typeName = type
      } else if scanner.take("int64_t ") {
        guard let symbol = scanner.identifier(), scanner.take("=") else { continue }
        var other = scanner
        if let (name, axis) = element(&scanner, suffix: "_size"), scanner.take(";") {
          inputs[name]?.symbols[axis] = symbol
        } else if let original = other.identifier(), other.take(";") {
          aliases[symbol] = aliases[original] ?? original
        }
      } else if scanner.take("if (_check_aoti_runtime_check_inputs_env())") {
        guard scanner.skip(past: "assert_size_stride(") else { continue }
        readAssertion(&scanner, into: &inputs)
      } else if scanner.take("assert_size_stride(") {
        readAssertion(&scanner, into: &inputs)
      } else if scanner.take("if (") {
        readCheck(&scanner, into: &inputs)
      }
    }
    let ordered = inputs.sorted { $0.value.index < $1.value.index }
    guard !ordered.isEmpty, ordered.map(\.value.index) == Array(0..<ordered.count) else {
      return nil
    }
    return ordered.map { name, checks in
      var checks = checks
      checks.symbols = checks.symbols.mapValues { aliases[$0] ?? $0 }
      return InputLayout(name: name, checks: checks)
    }
  }

  private static func readAssertion(
    _ scanner: inout SourceScanner, into inputs: inout [String: InputChecks]
  ) {
    guard let name = scanner.identifier(), inputs[name] != nil, scanner.take(","),
      let sizes = scanner.braces(), scanner.take(","), let strides = scanner.braces(),
      sizes.count == strides.count, sizes.count <= InputChecks.maximumRank
    else { return }
    inputs[name]?.sizes = sizes.map { SymbolicSize($0) }
    inputs[name]?.strides = strides.map { SymbolicSize($0) }
  }

  /// Reads `784 != x_size[1]`, `x_size[0] < 2`, `x_size[0] > 4096` or `1 != x_stride[1]`.
  private static func readCheck(
    _ scanner: inout SourceScanner, into inputs: inout [String: InputChecks]
  ) {
    if let value = scanner.number() {
      guard scanner.take("!=") else { return }
      var other = scanner
      if let (name, axis) = element(&scanner, suffix: "_size"),
        inputs[name]?.note(axis: axis) == true
      {
        inputs[name]?.fixedSizes[axis] = value
      } else if let (name, axis) = element(&other, suffix: "_stride"),
        inputs[name]?.note(axis: axis) == true
      {
        inputs[name]?.fixedStrides[axis] = value
      }
      return
    }
    guard let (name, axis) = element(&scanner, suffix: "_size"),
      inputs[name]?.note(axis: axis) == true
    else { return }
    if scanner.take("<"), let value = scanner.number() {
      inputs[name]?.least[axis] = value
    } else if scanner.take(">"), let value = scanner.number() {
      inputs[name]?.greatest[axis] = value
    }
  }

  /// Reads `NAME` + `suffix` + `[AXIS]`.
  private static func element(
    _ scanner: inout SourceScanner, suffix: String
  ) -> (name: String, axis: Int)? {
    guard let variable = scanner.identifier(), variable.hasSuffix(suffix), scanner.take("["),
      let axis = scanner.number(), scanner.take("]")
    else { return nil }
    return (String(variable.dropLast(suffix.count)), axis)
  }
}
