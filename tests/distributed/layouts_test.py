"""Jobs give the same result in every layout of replicas and tensor-parallel shards, with and without ZeRO-1.

Usage: layouts_test.py MPIRUN BALLAST. Each job of JOBS runs on one rank and in each of its layouts. Where models are whole, weights
and metrics have the bits of the one rank; where they are cut, sums have another order: metrics agree within a tolerance, the weights
too, and the saved models have the same tensors of the same shapes. The journal says which kinds of bytes moved.
"""
import array
import json
import math
import pathlib
import struct
import subprocess
import sys
import tempfile

TRAINED = {"ppo_lag": ["actor", "reward_critic", "cost_critic"], "sft": ["actor"], "reward": ["reward"]}
SMALL = {
    "ppo_lag": ["iterations=2", "gradient_lanes=4", "batch={rollout: 16, mini_batch: 8, micro_batch: 2, max_length: 24}"],
    "sft": ["iterations=4", "gradient_lanes=4"],
    "reward": ["iterations=4", "gradient_lanes=4"],
}
CUT = ["actor.tensor_parallel=2", "reward_critic.tensor_parallel=2", "cost_critic.tensor_parallel=2"]
ZERO = ["actor.zero=true", "reward_critic.zero=true", "cost_critic.zero=true"]


def place(**roles):
    return "placement={" + ", ".join(f"{role}: {ranks}" for role, ranks in roles.items()) + "}"


ALL_ON_TWO = place(actor=[0, 1], reference=[0], reward=[1], cost=[0, 1], reward_critic=[1, 0], cost_critic=[0, 1])
REPLICAS = place(actor=[0, 1, 2, 3], reference=[2], reward=[3], cost=[1, 2], reward_critic=[0, 1], cost_critic=[2, 3])
# Four actors with whole models, critics of 2 x 2 shards in another order of ranks, a cost model in two shards.
MIXED = place(actor=[0, 1, 2, 3], reference=[0, 1], reward=[3], cost=[1, 2], reward_critic=[3, 1, 0, 2], cost_critic=[0, 1, 2, 3])
CUT_ON_FOUR = place(actor=[0, 1, 2, 3], reference=[1, 3], reward=[2], cost=[0, 1], reward_critic=[2, 3], cost_critic=[0, 1])

ROLLOUTS = {"control", "transfer"}
# (job, ranks, settings, whether the bits are those of one rank, kinds of bytes that move). That an update moves nothing to reach
# generation shows where the actor is whole: `generation` is missing there.
LAYOUTS = [
    ("ppo_lag", 4, [REPLICAS, *ZERO], True, {*ROLLOUTS, "gradients", "parameters"}),
    ("ppo_lag", 2, [ALL_ON_TWO, *CUT, "cost.tensor_parallel=2"], False, {*ROLLOUTS, "tensor_parallel", "generation"}),
    ("ppo_lag", 4, [MIXED, *CUT[1:], "cost.tensor_parallel=2"], False, {*ROLLOUTS, "gradients", "tensor_parallel"}),
    ("ppo_lag", 4, [CUT_ON_FOUR, *CUT, *ZERO, "reference.tensor_parallel=2"], False,
     {*ROLLOUTS, "gradients", "parameters", "tensor_parallel", "generation"}),
    ("sft", 4, ["zero=true"], True, {"gradients", "parameters"}),
    ("sft", 2, ["tensor_parallel=2"], False, {"tensor_parallel"}),
    ("sft", 4, ["tensor_parallel=2", "zero=true"], False, {"gradients", "parameters", "tensor_parallel"}),
    ("reward", 2, ["zero=true"], True, {"gradients", "parameters"}),
    ("reward", 4, ["tensor_parallel=2", "zero=true"], False, {"gradients", "parameters", "tensor_parallel"}),
]
METRIC_TOLERANCE = 2e-4  # of a figure or of 1, whichever is larger
WEIGHT_TOLERANCE = 1e-5  # relative L2 of a model's weights; 2e-6 was seen


def run(mpirun, ballast, ranks, job, output, settings):
    command = [mpirun, "--oversubscribe", "-n", str(ranks), ballast, "train", "-c", f"configs/smoke/{job}.yaml",
               f"output={output}", *SMALL[job], *settings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, f"{job} {settings}: {result.stdout}{result.stderr}"
    return output


def files_of(job, folder):
    names = [f"{model}/model.safetensors" for model in TRAINED[job]] + ["metrics.jsonl"]
    return [(folder / name).read_bytes() for name in names]


def tensors_of(path):
    """Name -> shape and float32 values of a safetensors file."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    header.pop("__metadata__", None)
    body = content[8 + size:]
    return {name: (entry["shape"], array.array("f", body[slice(*entry["data_offsets"])])) for name, entry in header.items()}


def check_metrics(one, other, what):
    ours, theirs = ([json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()] for folder in (one, other))
    assert [line.keys() for line in ours] == [line.keys() for line in theirs], f"{what}: other figures"
    for expected, found in zip(ours, theirs):
        for name, value in expected.items():
            assert abs(found[name] - value) <= METRIC_TOLERANCE * max(1.0, abs(value)), \
                f"{what}: {name} is {found[name]}, on one rank {value} (step {expected['iteration']})"


def check_weights(one, other, what):
    expected, found = tensors_of(one), tensors_of(other)
    assert {name: shape for name, (shape, _) in expected.items()} == {name: shape for name, (shape, _) in found.items()}, \
        f"{what}: other tensors"
    size = math.hypot(*(x for _, values in expected.values() for x in values))
    apart = math.hypot(*(x - y for name, (_, values) in expected.items() for x, y in zip(values, found[name][1])))
    assert apart <= WEIGHT_TOLERANCE * size, f"{what}: relative L2 {apart / size:.2e}"


def check_bytes(folder, kinds, what):
    moved = set()
    for line in (folder / "journal.jsonl").read_text().splitlines():
        moved |= {name.removeprefix("bytes/") for name, value in json.loads(line).items() if name.startswith("bytes/") and value > 0}
    assert moved == kinds, f"{what}: what moves is {sorted(moved)}, not {sorted(kinds)}"


def main():
    mpirun, ballast = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        alone = {job: run(mpirun, ballast, 1, job, folder / job, []) for job in TRAINED}
        for index, (job, ranks, settings, same_bits, kinds) in enumerate(LAYOUTS):
            what = f"{job} on {ranks} ranks, {' '.join(settings)}"
            output = run(mpirun, ballast, ranks, job, folder / f"{job}_{index}", settings)
            check_bytes(output, kinds, what)
            if same_bits:
                assert files_of(job, output) == files_of(job, alone[job]), f"{what}: other bits than on one rank"
                continue
            check_metrics(alone[job], output, what)
            for model in TRAINED[job]:
                check_weights(alone[job] / model / "model.safetensors", output / model / "model.safetensors", f"{what}: {model}")
    print(f"{len(LAYOUTS)} passed, 0 failed")


if __name__ == "__main__":
    main()
