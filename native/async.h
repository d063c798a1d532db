// Work on libuv's thread pool.
//
// A Task owns everything it computes with: inputs are copied when it is made, on the JavaScript thread, because
// nothing can pin the memory of a typed array (a transfer would pull it away under the pool thread). Results go to
// fresh arrays when it is delivered. Only raw Node-API calls whose failure is harmless are made at delivery, so a
// worker may be terminated at any moment: its environment waits for running tasks and then delivers to nobody.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "args.h"

namespace layerwise {

/// Uninitialised elements on the heap.
template <typename T> struct Buffer {
  Buffer() = default;
  /// @throws std::bad_alloc, also beyond what a typed array could hold.
  explicit Buffer(int64_t length) : length(length) {
    if (static_cast<uint64_t>(length) > kLargest / sizeof(T)) throw std::bad_alloc();
    data.reset(new T[static_cast<size_t>(length)]);
  }
  /// A contiguous copy.
  explicit Buffer(const View<T>& view) : Buffer(static_cast<int64_t>(view.rows) * view.cols) {
    for (int i = 0; i < view.rows; ++i) std::copy_n(view.row(i), view.cols, data.get() + static_cast<int64_t>(i) * view.cols);
  }
  View<T> matrix(int rows, int cols, const char* name = "") const { return {data.get(), rows, cols, cols > 0 ? cols : 1, name}; }
  T* get() const { return data.get(); }

  static constexpr uint64_t kLargest = uint64_t{1} << 32;  // bytes
  int64_t length = 0;
  std::unique_ptr<T[]> data;
};

class Task {
 public:
  virtual ~Task() = default;
  /// On a pool thread; may throw what exports throw.
  virtual void compute() = 0;
  /// On the JavaScript thread: the value the promise resolves to.
  virtual napi_value deliver(napi_env env) = 0;
};

/// Queues the task and returns { promise, cancel }. `cancel()` is true when the task had not started; the promise
/// then rejects with code ABORT_ERR.
napi_value launch(Args& in, std::unique_ptr<Task> task);

/// A fresh typed array with the buffer's elements; null when JavaScript cannot run any more.
template <typename T> napi_value freshArray(napi_env env, const Buffer<T>& from);
napi_value freshNumber(napi_env env, double value);
/// A fresh object of the named values.
napi_value freshObject(napi_env env, std::initializer_list<std::pair<const char*, napi_value>> entries);

}  // namespace layerwise
