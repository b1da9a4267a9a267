import Glibc

/// Lets a limited number of callers through at a time; the others wait, blocking their threads. For the
/// runtimes, whose libraries do not take any number of runs at once.
package final class RunGate: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  package init(limit: Int) {
    semaphore.initialize(to: sem_t())
    sem_init(semaphore, 0, UInt32(clamping: limit))
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  package func enter() {
    // A signal handler may interrupt the wait.
    while sem_wait(semaphore) != 0 {}
  }

  package func leave() { sem_post(semaphore) }
}
