// A matrix that is wanted in either precision.
#pragma once

#include <cstdint>
#include <type_traits>

#include "args.h"
#include "workspace.h"

namespace layerwise {

/// A symmetric or orthogonal matrix times `unit`, in either precision; the one it does not come in is made when first asked for.
template <typename T> class EitherPrecision {
  using Other = std::conditional_t<std::is_same_v<T, double>, float, double>;

 public:
  EitherPrecision(Workspace& scope, View<T> own, double unit = 1) : own_(own), unit_(unit), copy_(scope.take<Other>(static_cast<int64_t>(own.rows) * own.cols)) {}
  template <typename P> struct Operand {
    const P* data;
    int ld;
    P factor;
  };
  template <typename P> Operand<P> in() {
    if constexpr (std::is_same_v<P, T>) return {own_.data, own_.ld, static_cast<P>(unit_)};
    else {
      if (!made_) convert();
      return {copy_, own_.cols, P(1)};
    }
  }

 private:
  void convert() {
    for (int i = 0; i < own_.rows; ++i) {
      const T* from = own_.row(i);
      Other* to = copy_ + static_cast<int64_t>(i) * own_.cols;
      for (int j = 0; j < own_.cols; ++j) to[j] = static_cast<Other>(unit_ * from[j]);
    }
    made_ = true;
  }
  View<T> own_;
  double unit_;
  Other* copy_;
  bool made_ = false;
};

}  // namespace layerwise
