// Who may connect: the ZeroMQ Authentication Protocol (RFC 27) for exactly the ranks' public keys.
#pragma once
#include <map>
#include <string>
#include <vector>

namespace ballast {

class KeyRing {
 public:
  // `rank_keys[r]` is the Z85 public key of rank r. Throws ControlError on a key that is not one, or given twice.
  explicit KeyRing(const std::vector<std::string>& rank_keys);

  struct Verdict {
    std::vector<std::string> reply;  // the frames of the ZAP reply; the User-Id of an admitted connection is its rank
    std::string refusal;             // why not; empty when admitted
  };
  // `request`: the frames of a ZAP request.
  Verdict judge(const std::vector<std::string>& request) const;

 private:
  std::map<std::string, int> rank_of_;  // by binary public key
};

}  // namespace ballast
