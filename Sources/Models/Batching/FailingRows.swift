/// What a model may know of the rows that it is run on.
package enum FailingRows {
  /// Whether the task goes on without rows that the model refuses, and tells of each: a runtime that
  /// wrote a line of its own about every such run would fill the log with them.
  @TaskLocal package static var areExpected = false
}
