/// Why a machine cannot run this program at all, by the words of its loader and kernel: no way of starting it
/// helps, and no job needs to find that out.
enum ProgramShortfall {
  /// In a sentence, with those words; `nil` if the text has none of them.
  static func sentence(for text: String) -> String? {
    for line in text.split(whereSeparator: \.isNewline) {
      let said = line.drop { $0 == " " || $0 == "\t" }.prefix(300)
      if let match = line.firstMatch(of: /version [`']GLIBC_([0-9.]+)' not found/) {
        return
          "the executors cannot run this program: their glibc is older than \(match.1), which it or a library "
          + "with it was built for. Build it on a system as old as theirs, or ask the operator for "
          + "executors with a newer one. They say: \(said)"
      }
      if line.contains("Exec format error") {
        return
          "the executors cannot run this program: their processor is of another architecture than the one "
          + "that it was built for. Build it for theirs. They say: \(said)"
      }
      if line.contains("CPU ISA level is lower than required") {
        return
          "the executors cannot run this program: their processors lack instructions (a level of x86-64) for "
          + "which a library with it was built. Ask the operator for newer machines, or ship another "
          + "build of that library. They say: \(said)"
      }
    }
    return nil
  }
}
