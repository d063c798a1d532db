// OpenBLAS's number of threads, of which there is one for the whole process.
#pragma once

namespace layerwise {

/// The longest axis up to which LAPACK routines gain nothing from a second thread (see docs/benchmarks.md) and, on a machine
/// with other work, wait for it many times longer than they compute.
constexpr int kSmallProblem = 128;

/// Computes on one thread while it lives, if the problem is small. Does nothing once anything else may compute in this process
/// (worker threads, asynchronous tasks): the number of threads, and with it the last bits of a result, must not depend on timing.
class OneThreadIfSmall {
 public:
  explicit OneThreadIfSmall(int longestAxis);
  ~OneThreadIfSmall();
  OneThreadIfSmall(const OneThreadIfSmall&) = delete;
  OneThreadIfSmall& operator=(const OneThreadIfSmall&) = delete;

 private:
  bool active_ = false;
};

/// Says that a task goes to the thread pool; from now on small problems keep the common number of threads.
void tasksAreUsed();

}  // namespace layerwise
