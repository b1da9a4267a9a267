import Foundation
import JSONText
import ONNXRuntime
import Tensors
import Testing

@testable import TextPipelines

/// ONNX Runtime on this machine, if there is one.
enum Runtime {
  static let isAvailable: Bool = {
    do {
      _ = try ONNXLibrary.shared()
      return true
    } catch {
      print("Text pipeline tests are skipped: \(error)")
      return false
    }
  }()
}

extension Trait where Self == ConditionTrait {
  /// Skips where there is no ONNX Runtime.
  static var needsRuntime: Self {
    .enabled(
      if: Runtime.isAvailable,
      "needs ONNX Runtime: pip install onnxruntime, or set NEEDLETAIL_ONNXRUNTIME")
  }

  /// Skips where a model that is too large for these tests is absent.
  static func needsModel(_ path: String, _ advice: String) -> Self {
    let exists = FileManager.default.fileExists(atPath: path)
    if !exists { print("Tests are skipped: there is no \(path). \(advice)") }
    return .enabled(if: exists && Runtime.isAvailable, Comment(rawValue: advice))
  }
}

/// The folders of models and the files of reference answers.
enum Files {
  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()

  static func model(_ name: String) -> String {
    tests.appendingPathComponent("Models/\(name)").path
  }

  /// A model that several test suites use.
  static func shared(_ name: String) -> String {
    tests.deletingLastPathComponent().appendingPathComponent("Models/\(name)").path
  }

  static func example(_ name: String) -> String {
    tests.deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Examples/\(name)").path
  }

  static func golden<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws
    -> Value
  {
    let file = tests.appendingPathComponent("Goldens/\(name).json")
    return try JSONDecoder().decode(Value.self, from: try Data(contentsOf: file))
  }
}

/// A copy of a model's folder whose files can be changed; it goes with the last reference.
final class FolderCopy {
  let path: String

  init(of folder: String) throws {
    path = NSTemporaryDirectory() + "needletail-text-\(UUID().uuidString)"
    try FileManager.default.copyItem(atPath: folder, toPath: path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func remove(_ file: String) throws {
    try FileManager.default.removeItem(atPath: "\(path)/\(file)")
  }

  func write(_ text: String, to file: String) throws {
    let url = URL(fileURLWithPath: "\(path)/\(file)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  func move(_ file: String, to other: String) throws {
    let url = URL(fileURLWithPath: "\(path)/\(other)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.moveItem(atPath: "\(path)/\(file)", toPath: url.path)
  }

  /// Changes entries of a file of JSON; `null` removes one.
  func change(_ file: String, _ entries: [String: JSONValue]) throws {
    let old =
      FileManager.default.fileExists(atPath: "\(path)/\(file)")
      ? try JSONValue(contentsOf: "\(path)/\(file)").entries ?? [:] : [:]
    let all = old.merging(entries) { $1 }.filter { $0.value != .null }
    try write(JSONValue.object(all).json, to: file)
  }
}

/// Whether two lists of numbers are equal within `absolute + relative * |b|`.
func isClose(
  _ a: some Sequence<Float>, _ b: some Sequence<Float>, absolute: Float, relative: Float
) -> Bool {
  zip(a, b).allSatisfy { abs($0 - $1) <= absolute + relative * abs($1) }
}

/// Goldens have values of any kind.
extension JSONValue: Decodable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Int64.self) {
      self = .integer(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  static func object(_ entries: [String: JSONValue]) -> JSONValue {
    .object(entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }
}
