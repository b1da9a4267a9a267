import Foundation
import Testing

@testable import FileTables

@Suite("File systems", .needsFilePlugin)
struct FileStoreTests {
  @Test(arguments: [
    ("/data/x", "/data/x"), ("data/x", "data/x"), ("file:/data/x", "/data/x"),
    ("file:///data/x", "/data/x"), ("file://localhost/data/x", "/data/x"), ("/data/x/", "/data/x"),
    ("/", "/"), ("/a b%20c?d=e", "/a b%20c?d=e"), ("C:x", "C:x"), ("a:b/c", "a:b/c"),
  ])
  func localPlaces(location: String, path: String) throws {
    let (store, found) = try FileStore.open(location)
    #expect(found == path && store.isLocal)
    #expect(store.location(found) == path)
  }

  @Test(arguments: [
    ("", FileTableError.Code.invalidOption), ("file://", .invalidOption),
    ("file://host/x", .invalidOption), ("ftp://host/x", .unsupported), ("s3://", .invalidOption),
    ("wasb://c@a/x", .unsupported), ("gs://", .invalidOption),
    ("abfs://account@127.0.0.1:1?credential_kind=anonymous", .invalidOption),
  ])
  func wrongPlaces(location: String, code: FileTableError.Code) {
    let error = failure { _ = try FileStore.open(location) }
    #expect(error?.code == code && error?.path == location)
  }

  @Test(arguments: ["s3", "s3a"])
  func objectStores(scheme: String) throws {
    let options = "?region=eu-west-1&endpoint_override=127.0.0.1:1&scheme=http"
    let (store, path) = try FileStore.open("\(scheme)://bucket/a b/c%20d.parquet\(options)")
    #expect(path == "bucket/a b/c%20d.parquet" && !store.isLocal)
    #expect(store.location("bucket/e") == "\(scheme)://bucket/e\(options)")
    let (whole, bucket) = try FileStore.open("\(scheme)://bucket\(options)")
    #expect(bucket == "bucket" && whole.location(bucket) == "\(scheme)://bucket\(options)")
  }

  @Test(arguments: [
    ("gs://anonymous@shop", "?scheme=http&endpoint_override=127.0.0.1:1"),
    ("gcs://anonymous@shop", "?retry_limit_seconds=5"),
    ("abfs://account@127.0.0.1:1/shop", "?enable_tls=false&credential_kind=anonymous"),
    ("abfs://account.blob.core.windows.net/shop", "?credential_kind=anonymous"),
    ("abfss://shop@account.dfs.core.windows.net", "?credential_kind=anonymous"),
  ])
  func otherObjectStores(bucket: String, options: String) throws {
    let (store, path) = try FileStore.open("\(bucket)/a b/c%20d.parquet\(options)")
    #expect(path == "shop/a b/c%20d.parquet" && !store.isLocal)
    #expect(store.location("shop/e") == "\(bucket)/e\(options)")
    let (whole, root) = try FileStore.open(bucket + options)
    #expect(root == "shop" && whole.location(root) == bucket + options)
  }

  @Test func filesAndFolders() throws {
    let folder = try FilesFolder()
    let store = folder.store
    #expect(try store.info(folder.file("a")) == nil)
    try store.makeFolder(folder.file("a/b"))
    try store.makeFolder(folder.file("a/b"))
    try store.write([1, 2, 3], to: folder.file("a/b/two"))
    try store.createEmpty(folder.file("a/one"))
    let entry = try #require(try store.info(folder.file("a/b/two")))
    #expect(!entry.isFolder && entry.length == 3 && entry.name == "two")
    let age = Date().timeIntervalSince1970 - Double(entry.modified) / 1e9
    #expect(abs(age) < 600)
    #expect(try store.info(folder.file("a"))?.isFolder == true)

    let all = try store.list(folder.file("a"), recursive: true)
    #expect(all.map(\.path) == ["a/b", "a/b/two", "a/one"].map(folder.file))
    #expect(all.map(\.isFolder) == [true, false, false] && all.map(\.length) == [0, 3, 0])
    let direct = try store.list(folder.file("a"), recursive: false)
    #expect(direct.map(\.name) == ["b", "one"])

    try store.move(folder.file("a/b/two"), to: folder.file("a/one"))
    #expect(try store.read(folder.file("a/one")) == [1, 2, 3])
    try store.move(folder.file("a/b"), to: folder.file("c"))
    try store.remove(folder.file("a"))
    try store.remove(folder.file("a"))
    #expect(try store.list(folder.path, recursive: true).map(\.name) == ["c"])
  }

  @Test func failures() throws {
    let folder = try FilesFolder()
    let store = folder.store
    let missing = folder.file("missing")
    for error in [
      failure { _ = try store.list(missing, recursive: true) },
      failure { _ = try store.read(missing) },
      failure { try store.move(missing, to: folder.file("x")) },
      failure { try store.write([1], to: folder.file("no/such/folder")) },
      failure { _ = try TableFile(store, missing, .parquet) },
      failure { _ = try TableFile(store, missing, .arrow) },
    ] {
      #expect(error?.code == .notFound && error?.path?.hasPrefix(folder.path) == true)
    }
    try store.write([1, 2, 3], to: folder.file("three"))
    #expect(failure { _ = try store.read(folder.file("three"), limit: 2) }?.code == .unsupported)
    #expect(try store.read(folder.file("three"), limit: 3).count == 3)
    // A file in the way of a folder.
    #expect(failure { try store.makeFolder(folder.file("three/x")) } != nil)
  }
}
