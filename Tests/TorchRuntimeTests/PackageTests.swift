import Foundation
import NativeLibraries
import Tensors
import Testing

@testable import TorchRuntime

@Suite("Packages")
struct PackageTests {
  private func package(_ writer: ZipWriter, model: String? = nil) throws -> TorchPackage {
    let scratch = try Scratch()
    return try TorchPackage(path: scratch.write(writer.bytes()), model: model)
  }

  @Test func whatAPackageSays() throws {
    let package = try package(
      .package(instructionSets: "AVX512 AVX512_VNNI", more: ["author": "Needletail"]))
    #expect(package.device == "cpu" && package.instructionSets == "AVX512 AVX512_VNNI")
    #expect(package.modelNames == ["model"] && package.modelName == "model")
    #expect(package.metadata["author"] == "Needletail" && !package.needsPlugin)
  }

  @Test func severalModels() throws {
    var writer = ZipWriter.package()
    writer.entries.append(.init("model/data/aotinductor/encoder/x.wrapper.so", [1]))
    #expect(try package(writer).modelName == "model")
    #expect(try package(writer, model: "encoder").modelName == "encoder")
    let unknown = #expect(throws: TorchError.self) { try package(writer, model: "decoder") }
    #expect(unknown?.message.contains("no model called decoder; it has encoder, model") == true)
    writer.entries.removeAll { $0.name.contains("/model/") }
    writer.entries.append(.init("model/data/aotinductor/decoder/y.wrapper.so", [1]))
    let vague = #expect(throws: TorchError.self) { try package(writer) }
    #expect(vague?.message.contains("say which one") == true)
  }

  struct Kind: CustomTestStringConvertible {
    var testDescription: String
    var bytes: [UInt8]
    var code: TorchError.Code
    var text: String

    init(_ what: String, _ bytes: [UInt8], _ code: TorchError.Code, _ text: String) {
      (testDescription, self.bytes, self.code, self.text) = (what, bytes, code, text)
    }

    init(_ what: String, files: [String], _ text: String) {
      self.init(what, ZipWriter(files.map { .init($0, "x") }).bytes(), .unsupportedModel, text)
    }
  }

  static let kinds: [Kind] = [
    Kind("empty file", [], .modelLoad, "has no bytes"),
    Kind("text", Array("hello, this is text".utf8), .modelLoad, "no package of PyTorch"),
    Kind("old pickle", [0x80, 2, 0x8A, 10], .unsupportedModel, "pickle"),
    Kind("shared library", [0x7F, 0x45, 0x4C, 0x46, 2], .unsupportedModel, "shared library"),
    Kind(
      "exported program", files: ["m/models/model.json", "m/data/weights/weight_0"],
      "torch._inductor.aoti_compile_and_package(torch.export.load("),
    Kind("TorchScript", files: ["m/data.pkl", "m/constants.pkl", "m/code/m.py"], "TorchScript"),
    Kind("state dict", files: ["m/data.pkl", "m/data/0", "m/version"], "holds weights"),
    Kind("any archive", files: ["a/b"], "no compiled code"),
    Kind(
      "metadata of another kind",
      ZipWriter([
        .init("m/data/aotinductor/model/a.wrapper_metadata.json", "[1, 2"),
        .init("m/data/aotinductor/model/a.wrapper.so", "x"),
      ]).bytes(), .modelLoad, "no JSON object"),
    Kind(
      "cut off", Array(ZipWriter.package(code: [UInt8](repeating: 1, count: 900)).bytes()[..<800]),
      .modelLoad, "cut off"),
  ]

  @Test(arguments: kinds) func otherFiles(_ kind: Kind) throws {
    let scratch = try Scratch()
    let path = try scratch.write(kind.bytes)
    let error = #expect(throws: TorchError.self) { try TorchModel(path: path) }
    #expect(error?.code == kind.code && error?.model == path, "\(String(describing: error))")
    #expect(error?.message.contains(kind.text) == true, "\(String(describing: error))")
  }

  @Test func missingFile() {
    let error = #expect(throws: TorchError.self) { try TorchModel(path: "/no/such/model.pt2") }
    #expect(error?.code == .modelLoad && error?.message.contains("No such file") == true)
    let folder = #expect(throws: TorchError.self) { try TorchModel(path: "/tmp") }
    #expect(folder?.message.contains("is no file") == true)
  }

  static let machine = ProcessorFeatures(
    flags: ["avx2", "fma", "avx512f", "avx512dq", "avx512vl", "avx512bw"], machine: "x86_64")

  @Test(arguments: [
    ("cuda", "", "linux", "x86_64", "compiled for the device cuda, and cpu is asked for"),
    ("xpu", "", "linux", "x86_64", "compiled for the device xpu"),
    ("cpu", "AVX512 AVX512_VNNI", "linux", "x86_64", "this one lacks avx512_vnni"),
    ("cpu", "AMX_TILE", "linux", "x86_64", "this one lacks amx_tile"),
    ("cpu", "", "win32", "x86_64", "compiled for win32"),
    ("cpu", "", "linux", "aarch64", "the processor type aarch64, this one is x86_64"),
  ])
  func wrongMachine(
    device: String, sets: String, platform: String, machine: String, text: String
  ) throws {
    let more = ["AOTI_PLATFORM": platform, "AOTI_MACHINE": machine]
    let package = try package(.package(device: device, instructionSets: sets, more: more))
    let error = #expect(throws: TorchError.self) {
      try package.check(device: .cpu, processor: Self.machine)
    }
    #expect(error?.code == .wrongDevice)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))")
  }

  @Test(arguments: ["", "AVX2", "AVX512", "SOMETHING_NEW"])
  func rightMachine(sets: String) throws {
    let package = try package(.package(instructionSets: sets))
    try package.check(device: .cpu, processor: Self.machine)
    try package.check(device: nil, processor: Self.machine)
  }

  @Test func gpuOnAMachineWithout() throws {
    let package = try package(.package(device: "cuda"))
    try package.check(device: .cuda(1), processor: Self.machine)
    let cpu = try self.package(.package())
    let error = #expect(throws: TorchError.self) {
      try cpu.check(device: .cuda(1), processor: Self.machine)
    }
    #expect(error?.message.contains("cpu, and cuda:1 is asked for") == true)
  }

  @Test func thisProcessor() {
    #expect(!ProcessorFeatures.current.flags.isEmpty)
    #expect(!ProcessorFeatures.current.machine.isEmpty)
    #expect(ProcessorFeatures.current.missing(for: "").isEmpty)
  }

  @Test("a processor's level of x86-64")
  func level() {
    let second = ["cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"]
    let third = ["abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave"]
    let fourth = ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]
    for (flags, level) in [
      (["fpu"], 1), (second, 2), (second + third, 3), (third, 1), (second + third + fourth, 4),
      (second + fourth, 2), ([], nil),
    ] as [([String], Int?)] {
      #expect(ProcessorFeatures(flags: Set(flags), machine: "x86_64").x86Level == level)
      #expect(ProcessorFeatures(flags: Set(flags), machine: "aarch64").x86Level == nil)
    }
  }

  static let noLibraries: [(String, [UInt8], String)] = [
    ("nothing", [], "damaged"), ("text", [UInt8](repeating: 65, count: 100), "no shared library"),
    ("header alone", elf(segments: []), "damaged"),
    ("segment beyond the end", elf(segments: [(1, 0, 5000)]), "cut off"),
    ("nothing to map", elf(segments: [(2, 0, 10)]), "damaged"),
    ("other processor", elf(segments: [(1, 0, 10)], machine: 243), "another processor"),
  ]

  static func elf(segments: [(UInt32, UInt64, UInt64)], machine: UInt16 = 62) -> [UInt8] {
    func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    var elf: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    elf += bytes(UInt16(3)) + bytes(machine) + bytes(UInt32(1)) + bytes(UInt64(0))
    elf += bytes(UInt64(64)) + bytes(UInt64(0)) + bytes(UInt32(0)) + bytes(UInt16(64))
    elf += bytes(UInt16(56)) + bytes(UInt16(segments.count)) + [UInt8](repeating: 0, count: 6)
    for (kind, offset, length) in segments {
      elf += bytes(kind) + bytes(UInt32(0)) + bytes(offset) + bytes(UInt64(0)) + bytes(UInt64(0))
      elf += bytes(length) + bytes(length) + bytes(UInt64(0))
    }
    return elf
  }

  @Test(arguments: noLibraries) func codeThatIsNone(_ what: String, _ bytes: [UInt8], text: String)
    throws
  {
    let scratch = try Scratch()
    let file = try RandomAccessFile(path: scratch.write(bytes))
    let error = #expect(throws: ArchiveError.self) {
      try SharedObject.check(file, machine: "x86_64")
    }
    #expect(error?.description.contains(text) == true, "\(what): \(String(describing: error))")
  }

  @Test func temporaryDirectoriesGo() throws {
    var directory: TemporaryDirectory? = try TemporaryDirectory()
    let path = try #require(directory?.path)
    let file = try directory?.write("a") { append in
      try [UInt8](repeating: 3, count: 100).withUnsafeBytes { try append($0) }
    }
    #expect(try readFile(try #require(file)) == [UInt8](repeating: 3, count: 100))
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o700)
    #expect(throws: ArchiveError.self) { try directory?.write("a") { _ in } }
    directory = nil
    #expect(!FileManager.default.fileExists(atPath: path))
  }
}

@Suite("Safetensors")
struct SafeTensorsTests {
  private func read(_ header: String, data: Int = 16, length: Int? = nil) throws -> SafeTensors {
    let scratch = try Scratch()
    let size = UInt64(bitPattern: Int64(length ?? header.utf8.count))
    let bytes =
      withUnsafeBytes(of: size.littleEndian) { Array($0) } + Array(header.utf8)
      + [UInt8](repeating: 1, count: data)
    return try SafeTensors(RandomAccessFile(path: scratch.write(bytes, "a.safetensors")))
  }

  @Test func entries() throws {
    let file = try read(
      #"{"__metadata__": {"a": "b"}, "w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}"#
    )
    #expect(file.entries.keys.sorted() == ["w"])
    #expect(file.entries["w"]?.shape == [2, 2] && file.entries["w"]?.elementType == .float32)
  }

  @Test(arguments: [
    ("", "no JSON"), ("[]", "no JSON object"), ("{\"w\": 3}", "damaged"),
    (#"{"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 17]}}"#, "damaged"),
    (#"{"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [-4, 12]}}"#, "damaged"),
    (#"{"w": {"dtype": "F32", "shape": [3, 2], "data_offsets": [0, 16]}}"#, "has 16 bytes"),
    (#"{"w": {"dtype": "Q4", "shape": [4], "data_offsets": [0, 16]}}"#, "unsupported type Q4"),
    (
      #"{"w": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 16]}}"#,
      "has 16"
    ),
  ])
  func damage(_ header: String, text: String) {
    let error = #expect(throws: ArchiveError.self) { try read(header) }
    #expect(error?.description.contains(text) == true, "\(String(describing: error))")
  }

  @Test func lengthBeyondTheEnd() {
    #expect(throws: ArchiveError.self) { try read("{}", length: 1 << 40) }
    #expect(throws: ArchiveError.self) { try read("{}", length: -1) }
  }
}
