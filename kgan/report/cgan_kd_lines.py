"""The summary of cGAN-KD runs as plain text, for a terminal."""

from kgan.report.cgan_kd_arms import label
from kgan.report.cgan_kd_summary import by_arm, in_unit, teachers
from kgan.report.cgan_kd_tables import consistency_table
from kgan.report.paired import plain_line
from kgan.report.summary import plain, plain_measure, text_table


def lines(summary: dict) -> list[str]:
    """A group's summary: every network, the paired differences, the fakes."""
    runs, measure = len(summary["runs"]), summary["headline"]["error"]
    table = [["network", "arm", "parameters", "fakes", f"{measure}{in_unit(summary)}"]]
    table += [[name, plain(network["arm"]), plain(network["parameters"]), plain(network["fakes"]),
               plain_measure(network["measures"].get(measure), runs)]
              for name, network in [*teachers(summary), *by_arm(summary).values()]]
    found = [f"{summary['label']}: " + (f"mean and std over {runs} runs" if runs > 1 else "one run, no std"),
             *text_table(table)]
    found += [plain_line(entry, label(entry["arm"]), label(entry["against"]), runs) for entry in summary["comparisons"]]
    if not summary["comparisons"]:
        found.append("nothing to compare the arms with: nothing shows that the fakes helped")
    return found + _fakes(summary)


def _fakes(summary: dict) -> list[str]:
    """How many fakes were made and remained, and how their labels agree with the teacher."""
    counts = {name: entry for name, entry in summary["samples"].get("counts", {}).items() if entry["n"]}
    found = []
    if counts:
        found.append("fakes: " + ", ".join(f"{entry['mean']:,.0f} {name}" for name, entry in counts.items()))
    rates = [entry["mean"] for entry in summary["samples"].get("acceptance", {}).values() if entry["n"]]
    if rates:
        found.append(f"acceptance by label: {min(rates):.2%} to {max(rates):.2%}")
    table = consistency_table(summary)
    if table:
        agreed = "; ".join(f"{name} {value.replace('±', '+-')}" for name, _, value in table["rows"])
        found.append(f"{table['columns'][2]}: {agreed}")
    return found
