import JSONText

/// What is known of a batch of a streaming query, or of a while without one.
public struct StreamingQueryProgress: Sendable, Hashable {
  /// The query's id, which it keeps when it is started again.
  public let id: String
  /// The id of the query's run.
  public let runID: String
  /// The query's name.
  public let name: String?
  /// When the batch began, in ISO 8601 and UTC: `2026-11-30T17:05:15.123Z`.
  public let timestamp: String
  /// The number of the batch, from 0 on.
  public let batchID: Int
  /// How long the batch took.
  public let batchDuration: Duration
  /// How long its parts took: `addBatch`, `triggerExecution` ...
  public let durations: [String: Duration]
  /// The times of events in ISO 8601: `max`, `min`, `avg`, `watermark`.
  public let eventTime: [String: String]
  /// How many rows came from all sources.
  public let numInputRows: Int
  /// The rows that come in a second; `nil` where there is no measure of it yet.
  public let inputRowsPerSecond: Double?
  /// The rows that are computed in a second; `nil` where there is no measure of it yet.
  public let processedRowsPerSecond: Double?
  /// Where rows come from.
  public let sources: [Source]
  /// Where rows go.
  public let sink: Sink
  /// What aggregates, joins and the like keep.
  public let stateOperators: [StateOperator]
  /// All that the server says, as JSON.
  public let json: String

  /// A source of rows, and how far it was read.
  public struct Source: Sendable, Hashable {
    /// What it is.
    public let description: String
    /// The places from which on and up to which it was read, and of the newest row, as the source writes
    /// them in JSON; `nil` where there is none.
    public let startOffset, endOffset, latestOffset: String?
    /// How many rows came from it.
    public let numInputRows: Int
    /// The rows that come from it in a second; `nil` where there is no measure of it yet.
    public let inputRowsPerSecond: Double?
    /// The rows of it that are computed in a second; `nil` where there is no measure of it yet.
    public let processedRowsPerSecond: Double?
  }

  /// Where the rows go.
  public struct Sink: Sendable, Hashable {
    /// What it is.
    public let description: String
    /// How many rows were written; `nil` for a sink that does not count.
    public let numOutputRows: Int?
  }

  /// What an aggregate, a join or the like keeps between batches.
  public struct StateOperator: Sendable, Hashable {
    /// Spark's name of it.
    public let name: String
    /// How many rows it keeps, and how many of them the batch has changed.
    public let numRowsTotal, numRowsUpdated: Int
    /// How many rows came too late.
    public let numRowsDroppedByWatermark: Int
    /// The memory that it takes, in bytes.
    public let memoryUsedBytes: Int
  }

  /// Reads what a server says.
  ///
  /// - Throws: ``SparkError`` if it is no JSON.
  init(json: String) throws {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: Array(json.utf8), rules: JSONRules(isLenient: true))
    } catch {
      throw SparkError(
        .result, "the server's report of a streaming query cannot be read: \(error)", cause: error)
    }
    self.json = json
    id = value["id"]?.string ?? ""
    runID = value["runId"]?.string ?? ""
    name = value["name"]?.string
    timestamp = value["timestamp"]?.string ?? ""
    batchID = value["batchId"]?.wholeNumber ?? -1
    batchDuration = .milliseconds(value["batchDuration"]?.wholeNumber ?? 0)
    durations = (value["durationMs"]?.entries ?? [:])
      .compactMapValues { $0.wholeNumber.map { .milliseconds($0) } }
    eventTime = (value["eventTime"]?.entries ?? [:]).compactMapValues(\.string)
    sources = (value["sources"]?.elements ?? []).map(Source.init)
    sink = Sink(value["sink"])
    stateOperators = (value["stateOperators"]?.elements ?? []).map(StateOperator.init)
    numInputRows =
      value["numInputRows"]?.wholeNumber ?? sources.reduce(0) { $0 + $1.numInputRows }
    inputRowsPerSecond = value["inputRowsPerSecond"]?.finite
    processedRowsPerSecond = value["processedRowsPerSecond"]?.finite
  }
}

extension StreamingQueryProgress.Source {
  fileprivate init(_ value: JSONValue) {
    description = value["description"]?.string ?? ""
    startOffset = value["startOffset"]?.offset
    endOffset = value["endOffset"]?.offset
    latestOffset = value["latestOffset"]?.offset
    numInputRows = value["numInputRows"]?.wholeNumber ?? 0
    inputRowsPerSecond = value["inputRowsPerSecond"]?.finite
    processedRowsPerSecond = value["processedRowsPerSecond"]?.finite
  }
}

extension StreamingQueryProgress.Sink {
  fileprivate init(_ value: JSONValue?) {
    description = value?["description"]?.string ?? ""
    // -1 of sinks that do not count.
    numOutputRows = value?["numOutputRows"]?.wholeNumber.flatMap { $0 < 0 ? nil : $0 }
  }
}

extension StreamingQueryProgress.StateOperator {
  fileprivate init(_ value: JSONValue) {
    name = value["operatorName"]?.string ?? ""
    numRowsTotal = value["numRowsTotal"]?.wholeNumber ?? 0
    numRowsUpdated = value["numRowsUpdated"]?.wholeNumber ?? 0
    numRowsDroppedByWatermark = value["numRowsDroppedByWatermark"]?.wholeNumber ?? 0
    memoryUsedBytes = value["memoryUsedBytes"]?.wholeNumber ?? 0
  }
}

extension JSONValue {
  fileprivate var finite: Double? { double.flatMap { $0.isFinite ? $0 : nil } }

  /// The place in a source as its JSON; one that is text already is given as it is.
  fileprivate var offset: String? {
    switch self {
    case .null: nil
    case .string(let text): text
    default: String(decoding: encoded(), as: UTF8.self)
    }
  }
}
