import HostProcesses

/// How a cache of programs is kept small: a function of the shell, which launchers have within them.
struct CacheCleaning: Sendable {
  /// For how many days a program that nobody uses is kept.
  var days = 14
  /// The most that the programs take together, in KiB, but for those that were used within the hour.
  var kibibytes = 2 << 20

  /// The function, called `clean`.
  var text: String {
    #"""
    # Removes from the cache $1 what nobody has used for \#(days) days, and the least recently used beyond
    # \#(kibibytes) KiB; what runs stays, and what was used within the hour.
    clean() (
      cd "$1" 2>/dev/null || exit 0
      running=$(ls -l /proc/[0-9]*/exe 2>/dev/null)
      total=0
      for entry in $(ls -t); do
        case $entry in lock | *.*) continue ;; esac
        read -r folder <"$entry" || continue
        case $folder in "$entry".*) ;; *) continue ;; esac
        size=$(du -sk "$folder" 2>/dev/null)
        total=$((total + ${size%%[!0-9]*}0 / 10))
        case $running in *"/$folder/"*) continue ;; esac
        if [ -n "$(find "$entry" -mmin -60)" ]; then continue; fi
        if [ "$total" -gt \#(kibibytes) ] || [ -n "$(find "$entry" -mtime +\#(days))" ]; then
          rm -rf "$entry" "./$folder"
        fi
      done
      # Folders that no entry names: left by somebody who was ended, or replaced.
      for folder in *.*; do
        name=
        read -r name 2>/dev/null <"${folder%.*}"
        if [ "$name" = "$folder" ]; then continue; fi
        case $running in *"/$folder/"*) continue ;; esac
        if [ -n "$(find "$folder" -prune -mmin +60 2>/dev/null)" ]; then rm -rf "./$folder"; fi
      done
    )
    """#
  }

  /// Cleans the cache at `path`; nobody waits for it.
  func start(_ path: String) {
    try? Shell.detach(
      ["/bin/sh", "-c", "\(text)\nclean \"$1\"", "needletail", path],
      environment: ["PATH": "/usr/bin:/bin"], log: "/dev/null")
  }
}
