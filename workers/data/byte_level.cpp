#include "workers/data/byte_level.h"

#include <array>

#include "workers/data/utf8.h"

namespace ballast {
namespace {

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<char32_t, 256> make_characters() {
  std::array<char32_t, 256> characters{};
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    characters[byte] = stands_for_itself(byte) ? byte : next++;
  }
  return characters;
}

constexpr auto characters = make_characters();
constexpr char32_t end_of_characters = 0x100 + 68;

constexpr std::array<int, end_of_characters> make_bytes() {
  std::array<int, end_of_characters> bytes{};
  bytes.fill(-1);
  for (int byte = 0; byte < 256; ++byte) {
    bytes[characters[byte]] = byte;
  }
  return bytes;
}

constexpr auto bytes_by_character = make_bytes();

}  // namespace

std::string byte_level_written(std::string_view bytes) {
  std::string written;
  for (const char byte : bytes) {
    const auto character = characters[static_cast<unsigned char>(byte)];
    if (character < 0x80) {
      written += static_cast<char>(character);
    } else {
      written += static_cast<char>(0xC0U | (character >> 6U));
      written += static_cast<char>(0x80U | (character & 0x3FU));
    }
  }
  return written;
}

std::string byte_level_bytes(std::string_view written) {
  std::string bytes;
  for (auto rest = written; !rest.empty();) {
    const auto character = first_code_point(rest);
    if (character.value >= end_of_characters || bytes_by_character[character.value] < 0) {
      return std::string(written);
    }
    bytes += static_cast<char>(bytes_by_character[character.value]);
    rest.remove_prefix(character.length);
  }
  return bytes;
}

}  // namespace ballast
