/// Which functions run in processes of their own, after what happened to the processes that they ran
/// in.
///
/// A process that dies with tasks of one kind only was ended by them. One that dies with tasks of
/// several kinds leaves all of them under suspicion, so that whichever it was cannot take the others
/// with it again; the others are cleared when it shows, or when nothing happens for a while.
package struct FunctionSuspicion {
  /// A process that died while it ran several kinds of tasks.
  private struct Case {
    let functions: Set<UInt64>
    let time: ContinuousClock.Instant
  }

  /// How long functions stay under suspicion.
  private let probation: Duration
  private var convicted: Set<UInt64> = []
  private var cases: [Case] = []

  package init(probation: Duration) { self.probation = probation }

  /// The functions that run apart.
  package var suspects: Set<UInt64> { cases.reduce(convicted) { $0.union($1.functions) } }

  /// A process died while it ran `tasks`, each given by its functions.
  package mutating func died(running tasks: [[UInt64]], at time: ContinuousClock.Instant = .now) {
    let kinds = Set(tasks.map { Set($0) }).filter { !$0.isEmpty }
    guard let kind = kinds.first else { return }
    if kinds.count > 1 {
      let functions = kinds.reduce(Set()) { $0.union($1) }.subtracting(convicted)
      // Of functions that are held apart already, none could take these with it.
      if !functions.isEmpty { cases.append(Case(functions: functions, time: time)) }
      return
    }
    convicted.formUnion(kind)
    cases.removeAll { !$0.functions.isDisjoint(with: kind) }
  }

  /// Clears what has been under suspicion for long enough; `true` if anything was cleared.
  package mutating func expire(at time: ContinuousClock.Instant = .now) -> Bool {
    let count = cases.count
    cases.removeAll { time - $0.time >= probation }
    return cases.count < count
  }
}
