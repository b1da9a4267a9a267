/// Whether the rows of several requests may run as one batch.
///
/// A model whose rows depend on each other (an average over the batch, a scale found from all its
/// values) answers a request otherwise when it is joined with others than when it runs alone.
public enum RequestJoining: String, Sendable, Hashable, Codable, CaseIterable {
  /// If a test run when the model is loaded shows that joined requests get the answers that they get
  /// alone.
  case check
  /// Without a test: the rows are known to be independent.
  case always
  /// Each request runs alone; one of several rows still runs as one batch.
  case never
}

/// What was decided about joining the requests of a model, and why.
struct JoiningVerdict: Sendable, Hashable {
  let joins: Bool
  let reason: String

  static func joined(_ reason: String) -> Self { Self(joins: true, reason: reason) }
  static func alone(_ reason: String) -> Self { Self(joins: false, reason: reason) }

  /// The decision for people: the status page, the log, the statistics.
  var description: String { "requests are \(joins ? "" : "not ")joined: \(reason)" }
}
