import Glibc

/// Lets a limited number of callers through at a time; the others wait, blocking their threads.
final class RunGate: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  init(limit: Int) {
    semaphore.initialize(to: sem_t())
    sem_init(semaphore, 0, UInt32(clamping: limit))
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func enter() {
    // A signal handler may interrupt the wait.
    while sem_wait(semaphore) != 0 {}
  }

  func leave() { sem_post(semaphore) }
}
