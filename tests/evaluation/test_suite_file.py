"""A suite's file is read strictly: what it says wrongly is one line."""

from pathlib import Path

import pytest

from unmask.errors import UnmaskError
from unmask.evaluation.suite_file import SuiteData, read_suite

SUITES = Path(__file__).parents[2] / "train/suites"


@pytest.fixture
def write(tmp_path):
    def write_file(text):
        path = tmp_path / "suite.yaml"
        path.write_text(text)
        return path

    return write_file


@pytest.mark.parametrize("path", sorted(SUITES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_suite_of_the_repository_can_be_read(path):
    assert read_suite(path).data[-1].path == "hardfake"


def test_the_default_suite_holds_what_the_card_tells():
    suite = read_suite(SUITES / "default.yaml")
    assert ("robustness", {"faces": 100}) in suite.sections
    assert (suite.resamples, suite.seed) == (1000, 0)


def test_a_data_set_is_a_folder_or_a_mapping(write):
    text = "data: [faces, {path: a/b, split: test, limit: 9, groups: [sex], method: GAN}]\nsections: [scores]\nseed: 7"
    suite = read_suite(write(text))
    assert suite.data == (SuiteData("faces"), SuiteData("a/b", split="test", limit=9, groups=("sex",), method="GAN"))
    assert (suite.sections, suite.seed) == ((("scores", {}),), 7)


WRONG = [
    # a key that is misspelt
    ("dat: [a]\nsections: [scores]", "no key 'dat'. Did you mean data"),
    # a key of a data set that is misspelt
    ("data: [{pth: a}]\nsections: [scores]", "no key 'pth'. Did you mean path"),
    # nothing to score
    ("data: []\nsections: [scores]", "at least one entry"),
    # no data at all
    ("sections: [scores]", "needs the key data"),
    # a word for a list
    ("data: faces\nsections: [scores]", "data is 'faces'. Give a list"),
    # the same data set twice
    ("data: [a, {path: a}]\nsections: [scores]", "the data set a comes twice"),
    # a place outside the data root
    ("data: [../a]\nsections: [scores]", "not below the data root"),
    # a place on one machine alone
    ("data: [/a]\nsections: [scores]", "not below the data root"),
    # no such split
    ("data: [{path: a, split: dev}]\nsections: [scores]", "'dev' is no split"),
    # a method that is a number
    ("data: [{path: a, method: 2}]\nsections: [scores]", "method of a data set is 2. Give its name."),
    # a method without a name
    ("data: [{path: a, method: ''}]\nsections: [scores]", "method of a data set is ''. Give its name."),
    # several methods, of which none could be told whose it is
    ("data: [{path: a, method: [b, c]}]\nsections: [scores]", "method of a data set is ['b', 'c']. Give its name."),
    # a limit of nothing
    ("data: [{path: a, limit: 0}]\nsections: [scores]", "whole number from 1"),
    # a section that is misspelt
    ("data: [a]\nsections: [robustnes]", "Did you mean robustness"),
    # a value that the section does not have
    ("data: [a]\nsections: [{robustness: {face: 3}}]", "no key 'face'. Did you mean faces"),
    # a value for a section that takes none
    ("data: [a]\nsections: [{verdicts: {x: 3}}]", "no key 'x'. Leave it out"),
    # a fraction of a face
    ("data: [a]\nsections: [{robustness: {faces: 3.5}}]", "whole number"),
    # a truth value for a number
    ("data: [a]\nsections: [scores]\nresamples: true", "resamples is True"),
    # too few resamples for the ends of an interval
    ("data: [a]\nsections: [scores]\nresamples: 10", "whole number from 100"),
    # no mapping
    ("- a\n- b", "Write keys and values"),
    # nothing in it
    ("", "Write keys and values"),
    # no YAML
    ("data: [a", "is no YAML"),
    # an object of some library
    ("!!python/object/apply:os.system ['true']", "is no YAML"),
]


@pytest.mark.parametrize(("text", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_suite_is_one_line(write, text, words):
    with pytest.raises(UnmaskError) as caught:
        read_suite(write(text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_suite_that_is_not_there_is_one_line(tmp_path):
    with pytest.raises(UnmaskError, match="Could not read the suite"):
        read_suite(tmp_path / "none.yaml")
