/// How a process ended, of what `waitpid` tells.
enum ExitStatus {
  /// The status as a shell says it: the program's own, or 128 and the number of the signal that ended it.
  static func code(_ status: Int32) -> Int32 {
    // WIFEXITED and WEXITSTATUS are macros that Swift cannot see.
    status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
  }
}
