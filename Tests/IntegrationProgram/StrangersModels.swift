import Foundation
import Needletail

/// Models as strangers have them: of several files, made of links, with outputs that are maps, with
/// operators of their own.
enum StrangersModels {
  private static let tests = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent()
  private static let models = tests.appending(path: "ONNXRuntimeTests/Models").path

  @Sendable static func run(_ spark: SparkSession) async throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "models-\(UUID())").path
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: root) }
    try await externalData(spark, root)
    try await maps(spark)
    try await sequences(spark)
    try await closures(spark)
    try await operators(spark, root)
  }

  private static func table(_ spark: SparkSession) -> DataFrame {
    spark.range(0, 10, partitions: 2).withColumn(
      "x", expr("array(cast(id as float), 1F, 0F, 2F)"))
  }

  /// Two models with the same names of all files, and links, in one session.
  private static func externalData(_ spark: SparkSession, _ root: String) async throws {
    let files = FileManager.default
    // A cache like HuggingFace's, under a name that needs care.
    let linked = root + "/models--me--twice model#1"
    try files.createDirectory(atPath: linked, withIntermediateDirectories: true)
    try files.createDirectory(atPath: root + "/blobs", withIntermediateDirectories: true)
    for (name, blob) in [("model.onnx", "1"), ("model.onnx.data", "2")] {
      try files.copyItem(
        atPath: "\(models)/external/twice/\(name)", toPath: "\(root)/blobs/\(blob)")
      try files.createSymbolicLink(
        atPath: "\(linked)/\(name)", withDestinationPath: "../blobs/\(blob)")
    }
    let sources: [(ModelSource, Float)] = [
      (.onnx(models + "/external/twice/model.onnx"), 2),
      (.onnx(models + "/external/thrice/model.onnx"), 3), (.onnx(linked + "/model.onnx"), 2),
    ]
    for (source, factor) in sources {
      let model = try await source.load()
      for form in [PredictionForm.columns, .batches(nil)] {
        let rows = try await table(spark).predicting(
          source, loaded: model, PredictionRequest(batchSize: 4), as: form
        ).collect()
        for row in rows {
          let x = try row.get("x", as: [Float].self)
          try IntegrationProgram.expect(
            try row.get("y", as: [Float].self) == x.map { factor * $0 + factor },
            "\(source.path): \(row)")
        }
        try IntegrationProgram.expect(rows.count == 10, "\(rows.count) rows")
      }
    }
  }

  /// A classifier's maps.
  private static func maps(_ spark: SparkSession) async throws {
    let table = spark.range(0, 10, partitions: 2).withColumn(
      "x", expr("array(cast(id as float), 1F, 4.5F)"))
    let source = ModelSource.onnx(models + "/zipmap.onnx")
    let model = try await source.load()
    for form in [PredictionForm.columns, .batches(nil)] {
      let predicted = try await table.predicting(
        source, loaded: model, PredictionRequest(outputs: ["maps": "p"], batchSize: 3), as: form)
      let type = try await predicted.schema()["p"]?.type
      try IntegrationProgram.expect(
        type?.ddl == "map<string,double>", "\(String(describing: type))")
      let rows = try await predicted.selectExpr("id", "label", "p['0'] as p", "size(p) as n")
        .collect()
      try IntegrationProgram.expect(rows.count == 10, "\(rows.count) rows")
      for row in rows {
        let id = try row.get("id", as: Int.self)
        try IntegrationProgram.expect(
          try row.get("p", as: Double.self) == Double(id) && row.get("n", as: Int.self) == 3
            && row.get("label", as: Int.self) == (id > 4 ? 0 : 2), "\(row)")
      }
    }
    let best = try await table.predicting(
      source, only: ["maps"], transforms: ["maps": .topK(2)])
    let names = try await best.schema().names
    try IntegrationProgram.expect(names == ["id", "x", "maps"], "\(names)")
    for row in try await best.selectExpr("id", "maps[0].label as best", "size(maps) as n").collect()
    {
      let id = try row.get("id", as: Int.self)
      try IntegrationProgram.expect(
        try row.get("best", as: String.self) == (id > 4 ? "0" : "2")
          && row.get("n", as: Int.self) == 2, "\(row)")
    }
  }

  /// The tensors of a sequence, one for each row.
  private static func sequences(_ spark: SparkSession) async throws {
    let table = spark.range(0, 10, partitions: 2).withColumn(
      "x", expr("array(cast(id as float), 1F)"))
    let predicted = try await table.predicting(
      .onnx(models + "/kinds.onnx"), only: ["parts", "y"], batchSize: 3)
    let type = try await predicted.schema()["parts"]?.type
    try IntegrationProgram.expect(
      type?.ddl == "array<array<float>>", "\(String(describing: type))")
    let rows = try await predicted.collect()
    try IntegrationProgram.expect(rows.count == 10, "\(rows.count) rows")
    for row in rows {
      let id = try row.get("id", as: Float.self)
      try IntegrationProgram.expect(
        try row.get("parts", as: [[Float]].self) == [[id, 1]]
          && row.get("y", as: [Float].self) == [-id, -1], "\(row)")
    }
  }

  /// What closures load.
  private static func closures(_ spark: SparkSession) async throws {
    try await spark.addModel(models + "/external/thrice/model.onnx")
    try await spark.addFolder(models + "/external/parts", as: "parts")
    let rows = try await table(spark).withColumn("y", ofClosure("x")).collect()
    try IntegrationProgram.expect(rows.count == 10, "\(rows.count) rows")
    for row in rows {
      let x = try row.get("x", as: [Float].self)
      // Thrice, then 10 more.
      try IntegrationProgram.expect(
        try row.get("y", as: [Float].self) == x.map { 3 * $0 + 13 }, "\(row)")
    }
  }

  static let ofClosure = PredictBatchUDF(
    "ofClosure", returning: .array(.float), batchSize: 4, inputTensorShapes: [[4]]
  ) { worker in
    let first = try ONNXSession(path: worker.file("model.onnx"))
    let second = try ONNXSession(path: worker.file("parts/model.onnx"))
    return { (x: Tensor<Float>) -> AnyTensor in
      let thrice: Tensor<Float> = try first.run(x)
      let flat = try thrice.reshaped(to: [thrice.count])
      let more = try second.run([
        "x": .float32(flat), "large": .bool(try Tensor([true], shape: [])),
      ])
      return try (more["y"] ?? .float32(flat)).reshaped(to: thrice.shape)
    }
  }

  /// A library with an operator, which is made here and sent.
  private static func operators(_ spark: SparkSession, _ root: String) async throws {
    guard FileManager.default.isExecutableFile(atPath: "/usr/bin/cc") else {
      print("operators of a library: skipped, for want of a C compiler")
      return
    }
    let library = root + "/libfrobnicate.so"
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/cc")
    process.arguments = ["-shared", "-fPIC", "-o", library, models + "/custom_operator.c"]
    try process.run()
    process.waitUntilExit()
    try IntegrationProgram.expect(process.terminationStatus == 0, "the C compiler failed")
    let source = ModelSource.onnx(models + "/custom_operator.onnx", customOps: [library])
    let predicted = try await spark.range(0, 10, partitions: 2).predicting(
      source, inputs: ["x": "id"])
    let rows = try await predicted.collect()
    try IntegrationProgram.expect(rows.count == 10, "\(rows.count) rows")
    for row in rows {
      let id = try row.get("id", as: Int.self)
      try IntegrationProgram.expect(try row.get("y", as: Float.self) == Float(3 * id + 1), "\(row)")
    }
  }
}
