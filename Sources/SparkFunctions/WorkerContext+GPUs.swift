import Glibc

extension WorkerContext {
  /// The GPU addresses assigned to the task, as the operator numbered them.
  public var gpus: [String] { resources["gpu"] ?? [] }

  /// The number that CUDA's libraries in this process have for the first GPU assigned to the task; 0,
  /// the first that they see, if none was or its address is no number.
  ///
  /// They number the devices that `CUDA_VISIBLE_DEVICES` names, in its order, where the executor has
  /// that variable: an address in it means its place there.
  public var cudaDevice: Int {
    cudaDevice(visible: getenv("CUDA_VISIBLE_DEVICES").map { String(cString: $0) })
  }

  package func cudaDevice(visible: String?) -> Int {
    let places = (visible ?? "").split(separator: ",").map { place in
      String(place.drop { $0 == " " }.prefix { $0 != " " })
    }
    if let place = gpus.lazy.compactMap({ places.firstIndex(of: $0) }).first { return place }
    return gpus.lazy.compactMap(Int.init).first { $0 >= 0 } ?? 0
  }
}
