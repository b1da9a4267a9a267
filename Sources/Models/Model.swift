public import Tensors

/// A trained model, whatever runs it: a runtime in this process, or a server.
///
/// Models are shared by all tasks of an executor process, so ``run(_:outputs:)`` may be called
/// concurrently; a runtime that cannot do that serialises within.
public protocol Model: Sendable {
  /// What the model takes, in its own order.
  var inputs: [TensorSpecification] { get }
  /// What the model gives, in its own order.
  var outputs: [TensorSpecification] { get }
  /// Outputs that are a map of names to numbers for each row; see ``runValues(_:outputs:)``.
  var mapOutputs: [String] { get }
  /// Outputs that are a sequence of tensors, each with a part for every row, by the type of their elements;
  /// see ``runValues(_:outputs:)``.
  var sequenceOutputs: [TensorSpecification] { get }
  /// Outputs that the model has beside these, and that are not given.
  var omittedOutputs: [OmittedOutput] { get }
  /// The name and version of what runs the model, for example `ONNX Runtime 1.32.0`.
  var runtime: String { get }
  /// What the model file says of itself: producer, version, custom entries.
  var metadata: [String: String] { get }
  /// Whether what runs the model vouches for it that rows which run together do not change each
  /// other's results, so that nobody needs to check it.
  var hasIndependentRows: Bool { get }

  /// Runs the model on one tensor for each input, its dimensions in the order of the declared shape, and
  /// returns the outputs called `outputNames` (all of them if `nil`).
  ///
  /// - Throws: a runtime's error, naming the input and its shape, if a tensor does not fit.
  func run(_ inputs: [String: AnyTensor], outputs outputNames: [String]?) async throws
    -> [String: AnyTensor]

  /// The same with the outputs that are maps and sequences among those to be had.
  ///
  /// - Throws: as ``run(_:outputs:)``.
  func runValues(_ inputs: [String: AnyTensor], outputs outputNames: [String]?) async throws
    -> [String: ModelValue]
}

extension Model {
  public var metadata: [String: String] { [:] }
  public var hasIndependentRows: Bool { false }
}
