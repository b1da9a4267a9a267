import FakeHub
import Foundation
import Synchronization

@testable import ModelHub

/// A fake hub and an empty cache, which goes with this object.
final class HubFixture: Sendable {
  static let weights = FakeHub.File(
    Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }), isLarge: true)

  let fake: FakeHub
  let folder: String
  private let waited = Mutex<[Double]>([])

  init() throws {
    fake = try FakeHub([
      "config.json": FakeHub.File(#"{"architectures": ["BertModel"]}"#),
      "onnx/model.onnx": HubFixture.weights, "empty.txt": FakeHub.File(""),
      "a b/ü.txt": FakeHub.File("name"),
    ])
    folder = NSTemporaryDirectory() + "needletail-hub-\(UUID().uuidString)"
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  var cache: String { "\(folder)/hub" }
  var model: String { "\(cache)/models--org--model" }

  /// The pauses that would have been made.
  var pauses: [Double] { waited.withLock { $0 } }

  /// The repository as a new process would find it.
  func repository(
    _ id: String = "hf:org/model", _ environment: [String: String] = [:]
  ) throws -> HubRepository {
    let settings = try HubSettings(
      environment: fake.environment(cache: folder).merging(environment) { $1 })
    let client = HubClient(settings: settings) { [self] seconds in
      waited.withLock { $0.append(seconds) }
    }
    return try HubRepository(HubReference(id), client)
  }

  /// Fetches some files in a new process.
  @discardableResult
  func fetch(
    _ paths: String..., environment: [String: String] = [:]
  ) throws -> HubRepository {
    let repository = try self.repository("hf:org/model", environment)
    try repository.fetch(paths)
    return repository
  }

  func contents(_ path: String) -> Data? { FileManager.default.contents(atPath: path) }

  /// The contents of a blob that is not complete.
  var partial: String { "\(model)/blobs/\(HubFixture.weights.checksum).incomplete" }

  func write(_ data: Data, _ path: String) throws {
    let url = URL(fileURLWithPath: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: url)
  }

  /// The ranges that were asked for, of all requests for contents; empty for a whole file.
  var ranges: [String] {
    fake.requests.filter(\.isOfStore).map { $0.headers["range"] ?? "" }
  }
}
