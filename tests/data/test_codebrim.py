import numpy as np
import pytest
from PIL import Image

from kgan.data import codebrim, image
from kgan.errors import InputError

FLAGS = ("Background", "Crack", "Spallation", "Efflorescence", "ExposedBars", "CorrosionStain")
EDGES = ("xmin", "ymin", "xmax", "ymax")
# photograph -> boxes with their flags; a box is painted (10 * number, 200, 100 + its place in the list)
BOXES = {
    1: [((10, 20, 16, 26), ["Crack"]), ((60, 5, 95, 50), ["Spallation", "CorrosionStain"])],
    2: [((0, 0, 5, 80), ["Efflorescence"]), ((95, 75, 104, 84), ["ExposedBars"])],  # stands out at the corner
    3: [((40, 40, 70, 70), ["Background"])],
}
LABELS = {(10, 100): {0}, (10, 101): {1, 4}, (20, 100): {2}, (20, 101): {3}, (30, 100): {5}}


def xml_of(boxes, filename=None):
    parts = ["<annotation><folder>made up</folder>"]
    parts += [f"<filename>{filename}</filename>"] if filename else []
    for box, flags in boxes:
        parts.append("<object><name>defect</name><bndbox>")
        parts += [f"<{edge}>{value}</{edge}>" for edge, value in zip(EDGES, box, strict=True)]
        parts.append("</bndbox><Defect>")
        parts += [f"<{flag}>{int(flag in flags)}</{flag}>" for flag in FLAGS]
        parts.append("</Defect></object>")
    return "".join([*parts, "</annotation>"])


def write(root, number, boxes, *, exif=None, filename=None, size=(80, 100)):
    pixels = np.zeros((*size, 3), np.uint8)
    for place, ((xmin, ymin, xmax, ymax), _) in enumerate(boxes):
        pixels[max(ymin, 0) : ymax, max(xmin, 0) : xmax] = (10 * number, 200, 100 + place)
    for name in ("images", "annotations"):
        (root / name).mkdir(parents=True, exist_ok=True)
    # a PNG under a JPEG's name: Pillow looks at the content, and the colours stay exact
    options = {} if exif is None else {"exif": exif}
    Image.fromarray(pixels).save(root / "images" / (filename or f"image_{number}.jpg"), "PNG", **options)
    (root / "annotations" / f"image_{number}.xml").write_text(xml_of(boxes, filename))


@pytest.fixture
def archive(tmp_path):
    root = tmp_path / "data" / "original_dataset"
    exif = Image.Exif()
    exif[0x0112] = 6
    write(root, 1, BOXES[1], exif=exif)
    write(root, 2, BOXES[2], filename="DSC_0002.JPG")
    write(root, 3, BOXES[3])
    (root / "annotations" / "._image_1.xml").write_bytes(b"\0\5\26\7 a Mac's shadow")
    return root


def boxes_in(crop):
    """The boxes that a crop shows: {(10 * photograph, 100 + place)}."""
    colours = np.unique(crop.reshape(-1, 3), axis=0)
    return {(int(red), int(blue)) for red, green, blue in colours if green}


def test_every_crop_shows_its_box_as_stored(archive):
    images = codebrim.load(image_size=12, count=200, seed=3, data_dir=archive.parent)
    assert (images.name, images.images.shape) == ("codebrim", (200, 12, 12, 3))
    assert images.class_names == ("crack", "spallation", "efflorescence", "exposed bars", "corrosion stain")
    assert images.labels.dtype == np.int32
    for crop, label in zip(images.images, images.labels, strict=True):
        assert any(label in LABELS[box] for box in boxes_in(crop))
    np.testing.assert_array_equal(np.bincount(images.labels), [40] * 5)  # round after round
    assert set(images.labels[:5]) == {0, 1, 2, 3, 4}
    # a small box lies anywhere in its crop, and not always whole
    whole = [int((crop[..., 1] > 0).sum()) for crop in images.images[images.labels == 0]]
    assert max(whole) == 36 and min(whole) < 20
    corners = [np.argwhere(crop[..., 1] > 0).min(axis=0) for crop in images.images[images.labels == 0]]
    assert np.ptp(corners, axis=0).min() >= 8
    assert len(np.unique(images.images[images.labels == 1].reshape(40, -1), axis=0)) > 5


def test_each_candidate_once_and_background(archive):
    images = codebrim.load(image_size=12, count=None, data_dir=archive)
    np.testing.assert_array_equal(np.sort(images.labels), [0, 1, 2, 3, 4])
    images = codebrim.load(image_size=12, count=None, data_dir=archive, background=True)
    np.testing.assert_array_equal(np.sort(images.labels), [0, 1, 2, 3, 4, 5])
    assert images.class_names[5] == "background"
    assert (30, 100) in boxes_in(images.images[list(images.labels).index(5)])
    assert codebrim.load(image_size=12, count=3, data_dir=archive).images.shape[0] == 3


def test_crops_by_seed_and_prefix(archive, tmp_path):
    def load(count, seed, cache):
        return codebrim.load(12, count, seed, data_dir=archive, cache_dir=tmp_path / cache)

    first = load(20, 1, "1")
    again, longer, other = load(20, 1, "2"), load(30, 1, "1"), load(20, 2, "1")
    for images in (again, longer.take(20)):
        np.testing.assert_array_equal(images.images, first.images)
        np.testing.assert_array_equal(images.labels, first.labels)
    assert (other.images != first.images).any()


def test_second_load_decodes_nothing(archive, monkeypatch):
    first = codebrim.load(12, 20, data_dir=archive)

    def fail(path, **options):
        raise AssertionError(f"decoded {path}")

    monkeypatch.setattr(image, "decode", fail)
    again = codebrim.load(12, 20, data_dir=archive.parent)  # the same folder by another name
    np.testing.assert_array_equal(again.images, first.images)
    np.testing.assert_array_equal(again.labels, first.labels)
    for changed in ({"image_size": 13}, {"count": 21}, {"seed": 1}, {"background": True}):
        with pytest.raises(AssertionError, match="decoded"):
            codebrim.load(**{"image_size": 12, "count": 20, "data_dir": archive} | changed)
    (archive / "annotations" / "image_3.xml").write_text(xml_of([((1, 1, 9, 9), ["Crack"])]))
    with pytest.raises(AssertionError, match="decoded"):
        codebrim.load(12, 20, data_dir=archive)


def test_where_the_archive_may_lie(archive, monkeypatch):
    root = archive.parent
    archive.parent.joinpath("codebrim").mkdir()
    first = codebrim.load(12, 5, data_dir=root)
    archive.rename(root / "codebrim" / "original_dataset")
    monkeypatch.setenv("TFDS_DATA_DIR", str(root))
    np.testing.assert_array_equal(codebrim.load(12, 5).images, first.images)
    assert "original_dataset" in first.source and codebrim.URL in first.source


def refused(data_dir, **options):
    with pytest.raises(InputError) as caught:
        codebrim.load(data_dir=data_dir, **{"image_size": 12, "count": None} | options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_absent_archive_says_where_to_get_it(tmp_path):
    message = refused(tmp_path)
    for part in ("https://zenodo.org/record/2620293", "non-commercial", "original_dataset", str(tmp_path), "data_dir"):
        assert part in message


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<annotation><object>", ["image_4.xml", "XML"]),
        (xml_of([((0, 0, 9, 9), ["Crack"])], "gone.jpg"), ["image_4.xml", "gone.jpg", "image_4.jpg"]),
        (xml_of([((0, 0, 9, 9), ["Crack"])]), ["image_4.xml", "no image_4.jpg"]),
    ],
)
def test_broken_annotations_are_refused(archive, text, parts):
    (archive / "annotations" / "image_4.xml").write_text(text)
    message = refused(archive)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("box", "part"),
    [
        ((20, 5, 20, 30), "xmin=20 ymin=5 xmax=20 ymax=30"),
        ((20, 30, 40, 5), "empty"),
        ((100, 5, 120, 30), "100x80"),
        ((-9, 5, 0, 30), "outside"),
        (("wide", 5, 0, 30), "xmin='wide'"),
        (("inf", 5, 0, 30), "xmin='inf'"),
    ],
)
def test_impossible_boxes_are_refused(archive, box, part):
    (archive / "annotations" / "image_3.xml").write_text(xml_of([((1, 1, 9, 9), ["Crack"]), (box, ["Crack"])]))
    message = refused(archive)
    assert part in message and "object 2" in message and "image_3.xml" in message


def test_other_faults_are_refused(archive, tmp_path):
    message = refused(archive, image_size=81)
    assert "100x80" in message and "81x81" in message and ".jpg" in message.lower()
    file = archive / "annotations" / "image_3.xml"
    text = file.read_text()
    for fault in (text.replace("<Crack>0", "<Crack>2"), text.replace("<Crack>0</Crack>", "")):
        file.write_text(fault)
        assert "Defect/Crack" in refused(archive)
    (archive / "images" / "image_1.jpg").write_bytes(b"torn")
    file.write_text(text)
    assert "image_1.jpg" in refused(archive)
    blocked = tmp_path / "blocked"
    blocked.write_text("in the way")
    assert "cache_dir" in refused(archive, cache_dir=blocked)
    for name in ("image_1.xml", "image_2.xml"):
        (archive / "annotations" / name).unlink()
    assert "no defect in the 1 annotations" in refused(archive)


@pytest.mark.parametrize("wrong", [{"image_size": 0}, {"count": 0}, {"count": "all"}, {"seed": -1}])
def test_options_out_of_range_are_refused(archive, wrong):
    (name, value), = wrong.items()
    message = refused(archive, **wrong)
    assert message.startswith(name) and message.endswith(f"received {value!r}")
