#include "launch/pair_accuracy.h"

#include <fmt/format.h>

#include "workers/data/row_fields.h"

namespace ballast {
namespace {

struct Count {
  std::int64_t right = 0;
  std::int64_t all = 0;

  void add(bool is_right) {
    right += is_right;
    ++all;
  }
};

void add_sentence(const Count& count, const std::string& what, std::vector<std::string>& sentences) {
  if (count.all == 0) return;
  sentences.push_back(fmt::format("{}: {:.4f} ({} of {})", what,
                                  static_cast<double>(count.right) / static_cast<double>(count.all), count.right,
                                  count.all));
}

}  // namespace

std::vector<std::string> pair_accuracies(std::span<const JsonRow> rows, const std::string& name, const RowKeys& keys,
                                         bool is_cost) {
  Count better, safer, sign;
  for (const auto& row : rows) {
    const RowFields fields(row.value);
    const std::array scores{row.value.at(name + "_0").get<double>(), row.value.at(name + "_1").get<double>()};
    const auto wins = [&](int id) { return is_cost ? scores[id] < scores[1 - id] : scores[id] > scores[1 - id]; };
    if (fields.given(keys.better)) better.add(wins(fields.choice(keys.better)));
    if (fields.given(keys.safer)) safer.add(wins(fields.choice(keys.safer)));
    for (const int id : {0, 1}) {
      if (is_cost && fields.given(keys.is_safe[id])) sign.add(fields.flag(keys.is_safe[id]) == (scores[id] <= 0.0));
    }
  }
  std::vector<std::string> sentences;
  add_sentence(better, "accuracy by " + keys.better, sentences);
  add_sentence(safer, "accuracy by " + keys.safer, sentences);
  add_sentence(sign, "accuracy of the sign", sentences);
  return sentences;
}

}  // namespace ballast
