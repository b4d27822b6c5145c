"""A checkpoint is complete or absent, whenever the run is killed.

Usage: checkpoint_test.py BALLAST. Kills a run with SIGKILL at moments within a save, seen by the folder that the save writes
into; every folder that looks like a checkpoint afterwards must agree with its manifest. Models of some size, so that saves
take a while.
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import time

CONFIG = "configs/smoke/ppo_lag.yaml"
WITHIN_S = 60.0
SHAPE = "{vocab: 8192, hidden: 128, layers: 2, heads: 4, kv_heads: 2, intermediate: 256, max_length: 64}"
LARGER = [*(f"{role}.model.random={SHAPE}" for role in ("actor", "reward", "cost")),
          "batch={rollout: 4, mini_batch: 4, micro_batch: 4, max_length: 16}"]
DELAYS_S = [0.0, 0.01, 0.03, 0.06, 0.1, 0.2]


def check_checkpoint(folder):
    """The manifest names exactly the files that are there, with their sizes and checksums. Returns its iterations."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for file in manifest["files"]:
        content = (folder / file["name"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"]), file
    named = {file["name"] for file in manifest["files"]} | {"manifest.json"}
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == named, f"{there} != {named}"
    for role in ["actor", "reward_critic", "cost_critic"]:
        assert f"{role}/model.safetensors" in named and f"{role}/config.json" in named, named
    return manifest["iterations"]


def wait_for(condition, run):
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert run.poll() is None and time.monotonic() < deadline, "the run did not come to a save"
        time.sleep(0.001)


def kill_within_a_save(ballast, folder, delay):
    """Returns whether the kill hit a save."""
    checkpoints = folder / "run" / "checkpoints"
    command = [ballast, "train", "-c", CONFIG, f"output={folder / 'run'}", "iterations=1000", "checkpoint.every=1", *LARGER]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: (checkpoints / "latest").exists(), run)
        wait_for(lambda: list(checkpoints.glob(".*.partial")), run)
        time.sleep(delay)
    finally:
        run.kill()
        run.wait()
    finished = [path for path in checkpoints.iterdir() if path.name.isdigit()]
    for path in finished:
        assert check_checkpoint(path) == int(path.name)
    assert (checkpoints / "latest").resolve() in [path.resolve() for path in finished]
    return bool(list(checkpoints.glob(".*.partial")))


def main():
    ballast = sys.argv[1]
    hits = 0
    for delay in DELAYS_S:
        with tempfile.TemporaryDirectory() as folder:
            hits += kill_within_a_save(ballast, pathlib.Path(folder), delay)
    assert hits >= 2, f"only {hits} of {len(DELAYS_S)} kills hit a save: this test shows nothing"
    print(f"{len(DELAYS_S)} runs killed, {hits} of them within a save; every checkpoint is complete")


if __name__ == "__main__":
    main()
