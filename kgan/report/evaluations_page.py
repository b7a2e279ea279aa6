"""What the page shows of further evaluations: a table a protocol, and what its numbers rest on."""

from collections.abc import Sequence

from kgan.report.directions import better
from kgan.report.evaluations import (
    by_protocol,
    comparable,
    evaluation_table,
    lines_of,
    measures_of,
    own_weights,
    title_of,
)
from kgan.report.groups import differing
from kgan.report.rows import EMPTY, pairs, shared_pairs, spread_cell


def of_group(summary: dict) -> dict:
    """A group's evaluations: `{"tables", "unlike"}`, what the template shows of each, and of unlike protocols."""
    return _shown([[(summary, evaluation)] for evaluation in summary["evaluations"]], across=False)


def across_groups(summaries: Sequence[dict]) -> dict:
    """As `of_group`, of several groups in one table for each protocol, never two protocols in one."""
    return _shown(by_protocol(summaries), across=True)


def _shown(tables: list[list[tuple[dict, dict]]], across: bool) -> dict:
    protocols = []
    for parts in tables:
        protocol = comparable(parts[0][1], across)
        if protocol not in protocols:
            protocols.append(protocol)
    unlike = {"protocols": len(protocols), "fields": differing([dict(pairs(protocol)) for protocol in protocols])}
    return {"tables": [_table(parts, across) for parts in tables], "unlike": unlike if len(protocols) > 1 else None}


def _table(parts: list[tuple[dict, dict]], named: bool) -> dict:
    evaluations = [evaluation for _, evaluation in parts]
    measures = measures_of(parts)
    sides = {side: [name for name in measures if better(name) == side] for side in ("lower", "higher")}
    words = {side: names for side, names in sides.items() if names}
    lost = [f"{measure} of {name}" + (f" ({summary['label']})" if named else "")
            for summary, evaluation in parts for name, _, found in lines_of(evaluation)
            for measure, entry in found.items() if entry["not_finite"]]
    return {"title": title_of(parts), **evaluation_table(parts, spread_cell, EMPTY, named), "better": words,
            "several": any(len(summary["runs"]) > 1 for summary, _ in parts),
            "spread": [name for name in measures if name.endswith("_std") and name.removesuffix("_std") in measures],
            "own": len(own_weights(evaluations)), "not_finite": lost,
            "protocol": shared_pairs([source["protocol"] for evaluation in evaluations
                                      for source in evaluation["sources"]])}
