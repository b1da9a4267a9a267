#if !PyTorch
import Models
import SparkFunctions

/// Packages of AOTInductor, in programs without the trait PyTorch.
struct TorchKind: LeftOutKind {
  var format: ModelFormat { ModelFormat(rawValue: "torch") }
  var trait: PackageTrait { .pyTorch }
  var models: String { "the models compiled by PyTorch (.pt2)" }

  func isOne(_ path: String) -> Bool { path.lowercased().hasSuffix(".pt2") }
}

// MARK: Packages in a folder of text

extension TorchKind {
  static func open(
    _ package: String, name: String, threads: Int?, _ worker: WorkerContext
  ) throws -> any Model {
    throw TorchKind().refusal(of: name)
  }

  static func gpu(for package: String, _ worker: WorkerContext) throws -> Int? { nil }

  static func warnings(of package: String) throws -> [String] { [] }
}

extension ModelSource {
  /// A package of compiled code (`.pt2`), which this build of Needletail leaves out.
  @available(
    *, unavailable,
    message: "add the trait \"PyTorch\" where Package.swift names the package needletail"
  )
  public static func torch(
    _ path: String, threads: Int = 1, customOps: [String] = []
  ) -> ModelSource { fatalError("unavailable") }
}
#endif
