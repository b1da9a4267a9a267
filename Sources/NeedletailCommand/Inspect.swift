import ArgumentParser
import FoundationEssentials
import Needletail

/// Tells what a model takes and gives.
struct Inspect: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Shows a model's inputs and outputs.",
    discussion: """
      A dimension shown as ? (-1 in JSON) is known only when the model runs. Outputs that no column can \
      hold, such as sparse tensors, are listed apart with the reason: predictions leave them out.
      """)

  @Argument(help: .model)
  var model: String

  @Option(
    name: .customLong("option"),
    help:
      "An option of the model, such as signature=serve, or provider=cuda to see that it loads there.",
    transform: NamedValue.option)
  var options: [NamedValue] = []

  @Option(
    name: .customLong("header"),
    help: ArgumentHelp(
      "A header of each call of the model's server, such as 'Authorization: Bearer TOKEN'.",
      valueName: "name: value"),
    transform: NamedValue.header)
  var headers: [NamedValue] = []

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup
  var messages: MessageOptions

  private struct Description: Encodable {
    struct Argument: Encodable {
      let name: String
      let type: String
      let shape: [Int]

      init(_ specification: TensorSpecification) {
        name = specification.name
        type = specification.elementType.rawValue
        shape = specification.shape.dimensions
      }
    }

    let inputs: [Argument]
    let outputs: [Argument]
    /// Outputs that are a map of names to numbers for each row.
    let maps: [String]
    /// Outputs that are a sequence of tensors; their shapes are not known.
    let sequences: [Argument]
    /// Outputs that cannot be given.
    let omitted: [OmittedOutput]
    let runtime: String
    let metadata: [String: String]
    let warnings: [String]
  }

  func run() async throws {
    messages.begin()
    let source = try options.applied(to: ModelSource(path: model), headers)
    let loaded = try await Activity.during("loading \(model)") { try await source.load() }
    let warnings = try source.warnings()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let description = Description(
        inputs: loaded.inputs.map(Description.Argument.init),
        outputs: loaded.outputs.map(Description.Argument.init), maps: loaded.mapOutputs,
        sequences: loaded.sequenceOutputs.map(Description.Argument.init),
        omitted: loaded.omittedOutputs, runtime: loaded.runtime, metadata: loaded.metadata,
        warnings: warnings + source.contradictions(to: loaded))
      print(String(decoding: try encoder.encode(description), as: UTF8.self))
      return
    }
    print("\(model), run by \(loaded.runtime)")
    for (title, list) in [("inputs", loaded.inputs), ("outputs", loaded.outputs)] {
      print("\(title):")
      for specification in list { print("  \(specification)") }
    }
    for name in loaded.mapOutputs { print("  \(name): map<string,double> for each row") }
    for output in loaded.sequenceOutputs {
      print("  \(output.name): sequence of tensors of \(output.elementType)")
    }
    if !loaded.omittedOutputs.isEmpty {
      print("outputs that are left out:")
      for output in loaded.omittedOutputs { print("  \(output)") }
    }
    if !loaded.metadata.isEmpty {
      print("metadata:")
      for (key, value) in loaded.metadata.sorted(by: { $0.key < $1.key }) {
        print("  \(key): \(value)")
      }
    }
    for warning in warnings { print("warning: \(warning)") }
  }
}
