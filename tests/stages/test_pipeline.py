"""Every recipe refuses settings that do not fit before anything is written: one line, exit code 2."""

import pytest
from click.testing import CliRunner

from kgan.cli import main


@pytest.mark.parametrize("recipe, setting, words", [
    ("compress_digits", "image_size=48", "image_shape=(48, 48, 1)"),
    ("compress_celeba", "image_size=128", "image_shape=(128, 128, 3)"),
    ("compress_digits", "latent_dim=0", "received 0"),
    ("compress_digits", "student_d=0,2", "student_d takes different positive whole numbers; received (0, 2)"),
    ("compress_digits", "teacher_d=", "teacher_d takes different positive whole numbers; received ()"),
    ("compress_digits", "batch_size=0", "batch_size must be at least 1; received 0"),
    ("compress_digits", "student_steps=-3", "student_steps must be at least 1; received -3"),
    ("compress_digits", "num_samples=3", "num_samples must be at least 20"),
    ("compress_digits", "ema_decay=1", "ema_decay must lie in [0, 1); received 1.0"),
    ("compress_digits", "control_learning_rates=0", "positive numbers; received (0.0,)"),
    ("compress_digits", "control_discriminator=both", "received 'both'"),
    ("compress_digits", "reduction=max", "received 'max'"),
    ("compress_digits", "quantize=int4", "'int4'"),
    ("compress_digits", "image_output=int8", "image_output must be one of float32, uint8; received 'int8'"),
    ("compress_celeba", "student_objectives=mse,l1", "received 'l1'"),
    ("compress_celeba", "joint_mode=code", "received 'code'"),
    ("compress_celeba", "alpha=2", "received 2.0"),
])
def test_settings_that_do_not_fit(recipe, setting, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["fit", recipe, "--set", setting])
    assert result.exit_code == 2, result.output
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("Error: ") and words in lines[0], lines
    assert list(tmp_path.iterdir()) == []
