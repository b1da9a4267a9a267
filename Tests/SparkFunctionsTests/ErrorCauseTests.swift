import ArrowIPC
import Models
import SparkTypes
import Tensors
import Testing

@testable import SparkFunctions

/// Errors of functions keep what was thrown below them, and say it in their own words.
@Suite struct ErrorCauseTests {
  private struct Broken: Error, CustomStringConvertible {
    var description: String { "[BROKEN] at 7" }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var error: any Error
    var says: String
    var testDescription: String { says }
  }

  private static let request = OutputRequest(type: .integer, rowCount: 1, function: "f")

  static let cases = [
    Case(
      error: InferenceError.loading(Broken(), function: "f"),
      says: "[MODEL_LOAD] f: the model could not be loaded: [BROKEN] at 7"),
    // An error that has a name already stays what it is.
    Case(
      error: InferenceError.loading(
        InferenceError(.library, "missing", cause: Broken()), function: "f"),
      says: "[LIBRARY] f: missing"),
    Case(
      error: InferenceError.predicting(Broken(), rows: 3, 5, of: "the partition", function: "f"),
      says: "[PREDICTION] f: failed on rows 3 to 5 of the partition: [BROKEN] at 7"),
    Case(
      error: InferenceError.predicting(
        Broken(), rows: 3, 5, of: "the partition", advice: "mend it", function: "f"),
      says: "[PREDICTION] f: failed on rows 3 to 5 of the partition: [BROKEN] at 7; mend it"),
    Case(
      error: request.failure("it is odd", row: 0, cause: Broken()),
      says: "[INVALID_OUTPUT] f: row 0: it is odd"),
  ]

  @Test(arguments: cases) func wrapped(_ test: Case) throws {
    let error = try #require(test.error as? InferenceError)
    #expect("\(error)" == test.says)
    #expect(error.cause is Broken)
  }

  @Test func cancellationIsNotWrapped() {
    let cancelled = CancellationError()
    #expect(InferenceError.loading(cancelled, function: "f") is CancellationError)
    #expect(
      InferenceError.predicting(cancelled, rows: 0, 1, of: "the partition", function: "f")
        is CancellationError)
  }

  private static func fail() throws { throw Broken() }

  @Test func closuresOfColumns() async throws {
    let batch = try Columns.batch(("x", Columns.floats([1, 2])))
    let unloadable = PredictBatchUDF("f", returning: .float, batchSize: 4) { _ in
      try Self.fail()
      return { (input: Tensor<Float>) -> Tensor<Float> in input }
    }
    let loading = await #expect(throws: InferenceError.self) {
      _ = try await unloadable.predictLocally(on: [batch])
    }
    #expect(loading?.code == .modelLoad && loading?.cause is Broken)
    let failing = PredictBatchUDF("f", returning: .float, batchSize: 4) { _ in
      { (input: Tensor<Float>) -> Tensor<Float> in
        try Self.fail()
        return input
      }
    }
    let predicting = await #expect(throws: InferenceError.self) {
      _ = try await failing.predictLocally(on: [batch])
    }
    #expect(predicting?.code == .prediction && predicting?.cause is Broken)
  }

  @Test func closuresOfBatches() async throws {
    let function = MapBatchesFunction("f", returning: ["id": .long]) { batches in
      batches.map { (_: RecordBatch) -> RecordBatch in throw Broken() }
    }
    let batch = try Columns.batch(("id", ArrowColumn(Tensor<Int64>([1]))))
    let error = await #expect(throws: InferenceError.self) {
      _ = try await function.evaluateLocally(on: [batch])
    }
    #expect(error.map { "\($0)" } == "[PREDICTION] f: [BROKEN] at 7")
    #expect(error?.cause is Broken)
  }

  static let number = InexactNumber(
    index: 0, value: "300", elementType: .uint8, isFraction: false)
  static let conversions: [ArrowConversionError] = [
    .null(row: 0), .nullElement(row: 0, index: 1), .ragged(row: 0, found: 1, expected: 2),
    .jagged(row: 0, found: 1, expected: 2), .dimensions(row: 0, found: [2], expected: [3]),
    .shape(found: 3, expected: [2]), .inexact(row: 0, index: nil, number: number),
    .inexact(row: 0, index: 1, number: number), .type(found: "utf8", expected: .float32),
  ]

  @Test("a value that does not fit a tensor", arguments: conversions)
  func conversion(of cause: ArrowConversionError) throws {
    let argument = InputArgument(
      column: Columns.floats([1]), rowShape: nil, name: "x", rows: RowNumbers(), nulls: .fail,
      ragged: .fail, function: "f")
    let error = try #require(argument.describing(cause, element: .float32) as? InferenceError)
    #expect(error.code == .invalidInput && error.message.hasPrefix("column 'x'"))
    #expect(error.cause as? ArrowConversionError == cause)
  }

  @Test("a number that does not fit the declared type")
  func misfit() {
    let error = Self.request.misfit(Self.number, row: 0)
    #expect(
      "\(error)"
        == "[INVALID_OUTPUT] f: row 0: 300 does not fit the declared type int (uint8); declare a "
        + "wider type")
    #expect(error.cause as? InexactNumber == Self.number)
  }
}
