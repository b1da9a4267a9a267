import Foundation
import Needletail

struct Scale: Codable, Sendable { var factor: Double }

/// A number doubled, or scaled by a parameter.
let scaled = PredictBatchUDF("scaled", returning: .double, batchSize: 3, parameters: Scale.self) {
  worker, scale in
  return { (x: Tensor<Double>) -> Tensor<Double> in x.map { $0 * scale.factor } }
}

/// Two columns added.
let added = PredictBatchUDF("added", returning: .double, batchSize: 4) { worker in
  return { (a: Tensor<Double>, b: Tensor<Float>) -> Tensor<Double> in
    Tensor((0..<a.count).map { a[$0] + Double(b[$0]) })
  }
}

/// The sum of each row of a tensor column.
let rowSums = PredictBatchUDF(
  "rowSums", returning: .float, batchSize: 4, inputTensorShapes: [[2, 2]]
) { worker in
  return { (x: Tensor<Float>) -> Tensor<Float> in
    Tensor((0..<x.rowCount).map { row in x.rows(row..<row + 1).scalars.reduce(0, +) })
  }
}

/// A number and its square as an array.
let powers = PredictBatchUDF("powers", returning: .array(.float), batchSize: 2) { worker in
  return { (x: Tensor<Float>) -> Tensor<Float> in
    Tensor(shape: [x.count, 2]) { output in
      for row in 0..<x.count {
        output.initializeElement(at: row * 2, to: x[row])
        output.initializeElement(at: row * 2 + 1, to: x[row] * x[row])
      }
    }
  }
}

/// Text judged by its length: the form of columns.
let judged = PredictBatchUDF(
  "judged", returning: .struct(["label": .string, "score": .float]), batchSize: 2
) { worker in
  return { (texts: [String]) -> NamedOutputs in
    [
      "label": texts.map { $0.count > 3 ? "LONG" : "SHORT" },
      "score": Tensor<Float>(texts.map { Float($0.count) }),
    ]
  }
}

struct Verdict: Encodable, Sendable { var label: String, score: Float }

/// Text judged by its length: the form of rows.
let judgedRows = PredictBatchUDF(
  "judgedRows", returning: .struct(["label": .string, "score": .float]), batchSize: 2
) { worker in
  return { (texts: [String]) -> [Verdict] in
    texts.map { Verdict(label: $0.count > 3 ? "LONG" : "SHORT", score: Float($0.count)) }
  }
}

struct Refusal: Error, CustomStringConvertible { var description: String }

/// Fails on every batch.
let refusing = PredictBatchUDF("refusing", returning: .double, batchSize: 4) { worker in
  return { (x: Tensor<Double>) -> Tensor<Double> in
    throw Refusal(description: "the oven is cold in row one")
  }
}

/// One row too few.
let short = PredictBatchUDF("short", returning: .double, batchSize: 4) { worker in
  return { (x: Tensor<Double>) -> Tensor<Double> in x.rows(0..<x.count - 1) }
}

/// Takes a tenth of a second for each row.
let slow = PredictBatchUDF("slow", returning: .double, batchSize: 1) { worker in
  return { (x: Tensor<Double>) async throws -> Tensor<Double> in
    try await Task.sleep(for: .milliseconds(100))
    return x
  }
}

struct Marker: Codable, Sendable { var path: String }

/// Kills its own process, once: the first task to make the marker's folder dies by SIGKILL.
let dying = PredictBatchUDF("dying", returning: .double, batchSize: 4, parameters: Marker.self) {
  worker, marker in
  return { (x: Tensor<Double>) -> Tensor<Double> in
    if mkdir(marker.path, 0o700) == 0 { kill(getpid(), SIGKILL) }
    return x
  }
}

/// The process that a row is computed in.
let processes = PredictBatchUDF("processes", returning: .long, batchSize: 4) { worker in
  return { (x: Tensor<Double>) -> Tensor<Int64> in
    Tensor(repeating: Int64(getpid()), shape: [x.count])
  }
}

/// The even numbers of a table, doubled: rows go.
let evens = MapBatchesFunction("evens", returning: ["id": .long, "twice": .long]) { batches in
  batches.map { batch in
    let ids = try batch.columns[0].tensor(of: Int64.self).scalars.filter { $0 % 2 == 0 }
    return try RecordBatch([("id", .numbers(ids)), ("twice", .numbers(ids.map { $0 * 2 }))])
  }
}

let unlisted = PredictBatchUDF("unlisted", returning: .double, batchSize: 4) { worker in
  return { (x: Tensor<Double>) -> Tensor<Double> in x }
}

/// Whether the server beside the executor is ready.
let asking = PredictBatchUDF(
  "asking", returning: .boolean, batchSize: 10, parameters: NodeServers.Reference.self
) { worker, servers in
  let client = try KServeClient.shared(try await worker.endpoint(of: servers))
  return { (ids: Tensor<Int64>) -> [Bool] in
    let isReady = try await client.isServerReady()
    return Array(repeating: isReady, count: ids.count)
  }
}
