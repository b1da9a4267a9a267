// swift-tools-version: 6.2
import PackageDescription

let package = Package(name: "needletail")

package.dependencies = [
  .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
  .package(url: "https://github.com/apple/swift-crypto", .upToNextMinor(from: "4.5.2")),
  .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
  .package(url: "https://github.com/apple/swift-nio", .upToNextMinor(from: "2.101.2")),
  .package(url: "https://github.com/apple/swift-nio-http2", .upToNextMinor(from: "1.46.0")),
  .package(url: "https://github.com/apple/swift-nio-ssl", .upToNextMinor(from: "2.37.6")),
  .package(url: "https://github.com/apple/swift-protobuf", .upToNextMinor(from: "1.39.0")),
  .package(url: "https://github.com/grpc/grpc-swift-2", .upToNextMinor(from: "2.4.3")),
  .package(
    url: "https://github.com/grpc/grpc-swift-nio-transport", .upToNextMinor(from: "2.9.2")),
  .package(url: "https://github.com/grpc/grpc-swift-protobuf", .upToNextMinor(from: "2.4.1")),
  .package(
    url: "https://github.com/swift-server/swift-service-lifecycle", .upToNextMinor(from: "2.13.0")),
]

// MARK: Traits

/// What a program can do without: traits, all of which are on by default, and the modules that bring them.
/// Each name is a condition of compilation, too: `#if KServe`. Models in ONNX and Spark are always there.
let traits: [(name: String, brings: String, modules: [String])] = [
  (
    "KServe", "models on servers that speak KServe v2, the server, and servers beside executors",
    ["KServeClient", "KServeServer", "NodeServers"]
  ),
  ("TensorFlow", "SavedModels", ["TensorFlowRuntime"]),
  ("PyTorch", "packages of AOTInductor (.pt2)", ["TorchRuntime"]),
  ("Text", "tokenizers, and pipelines in HuggingFace's folders", ["TextPipelines"]),
  ("Images", "JPEG and PNG to tensors", ["ImagePreprocessing"]),
]

package.traits = Set(traits.map { .trait(name: $0.name, description: $0.brings) })
package.traits.insert(.default(enabledTraits: Set(traits.map(\.name))))

// MARK: How a target is written below

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// The packages of products of others.
let packages = [
  "ArgumentParser": "swift-argument-parser", "Crypto": "swift-crypto",
  "CryptoExtras": "swift-crypto", "GRPCCore": "grpc-swift-2",
  "GRPCNIOTransportHTTP2Posix": "grpc-swift-nio-transport", "GRPCProtobuf": "grpc-swift-protobuf",
  "Logging": "swift-log", "NIOCore": "swift-nio", "NIOHPACK": "swift-nio-http2",
  "NIOHTTP1": "swift-nio", "NIOHTTP2": "swift-nio-http2", "NIOPosix": "swift-nio",
  "NIOSSL": "swift-nio-ssl", "NIOTLS": "swift-nio", "NIOWebSocket": "swift-nio",
  "ServiceLifecycle": "swift-service-lifecycle",
  "SwiftProtobuf": "swift-protobuf", "UnixSignals": "swift-service-lifecycle",
]

func dependencies(_ names: [String]) -> [Target.Dependency] {
  names.map { name in
    packages[name].map { .product(name: name, package: $0) } ?? .byName(name: name)
  }
}

/// Modules that only programs with their traits need.
func optional(_ names: [String]) -> [Target.Dependency] {
  names.map { name in
    let needing = traits.filter { $0.modules.contains(name) }.map(\.name)
    return .byName(name: name, condition: .when(traits: Set(needing)))
  }
}

/// A module, which is also a product if `isProduct`.
///
/// - Parameter optionals: modules behind traits, which it needs where those are on; it imports them
///   behind `#if`.
@MainActor func module(
  _ name: String, isProduct: Bool = false, at path: String? = nil, needs: [String] = [],
  optionals: [String] = [], exclude: [String] = []
) {
  package.targets.append(
    .target(
      name: name, dependencies: dependencies(needs) + optional(optionals), path: path,
      exclude: exclude, swiftSettings: settings))
  if isProduct { package.products.append(.library(name: name, targets: [name])) }
}

/// The tests of the module above.
@MainActor func tests(_ name: String, need needs: [String], exclude: [String] = []) {
  package.targets.append(
    .testTarget(
      name: name, dependencies: dependencies(needs), exclude: exclude, swiftSettings: settings))
}

/// A program.
@MainActor func program(_ name: String, at path: String? = nil, needs: [String]) {
  package.targets.append(
    .executableTarget(
      name: name, dependencies: dependencies(needs), path: path, swiftSettings: settings))
}

// MARK: Tensors, models and what runs them: nothing of Arrow or Spark, and no package of others

module("ErrorCauses")
tests("ErrorCausesTests", need: ["ErrorCauses"])

module("Tensors", isProduct: true, needs: ["ErrorCauses"])
tests("TensorsTests", need: ["Tensors"])

module("Texts")
tests("TextsTests", need: ["Texts"])

module("JSONText")
tests("JSONTextTests", need: ["JSONText"])

module("ProtobufReading")
tests("ProtobufReadingTests", need: ["ProtobufReading"])

module("Threads")
tests("ThreadsTests", need: ["Threads"])

module("NativeLibraries", needs: ["ErrorCauses"])

module("Models", isProduct: true, needs: ["ErrorCauses", "Tensors"])
tests("ModelsTests", need: ["Models", "Tensors"])

module(
  "ONNXRuntime", isProduct: true,
  needs: ["ErrorCauses", "Models", "NativeLibraries", "ProtobufReading", "Tensors", "Threads"])
tests(
  "ONNXRuntimeTests",
  need: [
    "ArrowIPC", "Models", "NativeLibraries", "ONNXRuntime", "SparkFunctions", "SparkTypes",
    "Tensors", "Threads",
  ],
  exclude: ["Batches/graphs.json", "Batches/make_graphs.py", "Models"])

module(
  "TensorFlowRuntime", isProduct: true,
  needs: ["ErrorCauses", "Models", "NativeLibraries", "ProtobufReading", "Tensors", "Threads"])
tests(
  "TensorFlowRuntimeTests",
  need: ["Models", "NativeLibraries", "ProtobufReading", "TensorFlowRuntime", "Tensors"],
  exclude: ["Models", "make_models.py"])

package.targets.append(.target(name: "CGzip", linkerSettings: [.linkedLibrary("z")]))
module(
  "TorchRuntime", isProduct: true,
  needs: ["CGzip", "ErrorCauses", "JSONText", "Models", "NativeLibraries", "Tensors", "Threads"])
tests(
  "TorchRuntimeTests", need: ["Models", "NativeLibraries", "Tensors", "TorchRuntime"],
  exclude: ["Models", "make_packages.py"])

module("LabelFiles", needs: ["JSONText", "Texts"])

module("Tokenizers", isProduct: true, needs: ["ErrorCauses", "JSONText", "Tensors", "Texts"])
tests("TokenizersTests", need: ["Tensors", "Tokenizers"])
program("TokenizerCheck", at: "Tests/TokenizerCheck", needs: ["Tensors", "Tokenizers"])

module(
  "TextPipelines", isProduct: true,
  needs: [
    "ErrorCauses", "JSONText", "LabelFiles", "Models", "ONNXRuntime", "Tensors", "Texts",
    "Tokenizers",
  ])
tests(
  "TextPipelinesTests",
  need: [
    "ArrowIPC", "JSONText", "Models", "ONNXRuntime", "SparkFunctions", "SparkTypes", "Tensors",
    "TextPipelines",
  ],
  exclude: ["Goldens", "Models", "make_models.py", "make_settings.py"])

package.targets.append(.target(name: "CImages"))
module(
  "ImagePreprocessing", isProduct: true,
  needs: ["CGzip", "CImages", "ErrorCauses", "NativeLibraries", "Tensors"])
tests(
  "ImagePreprocessingTests",
  need: ["ImagePreprocessing", "Tensors"],
  exclude: ["Images", "make_images.py", "make_orientations.py"])

// MARK: Models on servers: KServe v2

module(
  "KServeProtocol",
  needs: ["ErrorCauses", "JSONText", "NIOCore", "SwiftProtobuf", "Tensors", "Texts"],
  exclude: ["Protos"]
)
tests(
  "KServeProtocolTests",
  need: [
    "KServeProtocol", "NIOCore", "SwiftProtobuf", "Tensors", "Texts",
  ])

module(
  "KServeServer", isProduct: true,
  needs: [
    "CGzip", "ErrorCauses", "JSONText", "KServeProtocol", "Logging", "Models", "NIOCore",
    "NIOHPACK", "NIOHTTP1", "NIOHTTP2", "NIOPosix", "NativeLibraries", "ServiceLifecycle",
    "SwiftProtobuf", "Tensors", "Texts", "Threads",
  ])
tests(
  "KServeServerTests",
  need: [
    "GRPCCore", "GRPCNIOTransportHTTP2Posix", "GRPCProtobuf", "KServeProtocol", "KServeServer",
    "Logging", "Models", "NIOCore", "NIOHTTP1", "ServiceLifecycle", "SwiftProtobuf", "Tensors",
    "Threads",
  ])
program(
  "KServeFixture", at: "Tests/KServeFixture",
  needs: ["KServeProtocol", "KServeServer", "Logging", "Models", "Tensors"])

module(
  "KServeClient", isProduct: true,
  needs: [
    "JSONText", "KServeProtocol", "Logging", "Models", "NIOCore", "NIOHPACK", "NIOHTTP1",
    "NIOHTTP2", "NIOPosix", "NIOSSL", "NIOTLS", "SwiftProtobuf", "Tensors", "Texts",
  ])
tests(
  "KServeClientTests",
  need: ["JSONText", "KServeClient", "KServeProtocol", "KServeServer", "NIOHPACK"])

// MARK: This machine

module("HostProcesses", needs: ["ErrorCauses", "NativeLibraries", "Texts"])
tests("HostProcessesTests", need: ["HostProcesses", "Texts"])

// MARK: Who is asked by HTTP: hubs for models with ids, and servers of tokens

module("Web", needs: ["ErrorCauses", "NIOCore", "NIOHTTP1", "NIOPosix", "NIOSSL", "Texts"])
tests("WebTests", need: ["Web"])

module(
  "ModelHub",
  needs: [
    "Crypto", "ErrorCauses", "JSONText", "Logging", "NativeLibraries", "Texts", "Threads", "Web",
  ])
// What a hub answers, for the tests of those who ask it.
module("FakeHub", at: "Tests/FakeHub", needs: ["Crypto"])
tests("ModelHubTests", need: ["FakeHub", "ModelHub", "NIOHTTP1", "Threads", "Web"])

module("YAMLText", needs: ["JSONText"])
tests("YAMLTextTests", need: ["JSONText", "YAMLText"])
module(
  "MLflow",
  needs: ["Crypto", "ErrorCauses", "JSONText", "Logging", "Texts", "Web", "YAMLText"])
tests("MLflowTests", need: ["FakeHub", "MLflow"])

module(
  "AccessTokens",
  needs: [
    "CryptoExtras", "ErrorCauses", "HostProcesses", "JSONText", "Texts", "Threads", "Web",
  ])
// What gives tokens and what takes them, on this machine, for the tests of those who need them.
module(
  "FakeTokenServer", at: "Tests/FakeTokenServer",
  needs: [
    "NIOCore", "NIOHPACK", "NIOHTTP1", "NIOHTTP2", "NIOPosix", "NIOSSL", "NIOWebSocket",
  ])
tests("AccessTokensTests", need: ["AccessTokens", "CryptoExtras", "FakeTokenServer"])

module(
  "ManagedSessions",
  needs: [
    "AccessTokens", "Crypto", "ErrorCauses", "JSONText", "NIOCore", "NIOHTTP1", "NIOPosix",
    "NIOWebSocket", "Texts", "Web",
  ])
tests(
  "ManagedSessionsTests",
  need: [
    "AccessTokens", "FakeTokenServer", "ManagedSessions", "NIOCore", "NIOPosix", "NIOWebSocket",
    "Web",
  ],
  exclude: ["web_socket_server.py"])

// MARK: Tables: Arrow, Spark's types, functions over batches, and the worker

// The structures in which libraries in one process hand each other Arrow's columns.
package.targets.append(.target(name: "CArrow"))
module("ArrowIPC", isProduct: true, needs: ["CArrow", "ErrorCauses", "Tensors"])
tests("ArrowIPCTests", need: ["ArrowIPC", "CArrow", "Tensors"])
// What scripts/checks/arrow_c_data.py loads into Python.
module("ArrowExchange", at: "Tests/ArrowExchange", needs: ["ArrowIPC", "CArrow"])
package.products.append(
  .library(name: "ArrowExchange", type: .dynamic, targets: ["ArrowExchange"]))

module("SparkTypes", needs: ["ArrowIPC", "ErrorCauses", "JSONText"])
tests("SparkTypesTests", need: ["ArrowIPC", "SparkTypes"])

module("SparkFunctions", needs: ["ArrowIPC", "ErrorCauses", "Models", "SparkTypes", "Tensors"])
tests(
  "SparkFunctionsTests",
  need: ["ArrowIPC", "ErrorCauses", "Models", "SparkFunctions", "SparkTypes", "Tensors"])

module(
  "SparkWorker",
  needs: [
    "ArrowIPC", "ErrorCauses", "Models", "NativeLibraries", "SparkFunctions", "SparkTypes", "Texts",
    "Threads",
  ])
module(
  "WorkerFunctions", at: "Tests/WorkerFunctions",
  needs: ["ArrowIPC", "Models", "SparkFunctions", "Tensors"])
program(
  "WorkerFixture", at: "Tests/WorkerFixture",
  needs: ["SparkFunctions", "SparkWorker", "WorkerFunctions"])
tests(
  "SparkWorkerTests",
  need: [
    "ArrowIPC", "NeedletailTesting", "SparkFunctions", "SparkTypes", "SparkWorker", "Tensors",
    "Threads", "WorkerFixture", "WorkerFunctions",
  ])

// MARK: The driver's client of Spark

package.targets.append(
  .target(
    name: "SparkConnectProtocol",
    dependencies: dependencies(["GRPCCore", "GRPCProtobuf", "SwiftProtobuf"]),
    exclude: ["Protos"], swiftSettings: [.swiftLanguageMode(.v6)]))
module(
  "SparkConnect", isProduct: true,
  needs: [
    "AccessTokens", "ArrowIPC", "CGzip", "Crypto", "ErrorCauses", "GRPCCore",
    "GRPCNIOTransportHTTP2Posix", "GRPCProtobuf", "JSONText", "ManagedSessions", "NIOCore",
    "NativeLibraries", "SparkConnectProtocol", "SparkTypes", "SwiftProtobuf", "Tensors", "Texts",
    "Web",
  ])
tests(
  "SparkConnectTests",
  need: [
    "AccessTokens", "ArrowIPC", "CGzip", "FakeTokenServer", "GRPCCore",
    "GRPCNIOTransportHTTP2Posix", "GRPCProtobuf", "NIOCore", "NIOPosix", "NeedletailTesting",
    "SparkConnect", "SparkConnectProtocol", "SparkTypes", "SwiftProtobuf",
  ],
  exclude: ["make_spark_types.py", "spark_types.json"])

module(
  "NeedletailTesting", isProduct: true,
  needs: [
    "ArrowIPC", "CGzip", "ErrorCauses", "GRPCCore", "GRPCNIOTransportHTTP2Posix", "GRPCProtobuf",
    "JSONText", "NativeLibraries", "SparkConnect", "SparkConnectProtocol", "SparkFunctions",
    "SparkTypes", "SparkWorker", "SwiftProtobuf", "Threads",
  ])

// MARK: Tables in files

// The interface of the plug-in that scripts/build-files-plugin makes.
package.targets.append(.target(name: "CFileTables", dependencies: ["CArrow"]))
module(
  "FileTables",
  needs: ["ArrowIPC", "CArrow", "CFileTables", "JSONText", "NativeLibraries", "SparkTypes"])
tests(
  "FileTablesTests",
  need: ["ArrowIPC", "FileTables", "NativeLibraries", "SparkTypes", "Tensors"],
  exclude: ["Files/Tables", "Files/make_tables.py"])

// MARK: Programs that use both

module("LocalSpark", needs: ["HostProcesses", "NativeLibraries", "Texts"])
tests("LocalSparkTests", need: ["HostProcesses", "LocalSpark"])

module(
  "Deployment",
  needs: [
    "CGzip", "Crypto", "HostProcesses", "Logging", "Models", "NativeLibraries", "ONNXRuntime",
    "SparkConnect", "SparkTypes", "Texts",
  ],
  optionals: ["ImagePreprocessing", "TensorFlowRuntime", "TorchRuntime"])
tests(
  "DeploymentTests",
  need: ["Deployment", "HostProcesses", "NeedletailTesting", "SparkConnect", "SparkTypes"])

module(
  "ProgramFunctions",
  needs: [
    "ArrowIPC", "Deployment", "HostProcesses", "Models", "SparkConnect", "SparkFunctions",
    "SparkTypes",
  ])

module(
  "SparkScan",
  needs: [
    "ArrowIPC", "Deployment", "FileTables", "HostProcesses", "Logging", "Models",
    "ProgramFunctions", "SparkConnect", "SparkFunctions", "SparkTypes", "Texts",
  ])
tests(
  "SparkScanTests",
  need: [
    "ArrowIPC", "FileTables", "SparkConnect", "SparkFunctions", "SparkScan",
    "SparkTypes", "Tensors",
  ])

module(
  "ModelKinds",
  needs: [
    "Deployment", "HostProcesses", "JSONText", "LabelFiles", "Logging", "MLflow", "ModelHub",
    "Models", "ONNXRuntime", "SparkConnect", "SparkFunctions", "SparkTypes", "Tensors", "Texts",
    "Threads",
  ],
  optionals: ["KServeClient", "TensorFlowRuntime", "TextPipelines", "TorchRuntime"])
tests(
  "ModelKindsTests",
  need: [
    "ArrowIPC", "Deployment", "FakeHub", "HostProcesses", "MLflow", "ModelHub", "ModelKinds",
    "Models", "ONNXRuntime", "SparkFunctions", "SparkTypes", "Tensors",
  ])

module(
  "LocalEngine",
  needs: [
    "ArrowIPC", "ErrorCauses", "FileTables", "HostProcesses", "ModelKinds", "Models",
    "ProgramFunctions", "SparkConnect", "SparkFunctions", "SparkTypes", "Tensors", "Threads",
  ])
tests(
  "LocalEngineTests",
  need: [
    "ArrowIPC", "ErrorCauses", "FileTables", "LocalEngine", "ModelKinds", "Models",
    "ProgramFunctions", "SparkConnect", "SparkFunctions", "SparkTypes", "Tensors",
  ])

module(
  "NodeServers",
  needs: [
    "ArrowIPC", "Deployment", "HostProcesses", "KServeClient", "KServeProtocol", "KServeServer",
    "Logging", "ModelKinds", "Models", "NativeLibraries", "ProgramFunctions", "SparkConnect",
    "SparkFunctions", "SparkTypes", "Tensors", "Texts",
  ])
tests("NodeServersTests", need: ["HostProcesses", "NodeServers"])

module(
  "Diagnosis",
  needs: [
    "ArrowIPC", "Deployment", "FileTables", "HostProcesses", "LocalSpark", "Models", "NIOCore",
    "NIOPosix", "NIOSSL", "NIOTLS", "NativeLibraries", "ONNXRuntime", "ProgramFunctions",
    "SparkConnect", "SparkFunctions", "SparkTypes", "Texts",
  ],
  optionals: ["ImagePreprocessing", "TensorFlowRuntime", "TorchRuntime"])
tests(
  "DiagnosisTests",
  need: [
    "ArrowIPC", "Diagnosis", "NeedletailTesting", "SparkConnect", "SparkFunctions",
  ])

module(
  "Needletail", isProduct: true,
  needs: [
    "ArrowIPC", "Deployment", "Diagnosis", "ErrorCauses", "FileTables", "HostProcesses",
    "LocalEngine", "LocalSpark", "Logging", "MLflow", "ModelHub", "ModelKinds", "Models",
    "NativeLibraries", "ONNXRuntime", "ProgramFunctions", "SparkConnect", "SparkFunctions",
    "SparkScan", "SparkTypes", "SparkWorker", "Tensors", "Texts",
  ],
  optionals: [
    "ImagePreprocessing", "KServeClient", "KServeServer", "NodeServers", "TensorFlowRuntime",
    "TextPipelines", "TorchRuntime",
  ])
tests(
  "NeedletailTests",
  need: [
    "ArrowIPC", "GRPCProtobuf", "Needletail", "NeedletailTesting", "SparkConnectProtocol",
    "SwiftProtobuf",
  ])
program("IntegrationProgram", at: "Tests/IntegrationProgram", needs: ["Needletail"])
tests(
  "SparkIntegrationTests",
  need: [
    "ArrowIPC", "Deployment", "HostProcesses", "IntegrationProgram", "LocalSpark", "Needletail",
    "NeedletailCommand", "QuickStart", "SparkConnect", "SparkScan", "Tensors",
  ],
  exclude: ["python_function.py", "refusing_proxy.py"])

program(
  "NeedletailCommand",
  needs: [
    "ArgumentParser", "JSONText", "Logging", "Needletail", "ServiceLifecycle", "Texts",
    "UnixSignals", "YAMLText",
  ])
package.products.append(.executable(name: "needletail", targets: ["NeedletailCommand"]))
tests(
  "NeedletailCommandTests", need: ["FileTables", "Models", "NeedletailCommand"], exclude: ["Help"])
// The program that `needletail new` writes.
module(
  "StarterProgram", at: "Tests/StarterProgram", needs: ["Needletail"],
  exclude: ["make_model.py"])

// MARK: Examples and benchmarks

// What the examples print of their predictions.
module("ExampleReport", at: "Examples/Report/Sources", needs: ["Needletail"])
program("QuickStart", at: "Examples/QuickStart/Sources", needs: ["Needletail"])
for example in [
  "DigitRecognition", "FashionMNIST", "FlowerRecognition", "HousingRegression", "PetAdoption",
  "SentenceEmbeddings", "SentimentTensorFlow", "SentimentTorch", "TextClassification",
  "TranslationTensorFlow", "TranslationTorch",
] {
  program(example, at: "Examples/\(example)/Sources", needs: ["ExampleReport", "Needletail"])
}

program("NeedletailBenchmark", needs: ["Needletail"])
program(
  "RuntimeBenchmark", at: "Benchmarks/Runtimes/Sources",
  needs: [
    "ImagePreprocessing", "Models", "NativeLibraries", "ONNXRuntime", "TensorFlowRuntime",
    "Tensors", "TextPipelines", "Tokenizers", "TorchRuntime",
  ])
program(
  "TorchBenchmark", at: "Benchmarks/TorchRuntime/Sources",
  needs: ["Models", "Tensors", "TorchRuntime"])
program(
  "ServingBenchmark", at: "Benchmarks/Serving/Sources",
  needs: [
    "KServeClient", "NativeLibraries", "Tensors",
  ])
program("ScanImages", at: "Benchmarks/Scan/Sources", needs: ["Needletail"])

// MARK: A part of it

// With NEEDLETAIL_TESTS=ArrowIPCTests,TensorsTests only these targets and what they need are built:
// a change far down is tested in a fraction of the time.
if let names = Context.environment["NEEDLETAIL_TESTS"], !names.isEmpty {
  var queue = names.split(separator: ",").map(String.init)
  var reached: Set<String> = []
  while let name = queue.popLast() {
    guard reached.insert(name).inserted,
      let target = package.targets.first(where: { $0.name == name })
    else { continue }
    for case .byNameItem(let dependency, _) in target.dependencies { queue.append(dependency) }
  }
  package.targets.removeAll { !reached.contains($0.name) }
  package.products.removeAll { product in
    let targets =
      (product as? Product.Library)?.targets ?? (product as? Product.Executable)?.targets
    return targets.map { !reached.isSuperset(of: $0) } ?? false
  }
}
