import Glibc
import Models
import Tensors

/// The owner of a native session and of what runs need; the session and every output tensor that
/// still uses the runtime's memory refer to it.
final class ONNXSessionHandle: Sendable {
  let library: ONNXLibrary
  /// The model's file or name, for messages.
  let model: String
  let signature: ONNXSignature
  nonisolated(unsafe) let session: OpaquePointer
  /// The runtime's CPU allocator, which it owns.
  nonisolated(unsafe) let allocator: OpaquePointer
  /// Describes CPU memory to the runtime.
  nonisolated(unsafe) let memoryInfo: OpaquePointer
  /// The names of the inputs and outputs for the runtime, in the signature's order.
  nonisolated(unsafe) let inputNames: [UnsafePointer<CChar>?]
  nonisolated(unsafe) let outputNames: [UnsafePointer<CChar>?]

  var api: ONNXAPI { library.api }

  /// Takes over `session`, also when it throws.
  init(session: OpaquePointer, library: ONNXLibrary, model: String) throws {
    let api = library.api
    var memoryInfo: OpaquePointer?
    do {
      let allocator = try api.object(api.defaultAllocator)
      // Type 1 is an arena allocator, memory 0 the default: plain CPU memory.
      let cpuMemory = try api.object { api.createMemoryInfo(1, 0, $0) }
      memoryInfo = cpuMemory
      signature = try ONNXSignature(of: session, allocator: allocator, api: api, model: model)
      self.allocator = allocator
      self.memoryInfo = cpuMemory
    } catch {
      if let memoryInfo { api.releaseMemoryInfo(memoryInfo) }
      api.releaseSession(session)
      if let status = error as? ONNXStatus {
        throw ONNXError(
          .modelLoad, "its inputs and outputs cannot be read: \(status.text)", model: model,
          cause: status)
      }
      throw error
    }
    self.session = session
    self.library = library
    self.model = model
    inputNames = signature.inputs.map { UnsafePointer(strdup($0.name)) }
    let outputs =
      signature.outputs.map(\.name) + signature.maps.map(\.name)
      + signature.sequences.map(\.name)
    outputNames = outputs.map { UnsafePointer(strdup($0)) }
  }

  deinit {
    for name in inputNames + outputNames { Glibc.free(UnsafeMutableRawPointer(mutating: name)) }
    api.releaseMemoryInfo(memoryInfo)
    api.releaseSession(session)
  }
}
