import Models
import Tensors

/// What a model takes and gives, put together when it is loaded.
struct TorchSignature: Sendable {
  /// What a batch is to the model.
  enum Batch: Hashable, Sendable {
    /// No input has a dimension for rows.
    case none
    /// The first dimension of the batched inputs, within these bounds; the symbol in the layouts.
    case dynamic(symbol: String, bounds: ClosedRange<Int>)
    /// This number of rows and no other.
    case fixed(Int)

    /// The numbers of rows that the compiled code takes.
    var bounds: ClosedRange<Int>? {
      switch self {
      case .none: nil
      case .dynamic(_, let bounds): bounds
      case .fixed(let count): count...count
      }
    }
  }

  /// One dimension of an output.
  enum Dimension: Hashable, Sendable {
    case size(Int)
    /// Equal to a symbol of the inputs.
    case symbol(String)
    case unknown
  }

  var layouts: [InputLayout]
  var inputTypes: [ElementType]
  var batch: Batch
  /// Which inputs have rows.
  var isBatched: [Bool]
  /// Which inputs the code takes as plain row-major tensors.
  var isRowMajor: [Bool]
  var outputTypes: [ElementType] = []
  var outputs: [[Dimension]] = []

  /// - Throws: ``TorchStatus`` if an input is no tensor of a known type and layout.
  init(layouts: [InputLayout]) throws(TorchStatus) {
    self.layouts = layouts
    inputTypes = []
    for (index, layout) in layouts.enumerated() {
      guard let type = ElementType(rawValue: layout.typeName), type != .string else {
        let what =
          layout.typeName.isEmpty
          ? "no tensor" : "a tensor of the unsupported type \(layout.typeName)"
        throw TorchStatus(text: "input \(index) is \(what)")
      }
      inputTypes.append(type)
    }
    let batch = Self.batch(of: layouts)
    if case .dynamic(let symbol, _) = batch {
      // Inputs that the code does not use have rows like the others.
      for (index, layout) in layouts.enumerated()
      where layout.sizes.first == .symbol(InputLayout.ownSymbol(layout.name, 0)) {
        self.layouts[index].sizes[0] = .symbol(symbol)
      }
    }
    self.batch = batch
    isRowMajor = []
    isBatched = self.layouts.map { layout in
      switch (batch, layout.sizes.first) {
      case (.dynamic(let symbol, _), .symbol(let own)): own == symbol
      case (.fixed(let count), .number(let own)): own == count
      default: false
      }
    }
    let (first, second) = (trialSizes(0), trialSizes(1))
    for (index, layout) in self.layouts.enumerated() {
      var rowMajor = true
      for symbols in [first, second] {
        guard let (sizes, strides) = Self.values(of: layout, symbols) else {
          throw TorchStatus(
            text: "the sizes or strides of input \(index) in the compiled code are not understood")
        }
        rowMajor = rowMajor && TorchValue.isRowMajor(sizes, strides)
      }
      isRowMajor.append(rowMajor)
    }
  }

  /// The batch is the first dimension of the first input that has one and is used.
  private static func batch(of layouts: [InputLayout]) -> Batch {
    let shaped = layouts.filter { !$0.sizes.isEmpty }
    let used = shaped.first { $0.sizes[0] != .symbol(InputLayout.ownSymbol($0.name, 0)) }
    guard let leader = used ?? shaped.first else { return .none }
    switch leader.sizes[0] {
    case .number(let count): return count > 0 ? .fixed(count) : .none
    case .symbol(let symbol):
      var bounds = 0...Int.max
      for layout in layouts {
        for (axis, size) in layout.sizes.enumerated() where size.symbols.contains(symbol) {
          // A size that occurs elsewhere cannot be changed by adding rows.
          guard axis == 0, size == .symbol(symbol) else { return .none }
          let own = layout.bounds[0]
          let least = max(bounds.lowerBound, own.lowerBound)
          bounds = least...max(least, min(bounds.upperBound, own.upperBound))
        }
      }
      return .dynamic(symbol: symbol, bounds: bounds)
    default: return .none
    }
  }

  /// Sizes for the symbols in a trial: different for each symbol, different in each trial.
  func trialSizes(_ trial: Int) -> [String: Int] {
    var sizes: [String: Int] = [:]
    for layout in layouts {
      for (axis, size) in layout.sizes.enumerated() {
        for symbol in size.symbols where sizes[symbol] == nil {
          let bounds = size == .symbol(symbol) ? layout.bounds[axis] : 1...Int.max
          let wanted = max(bounds.lowerBound, 2) + 2 * sizes.count + trial
          sizes[symbol] = min(wanted, bounds.upperBound)
        }
      }
    }
    return sizes
  }

  /// The sizes and strides that the code expects of an input.
  static func values(
    of layout: InputLayout, _ symbols: [String: Int]
  ) -> (sizes: [Int64], strides: [Int64])? {
    var (sizes, strides): ([Int64], [Int64]) = ([], [])
    for (size, stride) in zip(layout.sizes, layout.strides) {
      guard let size = size.value(symbols), let stride = stride.value(symbols), size >= 0,
        stride >= 0
      else { return nil }
      sizes.append(Int64(size))
      strides.append(Int64(stride))
    }
    return (sizes, strides)
  }

  /// Learns the outputs from what two trials gave, the second of which may have failed.
  mutating func learn(
    _ first: [AnyTensor], sizes firstSizes: [String: Int], _ second: [AnyTensor]?,
    sizes secondSizes: [String: Int]
  ) {
    outputTypes = first.map(\.elementType)
    outputs = first.enumerated().map { index, tensor in
      tensor.shape.indices.map { axis in
        let size = tensor.shape[axis]
        var other = size
        if let second, index < second.count, second[index].shape.rank == tensor.shape.rank {
          other = second[index].shape[axis]
        }
        let isSymbol = { (symbol: String) in
          firstSizes[symbol] == size && (second == nil || secondSizes[symbol] == other)
            && firstSizes[symbol] != (second == nil ? nil : secondSizes[symbol])
        }
        if case .dynamic(let symbol, _) = batch, axis == 0, isSymbol(symbol) {
          return .symbol(symbol)
        }
        if let symbol = firstSizes.keys.sorted().first(where: isSymbol) { return .symbol(symbol) }
        return size == other ? .size(size) : .unknown
      }
    }
  }

  /// Takes the outputs as somebody describes them.
  mutating func declare(_ specifications: [TensorSpecification]) {
    outputTypes = specifications.map(\.elementType)
    outputs = specifications.map { specification in
      specification.shape.indices.map { axis in
        if specification.shape[axis] >= 0 { return .size(specification.shape[axis]) }
        if axis == 0, case .dynamic(let symbol, _) = batch { return .symbol(symbol) }
        return .unknown
      }
    }
  }

  /// Whether each output has one row for each row of the inputs.
  var givesRows: Bool { outputs.indices.allSatisfy { givesRows(at: $0) } }

  /// Whether an output has one row for each row of the inputs.
  func givesRows(at output: Int) -> Bool {
    switch (batch, outputs[output].first) {
    case (.dynamic(let symbol, _), .symbol(let own)): own == symbol
    case (.fixed(let count), .size(let own)): own == count
    case (.fixed, .unknown): true
    default: false
    }
  }
}

extension TorchSignature {
  /// The inputs for users, in order; of a model that takes any number of rows although it was
  /// compiled for one, the first dimension is dynamic.
  func inputSpecifications(names: [String], fitsBatches: Bool) -> [TensorSpecification] {
    layouts.indices.map { index in
      var shape = layouts[index].shape
      var dimensionNames = layouts[index].sizes.map { name(of: $0) }
      if fitsBatches, isBatched[index], !dimensionNames.isEmpty {
        shape[0] = Shape.dynamic
        dimensionNames[0] = "batch"
      }
      return TensorSpecification(
        name: names[index], elementType: inputTypes[index], shape: shape,
        dimensionNames: dimensionNames)
    }
  }

  /// The outputs for users, in order.
  func outputSpecifications(names: [String], fitsBatches: Bool) -> [TensorSpecification] {
    outputs.indices.map { index in
      var shape = Shape(
        outputs[index].map { dimension in
          if case .size(let size) = dimension { size } else { Shape.dynamic }
        })
      var dimensionNames = outputs[index].map { dimension in
        if case .symbol(let symbol) = dimension {
          name(of: .symbol(symbol))
        } else {
          nil as String?
        }
      }
      if fitsBatches, !dimensionNames.isEmpty {
        shape[0] = Shape.dynamic
        dimensionNames[0] = "batch"
      }
      return TensorSpecification(
        name: names[index], elementType: outputTypes[index], shape: shape,
        dimensionNames: dimensionNames)
    }
  }

  private func name(of size: SymbolicSize) -> String? {
    guard case .symbol(let symbol) = size else { return nil }
    if case .dynamic(symbol, _) = batch { return "batch" }
    return symbol
  }
}
