// Files that another process cuts short while they are mapped into memory.
//
// Touching what is no longer there ends a process by SIGBUS, where a call would have returned an error.
// While a file is mapped, its range is known to a handler, which puts zeros there and notes the loss: whoever
// decodes from the range asks for it before giving anything away.

#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>

#include "failures.h"

namespace needletail {

class MappedRange {
 public:
  MappedRange(const void* start, int64_t length) {
    static std::once_flag once;
    std::call_once(once, install);
    if (start == nullptr || length <= 0) return;
    const auto from = reinterpret_cast<uintptr_t>(start);
    for (auto& slot : slots) {
      bool is_free = false;
      if (!slot.is_taken.compare_exchange_strong(is_free, true)) continue;
      slot.is_cut = false;
      slot.end = from + static_cast<uintptr_t>(length);
      slot.start = from;
      slot_ = &slot;
      return;
    }
    // More files at once than there are slots are read without this protection.
  }

  MappedRange(const MappedRange&) = delete;
  MappedRange& operator=(const MappedRange&) = delete;

  ~MappedRange() {
    if (slot_ == nullptr) return;
    slot_->start = 0;
    slot_->end = 0;
    slot_->is_taken = false;
  }

  // Fails if some of the range was lost, so that zeros stood for the file's bytes.
  void check() const {
    if (slot_ != nullptr && slot_->is_cut) {
      throw Failure(NT_MALFORMED, "the file was cut short while it was read");
    }
  }

 private:
  struct Slot {
    std::atomic<bool> is_taken;
    std::atomic<bool> is_cut;
    std::atomic<uintptr_t> start;
    std::atomic<uintptr_t> end;
  };

  // The handler may only read what needs no lock.
  static_assert(std::atomic<uintptr_t>::is_always_lock_free);
  static constexpr int slot_count = 4096;
  static inline Slot slots[slot_count];
  static inline struct sigaction previous;

  static void install() {
    struct sigaction action {};
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous);
  }

  static void handle(int signal, siginfo_t* info, void* context) {
    const int number = errno;
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    // A signal that another process sent has no address.
    for (auto& slot : slots) {
      if (info->si_code <= 0) break;
      const uintptr_t start = slot.start;
      const uintptr_t end = slot.end;
      if (start == 0 || address < start || address >= end) continue;
      // All behind the end of a file is gone with it.
      const uintptr_t from = address / page * page;
      void* zeros = mmap(reinterpret_cast<void*>(from), end - from, PROT_READ,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
      if (zeros == MAP_FAILED) break;
      slot.is_cut = true;
      errno = number;
      return;
    }
    if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
      previous.sa_sigaction(signal, info, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
      previous.sa_handler(signal);
    } else {
      // What touched the memory does so again, and ends as it would have.
      sigaction(SIGBUS, &previous, nullptr);
      if (info->si_code <= 0) raise(signal);
    }
    errno = number;
  }

  Slot* slot_ = nullptr;
};

}  // namespace needletail
