import Models
import Tensors

/// What a model takes and gives, read once when it is loaded.
struct ONNXSignature: Sendable {
  var inputs: [TensorSpecification] = []
  /// The outputs that are tensors.
  var outputs: [TensorSpecification] = []
  /// The outputs that are maps of numbers, or sequences of them, in the model's order.
  var maps: [(name: String, type: ONNXValueType)] = []
  /// The outputs that are sequences of tensors, in the model's order, with the type of their elements.
  var sequences: [TensorSpecification] = []
  /// The outputs that cannot be given.
  var omitted: [OmittedOutput] = []

  /// - Throws: ``ONNXError`` for an input that is no tensor, or if no output is one; ``ONNXStatus``.
  init(
    of session: OpaquePointer, allocator: OpaquePointer, api: ONNXAPI, model: String
  ) throws {
    let inputCount: Int = try api.number { api.inputCount(session, $0) }
    for index in 0..<inputCount {
      let name = try api.text(allocator: allocator) {
        api.inputName(session, index, allocator, $0)
      }
      let type = try api.object { api.inputType(session, index, $0) }
      defer { api.releaseTypeInfo(type) }
      switch try Self.read(type, name: name, api: api) {
      case .tensor(let tensor):
        inputs.append(tensor)
      case .other(let other):
        throw ONNXError(
          .unsupportedModel,
          "the input \(name) is \(other); only tensors of "
            + "\(ModelSignature.list(ElementType.allCases)) can be given. Export the model so that it "
            + "takes tensors",
          model: model)
      }
    }
    let outputCount: Int = try api.number { api.outputCount(session, $0) }
    for index in 0..<outputCount {
      let name = try api.text(allocator: allocator) {
        api.outputName(session, index, allocator, $0)
      }
      let type = try api.object { api.outputType(session, index, $0) }
      defer { api.releaseTypeInfo(type) }
      switch try Self.read(type, name: name, api: api) {
      case .tensor(let tensor):
        outputs.append(tensor)
      case .other(let other) where other.isMapOfNumbers:
        maps.append((name, other))
      case .other(.sequence(.tensor(let code))) where ElementType.onnx.type(code) != nil:
        sequences.append(
          TensorSpecification(
            name: name, elementType: ElementType.onnx.type(code) ?? .float32, shape: [],
            hasShape: false))
      case .other(let other):
        omitted.append(OmittedOutput(name: name, kind: "\(other)", advice: other.advice))
      }
    }
    if outputs.isEmpty, maps.isEmpty, sequences.isEmpty {
      let list = omitted.map { "\($0.name) is \($0.kind)" }.joined(separator: ", ")
      throw ONNXError(
        .unsupportedModel,
        "no output is a tensor (\(list.isEmpty ? "it has none" : list)). Export the model so that "
          + "it gives tensors",
        model: model)
    }
  }

  /// What to say to those who ask for an output as a tensor that is none.
  var refusals: [String: String] {
    var texts: [String: String] = [:]
    for output in omitted { texts[output.name] = "the output \(output)" }
    for (name, type) in maps {
      texts[name] =
        "the output \(name) is \(type), not a tensor; call runValues for it, or export the model so "
        + "that it gives a tensor (for scikit-learn with the option zipmap=False)"
    }
    for output in sequences {
      texts[output.name] =
        "the output \(output.name) is a sequence of tensors of \(output.elementType), not a tensor; call "
        + "runValues for it, or export the model so that it gives a tensor (ConcatFromSequence)"
    }
    return texts
  }

  private enum Reading {
    case tensor(TensorSpecification)
    case other(ONNXValueType)
  }

  private static func read(
    _ type: OpaquePointer, name: String, api: ONNXAPI
  ) throws(ONNXStatus) -> Reading {
    let kind = try ONNXValueType(type, api: api)
    guard case .tensor(let code) = kind, let elementType = ElementType.onnx.type(code) else {
      return .other(kind)
    }
    let info = try api.object { api.tensorInfoOfTypeInfo(type, $0) }
    let shape = try api.shape(of: info)
    var symbols = [UnsafePointer<CChar>?](repeating: nil, count: shape.rank)
    if !symbols.isEmpty { try api.check(api.symbolicDimensions(info, &symbols, shape.rank)) }
    let dimensionNames = symbols.map { symbol -> String? in
      guard let symbol, symbol.pointee != 0 else { return nil }
      return String(cString: symbol)
    }
    // Runtimes before 1.24 do not tell a scalar from an unknown shape.
    let hasShape = api.hasShape?(info) ?? (shape.rank > 0)
    return .tensor(
      TensorSpecification(
        name: name, elementType: elementType, shape: shape, dimensionNames: dimensionNames,
        hasShape: hasShape))
  }
}

extension ONNXAPI {
  /// The dimensions in a tensor's description, −1 where they vary.
  func shape(of info: OpaquePointer) throws(ONNXStatus) -> Shape {
    let rank: Int = try number { dimensionCount(info, $0) }
    if rank == 0 { return [] }
    var sizes = [Int64](repeating: 0, count: rank)
    try check(dimensions(info, &sizes, rank))
    return Shape(sizes.map { $0 < 0 ? Shape.dynamic : Int($0) })
  }
}
