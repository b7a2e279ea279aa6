"""Which runs may be put together: seeds of one experiment, and groups of one protocol.

Numbers of unlike protocols never share a column, so everything above works group by group.
"""

import json
from dataclasses import dataclass, field

from kgan.errors import InputError
from kgan.report.kinds import Kind, kind_named
from kgan.report.load import Run

#: Fields of a protocol that may differ between seeds of one experiment: they say which trained instance
#: of the same procedure measured, not how it was measured. Looked for at any depth.
VARYING_PROTOCOL_FIELDS = frozenset({
    "is_seed", "sampling_seed",
})

#: Settings that say where or on what a run was made, not what was run.
VARYING_SETTINGS = frozenset({"seed", "data_dir", "run_dir"})


@dataclass
class Group:
    """Runs of one recipe with the same settings and protocol, one a seed, in the order of their seeds."""

    runs: list[Run]
    networks: dict[str, list[tuple[Run, str, dict]]] = field(default_factory=dict)
    place: str | None = None  # the first run's folder, where another group has the same recipe and seeds

    @property
    def first(self) -> Run:
        """The run that stands for the group where only one can be shown."""
        return self.runs[0]

    @property
    def kind(self) -> Kind:
        """What kind of run they are."""
        return kind_named(self.first.kind)

    @property
    def seeds(self) -> list:
        """The runs' seeds, None where one is not known."""
        return [run.seed for run in self.runs]

    @property
    def label(self) -> str:
        """A short name: the recipe (or the folder), what its kind adds, the seeds, and the place."""
        name = self.first.recipe.get("recipe") or self.first.folder.name
        name = ", ".join([str(name), *self.kind.facts(self.first.metrics)])
        known = [str(seed) for seed in self.seeds if seed is not None]
        if known:
            name = f"{name}, seed{'s' if len(known) > 1 else ''} {', '.join(known)}"
        return f"{name} ({self.place})" if self.place else name

    @property
    def protocol(self) -> dict:
        """The first run's protocol, with the fields that may differ between seeds."""
        return self.first.metrics.get("protocol", {})


def shared_protocol(run: Run) -> dict:
    """The run's protocol without the fields that may differ between seeds."""
    return shared_fields(run.metrics.get("protocol", {}))


def shared_fields(protocol: dict) -> dict:
    """A protocol without the fields that may differ between seeds."""
    return _without(protocol, VARYING_PROTOCOL_FIELDS)


def protocol_key(run: Run) -> str:
    """Equal for two runs exactly when their numbers may share a column."""
    return _canonical(_measured_by(run))


def group_runs(runs: list[Run]) -> list[Group]:
    """Puts seeds of one experiment together; all else, a second run of the same seed too, stands apart.

    Raises `InputError` when a folder is given twice.
    """
    groups: list[tuple[str, Group]] = []
    folders = [run.folder.resolve() for run in runs]
    for run, folder in zip(runs, folders, strict=True):
        if folders.count(folder) > 1:
            raise InputError(f"the run {str(run.folder)!r} is given more than once: give each run once")
        settings = _without(run.recipe.get("settings", {}), VARYING_SETTINGS)
        # Without recipe.json nothing says that two runs are the same experiment.
        name = run.recipe.get("recipe") or str(run.folder)
        facts = kind_named(run.kind).facts(run.metrics)
        key = _canonical([name, bool(run.recipe.get("smoke")), settings, facts, protocol_key(run)])
        for other, group in groups:
            if other == key and run.seed not in group.seeds:
                group.runs.append(run)
                break
        else:
            groups.append((key, Group([run])))
    for _, group in groups:
        group.runs.sort(key=lambda run: (1, run.seed) if isinstance(run.seed, int) else (0, 0))
        group.networks = _slots(group.runs)
    _tell_apart([group for _, group in groups])
    return [group for _, group in groups]


def _tell_apart(groups: list[Group]) -> None:
    """Gives groups of one label their places."""
    labels = [group.label for group in groups]
    for name in {label for label in labels if labels.count(label) > 1}:
        same = [group for group, label in zip(groups, labels, strict=True) if label == name]
        folders = [group.first.folder.resolve() for group in same]
        unique = len({folder.name for folder in folders}) == len(folders)
        for group, folder in zip(same, folders, strict=True):
            group.place = folder.name if unique else "/".join(folder.parts[-2:])


def unlike_fields(groups: list[Group]) -> dict[str, list[str]]:
    """The protocol fields in which the groups differ, each with its different values."""
    return differing([_measured_by(group.first) for group in groups])


def differing(protocols: list[dict]) -> dict[str, list[str]]:
    """The fields in which protocols differ, each with its different values."""
    names = sorted({name for protocol in protocols for name in protocol})
    values = {name: [_show(protocol.get(name, "not stated")) for protocol in protocols] for name in names}
    return {name: list(dict.fromkeys(shown)) for name, shown in values.items() if len(set(shown)) > 1}


def _measured_by(run: Run) -> dict:
    """The kind, the protocol, the headline's measures, the weights (EMA or raw) of each role, what the kind adds."""
    weights = {str(network.get("weights")): set() for network in run.networks.values()}
    for network in run.networks.values():
        weights[str(network.get("weights"))].add(str(network.get("role")).removesuffix("_candidate"))
    # One word where all networks agree, so that a run without controls still goes with one that has them.
    by_role = next(iter(weights), None) if len(weights) < 2 else {
        name: sorted(roles) for name, roles in weights.items()}
    return {**shared_protocol(run), "kind": run.kind, "headline": run.metrics.get("headline", {}),
            "weights by role": by_role, **kind_named(run.kind).measured(run.metrics)}


def _slots(runs: list[Run]) -> dict[str, list[tuple[Run, str, dict]]]:
    """Networks that answer each other across seeds, as their kind says.

    A name that all seeds share is kept; two networks of one run in the same place are told apart by
    their names.
    """
    kind = kind_named(runs[0].kind)
    crowded = set()
    for run in runs:
        seen = [kind.slot(network) for network in run.networks.values()]
        crowded |= {entry for entry in seen if seen.count(entry) > 1}
    members: dict[tuple, list[tuple[Run, str, dict]]] = {}
    for run in runs:
        for name, network in run.networks.items():
            key = kind.slot(network)
            members.setdefault((*key, name) if key in crowded else key, []).append((run, name, network))
    named: dict[str, list[tuple[Run, str, dict]]] = {}
    for key, entries in members.items():
        names = {name for _, name, _ in entries}
        label = names.pop() if len(names) == 1 else kind.slot_label(key)
        while label in named:
            label += "'"
        named[label] = entries
    return named


def _without(value, names: frozenset[str]):
    if isinstance(value, dict):
        return {key: _without(entry, names) for key, entry in value.items() if key not in names}
    return value


def _canonical(value) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _show(value) -> str:
    return value if isinstance(value, str) else _canonical(value)
