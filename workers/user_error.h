// What the person who started the run can mend: the message is one sentence with file, field, found and allowed.
#pragma once
#include <stdexcept>

namespace ballast {

struct UserError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace ballast
