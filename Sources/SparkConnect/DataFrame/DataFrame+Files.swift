import SparkConnectProtocol
import SwiftProtobuf
import Texts

extension DataFrame {
  /// What the table is read from that lies at, in or around `path`; `nil` if nothing does. Which files a
  /// query in SQL and a table of the catalog have, the server is asked.
  ///
  /// - Throws: ``SparkError`` if the server is lost.
  package func fileRead(around path: String) async throws -> String? {
    let isLocal = session.isLocal
    func overlaps(_ read: String) -> Bool {
      StoragePath.replacing(path, deletes: read, isLocal: isLocal)
    }
    if let found = relation.pathsRead.first(where: overlaps) { return found }
    return relation.readsByName ? try await filesRead().first(where: overlaps) : nil
  }

  /// The files that Spark reads for the query, as paths; none if the server does not tell them, as for tables
  /// that have none.
  func filesRead() async throws -> [String] {
    let plan = try plan()
    do {
      let answer = try await session.analyze { $0.inputFiles.plan = plan }
      // They come as addresses: a blank in a name is `%20`.
      let files = answer.inputFiles.files.map(\.percentDecoded)
      // Queries within expressions (`WHERE id IN (SELECT ...)`) are not among these.
      return files + (try await placesRead(by: plan))
    } catch let error as SparkError where error.kind == .server {
      return []
    }
  }

  /// The places that the plan of the query tells; none if the server makes no such plan: what else it has told
  /// is known all the same.
  private func placesRead(by plan: Spark_Connect_Plan) async throws -> [String] {
    do {
      let answer = try await session.analyze { request in
        request.explain.plan = plan
        request.explain.explainMode = .formatted
      }
      return Self.places(in: answer.explain.explainString)
    } catch let error as SparkError where error.kind == .server {
      return []
    }
  }

  /// The files and folders that a formatted plan reads: `Location: InMemoryFileIndex [file:/data/a]`. Of
  /// several in one place Spark tells the first, and how many more there are.
  private static func places(in plan: String) -> [String] {
    plan.split(whereSeparator: \.isNewline).flatMap { line -> [String] in
      guard line.hasPrefix("Location: "), let start = line.firstIndex(of: "["),
        let end = line.lastIndex(of: "]"), start < end
      else { return [] }
      return line[line.index(after: start)..<end].split(separator: ", ")
        .filter { !$0.hasPrefix("... ") }.map(String.init)
    }
  }
}
