// Scratch memory, kept per thread, so that a routine called at every step neither allocates nor faults pages in.
//
//   Workspace scratch;
//   T* copy = scratch.take<T>(n * n);   // 64-byte aligned, uninitialised, gone with `scratch`
//
// Scopes nest. A thread keeps what its largest call needed, up to kKept bytes; beyond that the memory is returned
// when the outermost scope ends (calls of that size are long enough not to notice).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <vector>

namespace layerwise {

#if defined(__SANITIZE_ADDRESS__) || defined(LAYERWISE_SEPARATE_SCRATCH)

/// Under a memory checker every piece is an allocation of its own, of just its size: a step beyond it is seen.
class Arena {
 public:
  static constexpr size_t kAlignment = 64;

  static Arena& ofThisThread() {
    static thread_local Arena arena;
    return arena;
  }
  using Mark = size_t;
  Mark enter() const { return pieces_.size(); }
  void leave(Mark mark) {
    for (; pieces_.size() > mark; pieces_.pop_back()) ::operator delete(pieces_.back(), std::align_val_t{kAlignment});
  }
  void* take(size_t bytes) {
    pieces_.reserve(pieces_.size() + 1);
    pieces_.push_back(::operator new(bytes, std::align_val_t{kAlignment}));
    return pieces_.back();
  }

 private:
  std::vector<void*> pieces_;
};

#else

class Arena {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kKept = size_t{64} << 20;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() { clear(); }

  static Arena& ofThisThread() {
    static thread_local Arena arena;
    return arena;
  }

  struct Mark {
    size_t block, used;
  };
  Mark enter() {
    ++depth_;
    return {block_, used_};
  }
  void leave(Mark mark) {
    block_ = mark.block;
    used_ = mark.used;
    if (--depth_ > 0) return;
    // One block serves the next call of this size without looking for room.
    if (blocks_.size() > 1 || total_ > kKept) {
      wanted_ = total_ > kKept ? 0 : total_;
      clear();
    }
  }

  void* take(size_t bytes) {
    bytes = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    while (block_ < blocks_.size()) {
      if (bytes <= blocks_[block_].size - used_) {
        void* out = blocks_[block_].data + used_;
        used_ += bytes;
        return out;
      }
      ++block_;
      used_ = 0;
    }
    const size_t size = bytes > wanted_ ? bytes : wanted_;
    blocks_.reserve(blocks_.size() + 1);
    blocks_.push_back({static_cast<char*>(::operator new(size, std::align_val_t{kAlignment})), size});
    total_ += size;
    wanted_ = 0;
    used_ = bytes;
    return blocks_.back().data;
  }

 private:
  struct Block {
    char* data;
    size_t size;
  };
  void clear() {
    for (const Block& block : blocks_) ::operator delete(block.data, std::align_val_t{kAlignment});
    blocks_.clear();
    total_ = block_ = used_ = 0;
  }

  std::vector<Block> blocks_;
  size_t block_ = 0, used_ = 0, total_ = 0, wanted_ = 0;
  int depth_ = 0;
};

#endif

class Workspace {
 public:
  Workspace() : arena_(Arena::ofThisThread()), mark_(arena_.enter()) {}
  ~Workspace() { arena_.leave(mark_); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  /// `count` elements. @throws std::bad_alloc.
  template <typename T> T* take(int64_t count) {
    if (count < 0 || static_cast<uint64_t>(count) > std::numeric_limits<size_t>::max() / (2 * sizeof(T))) throw std::bad_alloc();
    return static_cast<T*>(arena_.take(static_cast<size_t>(count) * sizeof(T)));
  }

 private:
  Arena& arena_;
  Arena::Mark mark_;
};

}  // namespace layerwise
