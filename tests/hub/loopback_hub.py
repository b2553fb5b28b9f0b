"""A small Hub on the loopback: real HTTP for the real client, with its state open to the tests.

It keeps the rules of the Hub that matter here: tokens and their rights, private and gated repositories, large
files apart from commits, a commit that names a large file it was never sent is refused, a tag is made once.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

WRITE_TOKEN, READ_TOKEN = "hf_loopback_write", "hf_loopback_read"
LARGE = (".onnx", ".safetensors", ".bin")
SILENCE = 0
LICENCES = ("cc-by-nc-4.0", "apache-2.0", "mit", "other")


@dataclass
class Repository:
    """One repository: every commit's files, oldest first, and the tags."""

    private: bool = False
    gated: bool = False
    commits: list[tuple[str, dict[str, bytes]]] = field(default_factory=lambda: [("0" * 40, {})])
    tags: dict[str, str] = field(default_factory=dict)

    def at(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Return the commit that a branch, tag or hash names."""
        wanted = self.commits[-1][0] if revision == "main" else self.tags.get(revision, revision)
        return next((commit for commit in self.commits if commit[0] == wanted), None)


@dataclass
class Fault:
    """What to do in place of an answer, `times` times, where `METHOD path` matches.

    A status is answered, None cuts the connection amid the body, and SILENCE says nothing for a while.
    """

    where: str
    status: int | None
    headers: dict[str, str]
    times: int


class LoopbackHub(ThreadingHTTPServer):
    """The server and its state."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.repositories: dict[str, Repository] = {}  # by user/name, a Space by spaces/user/name
        self.large_files: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.faults: list[Fault] = []

    def fail(self, where: str, status: int | None, times: int = 99, **headers: str) -> None:
        """Let the requests that match `where` fail; see Fault."""
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        self.faults.append(Fault(where, status, named, times))

    def put(self, repo_id: str, files: dict[str, bytes], **state: Any) -> Repository:
        """Place a repository with one commit, as if published before."""
        repository = self.repositories[repo_id] = Repository(**state)
        repository.commits.append((hashlib.sha1(repr(sorted(files)).encode()).hexdigest(), files))
        return repository

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class Handler(BaseHTTPRequestHandler):
    """One request. `ROUTES` maps what it asks to the method that answers."""

    protocol_version = "HTTP/1.1"
    server: LoopbackHub

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        asked = f"{self.command} {path}"
        self.server.requests.append(asked)
        fault = next((f for f in self.server.faults if f.times > 0 and re.search(f.where, asked)), None)
        if fault:
            fault.times -= 1
            self.refuse(fault)
            return
        self.body = self.read_body()
        routes = ((method, re.fullmatch(pattern, asked)) for pattern, method in ROUTES)
        method, match = next((route for route in routes if route[1]), (None, None))
        if method and match:
            method(self, *match.groups())
        else:
            self.send(404, {"error": f"no such route: {asked}"})

    def refuse(self, fault: Fault) -> None:
        if fault.status == SILENCE:
            time.sleep(4)
        if fault.status in (None, SILENCE):  # read half of what comes, then hang up
            self.rfile.read(int(self.headers.get("Content-Length") or 0) // 2)
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.read_body()
        self.send(fault.status, {"error": "as the test asked"}, **fault.headers)

    def read_body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send(self, status: int, answer: Any, **headers: str) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def may_write(self) -> bool:
        """Answer 401 or 403 where the token cannot write."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token == WRITE_TOKEN:
            return True
        if token == READ_TOKEN:
            self.send(403, {"error": "read-only token"}, **{"X-Error-Message": "read-only token"})
        else:
            said = "Invalid credentials in Authorization header"
            self.send(401, {"error": said}, **{"X-Error-Message": said})
        return False

    def find(self, repo_id: str, revision: str = "main") -> tuple[Repository, str, dict[str, bytes]] | None:
        """Return a repository and its commit; answer 404 as the Hub does where there is none to see."""
        repository = self.server.repositories.get(repo_id)
        seen = self.headers.get("Authorization", "").endswith((WRITE_TOKEN, READ_TOKEN))
        if repository is None or (repository.private and not seen):
            self.send(404 if seen else 401, {"error": "none such"}, **{"X-Error-Code": "RepoNotFound"})
            return None
        if (commit := repository.at(revision)) is None:
            self.send(404, {"error": "Invalid rev id"}, **{"X-Error-Code": "RevisionNotFound"})
            return None
        return repository, *commit

    def create(self) -> None:
        if self.may_write():
            asked = json.loads(self.body)
            kind = "spaces/" if asked.get("type") == "space" else ""
            if kind and not asked.get("sdk"):
                self.send(400, {"error": "a Space needs an sdk"})
                return
            repo_id = f"{kind}{asked['organization']}/{asked['name']}"
            status = 409 if repo_id in self.server.repositories else 200
            private = asked.get("visibility") == "private" or asked.get("private", False)
            self.server.repositories.setdefault(repo_id, Repository(private=private))
            self.send(status, {"url": f"{self.server.url}/{repo_id}", "name": repo_id})

    def validate_card(self) -> None:
        head = json.loads(self.body)["content"].split("---")[1]
        right = yaml.safe_load(head).get("license") in LICENCES
        errors = [] if right else [{"message": '"license" is not valid'}]
        self.send(200 if right else 400, {"errors": errors, "warnings": []})

    def info(self, repo_id: str, revision: str = "main") -> None:
        if found := self.find(repo_id, revision):
            repository, commit, files = found
            siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
            state = {"private": repository.private, "tags": [], "siblings": siblings}
            self.send(200, {"id": repo_id.removeprefix("spaces/"), "sha": commit, **state})

    def tree(self, repo_id: str, revision: str) -> None:
        if found := self.find(repo_id, revision):
            self.send(200, [tree_entry(name, content) for name, content in found[2].items()])

    def refs(self, repo_id: str) -> None:
        if found := self.find(repo_id):
            tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": c} for n, c in found[0].tags.items()]
            self.send(200, {"branches": [], "converts": [], "tags": tags})

    def preupload(self, repo_id: str, revision: str) -> None:
        if self.may_write() and (found := self.find(repo_id, revision)):
            files = [
                {
                    "path": (name := asked["path"]),
                    "uploadMode": "lfs" if name.endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                    "oid": oid_of(name, found[2][name]) if name in found[2] else None,
                }
                for asked in json.loads(self.body)["files"]
            ]
            self.send(200, {"files": files})

    def large_batch(self, repo_id: str) -> None:
        if self.may_write() and self.find(repo_id):
            objects = []
            for asked in json.loads(self.body)["objects"]:
                href = f"{self.server.url}/large/{asked['oid']}"
                missing = asked["oid"] not in self.server.large_files
                actions = {"upload": {"href": href}, "verify": {"href": f"{href}/verify"}}
                objects.append({**asked, "actions": actions} if missing else asked)
            self.send(200, {"transfer": "basic", "objects": objects})

    def large_upload(self, oid: str) -> None:
        whole = hashlib.sha256(self.body).hexdigest() == oid
        if whole:
            self.server.large_files[oid] = self.body
        self.send(200 if whole else 400, {})

    def large_verify(self, oid: str) -> None:
        self.send(200 if oid in self.server.large_files else 404, {})

    def commit(self, repo_id: str, revision: str) -> None:
        if not self.may_write() or not (found := self.find(repo_id, revision)):
            return
        repository, _, files = found
        files = dict(files)
        for line in self.body.splitlines():
            key, value = json.loads(line)["key"], json.loads(line)["value"]
            if key == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif key == "deletedFile":
                del files[value["path"]]
            elif key == "lfsFile" and value["oid"] not in self.server.large_files:
                self.send(400, {"error": f"{value['path']} was never uploaded"})
                return
            elif key == "lfsFile":
                files[value["path"]] = self.server.large_files[value["oid"]]
        oid = hashlib.sha1(self.body).hexdigest()
        repository.commits.append((oid, files))
        url = f"{self.server.url}/{repo_id}/commit/{oid}"
        self.send(200, {"success": True, "commitOid": oid, "commitUrl": url})

    def tag(self, repo_id: str, revision: str) -> None:
        if self.may_write() and (found := self.find(repo_id, revision)):
            name = json.loads(self.body)["tag"]
            status = 409 if name in found[0].tags else 200
            found[0].tags.setdefault(name, found[1])
            self.send(status, {"error": f"tag {name} exists"} if status == 409 else {})

    def resolve(self, repo_id: str, revision: str, name: str) -> None:
        if found := self.find(repo_id, revision):
            repository, commit, files = found
            if repository.gated:
                self.send(403, {}, **{"X-Error-Code": "GatedRepo"})
            elif name not in files:
                self.send(404, {}, **{"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
            else:
                tag = f'"{oid_of(name, files[name])}"'
                self.send(200, files[name], **{"X-Repo-Commit": commit, "ETag": tag})

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep the test's output for the tests."""


NAME = r"(?:(?:models|datasets)/)?((?:spaces/)?[^/]+/[^/]+)"
"""A repository in an address. The key of a Space is `spaces/user/name`: a model may have the same name."""
ROUTES = [
    (r"POST /api/repos/create", Handler.create),
    (r"POST /api/validate-yaml", Handler.validate_card),
    (rf"GET /api/{NAME}", Handler.info),
    (rf"GET /api/{NAME}/revision/(.+)", Handler.info),
    (rf"GET /api/{NAME}/tree/(.+)", Handler.tree),
    (rf"GET /api/{NAME}/refs", Handler.refs),
    (rf"POST /api/{NAME}/preupload/(.+)", Handler.preupload),
    (rf"POST /{NAME}\.git/info/lfs/objects/batch", Handler.large_batch),
    (r"PUT /large/(\w+)", Handler.large_upload),
    (r"POST /large/(\w+)/verify", Handler.large_verify),
    (rf"POST /api/{NAME}/commit/(.+)", Handler.commit),
    (rf"POST /api/{NAME}/tag/(.+)", Handler.tag),
    (rf"(?:GET|HEAD) /{NAME}/resolve/([^/]+)/(.+)", Handler.resolve),
]


def oid_of(name: str, content: bytes) -> str:
    """Return what the Hub calls a file: its sha256 where it is a large one, else git's hash."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def tree_entry(name: str, content: bytes) -> dict[str, Any]:
    """Return a file as the Hub lists it."""
    entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": oid_of("", content)}
    if name.endswith(LARGE):
        entry["lfs"] = {"oid": oid_of(name, content), "size": len(content), "pointerSize": 134}
    return entry
