"""Pictures as rows of strips: samples from the same latents, and interpolations; a compression's own choice."""

import numpy as np

from kgan.report.grids import columns_within, strip
from kgan.report.groups import Group
from kgan.report.load import Images, number
from kgan.report.rows import show

_BUDGET = 900_000  # bytes of pixels a page for samples: under 3 MB in base64 even if they were pure noise
_INTERPOLATIONS = 2  # rows shown


def sample_blocks(group: Group, images: Images, share: int = 1) -> dict:
    """Figures 6 to 8: `{"real": strip or None, "count", "blocks"}`, a block a d of a student or control.

    A block is `{"heading", "rows"}`, a row `{"label", "role", "src", "count", "alt"}`: teacher, students,
    control of the group's first run. `share` is how many groups share the page's budget of bytes.
    """
    networks = group.first.networks
    shown = {name: networks[name] for name in images.samples if name in networks}
    teachers = [name for name, network in shown.items() if network.get("role") == "teacher"]
    blocks: dict[float, list[str]] = {}
    for name, network in shown.items():
        if network.get("role") in ("student", "control"):
            blocks.setdefault(number(network.get("d")) or 0.0, []).append(name)
    if not blocks and teachers:
        blocks[number(shown[teachers[0]].get("d")) or 0.0] = []
    rows = sum(len(teachers) + len(names) for names in blocks.values()) + 1
    if not images.samples and images.real is None:
        return {"real": None, "count": 0, "blocks": []}
    columns = sample_columns(images, rows, share)
    teacher_rows = [_row(shown[name], images.samples[name][:columns], f"samples of {name}")
                    for name in teachers]
    listed = []
    for d, names in sorted(blocks.items()):
        names.sort(key=lambda name: (shown[name]["role"] != "student", shown[name].get("objective") != "mse"))
        rows = [_row(shown[name], images.samples[name][:columns], f"samples of {name}")
                for name in names]
        listed.append({"heading": _heading(d, [shown[name] for name in names]), "rows": teacher_rows + rows})
    return {"real": real_strip(images, columns), "count": columns, "blocks": listed}


def objective_block(group: Group, images: Images) -> list[dict]:
    """Figure 11: the teacher and a student of each objective, MSE and joint first, at the smallest d with several."""
    networks = {name: group.first.networks[name] for name in images.samples if name in group.first.networks}
    students: dict[float, dict[str, str]] = {}
    for name, network in networks.items():
        if network.get("role") == "student" and network.get("objective"):
            students.setdefault(number(network.get("d")) or 0.0, {})[str(network["objective"])] = name
    several = [names for _, names in sorted(students.items()) if len(names) > 1]
    teachers = [name for name, network in networks.items() if network.get("role") == "teacher"]
    if not several or not teachers:
        return []
    order = sorted(several[0], key=lambda objective: (objective != "mse", objective != "joint", objective))
    return [_row(networks[name], images.samples[name][:4], f"samples of {name}")
            for name in (teachers[0], *(several[0][objective] for objective in order))]


def interpolation_blocks(group: Group, images: Images, share: int = 1) -> list[dict]:
    """Figure 5: for each interpolation the teacher's row over the students', smallest d last."""
    networks = group.first.networks
    names = [name for name in images.interpolation
             if networks.get(name, {}).get("role") in ("teacher", "student")]
    sizes = {name: number(networks[name].get("d")) or 0.0 for name in names}
    names.sort(key=lambda name: (networks[name]["role"] != "teacher", -sizes[name]))
    return interpolation_rows(images, {name: _label(networks[name]) for name in names}, share)


def interpolation_rows(images: Images, labels: dict[str, tuple[str, str]], share: int,
                       most: int = _INTERPOLATIONS) -> list[dict]:
    """For each of `most` interpolations a block `{"heading", "rows"}`, a row for each network in `labels`.

    `labels[name]` is (label, colour), in the order of the rows.
    """
    if not labels:
        return []
    count = min(most, min(len(images.interpolation[name]) for name in labels))
    shape = images.interpolation[next(iter(labels))].shape
    columns = columns_within(_BUDGET // 2 // share, count * len(labels), shape[2:], most=shape[1])
    blocks = []
    for index in range(count):
        rows = []
        for name, (label, colour) in labels.items():
            steps = images.interpolation[name][index]
            # The two ends always stay: the shown steps are spread evenly between them.
            most = min(columns, len(steps))
            kept = [round(i * (len(steps) - 1) / max(most - 1, 1)) for i in range(most)]
            rows.append(row(label, colour, steps[kept], f"interpolation {index + 1} by {name}"))
        blocks.append({"heading": f"Interpolation {index + 1}", "rows": rows})
    return blocks


def sample_columns(images: Images, rows: int, share: int) -> int:
    """How many samples a strip may hold when the page has `rows` of them; `images` must hold some."""
    any_image = next(iter(images.samples.values()), images.real)
    return columns_within(_BUDGET // share, rows, any_image.shape[1:])


def real_strip(images: Images, columns: int) -> str | None:
    """The first real images, None where there are none."""
    return None if images.real is None else strip(images.real[:columns])


def row(label: str, colour: str, images: np.ndarray, alt: str) -> dict:
    """A strip with its name: `{"label", "role", "src", "count", "alt"}`; "role" chooses its colour."""
    short = label.partition(",")[0]
    return {"label": label, "role": colour, "src": strip(images), "count": len(images),
            "alt": f"{len(images)} images: {alt} ({short})"}


def _label(network: dict) -> tuple[str, str]:
    role = network["role"]
    d = number(network.get("d"))
    objective = f", {network['objective']}" if role == "student" and network.get("objective") else ""
    return f"{role}{'' if d is None else f' d = {d:g}'}{objective}", role


def _row(network: dict, images: np.ndarray, alt: str) -> dict:
    return row(*_label(network), images, alt)


def _heading(d: float, networks: list[dict]) -> str:
    parts = [f"d = {d:g}" if d else "d not stated"]
    counts = [number(network.get("parameters")) for network in networks]
    ratios = [number(network.get("ratio")) for network in networks]
    if counts and counts[0] is not None:
        parts.append(f"{show(int(counts[0]))} parameters")
    if ratios and ratios[0] is not None:
        parts.append(f"{ratios[0]:,.3g} times smaller than the teacher")
    return ", ".join(parts)
