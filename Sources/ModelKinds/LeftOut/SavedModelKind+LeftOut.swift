#if !TensorFlow
import FoundationEssentials
import Models
import SparkFunctions

/// Folders with a SavedModel, in programs without the trait TensorFlow.
struct SavedModelKind: LeftOutKind {
  var format: ModelFormat { ModelFormat(rawValue: "saved-model") }
  var trait: PackageTrait { .tensorFlow }
  var models: String { "TensorFlow's SavedModels" }

  func isOne(_ path: String) -> Bool { Self.isSavedModel(path) }
}

// MARK: SavedModels in a folder of text

extension SavedModelKind {
  static func isSavedModel(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/saved_model.pb")
  }

  static func open(_ folder: String, name: String, threads: Int?) throws -> any Model {
    throw SavedModelKind().refusal(of: name)
  }
}

extension ModelSource {
  /// A SavedModel of TensorFlow's or Keras', which this build of Needletail leaves out.
  @available(
    *, unavailable,
    message: "add the trait \"TensorFlow\" where Package.swift names the package needletail"
  )
  public static func savedModel(
    _ folder: String, signature: String? = nil, threads: Int = 1, customOps: [String] = []
  ) -> ModelSource { fatalError("unavailable") }
}
#endif
