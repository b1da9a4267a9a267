/// A regular expression as instructions for ``ExpressionMatcher``.
struct ExpressionProgram: Sendable {
  enum Instruction: Sendable {
    /// One scalar of a set.
    case set(Int)
    /// As many scalars of a set as possible (or as few), within bounds.
    case run(Int, minimum: Int, maximum: Int, ExpressionNode.Greed)
    /// Goes on at the first place, and at the second when that fails.
    case fork(Int, Int)
    case jump(Int)
    case assertion(ExpressionNode.Assertion)
    /// Goes on at `end` when what is between matches (or does not) here.
    case lookAhead(isNegative: Bool, end: Int)
    /// The same for what ends here and has so many scalars.
    case lookBehind(isNegative: Bool, minimum: Int, maximum: Int, end: Int)
    case atomic(end: Int)
    /// Notes the position in a register.
    case mark(Int)
    /// Fails when the position is still that of the register: a loop that matched nothing.
    case progress(Int)
    /// What lies between the positions of two registers, which must both be set.
    case same(start: Int, end: Int, ignoresCase: Bool)
    case accept
  }

  var instructions: [Instruction] = []
  var sets: [CompiledSet] = []
  /// The first register is the beginning of the match where ``ExpressionNode/keep`` moved it.
  var registerCount = 1
}

/// Turns a parsed expression into a program.
struct ExpressionCompiler {
  /// Repeated groups are written out; this bounds how large that gets.
  private static let maximumSize = 20_000
  /// How deep groups, repetitions and calls may be nested: more than the parser's nesting comes to,
  /// which calls multiply.
  private static let maximumDepth = 8 * ExpressionParser.maximumDepth

  private var program = ExpressionProgram()
  private var groups: [Int: ExpressionNode] = [:]
  /// The registers of a group's beginning and end.
  private var registers: [Int: (start: Int, end: Int)] = [:]
  /// The groups being called.
  private var calls: Set<Int> = []
  private var depth = 0

  static func compile(_ text: String) throws(TokenizerError) -> ExpressionProgram {
    var compiler = ExpressionCompiler()
    let node = try ExpressionParser.parse(text)
    node.forEachGroup { compiler.groups[$0] = $1 }
    try compiler.add(node)
    compiler.program.instructions.append(.accept)
    return compiler.program
  }

  private var next: Int { program.instructions.count }

  private mutating func emit(_ instruction: ExpressionProgram.Instruction) throws(TokenizerError) {
    guard next < Self.maximumSize else {
      throw TokenizerError(
        .unsupported, "the regular expression is too large: over \(Self.maximumSize) steps")
    }
    program.instructions.append(instruction)
  }

  private mutating func set(_ set: ScalarSet) -> Int {
    program.sets.append(CompiledSet(set))
    return program.sets.count - 1
  }

  private mutating func add(_ node: ExpressionNode) throws(TokenizerError) {
    guard depth < Self.maximumDepth else {
      throw TokenizerError(
        .unsupported,
        "the regular expression cannot be used: groups, repetitions and calls of groups are nested "
          + "deeper than \(Self.maximumDepth) levels")
    }
    depth += 1
    defer { depth -= 1 }
    switch node {
    case .set(let set): try emit(.set(self.set(set)))
    case .sequence(let nodes): for node in nodes { try add(node) }
    case .alternatives(let nodes): try addAlternatives(nodes)
    case .assertion(let assertion): try emit(.assertion(assertion))
    case .repetition(let node, let minimum, let maximum, let greed):
      if case .set(let set) = node {
        try emit(
          .run(self.set(set), minimum: minimum, maximum: maximum ?? .max, greed))
      } else if greed == .possessive {
        try addAtomic(.repetition(node, minimum: minimum, maximum: maximum, .greedy))
      } else {
        try addLoop(node, minimum, maximum, isLazy: greed == .lazy)
      }
    case .atomic(let node): try addAtomic(node)
    case .group(let number, let node): try addGroup(number, node)
    case .call(let number):
      guard let node = groups[number] else { return }
      try addGroup(number, node)
    case .backreference(let number, let ignoresCase):
      let (start, end) = registers(of: number)
      try emit(.same(start: start, end: end, ignoresCase: ignoresCase))
    case .keep: try emit(.mark(0))
    case .look(let node, let isBehind, let isNegative):
      let start = next
      try emit(.accept)
      try add(node)
      try emit(.accept)
      if isBehind {
        let length = node.length
        guard let maximum = length.maximum, maximum <= 1000 else {
          throw TokenizerError(
            .unsupported, "the regular expression looks behind without a bound")
        }
        program.instructions[start] = .lookBehind(
          isNegative: isNegative, minimum: length.minimum, maximum: maximum, end: next)
      } else {
        program.instructions[start] = .lookAhead(isNegative: isNegative, end: next)
      }
    }
  }

  private mutating func registers(of group: Int) -> (start: Int, end: Int) {
    if let known = registers[group] { return known }
    let added = (start: program.registerCount, end: program.registerCount + 1)
    program.registerCount += 2
    registers[group] = added
    return added
  }

  private mutating func addGroup(
    _ number: Int, _ node: ExpressionNode
  ) throws(TokenizerError) {
    guard calls.insert(number).inserted else {
      throw TokenizerError(
        .unsupported, "the regular expression cannot be used: group \(number) calls itself")
    }
    defer { calls.remove(number) }
    let (start, end) = registers(of: number)
    try emit(.mark(start))
    try add(node)
    try emit(.mark(end))
  }

  private mutating func addAtomic(_ node: ExpressionNode) throws(TokenizerError) {
    let start = next
    try emit(.accept)
    try add(node)
    try emit(.accept)
    program.instructions[start] = .atomic(end: next)
  }

  private mutating func addAlternatives(_ nodes: [ExpressionNode]) throws(TokenizerError) {
    var jumps: [Int] = []
    for (index, node) in nodes.enumerated() {
      if index == nodes.count - 1 {
        try add(node)
      } else {
        let fork = next
        try emit(.accept)
        try add(node)
        jumps.append(next)
        try emit(.accept)
        program.instructions[fork] = .fork(fork + 1, next)
      }
    }
    for jump in jumps { program.instructions[jump] = .jump(next) }
  }

  private mutating func addLoop(
    _ node: ExpressionNode, _ minimum: Int, _ maximum: Int?, isLazy: Bool
  ) throws(TokenizerError) {
    for _ in 0..<minimum {
      let start = next
      try add(node)
      // Nothing to match, however often: `(?:){1000}{1000}` would take its time without growing.
      if next == start { break }
    }
    func fork(_ body: Int, _ end: Int) -> ExpressionProgram.Instruction {
      isLazy ? .fork(end, body) : .fork(body, end)
    }
    guard let maximum else {
      let start = next
      try emit(.accept)
      let register = program.registerCount
      let mayBeEmpty = node.length.minimum == 0
      if mayBeEmpty {
        program.registerCount += 1
        try emit(.mark(register))
      }
      try add(node)
      if mayBeEmpty { try emit(.progress(register)) }
      try emit(.jump(start))
      program.instructions[start] = fork(start + 1, next)
      return
    }
    var forks: [Int] = []
    for _ in minimum..<max(maximum, minimum) {
      forks.append(next)
      try emit(.accept)
      try add(node)
    }
    for start in forks { program.instructions[start] = fork(start + 1, next) }
  }
}
