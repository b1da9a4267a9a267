import FoundationEssentials
import SparkConnectProtocol
import SparkTypes
import SwiftProtobuf

/// Puts functions that read files themselves into a query, in the place of functions whose tables Spark
/// would read for them.
///
/// It is done when a query runs: only then is it known which columns are needed beside a function's.
/// The query says the same as before to the server: the same columns, names and types.
struct ScanRewriting {
  typealias Relation = Spark_Connect_Relation
  typealias Call = Spark_Connect_CommonInlineUserDefinedFunction

  private let table: DataFrame
  private let planner: any ScanPlanner
  /// What to say of each reading by workers.
  private(set) var notes: [String] = []
  /// The commands of the functions that need nothing more: they read files, or nobody reads them.
  private var settled: Set<Data> = []
  private var refused: [Data: ScanRefusal] = [:]

  init(_ table: DataFrame, _ planner: any ScanPlanner) {
    self.table = table
    self.planner = planner
  }

  /// The query's relation with readings by workers.
  ///
  /// - Throws: ``SparkError`` if a function shall have its files read so, and it cannot be.
  mutating func run() async throws -> Relation {
    let result = try await rewritten(table.relation, .everything, isSample: false)
    for call in table.calls where choice(of: call.function) == .native {
      let command = Data(try call.function.command(call.arguments.map(\.label)))
      if settled.contains(command) { continue }
      let reason = refused[command]?.reason ?? "its table is not one of files alone"
      throw SparkError(
        .invalidArgument,
        "'\(call.function.name)' shall read files by itself (scan: native), which cannot be: \(reason); "
          + "change that, or let Spark read them (scan: automatic)")
    }
    return result
  }

  private mutating func rewritten(
    _ relation: Relation, _ needed: NeededColumns, isSample: Bool
  ) async throws -> Relation {
    if let use = ScanUse(relation) {
      do {
        return try await replaced(relation, use, needed, isSample: isSample)
      } catch let refusal as ScanRefusal {
        for call in use.calls {
          refused[call.pythonUdf.command] = refusal
          planner.tell(call.functionName, .spark(refusal))
        }
      }
    }
    var result = relation
    switch relation.relType {
    case .join(let join):
      result.join.left = try await rewritten(join.left, .everything, isSample: false)
      result.join.right = try await rewritten(join.right, .everything, isSample: false)
    case .setOp(let node):
      result.setOp.leftInput = try await rewritten(node.leftInput, .everything, isSample: isSample)
      result.setOp.rightInput = try await rewritten(
        node.rightInput, .everything, isSample: isSample)
    default:
      guard let input = relation.onlyInput else { break }
      result.onlyInput = try await rewritten(
        input, needed.below(relation),
        isSample: relation.takesFew || isSample && !relation.takesAll)
    }
    return result
  }

  private mutating func replaced(
    _ relation: Relation, _ use: ScanUse, _ needed: NeededColumns, isSample: Bool
  ) async throws -> Relation {
    let call = try use.onlyCall()
    let choice = choice(of: call)
    if choice == .spark { throw ScanRefusal("Spark shall read them (scan: spark)", isPlain: true) }
    if use.isUnneeded(needed) {
      settled.insert(call.pythonUdf.command)
      throw ScanRefusal("the function's column is not needed", isPlain: true)
    }
    let candidate = try await candidate(use, call, choice, needed, isSample: isSample)
    let decision = try await planner.plan(candidate, in: table.session)
    guard case .native(let function, let tasks, let note) = decision else {
      if case .spark(let refusal) = decision { throw refusal }
      return relation
    }
    // A task for each number: nothing moves them between partitions.
    let scan = table.session.range(0, tasks, partitions: max(tasks, 1))
      .mapPartitions(function, columns: [column(named: "id")])
    if let failure = scan.failure { throw failure }
    settled.insert(call.pythonUdf.command)
    notes.append(note)
    planner.tell(call.functionName, decision)
    return use.replaced(call, by: candidate.result, over: scan.relation)
  }

  private func candidate(
    _ use: ScanUse, _ call: Call, _ choice: ScanChoice, _ needed: NeededColumns, isSample: Bool
  ) async throws -> ScanCandidate {
    let session = table.session
    let chain = try FileChain(use.input)
    if let refusal = try await planner.refusal(chain.read, choice, in: session) { throw refusal }
    try checkSurroundings()
    let form = try use.form(call)
    let fileTable = try await schema(of: chain.reading)
    // Also names that Swift takes for the same, and Spark does not.
    guard Set(fileTable.names.map { $0.lowercased() }).count == fileTable.count else {
      throw ScanRefusal("two columns of the files have the same name")
    }
    let resolved = try chain.resolved(fileTable.names)
    let known = chain.isPlain ? fileTable : try await schema(of: use.input)
    // The server's word counts.
    guard known.count == resolved.columns.count,
      zip(known, resolved.columns).allSatisfy({ $0.name.lowercased() == $1.name.lowercased() })
    else { throw ScanRefusal("the table's columns are not understood") }
    let columns = zip(known, resolved.columns).map {
      ScannedColumn(name: $0.name, type: $0.type, value: $1.value, metadata: $0.metadata)
    }
    let result = ScanUse.resultName
    guard !columns.contains(where: { $0.name.lowercased() == result }) else {
      throw ScanRefusal("a column is called \(result)")
    }
    guard call.pythonUdf.hasOutputType else {
      throw ScanRefusal("the function's type is not known")
    }
    let below = use.needed(needed, without: call, result: result)
    return ScanCandidate(
      read: chain.read, choice: choice, function: call.functionName,
      command: Array(call.pythonUdf.command), form: form,
      returnType: DataType(call.pythonUdf.outputType), result: result,
      fileTable: fileTable, columns: columns,
      passed: form == .batches ? [] : columns.indices.filter { below.contains(columns[$0].name) },
      isSample: isSample, limit: resolved.limit, filters: resolved.filters, session: session)
  }

  private func schema(of relation: Relation) async throws -> StructType {
    try await DataFrame(session: table.session, relation: relation).schema()
  }

  /// What depends on how Spark itself reads: the file of a row, or where it stands.
  private static let readingNames = [
    "input_file_", "_metadata", "spark_partition_id", "monotonically_increasing_id",
  ]

  private func checkSurroundings() throws {
    if table.session.keepsRows { throw ScanRefusal("Spark keeps rows of tables of this session") }
    let bytes: Data = try table.relation.serializedBytes()
    for name in Self.readingNames where bytes.contains(name) {
      throw ScanRefusal("the query asks for \(name.hasSuffix("_") ? name + "name" : name)")
    }
  }

  private func choice(of function: InlineFunction) -> ScanChoice {
    function.scan ?? table.session.scan
  }

  private func choice(of message: Call) -> ScanChoice {
    for call in table.calls where call.function.name == message.functionName {
      let command = try? call.function.command(call.arguments.map(\.label))
      if let command, Data(command) == message.pythonUdf.command {
        return choice(of: call.function)
      }
    }
    return table.session.scan
  }
}

extension DataFrame {
  /// The query as it runs, and what to say of it: workers read files where that is better.
  func scanned() async throws -> (table: DataFrame, notes: [String]) {
    if let failure { throw failure }
    // What nobody asked for, such as whether the executors start the program, reads no files.
    guard !calls.isEmpty, !Housekeeping.isActive, let planner = session.scanPlanner else {
      return (self, [])
    }
    var rewriting = ScanRewriting(self, planner)
    let result = try await rewriting.run()
    if rewriting.notes.isEmpty { return (self, []) }
    return (DataFrame(session: session, relation: result, calls: calls), rewriting.notes)
  }
}

extension Data {
  /// Whether the bytes of `text` stand somewhere in these.
  fileprivate func contains(_ text: String) -> Bool {
    withUnsafeBytes { bytes in Array(text.utf8).withUnsafeBytes { bytes.firstRange(of: $0) != nil }
    }
  }
}
