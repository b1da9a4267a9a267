import Deployment
import FoundationEssentials
import HostProcesses
import MLflow
import ModelHub
import ONNXRuntime
public import SparkConnect

extension SparkSession {
  /// Makes the model at `path` available to the executors under its own name, with the files that it
  /// names beside it (`model.onnx.data`), or as a folder if it is one: worker closures find it by
  /// `worker.file("model.onnx")`.
  ///
  /// - Throws: ``NeedletailError`` or the runtime's error if something of it cannot be read, or lies in
  ///   a folder below the model's; ``SparkError`` if the server does not take it.
  public func addModel(_ path: String) async throws {
    if HubReference.isOne(path) {
      throw NeedletailError(
        .usage,
        "\(path) is a model's id, and addModel takes a file or folder of this machine: fetch it with "
          + "`hf download`, and name its folder, or let predicting send it: .predicting(ModelSource(path: "
          + "\"\(path)\"))")
    }
    if MLflowReference.isOne(path), !FileManager.default.isFolder(path) {
      throw NeedletailError(
        .usage,
        "\(path) is a model of MLflow, and addModel takes a file or folder of this machine: let predicting "
          + "send it: .predicting(try .mlflow(\"\(path)\"))")
    }
    if FileManager.default.isFolder(path) { return try await addFolder(path) }
    let beside = try ModelSource(path: path).kind.filesBeside(path)
    if let file = beside.first(where: { !ONNXModelFile.isBeside($0.name) }) {
      throw NeedletailError(
        .packaging,
        "\(path) names the file \(file.name) in a folder below its own; put the model with it into a "
          + "folder, and send that: addFolder(…)")
    }
    for file in [path] + beside.map(\.path) { try await addFile(file) }
  }
}
