"""CelebA from its authors' files: zip or folder, with and without the two lists."""

import zipfile

import numpy as np
import pytest
from picture_files import refused
from PIL import Image

from kgan.data import celeba

# number of an image -> its split by the list: some differ from the published numbers
PARTITION = {1: 0, 2: 0, 3: 1, 162_770: 0, 162_771: 1, 182_637: 2, 182_638: 2, 202_599: 2}
MALE, SMILING = {2, 162_770, 162_771, 202_599}, {3, 162_770, 182_638, 202_599}
LABELS = [0, 2, 1, 3, 2, 0, 1, 3]
SHADES = [10, 30, 50, 70, 90, 110, 130, 150]


def name(number):
    return f"{number:06d}.jpg"


def save_faces(folder):
    """White above and below the central square, which has a shade of its own."""
    folder.mkdir(parents=True)
    for number, shade in zip(PARTITION, SHADES, strict=True):
        pixels = np.full((218, 178, 3), 255, np.uint8)
        pixels[20:198] = shade
        Image.fromarray(pixels).save(folder / name(number), quality=95)


def save_lists(attributes, partition, comma=" "):
    for path in (attributes, partition):
        path.parent.mkdir(parents=True, exist_ok=True)
    heading = ["5_o_Clock_Shadow", "Male", "Smiling", "Young"]
    rows = [[name(number), "1", "1" if number in MALE else "-1", "1" if number in SMILING else "-1", "-1"]
            for number in PARTITION]
    split = [[name(number), str(part)] for number, part in PARTITION.items()]
    if comma == ",":
        lines = [["image_id", *heading], *rows], [["image_id", "partition"], *split]
    else:
        lines = [[str(len(rows))], heading, *rows], split
    for path, text in zip((attributes, partition), lines, strict=True):
        path.write_text("\n".join(comma.join(words) for words in text) + "\n\n")


@pytest.fixture
def as_handed_out(tmp_path):
    """The authors' folders: Img/img_align_celeba.zip, Anno, Eval."""
    save_faces(tmp_path / "faces")
    root = tmp_path / "CelebA"
    (root / "Img").mkdir(parents=True)
    with zipfile.ZipFile(root / "Img" / "img_align_celeba.zip", "w") as archive:
        for path in (tmp_path / "faces").iterdir():
            archive.write(path, f"img_align_celeba/{path.name}")
    save_lists(root / "Anno" / "list_attr_celeba.txt", root / "Eval" / "list_eval_partition.txt")
    return root


@pytest.fixture
def as_on_kaggle(tmp_path):
    root = tmp_path / "archive"
    save_faces(root / "img_align_celeba" / "img_align_celeba")
    save_lists(root / "list_attr_celeba.csv", root / "list_eval_partition.csv", ",")
    return root


def shades(images):
    """The central pixel of each image, to the nearest shade."""
    return (np.rint((images.images[:, 4, 4, 0].astype(float) - 10) / 20) * 20 + 10).astype(int).tolist()


def test_the_zip_and_both_lists_wherever_they_lie(as_handed_out):
    for aligned in (as_handed_out, as_handed_out / "Img", as_handed_out / "Img" / "img_align_celeba.zip"):
        images = celeba.load(8, "all", aligned=aligned)
        assert images.name == "celeba" and images.images.shape == (8, 8, 8, 3)
        assert shades(images) == SHADES
        assert images.images[:, 0].max() < 160  # nothing of what stands above the central square
        assert images.labels.tolist() == LABELS and images.class_names == celeba.CLASS_NAMES
        assert images.left_out == () and images.source.endswith("split by list_eval_partition.txt")
    zip_alone = as_handed_out / "Img" / "img_align_celeba.zip"
    for split, expected in (("train", [10, 30, 70]), ("validation", [50, 90]), ("test", [110, 130, 150])):
        images = celeba.load(8, split, aligned=zip_alone)
        assert shades(images) == expected and images.split == split
        assert images.labels.tolist() == [LABELS[SHADES.index(shade)] for shade in expected]


def test_a_folder_with_lists_in_csv(as_on_kaggle):
    inner = as_on_kaggle / "img_align_celeba"
    for aligned in (as_on_kaggle, inner, inner / "img_align_celeba"):
        images = celeba.load(8, "train[1:]+validation[:50%]", aligned=str(aligned))
        assert shades(images) == [30, 70, 50] and images.labels.tolist() == [2, 3, 1]


def test_without_lists_the_published_numbers_split_and_there_are_no_labels(tmp_path):
    save_faces(tmp_path / "faces")
    for split, expected in (("train", SHADES[:4]), ("validation", SHADES[4:6]), ("test", SHADES[6:])):
        images = celeba.load(8, split, aligned=tmp_path / "faces")
        assert shades(images) == expected and images.labels is None and images.class_names == ()
        assert images.source.endswith("split by the published numbers")
    Image.new("RGB", (178, 218)).save(tmp_path / "faces" / "aunt.jpg")
    assert "aunt.jpg" in refused(celeba.load, 8, aligned=tmp_path / "faces")
    (tmp_path / "faces" / "aunt.jpg").rename(tmp_path / "faces" / "202600.jpg")
    assert "202600.jpg" in refused(celeba.load, 8, aligned=tmp_path / "faces")


def test_a_damaged_image_is_left_out(as_on_kaggle):
    path = as_on_kaggle / "img_align_celeba" / "img_align_celeba" / name(2)
    path.write_bytes(path.read_bytes()[:200])
    images = celeba.load(8, "train", aligned=as_on_kaggle)
    assert shades(images) == [10, 70] and images.labels.tolist() == [0, 3]
    assert images.left_out == (f"img_align_celeba/img_align_celeba/{name(2)}",)
    assert images.source.startswith("2 of 3 CelebA images in folder ")


def test_what_does_not_fit_is_refused(as_on_kaggle, tmp_path):
    folder = as_on_kaggle / "img_align_celeba"
    for split in ("dev", "train[", "train[:x%]", None):
        message = refused(celeba.load, 8, split, aligned=folder)
        assert message.startswith("split must be one of train, validation, test, all, or a part such as ")
        assert message.endswith(f"received {split!r}")
    assert "split 'train[:0%]' holds no image; there are 3 in train" in refused(
        celeba.load, 8, "train[:0%]", aligned=folder)
    assert "is not there" in refused(celeba.load, 8, aligned=tmp_path / "none")
    partition, attributes = as_on_kaggle / "list_eval_partition.csv", as_on_kaggle / "list_attr_celeba.csv"
    lines = partition.read_text().split()
    partition.write_text("\n".join(lines[:2] + lines[3:]))
    assert f"{partition.resolve()} does not name the image" in refused(celeba.load, 8, aligned=folder)
    partition.write_text("\n".join([*lines, "000009.jpg,3"]))
    assert "line 10 of " in refused(celeba.load, 8, aligned=folder)
    partition.write_text("\n".join(lines))
    lines = attributes.read_text().split()
    attributes.write_text("\n".join(lines).replace("Smiling", "Grinning"))
    assert "has no attribute Smiling" in refused(celeba.load, 8, aligned=folder)
    attributes.write_text("\n".join([*lines[:3], "000003.jpg,1,yes,1,1"]))
    assert "line 4 of " in refused(celeba.load, 8, aligned=folder)
    attributes.write_text("\n".join([*lines[:3], "000003.jpg,1,1,1"]))
    message = refused(celeba.load, 8, aligned=folder)
    assert "must be an image and 4 times 1 or -1; received '000003.jpg 1 1 1'" in message
    attributes.unlink()
    assert celeba.load(8, aligned=folder).labels is None
    (folder / name(1)).write_bytes((folder / "img_align_celeba" / name(1)).read_bytes())
    assert "000001.jpg: give the aligned images alone" in refused(celeba.load, 8, aligned=folder)
