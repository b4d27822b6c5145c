#include "workers/generation/kv_cache.h"

#include <algorithm>

namespace ballast {
namespace {

template <typename Element>
constexpr std::int64_t group = sizeof(float) / sizeof(Element);  // elements that lie side by side

// Elements of a key head's part of a sequence.
template <typename Element>
std::int64_t key_elements(const CacheShape& shape) {
  return rounded_up(shape.positions, lane_count) * rounded_up(shape.head_dim, group<Element>);
}
std::int64_t value_elements(const CacheShape& shape) {
  return rounded_up(shape.positions, 2) * rounded_up(shape.head_dim, lane_count);
}

}  // namespace

template <typename Element>
std::int64_t KvCache<Element>::bytes(const CacheShape& shape) {
  const std::int64_t parts = shape.layers * shape.slots * shape.kv_heads;
  return parts * (key_elements<Element>(shape) + value_elements(shape)) * static_cast<std::int64_t>(sizeof(Element));
}

template <typename Element>
KvCache<Element>::KvCache(const CacheShape& shape)
    : shape_(shape),
      key_stride_(rounded_up(shape.head_dim, group<Element>)),
      value_stride_(rounded_up(shape.head_dim, lane_count)),
      keys_per_part_(key_elements<Element>(shape)),
      values_per_part_(value_elements(shape)),
      keys_(shape.layers * shape.slots * shape.kv_heads * keys_per_part_),
      values_(shape.layers * shape.slots * shape.kv_heads * values_per_part_) {}

template <typename Element>
std::int64_t KvCache<Element>::part(std::int64_t layer, std::int64_t slot, std::int64_t head) const {
  return (layer * shape_.slots + slot) * shape_.kv_heads + head;
}

template <typename Element>
Element* KvCache<Element>::keys(std::int64_t layer, std::int64_t slot, std::int64_t head) {
  return keys_.data() + part(layer, slot, head) * keys_per_part_;
}

template <typename Element>
const Element* KvCache<Element>::keys(std::int64_t layer, std::int64_t slot, std::int64_t head) const {
  return keys_.data() + part(layer, slot, head) * keys_per_part_;
}

template <typename Element>
Element* KvCache<Element>::values(std::int64_t layer, std::int64_t slot, std::int64_t head) {
  return values_.data() + part(layer, slot, head) * values_per_part_;
}

template <typename Element>
const Element* KvCache<Element>::values(std::int64_t layer, std::int64_t slot, std::int64_t head) const {
  return values_.data() + part(layer, slot, head) * values_per_part_;
}

template <typename Element>
void KvCache<Element>::put(std::int64_t layer, std::int64_t slot, std::int64_t position, const Element* keys_KD,
                           const Element* values_KD) {
  constexpr std::int64_t G = group<Element>;
  const std::int64_t D = shape_.head_dim;
  const std::int64_t pair = position / 2 * 2 * value_stride_;
  // Where the second of a pair of positions lies, and the next element of a position.
  const std::int64_t second = G == 1 ? value_stride_ : 1;
  for (std::int64_t head = 0; head < shape_.kv_heads; ++head) {
    Element* key = keys(layer, slot, head) + position / lane_count * key_stride_ * lane_count;
    key += position % lane_count * G;
    for (std::int64_t d = 0; d < D; ++d) key[d / G * lane_count * G + d % G] = keys_KD[head * D + d];
    Element* value = values(layer, slot, head) + pair;
    value += position % 2 * second;
    for (std::int64_t d = 0; d < D; ++d) value[d * G] = values_KD[head * D + d];
  }
}

template <typename Element>
void KvCache<Element>::copy(std::int64_t from, std::int64_t to, std::int64_t positions) {
  const std::int64_t key_elements = rounded_up(positions, lane_count) * key_stride_;
  const std::int64_t value_elements = rounded_up(positions, 2) * value_stride_;
  for (std::int64_t layer = 0; layer < shape_.layers; ++layer) {
    for (std::int64_t head = 0; head < shape_.kv_heads; ++head) {
      std::copy_n(keys(layer, from, head), key_elements, keys(layer, to, head));
      std::copy_n(values(layer, from, head), value_elements, values(layer, to, head));
    }
  }
}

template class KvCache<float>;
template class KvCache<Bfloat16>;

}  // namespace ballast
