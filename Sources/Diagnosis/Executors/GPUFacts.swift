import NativeLibraries

/// The NVIDIA GPUs that a process can use, as the driver's library tells, and the device files.
struct GPUFacts: Codable, Sendable, Hashable {
  struct Device: Codable, Sendable, Hashable {
    var name: String
    /// Bytes.
    var memory: Int64
  }

  var devices: [Device] = []
  /// The newest CUDA that the driver knows: `12.4`.
  var cuda: String?
  /// The names of device files in `/dev`.
  var deviceFiles: [String] = []
  /// Why the driver gives no devices, if it should.
  var problem: String?

  static func here() -> GPUFacts {
    var facts = GPUFacts()
    facts.deviceFiles = FileSystem.entries(of: "/dev").filter(isDeviceFile).sorted()
    do throws(DynamicLibraryError) {
      let library = try DynamicLibrary.open(path: driverLibrary, name: "NVIDIA's driver")
      try facts.ask(library)
    } catch {
      // A machine without GPUs has no driver, either.
      if !facts.deviceFiles.isEmpty { facts.problem = error.message }
    }
    return facts
  }

  static let driverLibrary = "libcuda.so.1"

  /// `nvidia0`, but not `nvidiactl` or `nvidia-uvm`.
  static func isDeviceFile(_ name: String) -> Bool {
    let number = name.dropFirst(6)
    return name.hasPrefix("nvidia") && !number.isEmpty && number.allSatisfy(\.isNumber)
  }

  /// CUDA's number of a version: 12040 is 12.4.
  static func cudaVersion(_ number: Int32) -> String { "\(number / 1000).\(number % 1000 / 10)" }

  private mutating func ask(_ library: DynamicLibrary) throws(DynamicLibraryError) {
    typealias Start = @convention(c) (UInt32) -> Int32
    typealias Number = @convention(c) (UnsafeMutablePointer<Int32>?) -> Int32
    typealias Device = @convention(c) (UnsafeMutablePointer<Int32>?, Int32) -> Int32
    typealias Name = @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32) -> Int32
    typealias Memory = @convention(c) (UnsafeMutablePointer<Int>?, Int32) -> Int32
    let start: Start = try library.function("cuInit")
    let version: Number = try library.function("cuDriverGetVersion")
    let count: Number = try library.function("cuDeviceGetCount")
    let device: Device = try library.function("cuDeviceGet")
    let name: Name = try library.function("cuDeviceGetName")
    let memory: Memory = try library.function("cuDeviceTotalMem_v2")

    let status = start(0)
    guard status == 0 else {
      // 100 is that there is no device, which is no fault where there is no device file.
      if status != 100 || !deviceFiles.isEmpty {
        problem = "the driver does not start (cuInit gives \(status))"
      }
      return
    }
    var number: Int32 = 0
    if version(&number) == 0 { cuda = Self.cudaVersion(number) }
    var total: Int32 = 0
    guard count(&total) == 0 else { return }
    for ordinal in 0..<total {
      var handle: Int32 = 0
      var text = [CChar](repeating: 0, count: 256)
      var bytes = 0
      guard device(&handle, ordinal) == 0, name(&text, 255, handle) == 0,
        memory(&bytes, handle) == 0
      else { continue }
      let letters = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      devices.append(
        GPUFacts.Device(name: String(decoding: letters, as: UTF8.self), memory: Int64(bytes)))
    }
  }
}

extension GPUFacts {
  /// The devices in words: `2 × NVIDIA H200 (139 GiB), CUDA 12.4`; `nil` for none.
  var summary: String? {
    if devices.isEmpty { return nil }
    let names = Dictionary(grouping: devices) { "\($0.name) (\(sizeText($0.memory)))" }
    let kinds = names.sorted { $0.key < $1.key }.map { name, found in
      found.count == 1 ? name : "\(found.count) × \(name)"
    }
    return kinds.joined(separator: ", ") + (cuda.map { ", CUDA \($0)" } ?? "")
  }
}
