"""What the recipes that compress refuse of their objectives, in one line and before anything is written."""

import pytest
from click.testing import CliRunner

from kgan.cli import main

FEATURES = "student_objectives=mse,features"


@pytest.mark.parametrize("recipe, settings, words", [
    ("compress_digits", ["teacher_objective=wgan"], "non_saturating, hinge, wgan_gp, wgan_clip; received 'wgan'"),
    ("compress_digits", ["teacher_objective=wgan_clip", "spectral_norm=true"], "exclude each other"),
    ("compress_mnist", ["teacher_objective=wgan_clip", "spectral_norm=true"], "exclude each other"),
    ("compress_celeba", ["teacher_learning_rate=0"], "learning_rate must be a finite number above 0; received 0.0"),
    ("compress_cifar10", ["critic_steps=0"], "critic_steps must be at least 1; received 0"),
    ("compress_cifar10", ["alpha=2"], "alpha must lie in [0, 1]; received 2.0"),
    ("compress_mnist", ["joint_mode=print"], "mode must be one of plain, paper; received 'print'"),
    ("compress_mnist", ["student_objectives=features"], "student_objectives takes some of mse, joint; received "),
    ("compress_digits", [FEATURES, "feature_layers=stage9"], "'discriminator' has no layer 'stage9'; it has images, "),
    ("compress_digits", [FEATURES, "feature_network=classifier"], "'classifier' has no layer 'stage2'; it has images"),
    ("compress_digits", [FEATURES, "feature_network=vgg"], "must be one of discriminator, classifier; received 'vgg'"),
    ("compress_digits", ["feature_weights=1,2,3"], "the layers stage2, stage3 and the weights 1.0, 2.0, 3.0"),
    ("compress_digits", ["feature_weights=0"], "the weight of layer stage2 must be a finite number above 0"),
    ("compress_digits", ["feature_norm=l3"], "norm must be one of l1, l2; received 'l3'"),
    ("compress_digits", ["pixel_weight=-1"], "pixel_weight must be a finite number of at least 0; received -1.0"),
])
def test_objectives_that_do_not_fit(recipe, settings, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["fit", recipe, *(part for text in settings for part in ("--set", text))])
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ") and words in line
    assert list(tmp_path.iterdir()) == []
