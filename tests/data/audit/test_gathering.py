"""Several processes give what one gives, and a file that kills its process costs that file alone."""

import os

import numpy as np

from unmask.data.audit.facts import Facts
from unmask.data.audit.gathering import gather_facts


def _measure(path):
    if path == "deadly":
        os._exit(1)
    return Facts(width=int(path))


def test_processes_give_what_one_gives(save, tmp_path):
    paths = [str(save(tmp_path / f"{n}.jpg", n)) for n in range(3)]
    for one, other in zip(gather_facts(paths, 1), gather_facts(paths, 2), strict=True):
        assert (one.digest, one.tables, one.brightness) == (other.digest, other.tables, other.brightness)
        assert np.array_equal(one.hash, other.hash)


def test_a_file_that_ends_its_process_costs_itself_alone():
    facts = gather_facts(["1", "deadly", "3"], 2, measure=_measure, progress=False)
    assert [one.width for one in facts] == [1, 0, 3]
    assert "ended the process" in facts[1].problem


def test_no_file_is_no_work():
    assert gather_facts([], 2) == []
