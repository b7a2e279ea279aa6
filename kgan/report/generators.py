"""Runs whose networks are generators in roles: what is tested, and what it is tested against."""

from dataclasses import dataclass

from kgan.report.rows import show

#: What metrics.json calls a generator's place among the others of its role.
PLACES = ("peer", "node")


@dataclass(frozen=True)
class Role:
    """What the page calls the generators of a role: `one` before its place (peer G1), `several` in tables,
    `noun` and `phrase` (with its article) in sentences, `member` one of them in a sentence.

    `colour` is one of `canvas.ROLE_COLOURS`. `tick` names, below a chart, a role that has one generator
    alone; others go by their places.
    """

    one: str
    several: str
    legend: str
    colour: str
    noun: str
    phrase: str
    member: str = ""
    plural: bool = False
    tick: str = ""

    @property
    def win(self) -> str:
        """That it wins, in words."""
        return f"{self.phrase} {'win' if self.plural else 'wins'}"

    @property
    def ahead(self) -> str:
        """That it is ahead, in words."""
        return f"{self.phrase} {'are' if self.plural else 'is'} ahead"


#: The roles of a kind by their names in metrics.json, in the order of the tables; the first is what is tested.
Roles = dict[str, Role]


def place_of(name: str, network: dict) -> str:
    """A network's place, or its name where it states none."""
    return next((str(network[key]) for key in PLACES if network.get(key) is not None), name)


def in_order(networks: dict[str, dict], role: str) -> list[tuple[str, dict]]:
    """(name, network) of a role in the order of their places."""
    found = [(name, network) for name, network in networks.items() if network.get("role") == role]

    def order(entry):
        place = place_of(*entry)
        return (0, int(place), "") if place.isdecimal() else (1, 0, place)

    return sorted(found, key=order)


def sizes_differ(networks: dict[str, dict], roles: Roles) -> bool:
    """Whether the generators tested are of different sizes."""
    return len({(str(net.get("size")), net.get("parameters")) for _, net in in_order(networks, next(iter(roles)))}) > 1


def short(place: str) -> str:
    """G1 for the place 1; a name stays as it is."""
    return f"G{place}" if place.isdecimal() else place


def label(name: str, network: dict, roles: Roles) -> str:
    """A network on the page: peer G1, independent G2, single."""
    role = roles[network["role"]]
    if role.tick:
        return role.one if name == network["role"] else name
    return f"{role.one} {short(place_of(name, network))}"


def tick(name: str, network: dict, roles: Roles) -> str:
    """A network below a chart: G1."""
    role = roles[network["role"]]
    return role.tick if role.tick and name == network["role"] else short(place_of(name, network))


def counted(network: dict) -> str:
    """A network's parameters in words."""
    if network["parameters"] is None:
        return "parameters vary" if len(network["names"]) > 1 else "parameters not stated"
    return f"{show(network['parameters'])} parameters"


def any_late(networks: dict[str, dict]) -> bool:
    """Whether a network of the summary states a spread over late checkpoints."""
    return any("late_stds" in measure for net in networks.values() for measure in net["measures"].values())
