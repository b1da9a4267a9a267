import ArrowIPC
import FoundationEssentials
import SparkConnectProtocol
import Synchronization
import Tensors

/// Puts the record batches of a result together from the messages of an execution.
///
/// A message has a whole Arrow stream or, since Spark 4.1 and for batches above the server's limit, a
/// piece of one. What a server tells of positions and row counts is checked, so that no piece is lost or
/// taken twice, also where the connection broke between them.
final class ResultBatches: Sendable {
  private struct State {
    var pieces: [Data] = []
    var announced: Int64 = 0
    var rows: Int64 = 0
  }

  private let state = Mutex(State())

  /// Takes the next message.
  ///
  /// - Returns: the batches that it completes, none if more pieces belong to them.
  /// - Throws: ``SparkError`` if messages are missing, ``ArrowError`` if the stream is damaged.
  func add(_ message: Spark_Connect_ExecutePlanResponse.ArrowBatch) throws -> [RecordBatch] {
    try state.withLock { state in
      if state.pieces.isEmpty {
        if message.hasStartOffset, message.startOffset != state.rows {
          throw Self.gap("row \(message.startOffset)", "row \(state.rows)")
        }
        state.announced = message.numChunksInBatch
      }
      guard message.chunkIndex == Int64(state.pieces.count),
        message.numChunksInBatch == state.announced
      else {
        throw Self.gap(
          "piece \(message.chunkIndex) of \(message.numChunksInBatch)",
          "piece \(state.pieces.count) of \(state.announced)")
      }
      state.pieces.append(message.data)
      if Int64(state.pieces.count) < state.announced { return [] }
      let stream = ArrowBuffer(state.pieces)
      state.pieces = []
      let batches = try ArrowStreamReader(stream).readAll()
      let rows = Int64(batches.reduce(0) { $0 + $1.rowCount })
      guard rows == message.rowCount else {
        throw Self.gap("\(rows) rows", "\(message.rowCount)")
      }
      state.rows += rows
      return batches
    }
  }

  /// Makes sure that nothing is missing at the end.
  ///
  /// - Throws: ``SparkError`` if a batch has not come whole.
  func finish() throws {
    let (count, announced) = state.withLock { ($0.pieces.count, $0.announced) }
    if count > 0 { throw Self.gap("the end", "piece \(count) of \(announced)") }
  }

  private static func gap(_ found: String, _ expected: String) -> SparkError {
    SparkError(
      .result,
      "the result is incomplete: the server sent \(found) where \(expected) was expected; run the "
        + "query again")
  }
}

extension ArrowBuffer {
  /// The bytes of responses one after the other, in memory aligned as Arrow likes it.
  init(_ pieces: [Data]) {
    let storage = TensorStorage(byteCount: pieces.reduce(0) { $0 + $1.count })
    var position = 0
    for piece in pieces {
      piece.withUnsafeBytes { bytes in
        if let base = bytes.baseAddress {
          (storage.baseAddress + position).copyMemory(from: base, byteCount: bytes.count)
        }
      }
      position += piece.count
    }
    self.init(storage)
  }
}
