// What the process is told by its surroundings rather than by its configuration. The one place for environment
// variables.
#pragma once

namespace ballast {

// This process's rank as its launcher (mpirun, srun) says, before MPI has started; 0 where nothing says otherwise.
int launcher_rank();

// Whether mpirun or srun has started this process as one rank of a job.
bool has_launcher();

// Tells NCCL (2.30 or later) to take several ranks on one GPU, unless the environment says otherwise. To be called
// before NCCL's first call.
void let_ranks_share_a_gpu();

// Tells OpenMP, in the programs that this process starts, that threads which wait for work sleep instead of burning their
// core: ranks share cores. Keeps what the user has set.
void prefer_passive_waiting();

}  // namespace ballast
