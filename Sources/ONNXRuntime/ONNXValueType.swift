import Tensors

/// What a value is that a model takes or gives (`TypeProto` of `onnx.proto`).
indirect enum ONNXValueType: Sendable, Hashable {
  /// A tensor, by ONNX's number of its element type.
  case tensor(Int32)
  case sequence(ONNXValueType)
  /// A map, by ONNX's number of the type of its keys.
  case map(key: Int32, value: ONNXValueType)
  /// Another kind (`ONNXType` of `onnxruntime_c_api.h`).
  case other(Int32)

  static let tensorKind: Int32 = 1
  static let sequenceKind: Int32 = 2
  static let mapKind: Int32 = 3

  init(_ type: OpaquePointer, api: ONNXAPI) throws(ONNXStatus) {
    let kind: Int32 = try api.number { api.kindOfTypeInfo(type, $0) }
    switch kind {
    case Self.tensorKind:
      // What a type consists of belongs to it and is not released by itself, but elements are.
      let info = try api.object { api.tensorInfoOfTypeInfo(type, $0) }
      self = .tensor(try api.number { api.elementType(info, $0) })
    case Self.sequenceKind:
      let info = try api.object { api.sequenceInfoOfTypeInfo(type, $0) }
      let element = try api.object { api.elementOfSequence(info, $0) }
      defer { api.releaseTypeInfo(element) }
      self = .sequence(try ONNXValueType(element, api: api))
    case Self.mapKind:
      let info = try api.object { api.mapInfoOfTypeInfo(type, $0) }
      let value = try api.object { api.valueOfMap(info, $0) }
      defer { api.releaseTypeInfo(value) }
      self = .map(
        key: try api.number { api.keyOfMap(info, $0) }, value: try ONNXValueType(value, api: api))
    default: self = .other(kind)
    }
  }

  /// Whether it is a map whose keys are texts or integers and whose values are numbers, or a sequence of
  /// such maps: what ``MapRows`` can hold.
  var isMapOfNumbers: Bool {
    switch self {
    case .sequence(.map(let key, .tensor(let value))), .map(let key, .tensor(let value)):
      let keys: [ElementType?] = [.int64, .string]
      let values: [ElementType?] = [.float32, .float64, .int64]
      return keys.contains(ElementType.onnx.type(key))
        && values.contains(ElementType.onnx.type(value))
    default: return false
    }
  }

  /// Why no column can hold it and what to do, to follow ``description`` in a message.
  var advice: String {
    switch self {
    case .tensor: "cast it in the model (to float32, for example)"
    case .sequence(.tensor): "cast its tensors in the model (to float32, for example)"
    case .sequence, .map: "export the model so that it gives tensors"
    case .other: "export the model so that it gives a dense tensor"
    }
  }
}

extension ONNXValueType: CustomStringConvertible {
  /// `a sequence of maps from int64 to float32`.
  var description: String {
    switch self {
    case .tensor(let code): "a tensor of \(ElementType.onnx.name(code))"
    case .sequence(let element): "a sequence of \(element.plural)"
    case .map(let key, let value):
      "a map from \(ElementType.onnx.name(key)) to \(value.elementName)"
    case .other(Self.sequenceKind): "a sequence"
    case .other(Self.mapKind): "a map"
    case .other(4): "an opaque value"
    case .other(5): "a sparse tensor"
    case .other(6): "an optional value"
    case .other(let kind): "a value of an unknown kind (\(kind))"
    }
  }

  private var plural: String {
    switch self {
    case .tensor(let code): "tensors of \(ElementType.onnx.name(code))"
    case .sequence(let element): "sequences of \(element.plural)"
    case .map(let key, let value):
      "maps from \(ElementType.onnx.name(key)) to \(value.elementName)"
    case .other: "values that are each \(description)"
    }
  }

  private var elementName: String {
    if case .tensor(let code) = self { return ElementType.onnx.name(code) }
    return description
  }
}
