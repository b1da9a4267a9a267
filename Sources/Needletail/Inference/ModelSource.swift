import Crypto
import Foundation

/// A model that columns can be predicted with: `.onnx("model.onnx")`.
public struct ModelSource: Sendable, Hashable {
  /// The format, which decides the runtime.
  public var format: ModelFormat
  /// The model file on the driver.
  public var path: String
  /// Options of the runtime, see ``onnx(_:threads:)``.
  public var options: [String: String]

  /// A model in ONNX format, run by ONNX Runtime.
  ///
  /// - Parameter threads: the threads that one prediction uses; tasks run side by side, so one is
  ///   right on most clusters.
  public static func onnx(_ path: String, threads: Int = 1) -> ModelSource {
    ModelSource(format: .onnx, path: path, options: ["threads": "\(threads)"])
  }

  /// The model at `path`, its format told from the name.
  ///
  /// - Throws: ``NeedletailError`` if the name tells none.
  public init(path: String) throws {
    guard path.lowercased().hasSuffix(".onnx") else {
      throw NeedletailError(
        .usage, "'\(path)' is not a model that can be run: the name must end in .onnx")
    }
    self = .onnx(path)
  }

  init(format: ModelFormat, path: String, options: [String: String]) {
    self.format = format
    self.path = path
    self.options = options
  }

  /// Loads the model in this process.
  ///
  /// - Throws: ``NeedletailError`` if there is no such file; the runtime's error if it cannot load it.
  public func load() throws -> any Model {
    guard FileManager.default.fileExists(atPath: path) else {
      throw NeedletailError(
        .usage,
        "there is no model file \(path) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
    return try ONNXSession(path: path, options: try ONNXSessionOptions(reference(path)))
  }

  func reference(_ file: String) -> ModelReference {
    ModelReference(format: format, file: file, options: options)
  }

  /// The name of the file on the executors: different models never meet under one name.
  func executorName() throws -> String {
    let contents = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    let hash = SHA256.hash(data: contents).prefix(6).map { ExecutableImage.hexadecimal($0) }
      .joined()
    return "\(hash)-\(URL(fileURLWithPath: path).lastPathComponent)"
  }
}

extension ONNXSessionOptions {
  /// The options that travel with a model.
  init(_ reference: ModelReference) throws {
    self.init()
    if let text = reference.options["threads"] {
      guard let threads = Int(text), threads > 0 else {
        throw NeedletailError(.usage, "threads is '\(text)', it must be a positive number")
      }
      intraOpThreads = threads
    }
  }
}
