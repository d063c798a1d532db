#include "parallel.h"

#include <cblas.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>

namespace layerwise {
namespace {

class Pool {
 public:
  /// False, with nothing done, when the threads are taken.
  bool run(int parts, int threads, const std::function<void(int)>& body) {
    const std::unique_lock<std::mutex> mine(turn_, std::try_to_lock);
    if (!mine.owns_lock()) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    grow(threads - 1);
    body_ = &body, parts_ = parts, next_ = 0, unfinished_ = parts, helpers_ = threads - 1;
    wake_.notify_all();
    work(lock);
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

  void grow(int wanted) {
    for (; count_ < wanted; ++count_) {
      try {
        std::thread([this, number = count_] {
          std::unique_lock<std::mutex> lock(mutex_);
          for (;;) {
            wake_.wait(lock, [&] { return body_ && next_ < parts_ && number < helpers_; });
            work(lock);
          }
        }).detach();
      } catch (const std::system_error&) {
        return;  // the threads there are will do
      }
    }
  }

  std::mutex turn_, mutex_;
  std::condition_variable wake_, finished_;
  const std::function<void(int)>* body_ = nullptr;
  int parts_ = 0, next_ = 0, unfinished_ = 0, helpers_ = 0, count_ = 0;
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

void parallel(int parts, int threads, const std::function<void(int)>& body) {
  static Pool* const pool = new Pool;  // its threads wait for work until the process ends
  if (threads > 1 && parts > 1 && pool->run(parts, std::min(threads, parts), body)) return;
  for (int part = 0; part < parts; ++part) body(part);
}

}  // namespace layerwise
