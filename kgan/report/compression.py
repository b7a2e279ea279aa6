"""The kind of run that compresses: a teacher, its students, and controls of their size."""

from typing import ClassVar

from kgan.report import charts, compression_across, compression_files, compression_paper, pictures, rows
from kgan.report.directions import directions
from kgan.report.kinds import Kind
from kgan.report.load import number
from kgan.report.summary import RULE, compare, count, plain, plain_measure, text_table
from kgan.report.verdict import verdict

_STAGES = {"teacher": "teacher", "students": "student", "controls": "control"}


class Compression(Kind):
    """Students against controls of the same d, and the joint objective against MSE."""

    name = "compression"
    title = "compression"
    rule = RULE
    roles: ClassVar[dict[str, str]] = {
        "teacher": "teacher", "teacher_candidate": "teacher", "student": "student", "control": "control",
        "control_candidate": "control"}
    description = ("role", "d", "objective", "weights", "parameters", "parameters_paper", "ratio", "learning_rate")
    size = "d"
    template = "compression.html"
    ending = "compression_table1.html"

    def log_stages(self, stages, registered):
        return list(_STAGES)

    def stage_colour(self, stage, loss):
        return _STAGES[stage]

    def slot(self, network):
        """The role, d and objective; the teacher is the one chosen in each seed, whatever its d."""
        role = str(network.get("role", "network"))
        if role == "teacher":
            return ("teacher",)
        objective = network.get("objective") if role == "student" else None
        rate = network.get("learning_rate") if role.endswith("_candidate") else None
        return (role, *(None if part is None else str(part) for part in (network.get("d"), objective, rate)))

    def slot_label(self, slot):
        if len(slot) == 1:
            return slot[0]
        return "_".join([slot[0], f"d{slot[1]}", *(str(part) for part in slot[2:] if part is not None)])

    def compare(self, group, networks, headline):
        """A comparison is `{"kind", "d", "measure", "better", "first", "second", "difference", "std",
        "result"}` with result "first", "second" or "tie" and `difference` of the means, first - second; `files` are
        those of `compression_files.files_of`."""
        comparisons = _compare_all(networks, headline)
        return {"comparisons": comparisons, "counts": count(comparisons), "files": compression_files.files_of(group)}

    def lines(self, summary):
        return _lines(summary)

    def verdict(self, summary):
        return [*verdict(summary), *compression_files.sentences(summary)]

    def across(self, summaries):
        """The headline's measures, the VoL ratio where one is known, and the int8 files' where they were measured."""
        networks = [network for summary in summaries for network in summary["networks"].values()]
        known = any("vol_ratio" in network["measures"] for network in networks)
        return [*super().across(summaries), *(["vol_ratio"] if known else []),
                *compression_across.files_across(summaries)]

    def side_by_side(self, summaries, measure):
        shown = compression_across.int8_files if compression_across.shows_files(measure) else rows.side_by_side
        return shown(summaries, measure)

    def network_columns(self):
        return {key: key.replace("_", " ") for key in ("role", "d", "objective", "weights", "learning_rate")}

    def sections(self, group, summary, images, key, share):
        return {
            "counts": summary["counts"].get("student_vs_control", {}),
            "measures": charts.measure_charts(summary, f"{key}-measure"),
            "sizes": rows.size_table(summary),
            "teachers": charts.teacher_charts(group, summary, f"{key}-teacher"),
            "samples": pictures.sample_blocks(group, images, share),
            "interpolations": pictures.interpolation_blocks(group, images, share),
            "objectives": charts.objective_charts(summary, f"{key}-objective"),
            "objective_rows": pictures.objective_block(group, images),
            "files": compression_files.tables(summary),
            "relative": compression_paper.relative_table(group, summary),
            "relative_charts": compression_paper.relative_charts(group, summary, f"{key}-relative"),
            "paper_teachers": compression_paper.teachers(),
        }

    def paper_table(self):
        """The paper's table 1, for the end of the page."""
        return rows.paper_table()

    def paper_charts(self):
        """The paper's figure 1, for the end of the page."""
        return compression_paper.printed_charts()


def _compare_all(networks: dict[str, dict], headline: dict) -> list[dict]:
    students = [(name, network) for name, network in networks.items() if network["role"] == "student"]
    controls = [(name, network) for name, network in networks.items() if network["role"] == "control"]
    pairs = [("student_vs_control", directions(headline), student, control)
             for student in students for control in controls if student[1]["d"] == control[1]["d"]]
    sharper = [("vol_ratio", "higher"), (headline["distance"], "lower")]
    pairs += [("joint_vs_mse", sharper, joint, mse) for joint in students for mse in students
              if (joint[1]["objective"], mse[1]["objective"]) == ("joint", "mse")
              and joint[1]["d"] == mse[1]["d"]]
    found = []
    for kind, measures, (first, first_network), (second, second_network) in pairs:
        for measure, better in measures:
            sides = [network["measures"].get(measure) for network in (first_network, second_network)]
            if measure and all(side and side["n"] for side in sides):
                found.append({"kind": kind, "d": first_network["d"], "measure": measure, "better": better,
                              "first": first, "second": second, **compare(*sides, better)})
    return sorted(found, key=lambda entry: (entry["kind"], number(entry["d"]) or 0.0))


def _lines(group: dict) -> list[str]:
    runs = len(group["runs"])
    measures = [name for name in group["headline"].values() if name]
    if any("vol_ratio" in network["measures"] for network in group["networks"].values()):
        measures.append("vol_ratio")
    table = [["network", "role", "d", "parameters", *measures]]
    for name, network in group["networks"].items():
        cells = [network["measures"].get(measure) for measure in measures]
        table.append([name, *(plain(network[key]) for key in ("role", "d", "parameters")),
                      *(plain_measure(cell, runs) for cell in cells)])
    lines = [f"{group['label']}: mean and std over {runs} run(s)", *text_table(table)]
    for measure, counts in group["counts"].get("student_vs_control", {}).items():
        lines.append(f"{measure}: student wins {counts['first']}, control wins {counts['second']}, "
                     f"ties {counts['tie']}")
    for table in compression_files.lines(group):
        lines += ["TFLite files' own images; difference to the Keras network on the same latents:",
                  *text_table(table)]
    return lines


KIND = Compression()
