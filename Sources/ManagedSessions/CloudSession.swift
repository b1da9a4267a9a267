/// A session of Spark Connect that a cloud runs, by the names that the cloud knows.
package enum CloudSession: Sendable, Hashable {
  case dataproc(DataprocSession)
  case emr(EMRSession)
}

extension CloudSession: CustomStringConvertible {
  /// Its name, for messages.
  package var description: String {
    switch self {
    case .dataproc(let session):
      "the session \(session.name) of Dataproc in projects/\(session.project)/locations/\(session.region)"
    case .emr(let session): session.name
    }
  }
}
