import Foundation
import HostProcesses
import Testing

@testable import LocalSpark

/// The GPUs that workers get, of what an nvidia-smi says.
struct GPUDiscoveryTests {
  private static let said = "0, GPU-aa-1\n1, GPU-bb-2\n2, GPU-cc-3\n10, GPU-dd-4\n"

  @Test(
    "CUDA_VISIBLE_DEVICES chooses, in its order",
    arguments: [
      (nil, ["0", "1", "2", "10"]), ("2,0", ["2", "0"]), (" 1 , 10 ", ["1", "10"]), ("", []),
      // Those behind one that is not there do not count, as with CUDA.
      ("1,7,0", ["1"]), ("GPU-cc-3,GPU-a", ["GPU-cc-3", "GPU-a"]), ("MIG-1,0", []), ("-1", []),
    ] as [(String?, [String])])
  func visible(_ visible: String?, _ addresses: [String]) {
    #expect(GPUDiscovery.addresses(in: Self.said, visible: visible) == addresses)
  }

  @Test("what is no list of GPUs has none")
  func noList() {
    #expect(GPUDiscovery.addresses(in: "No devices were found\n", visible: nil).isEmpty)
  }

  /// A folder with an nvidia-smi that is `script`.
  private static func folder(_ script: String?) throws -> URL {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "needletail gpu-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    guard let script else { return folder }
    let file = folder.appending(path: "nvidia-smi")
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: file.path)
    return folder
  }

  @Test("each worker gets GPUs of its own, and the script tells Spark those that are there")
  func division() throws {
    let folder = try Self.folder("printf '\(Self.said.replacing("\n", with: "\\n"))'")
    defer { try? FileManager.default.removeItem(at: folder) }
    let found = try GPUDiscovery(["PATH": folder.path])
    #expect(try found.divided(workers: 2, each: 2) == [["0", "1"], ["2", "10"]])
    let error = #expect(throws: NeedletailError.self) { try found.divided(workers: 5, each: 1) }
    #expect(
      error?.message.hasPrefix(
        "5 workers with 1 GPU each take 5, and this machine has 4 for them (0, 1, 2, 10)") == true)

    for (addresses, told) in [
      (["0", "1"], #"{"name": "gpu", "addresses": ["0", "1"]}"#),
      (["10"], #"{"name": "gpu", "addresses": ["10"]}"#),
      (["GPU-b"], #"{"name": "gpu", "addresses": ["GPU-b"]}"#),
      // No number that another begins with, and none that is gone.
      (["100", "2", "3"], #"{"name": "gpu", "addresses": ["2"]}"#),
    ] {
      let script = folder.appending(path: "script.sh")
      try Data(found.script(addresses).utf8).write(to: script)
      let result = try CapturedProcess.run(["/bin/sh", script.path])
      #expect(result.status == 0)
      #expect(String(decoding: result.output, as: UTF8.self) == told + "\n")
    }
  }

  @Test("a machine without GPUs is told as such")
  func none() throws {
    for (script, part) in [
      (nil, "there is no nvidia-smi on the PATH"),
      ("echo 'driver is not loaded'; exit 9", "says 'driver is not loaded' (exit status 9)"),
    ] as [(String?, String)] {
      let folder = try Self.folder(script)
      defer { try? FileManager.default.removeItem(at: folder) }
      let error = #expect(throws: NeedletailError.self) {
        try GPUDiscovery(["PATH": folder.path + ":/nowhere"])
      }
      #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("leave --gpus out") == true)
    }
  }
}
