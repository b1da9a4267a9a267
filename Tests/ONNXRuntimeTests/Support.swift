import Foundation
import ONNXRuntime
import Tensors
import Testing

/// ONNX Runtime on this machine, if there is one.
enum Runtime {
  static let library: Result<ONNXLibrary, any Error> = Result { try ONNXLibrary.shared() }

  static let isAvailable: Bool = {
    if case .failure(let error) = library { print("ONNX Runtime tests are skipped: \(error)") }
    return (try? library.get()) != nil
  }()
}

extension Trait where Self == ConditionTrait {
  /// Skips where there is no ONNX Runtime.
  static var needsRuntime: Self {
    .enabled(
      if: Runtime.isAvailable,
      "needs ONNX Runtime: pip install onnxruntime, or set NEEDLETAIL_ONNXRUNTIME")
  }
}

/// Where the tests' models lie.
enum Models {
  private static let tests = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()

  /// A model that several test suites use, with a reference case beside it.
  static func shared(_ name: String) -> String {
    tests.appendingPathComponent("Models/\(name)").path
  }

  /// A model of this suite.
  static func own(_ name: String) -> String {
    tests.appendingPathComponent("ONNXRuntimeTests/Models/\(name)").path
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}

/// What Python's onnxruntime answered for a model, as `Tests/Models/make_models.py` wrote it.
struct ModelCase: Decodable, CustomTestStringConvertible {
  struct Signature: Decodable {
    var inputs: [Entry]
    var outputs: [Entry]
  }

  struct Entry: Decodable {
    var name: String
    var type: ElementType
    var shape: [Dimension]
  }

  /// A size, or the name of an axis that varies.
  enum Dimension: Decodable {
    case size(Int)
    case name(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let size = try? container.decode(Int.self) {
        self = .size(size)
      } else {
        self = .name(try container.decode(String.self))
      }
    }
  }

  var model: String
  var fails: String?
  var signature: Signature?
  var inputs: [NamedTensor]?
  var outputs: [NamedTensor]?

  var testDescription: String { model }
  var path: String { Models.shared(model) }

  var feeds: [String: AnyTensor] {
    Dictionary(uniqueKeysWithValues: (inputs ?? []).map { ($0.name, $0.tensor) })
  }

  static let all: [ModelCase] = {
    let directory = Models.shared("")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return files.filter { $0.hasSuffix(".json") }.sorted().compactMap { file in
      do {
        let data = try Data(contentsOf: URL(fileURLWithPath: Models.shared(file)))
        return try JSONDecoder().decode(ModelCase.self, from: data)
      } catch {
        Issue.record("\(file) cannot be read: \(error)")
        return nil
      }
    }
  }()

  static func named(_ name: String) throws -> ModelCase {
    try #require(all.first { $0.model == "\(name).onnx" })
  }
}

struct NamedTensor: Decodable {
  var name: String
  var tensor: AnyTensor

  private enum Key: CodingKey { case name, type, shape, values }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    let shape = Shape(try container.decode([Int].self, forKey: .shape))
    func values<Value: Decodable>(_ type: Value.Type = Value.self) throws -> [Value] {
      try container.decode([Value].self, forKey: .values)
    }
    tensor =
      switch try container.decode(ElementType.self, forKey: .type) {
      case .bool: .bool(try Tensor(values(), shape: shape))
      case .int8: .int8(try Tensor(values(), shape: shape))
      case .int16: .int16(try Tensor(values(), shape: shape))
      case .int32: .int32(try Tensor(values(), shape: shape))
      case .int64: .int64(try Tensor(values(), shape: shape))
      case .uint8: .uint8(try Tensor(values(), shape: shape))
      case .uint16: .uint16(try Tensor(values(), shape: shape))
      case .uint32: .uint32(try Tensor(values(), shape: shape))
      case .uint64: .uint64(try Tensor(values(), shape: shape))
      case .float16: .float16(try Tensor(values(Float.self).map(Float16.init), shape: shape))
      case .bfloat16: .bfloat16(try Tensor(values(Float.self).map { BFloat16($0) }, shape: shape))
      case .float32: .float32(try Tensor(values(), shape: shape))
      case .float64: .float64(try Tensor(values(), shape: shape))
      case .string: .string(try StringTensor(values(String.self), shape: shape))
      }
  }
}

/// The rows of `tensor` repeated in turn until there are `rows`.
func tiled(_ tensor: AnyTensor, rows: Int) throws -> AnyTensor {
  func tile<Element>(_ tensor: Tensor<Element>) throws -> AnyTensor {
    let parts = (0..<rows).map { row in
      tensor.rows(row % tensor.rowCount..<row % tensor.rowCount + 1)
    }
    return AnyTensor(try Tensor.concatenating(parts))
  }
  func tile(_ strings: StringTensor) throws -> AnyTensor {
    let width = strings.count / strings.rowCount
    let elements = (0..<rows * width).map { strings[$0 % strings.count] }
    return .string(try StringTensor(elements, shape: strings.shape.rowShape.batched(rows)))
  }
  return switch tensor {
  case .bool(let tensor): try tile(tensor)
  case .int8(let tensor): try tile(tensor)
  case .int16(let tensor): try tile(tensor)
  case .int32(let tensor): try tile(tensor)
  case .int64(let tensor): try tile(tensor)
  case .uint8(let tensor): try tile(tensor)
  case .uint16(let tensor): try tile(tensor)
  case .uint32(let tensor): try tile(tensor)
  case .uint64(let tensor): try tile(tensor)
  case .float16(let tensor): try tile(tensor)
  case .bfloat16(let tensor): try tile(tensor)
  case .float32(let tensor): try tile(tensor)
  case .float64(let tensor): try tile(tensor)
  case .string(let tensor): try tile(tensor)
  }
}

/// Whether two tensors are equal: floating-point ones to 1e-6 of their size (a unit in the last
/// place for the 16-bit types), all others exactly.
func isClose(_ left: AnyTensor, _ right: AnyTensor) -> Bool {
  guard left.elementType == right.elementType, left.shape == right.shape else { return false }
  func close<E: NumericTensorElement>(_ a: Tensor<E>, _ b: Tensor<E>, _ tolerance: Double) -> Bool {
    zip(a.scalars, b.scalars).allSatisfy { a, b in
      abs(a.doubleValue - b.doubleValue) <= tolerance * max(1, abs(b.doubleValue))
    }
  }
  switch (left, right) {
  case (.float16(let a), .float16(let b)): return close(a, b, 0x1p-10)
  case (.bfloat16(let a), .bfloat16(let b)): return close(a, b, 0x1p-7)
  case (.float32(let a), .float32(let b)): return close(a, b, 1e-6)
  case (.float64(let a), .float64(let b)): return close(a, b, 1e-12)
  default: return left == right
  }
}
