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
