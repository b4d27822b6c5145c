"""Jobs whose replicas deal the optimizer's state among themselves (ZeRO-1) leave the bits of one rank.

Usage: zero_test.py MPIRUN BALLAST. Supervised fine-tuning on 2 and 4 ranks, and PPO-Lagrangian in bfloat16, where also the float32
weights are dealt, on 4 ranks: models and metrics are those of one rank without it.
"""
import pathlib
import subprocess
import sys
import tempfile

LANES = "gradient_lanes=4"  # what four replicas need
SFT = ("configs/smoke/sft.yaml", ["actor/model.safetensors", "metrics.jsonl"], ["zero=true"])
PPO = ("configs/smoke/ppo_lag_bf16.yaml",
       [f"{role}/model.safetensors" for role in ("actor", "reward_critic", "cost_critic")] + ["metrics.jsonl"],
       ["actor.zero=true", "reward_critic.zero=true", "cost_critic.zero=true",
        "placement={actor: [0, 1, 2, 3], reference: [0], reward: [1], cost: [2], reward_critic: [3, 1], cost_critic: [0, 2]}"])


def run(program, job, output, *settings):
    mpirun, ballast, ranks = program
    config, files, _ = job
    command = [mpirun, "--oversubscribe", "-n", str(ranks), ballast, "train", "-c", config, f"output={output}", LANES, *settings]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return [(output / name).read_bytes() for name in files]


def main():
    mpirun, ballast = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for title, job, counts in (("sft", SFT, (2, 4)), ("ppo_lag", PPO, (4,))):
            one = run((mpirun, ballast, 1), job, folder / title)
            for ranks in counts:
                dealt = run((mpirun, ballast, ranks), job, folder / f"{title}_{ranks}", *job[2])
                for file, own, expected in zip(job[1], dealt, one):
                    assert own == expected, f"{title}, {ranks} ranks: {file} has other bits than that of 1 rank"
    print("3 passed, 0 failed")


if __name__ == "__main__":
    main()
