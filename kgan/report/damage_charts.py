"""The charts of a damage run: a measure over the strengths of each kind of damage."""

from kgan.report.damage_summary import UNDAMAGED, label_of
from kgan.report.directions import better
from kgan.report.figures import Series, over_levels
from kgan.report.rows import show


def measure_charts(summary: dict, colours: dict[str, str], key: str) -> list[str]:
    """A chart a measure: a line a kind of damage, from undamaged (0) to the severest strength."""
    drawn = []
    for measure in dict.fromkeys(entry["measure"] for entry in summary["damages"]):
        lines = []
        for entry in summary["damages"]:
            if entry["measure"] != measure:
                continue
            points = []
            for level, name in enumerate((UNDAMAGED, *entry["names"])):
                found = summary["networks"].get(name, {}).get("measures", {}).get(measure)
                if found and found["n"]:
                    points.append((level, found["mean"], found["std"]))
            if points:
                lines.append(Series(label_of(entry["kind"]), colours.get(entry["kind"], "plain"),
                                    *zip(*points, strict=True)))
        if lines:
            side = better(measure)
            axis = measure + (f" ({side} is better)" if side else "")
            each = ("; ".join(f"{level:g}: {show(mean, std)}" for level, mean, std in
                              zip(line.ds, line.means, line.stds, strict=True)) for line in lines)
            alt = f"{axis} over the strength of damage, 0 for none. " + " ".join(
                f"{line.label}: {text}." for line, text in zip(lines, each, strict=True))
            # Scores and shares of images have an upper bound, near which they are told apart on a plain axis alone.
            drawn.append(over_levels(f"{key}-{len(drawn)}", alt, axis, lines, log=side != "higher"))
    return drawn
