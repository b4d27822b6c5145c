// Products of float32 matrices on one thread, at the speed of AVX-512: for shapes and processors where the library's
// are slow. M rows, N columns, K products summed for each element.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace ballast::cpu {

// Element (i, j) is data[i * row_stride + j * column_stride].
struct MatrixView {
  const float* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t column_stride = 1;

  MatrixView transposed() const { return {data, column_stride, row_stride}; }
  MatrixView at(std::int64_t row, std::int64_t column) const {
    return {data + row * row_stride + column * column_stride, row_stride, column_stride};
  }
};

// A right-hand matrix [K, N], one of whose strides is 1, in panels of 64 columns, each [K, 64] with zeros after the
// last column.
class Panels {
 public:
  static constexpr std::int64_t width = 64;

  // Replaces what was packed before; memory is reused.
  void pack(const MatrixView& b_KN, std::int64_t K, std::int64_t N);
  const float* at(std::int64_t panel) const { return packed_.data() + panel * K_ * width; }

 private:
  std::int64_t K_ = 0;
  std::vector<float> packed_;
};

// C [M, N] = A [M, K] B [K, N], or C += A B. C's rows are contiguous, c_stride elements apart.
struct Product {
  std::int64_t M = 0, N = 0, K = 0;
  MatrixView a_MK;
  float* c_MN = nullptr;
  std::int64_t c_stride = 0;
  bool add = false;
};

// With the first N columns and K rows of what was packed. Each element is summed in the order of K, whatever M and N
// are.
void multiply(const Product& product, const Panels& b_KN);

// The same for matrices that exceed the caches: packs blocks of both sides.
void multiply(const Product& product, const MatrixView& b_KN);

}  // namespace ballast::cpu
