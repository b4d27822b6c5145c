"""architecture.py finds violations that are planted in a tree, and only those."""
import tempfile
import unittest
from pathlib import Path

from architecture import violations_of_tree


def check(files: dict[str, str]) -> list[str]:
    """The violations of a tree that has these files."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return violations_of_tree(root)


class Architecture(unittest.TestCase):
    def assert_found(self, path: str, line: str, *words: str):
        found = check({path: f"#pragma once\n{line}\n"})
        self.assertEqual(len(found), 1, f"{path}: {line}: {found}")
        for word in (f"{path}:2: ", *words):
            self.assertIn(word, found[0])

    def assert_allowed(self, path: str, line: str):
        self.assertEqual(check({path: f"#pragma once\n{line}\n"}), [])

    def test_folders_include_only_from_their_right(self):
        for here, there in [
            ("orchestrator", "launch"), ("workers", "orchestrator"), ("workers", "launch"), ("comm", "workers"),
            ("comm", "algorithms"), ("algorithms", "comm"), ("algorithms", "workers"), ("comm", "launch"),
        ]:
            self.assert_found(f"{here}/a.cpp", f'#include "{there}/b.h"', f"{here} must not look into {there}")
            self.assert_allowed(f"{here}/a.cpp", f'#include "{here}/inner/b.h"')
        for here, there in [("launch", "orchestrator"), ("launch", "workers"), ("workers", "comm"), ("workers", "algorithms")]:
            self.assert_allowed(f"{here}/a.cpp", f'#include "{there}/b.h"')

    def test_orchestrator_sees_of_workers_roles_and_commands(self):
        self.assert_allowed("orchestrator/a.h", '#include "workers/role.h"')
        self.assert_allowed("orchestrator/a.h", '#include "workers/commands.h"')
        self.assert_allowed("orchestrator/a.h", '#include "workers/worker_settings.h"')
        self.assert_found("orchestrator/a.h", '#include "workers/actor.h"', "sees of the workers only")

    def test_vendors_stay_in_their_homes(self):
        for header, home in [
            ("mpi.h", "comm/mpi_communicator.cpp"), ("mpi.h", "comm/world.cpp"), ("nccl.h", "comm/nccl_communicator.cpp"),
            ("cuda_runtime.h", "workers/gpu_kernels/sample.cu"), ("cuda_bf16.h", "workers/gpu_kernels/device.cuh"),
            ("ATen/cuda/CUDAGraph.h", "workers/generation/cuda_step_graph.cpp"), ("zmq.hpp", "comm/control_channel.cpp"),
            ("yaml-cpp/yaml.h", "launch/settings_yaml.cpp"), ("torch/torch.h", "workers/actor.cpp"),
        ]:
            self.assert_allowed(home, f"#include <{header}>")
            self.assert_found("comm/message.cpp", f"#include <{header}>", "has no business here")
        self.assert_found("orchestrator/a.cpp", "#include <ATen/core/Tensor.h>", "torch")
        self.assert_found("launch/config_file.h", "#include <torch/torch.h>", "torch")
        self.assert_found("workers/actor.cpp", "#include <c10/cuda/CUDAStream.h>", "CUDA")
        self.assert_found("workers/gpu_kernels/sample.cu", "#include <torch/torch.h>", "torch")

    def test_torch_is_not_reached_by_a_detour(self):
        tree = {
            "orchestrator/a.cpp": '#include "orchestrator/a.h"\n',
            "orchestrator/a.h": '#include "algorithms/settings.h"\n',
            "algorithms/settings.h": '#include "algorithms/settings.h"\n#include <vector>\n',
        }
        self.assertEqual(check(tree), [])
        tree["algorithms/settings.h"] = "#include <torch/torch.h>\n"
        self.assertEqual(check(tree), [
            "orchestrator/a.cpp: reaches torch by orchestrator/a.h -> algorithms/settings.h",
            "orchestrator/a.h: reaches torch by algorithms/settings.h",
        ])

    def test_headers_have_no_conditionals(self):
        for line in ("#if BALLAST_NCCL", "#ifdef NDEBUG", "  #  ifndef GUARD"):
            self.assert_found("comm/a.h", line, "conditional in a header")
            self.assert_allowed("comm/a.cpp", line)

    def test_only_the_environment_reads_the_environment(self):
        self.assert_found("comm/a.cpp", 'const char* home = std::getenv("HOME");', "getenv")
        self.assert_allowed("launch/environment.cpp", 'const char* home = std::getenv("HOME");')
        self.assert_allowed("tests/comm/a_test.cpp", 'const char* home = std::getenv("HOME");')
        self.assert_allowed("comm/a.cpp", "// no getenv() here")

    def test_names_say_what_a_thing_is(self):
        for name in ("RankManager", "Utils", "DataSource", "MessageHandler"):
            self.assert_found("comm/a.h", f"class {name} {{", name)
        self.assert_allowed("comm/a.h", "struct Database {};")
        self.assert_allowed("comm/a.h", "struct Informed : Base {};")
        self.assert_found("comm/a.h", "void process(int rank);", "process()")

    def test_files_stay_short(self):
        self.assertEqual(check({"comm/a.cpp": "\n" * 301}), ["comm/a.cpp: 301 lines; allowed 300"])
        self.assertEqual(check({"comm/a.cpp": "\n" * 300, "tests/comm/a_test.cpp": "\n" * 500}), [])
        self.assertEqual(check({"tests/a_test.cpp": "\n" * 501}), ["tests/a_test.cpp: 501 lines; allowed 500"])

    def test_an_empty_tree_is_no_success(self):
        self.assertEqual(len(check({})), 1)


if __name__ == "__main__":
    unittest.main()
