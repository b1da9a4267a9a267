import ArrowIPC
import FileTables
import Foundation
import ModelKinds
import ProgramFunctions
import SparkConnect
import SparkFunctions
import SparkTypes
import Tensors
import Testing

@testable import LocalEngine

/// Files and a model of ONNX: needs the plug-in for files, and ONNX Runtime.
@Suite(.enabled(if: FileLibrary.isAvailable), .timeLimit(.minutes(2)))
struct FileTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  private func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "needletail-local-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try await body(folder.path)
  }

  private var digits: LocalTable {
    get throws {
      try LocalTable.read.parquet(
        Self.root.appending(path: "Examples/QuickStart/digits.parquet").path)
    }
  }

  private var model: ModelSource {
    .onnx(Self.root.appending(path: "Examples/QuickStart/digits.onnx").path)
  }

  @Test("digits from one file to another, in order, with one load of the model")
  func digitsToFile() async throws {
    try await inFolder { folder in
      let out = folder + "/out.parquet"
      let predicted = try await digits.predicting(model, outputs: ["probabilities": "p"])
      let summary = try await predicted.running(threads: 4).write.parquet(out)
      #expect(summary.rows == 1797)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["out.parquet"])
      let back = try LocalTable.read.parquet(out)
      #expect(back.schema.ddl == predicted.schema.ddl)
      #expect(back.schema["p"]?.metadata?.contains("digits.onnx") == true)
      #expect(try await back.count() == 1797)
      #expect(try await back.rows().map(\.values) == predicted.rows().map(\.values))
      // What is there stays there.
      let said = await message { try await predicted.write.parquet(out) }
      #expect(said.contains("out.parquet"), "\(said)")
      #expect(try await predicted.write.mode(.ignore).parquet(out).isIgnored)
    }
  }

  @Test("every format of one file and of folders", arguments: ["parquet", "csv", "json", "arrow"])
  func formats(_ format: String) async throws {
    try await inFolder { folder in
      let table = try await digits.limit(300).predicting(model, outputs: ["probabilities": "p"])
      let plain = format == "csv" ? try table.withNestedAsJSON() : table
      for name in ["one.\(format)", "folder"] {
        let path = "\(folder)/\(name)"
        var writer = plain.write.format(format)
        if format == "csv" { writer = writer.option("header", true) }
        #expect(try await writer.save(path).rows == 300)
        var reader = LocalTable.read.format(format).schema(plain.schema)
        if format == "csv" { reader = reader.option("header", true) }
        let back = try reader.load(path)
        #expect(try await back.count() == 300, "\(name)")
        #expect(try await back.rows().map(\.values) == plain.rows().map(\.values), "\(name)")
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        #expect(isFolder.boolValue == (name == "folder"))
      }
    }
  }

  @Test("a failed run leaves nothing")
  func failure() async throws {
    try await inFolder { folder in
      let broken = PredictBatchUDF("broken", returning: .double, batchSize: 16) { _ in
        { (labels: Tensor<Int32>) throws -> Tensor<Double> in
          if labels.scalars.contains(9) { throw TestFailure("a nine") }
          return labels.map { Double($0) }
        }
      }
      let table = try digits.withColumn("x", broken("label"))
      for name in ["out.parquet", "out"] {
        let said = await message { try await table.write.parquet("\(folder)/\(name)") }
        #expect(said.contains("a nine") && said.contains("digits.parquet"), "\(said)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
      }
    }
  }

  @Test("the table that is read is not overwritten")
  func overwriting() async throws {
    try await inFolder { folder in
      let path = folder + "/t.parquet"
      try await digits.limit(3).write.parquet(path)
      let said = await message {
        try await LocalTable.read.parquet(path).write.mode(.overwrite).parquet(path)
      }
      #expect(said.contains("would delete"), "\(said)")
      #expect(try await LocalTable.read.parquet(path).count() == 3)
    }
  }
}
