// One JSON row's fields, read as what a data set means by them.
#pragma once
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace ballast {

/// A row that a data set cannot use; the text is the reason, without the row's place. The reader of the file skips it.
struct UnusableRow : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Every accessor throws UnusableRow naming the field, what was found and what is allowed.
class RowFields {
 public:
  /// `row` is an object and outlives this.
  explicit RowFields(const nlohmann::json& row) : row_(row) {}

  /// The field is there and not null.
  bool given(const std::string& key) const;
  std::string text(const std::string& key) const;
  /// A text as one turn; a list of texts, or of {role, content} that alternate from the user on, as its turns.
  std::vector<std::string> turns(const std::string& key) const;
  /// true, false, 1 or 0.
  bool flag(const std::string& key) const;
  /// Which of two: 0 or 1, as a number or as text.
  int choice(const std::string& key) const;
  /// Token ids: whole numbers from 0.
  std::vector<std::int64_t> ids(const std::string& key) const;

 private:
  const nlohmann::json& at(const std::string& key) const;

  const nlohmann::json& row_;
};

}  // namespace ballast
