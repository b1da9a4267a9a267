// swift-tools-version: 6.2
import PackageDescription

// Coverage-guided fuzzing of what reads bytes from outside. The sources are those of the main package
// (links), compiled with libFuzzer's instrumentation and AddressSanitizer:
//
//   swift build -c release --package-path Fuzz
//   Fuzz/.build/release/TaskInitializationFuzz CORPUS Fuzz/Seeds/TaskInitialization \
//     -max_total_time=600 -rss_limit_mb=1024

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"]),
]

// The linker gold, the default, fails on such programs.
let linkerSettings: [LinkerSetting] = [
  .unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])
]

let targets: [Target] = [
  .target(name: "ErrorCauses", swiftSettings: settings),
  .target(name: "Tensors", dependencies: ["ErrorCauses"], swiftSettings: settings),
  .target(name: "CArrow"),
  .target(
    name: "ArrowIPC", dependencies: ["CArrow", "ErrorCauses", "Tensors"], swiftSettings: settings),
  .target(name: "SparkTypes", dependencies: ["ArrowIPC", "ErrorCauses"], swiftSettings: settings),
  .target(name: "Threads", swiftSettings: settings),
  .target(name: "Models", dependencies: ["ErrorCauses", "Tensors"], swiftSettings: settings),
  .target(
    name: "SparkFunctions", dependencies: ["ArrowIPC", "Models", "SparkTypes", "Tensors"],
    swiftSettings: settings),
  .target(
    name: "SparkWorker",
    dependencies: ["ArrowIPC", "ErrorCauses", "Models", "SparkFunctions", "SparkTypes", "Threads"],
    swiftSettings: settings),
  .executableTarget(
    name: "ArrowStreamFuzz", dependencies: ["ArrowIPC"], swiftSettings: settings,
    linkerSettings: linkerSettings),
  .executableTarget(
    name: "TaskInitializationFuzz", dependencies: ["ArrowIPC", "SparkWorker"],
    swiftSettings: settings, linkerSettings: linkerSettings),
]

let package = Package(name: "fuzz", targets: targets)
