import JSONText
import Tensors

extension InferTensor {
  /// Reads an input of a request or an output of a response; `rest` are the bytes behind the JSON
  /// that no tensor has taken.
  ///
  /// - Parameter kind: in a response contents may be missing, as those are that Triton put into shared
  ///   memory.
  init(
    http reader: inout JSONReader, body: TensorBytes, rest: inout Range<Int>,
    of kind: HTTPMessageKind = .request
  ) throws(KServeError) {
    var name: String?
    var shape: [Int]?
    var datatype: String?
    var parameters: [String: InferParameter] = [:]
    var data: Range<Int>?
    let whole = reader
    try reader.object { (reader, member) throws(KServeError) in
      switch member {
      case "name": name = try reader.string()
      case "datatype": datatype = try reader.string()
      case "shape":
        var dimensions: [Int] = []
        try reader.array { (reader) throws(KServeError) in
          guard let dimension = try reader.value().integer(), dimension >= 0 else {
            throw reader.failure("a dimension must be a whole number, and not negative")
          }
          dimensions.append(dimension)
        }
        shape = dimensions
      case "parameters": parameters = try reader.parameters(.any)
      case "data": data = try reader.takeNull() ? nil : try reader.skip()
      default: try reader.skip()
      }
    }
    let places = [
      data.map { _ in "data" },
      parameters[InferParameterName.binaryDataSize].map { _ in InferParameterName.binaryDataSize },
      parameters[InferParameterName.sharedMemoryRegion]
        .map { _ in InferParameterName.sharedMemoryRegion },
    ].compactMap { $0 }
    if kind == .request, places.count != 1 {
      throw KServeError(
        .invalidArgument,
        "Input must set only one of the following fields: 'data', 'binary_data_size' in "
          + "'parameters', 'shared_memory_region' in 'parameters'. But "
          + (places.isEmpty
            ? "no field is set" : "set " + places.map { "'\($0)'" }.joined(separator: " ")))
    }
    guard let name else { throw KServeError(.internal, "a tensor has no 'name'") }
    guard let shape else { throw KServeError(.internal, "the tensor '\(name)' has no 'shape'") }
    guard let datatype else {
      throw KServeError(.internal, "the tensor '\(name)' has no 'datatype'")
    }
    guard let type = TensorDatatype(rawValue: datatype) else {
      throw KServeError(
        .invalidArgument, "invalid datatype '\(datatype)' of \(kind.tensor) '\(name)'")
    }
    let contents: Contents
    if let location = SharedMemoryLocation(taking: &parameters) {
      contents = .sharedMemory(location)
    } else if let size = parameters.removeValue(forKey: InferParameterName.binaryDataSize) {
      guard let size = size.integer, size >= 0, size <= rest.count else {
        throw KServeError(
          .invalidArgument,
          "unexpected size for \(kind.tensor) '\(name)', its binary_data_size is beyond the "
            + "\(kind)'s body")
      }
      contents = .raw(body.slice(rest.lowerBound..<rest.lowerBound + size))
      rest = rest.lowerBound + size..<rest.upperBound
    } else if let data {
      let count = try type.elementCount(ofShape: shape, tensor: name)
      var values = whole.scanner(of: data)
      contents = .raw(try values.elements(of: type, count: count, tensor: name, in: kind))
    } else {
      contents = .raw(TensorBytes(copying: []))
    }
    self.init(
      name: name, datatype: type, shape: shape, parameters: parameters, contents: contents)
  }
}

extension TensorDatatype {
  func elementCount(ofShape shape: [Int], tensor: String) throws(KServeError) -> Int {
    _ = try byteCount(ofShape: shape, tensor: tensor)
    return Shape(shape).elementCount ?? 0
  }
}

extension JSONReader {
  /// Which values of parameters are taken.
  enum ParameterValues {
    /// Those that have a meaning; others are refused.
    case known
    /// Any: what has no meaning here, such as null or an object, is passed over.
    case any
  }

  /// An object of named parameters; null is one without any, and one that is null is as good as none.
  mutating func parameters(
    _ values: ParameterValues
  ) throws(KServeError) -> [String: InferParameter] {
    var result: [String: InferParameter] = [:]
    if try takeNull() { return result }
    try object { (reader, name) throws(KServeError) in
      switch try reader.value() {
      case .bool(let value): result[name] = .bool(value)
      case .integer(let value): result[name] = .int64(value)
      case .unsigned(let value): result[name] = .uint64(value)
      case .number(let value): result[name] = .double(value)
      case .string(let value): result[name] = .string(value)
      case .null: break
      case .array where values == .any, .object where values == .any: break
      case .array, .object:
        throw KServeError(
          .invalidArgument,
          "parameter '\(name)' has invalid type. It should be either 'int', 'bool', or 'string'.")
      }
    }
    return result
  }
}

extension HTTPMessageKind {
  /// What its tensors are called.
  var tensor: String { self == .request ? "input" : "output" }
}
