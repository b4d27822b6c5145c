#include "workers/data/clean_up.h"

#include <array>
#include <utility>

namespace ballast {

std::string replace_all(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// One after the other: what one replacement leaves the next one sees.
std::string clean_up_spaces(std::string text) {
  using Replacement = std::pair<std::string_view, std::string_view>;
  constexpr std::array replacements{Replacement{" .", "."},    Replacement{" ?", "?"},   Replacement{" !", "!"},
                                    Replacement{" ,", ","},    Replacement{" ' ", "'"},  Replacement{" n't", "n't"},
                                    Replacement{" 'm", "'m"},  Replacement{" 's", "'s"}, Replacement{" 've", "'ve"},
                                    Replacement{" 're", "'re"}};
  for (const auto& [what, by] : replacements) {
    text = replace_all(std::move(text), what, by);
  }
  return text;
}

}  // namespace ballast
