extension SharedMemoryLocation {
  /// The location that `parameters` name, which are taken out; `nil` if they name none.
  init?(taking parameters: inout [String: InferParameter]) {
    if parameters.isEmpty { return nil }
    guard
      let region = parameters.removeValue(forKey: InferParameterName.sharedMemoryRegion)?.text
    else { return nil }
    let size = parameters.removeValue(forKey: InferParameterName.sharedMemoryByteSize)?.integer
    let offset = parameters.removeValue(forKey: InferParameterName.sharedMemoryOffset)?.integer
    self.init(region: region, offset: offset ?? 0, byteSize: size ?? 0)
  }

  /// The parameters of a tensor that name the location.
  var parameters: [String: InferParameter] {
    var result: [String: InferParameter] = [
      InferParameterName.sharedMemoryRegion: .string(region),
      InferParameterName.sharedMemoryByteSize: .int64(Int64(byteSize)),
    ]
    if offset != 0 { result[InferParameterName.sharedMemoryOffset] = .int64(Int64(offset)) }
    return result
  }
}

extension InferTensor {
  /// All its parameters, those that say where the contents are included.
  var allParameters: [String: InferParameter] {
    guard case .sharedMemory(let location) = contents else { return parameters }
    return parameters.merging(location.parameters) { _, location in location }
  }
}
