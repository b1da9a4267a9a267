import ArgumentParser

extension ArgumentHelp {
  /// What may stand for a model.
  static let model = ArgumentHelp(
    "The model: a file (.onnx, .pt2), a folder (SavedModel, HuggingFace), one of a hub "
      + "(hf:ORG/NAME[@REVISION]), one of MLflow (models:/NAME/VERSION, models:/NAME@ALIAS), or that of a "
      + "server (kserve://HOST:PORT/MODEL).")
}
