import Foundation
import Synchronization
import Testing
import Threads

/// A run of no model, which counts how many of it are under way.
private final class CountingRun: Sendable {
  private let counts = Mutex<(now: Int, most: Int, ended: Int)>((now: 0, most: 0, ended: 0))

  /// The greatest number of runs at the same time so far.
  var most: Int { counts.withLock { $0.most } }

  /// The number of runs that have ended.
  var ended: Int { counts.withLock { $0.ended } }

  /// Waits until as many as `expected` were under way, and then a little for those that should not be.
  func run(expecting expected: Int) {
    counts.withLock { counts in
      counts.now += 1
      counts.most = max(counts.most, counts.now)
    }
    let end = ContinuousClock.now + .seconds(10)
    while most < expected, ContinuousClock.now < end { Thread.sleep(forTimeInterval: 0.001) }
    Thread.sleep(forTimeInterval: 0.005)
    counts.withLock { counts in
      counts.now -= 1
      counts.ended += 1
    }
  }
}

struct RunGateTests {
  static let callers = 4

  @Test(
    "as many runs at a time as the policy says, and no more",
    arguments: [
      (.concurrent, callers), (.oneAtATime, 1), (.limited(2), 2), (.limited(100), callers),
    ] as [(RunPolicy, Int)])
  func greatestNumber(_ policy: RunPolicy, _ expected: Int) {
    let gate = RunGate(policy)
    let run = CountingRun()
    for _ in 0..<Self.callers {
      Thread.detachNewThread {
        for _ in 0..<3 {
          gate.enter()
          run.run(expecting: expected)
          gate.leave()
        }
      }
    }
    while run.ended < 3 * Self.callers { Thread.sleep(forTimeInterval: 0.001) }
    #expect(run.most == expected)
  }
}
