#include "launch/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>

namespace ballast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

enum class Update { Step, Iteration };
constexpr std::array<std::pair<Update, std::string_view>, 2> update_names{
    {{Update::Step, "step"}, {Update::Iteration, "iteration"}}};
constexpr const auto& enum_names(Update) { return update_names; }

struct Lagrange {
  double init = 1.0;
  std::optional<double> max = 5.0;
  Update update_every = Update::Step;
  bool operator==(const Lagrange&) const = default;
  template <typename Fields>
  void describe(Fields& field) {
    field("init", init, "lambda at the start").above(0.0);
    field("max", max, "upper bound of lambda; null: none").above(0.0).at_most(100.0);
    field("update_every", update_every, "when lambda moves");
  }
};

struct Shape {
  int hidden = 64;
  bool operator==(const Shape&) const = default;
  template <typename Fields>
  void describe(Fields& field) {
    field("hidden", hidden, "width").at_least(1);
  }
};

struct Rule {
  std::string name;
  double weight = 1.0;
  bool operator==(const Rule&) const = default;
  template <typename Fields>
  void describe(Fields& field) {
    field("name", name, "what it is called");
    field("weight", weight, "its share | of the sum").below(2.0);
  }
};

struct Train {
  std::filesystem::path output = "runs/one";
  std::int64_t seed = 42;
  bool strict = false;
  std::string note;
  Lagrange lagrange;
  std::optional<Shape> random;
  std::map<std::string, std::vector<int>> placement;
  std::vector<Rule> rules;
  std::map<std::string, Shape> models;
  std::optional<std::vector<double>> betas;
  bool operator==(const Train&) const = default;
  template <typename Fields>
  void describe(Fields& field) {
    field("output", output, "folder of the run");
    field("seed", seed, "of all random draws").at_least(0);
    field("strict", strict, "refuse unusable rows");
    field("note", note, "free text");
    field("lagrange", lagrange, "the multiplier");
    field("random", random, "a model made by shape; null: none");
    field("placement", placement, "ranks of each role").at_least(0);
    field("rules", rules, "what is judged");
    field("models", models, "models by name");
    field("betas", betas, "of Adam").at_least(0.0).below(1.0);
  }
};

Train parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_config<Train>({text, "run.yaml"}, overrides);
}

// The error's text, or nothing when the configuration is accepted.
std::string error_of(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse(text, overrides);
    return "";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

Train everything_set() {
  return {.output = "runs/a: b #1",
          .seed = 9007199254740993,
          .strict = true,
          .note = "null",
          .lagrange = {.init = 0.1, .max = std::nullopt, .update_every = Update::Iteration},
          .random = Shape{.hidden = 16},
          .placement = {{"actor", {0, 1}}, {"cost", {}}},
          .rules = {{"two\nlines \"quoted\"", 1e-30}, {"true", 0.5}},
          .models = {{"small", {.hidden = 8}}},
          .betas = std::vector{0.9, 0.95}};
}

TEST(ConfigFile, KeepsTheDefaultsOfKeysThatAreLeftOut) {
  EXPECT_EQ(parse(""), Train{});
  EXPECT_EQ(parse("# nothing but a comment\n"), Train{});
  EXPECT_EQ(parse("lagrange: {init: 2}").lagrange, (Lagrange{.init = 2.0}));
}

TEST(ConfigFile, ReadsEveryTypeOfSetting) {
  const Train train = parse(R"(
output: runs/two
seed: 9007199254740993
strict: true
note: 12
lagrange: {init: 1e-3, max: null, update_every: iteration}
random: {hidden: 16}
placement: {actor: [0, 1], cost: []}
rules:
  - {name: helpful, weight: 0.5}
  - {name: 'true'}
models: {small: {hidden: 8}, large: {}}
betas: [0.9, 0.95]
)");
  EXPECT_EQ(train, (Train{.output = "runs/two",
                          .seed = 9007199254740993,
                          .strict = true,
                          .note = "12",
                          .lagrange = {.init = 1e-3, .max = std::nullopt, .update_every = Update::Iteration},
                          .random = Shape{.hidden = 16},
                          .placement = {{"actor", {0, 1}}, {"cost", {}}},
                          .rules = {{"helpful", 0.5}, {"true"}},
                          .models = {{"small", {.hidden = 8}}, {"large", {}}},
                          .betas = std::vector{0.9, 0.95}}));
}

TEST(ConfigFile, ReportsAllViolationsInTheOrderOfTheLines) {
  EXPECT_EQ(error_of("strict: maybe\nlagrange:\n  inti: 2\n  max: -1\nseed: 1.5\n"),
            "run.yaml:1: field 'strict': found 'maybe'; allowed true or false\n"
            "run.yaml:3: field 'lagrange.inti': found an unknown key (did you mean 'init'?); "
            "allowed init, max, update_every\n"
            "run.yaml:4: field 'lagrange.max': found -1; allowed above 0\n"
            "run.yaml:5: field 'seed': found '1.5'; allowed a whole number");
}

TEST(ConfigFile, SuggestsNothingForAKeyThatIsFarFromAllOthers) {
  EXPECT_THAT(error_of("temperature: 1"),
              StartsWith("run.yaml:1: field 'temperature': found an unknown key; allowed "));
}

TEST(ConfigFile, RefusesValuesOfAnotherType) {
  EXPECT_THAT(error_of("seed: '5'"), HasSubstr("found '5' in quotes; allowed a whole number"));
  EXPECT_THAT(error_of("seed: [5]"), HasSubstr("found a list; allowed a whole number"));
  EXPECT_THAT(error_of("seed: 99999999999999999999"),
              HasSubstr("found '99999999999999999999'; allowed a whole number of at most 9223372036854775807"));
  EXPECT_THAT(error_of("random: {hidden: 3000000000}"), HasSubstr("allowed a whole number of at most 2147483647"));
  EXPECT_THAT(error_of("strict: yes"), HasSubstr("found 'yes'; allowed true or false"));
  EXPECT_THAT(error_of("note: {a: b}"), HasSubstr("found a mapping; allowed text"));
  EXPECT_THAT(error_of("note:"), HasSubstr("found null; allowed text"));
  EXPECT_THAT(error_of("output: []"), HasSubstr("found a list; allowed a path"));
  EXPECT_THAT(error_of("lagrange: 3"), HasSubstr("found '3'; allowed a section"));
  EXPECT_THAT(error_of("lagrange:"), HasSubstr("found null; allowed a section"));
  EXPECT_THAT(error_of("rules: {name: x}"), HasSubstr("found a mapping; allowed a list, each a section"));
  EXPECT_THAT(error_of("models: [x]"), HasSubstr("found a list; allowed a mapping of names, each to a section"));
  EXPECT_THAT(error_of("lagrange: {update_every: steps}"), HasSubstr("found 'steps'; allowed one of step, iteration"));
  EXPECT_THAT(error_of("- a\n- b\n"), HasSubstr("run.yaml:1: found a list; allowed a section"));
}

TEST(ConfigFile, RefusesNumbersThatAreNotFinite) {
  for (const char* number : {"nan", ".nan", "inf", ".inf", "1e999", "1,5", "0x10", "1_000", "1.0f", "--1"}) {
    EXPECT_THAT(error_of(std::string("lagrange: {init: ") + number + "}"), HasSubstr("allowed")) << number;
  }
}

TEST(ConfigFile, ChecksEveryBound) {
  EXPECT_THAT(error_of("seed: -1"), HasSubstr("found -1; allowed at least 0"));
  EXPECT_THAT(error_of("lagrange: {init: 0}"), HasSubstr("found 0; allowed above 0"));
  EXPECT_THAT(error_of("lagrange: {max: 100.5}"), HasSubstr("found 100.5; allowed at most 100"));
  EXPECT_THAT(error_of("rules: [{weight: 2}]"), HasSubstr("field 'rules[0].weight': found 2; allowed below 2"));
  EXPECT_EQ(error_of("seed: 0"), "");
  EXPECT_EQ(error_of("lagrange: {max: 100}"), "");
}

TEST(ConfigFile, ChecksNumbersInsideListsAndMappings) {
  EXPECT_THAT(error_of("placement: {actor: [0, -3]}"), HasSubstr("field 'placement': found -3; allowed at least 0"));
  EXPECT_THAT(error_of("betas: [0.9, 1]"), HasSubstr("field 'betas': found 1; allowed below 1"));
}

TEST(ConfigFile, NamesTheItemAndItsLine) {
  EXPECT_EQ(error_of("rules:\n  - name: a\n  - wieght: 1\n"),
            "run.yaml:3: field 'rules[1].wieght': found an unknown key (did you mean 'weight'?); allowed name, weight");
  EXPECT_THAT(error_of("models:\n  small:\n    hidden: 0\n"), StartsWith("run.yaml:3: field 'models.small.hidden'"));
  EXPECT_THAT(error_of("placement:\n  actor: [0,\n    x]\n"), StartsWith("run.yaml:3: field 'placement.actor[1]'"));
}

TEST(ConfigFile, NamesTheLineOfAValueThatIsLeftOut) {
  EXPECT_THAT(error_of("seed: 1\nnote:\n\n\nstrict: true\n"), StartsWith("run.yaml:2: field 'note': found null"));
}

TEST(ConfigFile, RefusesDuplicateKeys) {
  EXPECT_EQ(error_of("seed: 1\nlagrange:\n  init: 1\n  init: 2\n"),
            "run.yaml:4: field 'lagrange.init': found the key a second time; allowed each key once in a mapping");
}

TEST(ConfigFile, RefusesMalformedYaml) {
  EXPECT_THAT(error_of("seed: 1\nbetas: [1,\n"), StartsWith("run.yaml:3: found a syntax error ("));
  EXPECT_THAT(error_of("seed: 1\n\tstrict: true\n"), StartsWith("run.yaml:2: found a syntax error ("));
  EXPECT_THAT(error_of("a: b: c"), StartsWith("run.yaml:1: found a syntax error ("));
  EXPECT_THAT(error_of("seed: 1\n---\nseed: 2\n"), HasSubstr("found a further document; allowed one document"));
  EXPECT_THAT(error_of("[1, 2]: x"), HasSubstr("found a list as a key; allowed text"));
  EXPECT_THAT(error_of("rules: &all [*all]"), HasSubstr("found an alias (*name)"));
  EXPECT_THAT(error_of(std::string(100000, '[')), HasSubstr("found a syntax error"));
  EXPECT_THAT(error_of(std::string("seed: \0\xff\xfe", 9)), Not(testing::IsEmpty()));
}

TEST(ConfigFile, NamesAFileThatCannotBeRead) {
  for (const std::string file : {"no/such/file.yaml", "/"}) {
    try {
      read_config<Train>(file);
      FAIL() << file << " was accepted";
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.what(), file + ": found no file that can be read; allowed a YAML file");
    }
  }
}

TEST(ConfigFile, ReadsAFile) {
  const auto file = std::filesystem::path(testing::TempDir()) / "config_file_test.yaml";
  std::ofstream(file) << "seed: 7\n";
  EXPECT_EQ(read_config<Train>(file, {"strict=true"}), (Train{.seed = 7, .strict = true}));
}

TEST(ConfigOverrides, ReplaceWhatTheFileSays) {
  const Train train = parse("seed: 1\nlagrange: {init: 2, max: 3}\n",
                            {"seed=5", "lagrange.init=4", "random.hidden=8", "placement.actor=[1]", "note=a=b"});
  EXPECT_EQ(train, (Train{.seed = 5,
                          .note = "a=b",
                          .lagrange = {.init = 4.0, .max = 3.0},
                          .random = Shape{.hidden = 8},
                          .placement = {{"actor", {1}}}}));
  EXPECT_EQ(parse("lagrange: {init: 2}", {"lagrange={max: null}"}).lagrange, (Lagrange{.max = std::nullopt}));
  EXPECT_EQ(parse("", {"lagrange.max=null"}).lagrange.max, std::nullopt);
}

TEST(ConfigOverrides, AreCheckedLikeTheFileAndReportedAfterIt) {
  EXPECT_EQ(error_of("seed: -1\n", {"lagrange.init=-2", "lagrange.mox=1", "strict=1", "note="}),
            "run.yaml:1: field 'seed': found -1; allowed at least 0\n"
            "command line: field 'strict': found '1'; allowed true or false\n"
            "command line: field 'note': found null; allowed text\n"
            "command line: field 'lagrange.init': found -2; allowed above 0\n"
            "command line: field 'lagrange.mox': found an unknown key (did you mean 'max'?); "
            "allowed init, max, update_every");
}

TEST(ConfigOverrides, RefuseAssignmentsThatHaveNoPlace) {
  EXPECT_EQ(error_of("", {"seed"}), "command line: found 'seed'; allowed key.path=value");
  EXPECT_EQ(error_of("", {"=1"}), "command line: found '=1'; allowed key.path=value");
  EXPECT_EQ(error_of("seed: 1", {"seed.low=1"}),
            "command line: field 'seed.low': found that 'seed' is '1'; allowed a key inside a section");
  EXPECT_THAT(error_of("", {"seed=[1"}), StartsWith("command line: found a syntax error ("));
  for (const char* path : {".seed", "seed.", "lagrange..init"}) {
    EXPECT_THAT(error_of("", {std::string(path) + "=1"}), HasSubstr("=1'; allowed key.path=value")) << path;
  }
}

TEST(ConfigWriter, WritesWhatReadsBackEqual) {
  EXPECT_EQ(parse(write_config(Train{})), Train{});
  EXPECT_EQ(parse(write_config(everything_set())), everything_set()) << write_config(everything_set());
}

TEST(ConfigWriter, ExplainsEverySettingInAComment) {
  EXPECT_EQ(write_config(Lagrange{.max = std::nullopt}),
            "init: 1  # lambda at the start\n"
            "max: null  # upper bound of lambda; null: none\n"
            "update_every: step  # when lambda moves\n");
  EXPECT_THAT(write_config(Train{}), HasSubstr("lagrange:  # the multiplier\n  init: 1  # lambda at the start\n"));
}

TEST(ConfigTable, ListsKeysDefaultsBoundsAndMeaning) {
  EXPECT_EQ(document_config<Lagrange>(),
            "| key          | default | allowed                                 | meaning |\n"
            "| ---          | ---     | ---                                     | --- |\n"
            "| init         | 1       | a number, above 0                       | lambda at the start |\n"
            "| max          | 5       | a number, or null, above 0, at most 100 | upper bound of lambda; null: none |\n"
            "| update_every | step    | one of step, iteration                  | when lambda moves |\n");
}

TEST(ConfigTable, ReachesIntoOptionalsListsAndMappings) {
  std::vector<SettingsRow> rows;
  SettingsTable table(rows, "");
  Train{}.describe(table);
  std::vector<std::string> keys;
  for (const SettingsRow& row : rows) {
    keys.push_back(row.key);
  }
  EXPECT_THAT(keys, ElementsAre("output", "seed", "strict", "note", "lagrange", "lagrange.init", "lagrange.max",
                                "lagrange.update_every", "random", "random.hidden", "placement", "rules",
                                "rules[].name", "rules[].weight", "models", "models.NAME.hidden", "betas"));
  EXPECT_THAT(document_config<Train>(), HasSubstr("its share \\| of the sum"));
}

}  // namespace
}  // namespace ballast
