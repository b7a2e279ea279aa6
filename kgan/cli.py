"""The commands. TensorFlow is imported inside them alone, so that `--help` is instant."""

import contextlib
import sys
from pathlib import Path

import click

EXIT_INPUT, EXIT_DIVERGED, EXIT_INTERRUPTED = 2, 3, 4
FULL_DISK = ("No space left on device", "File too large", "Disk quota exceeded")
_PATH = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kgan")
def main():
    """Train, distil, compress and ship GANs."""


@main.command()
def recipes():
    """Lists the recipes, each with a line and its time on a CPU."""
    from kgan.recipe import describe, list_recipes

    for path in list_recipes():
        title, time = describe(path)
        click.echo(f"{path.stem:24} {title}" + (f" [{time}]" if time else ""))


@main.command()
@click.argument("recipe")
@click.option("--set", "assignments", metavar="NAME=VALUE", multiple=True, help="One of the recipe's settings.")
@click.option("--seeds", metavar="S,S,...", help="Runs the recipe once a seed, then reports mean and spread.")
@click.option("--data-dir", help="Where data sets are kept (tensorflow-datasets' folder).")
@click.option("--run-dir", type=_PATH, help="The run's folder; runs/RECIPE unless given.")
@click.option("--smoke", is_flag=True, help="The recipe's smallest form: shows that it runs, trains nothing well.")
@click.option("--dry-run", is_flag=True, help="Shows the settings and stages, and does nothing.")
@click.option("--allow-change", metavar="NAME", multiple=True, help="Goes on with a run though this setting differs.")
def fit(recipe, assignments, seeds, data_dir, run_dir, smoke, dry_run, allow_change):
    """Runs RECIPE, a file or a name, or goes on with its run."""
    with _plain_errors():
        from kgan.run import StopRequest

        with StopRequest().listening() as stop:  # one for all seeds, and for the seconds of the start
            _fit(recipe, assignments, seeds, data_dir, run_dir, smoke, dry_run, allow_change, stop)


def _fit(recipe, assignments, seeds, data_dir, run_dir, smoke, dry_run, allow_change, stop):
    from kgan.quiet import load_tensorflow, start_tensorflow
    from kgan.run import find_recipe, plan
    from kgan.run import fit as fit_run

    numbers = _parse_seeds(seeds)
    find_recipe(recipe)  # before the seconds that the next line takes
    load_tensorflow()
    runs = []
    for seed in numbers or [None]:
        found, settings = plan(recipe, assignments, smoke=smoke, seed=seed, data_dir=data_dir)
        root = run_dir or Path("runs") / (found.name + ("-smoke" if smoke else ""))
        runs.append((found, settings, root if seed is None else root / f"seed-{seed}"))
    if dry_run:
        _show_plan(*runs[0])
        return
    start_tensorflow(found.op_threads)
    for found, settings, folder in runs:
        exports = fit_run(found, settings, folder, smoke=smoke, allow_change=allow_change, stop=stop)
        _show_result(folder, exports)
    if numbers:
        _report([folder for _, _, folder in runs], root)


@main.command()
@click.argument("recipe")
@click.option("--trials", type=click.IntRange(1), required=True, help="Number in all, with those of earlier calls.")
@click.option("--algorithm", type=click.Choice(["random", "bayesian", "hyperband"]), help="random unless given.")
@click.option("--target", metavar="BOUND", help="Finds the smallest student that meets it: score>=0.95*teacher, "
              "distance<=1.1*teacher; size_kib<=100 finds the largest that fits.")
@click.option("--set", "assignments", metavar="NAME=VALUE", multiple=True, help="A setting that all trials share.")
@click.option("--seed", type=click.IntRange(0), help="Determines proposals and trials; the recipe's unless given.")
@click.option("--run-dir", type=_PATH, help="The search's folder; runs/RECIPE-tune unless given.")
@click.option("--data-dir", help="Where data sets are kept (tensorflow-datasets' folder).")
@click.option("--smoke", is_flag=True, help="Trials of the recipe's smallest form.")
@click.option("--dry-run", is_flag=True, help="Shows what is searched, and does nothing.")
def tune(recipe, trials, algorithm, target, assignments, seed, run_dir, data_dir, smoke, dry_run):
    """Searches RECIPE's settings with keras-tuner, or goes on with its search.

    With KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT this is keras-tuner's chief or one
    of its workers.
    """
    with _plain_errors():
        from kgan.run import StopRequest

        with StopRequest().listening() as stop:
            _tune(recipe, trials, algorithm, target, assignments, seed, run_dir, data_dir, smoke, dry_run, stop)


def _tune(recipe, trials, algorithm, target, assignments, seed, run_dir, data_dir, smoke, dry_run, stop):
    from kgan.quiet import load_tensorflow, start_tensorflow
    from kgan.run import find_recipe, plan

    find_recipe(recipe)
    load_tensorflow()
    from kgan.stages.tune import plan_search, show_plan, tune

    found, settings = plan(recipe, assignments, smoke=smoke, data_dir=data_dir)
    seed = settings.get("seed", 0) if seed is None else seed
    if "seed" in settings:
        settings["seed"] = seed
    search = plan_search(found, settings, algorithm=algorithm, target=target, seed=seed, smoke=smoke)
    folder = run_dir or Path("runs") / (found.name + "-tune" + ("-smoke" if smoke else ""))
    if dry_run:
        click.echo("\n".join(show_plan(search, folder)))
        return
    start_tensorflow(found.op_threads)
    for line in tune(search, folder, trials=trials, stop=stop):
        click.echo(line)


@main.command()
@click.argument("runs", nargs=-1, required=True, type=_PATH)
@click.option("--out", type=_PATH, default=Path("report"), show_default=True, help="Folder of the page.")
def report(runs, out):
    """Writes one page over RUNS, side by side, and their summary.json."""
    with _plain_errors():
        _report(list(runs), out)


@main.command()
@click.argument("images", type=_PATH)
@click.argument("reference", required=False, type=_PATH)
@click.option("--features", metavar="NAME|PATH", help="inception, the SavedModel, .keras or .tflite file of a "
              "classifier, or NAME=PATH. A run's own classifier unless given, inception for other images.")
@click.option("--outputs", metavar="KIND=NAME,...", help="Of that classifier: features=NAME,logits=NAME.")
@click.option("--pixel-range", metavar="LOW,HIGH", help="Values that its images have; -1,1 unless given.")
@click.option("--metrics", metavar="NAME,...", help="Of is, fid, kid, precision_recall, density_coverage, vol, "
              "intra_fid; all but the last unless given.")
@click.option("--num-samples", type=click.IntRange(1), help="Number of images; all of a folder unless given.")
@click.option("--network", "networks", multiple=True, help="Of a run; all that make images unless given.")
@click.option("--image-size", type=click.IntRange(1), help="Crops and resizes the images of folders to this side.")
@click.option("--channels", type=click.Choice(["1", "3"]), help="Makes the images of folders grey, or RGB.")
@click.option("--splits", type=click.IntRange(1), default=10, show_default=True, help="Parts of the Inception score.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of shuffles and choices.")
@click.option("--few", is_flag=True, help="Allows Frechet distances of fewer images than features.")
@click.option("--backend", type=click.Choice(["kgan", "tfgan"]), default="kgan", show_default=True,
              help="tfgan: tf-gan's own functions for IS, FID and KID.")
@click.option("--cache-dir", type=_PATH, help="Where Inception and statistics of real images are kept.")
@click.option("--data-dir", help="Where data sets are kept (tensorflow-datasets' folder), for a run.")
@click.option("--out", type=_PATH, help="A JSON file for measures and protocol.")
def evaluate(images, reference, channels, **options):
    """Measures IMAGES: the generators of a run, a folder of images, or an array (.npy).

    REFERENCE is what they are compared with: a folder of real images, an array, or a .npz file of statistics that
    an earlier call has kept. A run is compared with its own data unless it is given.
    """
    with _plain_errors():
        from kgan.quiet import load_tensorflow

        load_tensorflow()
        from kgan.stages.scoring_command import Asked, score

        asked = Asked(channels=int(channels) if channels else None, **options)
        click.echo("\n".join(score(images, reference, asked)))


@main.command()
@click.argument("run", type=_PATH)
@click.option("--network", help="One of the run's networks; the first that was distilled unless given.")
@click.option("--num", type=click.IntRange(1), default=64, show_default=True, help="Number of images.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Determines the latents.")
@click.option("--out", type=_PATH, default=Path("samples.png"), show_default=True,
              help="A .png for a grid, else a folder of PNGs.")
@click.option("--interpolate", is_flag=True, help="Rows between two latents instead of single images.")
@click.option("--class", "class_name", help="Name or number of the class of all images; the classes in turn unless "
              "given.")
def sample(run, network, num, seed, out, interpolate, class_name):
    """Draws images from a network of RUN."""
    with _plain_errors():
        from kgan.quiet import load_tensorflow

        load_tensorflow()
        from kgan.stages.sampling import sample_run

        click.echo(f"{sample_run(run, network, num, seed, out, interpolate, class_name)}")


@main.command()
@click.argument("run", type=_PATH)
@click.option("--network", help="One of the run's networks; the teacher and all that was distilled unless given.")
@click.option("--quantize", multiple=True, type=click.Choice(["none", "float16", "dynamic", "int8"]),
              help="May be given several times; all four unless given.")
@click.option("--image-output", type=click.Choice(["float32", "uint8"]),
              help="Images of the TFLite files: floats in [-1, 1], or pixels of 0 to 255; unless given as the run's "
              "setting image_output says, else floats.")
def export(run, network, quantize, image_output):
    """Exports networks of RUN as SavedModel and TFLite."""
    with _plain_errors():
        from kgan.quiet import load_tensorflow
        from kgan.run import export_folder, run_id

        load_tensorflow()
        from kgan.stages.delivery import export_run

        for file in export_run(run, network, quantize or None, export_folder(run), run_id(run), image_output):
            click.echo(file)


def _parse_seeds(text):
    if text is None:
        return []
    from kgan.errors import InputError

    try:
        numbers = [int(part) for part in text.split(",")]
        if min(numbers) < 0 or len(set(numbers)) < len(numbers):
            raise ValueError
    except ValueError:
        raise InputError(f"--seeds takes different whole numbers such as 0,1,2; received {text!r}") from None
    return numbers


def _show_plan(recipe, settings, folder):
    click.echo(f"{recipe.title}\nfolder: {folder}\nsettings:")
    for name, value in settings.items():
        click.echo(f"  {name} = {', '.join(map(str, value)) if isinstance(value, tuple) else value}")
    click.echo("stages: " + ", ".join(stage.name for stage in recipe.stages(settings)))


def _show_result(folder, exports):
    from kgan.report.summary import summarise, summary_lines

    if (folder / "metrics.json").is_file():
        click.echo("\n".join(summary_lines(summarise([folder]))))
    for file in sorted(exports.glob("*.tflite")):
        click.echo(f"{file}  {file.stat().st_size / 1024:.1f} KiB")
    if (folder / "report.html").is_file():
        click.echo(f"report: {folder / 'report.html'}")


def _report(runs, folder):
    from kgan.files import write_json
    from kgan.report.page import write_report
    from kgan.report.summary import summarise, summary_lines

    summary = summarise(runs)
    page = write_report(runs, folder / "report.html")
    write_json(folder / "summary.json", summary)
    click.echo("\n".join(summary_lines(summary)))
    click.echo(f"report: {page}")


@contextlib.contextmanager
def _plain_errors():
    """Wrong input, divergence, interruption and a full disk: one line and an exit code each."""
    from kgan.errors import Diverged, InputError, Interrupted

    try:
        yield
    except InputError as error:
        _stop(error, EXIT_INPUT)
    except Diverged as error:
        _stop(error, EXIT_DIVERGED)
    except Interrupted as error:
        _stop(f"{error}; the same command goes on from the last checkpoint", EXIT_INTERRUPTED)
    except Exception as error:
        full = next((text for text in FULL_DISK if text in str(error)), None)
        if full is None:
            raise
        name = getattr(error, "filename", None)
        _stop(f"{full}{f' ({name})' if name else ''}: what was whole before is kept; make room and give the same "
              "command again", EXIT_INPUT)


def _stop(message, code):
    click.echo(f"Error: {' '.join(str(message).split())}", err=True)
    sys.exit(code)
