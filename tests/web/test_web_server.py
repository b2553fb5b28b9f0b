"""The server of the page: how many requests are worked on at once."""

from __future__ import annotations

import threading
import time

import gradio as gr
import gradio_client
import pytest

from unmask.web import launch_page


def serve(work, workers: int) -> tuple[gr.Blocks, gradio_client.Client]:
    with gr.Blocks() as page:
        gr.api(work, api_name="work")
    address = launch_page(page, workers=workers, block=False, server_name="127.0.0.1")
    return page, gradio_client.Client(address, verbose=False)


@pytest.mark.parametrize("workers", [1, 3])
def test_so_many_requests_are_worked_on_at_once_and_no_more(workers: int) -> None:
    lock, together, running, most = threading.Lock(), threading.Barrier(workers), 0, 0

    def work() -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(timeout=120)  # breaks where fewer come in than workers
        time.sleep(0.1)  # time for one too many to come in
        with lock:
            running -= 1
        return "done"

    page, client = serve(work, workers)
    try:
        jobs = [client.submit(api_name="/work") for _ in range(2 * workers)]
        assert [job.result(timeout=180) for job in jobs] == ["done"] * len(jobs)
    finally:
        page.close(verbose=False)
    assert most == workers
