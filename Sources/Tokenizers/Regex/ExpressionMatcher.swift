/// Runs a program on a text, going back where it must, with a bound on the work.
struct ExpressionMatcher {
  /// A place to go back to: try `pc` at `position`, or restore a register.
  private struct Choice {
    enum Kind { case resume, giveBack, takeMore, restore }

    var kind: Kind
    var pc: Int
    var position: Int
    /// Of a run: the least position, or how many more scalars it may take. Of a register: its
    /// number.
    var bound: Int
  }

  private let program: ExpressionProgram
  private let text: UnsafeBufferPointer<UInt8>
  private var choices: [Choice] = []
  private var registers: [Int]
  private var budget: Int
  /// Where the search for the match that is wanted began.
  var searchStart = 0

  init(_ program: ExpressionProgram, _ text: UnsafeBufferPointer<UInt8>) {
    self.program = program
    self.text = text
    registers = Array(repeating: -1, count: program.registerCount)
    budget = 2_000_000 + 1000 * text.count
  }

  /// The match that begins at `start`, or behind it where the expression says so; nil when there is
  /// none.
  mutating func match(at start: Int) throws(TokenizerError) -> Range<Int>? {
    guard let end = try run(0, start, mustEndAt: nil) else { return nil }
    var first = start
    // Look-around may have moved it behind the end, or before what other matches took.
    if registers[0] >= 0 { first = min(max(registers[0], searchStart), end) }
    if !choices.isEmpty { forget() }
    return first..<end
  }

  /// Gives the registers back what they held before the match.
  private mutating func forget() {
    while let choice = choices.popLast() {
      if choice.kind == .restore { registers[choice.bound] = choice.pc }
    }
  }

  /// Goes on with the way that was found, whose other choices no longer count. What its registers
  /// held must come back when a choice before it is taken up.
  private mutating func commit(_ floor: Int) {
    var kept = floor
    for index in floor..<choices.count where choices[index].kind == .restore {
      choices[kept] = choices[index]
      kept += 1
    }
    choices.removeSubrange(kept...)
  }

  /// Runs from `pc` to an accept. Recursive for groups that are decided on their own, whose depth
  /// the compiler bounds.
  private mutating func run(
    _ first: Int, _ start: Int, mustEndAt target: Int?
  ) throws(TokenizerError) -> Int? {
    let floor = choices.count
    var pc = first
    var position = start
    while true {
      budget -= 1
      if budget < 0 {
        throw TokenizerError(
          .tooComplex,
          "a regular expression of the tokenizer takes too many steps on a text of "
            + "\(text.count) bytes")
      }
      var isMatch = true
      switch program.instructions[pc] {
      case .accept:
        if target == nil || target == position {
          commit(floor)
          return position
        }
        isMatch = false
      case .set(let number):
        if position < text.count {
          let (scalar, length) = UTF8Text.scalar(text, position)
          isMatch = program.sets[number].contains(scalar)
          position += length
          pc += 1
        } else {
          isMatch = false
        }
      case .run(let number, let minimum, let maximum, let greed):
        isMatch = takeRun(number, minimum, maximum, greed, &pc, &position)
      case .jump(let target): pc = target
      case .fork(let one, let other):
        choices.append(Choice(kind: .resume, pc: other, position: position, bound: 0))
        pc = one
      case .assertion(let assertion):
        isMatch = holds(assertion, position)
        pc += 1
      case .mark(let register):
        choices.append(
          Choice(kind: .restore, pc: registers[register], position: 0, bound: register))
        registers[register] = position
        pc += 1
      case .progress(let register):
        // A turn that took nothing ends the loop; what follows the loop's jump is its end.
        pc += registers[register] == position ? 2 : 1
      case .same(let from, let to, let ignoresCase):
        isMatch = takeSame(registers[from], registers[to], ignoresCase, &position)
        pc += 1
      case .lookAhead(let isNegative, let end):
        let found = try run(pc + 1, position, mustEndAt: nil) != nil
        isMatch = found != isNegative
        pc = end
      case .lookBehind(let isNegative, let minimum, let maximum, let end):
        let found = try looksBehind(pc + 1, position, minimum, maximum)
        isMatch = found != isNegative
        pc = end
      case .atomic(let end):
        if let stop = try run(pc + 1, position, mustEndAt: nil) {
          position = stop
          pc = end
        } else {
          isMatch = false
        }
      }
      if !isMatch, !goBack(floor, &pc, &position) { return nil }
    }
  }

  /// Takes the text of a group once more.
  private mutating func takeSame(
    _ start: Int, _ end: Int, _ ignoresCase: Bool, _ position: inout Int
  ) -> Bool {
    guard start >= 0, end >= start else { return false }
    var index = start
    // A group may be as long as the text; what is compared counts like a run.
    defer { budget -= (index - start) / 8 }
    while index < end {
      guard position < text.count else { return false }
      let (wanted, length) = UTF8Text.scalar(text, index)
      let (found, taken) = UTF8Text.scalar(text, position)
      guard
        wanted == found || ignoresCase && CaseVariants.shared.variants(wanted).contains(found)
      else { return false }
      index += length
      position += taken
    }
    return true
  }

  private mutating func takeRun(
    _ number: Int, _ minimum: Int, _ maximum: Int, _ greed: ExpressionNode.Greed,
    _ pc: inout Int, _ position: inout Int
  ) -> Bool {
    let wanted = greed == .lazy ? minimum : maximum
    var count = 0
    var least = position
    let start = position
    while count < wanted, position < text.count {
      let (scalar, length) = UTF8Text.scalar(text, position)
      guard program.sets[number].contains(scalar) else { break }
      position += length
      count += 1
      if count == minimum { least = position }
    }
    budget -= (position - start) / 8
    guard count >= minimum else { return false }
    if greed == .greedy, position > least {
      choices.append(Choice(kind: .giveBack, pc: pc + 1, position: position, bound: least))
    } else if greed == .lazy, maximum > count {
      choices.append(Choice(kind: .takeMore, pc: pc, position: position, bound: maximum - count))
    }
    pc += 1
    return true
  }

  /// Takes up the last choice; false when there is none.
  private mutating func goBack(_ floor: Int, _ pc: inout Int, _ position: inout Int) -> Bool {
    while choices.count > floor {
      let last = choices.count - 1
      let choice = choices[last]
      switch choice.kind {
      case .restore:
        registers[choice.bound] = choice.pc
        choices.removeLast()
        continue
      case .resume:
        choices.removeLast()
        pc = choice.pc
        position = choice.position
      case .giveBack:
        position = choice.position - UTF8Text.scalar(text, before: choice.position).length
        pc = choice.pc
        if position > choice.bound {
          choices[last].position = position
        } else {
          choices.removeLast()
        }
      case .takeMore:
        guard case .run(let number, _, _, _) = program.instructions[choice.pc],
          choice.position < text.count
        else {
          choices.removeLast()
          continue
        }
        let (scalar, length) = UTF8Text.scalar(text, choice.position)
        guard program.sets[number].contains(scalar) else {
          choices.removeLast()
          continue
        }
        position = choice.position + length
        pc = choice.pc + 1
        if choice.bound > 1 {
          choices[last].position = position
          choices[last].bound -= 1
        } else {
          choices.removeLast()
        }
      }
      return true
    }
    return false
  }

  private mutating func looksBehind(
    _ pc: Int, _ position: Int, _ minimum: Int, _ maximum: Int
  ) throws(TokenizerError) -> Bool {
    var start = position
    var count = 0
    while count <= maximum {
      if count >= minimum, try run(pc, start, mustEndAt: position) != nil { return true }
      if start == 0 { return false }
      start -= UTF8Text.scalar(text, before: start).length
      count += 1
    }
    return false
  }

  private func holds(_ assertion: ExpressionNode.Assertion, _ position: Int) -> Bool {
    switch assertion {
    case .textStart: return position == 0
    case .searchStart: return position == searchStart
    case .textEnd: return position == text.count
    case .textEndOrLastBreak:
      return position == text.count || (position == text.count - 1 && text[position] == 0x0A)
    case .lineStart:
      return position == 0 || (text[position - 1] == 0x0A && position < text.count)
    case .lineEnd: return position == text.count || text[position] == 0x0A
    case .wordBoundary, .noWordBoundary:
      let tables = UnicodeTables.shared
      let before =
        position > 0
        && tables.kind(UTF8Text.scalar(text, before: position).value).isExpressionWord
      let after =
        position < text.count
        && tables.kind(UTF8Text.scalar(text, position).value).isExpressionWord
      return (before != after) == (assertion == .wordBoundary)
    }
  }
}
