"""Shares by groups of people, and the gaps between them."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from unmask.errors import DataError
from unmask.evaluation.groups import find_columns, name_group, read_groups
from unmask.evaluation.scoring import ImageScore
from unmask.evaluation.sections import SECTIONS, Scored, ScoredData
from unmask.evaluation.sections.groups import describe_groups
from unmask.evaluation.suite_file import Suite, SuiteData
from unmask.schema import Sample


def test_the_columns_are_read_by_picture(tmp_path):
    for folder, name in ((tmp_path, "file_name"), (tmp_path / "test", "filename")):
        folder.mkdir(exist_ok=True)
        (folder / "metadata.csv").write_text(f"{name},label,sex\na.png,real,f\nb.png,fake,\n")
    found = read_groups(tmp_path, ["sex"])
    assert found[tmp_path / "a.png"] == {"sex": "f"}
    assert found[tmp_path / "test/faces/a.png"] == {"sex": "f"}
    assert found[tmp_path / "b.png"] == {"sex": ""}


def test_a_column_that_is_not_there_is_one_line(tmp_path):
    (tmp_path / "metadata.csv").write_text("file_name,label,sex\na.png,real,f\n")
    with pytest.raises(DataError, match="has the column 'age' that groups ask for, only file_name, label, sex"):
        read_groups(tmp_path, ["age"])


@pytest.mark.parametrize(
    ("head", "found"),
    [
        # the usual names, in the order that the page tells them
        ("file_name,label,age,sex", ("sex", "age")),
        # in another case, as they are written
        ("file_name,label,Skin_Tone,GENDER", ("GENDER", "Skin_Tone")),
        # names that merely begin alike
        ("file_name,label,aged,sexton,racecar", ()),
        # a table that names no files
        ("label,sex", ()),
    ],
)
def test_the_usual_columns_are_known(tmp_path, head, found):
    (tmp_path / "metadata.csv").write_text(f"{head}\n")
    assert find_columns(tmp_path) == found
    assert find_columns(tmp_path / "metadata.csv") == found, "a table itself can be named"


@pytest.mark.parametrize(
    ("column", "value", "group"),
    [
        ("age", "34", "30–39"),
        ("Age", "9", "0–9"),
        # a group already
        ("age", "30-39", "30-39"),
        # a scale of skin tones, no years
        ("skin_tone", "6", "6"),
        ("age", "", ""),
    ],
)
def test_ages_come_in_decades(column, value, group):
    assert name_group(column, value) == group


def rows_of(label, scores):
    def verdict(score):
        return "no_face" if score is None else "fake" if score > 0.7 else "real" if score < 0.3 else "uncertain"

    return [ImageScore(str(n), label, score, verdict(score), f"{label}{n}", "m") for n, score in enumerate(scores)]


def test_shares_and_gaps():
    one = rows_of(0, [0.9, 0.1, 0.1, 0.6]) + rows_of(1, [0.9, 0.9])  # of four reals two above 0.5, one called fake
    two = rows_of(0, [0.1, 0.1]) + rows_of(1, [0.9, 0.1, None])  # no real accused, half of the fakes missed
    few = rows_of(0, [0.9])  # too few to count for a gap
    found = describe_groups([*one, *two, *few], ["one"] * 6 + ["two"] * 5 + ["few"], least=2, resamples=100, seed=0)

    def share(group, name):
        return found["groups"][group][name]["part"], found["groups"][group][name]["whole"]

    assert (share("one", "false_positive_rate"), share("one", "true_positive_rate")) == ((2, 4), (2, 2))
    assert (share("one", "real_called_fake"), share("one", "coverage")) == ((1, 3), (5, 6))
    assert share("two", "fake_called_real") == (1, 2)
    assert found["groups"]["two"]["fake"] == 2, "a picture without a score is not counted"
    assert found["groups"]["few"]["true_positive_rate"]["share"] is None
    low, high = found["groups"]["one"]["false_positive_rate"]["interval"]
    assert low < 0.5 < high
    assert found["gaps"] == pytest.approx(
        {
            "false_positive_rate": 0.5,
            "true_positive_rate": 0.5,
            "real_called_fake": 1 / 3,
            "fake_called_real": 0.5,
            "coverage": 1 / 6,
        }
    )


@pytest.fixture
def score_table(make_scores, tmp_path):
    """Return a function that writes a table of people beside pictures, and scores by groups of it."""

    def score(head, cells, asked=()):
        lines = [f"{n}.png,{('real', 'fake')[n % 2]},{cell}" for n, cell in enumerate(cells)]
        (tmp_path / "metadata.csv").write_text("\n".join([f"file_name,label,{head}", *lines]))
        samples = tuple(Sample(str(tmp_path / f"{n}.png"), n % 2, str(n), str(n), "m") for n in range(len(cells)))
        rows = tuple(ImageScore(f"{n}.png", n % 2, 0.1 + 0.8 * (n % 2), "uncertain", str(n), "m") for n in range(4))
        scores = replace(make_scores(), rows=rows)
        data = ScoredData(SuiteData("faces", groups=asked), tmp_path, samples, (scores,))
        suite = Suite((data.settings,), (("groups", {}),), resamples=100)
        return SECTIONS["groups"](Scored(suite, (SimpleNamespace(name="d"),), (data,)), least=1)

    return score


def test_the_usual_columns_are_measured_unasked(score_table):
    section = score_table("Sex", ["f", "f", "m", ""])
    assert list(section.content["by_detector"]["d"]["faces"]["Sex"]["groups"]) == ["f", "m", "not stated"]
    assert "| faces | d | Sex | f | 1 | 1 | 0.0 %, 0 of 1 | 100.0 %, 1 of 1 |" in section.markdown


def test_the_columns_that_the_suite_names_take_their_place(score_table):
    section = score_table("sex,hair", ["f,red", "f,red", "m,fair", "m,fair"], asked=("hair",))
    assert list(section.content["by_detector"]["d"]["faces"]) == ["hair"]


def test_no_column_and_an_empty_one_tell_nothing(score_table):
    for head, cells in (("hair", ["red"] * 4), ("sex", [""] * 4)):
        section = score_table(head, cells)
        assert section.content["by_detector"] == {}
        assert section.markdown.startswith("No data set of this suite says who")
