import ArrowIPC
import Foundation
import NeedletailTesting
import SparkConnectProtocol
import Testing

@testable import SparkConnect

/// Results whose batches come in pieces.
struct ResultChunkTests {
  private typealias Response = Spark_Connect_ExecutePlanResponse

  /// The batch in pieces of `size` bytes.
  private static func pieces(
    _ batch: RecordBatch, at offset: Int, size: Int
  ) throws -> [FakeConnectServer.Step] {
    let whole = try Response.batch(batch)
    let data = whole.arrowBatch.data
    let starts = stride(from: 0, to: data.count, by: size)
    return starts.enumerated().map { index, start in
      var piece = whole
      piece.arrowBatch.data = data.subdata(in: start..<min(start + size, data.count))
      piece.arrowBatch.startOffset = Int64(offset)
      piece.arrowBatch.chunkIndex = Int64(index)
      piece.arrowBatch.numChunksInBatch = Int64(Array(starts).count)
      return .respond(piece)
    }
  }

  @Test(
    "pieces become batches again, also where the connection breaks between them",
    arguments: [1, 7, 100, 1 << 20])
  func joining(size: Int) async throws {
    try await withSession { session, server in
      let steps = try Self.pieces(numbers(0..<40), at: 0, size: size)
      var all = steps + (try Self.pieces(numbers(40..<45), at: 40, size: size))
      all.insert(.loseConnection, at: steps.count / 2)
      all.insert(.endStream, at: steps.count + 1)
      let script = all
      server.onExecute { _ in script }
      let rows = try await session.table("t").collect()
      #expect(try rows.map { try $0.get("id", as: Int.self) } == Array(0..<45))
      let batches = try await session.table("t").collectBatches()
      #expect(batches.map(\.rowCount) == [40, 5])
    }
  }

  @Test(
    "servers since 4.1 are asked for pieces, older ones are not",
    arguments: [("4.0.2", false), ("4.1.0", true), ("4.3.0", true), ("5.0.0-SNAPSHOT", true)])
  func asking(version: String, isAsked: Bool) async throws {
    try await withSession(on: FakeConnectServer(version: version)) { session, server in
      _ = try await session.table("t").collect()
      let options = server.log.executions[0].requestOptions
      #expect(options.contains { $0.reattachOptions.reattachable })
      #expect(options.contains { $0.resultChunkingOptions.allowArrowBatchChunking } == isAsked)
    }
  }

  enum Fault: CaseIterable { case missingPiece, missingEnd, doubledPiece, missingBatch, rowCount }

  @Test("what is missing or comes twice is an error", arguments: Fault.allCases)
  func gaps(fault: Fault) async throws {
    try await withSession { session, server in
      var steps = try Self.pieces(numbers(0..<40), at: 0, size: 100)
      let rest = try Self.pieces(numbers(40..<45), at: 40, size: 100)
      switch fault {
      case .missingPiece: steps.remove(at: 1)
      case .missingEnd: steps.removeLast()
      case .doubledPiece: steps.insert(steps[1], at: 1)
      case .missingBatch: steps = rest
      case .rowCount:
        var wrong = try Response.batch(numbers(0..<3))
        wrong.arrowBatch.rowCount = 4
        steps = [.respond(wrong)]
      }
      let script = steps + (fault == .missingEnd || fault == .rowCount ? [] : rest)
      server.onExecute { _ in script }
      let error = await sparkError { _ = try await session.table("t").collect() }
      #expect(error.kind == .result && error.message.contains("incomplete"), "\(error)")
    }
  }
}
