"""Made-up run folders of generators over a knowledge transfer graph, in the form that its stages write."""

import copy
import csv
import itertools
import json
from pathlib import Path

import numpy as np
import report_runs

PROTOCOL = {"name": "digits_cnn", "version": 1, "num_fake": 2000, "num_real": 1797, "weights_sha256": "aa11",
            "late_checkpoints": [600, 700, 800, 900, 1000], "sampling_seed": 7}
STAGES = {"graph": ("graph",), "controls": ("all_through", "mad_gan", "single_sn", "single")}


def network(role, node, score, distance, **more):
    """An entry of metrics.json's networks; a node of None states none."""
    entry = {"role": role, "size": 16, "parameters": 5000, "weights": "ema", "steps": 1000, "is_digits_cnn": score,
             "is_digits_cnn_std": 0.05, "is_digits_cnn_late_std": 0.25, "fd_digits_cnn": distance,
             "fd_digits_cnn_late_std": 1.5, "vol": 800.0, "vol_late_std": 10.0}
    return {**entry, **({} if node is None else {"node": node}), **more}


def networks(sizes=None, **roles):
    """Networks of (score, distance) by node, or one pair for a single GAN; `sizes` are (size, parameters) by node."""
    found = {}
    for role, values in roles.items():
        if role.startswith("single"):
            found[role] = network(role, None, *values)
            continue
        for node, (score, distance) in enumerate(values, 1):
            size, parameters = sizes[node - 1] if sizes else (16, 5000)
            found[f"{role}_{node}"] = network(role, str(node), score, distance, size=size, parameters=parameters)
    return found


def edges(k, gates, transfer="output_side"):
    """All k * k edges, gates in the order D to 1, D to 2, ..., 1 to 2, 1 to 3, ...; missing ones are through."""
    nodes = [str(node) for node in range(1, k + 1)]
    pairs = [("D", node) for node in nodes] + list(itertools.permutations(nodes, 2))
    chosen = [*gates, *["through"] * (len(pairs) - len(gates))]
    return {"edges": [{"source": source, "target": target, "transfer": "adversarial" if source == "D" else transfer,
                       "gate": gate, "weight": 1.0} for (source, target), gate in zip(pairs, chosen, strict=True)]}


#: Score: best 9 against 8 (all through), 8.5 (MAD-GAN), 8.6 and 8.2; mean 7.5 against 7, 8, 8.6 and 8.2.
#: Distance: best 10 against 12, 13, 11 and 15; mean 14 against 14, 14, 11 and 15.
NETWORKS = networks(graph=[(9.0, 18.0), (6.0, 10.0)], all_through=[(8.0, 16.0), (6.0, 12.0)],
                    mad_gan=[(8.5, 13.0), (7.5, 15.0)], single_sn=(8.6, 11.0), single=(8.2, 15.0))
GRAPHS = {"graph": edges(2, ["through", "positive_linear", "negative_linear", "cutoff"]),
          "all_through": edges(2, []), "mad_gan": edges(2, ["through", "through", "cutoff", "cutoff"])}


def write_run(folder: Path, seed=0, networks=None, graphs=None, without=(), metrics=None, side=8, channels=1,
              **recipe) -> Path:
    """Writes a whole run to `folder`; `without` names files to leave out, `metrics` adds to metrics.json."""
    networks = copy.deepcopy(NETWORKS if networks is None else networks)
    rng = np.random.default_rng(seed)
    trained = {stage: [name for name, entry in networks.items() if entry["role"] in roles]
               for stage, roles in STAGES.items()}
    documents = {
        "recipe.json": {"recipe": "collaborative_digits", "title": "Collaborative GANs of digits", "seed": seed,
                        "settings": {"seed": seed, "batch_size": 25}, "versions": {"keras": "3.15.1"},
                        "revision": "abc123", "machine": "two cores", "smoke": False,
                        "stages": ["features", "graph", "controls", "evaluate"], **recipe},
        "metrics.json": {"kind": "collaborative", "protocol": PROTOCOL, "headline": report_runs.HEADLINE,
                         "real": {"is_digits_cnn": 9.7, "vol": 930.0}, "networks": networks,
                         "graphs": GRAPHS if graphs is None else graphs, **(metrics or {})},
        "export/export.json": {"run": "collaborative_digits", "host": "two-core host",
                               "loading_snippet": report_runs.SNIPPET,
                               "files": [{"network": "graph_1", "quantize": "int8", "size_kib": 51.25}]},
        **{f"{stage}/networks.json": [{"name": name, **networks[name]} for name in members]
           for stage, members in trained.items() if members},
    }
    for name, document in documents.items():
        if name not in without:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(document))
    for stage, members in trained.items():
        if members and f"{stage}/log.csv" not in without:
            columns = [column for name in members for column in losses(networks[name])]
            columns = list(dict.fromkeys(columns))
            rows = [[step, step * 0.5, *(f"{np.exp(-step / 20) + 0.1 * rng.random():.5f}" for _ in columns)]
                    for step in range(60)]
            lines = [",".join(["step", "seconds", *columns]), *(",".join(map(str, row)) for row in rows)]
            (folder / stage / "log.csv").write_text("\n".join(lines) + "\n")
    shown = [*networks, "real"]
    points = np.concatenate([rng.normal(index, 2.0, (300, 2)) for index in range(len(shown))]).astype(np.float32)
    arrays = {"samples": {name: report_runs.draw(rng, (12,), side, channels) for name in networks},
              "interpolation": {name: report_runs.draw(rng, (3, 9), side, channels) for name in networks},
              "real": {"real": report_runs.draw(rng, (12,), side, channels)},
              "embedding": {"points": points, "names": np.repeat(shown, 300)}}
    (folder / "evaluate").mkdir(parents=True, exist_ok=True)
    for name, content in arrays.items():
        if f"evaluate/{name}.npz" not in without:
            np.savez_compressed(folder / "evaluate" / f"{name}.npz", **content)
    return folder


def losses(entry):
    """The columns of a network's losses in the log of its stage."""
    member = "" if entry["role"] == "graph" else f"{entry['role']}/"
    return [f"{member}generator_{entry.get('node', '1')}_loss", f"{member}discriminator_loss"]


def write_trials(path: Path, rows) -> Path:
    """Writes a search's table; a row is a dict, and missing cells are empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def trial(objective, gates, **more):
    """A completed trial; `gates` by column."""
    return {"trial": "0", **gates, "objective": objective, "status": "completed", **more}
