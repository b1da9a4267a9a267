public import Models
import Tensors
import Threads

/// An ONNX model loaded into ONNX Runtime.
///
/// ```swift
/// let model = try ONNXSession(path: "digits.onnx")
/// let pixels = Tensor<Float>(repeating: 0, shape: [64, 784])
/// let probabilities: Tensor<Float> = try model.run(pixels)     // shape [64, 10]
/// ```
///
/// A session is safe to use from any number of tasks at the same time; with another execution provider
/// than the CPU they wait for each other (``ONNXSessionOptions/maximumConcurrentRuns``). Inputs are read where they
/// lie and outputs are views of the runtime's memory: nothing is copied but strings. An output
/// outlives the session it came from.
public final class ONNXSession: InProcessModel {
  /// The tensors that the model takes; of a tensor whose number of dimensions the model leaves open
  /// the shape is empty (see ``unranked``).
  public var inputs: [TensorSpecification] { modelSignature.inputs }
  /// The tensors that the model gives; outputs of other kinds are in ``mapOutputs``,
  /// ``sequenceOutputs`` and ``omittedOutputs``.
  public var outputs: [TensorSpecification] { modelSignature.outputs }
  /// Both, as runs are checked by them.
  public let modelSignature: ModelSignature
  /// The names of inputs and outputs that may have any number of dimensions.
  public let unranked: Set<String>
  /// Outputs that are maps of names or numbers to numbers, or sequences of such maps, one for each row:
  /// the probabilities of a scikit-learn classifier, for example; see ``runValues(_:outputs:)``.
  public let mapOutputs: [String]
  /// Outputs that are sequences of tensors, with the type of their elements: the probabilities of a
  /// scikit-learn classifier of several things, for example; see ``runValues(_:outputs:)``.
  public let sequenceOutputs: [TensorSpecification]
  /// Outputs that are none of these; they are not computed.
  public let omittedOutputs: [OmittedOutput]
  /// What the model file says of itself.
  public let modelMetadata: ONNXModelMetadata
  /// The execution providers in use, the CPU last. An operator that one lacks goes to the next.
  public let providers: [String]
  /// The runtime.
  public let library: ONNXLibrary
  /// The model's file, or the name it was given.
  public let name: String
  let handle: ONNXSessionHandle
  let gate: RunGate

  /// Loads the model at `path`, with the external data beside it if it has any.
  ///
  /// - Parameters:
  ///   - path: a file in ONNX.
  ///   - name: what to call the model in messages; `nil` for `path`.
  ///   - options: threads, execution providers and other settings.
  ///   - library: the runtime; the one that ``ONNXLibrary/shared(path:)`` finds if `nil`.
  /// - Throws: ``ONNXError`` if the file or one that it names is missing or damaged, the model needs
  ///   what the runtime lacks, or an option or execution provider is refused; `DynamicLibraryError` if
  ///   there is no usable runtime.
  public convenience init(
    path: String, name: String? = nil, options: ONNXSessionOptions = ONNXSessionOptions(),
    library: ONNXLibrary? = nil
  ) throws {
    let library = try library ?? .shared()
    let file = try ONNXModelFile(path: path, name: name)
    try file.checkDataFiles()
    var staged = try file.staged()
    defer { staged?.remove() }
    try self.init(name: file.name, options: options, library: library) { native, out in
      let (api, environment) = (library.api, library.environment)
      let failure = api.createSession(environment, staged?.path ?? path, native, out)
      guard let failure, api.refusesHardLink(failure),
        let copied = try? ONNXModelFile.Staged(file, mayLink: false)
      else { return failure }
      api.releaseStatus(failure)
      staged?.remove()
      staged = copied
      return api.createSession(environment, copied.path, native, out)
    }
  }

  /// Loads a model from memory; `bytes` is not needed afterwards.
  ///
  /// - Parameters:
  ///   - bytes: what a file in ONNX would have.
  ///   - name: what to call the model in messages.
  ///   - options: threads, execution providers and other settings.
  ///   - library: the runtime; the one that ``ONNXLibrary/shared(path:)`` finds if `nil`.
  /// - Throws: as ``init(path:name:options:library:)``.
  public convenience init(
    bytes: [UInt8], name: String = "in memory",
    options: ONNXSessionOptions = ONNXSessionOptions(), library: ONNXLibrary? = nil
  ) throws {
    let library = try library ?? .shared()
    if bytes.isEmpty { throw ONNXError(.modelLoad, "the file has no bytes", model: name) }
    try self.init(name: name, options: options, library: library) { native, out in
      bytes.withUnsafeBytes { buffer in
        guard let base = buffer.baseAddress else { return nil }
        return library.api.createSessionFromBytes(
          library.environment, base, buffer.count, native, out)
      }
    }
  }

  private init(
    name: String, options: ONNXSessionOptions, library: ONNXLibrary,
    create: (OpaquePointer, ONNXAPI.Out) -> OpaquePointer?
  ) throws {
    let (session, providers) = try options.withNative(library: library, model: name) {
      native, providers in
      do throws(ONNXStatus) {
        return (try library.api.object { create(native, $0) }, providers)
      } catch {
        throw ONNXError(
          .modelLoad,
          "\(library) cannot load it: \(error.text)\(ONNXLoadAdvice.text(for: error))", model: name,
          cause: error)
      }
    }
    handle = try ONNXSessionHandle(session: session, library: library, model: name)
    do throws(ONNXStatus) {
      modelMetadata = try ONNXModelMetadata(of: handle)
    } catch {
      throw ONNXError(
        .modelLoad, "its metadata cannot be read: \(error.text)", model: name, cause: error)
    }
    let signature = handle.signature
    modelSignature = ModelSignature(
      inputs: signature.inputs, outputs: signature.outputs, refusals: signature.refusals)
    unranked = Set((signature.inputs + signature.outputs).filter { !$0.hasShape }.map(\.name))
    mapOutputs = signature.maps.map(\.name)
    sequenceOutputs = signature.sequences
    omittedOutputs = signature.omitted
    self.name = name
    self.library = library
    self.providers = providers
    gate = RunGate(options.runPolicy(inUse: providers))
  }

  /// The runtime and its version.
  public var runtime: String { library.description }

  /// ``modelMetadata`` by name.
  public var metadata: [String: String] { modelMetadata.entries }

  /// Ends the profiling that ``ONNXSessionOptions/profilePrefix`` began, and returns the file.
  ///
  /// - Throws: ``ONNXError`` if the runtime cannot write it.
  public func endProfiling() throws -> String {
    let (api, handle) = (library.api, handle)
    do throws(ONNXStatus) {
      return try api.text(allocator: handle.allocator) {
        api.endProfiling(handle.session, handle.allocator, $0)
      }
    } catch {
      throw ONNXError(
        .run, "the profile cannot be written: \(error.text)", model: name, cause: error)
    }
  }
}

extension ONNXSession: CustomStringConvertible {
  public var description: String { "\(name) \(modelSignature)" }
}
