import FoundationEssentials
import Needletail

/// Where a new package has Needletail's from.
enum NeedletailPackage: Equatable {
  /// A repository: its release of this command's version, or the end of a branch.
  case repository(String, branch: String?)
  /// The folder of a checkout.
  case folder(String)

  /// - Parameters:
  ///   - named: what `--package` says; without it the checkout in which the command was built is meant,
  ///     or the one that the current folder lies in.
  ///   - branch: what `--branch` says.
  /// - Throws: ``CommandFailure`` if there is no package.
  init(named: String?, branch: String?) throws {
    if let named, Self.isAddress(named) {
      self = .repository(named, branch: branch)
      return
    }
    guard branch == nil else {
      throw CommandFailure(
        "--branch is one of a repository: name its address with --package; of a folder what is there is "
          + "taken")
    }
    guard let named else {
      let starts = [try? ExecutableImage.current().path, FileSystem.currentDirectory + "/."]
      guard let checkout = starts.compactMap(\.self).compactMap(Self.checkout(above:)).first
      else {
        throw CommandFailure(
          "where is Needletail's package? This command was built elsewhere, and the current folder is in no "
            + "checkout of it. Name a checkout with --package FOLDER, or its repository with --package URL"
        )
      }
      self = .folder(checkout)
      return
    }
    let folder = URL(fileURLWithPath: named).standardizedFileURL.path
    guard Self.isPackage(folder) else {
      throw CommandFailure(
        "--package '\(named)' is neither the address of a repository, such as https://..., nor a folder "
          + "with Needletail's Package.swift")
    }
    self = .folder(folder)
  }

  private static func isAddress(_ text: String) -> Bool {
    text.contains("://") || text.hasPrefix("git@")
  }

  /// The checkout that `file` lies in.
  private static func checkout(above file: String) -> String? {
    var folder = URL(fileURLWithPath: file)
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      if isPackage(folder.path) { return folder.path }
    }
    return nil
  }

  private static func isPackage(_ folder: String) -> Bool {
    FileSystem.isFile("\(folder)/Package.swift")
      && FileSystem.isDirectory("\(folder)/Sources/Needletail")
  }
}
