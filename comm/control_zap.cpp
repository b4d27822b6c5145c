#include "comm/control_zap.h"

#include <fmt/format.h>
#include <zmq.h>

#include <array>

#include "comm/control_channel.h"

namespace ballast {
namespace {

constexpr std::size_t binary_key_bytes = 32;
constexpr std::size_t text_key_chars = 40;

// The frames of a request, in order.
enum RequestFrame : std::size_t { version, request_id, domain, address, identity, mechanism, credentials, frame_count };

std::string binary_key(const std::string& text, std::size_t rank) {
  std::array<std::uint8_t, binary_key_bytes> key{};
  if (text.size() != text_key_chars || zmq_z85_decode(key.data(), text.c_str()) == nullptr) {
    throw ControlError(fmt::format("the public key of rank {} is not a Z85 key of 40 characters", rank));
  }
  return {key.begin(), key.end()};
}

// Why `request` cannot come from libzmq's CURVE mechanism; empty when it can. The identity frame is not looked at:
// libzmq fills it with the server's own.
std::string objection(const std::vector<std::string>& request) {
  if (request.size() != frame_count || request[version] != "1.0") return "malformed authentication request";
  if (request[mechanism] != "CURVE") return fmt::format("mechanism '{}' is not CURVE", request[mechanism]);
  return {};
}

}  // namespace

KeyRing::KeyRing(const std::vector<std::string>& rank_keys) {
  for (std::size_t rank = 0; rank < rank_keys.size(); ++rank) {
    const auto [entry, added] = rank_of_.emplace(binary_key(rank_keys[rank], rank), static_cast<int>(rank));
    if (!added) throw ControlError(fmt::format("ranks {} and {} have the same public key", entry->second, rank));
  }
}

KeyRing::Verdict KeyRing::judge(const std::vector<std::string>& request) const {
  const std::string id = request.size() > request_id ? request[request_id] : "";
  std::string refusal = objection(request);
  if (refusal.empty()) {
    const auto found = rank_of_.find(request[credentials]);
    if (found != rank_of_.end()) return {.reply = {"1.0", id, "200", "OK", std::to_string(found->second), ""}};
    refusal = fmt::format("unknown key from {}", request[address]);
  }
  return {.reply = {"1.0", id, "400", "not admitted", "", ""}, .refusal = refusal};
}

}  // namespace ballast
