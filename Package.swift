// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let products: [Product] = [
  .library(name: "Needletail", targets: ["Needletail"]),
  .library(name: "NeedletailTesting", targets: ["NeedletailTesting"]),
  .library(name: "Tensors", targets: ["Tensors"]),
  .library(name: "ArrowIPC", targets: ["ArrowIPC"]),
  .library(name: "SparkConnect", targets: ["SparkConnect"]),
  .library(name: "ONNXRuntime", targets: ["ONNXRuntime"]),
  .library(name: "TorchRuntime", targets: ["TorchRuntime"]),
  .library(name: "TensorFlowRuntime", targets: ["TensorFlowRuntime"]),
  .library(name: "Tokenizers", targets: ["Tokenizers"]),
  .library(name: "TextPipelines", targets: ["TextPipelines"]),
  .library(name: "ImagePreprocessing", targets: ["ImagePreprocessing"]),
  .library(name: "KServeClient", targets: ["KServeClient"]),
  .library(name: "KServeServer", targets: ["KServeServer"]),
  .executable(name: "needletail", targets: ["NeedletailCommand"]),
]

let dependencies: [Package.Dependency] = [
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

// The arrows only point down: Tensors < ArrowIPC < SparkTypes < BatchInference < { SparkWorker,
// ONNXRuntime, TensorFlowRuntime, TorchRuntime, ImagePreprocessing }, { Tokenizers, ONNXRuntime } <
// TextPipelines, { KServeProtocol, BatchInference } < { KServeClient, KServeServer }, SparkConnect
// beside them, and Needletail on top. What runs on executors without a server is free of third-party
// packages: everything below Needletail but SparkConnect and the three for KServe.
let targets: [Target] = [
  .target(name: "Tensors", swiftSettings: settings),
  .target(name: "ArrowIPC", dependencies: ["Tensors"], swiftSettings: settings),
  .target(name: "SparkTypes", dependencies: ["ArrowIPC"], swiftSettings: settings),
  .target(
    name: "BatchInference", dependencies: ["ArrowIPC", "SparkTypes", "Tensors"],
    swiftSettings: settings),
  .target(
    name: "SparkWorker", dependencies: ["ArrowIPC", "BatchInference"], swiftSettings: settings),
  .target(
    name: "ONNXRuntime", dependencies: ["BatchInference", "Tensors"], swiftSettings: settings),
  .target(
    name: "TorchRuntime", dependencies: ["BatchInference", "Tensors"], swiftSettings: settings),
  .target(
    name: "TensorFlowRuntime", dependencies: ["BatchInference", "Tensors"], swiftSettings: settings),
  .target(name: "Tokenizers", dependencies: ["Tensors"], swiftSettings: settings),
  .target(
    name: "TextPipelines",
    dependencies: ["BatchInference", "ONNXRuntime", "Tensors", "Tokenizers"],
    swiftSettings: settings),
  .target(name: "CImages"),
  .target(
    name: "ImagePreprocessing",
    dependencies: ["ArrowIPC", "BatchInference", "CGzip", "CImages", "Tensors"],
    swiftSettings: settings),
  .target(
    name: "SparkConnectProtocol",
    dependencies: [
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    exclude: ["Protos"],
    swiftSettings: [.swiftLanguageMode(.v6)]),
  .target(name: "CGzip", linkerSettings: [.linkedLibrary("z")]),
  .target(
    name: "SparkConnect",
    dependencies: [
      "ArrowIPC", "CGzip", "SparkConnectProtocol", "SparkTypes", "Tensors",
      .product(name: "Crypto", package: "swift-crypto"),
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
      .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    swiftSettings: settings),
  .target(
    name: "KServeProtocol",
    dependencies: [
      "Tensors",
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    exclude: ["Protos"],
    swiftSettings: settings),
  .target(
    name: "KServeClient",
    dependencies: [
      "BatchInference", "KServeProtocol", "Tensors",
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOHPACK", package: "swift-nio-http2"),
      .product(name: "NIOHTTP1", package: "swift-nio"),
      .product(name: "NIOHTTP2", package: "swift-nio-http2"),
      .product(name: "NIOPosix", package: "swift-nio"),
      .product(name: "NIOSSL", package: "swift-nio-ssl"),
      .product(name: "NIOTLS", package: "swift-nio"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    swiftSettings: settings),
  .target(
    name: "KServeServer",
    dependencies: [
      "BatchInference", "CGzip", "KServeProtocol", "Tensors",
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOHPACK", package: "swift-nio-http2"),
      .product(name: "NIOHTTP1", package: "swift-nio"),
      .product(name: "NIOHTTP2", package: "swift-nio-http2"),
      .product(name: "NIOPosix", package: "swift-nio"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    swiftSettings: settings),
  .target(
    name: "Needletail",
    dependencies: [
      "ArrowIPC", "BatchInference", "CGzip", "ImagePreprocessing", "KServeClient", "KServeServer",
      "ONNXRuntime", "SparkConnect", "SparkTypes", "SparkWorker", "TensorFlowRuntime", "Tensors",
      "TextPipelines", "TorchRuntime",
      .product(name: "Crypto", package: "swift-crypto"),
      .product(name: "Logging", package: "swift-log"),
    ],
    swiftSettings: settings),
  .executableTarget(
    name: "NeedletailCommand",
    dependencies: [
      "Needletail",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      .product(name: "UnixSignals", package: "swift-service-lifecycle"),
    ],
    swiftSettings: settings),
  .executableTarget(
    name: "NeedletailBenchmark", dependencies: ["Needletail"], swiftSettings: settings),
  .executableTarget(
    name: "RuntimeBenchmark",
    dependencies: [
      "BatchInference", "ImagePreprocessing", "ONNXRuntime", "TensorFlowRuntime", "Tensors",
      "TextPipelines", "Tokenizers", "TorchRuntime",
    ],
    path: "Benchmarks/Runtimes/Sources", swiftSettings: settings),
  .executableTarget(
    name: "ServingBenchmark", dependencies: ["KServeClient", "Tensors"],
    path: "Benchmarks/Serving/Sources", swiftSettings: settings),
  .target(
    name: "NeedletailTesting",
    dependencies: [
      "ArrowIPC", "BatchInference", "CGzip", "SparkConnect", "SparkConnectProtocol", "SparkTypes",
      "SparkWorker",
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
      .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    swiftSettings: settings),
]

// What the examples print of their predictions.
let exampleReport = Target.target(
  name: "ExampleReport", dependencies: ["Needletail"], path: "Examples/Report/Sources",
  swiftSettings: settings)

let examples =
  [
    "DigitRecognition", "FashionMNIST", "FlowerRecognition", "HousingRegression", "PetAdoption",
    "SentenceEmbeddings", "SentimentTensorFlow", "SentimentTorch",
    "TextClassification", "TranslationTensorFlow", "TranslationTorch",
  ].map {
    Target.executableTarget(
      name: $0, dependencies: ["ExampleReport", "Needletail"], path: "Examples/\($0)/Sources",
      swiftSettings: settings)
  } + [
    exampleReport,
    .executableTarget(
      name: "QuickStart", dependencies: ["Needletail"], path: "Examples/QuickStart/Sources",
      swiftSettings: settings),
  ]

let tests: [Target] = [
  .target(
    name: "WorkerFunctions", dependencies: ["ArrowIPC", "BatchInference", "Tensors"],
    path: "Tests/WorkerFunctions", swiftSettings: settings),
  .executableTarget(
    name: "WorkerFixture", dependencies: ["BatchInference", "SparkWorker", "WorkerFunctions"],
    path: "Tests/WorkerFixture", swiftSettings: settings),
  .executableTarget(
    name: "KServeFixture",
    dependencies: [
      "BatchInference", "KServeProtocol", "KServeServer", "Tensors",
      .product(name: "Logging", package: "swift-log"),
    ],
    path: "Tests/KServeFixture", swiftSettings: settings),
  .testTarget(
    name: "NeedletailCommandTests", dependencies: ["NeedletailCommand"], swiftSettings: settings),
  .testTarget(
    name: "NodeServersTests", dependencies: ["Needletail"], swiftSettings: settings),
  .testTarget(
    name: "KServeServerTests",
    dependencies: [
      "BatchInference", "KServeProtocol", "KServeServer", "Tensors",
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
      .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      .product(name: "Logging", package: "swift-log"),
      .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOHTTP1", package: "swift-nio"),
      .product(name: "NIOPosix", package: "swift-nio"),
      .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    swiftSettings: settings),
  .testTarget(
    name: "KServeClientTests",
    dependencies: ["BatchInference", "KServeClient", "KServeProtocol", "KServeServer", "Tensors"],
    swiftSettings: settings),
  .testTarget(
    name: "KServeProtocolTests",
    dependencies: [
      "KServeProtocol", "Tensors",
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    swiftSettings: settings),
  .executableTarget(
    name: "IntegrationProgram", dependencies: ["Needletail"], path: "Tests/IntegrationProgram",
    swiftSettings: settings),
  .testTarget(
    name: "SparkIntegrationTests",
    dependencies: [
      "ArrowIPC", "IntegrationProgram", "Needletail", "NeedletailCommand", "QuickStart",
      "SparkConnect", "Tensors",
    ],
    exclude: ["python_function.py"], swiftSettings: settings),
  .testTarget(
    name: "SparkConnectTests",
    dependencies: [
      "ArrowIPC", "CGzip", "NeedletailTesting", "SparkConnect", "SparkConnectProtocol",
      "SparkTypes", "Tensors",
      .product(name: "GRPCCore", package: "grpc-swift-2"),
      .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
      .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
      .product(name: "SwiftProtobuf", package: "swift-protobuf"),
    ],
    exclude: ["make_spark_types.py", "spark_types.json"], swiftSettings: settings),
  .testTarget(
    name: "TensorsTests", dependencies: ["Tensors"], swiftSettings: settings),
  .testTarget(
    name: "ArrowIPCTests", dependencies: ["ArrowIPC", "Tensors"], swiftSettings: settings),
  .testTarget(
    name: "SparkTypesTests", dependencies: ["ArrowIPC", "SparkTypes"], swiftSettings: settings),
  .testTarget(
    name: "BatchInferenceTests",
    dependencies: ["ArrowIPC", "BatchInference", "SparkTypes", "Tensors"],
    swiftSettings: settings),
  .testTarget(
    name: "ONNXRuntimeTests",
    dependencies: ["ArrowIPC", "BatchInference", "ONNXRuntime", "SparkTypes", "Tensors"],
    exclude: ["Batches/graphs.json", "Batches/make_graphs.py", "Models"],
    swiftSettings: settings),
  .testTarget(
    name: "TorchRuntimeTests", dependencies: ["BatchInference", "Tensors", "TorchRuntime"],
    exclude: ["Models", "make_packages.py"], swiftSettings: settings),
  .testTarget(
    name: "TensorFlowRuntimeTests",
    dependencies: ["BatchInference", "TensorFlowRuntime", "Tensors"],
    exclude: ["Models", "make_models.py"], swiftSettings: settings),
  .testTarget(
    name: "TokenizersTests", dependencies: ["Tensors", "Tokenizers"], swiftSettings: settings),
  .executableTarget(
    name: "TokenizerCheck", dependencies: ["Tensors", "Tokenizers"], path: "Tests/TokenizerCheck",
    swiftSettings: settings),
  .testTarget(
    name: "TextPipelinesTests",
    dependencies: [
      "ArrowIPC", "BatchInference", "ONNXRuntime", "SparkTypes", "Tensors", "TextPipelines",
    ],
    exclude: ["Goldens", "Models", "make_models.py", "make_settings.py"],
    swiftSettings: settings),
  .testTarget(
    name: "ImagePreprocessingTests",
    dependencies: ["ArrowIPC", "BatchInference", "ImagePreprocessing", "SparkTypes", "Tensors"],
    exclude: ["Images", "make_images.py", "make_orientations.py"], swiftSettings: settings),
  .testTarget(
    name: "SparkWorkerTests",
    dependencies: [
      "ArrowIPC", "BatchInference", "NeedletailTesting", "SparkTypes", "SparkWorker", "Tensors",
      "WorkerFixture", "WorkerFunctions",
    ],
    swiftSettings: settings),
]

// With NEEDLETAIL_TESTS=ArrowIPCTests,TensorsTests only these targets and what they need are built:
// a change far down is tested in a fraction of the time.
func wanted(among all: [Target]) -> [Target] {
  guard let names = Context.environment["NEEDLETAIL_TESTS"], !names.isEmpty else { return all }
  var queue = names.split(separator: ",").map(String.init)
  var reached: Set<String> = []
  while let name = queue.popLast() {
    guard reached.insert(name).inserted, let target = all.first(where: { $0.name == name }) else {
      continue
    }
    for case .byNameItem(let dependency, _) in target.dependencies { queue.append(dependency) }
  }
  return all.filter { reached.contains($0.name) }
}

let built = wanted(among: targets + examples + tests)
let builtNames = Set(built.map(\.name))

let package = Package(
  name: "needletail",
  products: products.filter { product in
    let targets =
      (product as? Product.Library)?.targets ?? (product as? Product.Executable)?.targets
    return targets.map(builtNames.isSuperset) ?? true
  },
  dependencies: dependencies, targets: built)
