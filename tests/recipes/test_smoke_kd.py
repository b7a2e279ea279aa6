"""The smallest forms of the recipes `kd_...`."""

import pytest
from smoke import check_smoke, of_family


@pytest.mark.slow
@pytest.mark.parametrize("recipe", of_family("kd"))
def test_smoke(recipe, tmp_path):
    """Quick siblings: test_cli.py::test_fit_smoke_has_a_folder_of_its_own, and each stage's own tests."""
    check_smoke(recipe, tmp_path)
