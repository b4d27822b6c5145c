// The tensor core's product of small matrices.
#pragma once

namespace ballast::gpu::device {

// c [16, 8] += a [16, 16] b [16, 8], a and b bfloat16, c float32, by one warp (PTX mma.m16n8k16, whose documentation
// says which lane holds what). A register of a or b holds two elements, the first in its lower half.
__device__ inline void multiply_add(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2]) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

}  // namespace ballast::gpu::device
