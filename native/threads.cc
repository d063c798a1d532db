// The number of threads: chosen by the user, by the presence of workers, or for the length of a small problem.
#include "threads.h"

#include <cstdlib>
#include <mutex>

#include "args.h"

extern "C" {
int openblas_get_num_threads(void);
void openblas_set_num_threads(int);
}

namespace layerwise {
namespace {

// While Node workers hold the addon the number is 1, because W workers with T threads each fight for the processor; when the last
// one has gone, what was before is restored. A number the user has chosen, by setThreads or in the environment, is not touched.
struct Threads {
  std::mutex mutex;
  bool chosen = false, tasks = false;
  int workers = 0, before = 1;
  int suspended = 0;  ///< the number to return to after a small problem; 0 outside of one
};
Threads& threads() {
  static Threads* const state = new Threads;  // outlives every environment's cleanup
  return *state;
}

bool chosenByEnvironment() {
  for (const char* name : {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"}) {
    const char* value = std::getenv(name);
    if (value && std::atoi(value) > 0) return true;
  }
  return false;
}

int present() { return threads().suspended ? threads().suspended : openblas_get_num_threads(); }

/// Takes effect after the small problem that is being solved, if one is.
void become(int n) {
  if (threads().suspended) threads().suspended = n;
  else openblas_set_num_threads(n);
}

napi_value setThreads(Args& in) {
  const int n = static_cast<int>(in.integer("threads", 1, 1024));
  std::lock_guard<std::mutex> lock(threads().mutex);
  threads().chosen = true;
  become(n);
  return in.undefined();
}

napi_value getThreads(Args& in) {
  std::lock_guard<std::mutex> lock(threads().mutex);
  return in.result(present());
}

void leaveWorker(void* token) {
  delete static_cast<char*>(token);
  std::lock_guard<std::mutex> lock(threads().mutex);
  if (--threads().workers == 0 && !threads().chosen) become(threads().before);
}

napi_value enterWorker(Args& in) {
  std::lock_guard<std::mutex> lock(threads().mutex);
  if (threads().workers++ == 0) {
    threads().before = present();
    if (!threads().chosen && !chosenByEnvironment()) become(1);
  }
  napi_add_env_cleanup_hook(in.env, leaveWorker, new char);  // a token: Node aborts on the same hook twice
  return in.undefined();
}

}  // namespace

OneThreadIfSmall::OneThreadIfSmall(int longestAxis) {
  if (longestAxis > kSmallProblem || openblas_get_num_threads() == 1) return;
  std::lock_guard<std::mutex> lock(threads().mutex);
  if (threads().tasks || threads().workers > 0 || threads().suspended) return;
  threads().suspended = openblas_get_num_threads();
  openblas_set_num_threads(1);
  active_ = true;
}

OneThreadIfSmall::~OneThreadIfSmall() {
  if (!active_) return;
  std::lock_guard<std::mutex> lock(threads().mutex);
  const int n = threads().suspended;
  threads().suspended = 0;
  openblas_set_num_threads(n);
}

void tasksAreUsed() {
  std::lock_guard<std::mutex> lock(threads().mutex);
  threads().tasks = true;
}

void registerThreads(napi_env env, napi_value exports) {
  LAYERWISE_EXPORT(env, exports, "setThreads", setThreads);
  LAYERWISE_EXPORT(env, exports, "getThreads", getThreads);
  LAYERWISE_EXPORT(env, exports, "enterWorker", enterWorker);
}

}  // namespace layerwise
