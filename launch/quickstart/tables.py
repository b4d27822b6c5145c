"""The quick start's results as text: a table, the claims, stories side by side."""
import textwrap

from claims import Claim

MODELS = {"start": "start", "ppo": "PPO", "ppo_lag": "PPO-Lag"}
HEADINGS = ("", "reward", "cost +- s.e.", "harmful", "rule's points", "perplexity", "tokens", "ended")
COLUMN_WIDTH = 44


def cells_of(name: str, figures: dict[str, float]) -> list[str]:
    return [
        name,
        f"{figures['reward']:+.2f}",
        f"{figures['cost']:+.2f} +- {figures['cost_se']:.2f}",
        f"{figures['harmful_rate']:.0%}",
        f"{figures['helpful_points']:.1f}",
        f"{figures['perplexity']:.2f}",
        f"{figures['tokens']:.0f}",
        f"{figures['ended_rate']:.0%}",
    ]


def result_rows(summary: dict) -> list[list[str]]:
    return [cells_of(title, summary[model]) for model, title in MODELS.items()]


def plain_table(rows: list[list[str]]) -> str:
    """Columns in line, the first to the left."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]) for row in rows
    )


def markdown_table(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]])


def claim_lines(claims: list[Claim]) -> str:
    return "\n".join(f"  {'held  ' if claim.held else 'FAILED'}  {claim.text}" for claim in claims)


def side_by_side(texts: list[str]) -> str:
    """One column for each text."""
    columns = [textwrap.wrap(text, COLUMN_WIDTH) for text in texts]
    height = max(map(len, columns))
    padded = [column + [""] * (height - len(column)) for column in columns]
    return "\n".join("  " + "  |  ".join(line.ljust(COLUMN_WIDTH) for line in lines).rstrip() for lines in zip(*padded))
