import ONNXRuntime

/// The GPUs of this machine.
struct GPUCheck: Check {
  let key = "gpu"
  let name = "GPU"
  let remedy =
    "Install NVIDIA's driver (see what it says: nvidia-smi); in a container, start it with the GPUs: "
    + "docker run --gpus all"
  let look: @Sendable () -> GPUFacts
  /// The execution providers of ONNX Runtime; `nil` if there is none.
  let providers: @Sendable () -> [String]?

  func run() async throws -> Finding {
    let found = look()
    var facts = ["count": "\(found.devices.count)"]
    facts["cuda"] = found.cuda
    guard let summary = found.summary else {
      if let problem = found.problem {
        return .warn(
          "there are device files (\(found.deviceFiles.joined(separator: ", "))), but \(problem)",
          facts)
      }
      return .ok("none; models run on the processor", facts)
    }
    if let providers = self.providers(), !providers.contains("CUDAExecutionProvider") {
      return .warn(
        "\(summary), but this ONNX Runtime is for processors only (others may use the GPU)",
        remedy:
          "For ONNX models on the GPU: pip uninstall onnxruntime && pip install onnxruntime-gpu",
        facts)
    }
    return .ok(summary, facts)
  }

  static let providers: @Sendable () -> [String]? = {
    (try? ONNXLibrary.shared())?.availableProviders
  }
}
