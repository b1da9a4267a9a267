import Models
import Tensors

/// Puts together what a model takes and gives, from the exporter's metadata, the source in the
/// package, the compiled code and a trial.
struct SignatureBuilder {
  let package: TorchPackage
  let container: TorchContainer
  let options: TorchModelOptions
  let api: TorchAPI

  /// The greatest source that is read for its checks.
  private static let maximumSourceByteCount = 256 << 20

  /// The signature without outputs, and the names of inputs and outputs.
  func inputs() throws -> (TorchSignature, [String], [String]) {
    let (ownInputs, ownOutputs): ([String], [String])
    do throws(TorchStatus) {
      (ownInputs, ownOutputs) = (try container.inputNames, try container.outputNames)
    } catch {
      throw package.failure(
        .modelLoad, "its inputs and outputs cannot be read: \(error.text)", cause: error)
    }
    let layouts = try layouts(count: ownInputs.count)
    let specification = container.callSpecification
    let inputNames =
      options.inputs?.map(\.name)
      ?? names(
        "needletail.inputs",
        specification.flatMap { CallSpecification.argumentNames($0.arguments) },
        ownInputs)
    let outputNames = names(
      "needletail.outputs", specification.flatMap { CallSpecification.names($0.results) },
      ownOutputs)
    do throws(TorchStatus) {
      return (try TorchSignature(layouts: layouts), inputNames, outputNames)
    } catch {
      let types = ModelSignature.list(ElementType.allCases.filter { $0 != .string })
      throw package.failure(
        .unsupportedModel,
        "\(error.text). Export the model so that it takes row-major tensors of \(types)",
        cause: error)
    }
  }

  private func layouts(count: Int) throws -> [InputLayout] {
    if let given = options.inputs {
      guard given.count == count else {
        throw package.failure(
          .invalidOption,
          "TorchModelOptions.inputs describes \(given.count) inputs, and the model takes \(count)")
      }
      return given.map { input in
        InputLayout(
          name: input.name, typeName: input.elementType.rawValue, shape: input.shape,
          dimensionNames: input.dimensionNames)
      }
    }
    do {
      if let source = package.source, source.byteCount <= Self.maximumSourceByteCount,
        let layouts = InputLayout.read(source: try package.archive.bytes(of: source)),
        layouts.count == count
      {
        return layouts
      }
    } catch let error as ArchiveError {
      throw package.failure(.modelLoad, error.description, cause: error)
    }
    if count == 0 { return [] }
    throw package.failure(
      .unsupportedModel,
      "the package does not say which element types and shapes its \(count) inputs have: it comes "
        + "without its source code, or from a version of PyTorch that writes it differently. Compile "
        + "it again with its source code, or describe them in Swift: TorchModelOptions.inputs")
  }

  /// The exporter's names in its metadata, those in the call specification, or the code's own.
  private func names(_ key: String, _ specified: [String?]?, _ own: [String]) -> [String] {
    if let list = package.metadata[key] {
      let names = list.split(separator: ",", omittingEmptySubsequences: false).map { part in
        String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      if names.count == own.count, Set(names).count == names.count, !names.contains("") {
        return names
      }
    }
    guard let specified, specified.count == own.count else { return own }
    let names = zip(specified, own).map { $0 ?? $1 }
    return Set(names).count == names.count ? names : own
  }

  /// Runs the model on zeros of two sizes to see what it gives.
  func learnOutputs(_ signature: inout TorchSignature, by trial: TorchExecution) throws {
    let (first, second) = (signature.trialSizes(0), signature.trialSizes(1))
    let firstOutputs: [AnyTensor]
    do {
      firstOutputs = try trial.run(Self.zeros(signature, first), symbols: first)
    } catch {
      throw package.failure(
        .unsupportedModel,
        "a trial on zeros, to learn its outputs, failed: \(error). If the model cannot run on zeros, "
          + "describe its outputs in Swift: TorchModelOptions.outputs", cause: error)
    }
    let secondOutputs =
      first == second
      ? nil : try? trial.run(Self.zeros(signature, second), symbols: second)
    signature.learn(firstOutputs, sizes: first, secondOutputs, sizes: second)
  }

  private static func zeros(
    _ signature: TorchSignature, _ symbols: [String: Int]
  ) throws -> [AnyTensor] {
    try signature.layouts.indices.map { index in
      guard let (sizes, _) = TorchSignature.values(of: signature.layouts[index], symbols) else {
        throw TorchStatus(text: "the sizes of input \(index) are not understood")
      }
      return try AnyTensor(
        zerosOf: signature.inputTypes[index], shape: Shape(sizes.map { Int($0) }))
    }
  }
}
