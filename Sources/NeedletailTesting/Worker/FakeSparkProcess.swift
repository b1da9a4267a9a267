import Glibc

/// A child process with pipes for its standard input, output and errors.
struct FakeSparkProcess: Sendable {
  let processID: Int32
  /// Writes to standard input.
  let input: Int32
  /// Reads standard output.
  let output: Int32
  private let errors: Int32

  init(_ executable: String, _ arguments: [String], _ environment: [String: String]) throws {
    let (childInput, input) = try Self.pipeEnds()
    let (output, childOutput) = try Self.pipeEnds()
    let (errors, childErrors) = try Self.pipeEnds()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, childInput, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, childOutput, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, childErrors, STDERR_FILENO)
    var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") }
    words.append(nil)
    variables.append(nil)
    defer { for word in words + variables { free(word) } }
    var processID = pid_t()
    let result = posix_spawn(&processID, executable, &actions, nil, words, variables)
    for end in [childInput, childOutput, childErrors] { close(end) }
    guard result == 0 else {
      for end in [input, output, errors] { close(end) }
      throw FakeSparkError(
        .launch, "\(executable) cannot be started: \(String(cString: strerror(result)))")
    }
    self.processID = processID
    self.input = input
    self.output = output
    self.errors = errors
  }

  /// Gives what the process writes to standard error to `body` until the process ends.
  func copyErrors(_ body: ([UInt8]) -> Void) {
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(errors, &piece, piece.count)
      if count <= 0 { break }
      body(Array(piece[..<count]))
    }
    close(errors)
  }

  /// The exit status in what waitpid gave, or minus the number of the signal.
  static func status(_ raw: Int32) -> Int32 {
    raw & 0x7F == 0 ? (raw >> 8) & 0xFF : -(raw & 0x7F)
  }

  private static func pipeEnds() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw FakeSparkError(.launch, "no more pipes") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }
}
