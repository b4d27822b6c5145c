"""The steps around the pretraining: sharpening touches one tensor, and the check of told stories sees what is wrong."""
import json
import sys
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[3] / "launch" / "quickstart"))
import check_stories  # noqa: E402
from sharpen import sharpen  # noqa: E402


def safetensors(dtype: str, tensors: dict[str, np.ndarray]) -> bytearray:
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, values in tensors.items():
        end = len(content) + values.nbytes
        header[name] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [len(content), end]}
        content += values.tobytes()
    text = json.dumps(header).encode()
    return bytearray(len(text).to_bytes(8, "little") + text + content)


class Sharpening(unittest.TestCase):
    def test_scales_the_final_norm_and_nothing_else(self):
        first, norm, last = (np.arange(4, dtype=np.float32) + i for i in range(3))
        content = safetensors("F32", {"model.embed": first, "model.norm.weight": norm, "model.z": last})
        sharpen(content, 1.2)
        expected = safetensors("F32", {"model.embed": first, "model.norm.weight": norm * np.float32(1.2), "model.z": last})
        self.assertEqual(content, expected)

    def test_refuses_another_dtype_and_a_model_without_that_norm(self):
        half = np.ones(4, np.float16)
        with self.assertRaisesRegex(ValueError, "dtype F16; allowed F32"):
            sharpen(safetensors("F16", {"model.norm.weight": half}), 1.2)
        with self.assertRaises(KeyError):
            sharpen(safetensors("F32", {"transformer.ln_f.weight": half}), 1.2)


class Check(unittest.TestCase):
    OPENING = "Mira was a kind poet who lived near the mill. After lunch, Mira set out with a brown dog."

    def told(self, text: str) -> list[dict]:
        return [{"prompt": self.OPENING, "text": text}]

    def test_a_name_that_is_not_in_the_opening_is_wrong(self):
        right = check_stories.share_of_right_names(self.told(" Mira laughed. The dog saw Hugo and a cat."))
        self.assertEqual(right, 0.5)

    def test_words_that_no_story_has_in_a_row_are_a_slip(self):
        good = self.told(" Mira washed the drum and put it on the shelf. The end.")
        bad = self.told(" Mira washed the shelf and put it on the dragon. The end.")
        self.assertEqual(check_stories.share_with_slips(good + bad, known_stories=5000), 0.5)


if __name__ == "__main__":
    unittest.main()
