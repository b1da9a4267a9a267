/// Where a model computes.
public struct TorchDevice: Sendable, Hashable, Codable, CustomStringConvertible {
  /// `cpu` or `cuda`.
  public var kind: String
  /// The number of the GPU; 0 for the CPU.
  public var index: Int

  /// The processor.
  public static let cpu = TorchDevice(kind: "cpu", index: 0)

  /// The NVIDIA GPU with this number, among those that the process sees.
  public static func cuda(_ index: Int = 0) -> TorchDevice {
    TorchDevice(kind: "cuda", index: index)
  }

  /// As PyTorch writes it: `cpu`, `cuda:0`.
  public var description: String { kind == "cpu" ? kind : "\(kind):\(index)" }
}
