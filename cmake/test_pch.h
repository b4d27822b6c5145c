// Precompiled header of tests without torch.
#pragma once
#include <gmock/gmock.h>
