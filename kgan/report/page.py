"""Writes the report: one HTML file that holds everything it shows."""

import functools
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from kgan.errors import InputError
from kgan.report import charts, rows, selection
from kgan.report.evaluations_page import across_groups, of_group
from kgan.report.groups import VARYING_SETTINGS, Group, group_runs, protocol_key, unlike_fields
from kgan.report.kinds import Kind
from kgan.report.load import read_images, read_run
from kgan.report.summary import summarise_group


def write_report(runs: Sequence[Path], out: Path) -> Path:
    """Writes one self-contained page on one or several run folders to `out` and returns `out`.

    Seeds of one recipe with the same settings and protocol are shown as mean and std; other runs get a
    part each, and tables side by side only where their protocols agree. What a run lacks is said in a
    line. The file appears under its name only when whole. Raises `InputError` for no runs, a folder that
    is no run, a damaged file, or an `out` that cannot be written.
    """
    if not runs:
        raise InputError("no run folder given to report on: name at least one")
    html = render([read_run(Path(run)) for run in runs])
    out = Path(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(out, html)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"cannot write the report to {str(out)!r} ({reason}): give another file") from None
    return out


def render(runs: Sequence) -> str:
    """The page as text, from what `read_run` gave for each run; the same runs give the same text."""
    groups = group_runs(list(runs))
    kinds = list(dict.fromkeys(group.kind for group in groups))
    parts = [_part(group, f"g{index}", len(groups)) for index, group in enumerate(groups)]
    for kind in kinds:
        next(part for part in parts if part["kind"] is kind)["first_of_kind"] = True
    title = parts[0]["summary"]["title"] if len(parts) == 1 else f"{len(runs)} runs side by side"
    return _environment().get_template("template.html").render(
        title=title, parts=parts, kinds=kinds, settings=unlike_settings(groups), **_across(groups, parts, kinds),
        evaluations=across_groups([part["summary"] for part in parts]))


@functools.cache
def _environment() -> Environment:
    """Made once: it keeps the templates as compiled code."""
    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True,
                       lstrip_blocks=True)


def _part(group: Group, key: str, share: int) -> dict:
    """Everything the template shows of one group; `key` makes the ids of its figures unique."""
    kind, first = group.kind, group.first
    summary = summarise_group(group)
    losses, loss_notes = charts.loss_charts(group, f"{key}-loss")
    exports = first.exports.get("files", [])
    return {
        "key": key,
        "kind": kind,
        "summary": summary,
        "verdict": kind.verdict(summary),
        "caption": charts.protocol_line(summary),
        "shown_caption": charts.protocol_line(summary, seeds=False),
        "evaluations": of_group(summary),
        "losses": losses,
        "loss_notes": loss_notes,
        "selection": selection.section(group, f"{key}-selection"),
        "exports": rows.export_table(exports) if exports else None,
        "export_host": rows.text(first.exports.get("host")),
        "snippet": rows.text(first.exports.get("loading_snippet")),
        "all_networks": rows.network_table(summary, kind.network_columns(), kind.subject),
        "settings": rows.pairs(first.recipe.get("settings", {})),
        "protocol": rows.shared_pairs([run.metrics.get("protocol", {}) for run in group.runs]),
        "provenance": [[run.folder.name, *(rows.text(run.recipe.get(name)) for name in
                                           ("recipe", "seed", "revision", "machine"))] for run in group.runs],
        "versions": rows.pairs(first.recipe.get("versions", {})),
        "missing": {run.folder.name: run.missing for run in group.runs if run.missing},
        "first_name": first.folder.name if first.seed is None else f"seed {first.seed}",
        "first_missing": first.missing,
        **kind.sections(group, summary, read_images(first.folder), key, share),
    }


def unlike_settings(groups: list[Group]) -> list[dict]:
    """The settings in which groups of one recipe differ: a table a recipe, a column a group."""
    recipes: dict[str, list[Group]] = {}
    for group in groups:
        recipes.setdefault(str(group.first.recipe.get("recipe")), []).append(group)
    tables = []
    for mine in recipes.values():
        given = [group.first.recipe.get("settings", {}) for group in mine]
        names = [name for name in dict.fromkeys(name for values in given for name in values)
                 if name not in VARYING_SETTINGS]
        cells = [[name, *(rows.text(values[name]) if name in values else rows.EMPTY for values in given)]
                 for name in names]
        unlike = [row for row in cells if len(set(row[1:])) > 1]
        if unlike:
            tables.append({"columns": ["setting", *(group.label for group in mine)], "rows": unlike})
    return tables


def _across(groups: list[Group], parts: list[dict], kinds: list[Kind]) -> dict:
    """Tables over several groups: one set for each kind and protocol, never two of them in one table.

    `unlike` holds a notice for each kind whose groups have several protocols: `{"protocols", "fields"}`.
    """
    alike: dict[str, list[int]] = {}
    measured = [index for index, group in enumerate(groups) if group.networks]
    for index in measured:
        alike.setdefault(protocol_key(groups[index].first), []).append(index)
    tables, protocols = [], {kind: 0 for kind in kinds}
    for indices in alike.values():
        kind = groups[indices[0]].kind
        protocols[kind] += 1
        summaries = [parts[index]["summary"] for index in indices]
        for measure in kind.across(summaries):
            tables.append({"measure": measure, "caption": charts.protocol_line(summaries[0], seeds=False),
                           **kind.side_by_side(summaries, measure)})
    unlike = [{"protocols": count, "kind": kind,
               "fields": unlike_fields([groups[index] for index in measured if groups[index].kind is kind])}
              for kind, count in protocols.items() if count > 1]
    return {"across": tables, "unlike": unlike} if len(groups) > 1 else {"across": [], "unlike": []}


def _write_whole(out: Path, text: str) -> None:
    """Writes `text` beside `out` and renames it, so that `out` is never half there."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner alone; a report is for whoever may read the folder.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, out)
    except BaseException:
        os.unlink(temporary)
        raise
