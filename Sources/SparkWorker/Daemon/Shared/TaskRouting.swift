/// Which tasks a worker process computes, and which it passes on.
struct TaskRouting: Sendable {
  let ledger: TaskLedger
  /// The task's key (``TaskFunctions/key``) that this process is set apart for, `nil` for the process
  /// of all others.
  let own: UInt64?

  /// Whether tasks may have to be passed on.
  var isNeeded: Bool { own != nil || ledger.hasSuspects }

  /// Whether a task of `functions` is for this process.
  func accepts(_ functions: TaskFunctions) -> Bool { ledger.owner(of: functions) == own }
}

/// A connection's place in the ledger, with the routing of the process that serves it.
package struct TaskPlace: Sendable {
  let slot: LedgerSlot
  let routing: TaskRouting
}
