"""The smallest forms of the recipes `compress_...`."""

import json

import pytest
from smoke import check_smoke, of_family, start


@pytest.mark.slow
@pytest.mark.parametrize("recipe", of_family("compress"))
def test_smoke(recipe, tmp_path):
    """Quick siblings: test_cli.py::test_fit_smoke_has_a_folder_of_its_own, and each stage's own tests."""
    check_smoke(recipe, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [
    ["teacher_objective=hinge", "spectral_norm=true", "critic_steps=2", "student_objectives=joint,features",
     "joint_mode=paper", "joint_saturating=false"],
    ["teacher_objective=wgan_clip", "student_objectives=features", "feature_network=classifier",
     "feature_layers=relu2,features", "feature_norm=l1", "reduction=mean"],
])
def test_objectives_other_than_the_recipes_own(settings, tmp_path):
    """Quick siblings: test_compress_refused.py, test_compression_features.py, test_gan_clipping.py."""
    start(tmp_path, "fit", "compress_digits", "--smoke", *(part for text in settings for part in ("--set", text)))
    metrics = json.loads((tmp_path / "runs" / "compress_digits-smoke" / "metrics.json").read_text(encoding="utf-8"))
    trained = {entry["objective"] for entry in metrics["networks"].values() if entry["role"] == "student"}
    asked = next(text for text in settings if text.startswith("student_objectives="))
    assert trained == set(asked.partition("=")[2].split(","))
