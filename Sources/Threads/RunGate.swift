import Glibc

/// Lets as many callers through at a time as a policy allows; the others wait, blocking their threads.
package final class RunGate: @unchecked Sendable {
  /// `nil` where nobody waits.
  private let semaphore: UnsafeMutablePointer<sem_t>?

  package init(_ policy: RunPolicy) {
    switch policy {
    case .concurrent: semaphore = nil
    case .limited(let limit):
      let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
      semaphore.initialize(to: sem_t())
      sem_init(semaphore, 0, UInt32(clamping: limit))
      self.semaphore = semaphore
    }
  }

  deinit {
    guard let semaphore else { return }
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  package func enter() {
    guard let semaphore else { return }
    // A signal handler may interrupt the wait.
    while sem_wait(semaphore) != 0 {}
  }

  package func leave() {
    guard let semaphore else { return }
    sem_post(semaphore)
  }
}
