// Speaks for a tokenizer to the scripts that compare it with others.
//   tokenizer_probe FOLDER
// Each line of standard input is JSON: {"hex": bytes of a text} is answered by the line of its ids, {"ids": [...]} by
// the line of their text as JSON.
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "workers/data/tokenizer_folder.h"

namespace {

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: tokenizer_probe FOLDER\n";
    return 2;
  }
  try {
    const auto tokenizer = ballast::load_tokenizer(argv[1]);
    std::ios::sync_with_stdio(false);
    for (std::string line; std::getline(std::cin, line);) {
      const auto request = nlohmann::json::parse(line);
      const nlohmann::json answer = request.contains("hex")
                                        ? nlohmann::json(tokenizer->encode(from_hex(request.at("hex"))))
                                        : nlohmann::json(tokenizer->decode(request.at("ids").get<ballast::TokenIds>()));
      std::cout << answer.dump() << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
