// Precompiled header of tests with torch.
#pragma once
#include <gmock/gmock.h>

#include "torch_pch.h"
