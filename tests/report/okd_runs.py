"""Made-up run folders of an online distillation, in the form that its stages write."""

import copy
import json
from pathlib import Path

import numpy as np
import report_runs

PROTOCOL = {"name": "digits_cnn", "version": 1, "num_fake": 2000, "num_real": 1797, "weights_sha256": "aa11",
            "late_checkpoints": [600, 700, 800, 900, 1000], "sampling_seed": 7}
STAGES = {"okd": ("peer",), "controls": ("independent", "single")}


def network(role, peer, score, distance, **more):
    """An entry of metrics.json's networks; a peer of None states none."""
    entry = {"role": role, "size": 16, "parameters": 5000, "objective": "wgan_gp", "weights": "ema",
             "steps": 1000, "is_digits_cnn": score, "is_digits_cnn_std": 0.05, "is_digits_cnn_late_std": 0.25,
             "fd_digits_cnn": distance, "fd_digits_cnn_late_std": 1.5, "vol": 800.0, "vol_late_std": 10.0}
    return {**entry, **({} if peer is None else {"peer": peer}), **more}


def networks(peers, independent=(), single=None, sizes=None):
    """Networks of (score, distance) by place; `sizes` are (size, parameters) by place."""
    found = {}
    for role, values in (("peer", peers), ("independent", independent)):
        for place, (score, distance) in enumerate(values, 1):
            size, parameters = sizes[place - 1] if sizes else (16, 5000)
            found[f"{role}_{place}"] = network(role, str(place), score, distance, size=size, parameters=parameters)
    if single:
        size, parameters = sizes[0] if sizes else (16, 5000)
        found["single"] = network("single", "1", *single, size=size, parameters=parameters)
    return found


def losses(name, entry, peers):
    """The columns of a network's losses in the log of its stage."""
    place = entry.get("peer", name)
    member = "" if entry["role"] == "peer" else f"{entry['role']}/"
    columns = [f"{member}generator_{place}_loss", f"{member}discriminator_{place}_loss"]
    if entry["role"] == "peer" and place.isdecimal():
        columns.append(f"connector_{place}_{int(place) % peers + 1}_loss")
    return columns


#: Score: best 9 against 8.5, mean 8 against 8. Distance: best 10 against 12, mean 13 against 14.
NETWORKS = networks([(9.0, 10.0), (8.0, 12.0), (7.0, 17.0)], [(7.5, 15.0), (8.5, 12.0), (8.0, 15.0)], (8.2, 11.0))


def write_run(folder: Path, seed=0, networks=None, protocol=None, without=(), metrics=None, side=8, channels=1,
              **recipe) -> Path:
    """Writes a whole run to `folder`; `without` names files to leave out, `metrics` adds to metrics.json."""
    networks = copy.deepcopy(NETWORKS if networks is None else networks)
    rng = np.random.default_rng(seed)
    trained = {stage: [name for name, entry in networks.items() if entry["role"] in roles]
               for stage, roles in STAGES.items()}
    documents = {
        "recipe.json": {"recipe": "okd_digits", "title": "Online distillation of digit GANs", "seed": seed,
                        "settings": {"seed": seed, "batch_size": 25}, "versions": {"keras": "3.15.1"},
                        "revision": "abc123", "machine": "two cores", "smoke": False,
                        "stages": ["features", "okd", "controls", "evaluate"], **recipe},
        "metrics.json": {"kind": "okd", "protocol": PROTOCOL if protocol is None else protocol,
                         "headline": report_runs.HEADLINE, "real": {"is_digits_cnn": 9.7, "vol": 930.0},
                         "topology": "ring", "rho": 0.1, "networks": networks, **(metrics or {})},
        "export/export.json": {"run": "okd_digits", "host": "two-core host", "loading_snippet": report_runs.SNIPPET,
                               "files": [{"network": "peer_1", "quantize": "int8", "size_kib": 51.25}]},
        **{f"{stage}/networks.json": [{"name": name, **networks[name]} for name in members]
           for stage, members in trained.items() if members},
    }
    for name, document in documents.items():
        if name not in without:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(document))
    for stage, members in trained.items():
        if members and f"{stage}/log.csv" not in without:
            columns = [column for name in members for column in losses(name, networks[name], len(members))]
            rows = [[step, step * 0.5, *(f"{np.exp(-step / 20) + 0.1 * rng.random():.5f}" for _ in columns)]
                    for step in range(60)]
            lines = [",".join(["step", "seconds", *columns]), *(",".join(map(str, row)) for row in rows)]
            (folder / stage / "log.csv").write_text("\n".join(lines) + "\n")
    arrays = {"samples": {name: report_runs.draw(rng, (12,), side, channels) for name in networks},
              "interpolation": {name: report_runs.draw(rng, (3, 9), side, channels) for name in networks},
              "real": {"real": report_runs.draw(rng, (12,), side, channels)}}
    (folder / "evaluate").mkdir(parents=True, exist_ok=True)
    for name, content in arrays.items():
        if f"evaluate/{name}.npz" not in without:
            np.savez_compressed(folder / "evaluate" / f"{name}.npz", **content)
    return folder
