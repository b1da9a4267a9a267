public import Models
import Tensors

/// A way to call a SavedModel: the tensors that it takes and gives under a name.
///
/// TensorFlow keeps no order of tensors; they are in that of their names, a number at the end
/// counting by its value (`output_2` before `output_10`).
public struct SavedModelSignature: Sendable, Hashable {
  /// The name, such as `serving_default`.
  public var name: String
  /// The tensors that it takes; of one whose number of dimensions is open the shape is empty (see
  /// ``unranked``).
  public var inputs: [TensorSpecification] = []
  /// The tensors that it gives.
  public var outputs: [TensorSpecification] = []
  /// The names of inputs and outputs that may have any number of dimensions.
  public var unranked: Set<String> = []
  /// Inputs that are no dense tensors of a known element type, with what they are: with one of them the
  /// signature cannot be used. Outputs of such kinds are in ``otherOutputs``, and not computed.
  public var otherInputs: [String: String] = [:]
  /// The outputs of such kinds, with what they are.
  public var otherOutputs: [String: String] = [:]

  /// The signatures of the model in the directory `path`, in alphabetical order; TensorFlow is not
  /// needed for it.
  ///
  /// - Throws: ``TensorFlowError`` if there is no model, or a damaged one.
  public static func all(ofModelAt path: String, tags: [String] = ["serve"])
    throws(TensorFlowError) -> [SavedModelSignature]
  {
    let file = try SavedModelFile(directory: path, model: path)
    return try file.metaGraph(tags: tags, model: path).signatures.map { SavedModelSignature($0) }
  }

  init(_ signature: MetaGraph.Signature) {
    name = signature.name
    (inputs, otherInputs) = Self.split(signature.inputs)
    (outputs, otherOutputs) = Self.split(signature.outputs)
    let entries = signature.inputs + signature.outputs
    unranked = Set(entries.filter { $0.shape == nil && $0.otherKind == nil }.map(\.key))
  }

  private static func split(
    _ entries: [MetaGraph.Entry]
  ) -> ([TensorSpecification], [String: String]) {
    var (tensors, others): ([TensorSpecification], [String: String]) = ([], [:])
    for entry in entries {
      if let type = ElementType.tensorFlow.type(entry.type), entry.kind == nil {
        tensors.append(
          TensorSpecification(
            name: entry.key, elementType: type, shape: entry.shape ?? [],
            hasShape: entry.shape != nil))
      } else {
        others[entry.key] = entry.otherKind
      }
    }
    return (tensors, others)
  }
}

extension SavedModelSignature {
  /// The outputs that are not computed, with what to do about them.
  var omittedOutputs: [OmittedOutput] {
    otherOutputs.sorted { $0.key < $1.key }.map { name, kind in
      OmittedOutput(
        name: name, kind: kind,
        advice: "save the model with a signature that gives a dense tensor (such as "
          + "x.to_tensor(), tf.sparse.to_dense(x) or tf.cast(x, tf.float32))")
    }
  }

  /// What runs are checked by.
  var modelSignature: ModelSignature {
    let list = ModelSignature.list(outputs)
    let refusals = omittedOutputs.map { ($0.name, "the output \($0); or ask for some of \(list)") }
    return ModelSignature(
      inputs: inputs, outputs: outputs, refusals: Dictionary(uniqueKeysWithValues: refusals))
  }
}

extension MetaGraph.Entry {
  /// What it is, unless it is a dense tensor of a known element type.
  var otherKind: String? {
    if let kind { return kind }
    if ElementType.tensorFlow.type(type) != nil { return nil }
    return "a tensor of \(ElementType.tensorFlow.name(type))"
  }
}

extension SavedModelSignature: CustomStringConvertible {
  public var description: String {
    let takes = inputs.map(\.description) + otherInputs.map { "\($0): \($1)" }.sorted()
    let gives = outputs.map(\.description) + otherOutputs.map { "\($0): \($1)" }.sorted()
    return "\(name)(\(takes.joined(separator: ", "))) -> (\(gives.joined(separator: ", ")))"
  }
}
