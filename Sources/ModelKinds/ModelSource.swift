import Foundation
import HostProcesses
import Models
import SparkFunctions
import TorchRuntime

/// A model that columns can be predicted with: `.onnx("model.onnx")`.
public struct ModelSource: Sendable, Hashable {
  /// The format, which decides what runs the model.
  public var format: ModelFormat
  /// The model's file or folder on the driver, or the address of its server.
  public var path: String
  /// Options of what runs it.
  public var options: [String: String]

  package init(_ format: ModelFormat, _ path: String, _ options: [String: String?]) {
    self.format = format
    self.path = path
    self.options = options.compactMapValues { $0 }
  }

  /// Loads the model in this process.
  ///
  /// - Throws: ``NeedletailError`` if there is no such file; the runtime's error if it cannot load it;
  ///   ``KServeError`` if its server cannot be reached or does not have it.
  public func load() async throws -> any Model {
    if format == .nodeServer { return try DescribedModel(self) }
    if isServed { return try await reference(path).load(path, WorkerContext()) }
    guard FileManager.default.fileExists(atPath: path) else {
      throw NeedletailError(
        .usage,
        "there is no model \(path) (the current folder is "
          + "\(FileManager.default.currentDirectoryPath))")
    }
    return try await reference(path).load(path, WorkerContext())
  }

  /// Whether a server runs the model, so that no file is sent.
  var isServed: Bool { [.kserve, .nodeServer].contains(format) }

  package func reference(_ file: String) -> ModelReference {
    ModelReference(format: format, file: file, options: options, name: path)
  }

  /// What should be known of the model before it runs on a cluster, though it can be run.
  ///
  /// - Throws: the runtime's error if the model is damaged.
  public func warnings() throws -> [String] {
    let packages = FileManager.default.isFolder(path) ? [path + "/model.pt2"] : [path]
    var warnings: [String] = []
    for package in packages
    where package.hasSuffix(".pt2") && FileManager.default.fileExists(atPath: package) {
      guard try TorchPackage(path: package).endsProcessOnWrongValues() else { continue }
      warnings.append(
        "\(package): wrong values in the input, such as an index beyond a table, end the executor's "
          + "worker process instead of failing the task: the package's checks are in code for several "
          + "threads. Compile it after torch.set_num_threads(1)")
    }
    return warnings
  }
}

extension ModelReference {
  /// Loads the model, which lies at `path` on this machine.
  package func load(_ path: String, _ worker: WorkerContext) async throws -> any Model {
    guard let loader = ModelFormat.loaders[format] else {
      throw NeedletailError(
        .usage, "models of the format '\(format.rawValue)' are not known to this program")
    }
    return try await loader(self, path, worker)
  }
}
