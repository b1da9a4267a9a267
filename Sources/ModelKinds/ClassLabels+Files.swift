import FoundationEssentials
import HostProcesses
import LabelFiles
import ModelHub
public import SparkFunctions
import Threads

extension ClassLabels {
  /// The labels in a file: one in each line, or JSON (`.json`): a list, or `id2label`, as `config.json`
  /// has it.
  ///
  /// - Throws: ``NeedletailError`` that names the file and what is wrong in it.
  public init(contentsOf path: String) throws {
    do throws(LabelError) {
      self.init(try LabelNames.read(path), file: path)
    } catch {
      throw NeedletailError(.usage, error.message, cause: error)
    }
  }

  /// Those of a `config.json` beside a model; `nil` if it names none.
  fileprivate init?(configuration path: String) throws {
    do throws(LabelError) {
      guard let names = try LabelNames.read(configuration: path) else { return nil }
      self.init(names, file: path)
    } catch {
      throw NeedletailError(
        .usage, "\(error.message); name another file with labels: (--labels)", cause: error)
    }
  }
}

extension ModelSource {
  /// `transforms` with the labels that lie beside the model where it gives none; maps have their own.
  func labelled(
    _ transforms: [String: OutputTransform], besides maps: [String] = []
  ) async throws -> [String: OutputTransform] {
    var result = transforms
    for (output, transform) in transforms where !maps.contains(output) {
      guard let best = transform.best, best.labels == nil, let file = try await configuration()
      else { continue }
      result[output] = transform.labelled(try ClassLabels(configuration: file))
    }
    return result
  }

  /// The `config.json` that describes the model, in its folder or beside its file, or above the folder
  /// `onnx/` with that file.
  private func configuration() async throws -> String? {
    if kind.isServed { return nil }
    let path = isOfMLflow ? try await located() : self.path
    if HubReference.isOne(path) {
      return try await Threads.Thread.run { try HubModel(path, nil).configuration() }
    }
    var folder = URL(fileURLWithPath: path)
    if !FileManager.default.isFolder(path) { folder.deleteLastPathComponent() }
    let above = folder.lastPathComponent == "onnx" ? [folder.deletingLastPathComponent()] : []
    return ([folder] + above).map { $0.path + "/config.json" }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}
