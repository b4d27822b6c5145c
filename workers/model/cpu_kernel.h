// Tensors as the kernels in workers/cpu_kernels take them.
#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>

#include "workers/cpu_kernels/elements.h"

namespace ballast {

// Whether those kernels are the right ones for this tensor: float32 or bfloat16 on a CPU with AVX-512. Elsewhere ATen's
// are.
bool suits_cpu_kernels(const at::Tensor& tensor);

// Whether float32 products are better made by cpu::multiply than by the library: MKL leaves AVX-512 unused on
// processors that are not Intel's.
bool multiplies_itself(const at::Tensor& tensor);

// What a thread gets at least of a pass over rows.
inline constexpr std::int64_t rows_per_thread = 64;

template <typename Element>
Element* data_of(const at::Tensor& tensor) {
  return static_cast<Element*>(tensor.data_ptr());
}

// Calls body(Element{}) with the tensor's kind of element.
template <typename Body>
void by_element(const at::Tensor& tensor, const Body& body) {
  if (tensor.scalar_type() == at::kFloat)
    body(float{});
  else
    body(Bfloat16{});
}

}  // namespace ballast
