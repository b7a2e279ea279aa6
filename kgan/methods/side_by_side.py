"""Several methods trained on the same batches in one compiled step."""

from kgan.errors import InputError
from kgan.training.method import Method


class SideBySide(Method):
    """Members that know nothing of each other, in one step: small networks alone leave cores idle.

    Each member draws its own latents and ends with the same weights as when trained alone on the same
    batches. Losses are reported as `<member>/<loss>`.

    Args:
        members: dict, name -> compiled method.
    """

    def __init__(self, members, **kwargs):
        if not members:
            raise InputError("side by side needs at least one member; received none")
        super().__init__({}, **kwargs)
        self.members = dict(members)
        self.set_optimizers({})

    def call(self, latents, training=False):
        """The members' outputs by name."""
        return {name: member(latents, training=training) for name, member in self.members.items()}

    def train_step(self, data):
        """One step of every member."""
        for member in self.members.values():
            member.train_step(data)
        return self.finish_step({})

    def get_metrics_result(self):
        """Mean of each loss since the last reset, as `<member>/<loss>`."""
        return {f"{name}/{loss}": value for name, member in self.members.items()
                for loss, value in member.get_metrics_result().items()}

    @property
    def metrics(self):
        """The trackers of all members."""
        return [metric for member in self.members.values() for metric in member.metrics]

    def restart(self, networks, seed):
        """As every method's; networks are given as `<member>/<name>`, and all members take the one seed."""
        own = {f"{name}/{part}" for name, member in self.members.items() for part in member.networks}
        if set(networks) != own:
            raise InputError(f"a restart takes a network for each of {', '.join(sorted(own))}; received "
                             f"{', '.join(sorted(networks)) or 'none'}")
        for name, member in self.members.items():
            member.restart({part: networks[f"{name}/{part}"] for part in member.networks}, seed)
        super().restart({}, seed)

    def state_groups(self):
        """The members' states under `<member>/`."""
        groups = {"step": [self.step_counter]}
        for name, member in self.members.items():
            groups |= {f"{name}/{group}": variables for group, variables in member.state_groups().items()}
        return groups
