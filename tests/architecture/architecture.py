"""Checks the house's rules on a source tree: who includes whom, where each vendor may be named, how long a file may be.

usage: architecture.py ROOT    prints one line for each violation; exit code 1 when there are any
"""
import re
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

FOLDERS = ("launch", "orchestrator", "workers", "comm", "algorithms")

# What a folder may include, beside itself. launch starts everything and hence sees everything.
MAY_INCLUDE = {
    "launch": set(FOLDERS),
    "orchestrator": {"workers", "comm", "algorithms"},
    "workers": {"comm", "algorithms"},
    "comm": set(),
    "algorithms": set(),
}

# The orchestrator orders work by roles and commands; how ranks do it is not its business.
ORCHESTRATOR_SEES_OF_WORKERS = r"workers/(role|commands|\w+_settings)\.h"

# These compile without torch, hence none of the headers that they reach may include it.
TORCH_FREE = r"(comm|orchestrator|workers/gpu_kernels)/.+|launch/(config_file|environment|settings_\w+)\.\w+"


class Vendor(NamedTuple):
    header: str  # pattern of an included path
    home: str  # pattern of the files that may include it


VENDORS = {
    "MPI": Vendor(r"mpi(-ext)?\.h", r"comm/(mpi_\w+|world|comm_thread)\.(cpp|h)"),
    "NCCL": Vendor(r"nccl\.h", r"comm/nccl_\w+\.cpp"),
    # Kernels know CUDA and not torch; one file has CUDA from torch's hands.
    "CUDA": Vendor(r"(cuda|cublas).*", r"comm/nccl_\w+\.cpp|.+\.cuh?"),
    "CUDA of torch": Vendor(r"(c10|ATen)/cuda/.*", r"workers/generation/cuda_step_graph\.cpp"),
    "ZeroMQ": Vendor(r"zmq.*", r"comm/control_\w+\.cpp"),
    "torch": Vendor(r"(torch|ATen|c10)/.*", rf"(?!{TORCH_FREE}).+"),
    "libsodium": Vendor(r"sodium.*", r"workers/saved_files\.cpp"),
    "YAML": Vendor(r"yaml-cpp/.*", r"launch/settings_yaml\.cpp"),
}

BANNED_IN_TYPE_NAMES = ("Manager", "Handler", "Helper", "Util", "Utils", "Common", "Misc", "Data", "Info", "Engine")
LINES_ALLOWED = 300
LINES_ALLOWED_IN_TESTS = 500

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b")
TYPE = re.compile(r"^\s*(?:class|struct|union|enum(?:\s+class)?)\s+(\w+)\s*(?:final\s*)?(?:[:{]|$)")
GETENV = re.compile(r"\b(secure_)?getenv\s*\(")
PROCESS = re.compile(r"\bprocess\s*\(")


def forbidden_include(path: str, included: str) -> str | None:
    """Why the file `path` must not include `included`, or None."""
    for name, vendor in VENDORS.items():
        if re.fullmatch(vendor.header, included) and not re.fullmatch(vendor.home, path):
            return f"{name} has no business here (its home: {vendor.home})"
    here, there = path.split("/")[0], included.split("/")[0]
    if there not in FOLDERS or here == there:
        return None
    if there not in MAY_INCLUDE[here]:
        return f"{here} must not look into {there}"
    if here == "orchestrator" and there == "workers" and not re.fullmatch(ORCHESTRATOR_SEES_OF_WORKERS, included):
        return f"the orchestrator sees of the workers only {ORCHESTRATOR_SEES_OF_WORKERS}"
    return None


def includes_of(file: Path) -> list[str]:
    return [match[1] for line in file.read_text().splitlines() if (match := INCLUDE.match(line))]


def way_to_torch(root: Path, path: str, seen: set[str]) -> list[str]:
    """The headers by which `path` reaches torch indirectly, the last of which includes it; empty if it does not."""
    for header in includes_of(root / path):
        if header in seen or not (root / header).is_file():
            continue
        seen.add(header)
        if any(re.fullmatch(VENDORS["torch"].header, inner) for inner in includes_of(root / header)):
            return [header]
        if way := way_to_torch(root, header, seen):
            return [header, *way]
    return []


def without_comment(line: str) -> str:
    return line.split("//")[0]


def violations_of_line(path: str, line: str) -> Iterator[str]:
    if (include := INCLUDE.match(line)) and (reason := forbidden_include(path, include[1])):
        yield f"includes {include[1]}: {reason}"
    if path.endswith(".h") and CONDITIONAL.match(line):
        yield "a conditional in a header: let the build choose the file"
    if GETENV.search(line) and path != "launch/environment.cpp":
        yield "getenv outside launch/environment.cpp"
    if (declared := TYPE.match(line)) and (word := banned_word(declared[1])):
        yield f"the type name {declared[1]} says '{word}' instead of what it is"
    if PROCESS.search(line):
        yield "the name process() says nothing"


def banned_word(type_name: str) -> str | None:
    words = re.findall(r"[A-Z][a-z0-9]*", type_name)
    return next((word for word in words if word in BANNED_IN_TYPE_NAMES), None)


def violations_of_file(root: Path, file: Path) -> Iterator[str]:
    path = file.relative_to(root).as_posix()
    lines = file.read_text().splitlines()
    is_test = path.startswith("tests/")
    allowed = LINES_ALLOWED_IN_TESTS if is_test else LINES_ALLOWED
    if len(lines) > allowed:
        yield f"{path}: {len(lines)} lines; allowed {allowed}"
    if is_test:
        return
    if re.fullmatch(TORCH_FREE, path) and (way := way_to_torch(root, path, set())):
        yield f"{path}: reaches torch by {' -> '.join(way)}"
    for number, line in enumerate(lines, start=1):
        for violation in violations_of_line(path, without_comment(line)):
            yield f"{path}:{number}: {violation}"


def violations_of_tree(root: Path) -> list[str]:
    files = [
        file
        for folder in (*FOLDERS, "tests")
        for file in sorted((root / folder).rglob("*"))
        if file.suffix in (".h", ".cpp", ".cu", ".cuh")
    ]
    if not files:
        return [f"{root}: found no source file to check"]
    return [violation for file in files for violation in violations_of_file(root, file)]


if __name__ == "__main__":
    found = violations_of_tree(Path(sys.argv[1]))
    print("\n".join(found) or "no violation")
    sys.exit(1 if found else 0)
