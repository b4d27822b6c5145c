"""Sharpens a language model once and for all: sharpen.py MODEL.safetensors FACTOR

Scales the final norm's weight, hence all logits: sampling at temperature 1 afterwards is sampling at 1 / FACTOR before. A
small model at temperature 1 makes slips; sharpened, it tells clean stories, and RL can stay at temperature 1, where the
policy that samples is exactly the one that learns.
"""
import argparse
import json
from pathlib import Path

import numpy as np

FINAL_NORM = "model.norm.weight"


def sharpen(content: bytearray, factor: float) -> None:
    """In place. A safetensors file: the header's length (8 bytes), the header (JSON), the tensors' bytes."""
    header_end = 8 + int.from_bytes(content[:8], "little")
    tensor = json.loads(content[8:header_end])[FINAL_NORM]
    if tensor["dtype"] != "F32":
        raise ValueError(f"{FINAL_NORM} has dtype {tensor['dtype']}; allowed F32")
    start, end = tensor["data_offsets"]
    weight = np.frombuffer(content, np.float32, count=(end - start) // 4, offset=header_end + start)
    weight *= np.float32(factor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("factor", type=float)
    options = parser.parse_args()
    content = bytearray(options.model.read_bytes())
    sharpen(content, options.factor)
    options.model.write_bytes(content)


if __name__ == "__main__":
    main()
