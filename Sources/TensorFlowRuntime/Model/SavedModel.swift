public import Models
import Tensors

/// A TensorFlow SavedModel (Keras `model.export`, `tf.saved_model.save`), loaded to be run.
///
/// ```swift
/// let model = try SavedModel(path: worker.file("model"))
/// let pixels = Tensor<Float>(repeating: 0, shape: [64, 784])
/// let logits: Tensor<Float> = try model.run(pixels)            // shape [64, 10]
/// ```
///
/// A model is safe to use from any number of tasks at the same time. Inputs are read where they lie
/// and outputs are views of the runtime's memory: no numbers are copied, strings are. Look-up tables,
/// vocabularies and text preprocessing inside the model work. An output outlives its model.
public final class SavedModel: InProcessModel {
  /// The signature that ``run(_:outputs:)`` calls.
  public let signature: SavedModelSignature
  /// All signatures of the model; see ``withSignature(_:)``.
  public let signatures: [SavedModelSignature]
  /// The model's directory, or the name it was given.
  public let name: String
  /// What the signature takes and gives, as runs are checked by it.
  public let modelSignature: ModelSignature
  let handle: SessionHandle
  /// The graph's places of the signature's inputs and outputs, in its order.
  let feeds: [GraphOutput]
  let fetches: [GraphOutput]

  /// Loads the model in the directory `path`.
  ///
  /// - Parameters:
  ///   - path: the directory with `saved_model.pb` in it.
  ///   - name: what to call the model in messages; `nil` for `path`.
  ///   - signature: the name of the signature to call; if `nil`, `serving_default`, otherwise
  ///     `serve`, otherwise the only one there is.
  ///   - options: threads and other settings.
  ///   - library: the runtime; the one that ``TensorFlowLibrary/shared(path:)`` finds if `nil`.
  /// - Throws: ``TensorFlowError`` if a file is missing or damaged, there is no such signature, the
  ///   model needs what the runtime lacks, or an option is refused; `DynamicLibraryError` if there
  ///   is no usable runtime.
  public convenience init(
    path: String, name: String? = nil, signature: String? = nil,
    options: SavedModelOptions = SavedModelOptions(), library: TensorFlowLibrary? = nil
  ) throws {
    let name = name ?? path
    try options.check(model: name)
    let graph = try SavedModelFile(directory: path, model: name)
      .metaGraph(tags: options.tags, model: name)
    // What the file tells by itself is checked first: it takes no time and gives better messages.
    _ = try Self.choose(signature, from: graph, model: name)
    try SavedModelFile.checkVariables(of: graph, directory: path, model: name)
    try SavedModelFile.checkAssets(of: graph, directory: path, model: name)
    let library = try library ?? .shared()
    let handle: SessionHandle
    do throws(TensorFlowStatus) {
      handle = try SessionHandle(path: path, metaGraph: graph, options: options, library: library)
    } catch {
      throw TensorFlowError(
        .modelLoad, "\(library) cannot load it: \(error.text)\(Self.advice(for: error))",
        model: name, cause: error)
    }
    try self.init(name: name, signature: signature, handle: handle)
  }

  private init(name: String, signature: String?, handle: SessionHandle) throws {
    let chosen = try Self.choose(signature, from: handle.metaGraph, model: name)
    let specification = SavedModelSignature(chosen)
    func places(_ entries: [MetaGraph.Entry]) throws -> [GraphOutput] {
      let usable = entries.filter { $0.otherKind == nil }
      return try usable.map { entry in
        do throws(TensorFlowStatus) {
          return try handle.output(for: entry)
        } catch {
          throw TensorFlowError(
            .modelLoad, "\(entry.key) does not fit the graph: \(error.text). Export it again",
            model: name, signature: chosen.name, cause: error)
        }
      }
    }
    feeds = try places(chosen.inputs)
    fetches = try places(chosen.outputs)
    self.signature = specification
    modelSignature = specification.modelSignature
    signatures = handle.metaGraph.signatures.map { SavedModelSignature($0) }
    self.handle = handle
    self.name = name
  }

  /// The same loaded model called by another signature; variables and tables are shared.
  ///
  /// - Throws: ``TensorFlowError`` if there is no such signature.
  public func withSignature(_ signature: String) throws -> SavedModel {
    try SavedModel(name: name, signature: signature, handle: handle)
  }

  /// The tensors that the signature takes, by name.
  public var inputs: [TensorSpecification] { signature.inputs }
  /// The tensors that the signature gives, by name.
  public var outputs: [TensorSpecification] { signature.outputs }
  /// The outputs of the signature that are no dense tensors of a known element type.
  public var omittedOutputs: [OmittedOutput] { signature.omittedOutputs }
  /// The runtime and its version.
  public var runtime: String { handle.library.description }
  /// The runtime.
  public var library: TensorFlowLibrary { handle.library }

  /// The version of TensorFlow that saved the model, the signature, and all signatures there are.
  public var metadata: [String: String] {
    [
      "tensorflow_version": handle.metaGraph.tensorFlowVersion, "signature": signature.name,
      "signatures": signatures.map(\.name).joined(separator: ","),
    ]
  }

  /// What to do about a model that the runtime refuses, by what it says; empty if that says it all.
  private static func advice(for status: TensorFlowStatus) -> String {
    func says(_ part: String) -> Bool { status.text.contains(part) }
    if says("as a library with operators") { return "" }
    let advice: String? =
      if says("Op type not registered") {
        "The model uses an operator that this TensorFlow does not have. If a library has it (such as "
          + "TensorFlow Text's), name the library's file: --option customOps=FILE, in Swift "
          + ".savedModel(…, customOps: [FILE])"
      } else if says("OpKernel") {
        "This build of TensorFlow has the operator, but not for these types or this device; use another "
          + "one, or save the model without it"
      } else if status.code == 5 || status.code == 15 || says("variables.") || says("No such file")
      {
        "The folder is not complete; copy all of it (saved_model.pb, variables, assets)"
      } else {
        nil
      }
    return advice.map { (status.text.hasSuffix(".") ? " " : ". ") + $0 } ?? ""
  }

  /// The signature called `name`, or the one to take if none is named.
  private static func choose(
    _ name: String?, from graph: MetaGraph, model: String
  ) throws(TensorFlowError) -> MetaGraph.Signature {
    let all = graph.signatures
    let found: MetaGraph.Signature?
    if let name {
      found = all.first { $0.name == name }
    } else {
      found =
        all.first { $0.name == "serving_default" } ?? all.first { $0.name == "serve" }
        ?? (all.count == 1 ? all[0] : nil)
    }
    guard let found else {
      let list = all.map { "\n  \(SavedModelSignature($0))" }.joined()
      let what = name.map { "it has no signature \($0)" } ?? "it has no signature serving_default"
      throw TensorFlowError(
        .unknownSignature,
        all.isEmpty
          ? "it has no signatures at all; save it with `model.export(directory)` or with "
            + "`tf.saved_model.save(model, directory, signatures=...)`"
          : "\(what); name one of these (--option signature=NAME, signature: in Swift):\(list)",
        model: model)
    }
    let signature = SavedModelSignature(found)
    let types = ModelSignature.list(ElementType.allCases)
    if let (input, kind) = signature.otherInputs.min(by: { $0.key < $1.key }) {
      throw TensorFlowError(
        .unsupportedModel,
        "the input \(input) is \(kind); only dense tensors of \(types) can be given. Save the "
          + "model with a signature that takes those",
        model: model, signature: found.name)
    }
    if signature.outputs.isEmpty {
      let list = signature.otherOutputs.map { "\($0) is \($1)" }.sorted().joined(separator: ", ")
      throw TensorFlowError(
        .unsupportedModel,
        "no output is a dense tensor of \(types) (\(list.isEmpty ? "it has none" : list)). "
          + "Save the model with a signature that gives one",
        model: model, signature: found.name)
    }
    return found
  }
}

extension SavedModel: CustomStringConvertible {
  public var description: String { "\(name): \(signature)" }
}
