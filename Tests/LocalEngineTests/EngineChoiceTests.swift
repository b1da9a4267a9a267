import Testing

@testable import LocalEngine

/// Which engine a command line gets.
@Suite struct EngineChoiceTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var engine: EngineChoice.Engine
    var change: @Sendable (inout EngineChoice) -> Void = { _ in }
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "plain files", engine: .local),
    Case(name: "asked for", engine: .local) { $0.wish = .local },
    Case(name: "Spark asked for", engine: .spark(because: nil)) { $0.wish = .spark },
    Case(name: "a server", engine: .spark(because: nil)) { $0.hasRemote = true },
    Case(name: "a variable", engine: .spark(because: nil)) { $0.variable = "SPARK_REMOTE" },
    Case(name: "asked for in spite of a variable", engine: .local) {
      $0.wish = .local
      $0.variable = "SPARK_REMOTE"
    },
    Case(
      name: "both",
      engine: .refused(
        "--engine local cannot do this: --remote names a server of Spark; change that, or say --engine spark"
      )
    ) {
      $0.wish = .local
      $0.hasRemote = true
    },
    Case(
      name: "GPUs of tasks",
      engine: .spark(because: "--task-gpus is for tasks of Spark")
    ) { $0.sparkOptions = ["--task-gpus"] },
    Case(
      name: "a table of a catalog",
      engine: .spark(because: "--table, --partition-by are for Spark alone")
    ) { $0.tableOptions = ["--table", "--partition-by"] },
    Case(name: "a query", engine: .spark(because: "--sql is for Spark alone")) {
      $0.tableOptions = ["--sql"]
    },
    Case(name: "the time zone", engine: .local) { $0.settings = ["spark.sql.session.timeZone"] },
    Case(
      name: "another setting",
      engine: .spark(because: "--conf spark.sql.ansi.enabled is one of Spark's settings")
    ) { $0.settings = ["spark.sql.session.timeZone", "spark.sql.ansi.enabled"] },
    Case(name: "ORC in", engine: .spark(because: "only Spark reads the format orc")) {
      $0.reading = "orc"
    },
    Case(name: "XML out", engine: .spark(because: "only Spark writes the format xml")) {
      $0.writing = "xml"
    },
    Case(name: "images out", engine: .spark(because: "only Spark writes the format binaryFile")) {
      $0.writing = "binaryFile"
    },
    Case(name: "images in", engine: .local) { $0.reading = "binaryFile" },
    Case(
      name: "ORC without Spark",
      engine: .refused(
        "--engine local cannot do this: only Spark reads the format orc; change that, or say --engine spark"
      )
    ) {
      $0.wish = .local
      $0.reading = "orc"
    },
    Case(name: "Arrow", engine: .local) { $0.reading = "arrow" },
    Case(
      name: "Arrow on Spark",
      engine: .refused(
        "Spark neither reads nor writes the format arrow: convert the table, or leave out what asks for "
          + "Spark (--engine spark)")
    ) {
      $0.wish = .spark
      $0.writing = "arrow"
    },
    Case(
      name: "Arrow on a server",
      engine: .refused(
        "Spark neither reads nor writes the format arrow: convert the table, or leave out what asks for "
          + "Spark (SPARK_REMOTE)")
    ) {
      $0.variable = "SPARK_REMOTE"
      $0.writing = "arrow"
    },
    Case(
      name: "Arrow and GPUs of tasks",
      engine: .refused(
        "Spark neither reads nor writes the format arrow, and without Spark this cannot be done: "
          + "--task-gpus is for tasks of Spark")
    ) {
      $0.reading = "arrow"
      $0.sparkOptions = ["--task-gpus"]
    },
    Case(
      name: "a model beside executors",
      engine: .spark(because: "the model runs beside Spark's executors")
    ) { $0.isModelOfExecutors = true },
    Case(
      name: "Hadoop's paths",
      engine: .spark(
        because:
          "with HADOOP_CONF_DIR or YARN_CONF_DIR the path 'in.parquet' may be one of Hadoop's, "
          + "which file:/... would not be")
    ) { $0.hadoopPath = "in.parquet" },
    Case(name: "no plug-in", engine: .spark(because: "it is not there")) {
      $0.missingLibrary = { "it is not there" }
    },
    Case(
      name: "no plug-in and no Spark",
      engine: .refused(
        "--engine local cannot do this: it is not there; change that, or say --engine spark")
    ) {
      $0.wish = .local
      $0.missingLibrary = { "it is not there" }
    },
    Case(
      name: "no plug-in, with advice",
      engine: .refused(
        "--engine local cannot do this: it is not there. Build it. Or say --engine spark")
    ) {
      $0.wish = .local
      $0.missingLibrary = { "it is not there. Build it." }
    },
  ]

  @Test("the choice and its reason", arguments: cases)
  func choices(_ item: Case) {
    var choice = EngineChoice()
    item.change(&choice)
    #expect(choice.engine == item.engine)
  }

  @Test("the plug-in is not looked for where it is not needed")
  func laziness() {
    var choice = EngineChoice()
    choice.missingLibrary = {
      Issue.record("it was looked for")
      return nil
    }
    choice.wish = .spark
    #expect(choice.engine == .spark(because: nil))
    choice.wish = .auto
    choice.reading = "orc"
    _ = choice.engine
  }
}
