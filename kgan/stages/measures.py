"""What the measures of classifiers and regressors say of themselves, whatever kind of run they belong to."""

import json

_ERRORS = {"classification": "percent of test images whose largest logit is another class's",
           "regression": "mean absolute error on the test images, predictions clipped to the range of labels"}
_WHOLE = " and truncated to whole units"


def error_protocol(task, whole_units=False):
    """How the errors of a task are measured, in words."""
    return _ERRORS[task.name] + (_WHOLE if whole_units else "")


def costs(work):
    """Seconds of each complete stage, and the process's peak memory by then."""
    stages = json.loads((work.run_dir / "recipe.json").read_text(encoding="utf-8"))["stages"]
    markers = {stage: work.run_dir / stage / "complete.json" for stage in stages}
    read = {stage: json.loads(path.read_text()) for stage, path in markers.items() if path.is_file()}
    return {stage: {key: marker[key] for key in ("seconds", "peak_mib") if key in marker}
            for stage, marker in read.items()}
