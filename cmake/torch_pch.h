// Precompiled header of workers, algorithms and their tests: including torch costs over 20 s a file without it.
#pragma once
#include <torch/torch.h>
