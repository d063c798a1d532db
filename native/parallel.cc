#include "parallel.h"

#include <cblas.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <system_error>
#include <thread>

namespace layerwise {
namespace {

/// Tells the processor that this is a loop that waits.
void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// How long a thread looks for what it waits for before it sleeps: products follow each other within microseconds, and waking takes tens of them.
constexpr auto kPatience = std::chrono::microseconds(100);
using Clock = std::chrono::steady_clock;

template <typename Done> bool soon(Done done) {
  for (const auto end = Clock::now() + kPatience; Clock::now() < end;) {
    for (int i = 0; i < 32; ++i) {
      if (done()) return true;
      pause();
    }
  }
  return false;
}

class Pool {
 public:
  /// False, with nothing done, when the threads are taken, or asleep and not to be woken.
  bool run(int parts, int threads, bool wakes, const std::function<void(int)>& body) {
    // Work that follows on work is likely to be followed, and will find them awake then.
    const auto now = Clock::now().time_since_epoch().count(), last = last_.exchange(now);
    if (!wakes && !awake_ && now - last > 2 * Clock::duration(kPatience).count()) return false;
    const std::unique_lock<std::mutex> mine(turn_, std::try_to_lock);
    if (!mine.owns_lock()) return false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      grow(threads - 1);
      body_ = &body, parts_ = parts, next_ = 0, helpers_ = threads - 1;
      unfinished_ = parts;
      ++jobs_;
    }
    wake_.notify_all();
    std::unique_lock<std::mutex> lock(mutex_);
    work(lock);
    lock.unlock();
    soon([this] { return unfinished_ == 0; });
    lock.lock();
    finished_.wait(lock, [this] { return unfinished_ == 0; });
    body_ = nullptr;
    return true;
  }

 private:
  /// Takes parts as long as there are any.
  void work(std::unique_lock<std::mutex>& lock) {
    while (body_ && next_ < parts_) {
      const int part = next_++;
      const auto& body = *body_;
      lock.unlock();
      body(part);
      lock.lock();
      if (--unfinished_ == 0) finished_.notify_all();
    }
  }

  void help(int number) {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return body_ && next_ < parts_ && number < helpers_; });
      do {
        work(lock);
        const uint64_t seen = jobs_;
        lock.unlock();
        ++awake_;
        soon([&] { return jobs_ != seen; });
        --awake_;
        lock.lock();
      } while (body_ && next_ < parts_ && number < helpers_);
    }
  }

  void grow(int wanted) {
    for (; count_ < wanted; ++count_) {
      try {
        std::thread([this, number = count_] { help(number); }).detach();
      } catch (const std::system_error&) {
        return;  // the threads there are will do
      }
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable wake_, finished_;
  // Guarded by mutex_; what is looked at without it is atomic.
  const std::function<void(int)>* body_ = nullptr;
  int parts_ = 0, next_ = 0, helpers_ = 0, count_ = 0;
  std::atomic<int> unfinished_{0}, awake_{0};
  std::atomic<uint64_t> jobs_{0};
  std::atomic<Clock::rep> last_{0};
};

std::atomic<int>& count() {
  static std::atomic<int> count{[] {
    const int threads = openblas_get_num_threads();
    openblas_set_num_threads(1);
    return threads;
  }()};
  return count;
}

}  // namespace

int threadCount() { return count().load(std::memory_order_relaxed); }
void setThreadCount(int threads) { count() = threads; }

void parallel(int parts, int threads, bool wakes, const std::function<void(int)>& body) {
  static Pool* const pool = new Pool;  // its threads wait for work until the process ends
  if (threads > 1 && parts > 1 && pool->run(parts, std::min(threads, parts), wakes, body)) return;
  for (int part = 0; part < parts; ++part) body(part);
}

}  // namespace layerwise
