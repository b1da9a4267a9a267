import KServeProtocol
import Synchronization
import Tensors
import Testing

/// What protobuf lets a message have in any number costs no more than it may.
struct ProtobufLimitTests {
  /// `count` fields of two bytes.
  static func fields(_ field: [UInt8], count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(field.count * count)
    for _ in 0..<count { bytes += field }
    return bytes
  }

  /// A request with one input of nothing but `contents`.
  static func input(_ contents: [UInt8]) -> [UInt8] {
    var length: [UInt8] = []
    var rest = contents.count
    while rest >= 0x80 {
      length.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return [0x2A] + length + [UInt8(rest)] + contents
  }

  static func read(_ bytes: [UInt8]) throws -> InferRequest {
    try InferRequest(protobuf: TensorBytes(copying: bytes))
  }

  @Test(
    "numbers that no field may have",
    arguments: [
      [0x00, 0x00], [0x07, 0x00], [0x80, 0x80, 0x80, 0x80, 0x10, 0x00],
      [0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x00],
    ] as [[UInt8]])
  func numbers(bytes: [UInt8]) throws {
    let error = try #require(throws: KServeError.self) { try Self.read(bytes) }
    #expect(error.code == .internal)
    #expect(error.message.contains("byte 0 begins no field"), "\(error.message)")
  }

  @Test("zeros end where they begin") func zeros() {
    let error = #expect(throws: KServeError.self) {
      try Self.read([UInt8](repeating: 0, count: 16 << 20))
    }
    #expect(error?.message.contains("byte 0 begins no field") == true)
  }

  @Test("more fields than any model has") func counts() throws {
    let most = 1 << 20
    for bytes in [
      Self.fields([0x2A, 0x00], count: most + 1), Self.fields([0x3A, 0x00], count: most + 1),
      Self.fields([0x78, 0x00], count: most + 1),
      Self.input(Self.fields([0x78, 0x00], count: most)),
    ] {
      let error = try #require(throws: KServeError.self) { try Self.read(bytes) }
      #expect(error.code == .invalidArgument)
      #expect(error.message.contains("more than \(most) fields"), "\(error.message)")
    }
  }

  @Test("fields of later versions are left out") func later() throws {
    let request = Samples.request([.float32(try Tensor([1, 2], shape: [2]))])
    let known: [UInt8] = try request.serialized().written
    // Number 15, and the greatest that there is.
    let later = Self.fields([0x78, 0x01], count: 1000) + [0xF8, 0xFF, 0xFF, 0xFF, 0x0F, 0x01]
    let read = try Self.read(later + known)
    #expect(read.modelName == request.modelName && read.id == request.id)
    #expect(try read.inputs.map { try $0.tensor() } == request.inputs.map { try $0.tensor() })
  }

  @Test("reading asks for room first, and for none for raw tensors") func room() throws {
    let asked = Mutex<[Int]>([])
    for count in [1, 1 << 20] {
      let request = Samples.request([.float32(Tensor(repeating: 1, shape: [count]))])
      let bytes: [UInt8] = try request.serialized().written
      _ = try InferRequest(protobuf: TensorBytes(copying: bytes)) { (byteCount) in
        asked.withLock { $0.append(byteCount) }
      }
    }
    let sizes = asked.withLock { $0 }
    #expect(sizes.count == 2 && sizes.allSatisfy { (1..<16 << 10).contains($0) }, "\(sizes)")
    let inputs = Self.fields([0x2A, 0x00], count: 1000)
    let error = try #require(throws: KServeError.self) {
      try InferRequest(protobuf: TensorBytes(copying: inputs)) {
        (byteCount) throws(KServeError) in
        throw KServeError(.unavailable, "\(byteCount)")
      }
    }
    #expect(error == KServeError(.unavailable, "260000"))
  }
}
