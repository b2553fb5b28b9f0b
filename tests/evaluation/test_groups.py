"""Rates by groups of people, and the gaps between them."""

import pytest

from unmask.errors import DataError
from unmask.evaluation.groups import read_groups
from unmask.evaluation.scoring import ImageScore
from unmask.evaluation.sections.groups import describe_groups


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


def test_rates_and_gaps(make_scores):
    def rows(label, scores):
        return [ImageScore(str(n), label, score, "", "s", "m") for n, score in enumerate(scores)]

    scores = make_scores(reals=0, fakes=0)
    one = rows(0, [0.9, 0.1, 0.1, 0.1]) + rows(1, [0.9, 0.9])  # one of four reals accused, both fakes found
    two = rows(0, [0.1, 0.1]) + rows(1, [0.9, 0.1]) + rows(1, [None])  # no real accused, half of the fakes found
    few = rows(0, [0.9])  # too few to count for a gap
    each = type(scores)(**{**vars(scores), "rows": tuple(one + two + few)})
    found = describe_groups(each, ["one"] * 6 + ["two"] * 5 + ["few"], least=2)
    assert found["groups"]["one"] == {"real": 4, "false_positive_rate": 0.25, "fake": 2, "true_positive_rate": 1.0}
    assert found["groups"]["two"]["fake"] == 2, "a picture without a score is not counted"
    assert found["groups"]["few"]["true_positive_rate"] is None
    assert found["gaps"] == {"false_positive_rate": 0.25, "true_positive_rate": 0.5}
