import Foundation
import TensorFlowRuntime
import Tensors
import Testing

/// TensorFlow on this machine, if there is one.
enum Runtime {
  static let library: Result<TensorFlowLibrary, any Error> = Result {
    try TensorFlowLibrary.shared()
  }

  static let isAvailable: Bool = {
    if case .failure(let error) = library { print("TensorFlow tests are skipped: \(error)") }
    return (try? library.get()) != nil
  }()
}

extension Trait where Self == ConditionTrait {
  /// Skips where there is no TensorFlow.
  static var needsRuntime: Self {
    .enabled(
      if: Runtime.isAvailable,
      "needs TensorFlow: pip install tensorflow-cpu, or set NEEDLETAIL_RUNTIMES")
  }
}

/// Where the models lie.
enum Models {
  private static let tests = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()

  static let own = tests.appendingPathComponent("TensorFlowRuntimeTests/Models")
  static let goldens = tests.appendingPathComponent("Goldens/TensorFlow")
  static let examples = tests.deletingLastPathComponent().appendingPathComponent("Examples")

  /// A model of this suite.
  static func own(_ name: String) -> String { own.appendingPathComponent(name).path }

  /// A copy of `model` in a new directory, which `body` may damage.
  static func withCopy<Result>(
    of model: String, _ body: (URL) async throws -> Result
  ) async throws -> Result {
    let copy = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: URL(fileURLWithPath: model), to: copy)
    defer { try? FileManager.default.removeItem(at: copy) }
    return try await body(copy)
  }
}

/// What Python answered: for a model of the suite as `make_models.py` wrote it, or for an example as
/// the framework that trained it computed it.
struct ModelCase: Decodable, CustomTestStringConvertible {
  struct Entry: Decodable {
    var type: ElementType
    var shape: [Int]?
  }

  var model: String
  var signature: String?
  var takes: [String: Entry]?
  var gives: [String: Entry]?
  var absolute: Double?
  var relative: Double?
  var inputs: [NamedTensor]
  var outputs: [NamedTensor]

  var testDescription: String { "\(model) \(signature ?? "")" }

  var feeds: [String: AnyTensor] {
    Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.tensor) })
  }

  static let own = cases(in: Models.own)
  static let examples = cases(in: Models.goldens)

  static func example(_ model: String) throws -> ModelCase {
    try #require(examples.first { $0.model.hasPrefix(model) })
  }

  private static func cases(in directory: URL) -> [ModelCase] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return files.filter { $0.hasSuffix(".json") }.sorted().compactMap { file in
      do {
        let data = try Data(contentsOf: directory.appendingPathComponent(file))
        return try JSONDecoder().decode(ModelCase.self, from: data)
      } catch {
        Issue.record("\(file) cannot be read: \(error)")
        return nil
      }
    }
  }

  var examplePath: String { Models.examples.appendingPathComponent(model).path }
}

struct NamedTensor: Decodable {
  var name: String
  var tensor: AnyTensor

  private enum Key: CodingKey { case name, type, shape, values, base64, scale, offset }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    let shape = Shape(try container.decode([Int].self, forKey: .shape))
    if let pixels = try container.decodeIfPresent(Data.self, forKey: .base64) {
      let scale = try container.decode(Float.self, forKey: .scale)
      let offset = try container.decode(Float.self, forKey: .offset)
      tensor = .float32(try Tensor(pixels.map { Float($0) * scale + offset }, shape: shape))
      return
    }
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

/// Row `index` of `tensor` as a batch of one.
func row(_ index: Int, of tensor: AnyTensor) throws -> AnyTensor {
  switch tensor {
  case .float32(let tensor): return .float32(tensor.rows(index..<index + 1))
  case .int64(let tensor): return .int64(tensor.rows(index..<index + 1))
  case .string(let tensor):
    let width = tensor.count / tensor.rowCount
    let elements = (index * width..<(index + 1) * width).map { tensor[$0] }
    return .string(try StringTensor(elements, shape: tensor.shape.rowShape.batched(1)))
  default: throw TensorError("no rows of \(tensor.elementType)")
  }
}

/// The greatest difference of two float tensors, beyond `relative` of the second one's numbers;
/// infinite if anything else differs.
func difference(_ found: AnyTensor?, _ expected: AnyTensor, relative: Double) -> Double {
  guard case .float32(let found) = found, case .float32(let expected) = expected,
    found.shape == expected.shape
  else { return .infinity }
  return zip(found.scalars, expected.scalars).reduce(0) { worst, pair in
    let (found, expected) = (Double(pair.0), Double(pair.1))
    let excess = abs(found - expected) - relative * abs(expected)
    return excess.isNaN ? .infinity : max(worst, excess)
  }
}
