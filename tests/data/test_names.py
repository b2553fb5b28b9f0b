"""A data set keeps its name whichever of its folders is given."""

import pytest

from unmask.data.names import dataset_name, short_path


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
