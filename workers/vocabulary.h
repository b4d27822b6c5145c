// Whether the actor's token ids mean to another model what they mean to the actor. No torch.
#pragma once
#include "workers/model/model_source.h"

namespace ballast {

// Two models share a vocabulary if their folders have the same tokenizer. Where one has none there is nothing to
// translate with, and vocabularies of equal size count as one; of different size they are a UserError.
bool share_vocabulary(const ModelSource& model, const ModelSource& actor);

// Whether the source has a tokenizer: in its folder, or in the one that is given for it.
bool has_tokenizer(const ModelSource& source);

}  // namespace ballast
