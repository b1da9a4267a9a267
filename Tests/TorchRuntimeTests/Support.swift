import Foundation
import Tensors
import Testing
import TorchRuntime

/// PyTorch on this machine and the packages made for it, if there are any.
enum Runtime {
  /// The variable with the folder that `make_packages.py` filled.
  static let packagesVariable = "NEEDLETAIL_TORCH_PACKAGES"

  static let folder = ProcessInfo.processInfo.environment[packagesVariable]

  static let library: Result<TorchLibrary, any Error> = Result { try TorchLibrary.shared() }

  static let isAvailable: Bool = {
    guard folder != nil else {
      print(
        "PyTorch tests are skipped: \(packagesVariable) is not set; make packages with "
          + "Tests/TorchRuntimeTests/make_packages.py FOLDER and set it to the folder")
      return false
    }
    if case .failure(let error) = library { print("PyTorch tests are skipped: \(error)") }
    return (try? library.get()) != nil
  }()

  /// The path of a package or file in the folder.
  static func file(_ name: String) -> String { "\(folder ?? "/nowhere")/\(name)" }

  static func package(_ name: String) -> String { file("\(name).pt2") }
}

extension Trait where Self == ConditionTrait {
  /// Skips where there is no PyTorch, or no packages.
  static var needsRuntime: Self {
    .enabled(
      if: Runtime.isAvailable,
      "needs PyTorch (pip install torch) and packages (Tests/TorchRuntimeTests/make_packages.py)")
  }
}

/// What PyTorch answered for a package, as `make_packages.py` wrote it.
struct PackageCase: Decodable, CustomTestStringConvertible {
  struct Signature: Decodable {
    var inputs: [Entry]
    var outputs: [Entry]
  }

  struct Entry: Decodable {
    var name: String
    var type: ElementType
    /// `nil` for a dimension that varies.
    var shape: [Int?]
  }

  struct Answer: Decodable {
    var inputs: [NamedTensor]
    var outputs: [NamedTensor]
    var tolerance: Double

    var feeds: [String: AnyTensor] {
      Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.tensor) })
    }
    var rows: Int { inputs[0].tensor.rowCount }
  }

  var package: String
  var signature: Signature
  var cases: [Answer]

  var name: String { String(package.dropLast(4)) }
  var path: String { Runtime.file(package) }
  var testDescription: String { name }

  static let all: [PackageCase] = {
    guard let folder = Runtime.folder else { return [] }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".json") }.sorted().compactMap { file in
      do {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)"))
        return try JSONDecoder().decode(PackageCase.self, from: data)
      } catch {
        Issue.record("\(file) cannot be read: \(error)")
        return nil
      }
    }
  }()

  static func named(_ name: String) throws -> PackageCase {
    try #require(all.first { $0.name == name })
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
      // A scalar's value comes as a list too.
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

/// Whether two tensors are equal: single and double ones to `tolerance` of their size, all others
/// exactly.
func isClose(_ left: AnyTensor, _ right: AnyTensor, _ tolerance: Double = 1e-6) -> Bool {
  guard left.elementType == right.elementType, left.shape == right.shape else { return false }
  func close<E: NumericTensorElement>(_ a: Tensor<E>, _ b: Tensor<E>) -> Bool {
    zip(a.scalars, b.scalars).allSatisfy { a, b in
      abs(a.doubleValue - b.doubleValue) <= tolerance * max(1, abs(b.doubleValue))
    }
  }
  switch (left, right) {
  case (.float32(let a), .float32(let b)): return close(a, b)
  case (.float64(let a), .float64(let b)): return close(a, b)
  default: return left == right
  }
}

/// A folder for a test's files, gone with it.
final class Scratch {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("needletail-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.resolvingSymlinksInPath().path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  func write(_ bytes: [UInt8], _ name: String = "model.pt2") throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

func readFile(_ path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}
