import Needletail

/// The names of a model's inputs and outputs, for which their positions may stand.
struct TensorNames {
  private let inputs: [String]
  private let outputs: [String]

  init(of model: any Model) {
    inputs = model.inputs.map(\.name)
    // In the order in which `inspect` lists them.
    outputs =
      model.outputs.map(\.name) + model.mapOutputs + model.sequenceOutputs.map(\.name)
  }

  /// The input that `text` means: the one of that name, else the one at that position, from 0. What is
  /// neither stays as it is.
  func input(_ text: String) -> String { Self.name(text, in: inputs) }

  /// The output that `text` means.
  func output(_ text: String) -> String { Self.name(text, in: outputs) }

  private static func name(_ text: String, in names: [String]) -> String {
    guard !names.contains(text), let position = Int(text), names.indices.contains(position) else {
      return text
    }
    return names[position]
  }
}
