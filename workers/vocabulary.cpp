#include "workers/vocabulary.h"

#include <fmt/format.h>

#include "workers/data/same_tokenizer.h"
#include "workers/data/tokenizer_folder.h"

namespace ballast {

bool has_tokenizer(const ModelSource& source) {
  const auto folder = source.tokenizer_folder();
  return folder && has_tokenizer(*folder);
}

bool share_vocabulary(const ModelSource& model, const ModelSource& actor) {
  if (has_tokenizer(model) && has_tokenizer(actor))
    return same_tokenizer(*model.tokenizer_folder(), *actor.tokenizer_folder());
  const auto size = model_config(model).vocab;
  const auto actor_size = model_config(actor).vocab;
  if (size != actor_size) {
    throw UserError(fmt::format(
        "the model has {} token ids, the actor {}; allowed: the same number, or a tokenizer in both folders", size,
        actor_size));
  }
  return true;
}

}  // namespace ballast
