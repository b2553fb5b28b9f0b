"""A data set keeps its name whichever of its folders is given."""

import pytest

from unmask.data.names import dataset_name, dataset_names, short_path


@pytest.mark.parametrize(
    ("root", "name", "path"),
    [
        # the whole data set
        ("data/hardfake", "hardfake", "hardfake"),
        # one of its split folders, in any spelling
        ("data/dfdc-faces/test", "dfdc-faces", "dfdc-faces/test"),
        ("data/stylegan-140k/Validation/", "stylegan-140k", "stylegan-140k/Validation"),
        # a class folder is not a split of something
        ("data/real", "real", "real"),
    ],
)
def test_names_come_from_the_folder_not_from_its_place(tmp_path, root, name, path):
    assert dataset_name(tmp_path / root) == name
    assert short_path(tmp_path / root) == path


@pytest.mark.parametrize("name", ["hub:user/faces", "hub:user/faces/test@v1", "kaggle:user/faces/versions/3"])
def test_one_that_is_fetched_is_called_what_it_was_asked_for_by(name):
    assert dataset_name(name) == short_path(name) == name


@pytest.mark.parametrize(
    ("roots", "names"),
    [
        # nothing alike
        (["a", "b"], ["a", "b"]),
        # folders of one name in several places, behind another
        (["x", "a/faces", "b/faces", "c/faces"], ["x", "faces", "faces-2", "faces-3"]),
        # one that has such a number as its own name
        (["a/faces", "b/faces", "faces-2"], ["faces", "faces-2", "faces-2-2"]),
        # before those of that name
        (["faces-2", "a/faces", "b/faces"], ["faces-2", "faces", "faces-3"]),
    ],
)
def test_data_sets_of_one_name_are_numbered(tmp_path, roots, names):
    assert dataset_names([tmp_path / root for root in roots]) == names
