extension ModelKinds {
  /// The kinds that every program has. A folder is of the first that knows it.
  package static let builtIn = ModelKinds([
    KServeKind(),
    ONNXKind(),
    TorchKind(),
    SavedModelKind(),
    SentenceEmbeddingsKind(),
    TextClassificationKind(),
    TextGenerationKind(),
    TextFolderKind(),
  ])
}
