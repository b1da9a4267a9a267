import Needletail

/// The libraries that run models, by the names of these.
enum RuntimeLibraries {
  /// Makes sure that what would run a model of this name is there, whether or not the model is.
  ///
  /// - Throws: the runtime's error with the places in which it was looked for.
  static func check(forModelNamed name: String) throws {
    if name.hasSuffix(".onnx") {
      _ = try ONNXLibrary.shared()
    } else if name.hasSuffix(".pt2") {
      _ = try TorchLibrary.shared()
    } else if FileSystem.isFile("\(name)/saved_model.pb") {
      _ = try TensorFlowLibrary.shared()
    }
  }
}
