"""The kind of run that tries knowledge distillation methods on pairs of teacher and student."""

from typing import ClassVar

from kgan.report import kd_tables as tables
from kgan.report.cgan_kd_tables import cost_table
from kgan.report.kd_charts import error_charts
from kgan.report.kd_check import check_metrics
from kgan.report.kd_lines import lines
from kgan.report.kd_methods import label
from kgan.report.kd_paper import paper_tables
from kgan.report.kd_summary import RULE, compare_all
from kgan.report.kd_verdict import verdict
from kgan.report.load import number
from kgan.report.predictors_kind import PredictorsKind


class KD(PredictorsKind):
    """Students that learn from a teacher by one method each against plain ones and against BLKD, paired by seed."""

    name = "kd"
    title = "knowledge distillation of classifiers and regressors"
    rule = RULE
    roles: ClassVar[dict[str, str]] = {"teacher": "teacher", "assistant": "variant", "student": "student",
                                       "control": "control"}
    description = ("role", "network", "teacher", "kd", "parameters", "steps", "fakes")
    size = "parameters"
    arrays = ()
    template = "kd.html"

    def likeness(self, registered):
        """Other kinds have these roles, too, but this one's teachers go by their architectures."""
        return super().likeness(registered) + any(stage.startswith("teacher_") for stage in registered)

    def stage_colour(self, stage, loss):
        """By the stage's name, which is that of its network; what prepares a student has the assistants' colour."""
        if stage.startswith("student_"):
            return "control" if stage.endswith("_nokd") else "student"
        return "teacher" if stage.startswith("teacher_") else "variant"

    def slot(self, network):
        """The role, the teacher, the architecture and the method."""
        return (str(network.get("role", "network")), *(network.get(key) for key in ("teacher", "network", "kd")))

    def slot_label(self, slot):
        role, teacher, network, method = slot[:4]
        return super().slot_label((role, teacher, network, method if role in ("student", "control") else None))

    def facts(self, metrics):
        """The data, and with how many fakes students were trained, if any were."""
        fakes = sorted({fakes for network in metrics.get("networks", {}).values()
                        if (fakes := number(network.get("fakes")))})
        return [*super().facts(metrics), *([f"{', '.join(f'{value:,.0f}' for value in fakes)} fakes"] if fakes else [])]

    def check(self, metrics, source):
        if metrics:
            check_metrics(metrics, source)

    def compare(self, group, networks, headline):
        return compare_all(group, headline)

    def lines(self, summary):
        return lines(summary)

    def verdict(self, summary):
        return verdict(summary)

    def side_by_side(self, summaries, measure):
        return tables.side_by_side(summaries, measure)

    def sections(self, group, summary, images, key, share):
        return {
            "methods": tables.method_table(summary),
            "result_name": tables.result_name(summary),
            "with_fakes": [label(network["kd"]) for network in summary["networks"].values()
                           if network["role"] in ("student", "control") and number(network["fakes"])],
            "refusals": tables.refusals(summary),
            "contests": tables.contest_table(summary),
            "charts": error_charts(summary, f"{key}-errors"),
            "sizes": tables.network_table(summary, group.first.exports.get("files", [])),
            "times": tables.time_table(summary),
            "costs": cost_table(summary),
            "data_line": ", ".join(super().facts(group.first.metrics)),
            "paper": paper_tables(summary) if summary["task"] else [],
        }


KIND = KD()
