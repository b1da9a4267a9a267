import SparkConnectProtocol
import SwiftProtobuf
import Texts

extension DataFrame {
  /// The files that Spark reads for the query, as paths; none if the server does not tell them, as for tables
  /// that have none.
  func filesRead() async throws -> [String] {
    let plan = try plan()
    do {
      let answer = try await session.analyze { $0.inputFiles.plan = plan }
      // They come as addresses: a blank in a name is `%20`.
      return answer.inputFiles.files.map(\.percentDecoded)
    } catch let error as SparkError where error.kind == .server {
      return []
    }
  }
}
