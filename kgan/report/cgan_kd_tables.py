"""The tables of a cGAN-KD run: its arms, their differences, its fakes, its costs."""

import statistics
from collections.abc import Sequence

from kgan.report.cgan_kd_arms import CONTROLS, label
from kgan.report.cgan_kd_samples import SETS, SWEEPS, agreement
from kgan.report.cgan_kd_summary import by_arm, in_unit, teachers
from kgan.report.paired import result
from kgan.report.paired_verdict import signed
from kgan.report.rows import EMPTY, measure_cell, show, spread_cell

_COUNTS = {"generated": "generated", "accepted": "accepted by M1", "kept": "kept by M2"}


def arm_table(summary: dict, files: Sequence[dict]) -> dict:
    """Teachers, then every arm: `{"columns", "rows"}`, a row `{"colour", "name", "cells"}`.

    A cell is `{"text", "win"}`, win where the arm is ahead of a control over several seeds. `files` are those
    of export.json: of each network the smallest TFLite file is named.
    """
    measure, runs = summary["headline"]["error"], len(summary["runs"])
    arms = by_arm(summary)
    contests = {(entry["arm"], entry["against"]): entry for entry in summary["comparisons"]
                if entry["kind"] == "control"}
    controls = [control for control in CONTROLS if any(against == control for _, against in contests)]
    smallest = smallest_files(files)
    columns = ["arm", "network", "parameters", "fakes", f"{measure}{in_unit(summary)}"]
    for control in controls:
        columns += [f"to {label(control)}", "result"]
    rows = []
    for name, network in [*teachers(summary), *arms.values()]:
        arm = network["arm"]
        cells = [{"text": text} for text in (
            name, shared_or_range(network, "parameters"), EMPTY if arm is None else shared_or_range(network, "fakes"),
            measure_cell(network, measure, runs))]
        for control in controls:
            entry = contests.get((arm, control))
            cells += [{"text": signed(entry)}, {"text": result(entry), "win": entry["result"] == "first"}] if entry \
                else [{"text": EMPTY}] * 2
        if smallest:
            cells.append({"text": smallest.get(name, EMPTY)})
        rows.append({"colour": network["role"] if network["role"] in ("teacher", "control") else "student",
                     "name": name if arm is None else label(arm), "cells": cells})
    return {"columns": columns + (["smallest TFLite"] if smallest else []), "rows": rows}


def contest_table(summary: dict) -> dict:
    """Every paired difference: `{"columns", "rows"}`."""
    rows = [[label(entry["arm"]), label(entry["against"]), show(entry["first"]), show(entry["second"]), signed(entry),
             *(f"{entry['ahead'][side]} of {entry['n']}" for side in ("first", "second")), result(entry)]
            for entry in summary["comparisons"]]
    return {"columns": ["arm", "against", "its error", "the other's", "difference", "ahead in", "behind in", "result"],
            "rows": rows}


def side_by_side(summaries: list[dict], measure: str) -> dict:
    """A measure of several groups, a column each: teachers, arms, then the arms' differences to the plain student."""
    rows: dict[str, list[str]] = {}
    for index, summary in enumerate(summaries):
        runs = len(summary["runs"])
        shown = {"teacher" if len(teachers(summary)) == 1 else name: network for name, network in teachers(summary)}
        shown |= {label(arm): network for arm, (_, network) in by_arm(summary).items()}
        cells = {name: measure_cell(network, measure, runs) for name, network in shown.items()}
        cells |= {f"{label(entry['arm'])}, difference to {label(CONTROLS[0])}": signed(entry)
                  for entry in summary["comparisons"]
                  if (entry["kind"], entry["against"], entry["measure"]) == ("control", CONTROLS[0], measure)}
        for name, cell in cells.items():
            rows.setdefault(name, [EMPTY] * len(summaries))[index] = cell
    ordered = sorted(rows, key=lambda name: ", difference to " in name)
    return {"columns": ["arm", *(summary["label"] for summary in summaries)],
            "rows": [[name, *rows[name]] for name in ordered]}


def count_table(summary: dict) -> dict | None:
    """How many fakes were generated, accepted by M1 and kept by M2: `{"columns", "rows"}`."""
    counts, runs = summary["samples"].get("counts", {}), len(summary["runs"])
    rows, before = [], None
    for name, words in _COUNTS.items():
        if counts.get(name, {}).get("n"):
            mean = counts[name]["mean"]
            rows.append([words, _count_cell(counts[name], runs), f"{mean / before:.1%}" if before else EMPTY])
            before = mean
    return {"columns": ["fakes", "images", "share of those before"], "rows": rows} if rows else None


def consistency_table(summary: dict) -> dict | None:
    """Table 6: of each set of fakes, how well its labels agree with the teacher: `{"columns", "rows"}`.

    Classification: the percentage whose label the teacher names. Regression: the mean absolute difference.
    """
    sets, runs = summary["samples"].get("sets", {}), len(summary["runs"])
    heading = "label consistency (%)" if summary["task"] == "classification" else \
        f"mean absolute difference of label and prediction{in_unit(summary)}"
    rows = [[SETS.get(name, name), _count_cell(entry["num"], runs), spread_cell(agreement(summary, name), runs)]
            for name, entry in sets.items() if entry["label_error"]["n"]]
    return {"columns": ["fakes", "images", heading], "rows": rows} if rows else None


def acceptance_table(summary: dict, shown: int = 5) -> dict | None:
    """The rejection's acceptance rates: highest, median, and the `shown` lowest with their labels.

    Returns `{"columns", "rows", "labels"}`, labels their number; rates are means over the seeds.
    """
    rates = sorted(((entry["mean"], name) for name, entry in summary["samples"].get("acceptance", {}).items()
                    if entry["n"]), key=lambda entry: entry[0])
    if not rates:
        return None
    rows = [["highest", rates[-1][1], f"{rates[-1][0]:.2%}"],
            ["median", EMPTY, f"{statistics.median(rate for rate, _ in rates):.2%}"]]
    rows += [["next lowest" if place else "lowest", name, f"{rate:.2%}"]
             for place, (rate, name) in enumerate(rates[:shown])]
    return {"columns": ["rate", "label", "accepted"], "rows": rows, "labels": len(rates)}


def sweep_table(summary: dict, sweep: str) -> dict:
    """A sweep's points as numbers: `{"columns", "rows"}`; of a teacher in M2 its own error beside the student's."""
    points, runs = summary["sweeps"][sweep], len(summary["runs"])
    error = f"{summary['headline']['error']}{in_unit(summary)}"
    if sweep != "teacher":
        return {"columns": [SWEEPS[sweep][0], error],
                "rows": [[f"{point['value']:g}", spread_cell(point["error"], runs)] for point in points]}
    return {"columns": ["teacher in M2", "parameters", f"its {error}", f"the student's {error}"],
            "rows": [[point["name"] or EMPTY, show(point["parameters"]), spread_cell(point["values"], runs),
                      spread_cell(point["error"], runs)] for point in points]}


def cost_table(summary: dict) -> dict | None:
    """Figure 12 as numbers: time and memory of each stage, then of the whole run: `{"columns", "rows"}`."""
    costs, runs = summary["costs"], len(summary["runs"])
    if not costs:
        return None
    rows = [[stage, *(spread_cell(cost[part], runs) for part in ("seconds", "peak_mib"))]
            for stage, cost in costs.items()]
    times, peaks = ([cost[part]["mean"] for cost in costs.values() if cost[part]["n"]]
                    for part in ("seconds", "peak_mib"))
    if len(costs) > 1:
        rows.append(["all", show(sum(times)) if times else EMPTY, show(max(peaks)) if peaks else EMPTY])
    return {"columns": ["stage", "seconds", "peak MiB"], "rows": rows}


def smallest_files(files: Sequence[dict]) -> dict[str, str]:
    """Of each exported network its smallest file, in words."""
    sized = [file for file in files if isinstance(file.get("size_kib"), int | float)]
    found = {}
    for file in sorted(sized, key=lambda file: file["size_kib"]):
        found.setdefault(str(file.get("network")), f"{show(float(file['size_kib']))} KiB ({file.get('quantize')})")
    return found


def shared_or_range(network: dict, key: str) -> str:
    """A count of a network; where the seeds differ, from the least to the most of those known, or that it varies."""
    values = [entry[key] for entry in network["names"] if isinstance(entry.get(key), int)]
    if network[key] is not None or len(network["names"]) == 1:
        return show(network[key])
    return f"{min(values):,} to {max(values):,}" if values else "varies"


def _count_cell(entry: dict, runs: int) -> str:
    """A number of images: whole where the seeds agree."""
    if entry["n"] and len(set(entry["values"])) == 1:
        return f"{entry['mean']:,.0f}" + (f" (n = {entry['n']})" if entry["n"] != runs else "")
    return spread_cell(entry, runs)
