#include "workers/data/utf8.h"

#include <algorithm>

namespace ballast {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

bool is_continuation(unsigned char byte) { return byte >= 0x80 && byte <= 0xBF; }

/// Bytes of a character that begins with this one; 0: no character does.
std::size_t length_from_lead(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    return 2;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    return 3;
  }
  return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/// The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
bool may_follow_lead(unsigned char lead, unsigned char second) {
  const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  return second >= low && second <= high;
}

struct Part {
  std::size_t length = 0;
  bool is_character = false;
};

/// The character that `bytes` begins with, or the bytes that one replacement stands for.
Part leading_part(std::string_view bytes) {
  const auto lead = byte_at(bytes, 0);
  const auto expected = length_from_lead(lead);
  std::size_t length = 1;
  while (length < std::min(expected, bytes.size())) {
    const auto next = byte_at(bytes, length);
    if (length == 1 ? !may_follow_lead(lead, next) : !is_continuation(next)) {
      break;
    }
    ++length;
  }
  return {.length = length, .is_character = length == expected};
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto lead = byte_at(text, 0);
  const auto length = length_from_lead(lead);
  if (length == 1) {
    return {.value = lead, .length = 1};
  }
  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    value = (value << 6U) | (byte_at(text, i) & 0x3FU);
  }
  return {.value = value, .length = length};
}

CodePoint last_code_point(std::string_view text) {
  auto begin = text.size() - 1;
  while (begin > 0 && is_continuation(byte_at(text, begin))) {
    --begin;
  }
  return first_code_point(text.substr(begin));
}

std::string replace_invalid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto part = leading_part(bytes);
    text += part.is_character ? bytes.substr(0, part.length) : replacement;
    bytes.remove_prefix(part.length);
  }
  return text;
}

}  // namespace ballast
