#include "workers/data/regex.h"

#include <array>
#include <cstdint>
#include <stdexcept>

#include <fmt/format.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace ballast {
namespace {

// PCRE2 counts U+180E as white space, Unicode and Oniguruma do not.
constexpr std::string_view white_space_class =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

/// Rewrites a pattern of Oniguruma for PCRE2.
class Translation {
 public:
  explicit Translation(std::string_view pattern) : rest_(pattern) {
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\\') {
        escape();
      } else if (in_class_) {
        in_class(c);
      } else {
        outside_class(c);
      }
    }
  }

  const std::string& pattern() const { return translated_; }

 private:
  void escape() {
    const char c = rest_.empty() ? '\0' : rest_.front();
    constexpr std::string_view same = R"(pPdDrnt\'"|()[]{}.*+?^$-/ )";
    if (c == 's') {
      translated_ += in_class_ ? std::string(white_space_class) : fmt::format("[{}]", white_space_class);
    } else if (c == 'S' && !in_class_) {
      translated_ += fmt::format("[^{}]", white_space_class);
    } else if (c != '\0' && same.find(c) != std::string_view::npos) {
      translated_ += {'\\', c};
    } else {
      throw std::invalid_argument(fmt::format("'\\{}'{} is not supported", c, in_class_ ? " in brackets" : ""));
    }
    rest_.remove_prefix(1);
  }

  void in_class(char c) {
    if (c == '[' || (c == '&' && rest_.starts_with('&'))) {
      throw std::invalid_argument(fmt::format("'{}' in brackets is not supported", c));
    }
    in_class_ = c != ']';
    translated_ += c;
  }

  void outside_class(char c) {
    if (c == '^' || c == '$') {
      throw std::invalid_argument(fmt::format("'{}' is not supported", c));
    }
    translated_ += c;
    in_class_ = c == '[';
    if (in_class_ && rest_.starts_with('^')) {
      translated_ += '^';
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
  std::string translated_;
  bool in_class_ = false;
};

std::string message_of(int error) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(error, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

PCRE2_SPTR units_of(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

struct Regex::Code {
  explicit Code(std::string_view pattern) {
    int error = 0;
    PCRE2_SIZE offset = 0;
    compiled = pcre2_compile(units_of(pattern), pattern.size(), PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
    if (compiled == nullptr) {
      throw std::invalid_argument(message_of(error));
    }
    // Where there is no just-in-time compiler, matching is slower.
    pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
  }
  ~Code() { pcre2_code_free(compiled); }
  Code(const Code&) = delete;
  Code& operator=(const Code&) = delete;

  bool can_match_empty_text() const {
    std::uint32_t answer = 0;
    pcre2_pattern_info(compiled, PCRE2_INFO_MATCHEMPTY, &answer);
    return answer != 0;
  }

  pcre2_code* compiled = nullptr;
};

Regex::Regex(std::string_view pattern) : code_(std::make_unique<Code>(Translation(pattern).pattern())) {
  if (code_->can_match_empty_text()) {
    throw std::invalid_argument("it can match an empty text");
  }
}

Regex::~Regex() = default;
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;

std::vector<std::string_view> Regex::isolate(std::string_view text) const {
  using Match = std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)>;
  const Match match(pcre2_match_data_create_from_pattern(code_->compiled, nullptr), &pcre2_match_data_free);
  std::vector<std::string_view> pieces;
  std::size_t done = 0;
  while (done < text.size()) {
    const auto found =
        pcre2_match(code_->compiled, units_of(text), text.size(), done, PCRE2_NO_UTF_CHECK, match.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) {
      pieces.push_back(text.substr(done));
      break;
    }
    if (found < 0) {
      throw std::runtime_error(fmt::format("a regular expression failed on a text: {}", message_of(found)));
    }
    const auto* bounds = pcre2_get_ovector_pointer(match.get());
    if (done < bounds[0]) {
      pieces.push_back(text.substr(done, bounds[0] - done));
    }
    pieces.push_back(text.substr(bounds[0], bounds[1] - bounds[0]));
    done = bounds[1];
  }
  return pieces;
}

}  // namespace ballast
