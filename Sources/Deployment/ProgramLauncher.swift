import FoundationEssentials

/// The shell script that Spark starts as a session's worker: it leads to the program, which lies in a
/// cache of the executor's machine, for all sessions there, and comes with the first of them.
///
/// Spark's own unpacking of archives is for one session and never undone while the executor lives. A
/// script, because what unpacks the program must run before it; `sh`, `tar`, `gzip` and the small tools
/// of every Linux do. ``ProgramCache`` keeps the same kind of cache from this process.
struct ProgramLauncher: Sendable {
  let package: ProgramPackage

  /// The name under which the session has it.
  var name: String { "needletail-\(package.id)" }

  /// The name under which the session has the program's archive; the launcher checks the hash in it.
  func name(ofArchive archive: Data) -> String { "\(name)-\(archive.fullHash).tar.gz" }

  /// Whether a file of this name has the program's archive.
  func isArchive(_ file: String) -> Bool {
    file.hasPrefix("\(name)-") && file.hasSuffix(".tar.gz")
  }

  /// The code of the error that a machine has no program which it was thought to have.
  private static let missingCode = "PROGRAM_MISSING"

  /// The script.
  var text: String {
    let program = "the program \(package.program) (\(package.id))"
    let missing =
      "[\(Self.missingCode)] \(program) is not in this machine's cache of programs any more, and this "
      + "session has not sent it; open a new session, which sends it again"
    let stuck =
      "needletail: \(program) cannot be unpacked on this machine; it needs a folder from which programs "
      + "can be started (TMPDIR, or NEEDLETAIL_CACHE, in the executors' environment), some 300 MB in it, "
      + "tar and gzip. Or install the program there and name it in NEEDLETAIL_WORKER"
    let names = package.files.map { Self.quoted($0.name) }.joined(separator: " ")
    return #"""
      #!/bin/sh
      # Starts a Needletail program as the worker of a Spark session. The program is unpacked once for all
      # sessions of this user on this machine, from the archive that came with one of them.
      #
      # The cache is a folder of this user alone. ID.XXXXXX in it has a program's files and never changes; the
      # file ID names that folder, and tells the size, inode and times of each file in it as they were unpacked.
      # Whoever unpacks fills a folder of their own and renames the small file into place, so that it makes no
      # difference who else does the same.

      # The files of the program in the folder $1, a line each.
      state() (
        cd "$1" && LC_ALL=C stat -c '%n %s %i %Y %Z' -- \#(names)
      )

      # Prints the program's folder in the cache $1; fails if it is not there, or not as it was unpacked.
      ready() (
        exec 2>/dev/null
        { read -r name && known=$(cat); } <"$1/$id" || exit 1
        case $name in "$id".*) ;; *) exit 1 ;; esac
        [ -n "$known" ] && [ "$(state "$1/$name")" = "$known" ] || exit 1
        touch "$1/$id"
        printf '%s\n' "$1/$name"
      )

      # Makes the folder $1 if need be, and fails unless it is this user's alone: whoever can write there
      # has us run their programs.
      private() (
        umask 077
        mkdir "$1" 2>/dev/null
        case $(LC_ALL=C stat -c %F:%u:%a "$1" 2>&1) in "directory:$(id -u):"*00) exit 0 ;; esac
        exit 1
      )

      # Puts the files of the archive $2 into the new folder $1, from which programs must be startable.
      fill() {
        printf '#!/bin/sh\n' >"$1/try" && chmod 700 "$1/try" || return 1
        "$1/try" || return 1
        rm "$1/try"
        if command -v sha256sum >/dev/null; then
          sum=${2##*-}
          case $(sha256sum <"$2") in "${sum%.tar.gz} "*) ;; *)
            echo "needletail: $PWD/$2 is damaged: it differs from the SHA-256 in its name" >&2
            return 1
            ;;
          esac
        fi
        # Its files belong to who unpacks them, and are as old as that.
        tar -xzomf "$2" -C "$1" >&2
      }

      # Unpacks the archive $2 into the cache $1 and prints the program's folder.
      unpack() (
        umask 077
        private "$1" || exit 1
        if command -v flock >/dev/null; then
          # Those who start at the same time wait for the first. Without the lock they only do its work again.
          exec 9>"$1/lock" || exit 1
          flock -w 30 9 2>/dev/null
          ready "$1" && exit 0
        fi
        folder=$(mktemp -d "$1/$id.XXXXXX") || exit 1
        if fill "$folder" "$2" && known=$(state "$folder") &&
          printf '%s\n%s\n' "${folder##*/}" "$known" >"$folder/entry" && mv -f "$folder/entry" "$1/$id"
        then
          clean "$1" >&2
          printf '%s\n' "$folder"
        else
          rm -rf "$folder"
          exit 1
        fi
      )

      \#(CacheCleaning().text)

      # Prints the folder of the program: in the cache of this machine or, where that cannot be, in the
      # folder of the session, where this starts.
      locate() (
        id='\#(package.id)'
        home=${NEEDLETAIL_CACHE:-${TMPDIR:-/tmp}}/needletail-$(id -u)
        own=$PWD/needletail-programs
        cache=
        if [ "$NEEDLETAIL_CACHE" != none ] && private "$home" && private "$home/programs"; then
          cache=$home/programs
          ready "$cache" && exit 0
        fi
        ready "$own" && exit 0
        for archive in "needletail-$id"-*.tar.gz; do :; done
        if [ ! -f "$archive" ]; then
          echo \#(Self.quoted(missing)) >&2
          exit 1
        fi
        if [ "$NEEDLETAIL_CACHE" != none ]; then
          [ -n "$cache" ] && unpack "$cache" "$archive" && exit 0
          echo "needletail: $home/programs cannot hold the program, or is not this user's alone; $own" \
            "is used instead" >&2
        fi
        unpack "$own" "$archive" && exit 0
        echo \#(Self.quoted(stuck)) >&2
        exit 1
      )

      needletail_folder=$(locate) || exit 1
      exec "$needletail_folder/"\#(Self.quoted(package.programFile)) "$@"

      """#
  }

  /// `text` as a word of the shell.
  static func quoted(_ text: String) -> String {
    let parts = text.split(separator: "'", omittingEmptySubsequences: false)
    return "'" + parts.joined(separator: #"'\''"#) + "'"
  }
}
