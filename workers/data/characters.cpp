#include "workers/data/characters.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <utf8proc.h>

#include "workers/data/utf8.h"

namespace ballast {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

template <std::size_t n>
bool is_in(const std::array<Range, n>& ranges, char32_t character) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const Range& range) { return character >= range.first && character <= range.last; });
}

constexpr std::array white_space{
    Range{0x9, 0xD},       Range{0x20, 0x20},     Range{0x85, 0x85},     Range{0xA0, 0xA0},     Range{0x1680, 0x1680},
    Range{0x2000, 0x200A}, Range{0x2028, 0x2029}, Range{0x202F, 0x202F}, Range{0x205F, 0x205F}, Range{0x3000, 0x3000}};

// Alphabetic or joining, though their general category is none of letters, marks, digits and connectors.
constexpr std::array other_word_characters{Range{0x200C, 0x200D}, Range{0x24B6, 0x24E9}, Range{0x1F130, 0x1F149},
                                           Range{0x1F150, 0x1F169}, Range{0x1F170, 0x1F189}};

}  // namespace

bool is_white_space(char32_t character) { return is_in(white_space, character); }

bool is_python_space(char32_t character) {
  return is_white_space(character) || (character >= 0x1C && character <= 0x1F);
}

bool is_word_character(char32_t character) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return is_in(other_word_characters, character);
  }
}

std::string nfc(std::string_view text) {
  utf8proc_uint8_t* mapped = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  if (length < 0) {
    throw std::runtime_error(fmt::format("a text cannot be normalized: {}", utf8proc_errmsg(length)));
  }
  return {reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(length)};
}

std::string_view without_leading(std::string_view text, CharacterTest test) {
  while (!text.empty() && test(first_code_point(text).value)) {
    text.remove_prefix(first_code_point(text).length);
  }
  return text;
}

std::string_view without_trailing(std::string_view text, CharacterTest test) {
  while (!text.empty() && test(last_code_point(text).value)) {
    text.remove_suffix(last_code_point(text).length);
  }
  return text;
}

bool begins_with_word(std::string_view text) {
  return !text.empty() && is_word_character(first_code_point(text).value);
}

bool ends_with_word(std::string_view text) { return !text.empty() && is_word_character(last_code_point(text).value); }

}  // namespace ballast
