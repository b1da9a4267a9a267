package import SwiftProtobuf

/// An inference message as gRPC carries it: what the generated code reads and writes, and the tensors'
/// bytes, which pass it by.
struct InferMessage {
  /// The message without the raw tensors, in protobuf.
  let header: [UInt8]
  /// Where the raw tensors are in the bytes read.
  let tensors: [Range<Int>]

  /// The most fields of a message and of its tensors and parameters together: far more than a model has,
  /// and far fewer than a message has room for, of which each costs time and memory.
  static let maxFields = 1 << 20

  /// What a field takes at most when it is read, beside its bytes.
  private static let fieldBytes = 256

  /// Takes a message apart.
  ///
  /// - Parameters:
  ///   - field: the number of the repeated field with the raw tensors, the last that the message has.
  ///     Fields beyond it are of a later version of the protocol, and left out.
  ///   - room: is asked, before the rest is read, for the bytes that this takes, and throws if they are
  ///     not to be had or nobody waits any more.
  init(
    _ bytes: UnsafeRawBufferPointer, in range: Range<Int>? = nil, rawField field: UInt64,
    room: (_ byteCount: Int) throws(KServeError) -> Void = { _ in }
  ) throws(KServeError) {
    var header: [UInt8] = []
    var tensors: [Range<Int>] = []
    var fields = ProtobufFields(bytes, in: range)
    var count = 0
    while let next = try fields.next() {
      try Self.increment(&count)
      if next.number > field { continue }
      guard next.number == field else {
        // The first three are the names of the model, its version and the request.
        if next.number > 3, let contents = next.contents {
          var inner = ProtobufFields(bytes, in: contents)
          while try inner.next() != nil { try Self.increment(&count) }
        }
        header.append(contentsOf: bytes[next.extent])
        continue
      }
      if let contents = next.contents { tensors.append(contents) }
    }
    // Once as they are, and once as values.
    try room(2 * header.count + Self.fieldBytes * count)
    self.header = header
    self.tensors = tensors
  }

  private static func increment(_ count: inout Int) throws(KServeError) {
    count += 1
    if count <= maxFields { return }
    throw KServeError(
      .invalidArgument,
      "the message has more than \(maxFields) fields, which is more than this side reads; send fewer "
        + "tensors and parameters, or fewer rows at a time as raw contents")
  }

  /// The contents of tensors given by raw bytes, in shared memory, or as typed values.
  ///
  /// - Parameters:
  ///   - parameters: of the tensors; the locations in shared memory are taken out.
  ///   - message: the owner of `bytes`, if tensors may be views of it.
  static func tensor(
    _ name: String, _ datatype: String, _ shape: [Int64],
    _ messages: [String: Inference_InferParameter], typed: Inference_InferTensorContents?,
    raw: inout ArraySlice<Range<Int>>, in bytes: UnsafeRawBufferPointer,
    viewing message: TensorBytes? = nil
  ) throws(KServeError) -> InferTensor {
    guard let type = TensorDatatype(rawValue: datatype) else {
      throw KServeError(
        .invalidArgument,
        "the tensor '\(name)' has the data-type '\(datatype)', which is unknown; the data types are "
          + TensorDatatype.allCases.map(\.rawValue).joined(separator: ", "))
    }
    var parameters = [String: InferParameter](messages)
    let contents: InferTensor.Contents
    if let location = SharedMemoryLocation(taking: &parameters) {
      contents = .sharedMemory(location)
    } else if let place = raw.popFirst() {
      if let view = message?.slice(place), view.isAligned(to: type.byteWidth ?? 1) {
        contents = .raw(view)
      } else {
        contents = .raw(TensorBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[place])))
      }
    } else if let typed {
      contents = .raw(try typed.bytes(of: type, tensor: name))
    } else if shape.contains(0) {
      contents = .raw(TensorBytes(copying: []))
    } else {
      throw KServeError(
        .invalidArgument,
        "unable to find data for input tensor '\(name)'; give it in raw contents, typed contents or "
          + "shared memory")
    }
    return InferTensor(
      name: name, datatype: type, shape: shape.map { Int(clamping: $0) }, parameters: parameters,
      contents: contents)
  }
}

extension SwiftProtobuf.Message {
  /// Reads a message, without the fields that are not known here.
  package init(parsing bytes: [UInt8]) throws(KServeError) {
    do {
      var options = BinaryDecodingOptions()
      options.discardUnknownFields = true
      try self.init(serializedBytes: bytes, options: options)
    } catch {
      throw KServeError(
        .internal, "Unable to parse the message as \(Self.protoMessageName): \(error)", cause: error
      )
    }
  }
}
