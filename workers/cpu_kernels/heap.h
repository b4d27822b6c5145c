// The process's memory.
#pragma once

namespace ballast {

// From now on freed memory stays with the process: each training step takes the same again, and the system would clear
// every page of it anew.
void keep_freed_memory();

}  // namespace ballast
