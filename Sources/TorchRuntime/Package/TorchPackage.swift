import Glibc
import JSONText

/// An AOTInductor package (`.pt2`): a ZIP archive with the compiled code of one or more models below
/// `data/aotinductor`, and what it says of itself. Nothing of it has been loaded yet.
///
/// ```swift
/// let package = try TorchPackage(path: "model.pt2")
/// print(package.modelNames, package.device, package.instructionSets, package.metadata)
/// ```
public struct TorchPackage: Sendable {
  /// The file.
  public let path: String
  /// What messages call it: the file, unless another name was given.
  let name: String
  /// The names of the models in the package; `model` unless the exporter chose others.
  public let modelNames: [String]
  /// The model that the other properties are about.
  public let modelName: String
  /// The kind of device that the code is for: `cpu` or `cuda` (`xpu` and `mps` are not supported).
  public let device: String
  /// The instruction sets that the compiler used, in PyTorch's names: `AVX512 AVX512_VNNI`. Empty if
  /// the package does not say.
  public let instructionSets: String
  /// Whether some operators go through PyTorch's dispatcher, which takes the plug-in.
  public let needsPlugin: Bool
  /// The package's own metadata, the exporter's entries (`aot_inductor.metadata`) included.
  public let metadata: [String: String]

  let archive: ZipArchive
  /// The compiled code.
  let code: ZipArchive.Entry
  /// The source of the compiled code, which describes the inputs; `nil` if it was left out.
  let source: ZipArchive.Entry?
  /// The weights, where they are apart from the code.
  let weights: ZipArchive.Entry?
  /// The sources of the compiled functions.
  let kernelSources: [ZipArchive.Entry]
  /// What PyTorch reads beside the code: a GPU's kernels, descriptions of operators, their objects.
  let companions: [ZipArchive.Entry]

  /// Reads the table of contents and the metadata of the package at `path`.
  ///
  /// - Parameters:
  ///   - path: a package of AOTInductor, `.pt2`.
  ///   - name: what to call the package in messages; `nil` for `path`.
  ///   - model: the model, if the package has several.
  /// - Throws: ``TorchError`` if the file is missing, damaged, or something else than a package with
  ///   compiled code.
  public init(path: String, name: String? = nil, model: String? = nil) throws {
    let name = name ?? path
    let file: RandomAccessFile
    do throws(ArchiveError) {
      file = try RandomAccessFile(path: path)
    } catch {
      throw TorchError(.modelLoad, error.description, model: name, cause: error)
    }
    do {
      guard ZipArchive.isArchive(file) else { throw Self.noArchive(file) }
      try self.init(archive: ZipArchive(file), path: path, name: name, model: model)
    } catch let error as ArchiveError {
      throw TorchError(
        .modelLoad,
        "\(error.description). Check that the file is a complete package, as "
          + "torch._inductor.aoti_compile_and_package writes it",
        model: name, cause: error)
    }
  }

  private init(archive: ZipArchive, path: String, name: String, model: String?) throws {
    self.path = path
    self.name = name
    self.archive = archive
    var groups: [String: [ZipArchive.Entry]] = [:]
    for entry in archive.entries {
      let parts = entry.name.split(separator: "/")
      // <archive>/data/aotinductor/<model>/<file>
      guard let index = parts.firstIndex(of: "aotinductor"), index > 0, parts[index - 1] == "data",
        parts.count >= index + 3
      else { continue }
      groups[String(parts[index + 1]), default: []].append(entry)
    }
    modelNames = groups.filter { group in group.value.contains { $0.name.hasSuffix(".so") } }
      .keys.sorted()
    guard let first = modelNames.first else { throw Self.noCode(archive, name: name) }
    let modelName = model ?? (modelNames.contains("model") ? "model" : first)
    guard modelNames.contains(modelName), let files = groups[modelName] else {
      throw TorchError(
        .invalidOption,
        "the package has no model called \(modelName); it has \(modelNames.joined(separator: ", "))",
        model: name)
    }
    guard model != nil || modelNames.count == 1 || modelNames.contains("model") else {
      throw TorchError(
        .invalidOption,
        "the package has several models (\(modelNames.joined(separator: ", "))), and none is called "
          + "model, which would be taken; package one of them, or say which one in Swift: "
          + "TorchModelOptions.model",
        model: name)
    }
    self.modelName = modelName
    let libraries = files.filter { $0.name.hasSuffix(".so") }
    guard libraries.count == 1 else {
      throw TorchError(
        .unsupportedModel,
        "the model \(modelName) has \(libraries.count) shared libraries, which is not supported",
        model: name)
    }
    code = libraries[0]
    let stem = String(code.name.dropLast(".so".count))
    func file(_ suffix: String) -> ZipArchive.Entry? {
      files.first { $0.name == stem + suffix } ?? files.first { $0.name.hasSuffix(suffix) }
    }
    source = file(".cpp")
    weights = file("_weights.blob") ?? file(".blob")
    kernelSources = files.filter { $0.name.hasSuffix(".kernel.cpp") }
    companions = files.filter { entry in
      ![".so", ".cpp", ".blob", "_metadata.json"].contains { entry.name.hasSuffix($0) }
    }
    needsPlugin = files.contains { $0.name == stem + ".json" || $0.name.hasSuffix(".wrapper.json") }
    metadata = try Self.readMetadata(file("_metadata.json"), archive: archive)
    device = metadata["AOTI_DEVICE_KEY"] ?? "cpu"
    instructionSets = metadata["AOTI_CPU_ISA"] ?? ""
  }

  /// A file with weights beside the package, of the same name but ending in `.safetensors` or
  /// `_weights.blob`: it goes wherever the package goes. `nil` if there is none.
  public var weightsBeside: String? {
    let stem = path.hasSuffix(".pt2") ? String(path.dropLast(4)) : path
    return [".safetensors", "_weights.blob"].map { stem + $0 }.first { access($0, R_OK) == 0 }
  }

  /// Whether values that the code checks while it computes, such as an index into a table, end the
  /// process when they are wrong, instead of making the run an error.
  ///
  /// That is so when the checks are in code for several threads (OpenMP), out of which C++ lets no
  /// exception. Compile with `torch.set_num_threads(1)`, which also suits executors, and it is not.
  ///
  /// - Throws: ``TorchError`` if the package is damaged.
  public func endsProcessOnWrongValues() throws -> Bool {
    do {
      for entry in kernelSources {
        let source = try archive.bytes(of: entry)
        if Self.contains(source, "#pragma omp parallel"), Self.contains(source, "TORCH_CHECK(") {
          return true
        }
      }
      return false
    } catch let error as ArchiveError {
      throw failure(.modelLoad, error.description, cause: error)
    }
  }

  /// An error that says which package it is about.
  func failure(
    _ code: TorchError.Code, _ message: String, cause: (any Error)? = nil
  ) -> TorchError {
    TorchError(code, message, model: name, cause: cause)
  }

  private static func contains(_ bytes: [UInt8], _ text: StaticString) -> Bool {
    var scanner = SourceScanner(bytes[...])
    return scanner.skip(past: text)
  }

  private static func readMetadata(
    _ entry: ZipArchive.Entry?, archive: ZipArchive
  ) throws -> [String: String] {
    guard let entry else { return [:] }
    guard let object = JSONValue(try archive.text(of: entry))?.entries else {
      throw ArchiveError("its metadata in \(entry.name) is no JSON object")
    }
    return object.compactMapValues(\.string)
  }
}
