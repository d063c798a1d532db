// Threads of our own for large products.
#pragma once

#include <functional>

namespace layerwise {

/// How many threads large products take, the calling one included: at first as many as OpenBLAS would, which itself keeps to one from then
/// on: its threads wait for each other in small pieces of work, which takes a hundred times longer where other programs run, and the number of
/// them changes the last bits of its results.
int threadCount();
void setThreadCount(int threads);

/// Runs body(0), …, body(parts − 1), in any order, on the calling thread and on up to threads − 1 others. It returns when all are done.
/// While another call has the threads, the calling one does all; likewise when they sleep (some 100 µs after their last work) and the work is
/// too little to wake them for (`wakes` false) and does not follow within 200 µs on other work. `body` must not throw.
void parallel(int parts, int threads, bool wakes, const std::function<void(int)>& body);

}  // namespace layerwise
