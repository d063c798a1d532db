// Threads of our own for large products.
#pragma once

#include <functional>

namespace layerwise {

/// Runs body(0), …, body(parts − 1), in any order, on the calling thread and on up to threads − 1 others. It returns when all are done.
/// While another call has the threads, the calling one does all. `body` must not throw.
void parallel(int parts, int threads, const std::function<void(int)>& body);

}  // namespace layerwise
