"""What the kinds of run share whose networks are classifiers or regressors, measured by their error."""

from kgan.report.kinds import Kind
from kgan.report.load import number


class PredictorsKind(Kind):
    """A kind whose metrics.json states `task`, `unit` and `data`, and whose stages train one network each."""

    headline = ("error",)

    def log_stages(self, stages, registered):
        """Every stage: which networks a recipe trains besides teacher and students is its choice."""
        return stages

    def curve(self, stage, column):
        """Every column is a chart: a stage trains one network."""
        return None if column in ("step", "seconds") else (column, stage)

    def facts(self, metrics):
        """The data, and how many of them train."""
        data = metrics.get("data", {})
        train = number(data.get("train"))
        return ([str(data["name"])] if data.get("name") else []) + \
            ([] if train is None else [f"{train:,.0f} training images"])

    def measured(self, metrics):
        data = metrics.get("data", {})
        return {"task": metrics.get("task"), "unit": metrics.get("unit"), "data set": data.get("name"),
                "test images": data.get("test")}

    def network_columns(self):
        return {key: key for key in self.description}
