#include "comm/control_zap.h"

#include <gtest/gtest.h>
#include <zmq.h>

#include <array>

#include "comm/control_channel.h"

namespace ballast {
namespace {

using Frames = std::vector<std::string>;

std::string binary(const std::string& text_key) {
  std::array<std::uint8_t, 32> key{};
  zmq_z85_decode(key.data(), text_key.c_str());
  return {key.begin(), key.end()};
}

Frames request(const std::string& mechanism, const std::string& credentials) {
  return {"1.0", "17", "ballast", "127.0.0.1", "", mechanism, credentials};
}

TEST(KeyRing, AdmitsEachKnownKeyAsItsRank) {
  const Frames keys{CurveKeyPair::generate().public_key, CurveKeyPair::generate().public_key};
  const KeyRing ring(keys);
  EXPECT_EQ(ring.judge(request("CURVE", binary(keys[0]))).reply, (Frames{"1.0", "17", "200", "OK", "0", ""}));
  EXPECT_EQ(ring.judge(request("CURVE", binary(keys[1]))).reply, (Frames{"1.0", "17", "200", "OK", "1", ""}));
}

TEST(KeyRing, RefusesAnUnknownKeyAndSaysFromWhere) {
  const KeyRing ring({CurveKeyPair::generate().public_key});
  const auto verdict = ring.judge(request("CURVE", binary(CurveKeyPair::generate().public_key)));
  EXPECT_EQ(verdict.reply.at(2), "400");
  EXPECT_EQ(verdict.refusal, "unknown key from 127.0.0.1");
}

TEST(KeyRing, RefusesOtherMechanismsAndMalformedRequests) {
  const auto keys = CurveKeyPair::generate();
  const KeyRing ring({keys.public_key});
  EXPECT_EQ(ring.judge(request("NULL", binary(keys.public_key))).refusal, "mechanism 'NULL' is not CURVE");
  const Frames sound = request("CURVE", binary(keys.public_key));
  for (std::size_t frames = 0; frames < sound.size(); ++frames) {
    const Frames cut(sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(frames));
    EXPECT_EQ(ring.judge(cut).reply.at(2), "400") << frames << " frames";
  }
  Frames other_version = sound;
  other_version[0] = "2.0";
  EXPECT_EQ(ring.judge(other_version).reply.at(2), "400");
}

}  // namespace
}  // namespace ballast
