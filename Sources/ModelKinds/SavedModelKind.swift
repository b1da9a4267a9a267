#if TensorFlow
import FoundationEssentials
import Models
public import SparkFunctions
import TensorFlowRuntime

extension ModelFormat {
  /// A folder with a SavedModel of TensorFlow's.
  public static let savedModel = ModelFormat(rawValue: "saved-model")
}

/// Folders with a SavedModel, run by TensorFlow's libraries.
struct SavedModelKind: ModelKind {
  struct Options: ModelOptions {
    static let names = ["signature", "threads", "customOps"]
    let signature: String?
    let threads: Int?
    let customOps: [String]

    init(_ values: OptionValues) throws {
      signature = values["signature"]
      threads = try values.number("threads")
      customOps = values.paths("customOps")
    }
  }

  var format: ModelFormat { .savedModel }
  var sign: ModelSign? { .folder("saved_model.pb (TensorFlow)") }
  var fileOptions: [String] { ["customOps"] }

  func source(at path: String) throws -> ModelSource? {
    Self.isSavedModel(path) ? ModelSource.savedModel(path) : nil
  }

  func networks(in folder: ListedFolder, _ options: [String: String]) throws -> [String] {
    folder.files.filter { file in
      ["saved_model.pb", "fingerprint.pb", "keras_metadata.pb"].contains(file)
        || ["variables/", "assets/", "assets.extra/"].contains { file.hasPrefix($0) }
    }
  }

  func load(_ model: PlacedModel<Options>) async throws -> any Model {
    let options = model.options
    return try Self.open(
      model.path, name: model.name, signature: options.signature, threads: options.threads,
      libraries: model.files(options.customOps))
  }
}

// MARK: SavedModels, also those in a folder of text

extension SavedModelKind {
  static func isSavedModel(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: folder + "/saved_model.pb")
  }

  static func open(
    _ folder: String, name: String, signature: String? = nil, threads: Int?,
    libraries: [String] = []
  ) throws -> SavedModel {
    var options = SavedModelOptions()
    options.operatorLibraries = libraries
    if let threads { options.intraOpThreads = threads }
    return try SavedModel(path: folder, name: name, signature: signature, options: options)
  }
}

extension ModelSource {
  /// A SavedModel of TensorFlow's or Keras', run by TensorFlow's libraries, which must be on the
  /// executors.
  ///
  /// - Parameters:
  ///   - signature: its name; `nil` for `serving_default`, `serve` or the only one.
  ///   - customOps: files of shared libraries with operators that TensorFlow does not have, such as that
  ///     of TensorFlow Text; they are sent to the executors.
  public static func savedModel(
    _ folder: String, signature: String? = nil, threads: Int = 1, customOps: [String] = []
  ) -> ModelSource {
    ModelSource(
      SavedModelKind(), folder,
      [
        "signature": signature, "threads": "\(threads)",
        "customOps": OptionValues.text(of: customOps),
      ])
  }
}
#endif
