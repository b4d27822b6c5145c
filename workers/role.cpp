#include "workers/role.h"

namespace ballast {

std::string_view to_string(Role role) {
  for (const auto& [value, name] : role_names) {
    if (value == role) return name;
  }
  return "unknown role";
}

}  // namespace ballast
