// What the process is told by its surroundings rather than by its configuration. The one place that reads environment
// variables.
#pragma once

namespace ballast {

// This process's rank as its launcher (mpirun, srun) says, before MPI has started; 0 where nothing says otherwise.
int launcher_rank();

// Whether mpirun or srun has started this process as one rank of a job.
bool has_launcher();

}  // namespace ballast
