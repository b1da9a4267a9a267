import NativeLibraries

extension TorchPackage {
  /// Checks that the code is for this system, this processor and `wanted`.
  ///
  /// PyTorch's own loader takes code for another device, and code for another processor ends the
  /// process at its first unknown instruction.
  ///
  /// - Throws: ``TorchError`` with code ``TorchError/Code/wrongDevice``.
  func check(
    device wanted: TorchDevice?, processor: ProcessorFeatures = .current
  ) throws(TorchError) {
    if let platform = metadata["AOTI_PLATFORM"], !platform.isEmpty, platform != "linux" {
      throw failure(
        .wrongDevice, "the package was compiled for \(platform), this is linux. \(Self.recompile)")
    }
    if let machine = metadata["AOTI_MACHINE"], !machine.isEmpty, machine != processor.machine {
      throw failure(
        .wrongDevice,
        "the package was compiled for the processor type \(machine), this one is "
          + "\(processor.machine). \(Self.recompile)")
    }
    guard device == "cpu" || device == "cuda" else {
      throw failure(
        .wrongDevice,
        "the package was compiled for the device \(device); cpu and cuda are supported")
    }
    if let wanted, wanted.kind != device {
      throw failure(
        .wrongDevice,
        "the package was compiled for the device \(device), and \(wanted) is asked for. Compile it "
          + "again from a module and inputs on \(wanted.kind), or leave TorchModelOptions.device out"
      )
    }
    let missing = processor.missing(for: instructionSets)
    if !missing.isEmpty {
      throw failure(
        .wrongDevice,
        "the package was compiled for a processor with \(instructionSets); this one lacks "
          + "\(missing.joined(separator: ", ")). \(Self.recompile), or for every such processor with "
          + "inductor_configs={\"cpp.march\": \"x86-64-v3\", \"cpp.simdlen\": 256}")
    }
  }

  private static let recompile = "Compile it on a machine like this one"
}
