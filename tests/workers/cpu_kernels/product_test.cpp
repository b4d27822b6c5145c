#include "workers/cpu_kernels/product.h"

#include <gtest/gtest.h>

#include <random>

namespace ballast::cpu {
namespace {

struct Sizes {
  std::int64_t M, N, K;
};

std::vector<float> random_numbers(std::int64_t count) {
  std::mt19937 draw(5);
  std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = uniform(draw);
  return numbers;
}

// Row by row, or column by column for a transposed matrix.
MatrixView view(const std::vector<float>& numbers, std::int64_t rows, std::int64_t columns, bool transposed) {
  return transposed ? MatrixView{numbers.data(), 1, rows} : MatrixView{numbers.data(), columns, 1};
}

double reference(const MatrixView& a, const MatrixView& b, std::int64_t i, std::int64_t j, std::int64_t K) {
  double sum = 0.0;
  for (std::int64_t k = 0; k < K; ++k) sum += static_cast<double>(*a.at(i, k).data) * *b.at(k, j).data;
  return sum;
}

// Whole tiles, single rows, columns that fill no panel, sums over several blocks, and blocks of rows and columns.
class ProductOf : public testing::TestWithParam<Sizes> {};

TEST_P(ProductOf, AnyTwoLayoutsEqualsTheDefinition) {
  const auto [M, N, K] = GetParam();
  const auto a_numbers = random_numbers(M * K), b_numbers = random_numbers(K * N);
  const double tolerance = 1e-6 * static_cast<double>(K) + 1e-6;
  for (const bool a_transposed : {false, true}) {
    for (const bool b_transposed : {false, true}) {
      const MatrixView a = view(a_numbers, M, K, a_transposed), b = view(b_numbers, K, N, b_transposed);
      std::vector<float> c(M * N, 0.5F), sum(M * N, 0.5F);
      multiply({.M = M, .N = N, .K = K, .a_MK = a, .c_MN = c.data(), .c_stride = N}, b);
      multiply({.M = M, .N = N, .K = K, .a_MK = a, .c_MN = sum.data(), .c_stride = N, .add = true}, b);
      for (std::int64_t i = 0; i < M; i += 1 + M / 13) {
        for (std::int64_t j = 0; j < N; j += 1 + N / 17) {
          const double expected = reference(a, b, i, j, K);
          ASSERT_NEAR(c[i * N + j], expected, tolerance) << i << ", " << j;
          ASSERT_NEAR(sum[i * N + j], expected + 0.5, tolerance) << i << ", " << j;
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ProductOf,
                         testing::Values(Sizes{1, 1, 1}, Sizes{6, 64, 16}, Sizes{7, 65, 17}, Sizes{5, 3, 40},
                                         Sizes{13, 130, 33}, Sizes{200, 70, 600}, Sizes{3, 1100, 5}));

TEST(Product, LeavesWhatLiesBesideItsColumnsAlone) {
  const auto a = random_numbers(9 * 4), b = random_numbers(4 * 20);
  std::vector<float> c(9 * 32, 7.0F);
  multiply({.M = 9, .N = 20, .K = 4, .a_MK = {a.data(), 4, 1}, .c_MN = c.data(), .c_stride = 32},
           MatrixView{b.data(), 20, 1});
  for (std::int64_t i = 0; i < 9; ++i)
    for (std::int64_t j = 20; j < 32; ++j) ASSERT_EQ(c[i * 32 + j], 7.0F);
}

TEST(Product, HasTheSameBitsHoweverManyRowsThereAre) {
  const std::int64_t K = 300, N = 100;
  const auto a = random_numbers(40 * K), b = random_numbers(K * N);
  const auto rows = [&](std::int64_t begin, std::int64_t count) {
    std::vector<float> c(count * N);
    multiply({.M = count, .N = N, .K = K, .a_MK = {a.data() + begin * K, K, 1}, .c_MN = c.data(), .c_stride = N},
             MatrixView{b.data(), N, 1});
    return c;
  };
  const auto all = rows(0, 40), one = rows(17, 1);
  for (std::int64_t j = 0; j < N; ++j) ASSERT_EQ(one[j], all[17 * N + j]) << j;
}

}  // namespace
}  // namespace ballast::cpu
