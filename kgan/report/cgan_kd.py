"""The kind of run that distils through processed samples of a conditional GAN."""

from typing import ClassVar

from kgan.report import cgan_kd_charts as charts
from kgan.report import cgan_kd_tables as tables
from kgan.report.cgan_kd_arms import label, split
from kgan.report.cgan_kd_check import check_metrics
from kgan.report.cgan_kd_files import ARRAYS
from kgan.report.cgan_kd_lines import lines
from kgan.report.cgan_kd_page import picture_rows
from kgan.report.cgan_kd_paper import paper_tables
from kgan.report.cgan_kd_summary import RULE, compare_all
from kgan.report.cgan_kd_verdict import verdict
from kgan.report.load import number
from kgan.report.predictors_kind import PredictorsKind


class CGANKD(PredictorsKind):
    """Students trained with fakes against students of real images alone, paired by seed."""

    name = "cgan_kd"
    title = "distillation through cGAN samples"
    rule = RULE
    roles: ClassVar[dict[str, str]] = {"teacher": "teacher", "student": "student", "control": "control",
                                       "generator": "variant"}
    description = ("role", "arm", "kd", "parameters", "steps", "fakes")
    size = "fakes"
    arrays = ARRAYS
    template = "cgan_kd.html"

    def stage_colour(self, stage, loss):
        """By the stage's name, which is that of its network: `teacher...` and `student_<arm>`."""
        if stage.startswith("student"):
            return "control" if stage.startswith("student_nokd") else "student"
        return "teacher" if stage.startswith("teacher") else "variant"

    def slot(self, network):
        """The role and the arm."""
        return (str(network.get("role", "network")), network.get("arm"))

    def slot_label(self, slot):
        return label(slot[1]) if slot[1] else super().slot_label(slot)

    def facts(self, metrics):
        """The data, how many of them train, and rho."""
        rho = number(metrics.get("samples", {}).get("rho"))
        return [*super().facts(metrics), *([] if rho is None else [f"rho {rho:g}"])]

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
            "arms": tables.arm_table(summary, group.first.exports.get("files", [])),
            "contests": tables.contest_table(summary),
            "with_kd": any(split(network["arm"])[1] for network in summary["networks"].values() if network["arm"]),
            "ablation": charts.ablation_chart(summary, f"{key}-arms"),
            "pictures": picture_rows(group.first.folder, share),
            "errors": charts.error_chart(group, summary, f"{key}-errors"),
            "counts": tables.count_table(summary),
            "consistency": tables.consistency_table(summary),
            "acceptance": tables.acceptance_table(summary),
            "sweeps": charts.sweep_charts(summary, f"{key}-sweep"),
            "costs": tables.cost_table(summary),
            "cost_charts": charts.cost_charts(summary, f"{key}-cost"),
            "paper": paper_tables(summary) if summary["task"] else [],
        }


KIND = CGANKD()
