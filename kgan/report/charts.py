"""The charts of a group of runs: which numbers go into which figure of the paper."""

import math

from kgan.report.directions import directions
from kgan.report.figures import Series, against_d, over_steps
from kgan.report.groups import Group
from kgan.report.kinds import kind_named
from kgan.report.load import number
from kgan.report.rows import show
from kgan.report.summary import mean_std

_MOST_LOSSES = 8  # charts of losses a stage
_MOST_CURVES = 12  # in one of them


def protocol_line(group: dict, seeds: bool = True) -> str:
    """The protocol behind a figure in a line: name, measures, N, EMA or raw weights, and the seeds."""
    protocol = group["protocol"]
    parts = [f"protocol {protocol['name']}" if protocol.get("name") else "protocol not stated"]
    measures = [measure for measure in group["headline"].values() if measure]
    if measures:
        parts.append(f"measures {', '.join(measures)}")
    for key, text in (("num_fake", kind_named(group["kind"]).fakes), ("num_real", "real")):
        if number(protocol.get(key)) is not None:
            parts.append(f"N = {protocol[key]:,} {text} images")
    weights: dict[str, list[str]] = {}
    for network in group["networks"].values():
        if network.get("weights") and not str(network["role"]).endswith("_candidate"):
            weights.setdefault(str(network["weights"]), []).append(network["role"])
    if len(weights) == 1:
        parts.append(f"weights {next(iter(weights))}")
    elif weights:
        parts.append("weights " + ", ".join(f"{name} ({', '.join(dict.fromkeys(roles))})"
                                            for name, roles in weights.items()))
    late = protocol.get("late_checkpoints")
    if isinstance(late, list) and late:
        parts.append(f"means over {len(late)} late checkpoints (steps {', '.join(map(str, late))})")
    known = [str(seed) for seed in group["seeds"] if seed is not None]
    if seeds and known:
        parts.append(f"seed {known[0]}" if len(known) == 1 else f"mean and std of seeds {', '.join(known)}")
    return "; ".join(parts)


def measure_charts(group: dict, key: str) -> list[str]:
    """Figure 1: the score and the distance of teacher, students and controls against d."""
    charts = []
    for measure, better in directions(group["headline"]):
        series = student_series(group, measure) + _series(group, measure, "control", {"control": None})
        if series:
            level = _level(group, measure)
            charts.append(against_d(f"{key}-{len(charts)}", _alt(measure, better, series, level),
                                    f"{measure} ({better} is better)", series, level))
    return charts


def objective_charts(group: dict, key: str) -> list[str]:
    """Figures 9 and 10: the distance (where both objectives are there) and the VoL ratio by objective."""
    charts = []
    distance = group["headline"]["distance"]
    students = student_series(group, distance)
    if len(students) > 1:
        level = _level(group, distance)
        charts.append(against_d(f"{key}-distance", _alt(distance, "lower", students, level),
                                f"{distance} (lower is better)", students, level))
    sharp = student_series(group, "vol_ratio") + _series(group, "vol_ratio", "control", {"control": None})
    if sharp:
        level = ("teacher", 1.0, None)
        charts.append(against_d(f"{key}-vol", _alt("VoL ratio to the teacher", "higher", sharp, level),
                                "VoL / teacher's VoL (higher is sharper)", sharp, level))
    return charts


def teacher_charts(group: Group, summary: dict, key: str) -> list[str]:
    """Figure 2: the teachers tried, the chosen ones ringed; empty when only one was tried."""
    charts = []
    for measure, better in directions(summary["headline"]):
        tried: dict[float, list[float]] = {}
        chosen = set()
        for entries in group.networks.values():
            for _, _, network in entries:
                d, value = number(network.get("d")), number(network.get(measure))
                role = network.get("role")
                if role in ("teacher", "teacher_candidate") and d and d > 0 and value is not None:
                    tried.setdefault(d, []).append(value)
                    chosen |= {d} if role == "teacher" else set()
        if len(tried) < 2:
            continue
        spreads = {d: mean_std(tried[d]) for d in sorted(tried)}
        means, stds = ([entry[part] for entry in spreads.values()] for part in ("mean", "std"))
        series = Series("teachers tried", "teacher", list(spreads), means, stds)
        alt = _alt(measure, better, [series], None) + \
            f" Chosen: d = {', '.join(f'{d:g}' for d in sorted(chosen)) or 'none'}."
        charts.append(against_d(f"{key}-{len(charts)}", alt, f"{measure} ({better} is better)", [series],
                                chosen=[(d, spreads[d]["mean"]) for d in sorted(chosen)]))
    return charts


def loss_charts(group: Group, key: str) -> tuple[list[dict], list[str]]:
    """The losses of the group's first run over the steps: a chart a stage and loss, and notes.

    A chart is `{"stage", "loss", "svg"}`.
    """
    charts, notes = [], []
    for stage, log in group.first.logs.items():
        steps = log.columns.get("step")
        losses: dict[str, dict] = {}
        for column, values in log.columns.items():
            found = group.kind.curve(stage, column)
            if found:
                loss, member = found
                losses.setdefault(loss, {})[member] = values
        if steps is None or not len(steps) or not losses:
            notes.append(f"{stage}/log.csv holds no losses over steps.")
            continue
        for loss, curves in list(losses.items())[:_MOST_LOSSES]:
            drawn = dict(list(curves.items())[:_MOST_CURVES])
            alt = f"{loss} of {', '.join(drawn)} over the steps of the stage {stage}."
            svg = over_steps(f"{key}-{len(charts)}", alt, loss.replace("_", " "),
                             group.kind.stage_colour(stage, loss), steps, drawn)
            charts.append({"stage": stage, "loss": loss, "svg": svg})
            if len(drawn) < len(curves):
                notes.append(f"Of the {len(curves)} curves of {loss} in {stage}/log.csv {len(drawn)} are drawn.")
        if len(losses) > _MOST_LOSSES:
            notes.append(f"{stage}/log.csv holds further losses: {', '.join(list(losses)[_MOST_LOSSES:])}.")
        notes += [f"{column} in {stage}/log.csv is not finite in {count} row(s): the training diverged there."
                  for column, count in log.not_finite.items()]
    return charts, notes


def student_series(group: dict, measure: str | None) -> list[Series]:
    """The students' lines for a measure, one an objective; the first objective's is whole, the others are broken."""
    students = [net for net in group["networks"].values() if net["role"] == "student"]
    objectives = sorted({str(net["objective"]) for net in students}, key=lambda name: (name != "mse", name))
    labels = {f"student, {name}" if len(objectives) > 1 else "student": name for name in objectives}
    return _series(group, measure, "student", labels)


def _series(group: dict, measure: str | None, role: str, labels: dict[str, str | None]) -> list[Series]:
    lines = []
    for index, (label, objective) in enumerate(labels.items()):
        points = []
        for network in group["networks"].values():
            d, entry = number(network["d"]), network["measures"].get(measure)
            if network["role"] == role and d and d > 0 and entry and entry["n"] \
                    and objective in (None, str(network["objective"])):
                points.append((d, entry["mean"], entry["std"]))
        points.sort(key=lambda point: point[0])
        if points:
            lines.append(Series(label, role, *zip(*points, strict=True), dashes=index))
    return lines


def _level(group: dict, measure: str | None) -> tuple | None:
    for network in group["networks"].values():
        entry = network["measures"].get(measure)
        if network["role"] == "teacher" and entry and entry["n"]:
            d = f" (d = {show(network['d'])})" if network["d"] is not None else ""
            return f"teacher{d}", entry["mean"], entry["std"]
    return None


def _alt(measure: str, better: str, series: list[Series], level: tuple | None) -> str:
    """The figure in words: every point of every line."""
    texts = [f"{measure} against d, {better} is better."]
    if level and not math.isnan(level[1]):
        texts.append(f"{level[0]}: {show(level[1], level[2])}.")
    for line in series:
        points = (f"d {d:g} {show(mean, std)}"
                  for d, mean, std in zip(line.ds, line.means, line.stds, strict=True))
        texts.append(f"{line.label}: {', '.join(points)}.")
    return " ".join(texts)
