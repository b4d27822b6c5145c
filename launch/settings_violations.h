// Everything that is wrong with a configuration, gathered so that its author sees it all at once.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "workers/user_error.h"

namespace ballast {

// A configuration that cannot be used. `what()` has one line for each violation.
struct ConfigError : UserError {
  using UserError::UserError;
};

// Where a setting was written: a file's line, or the command line (then `line` is 0).
struct Where {
  std::string source;
  int line = 0;
};

// `found` and `allowed` complete the sentence "field 'a.b': found ...; allowed ...".
struct Violation {
  Where where;
  std::string field;  // 'a.b.c'; empty: the file as a whole
  std::string found;
  std::string allowed;
};

class Violations {
 public:
  void add(Violation violation) { violations_.push_back(std::move(violation)); }
  bool empty() const { return violations_.empty(); }
  // In the order of the lines, those of the command line last.
  std::string text() const;
  // Throws ConfigError with `text()` unless there is nothing to report.
  void throw_if_any() const;

 private:
  std::vector<Violation> violations_;
};

}  // namespace ballast
