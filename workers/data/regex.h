// Regular expressions over Unicode text, as the files of tokenizers write them.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ballast {

/// A pattern in the dialect of Oniguruma, which Hugging Face's `tokenizers` uses; only what means the same in PCRE2 is
/// understood. May be used by several threads at once.
class Regex {
 public:
  /// Throws std::invalid_argument, with the reason, for a pattern that is malformed, that holds what the two dialects
  /// read differently, or that can match an empty text.
  explicit Regex(std::string_view pattern);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

  /// The matches, from left to right, and the stretches between them; together they are the text, which is valid UTF-8.
  std::vector<std::string_view> isolate(std::string_view text) const;

 private:
  struct Code;
  std::unique_ptr<Code> code_;
};

}  // namespace ballast
