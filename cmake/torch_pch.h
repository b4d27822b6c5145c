// Precompiled header of workers, algorithms and their tests: what they use of torch. With <torch/torch.h> each file would
// take 5 s longer.
#pragma once
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>
