"""One replica or two: the same global batch and latents give the same weights."""

import json
import subprocess
import sys
from pathlib import Path


def test_two_replicas_end_with_the_weights_and_statistics_of_one():
    """SGD, which unlike Adam shows a gradient of twice the size; batch norm's statistics are among the variables."""
    program = Path(__file__).with_name("replicas_program.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == {"gan", "wgan_gp", "wgan_clip", "distiller", "okd", "cgan", "supervised"}
    for name, result in found.items():
        assert result["moved"] > 1e-2, name
        assert result["difference"] < 1e-5, (name, result)
