"""Publishing with the real client against the loopback Hub: whole or not at all, and a clear word why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, constants

from unmask.errors import BrokenDetector, HubError, UnmaskError
from unmask.hub import push_detector

REPO = "ada/face-check"


def nothing_is_published(hub) -> bool:
    repository = hub.repositories.get(REPO)
    return repository is None or (len(repository.commits) == 1 and not repository.tags)


def test_everything_goes_up_in_one_commit_and_the_tag_names_it(hub, scored_detector):
    url = push_detector(scored_detector, REPO, tag="v1")
    repository = hub.repositories[REPO]
    (_, _), (commit, files) = repository.commits
    assert url == f"{hub.url}/{REPO}"
    assert repository.tags == {"v1": commit}
    assert f"POST /api/models/{REPO}/tag/{commit}" in hub.requests  # by hash: the branch may have moved on
    assert files.pop("README.md").startswith(b"---\nlicense: ")
    assert files == {path.name: path.read_bytes() for path in scored_detector.iterdir() if path.name in files}
    assert {"config.json", "model.safetensors", "model.onnx", "report.json"} <= set(files)


def test_the_published_card_has_the_scores_where_the_hub_reads_them(hub, scored_detector):
    push_detector(scored_detector, REPO, tag="v1")
    card = ModelCard(hub.repositories[REPO].commits[-1][1]["README.md"].decode())
    report = json.loads((scored_detector / "report.json").read_text())
    indexed = [r.metric_value for r in card.data.eval_results if r.metric_type == "roc_auc"]
    assert indexed == [round(entry["metrics"]["auc"], 4) for entry in report["datasets"]]
    assert f'load_detector("{REPO}", revision="v1")' in card.text


def test_a_pickle_in_the_folder_stays_at_home(hub, scored_detector):
    (scored_detector / "pytorch_model.bin").write_bytes(b"\x80\x04")
    try:
        push_detector(scored_detector, REPO)
    except BrokenDetector:  # a folder with a pickle may also be refused as a whole
        assert nothing_is_published(hub)
    else:
        assert "pytorch_model.bin" not in hub.repositories[REPO].commits[-1][1]


CREATE, SAMPLE, BATCH, PUT, COMMIT = (  # what a publication asks of the Hub, in this order
    "POST /api/repos/create",
    "POST .*/preupload",
    "POST .*/objects/batch",
    "PUT /large",
    "POST .*/commit",
)
FAULTS = [  # where the Hub fails, how, and what the reader must be told
    ("GET /api/models", 500, {}, r"the Hub failed \(500\)"),  # down at the first question
    (CREATE, 401, {}, r"\(401\)\. Run `hf auth login`"),  # the token is not accepted
    (CREATE, 403, {}, r"\(403\)\. Use one with write access to ada"),  # a read-only token
    (CREATE, 429, {"Retry_After": "30"}, r"\(429\)\. Try again in 30 s"),  # overload, with a time
    (SAMPLE, 404, {}, r"no repository ada/face-check"),  # deleted by somebody meanwhile
    (SAMPLE, 429, {}, r"\(429\)\. Try again in a few minutes"),  # overload, after six attempts
    (SAMPLE, 429, {"RateLimit": '"api";r=0;t=55'}, r"\(429\)\. Try again in 55 s"),  # the newer header
    (BATCH, 503, {}, r"the Hub failed \(503\)"),  # down before the upload
    (PUT, 500, {}, r"the Hub failed \(500\)"),  # down amid the upload
    (PUT, None, {}, r"cut the connection"),  # the connection is cut amid the upload
    (COMMIT, 502, {}, r"the Hub failed \(502\)"),  # down at the commit itself
    (COMMIT, None, {}, r"cut the connection"),  # cut at the commit itself
    (COMMIT, 413, {}, r"refused it \(413\)"),  # a refusal with no mend of its own
]


@pytest.mark.parametrize(("where", "status", "headers", "told"), FAULTS)
def test_a_fault_is_told_in_one_line_and_leaves_nothing_half_published(
    hub, scored_detector, where, status, headers, told
):
    hub.fail(where, status, **headers)
    with pytest.raises(HubError, match=told) as raised:
        push_detector(scored_detector, REPO, tag="v1")
    assert "\n" not in str(raised.value)
    assert nothing_is_published(hub)


@pytest.mark.parametrize(("status", "told"), [(401, "did not accept the token"), (403, "write access")])
def test_a_refusal_through_xet_is_told_like_any_other(hub, scored_detector, monkeypatch, status, told):
    pytest.importorskip("hf_xet", reason="the client uploads without Xet where hf_xet is not installed")
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", False)
    hub.fail("GET .*/xet-write-token", status)
    with pytest.raises(HubError, match=told):
        push_detector(scored_detector, REPO, tag="v1")
    assert nothing_is_published(hub)


@pytest.mark.parametrize("fault", [503, None], ids=["down for a moment", "cut once"])
def test_an_upload_that_fails_once_is_sent_again(hub, scored_detector, fault):
    hub.fail("PUT /large", fault, times=1)
    push_detector(scored_detector, REPO, tag="v1")
    assert len(hub.repositories[REPO].commits) == 2


@pytest.mark.parametrize(
    ("token", "told"),
    [("hf_unknown", "did not accept the token"), ("hf_loopback_read", "write access")],
)
def test_a_token_that_may_not_publish_is_told_so(hub, scored_detector, token, told):
    with pytest.raises(HubError, match=told):
        push_detector(scored_detector, REPO, token=token)
    assert nothing_is_published(hub)


def test_without_a_token_the_hub_is_not_even_asked(hub, scored_detector, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match="no Hugging Face token"):
        push_detector(scored_detector, REPO)
    assert hub.requests == []


def test_a_hub_out_of_reach_is_told_so(hub, scored_detector, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(HubError, match=r"127\.0\.0\.1:9 cannot be reached"):
        push_detector(scored_detector, REPO)


def test_a_tag_that_is_taken_is_refused_before_anything_is_sent(hub, scored_detector):
    push_detector(scored_detector, REPO, tag="v1")
    hub.requests.clear()
    with pytest.raises(HubError, match="has a tag v1 already"):
        push_detector(scored_detector, REPO, tag="v1")
    assert not [request for request in hub.requests if not request.startswith("GET")]


def test_a_tag_that_fails_leaves_a_whole_commit_and_the_next_push_adds_only_the_tag(hub, scored_detector):
    hub.fail("POST .*/tag/", 500, times=1)
    with pytest.raises(HubError, match="though its files are published"):
        push_detector(scored_detector, REPO, tag="v1")
    assert not hub.repositories[REPO].tags
    push_detector(scored_detector, REPO, tag="v1")
    repository = hub.repositories[REPO]
    assert len(repository.commits) == 2
    assert repository.tags == {"v1": repository.commits[-1][0]}


def test_private_makes_a_private_repository(hub, scored_detector):
    push_detector(scored_detector, REPO, private=True)
    assert hub.repositories[REPO].private


def test_private_never_publishes_into_a_public_repository(hub, scored_detector):
    hub.put(REPO, {})
    with pytest.raises(HubError, match="is public"):
        push_detector(scored_detector, REPO, private=True)
    assert len(hub.repositories[REPO].commits) == 2


@pytest.mark.parametrize("name", ["face-check", "ada/face check", "ada/face/check", "../face", ""])
def test_a_name_that_is_no_repository_is_refused(hub, scored_detector, name):
    with pytest.raises(UnmaskError, match="user/name"):
        push_detector(scored_detector, name)
    assert hub.requests == []


def test_a_folder_without_scores_is_not_published(hub, scored_detector):
    (scored_detector / "report.json").unlink()
    with pytest.raises(BrokenDetector, match=r"report\.json"):
        push_detector(scored_detector, REPO)
    assert hub.requests == []


def test_scores_of_other_weights_are_not_published(hub, scored_detector):
    with (scored_detector / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(BrokenDetector, match=r"no report\.json of these weights"):
        push_detector(scored_detector, REPO)
    assert hub.requests == []


def test_a_folder_that_is_not_whole_is_not_published(hub, scored_detector, tmp_path: Path):
    broken = shutil.copytree(scored_detector, tmp_path / "broken")
    (broken / "model.onnx").unlink()
    with pytest.raises(BrokenDetector, match=r"model\.onnx"):
        push_detector(broken, REPO)
    assert hub.requests == []
