import ArrowIPC
import SparkFunctions
import SparkTypes
import Tensors
import Testing

/// Random numbers of every element type as results of every declared type in all forms.
@Suite struct OutputExactnessTests {
  static let declared: [(type: DataType, element: ElementType)] = [
    (.byte, .int8), (.short, .int16), (.integer, .int32), (.long, .int64), (.float, .float32),
    (.double, .float64),
  ]

  private struct Row<Element: Encodable & Sendable>: Encodable, Sendable {
    var value: Element
  }

  private struct ListRow<Element: Encodable & Sendable>: Encodable, Sendable {
    var value: [Element]
  }

  private func column<Output: PredictOutput>(
    _ type: DataType, rows: Int, _ output: @escaping @Sendable () throws -> Output
  ) async -> Result<ArrowColumn, any Error> {
    let function = PredictBatchUDF("exact", returning: type, batchSize: 100) { _ in
      { (input: Tensor<Float>) -> Output in try output() }
    }
    do {
      let input = ArrowColumn(Tensor<Float>(repeating: 0, shape: [rows]))
      return .success(try await function.predictLocally(on: [Columns.batch(("x", input))]))
    } catch {
      return .failure(error)
    }
  }

  /// Compares the elements of a column with the numbers that the function returned.
  private func check<Element: NumericTensorElement>(
    _ found: Result<ArrowColumn, any Error>, _ numbers: [Element], perRow: Int = 1,
    _ declared: (type: DataType, element: ElementType), _ form: String
  ) {
    let exact = numbers.map { number in
      (number as? any BinaryInteger).map { ExactValue.number(ExactNumber($0)) }
        ?? ExactValue(number.doubleValue)
    }
    let note = Comment(
      rawValue: "\(form) of \(Element.elementType) as \(declared.type), seed "
        + "\(InputExactnessTests.seed): \(numbers)")
    let misfits = exact.indices.filter { !exact[$0].fits(declared.element) }.map { $0 / perRow }
    switch found {
    case .success(let column):
      #expect(misfits.isEmpty, note)
      let values = column.values.flatMap { Self.leaves($0) }
      guard values.count == exact.count else {
        Issue.record("\(values.count) elements: \(note)")
        return
      }
      for (value, exact) in zip(values, exact) {
        let isSame =
          switch (value, declared.element) {
          case (.int(let integer), .int64): exact.became(integer)
          case (.int(let integer), _): exact.became(integer)
          case (.float(let number), .float32): exact.became(Float(number))
          case (.float(let number), _): exact.became(number)
          default: false
          }
        #expect(isSame, "\(value): \(note)")
      }
    case .failure(let error):
      let text = "\(error)"
      let isAboutMisfit = misfits.contains { text.contains("row \($0)") }
      #expect(
        isAboutMisfit && text.contains("does not fit"),
        "\(text): \(note)")
    }
  }

  private static func leaves(_ value: ArrowValue) -> [ArrowValue] {
    switch value {
    case .list(let list), .structure(let list): list.flatMap { leaves($0) }
    default: [value]
    }
  }

  private func numbers<Element: NumericTensorElement>(
    _: Element.Type, _ count: Int, _ random: inout SeededNumbers
  ) throws -> [Element] {
    let kind: RandomColumn.Kind =
      switch Element.elementType {
      case .int8: .byte
      case .int16: .short
      case .int32: .integer
      case .int64: .long
      case .uint8: .uint8
      case .uint16: .uint16
      case .uint32: .uint32
      case .uint64: .uint64
      case .float16: .half
      case .float32: .float
      default: .double
      }
    let column = try RandomColumn(kind, rows: count, using: &random).column
    return try column.tensor(of: Element.self).scalars
  }

  private func checkTensors<Element: NumericTensorElement>(
    _: Element.Type, _ random: inout SeededNumbers
  ) async throws {
    for declared in Self.declared {
      let plain = try numbers(Element.self, 4, &random)
      let tensor = Tensor(plain)
      check(await column(declared.type, rows: 4) { tensor }, plain, declared, "tensor")
      check(
        await column(declared.type, rows: 4) { AnyTensor(tensor) }, plain, declared, "AnyTensor")
      let structure: DataType = .struct(["value": declared.type])
      check(
        await column(structure, rows: 4) { ["value": tensor] as NamedOutputs }, plain, declared,
        "named output")
      check(
        await column(.array(declared.type), rows: 2) { try tensor.reshaped(to: [2, 2]) }, plain,
        perRow: 2, declared, "tensor of arrays")
      check(
        await column(.array(.array(declared.type)), rows: 2) {
          try tensor.reshaped(to: [2, 2, 1])
        },
        plain, perRow: 2, declared, "tensor of nested arrays")
    }
  }

  private func checkArrays<Element: NumericTensorElement & Encodable>(
    _: Element.Type, _ random: inout SeededNumbers
  ) async throws {
    for declared in Self.declared {
      let plain = try numbers(Element.self, 4, &random)
      check(await column(declared.type, rows: 4) { plain }, plain, declared, "array")
      check(
        await column(declared.type, rows: 4) { plain.map { Element?.some($0) } }, plain, declared,
        "array of optionals")
      check(
        await column(.array(declared.type), rows: 2) { [Array(plain[..<2]), Array(plain[2...])] },
        plain, perRow: 2, declared, "arrays")
      check(
        await column(.struct(["value": declared.type]), rows: 4) { plain.map { Row(value: $0) } },
        plain, declared, "rows")
      check(
        await column(.struct(["value": .array(declared.type)]), rows: 2) {
          [ListRow(value: Array(plain[..<2])), ListRow(value: Array(plain[2...]))]
        }, plain, perRow: 2, declared, "rows of arrays")
    }
  }

  @Test func tensors() async throws {
    var random = SeededNumbers(seed: InputExactnessTests.seed)
    for _ in 0..<InputExactnessTests.rounds {
      for type in InputExactnessTests.integers + InputExactnessTests.floats {
        try await checkTensors(type, &random)
      }
      try await checkTensors(BFloat16.self, &random)
    }
  }

  @Test func arrays() async throws {
    var random = SeededNumbers(seed: InputExactnessTests.seed)
    let types: [any (NumericTensorElement & Encodable).Type] = [
      Int8.self, Int16.self, Int32.self, Int64.self, UInt8.self, UInt16.self, UInt32.self,
      UInt64.self, Float16.self, Float.self, Double.self,
    ]
    for _ in 0..<InputExactnessTests.rounds {
      for type in types { try await checkArrays(type, &random) }
    }
  }
}
