"""Arrays in files are said by their place, and are the same ones there."""

import pickle

import numpy as np
import pytest

from misread.places import Place, Reading, holds_places, is_there, place_of, read_place

IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


@pytest.fixture
def mapped(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


@pytest.mark.parametrize(
    "part",
    [
        lambda images: images,
        lambda images: images[2:],
        lambda images: images.reshape(5, 12),
        lambda images: np.ascontiguousarray(images).view()[1:4],
        lambda images: images[1:][1:].reshape(-1, 12)[:2],
    ],
)
def test_a_place_is_read_again(mapped, part):
    place = pickle.loads(pickle.dumps(place_of(part(mapped))))
    assert isinstance(place, Place)
    np.testing.assert_array_equal(read_place(place), part(IMAGES))
    assert len(pickle.dumps(place)) < 500


@pytest.mark.parametrize("part", [lambda images: images[:, 1], lambda images: images[[1, 2]], lambda _: IMAGES])
def test_what_is_in_no_file_in_one_piece_has_no_place(mapped, part):
    assert place_of(part(mapped)) is None


@pytest.mark.parametrize("change", ["gone", "others", "shorter"])
def test_another_file_is_not_taken_for_it(mapped, change):
    place = place_of(mapped)
    path = mapped.filename
    path.unlink()
    if change != "gone":
        np.save(path, IMAGES + 1 if change == "others" else IMAGES[:2])
    assert not is_there(place)
    with pytest.raises(OSError, match=r"x\.npy"):
        read_place(place)


def test_tasks_get_what_is_at_the_places(mapped):
    place = place_of(mapped)
    assert holds_places([place], {})
    assert holds_places([], {"X": place})
    assert not holds_places([mapped], {})
    call = Reading(lambda tasks: [task(*args, **named) for task, args, named in tasks])
    assert call(tasks=[(np.sum, [place], {}), (lambda a, X: X.max() + a, [1], {"X": place})]) == [IMAGES.sum(), 60]
