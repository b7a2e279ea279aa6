"""Images from a run's networks, for the command `sample`."""

from PIL import Image

from kgan.errors import InputError
from kgan.files import whole_file
from kgan.metrics.evaluate import Sampler, latents
from kgan.stages.evaluate import INTERPOLATED, interpolate
from kgan.stages.training import load_network, read_registers, write_grid


def sample_run(run_dir, network, num, seed, out, interpolated=False):
    """Writes `num` images of a run's network to `out`: a grid for a `.png`, else PNGs in a folder.

    Args:
        network: its name; None takes the first student, or the teacher where there is none.
        seed: determines the latents, for all networks of the same latent_dim alike.
        interpolated: `num` rows of images between two latents each, as one grid.

    Returns: a line that says what was written where.
    """
    grid = out.suffix.lower() == ".png"
    if interpolated and not grid:
        raise InputError(f"--interpolate draws one grid: --out must end in .png; received {out}")
    _check_free(out, grid)
    sampler = Sampler(load_network(run_dir, network or _default(run_dir)))
    if interpolated:
        rows = interpolate(sampler, latents(2 * num, sampler.latent_dim, seed))
        write_grid(out, rows.reshape(-1, *rows.shape[2:]), INTERPOLATED)
        return f"{num} rows of {INTERPOLATED} images: {out}"
    images = sampler(num, seed)
    if grid:
        write_grid(out, images)
        return f"{num} images: {out}"
    for number, image in enumerate(images):
        with whole_file(out / f"{number:06d}.png") as file:
            Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(file, "PNG")
    return f"{num} images in {out}"


def _check_free(out, grid):
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir():
        raise InputError(f"{above} is a file, so {out} cannot be written: choose another --out")
    if grid and out.is_dir():
        raise InputError(f"{out} is a folder: --out takes a file ending in .png, or a folder of another name")
    if not grid and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is there already: --out takes a new or empty folder, or a file ending in .png")


def _default(run_dir):
    entries = read_registers(run_dir)
    for role in ("student", "teacher"):
        for entry in entries:
            if entry["role"] == role:
                return entry["name"]
    raise InputError(f"{run_dir} has no trained networks")
