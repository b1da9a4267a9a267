import SparkConnectProtocol

/// How far an execution has come, as the server reports it while it runs.
public struct ExecutionProgress: Sendable, Hashable {
  /// One stage of the job.
  public struct Stage: Sendable, Hashable {
    /// Spark's number of the stage.
    public var id: Int64
    /// All tasks that the stage has.
    public var taskCount: Int64
    /// Tasks that are done.
    public var completedTaskCount: Int64
    /// Bytes read from the sources.
    public var inputBytes: Int64
    /// Whether all of its tasks are done.
    public var isDone: Bool
  }

  /// Identifies the execution.
  public var operation: String
  /// The stages that are known so far.
  public var stages: [Stage]
  /// Tasks running at the moment.
  public var inflightTaskCount: Int64
  /// Whether the execution is over.
  public var isFinished: Bool

  /// All tasks known so far.
  public var taskCount: Int64 { stages.reduce(0) { $0 + $1.taskCount } }
  /// Tasks that are done in all stages.
  public var completedTaskCount: Int64 { stages.reduce(0) { $0 + $1.completedTaskCount } }
  /// Bytes read from the sources in all stages.
  public var inputBytes: Int64 { stages.reduce(0) { $0 + $1.inputBytes } }

  init(
    _ message: Spark_Connect_ExecutePlanResponse.ExecutionProgress, operation: String
  ) {
    self.operation = operation
    stages = message.stages.map {
      Stage(
        id: $0.stageID, taskCount: $0.numTasks, completedTaskCount: $0.numCompletedTasks,
        inputBytes: $0.inputBytesRead, isDone: $0.done)
    }
    inflightTaskCount = message.numInflightTasks
    isFinished = false
  }

  /// The last report of an execution.
  static func finished(_ operation: String) -> ExecutionProgress {
    var progress = ExecutionProgress(.init(), operation: operation)
    progress.isFinished = true
    return progress
  }
}
