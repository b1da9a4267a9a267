extension TorchPackage {
  /// How to make a package, for messages.
  static let exportAdvice =
    "Compile it on a machine like the executors: torch._inductor.aoti_compile_and_package("
    + "torch.export.export(model, example_inputs, dynamic_shapes=...), package_path=\"model.pt2\")"

  /// The error for a file that is no ZIP archive.
  static func noArchive(_ file: RandomAccessFile) -> any Error {
    let start = (try? file.bytes(at: 0, count: min(file.count, 16))) ?? []
    if start.isEmpty { return ArchiveError("the file has no bytes") }
    if start.starts(with: [0x80, 2]) || start.starts(with: [0x80, 4]) {
      return TorchError(
        .unsupportedModel,
        "the file is a pickle: weights or a module that torch.save wrote in its old format, without "
          + "code. \(exportAdvice)",
        model: file.path)
    }
    if start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
      return TorchError(
        .unsupportedModel,
        "the file is a shared library; give the package (.pt2) that it came in, which also says what "
          + "it was compiled for",
        model: file.path)
    }
    return ArchiveError(
      "the file is no package of PyTorch: it does not begin as a ZIP archive does")
  }

  /// The error for an archive without compiled code.
  static func noCode(_ archive: ZipArchive, name: String) -> TorchError {
    let names = archive.entries.map { entry in
      entry.name.split(separator: "/", maxSplits: 1).last.map(String.init) ?? entry.name
    }
    func has(_ test: (String) -> Bool) -> Bool { names.contains(where: test) }
    let text =
      if has({ $0.hasPrefix("models/") && $0.hasSuffix(".json") })
        || has({ $0.hasPrefix("serialized_exported_program") })
      {
        "the file is an exported program (torch.export.save) without compiled code. Compile it on a "
          + "machine like the executors: torch._inductor.aoti_compile_and_package("
          + "torch.export.load(\"exported.pt2\"), package_path=\"model.pt2\")"
      } else if has({ $0 == "constants.pkl" || $0.hasPrefix("code/") }) {
        "the file is TorchScript, which is not supported. Export the module itself instead. "
          + exportAdvice
      } else if has({ $0 == "data.pkl" }) {
        "the file holds weights or a pickled module (torch.save), without code. \(exportAdvice)"
      } else {
        "the archive has no compiled code (data/aotinductor/*/*.so). \(exportAdvice)"
      }
    return TorchError(.unsupportedModel, text, model: name)
  }
}
