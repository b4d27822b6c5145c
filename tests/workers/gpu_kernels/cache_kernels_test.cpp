// rotate_into_cache and decode_attention: what works on the cache.
#include "tests/workers/gpu_kernels/kernel_case.h"

namespace ballast {
namespace {

using CacheKernels = KernelCase;

struct Shape {
  std::int64_t heads = 4;
  std::int64_t kv_heads = 2;
  std::int64_t head_dim = 64;
  std::int64_t window = 0;
  std::int64_t positions = 700;
};

constexpr std::int64_t slots = 4;

gpu::CacheLayer cache_of(const Shape& shape, ComputeDType dtype, const at::Tensor& keys, const at::Tensor& values) {
  return {.keys = keys.data_ptr(),
          .values = values.data_ptr(),
          .dtype = dtype,
          .positions = shape.positions,
          .kv_heads = shape.kv_heads,
          .head_dim = shape.head_dim};
}

gpu::CacheRows rows_of(const at::Tensor& slots_N, const at::Tensor& positions_N) {
  return {.slots = slots_N.const_data_ptr<std::int64_t>(),
          .positions = positions_N.const_data_ptr<std::int64_t>(),
          .count = slots_N.size(0)};
}

TEST_F(CacheKernels, RotateIntoCacheTurnsQueriesAndKeysAndKeepsKeysAndValues) {
  for (const auto dtype : both_dtypes)
    for (const Shape& shape : {Shape{}, Shape{.heads = 3, .kv_heads = 1, .head_dim = 20}, Shape{.head_dim = 256}})
      for (const bool turned : {true, false}) {
        SCOPED_TRACE(shape.head_dim);
        const auto D = shape.head_dim;
        const auto type = scalar_type(dtype);
        const std::vector<std::int64_t> size{slots, shape.kv_heads, shape.positions, D};
        const Arrays arrays{at::randn({3, shape.heads + 2 * shape.kv_heads, D}).to(type),
                            at::pow(10000.0, -at::arange(0, D, 2, at::kFloat) / D),
                            at::zeros(size, type),
                            at::zeros(size, type),
                            at::tensor({2, 0, 1}, at::kLong),
                            at::tensor({699, -1, 17}, at::kLong)};
        const auto call = [&](const gpu::Kernels& kernels, const Arrays& on) {
          kernels.rotate_into_cache({.qkv = on[0].data_ptr(),
                                     .frequencies = turned ? on[1].const_data_ptr<float>() : nullptr,
                                     .cache = cache_of(shape, dtype, on[2], on[3]),
                                     .rows = rows_of(on[4], on[5]),
                                     .heads = shape.heads},
                                    {});
        };
        expect_same(arrays, call, dtype == ComputeDType::float32 ? 2e-4 : tolerance_of(dtype));
      }
}

// The shapes that tensor cores take and those they do not.
const std::vector<Shape> shapes{{},
                                {.heads = 8, .kv_heads = 1, .head_dim = 128},
                                {.heads = 14, .kv_heads = 2, .head_dim = 64, .window = 100},
                                {.heads = 12, .kv_heads = 1, .head_dim = 128, .window = 300},
                                {.heads = 2, .kv_heads = 2, .head_dim = 128, .window = 1},
                                {.heads = 2, .kv_heads = 1, .head_dim = 20},
                                {.heads = 1, .kv_heads = 1, .head_dim = 96, .window = 257, .positions = 300},
                                {.heads = 1, .kv_heads = 1, .head_dim = 256, .positions = 300},
                                {.heads = 17, .kv_heads = 1, .head_dim = 64, .positions = 40}};

// Cache slots hold garbage behind their sequences, which must not show.
Arrays attention_arrays(const Shape& shape, ComputeDType dtype, const std::vector<std::int64_t>& positions) {
  const auto type = scalar_type(dtype);
  const auto N = static_cast<std::int64_t>(positions.size());
  const std::vector<std::int64_t> size{slots, shape.kv_heads, shape.positions, shape.head_dim};
  auto keys = at::randn(size), values = at::randn(size);
  auto slots_N = at::arange(N).flip(0).contiguous();
  for (std::int64_t row = 0; row < N; ++row) {
    const std::int64_t used = positions[row] + 1;
    for (auto* cache : {&keys, &values})
      cache->select(0, N - 1 - row).narrow(1, used, shape.positions - used).fill_(std::nan(""));
  }
  const auto width = (shape.heads + 2 * shape.kv_heads) * shape.head_dim;
  return {at::randn({N, width}).to(type),
          keys.to(type),
          values.to(type),
          slots_N,
          at::tensor(positions, at::kLong),
          at::full({N, shape.heads, shape.head_dim}, 7.0).to(type)};
}

OnArrays attend(const Shape& shape, ComputeDType dtype) {
  return [&shape, dtype](const gpu::Kernels& kernels, const Arrays& on) {
    const auto cache = cache_of(shape, dtype, on[1], on[2]);
    const auto N = on[0].size(0);
    const auto scratch = at::full({gpu::decode_attention_scratch(N, shape.heads, cache)}, std::nan(""),
                                  on[0].options().dtype(at::kFloat));
    kernels.decode_attention({.q = on[0].data_ptr(),
                              .q_stride = on[0].size(1),
                              .cache = cache,
                              .rows = rows_of(on[3], on[4]),
                              .heads = shape.heads,
                              .scale = 0.125F,
                              .window = shape.window,
                              .out = on[5].data_ptr(),
                              .scratch = scratch.data_ptr<float>()},
                             {});
  };
}

TEST_F(CacheKernels, DecodeAttentionSeesItsSequenceAndNothingElse) {
  for (const auto dtype : both_dtypes)
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      SCOPED_TRACE(testing::Message() << "shape " << i << (dtype == ComputeDType::float32 ? " float32" : " bfloat16"));
      const auto last = shapes[i].positions - 1;
      expect_same(attention_arrays(shapes[i], dtype, {0, last, -1, last / 2}), attend(shapes[i], dtype),
                  tolerance_of(dtype));
    }
}

TEST_F(CacheKernels, ARowOfDecodeAttentionHasTheSameBitsInAnyCompany) {
  for (const auto dtype : both_dtypes)
    for (const Shape& shape :
         {Shape{.positions = 300}, Shape{.heads = 2, .kv_heads = 1, .head_dim = 20, .positions = 300}}) {
      const auto arrays = attention_arrays(shape, dtype, {40, 299, 255, 256});
      const auto all = after(*target_.kernels, target_.device, arrays, attend(shape, dtype));
      for (std::int64_t row = 0; row < 4; ++row) {
        Arrays alone = arrays;
        for (const std::size_t i : {0, 3, 4, 5}) alone[i] = arrays[i].narrow(0, row, 1).contiguous();
        const auto found = after(*target_.kernels, target_.device, alone, attend(shape, dtype));
        EXPECT_TRUE(at::equal(found[5][0], all[5][row])) << "row " << row;
      }
    }
}

}  // namespace
}  // namespace ballast
