import NativeLibraries
import Tensors
import Threads

/// The owner of a loaded graph and its session, which the signatures of a model share.
final class SessionHandle: Sendable {
  let library: TensorFlowLibrary
  let metaGraph: MetaGraph
  let gate: RunGate
  nonisolated(unsafe) let session: OpaquePointer
  nonisolated(unsafe) private let graph: OpaquePointer
  nonisolated(unsafe) let runOptions: OpaquePointer?

  private var api: TensorFlowAPI { library.api }

  /// Loads the model in the directory `path`: variables, tables and all.
  init(
    path: String, metaGraph: MetaGraph, options: SavedModelOptions, library: TensorFlowLibrary
  ) throws(TensorFlowStatus) {
    let api = library.api
    for file in options.operatorLibraries { try library.loadOperators(file) }
    let native = try api.made(api.newSessionOptions())
    defer { api.deleteSessionOptions(native) }
    let configuration = options.configuration
    try api.checked { api.setConfiguration(native, configuration, configuration.count, $0) }
    let graph = try api.made(api.newGraph())
    do throws(TensorFlowStatus) {
      session = try api.made(
        try api.checked { status in
          withCStrings(options.tags) { tags in
            api.loadSavedModel(
              native, nil, path, tags, Int32(clamping: options.tags.count), graph, nil, status)
          }
        })
    } catch {
      api.deleteGraph(graph)
      throw error
    }
    self.graph = graph
    self.library = library
    self.metaGraph = metaGraph
    gate = RunGate(options.runPolicy)
    runOptions = options.runConfiguration.flatMap { api.newBuffer($0, $0.count) }
  }

  deinit {
    if let runOptions { api.deleteBuffer(runOptions) }
    // There is nobody to tell that closing failed.
    _ = try? api.checked { api.closeSession(session, $0) }
    _ = try? api.checked { api.deleteSession(session, $0) }
    api.deleteGraph(graph)
  }

  /// The graph's operation that `entry` stands for.
  ///
  /// - Throws: ``TensorFlowStatus`` if the graph has none, or one of another type.
  func output(for entry: MetaGraph.Entry) throws(TensorFlowStatus) -> GraphOutput {
    guard let source = entry.source else {
      throw TensorFlowStatus(code: 3, text: "it names no tensor of the graph")
    }
    guard let operation = api.operation(graph, source.operation) else {
      throw TensorFlowStatus(code: 5, text: "the graph has no operation \(source.operation)")
    }
    let count = Int(api.resultCount(operation))
    guard source.result < count else {
      throw TensorFlowStatus(
        code: 3,
        text: "\(source.operation) has \(count) results, not one of number \(source.result)")
    }
    // By value the structure takes two registers, like these two arguments.
    let type = api.resultType(operation, source.result)
    guard type == entry.type else {
      throw TensorFlowStatus(
        code: 3,
        text: "the signature says \(ElementType.tensorFlow.name(entry.type)), the graph "
          + ElementType.tensorFlow.name(type))
    }
    return GraphOutput(operation: operation, result: Int32(source.result))
  }
}

/// A result of an operation in a graph: the layout of `TF_Output`.
struct GraphOutput: @unchecked Sendable {
  var operation: OpaquePointer
  var result: Int32
}
