import FoundationEssentials

/// What Spark says of the task: its place in the job, what it may use, and where its barrier is.
public struct TaskIdentity: Sendable, Hashable {
  /// Where the tasks of a barrier stage meet.
  public enum BarrierAddress: Sendable, Hashable {
    case tcp(port: Int, secret: String)
    case unix(path: String)
  }

  /// Spark's number of the stage.
  package var stage = 0
  /// The partition that the task computes, from 0.
  package var partition = 0
  /// How often this partition was tried before.
  package var attempt = 0
  /// Spark's number of the attempt among those of all tasks.
  package var taskAttempt: Int64 = 0
  /// Cores that the task occupies.
  package var cpus = 1
  /// Addresses by the resource's name, such as `["gpu": ["0"]]`.
  package var resources: [String: [String]] = [:]
  /// `nil` unless the stage is a barrier stage.
  package var barrier: BarrierAddress?
  var properties = Properties.listed([:])

  /// Spark's local properties. They repeat the driver's settings and the plan and can be long, so
  /// that they are only taken apart when somebody asks.
  package var localProperties: [String: String] {
    switch properties {
    case .listed(let properties): properties
    case .json(let text):
      (try? JSONDecoder().decode(JSONProperties.self, from: Data(text)))?.localProperties ?? [:]
    }
  }

  enum Properties: Sendable, Hashable {
    case listed([String: String])
    case json([UInt8])
  }

  private struct JSONProperties: Decodable { var localProperties: [String: String] }

  init() {}
}

extension TaskIdentity {
  /// The JSON form of Spark 4.2 and later.
  private struct JSONContext: Decodable {
    struct Resource: Decodable { var addresses: [String] }
    /// A port, or a path.
    enum Connection: Decodable {
      case port(Int)
      case path(String)

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let port = try? container.decode(Int.self) {
          self = .port(port)
        } else {
          self = .path(try container.decode(String.self))
        }
      }
    }

    var isBarrier: Bool
    var connInfo: Connection?
    var secret: String?
    var stageId: Int
    var partitionId: Int
    var attemptNumber: Int
    var taskAttemptId: Int64
    var cpus: Int
    var resources: [String: Resource]?
  }

  init(json text: [UInt8]) throws {
    let context = try JSONDecoder().decode(JSONContext.self, from: Data(text))
    stage = context.stageId
    partition = context.partitionId
    attempt = context.attemptNumber
    taskAttempt = context.taskAttemptId
    cpus = context.cpus
    resources = (context.resources ?? [:]).mapValues(\.addresses)
    properties = .json(text)
    guard context.isBarrier else { return }
    switch context.connInfo {
    case .port(let port): barrier = .tcp(port: port, secret: context.secret ?? "")
    case .path(let path): barrier = .unix(path: path)
    case nil: break
    }
  }
}
