import Foundation
import GRPCCore
import NeedletailTesting
import SparkConnectProtocol
import SwiftProtobuf
import Synchronization
import Testing

@testable import SparkConnect

/// What a failure on the server becomes.
struct ErrorTests {
  private typealias Details = Spark_Connect_FetchErrorDetailsResponse

  /// The error of a query that fails with `message`, whose details are `errors`, outermost first.
  private func failure(_ message: String, _ errors: [Details.Error]) async throws -> SparkError {
    try await withSession { session, server in
      server.state.withLock { state in
        state.errors["e1"] = .with {
          if !errors.isEmpty { $0.rootErrorIdx = 0 }
          $0.errors = errors
        }
      }
      server.onExecute { _ in [.fail(.spark(message, condition: "FROM_STATUS", id: "e1"))] }
      return await sparkError { _ = try await session.range(1).collect() }
    }
  }

  @Test("condition, SQLSTATE, parameters, classes and stack")
  func details() async throws {
    let error = try await failure(
      "[TABLE_OR_VIEW...",
      [
        .with {
          $0.errorTypeHierarchy = ["org.apache.spark.sql.AnalysisException", "java.lang.Exception"]
          $0.message = "[TABLE_OR_VIEW_NOT_FOUND] The table or view `t` cannot be found."
          $0.stackTrace = [
            .with {
              $0.declaringClass = "a.B"
              $0.methodName = "c"
              $0.fileName = "B.scala"
              $0.lineNumber = 9
            }
          ]
          $0.sparkThrowable = .with {
            $0.errorClass = "TABLE_OR_VIEW_NOT_FOUND"
            $0.sqlState = "42P01"
            $0.messageParameters = ["relationName": "`t`"]
          }
        }
      ])
    #expect(error.kind == .server)
    #expect(error.message.hasPrefix("[TABLE_OR_VIEW_NOT_FOUND] The table"))
    #expect(error.condition == "TABLE_OR_VIEW_NOT_FOUND")
    #expect(error.sqlState == "42P01")
    #expect(error.parameters == ["relationName": "`t`"])
    #expect(error.classes.first == "org.apache.spark.sql.AnalysisException")
    #expect(error.serverStackTrace == ["a.B.c(B.scala:9)"])
    // The details do not hide how gRPC told of the failure.
    #expect(error.cause is RPCError)
    #expect(error.workerMessage == nil)
  }

  @Test(
    "a type that a setting allows",
    arguments: [
      (
        "UNSUPPORTED_TIME_TYPE",
        "[UNSUPPORTED_TIME_TYPE] The data type TIME is not supported. SQLSTATE: 0A000"
      ),
      ("OTHER", "Job aborted: [UNSUPPORTED_TIME_TYPE] The data type TIME is not supported."),
    ])
  func setting(condition: String, message: String) async throws {
    let error = try await failure(
      "short",
      [
        .with {
          $0.message = message
          $0.sparkThrowable = .with { $0.errorClass = condition }
        }
      ])
    #expect(error.condition == condition)
    #expect(
      error.description == message + (message.hasSuffix(".") ? "" : ".")
        + " Set spark.sql.timeType.enabled=true for the session (--conf spark.sql.timeType.enabled=true; in "
        + "Swift spark.conf.set(\"spark.sql.timeType.enabled\", \"true\")) or in the server's settings"
    )
  }

  @Test(
    "Spark's plan is left out, and what to do is told",
    arguments: [
      (
        "TABLE_OR_VIEW_NOT_FOUND",
        "[TABLE_OR_VIEW_NOT_FOUND] The table or view `nope` cannot be found.\nSearch path: [`a`]. "
          + "SQLSTATE: 42P01; line 1 pos 14;\n'Project [*]\n+- 'UnresolvedRelation [nope], [], false\n",
        "`a`]. SQLSTATE: 42P01; line 1 pos 14\nSpark's catalog at this server has no such table;"
      ),
      (
        "DATA_SOURCE_NOT_FOUND", "Failed to find the data source: delta. SQLSTATE: 42K02",
        "42K02. A format that is none of Spark's own, such as delta, comes with a library: --jar FILE"
      ),
      ("OTHER", "words;\n'Project [*]\nand more words", "words;\n'Project [*]\nand more words"),
    ])
  func plan(condition: String, message: String, says: String) async throws {
    let error = try await failure(
      "short",
      [
        .with {
          $0.message = message
          $0.sparkThrowable = .with { $0.errorClass = condition }
        }
      ])
    #expect(error.description.contains(says), "\(error)")
    #expect(!error.message.contains("Unresolved"))
  }

  @Test("a port where nobody listens")
  func refused() throws {
    let said =
      "Channel is in a transient failure state and 'wait for ready' isn't enabled. Could not establish a "
      + "connection to [ipv4]127.0.0.1:1.; connection reset (error set): Connection refused) (errno: 111))"
    for (host, isHere) in [("localhost", true), ("spark.example.com", false)] {
      let target = try ConnectionString("sc://\(host):1", environment: [:])
      let text = SparkConnection.noAnswer(target, said)
      #expect(
        text.hasPrefix(
          "no Spark Connect server answers at \(host):1 (connection refused: nothing "),
        "\(text)")
      #expect(!text.contains("transient") && text.hasSuffix("(use_ssl=false)"))
      #expect(text.contains("needletail spark start") == isHere)
      #expect(SparkConnection.noAnswer(target, "timed out").contains("(timed out); check the"))
    }
  }

  @Test("a library that Java cannot load from a folder without the right to execute")
  func noexec() async throws {
    // What Spark 4.3.0 said with java.io.tmpdir on a file system mounted with noexec.
    let library = "/tmp/snappy-1.1.10-4c605741-libsnappyjava.so"
    let error = try await failure(
      "short",
      [
        .with {
          $0.message =
            "Job aborted due to stage failure: java.lang.UnsatisfiedLinkError: \(library): \(library): "
            + "failed to map segment from shared object\n\tat java.base/java.lang.Runtime.load0\n\n"
            + "Driver stacktrace:"
        }
      ])
    let lines = error.description.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.last?.contains("-Djava.io.tmpdir=/path/of/a/folder") == true, "\(lines)")
  }

  @Test(
    "a file that only the server has",
    arguments: [
      ("file:/srv/only/digits.parquet", true), ("s3a://lake/digits.parquet", false),
    ])
  func ownFile(path: String, isAdvised: Bool) async throws {
    // What Spark 4.3.0 said on executors with machines of their own, shortened, and the same with a store.
    let error = try await failure(
      "short",
      [
        .with {
          $0.message =
            "[FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER] Encountered error while reading file \(path). "
            + "Could not read footer. SQLSTATE: KD001"
        }
      ])
    #expect(error.description.contains("is one of each executor's own machine") == isAdvised)
  }

  @Test("a system of executors that is older than the program's")
  func oldSystem() async throws {
    // The loader's words, in the form that Spark 4.3.0 gives to what a worker has said before it ended; not
    // recorded from such a system.
    let error = try await failure(
      "short",
      [
        .with {
          $0.message =
            "Job aborted due to stage failure: org.apache.spark.SparkException: \nError from python worker:\n"
            + "  /tmp/needletail-65534/programs/x/bin/needletail: /lib/x86_64-linux-gnu/libc.so.6: version "
            + "`GLIBC_2.34' not found (required by /tmp/needletail-65534/programs/x/bin/needletail)\n"
            + "PYTHONPATH was:\n  /opt/spark/jars/spark-core_2.13-4.3.0.jar\nDriver stacktrace:"
        }
      ])
    let last = try #require(error.description.split(separator: "\n").last)
    #expect(last.hasPrefix("The system of an executor is older"), "\(last)")
  }

  @Test("the status alone is enough when the server keeps no details")
  func withoutDetails() async throws {
    let error = try await failure("plain", [])
    #expect(error.message == "plain")
    #expect(error.condition == "FROM_STATUS")
  }

  @Test(
    "a worker's own words are found, framed as Spark 4.2 and 4.3 do or bare as 4.0 and 4.1",
    arguments: [
      (
        "Job aborted due to stage failure: Task 0 in stage 1.0 failed 1 times: "
          + "org.apache.spark.api.python.PythonException: [PYTHON_EXCEPTION] An exception was thrown "
          + "from the Python worker: row 7: no image\nexpected 784 numbers\n\tat org.apache.X\n"
          + "Driver stacktrace:", "org.apache.spark.SparkException"
      ),
      (
        "Job aborted due to stage failure: org.apache.spark.api.python.PythonException: "
          + "row 7: no image\nexpected 784 numbers\n\tat org.apache.X",
        "org.apache.spark.SparkException"
      ),
      ("row 7: no image\nexpected 784 numbers", "org.apache.spark.api.python.PythonException"),
    ])
  func worker(message: String, type: String) async throws {
    let error = try await failure(
      "x",
      [
        .with {
          $0.errorTypeHierarchy = [type]
          $0.message = message
        }
      ])
    #expect(error.workerMessage == "row 7: no image\nexpected 784 numbers")
    #expect("\(error)" == "row 7: no image\nexpected 784 numbers")
  }

  @Test("a worker's words are found in the cause")
  func workerAsCause() async throws {
    let error = try await failure(
      "x",
      [
        .with {
          $0.errorTypeHierarchy = ["org.apache.spark.SparkException"]
          $0.message = "Job aborted."
          $0.causeIdx = 1
        },
        .with {
          $0.errorTypeHierarchy = ["org.apache.spark.api.python.PythonException"]
          $0.message = "no such model"
        },
      ])
    #expect(error.workerMessage == "no such model")
  }

  @Test("causes that point in a circle end")
  func circularCauses() async throws {
    let circle = Details.Error.with {
      $0.errorTypeHierarchy = ["x.Y"]
      $0.message = "round"
      $0.causeIdx = 0
    }
    #expect(try await failure("x", [circle]).message == "round")
  }
}
