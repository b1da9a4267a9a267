import BatchInference
import Tensors

/// What a model takes and gives, read once when it is loaded.
struct ONNXSignature: Sendable {
  /// One tensor of the signature.
  struct Entry: Sendable {
    var specification: TensorSpecification
    /// Whether the model fixes the number of dimensions; if not, the specification's shape is empty
    /// and says nothing.
    var hasShape: Bool
  }

  /// An output that is no tensor of a known element type.
  struct Unsupported: Sendable {
    var name: String
    /// What it is instead.
    var kind: String
  }

  var inputs: [Entry] = []
  /// The outputs that are tensors.
  var outputs: [Entry] = []
  var unsupportedOutputs: [Unsupported] = []
  var inputIndices: [String: Int] = [:]
  var outputIndices: [String: Int] = [:]

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
      case .success(let entry):
        inputIndices[name] = inputs.count
        inputs.append(entry)
      case .failure(let other):
        throw ONNXError(
          .unsupportedModel,
          "the input \(name) is \(other.kind); only tensors of \(Self.knownTypes) can be given. "
            + "Export the model so that it takes tensors",
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
      case .success(let entry):
        outputIndices[name] = outputs.count
        outputs.append(entry)
      case .failure(let other): unsupportedOutputs.append(other)
      }
    }
    if outputs.isEmpty {
      let list = unsupportedOutputs.map { "\($0.name) is \($0.kind)" }.joined(separator: ", ")
      throw ONNXError(
        .unsupportedModel,
        "no output is a tensor (\(list.isEmpty ? "it has none" : list)). Export the model so that "
          + "it gives tensors, for scikit-learn with the option zipmap=False",
        model: model)
    }
  }

  private static var knownTypes: String {
    ElementType.allCases.map(\.rawValue).joined(separator: ", ")
  }

  private enum Reading {
    case success(Entry)
    case failure(Unsupported)
  }

  private static func read(
    _ type: OpaquePointer, name: String, api: ONNXAPI
  ) throws(ONNXStatus) -> Reading {
    let kind: Int32 = try api.number { api.kindOfTypeInfo(type, $0) }
    guard kind == ONNXValueKind.tensor else {
      return .failure(Unsupported(name: name, kind: ONNXValueKind.name(of: kind)))
    }
    // The tensor's description is a part of `type` and is not released by itself.
    let info = try api.object { api.tensorInfoOfTypeInfo(type, $0) }
    let code: Int32 = try api.number { api.elementType(info, $0) }
    guard let elementType = ElementType(onnxCode: code) else {
      return .failure(
        Unsupported(name: name, kind: "a tensor of \(ElementType.onnxName(of: code))"))
    }
    let shape = try api.shape(of: info)
    var symbols = [UnsafePointer<CChar>?](repeating: nil, count: shape.rank)
    if !symbols.isEmpty { try api.check(api.symbolicDimensions(info, &symbols, shape.rank)) }
    let dimensionNames = symbols.map { symbol -> String? in
      guard let symbol, symbol.pointee != 0 else { return nil }
      return String(cString: symbol)
    }
    // Runtimes before 1.24 do not tell a scalar from an unknown shape.
    let hasShape = api.hasShape?(info) ?? (shape.rank > 0)
    let entry = Entry(
      specification: TensorSpecification(
        name: name, elementType: elementType, shape: shape, dimensionNames: dimensionNames,
        hasShape: hasShape),
      hasShape: hasShape)
    return .success(entry)
  }
}

/// The kinds of values that models take and give (`ONNXType` in `onnxruntime_c_api.h`).
enum ONNXValueKind {
  static let tensor: Int32 = 1

  static func name(of kind: Int32) -> String {
    switch kind {
    case tensor: "a tensor"
    case 2: "a sequence"
    case 3: "a map"
    case 5: "a sparse tensor"
    case 6: "an optional value"
    default: "a value of an unknown kind (\(kind))"
    }
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
