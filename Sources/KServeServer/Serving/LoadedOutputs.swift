import Models
import Tensors

/// The outputs of a loaded model as they are served.
///
/// Models whose inputs alone were given an open batch still declare one row in their outputs (`[1]`, as
/// LightGBM's classifiers in ONNX), and give as many as they get. What such a model declares for the
/// first dimension says nothing, so it is served as open, and a run tells what it has.
struct LoadedOutputs {
  /// In the model's order.
  let specifications: [TensorSpecification]
  /// The names of those whose declared first dimension says nothing.
  let undeclared: Set<String>

  init(of model: any Model) {
    let layout = try? BatchLayout(inputs: model.inputs, outputs: model.outputs)
    let isOpen = model.inputs.contains { !$0.hasShape || $0.shape.isDynamic }
    var undeclared: Set<String> = []
    specifications = model.outputs.enumerated().map { index, output in
      let saysNothing: Bool
      if let layout {
        saysNothing = layout.rows == .any && layout.outputs[index] == .open
      } else {
        // Nobody knows which dimension counts the rows; but there may be any number of them.
        saysNothing = isOpen && output.shape.first == 1
      }
      guard saysNothing, output.hasShape, let first = output.shape.first, first >= 0 else {
        return output
      }
      undeclared.insert(output.name)
      var served = output
      served.shape[0] = Shape.dynamic
      return served
    }
    self.undeclared = undeclared
  }
}
