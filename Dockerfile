# The page and its API with the shipped detector, on a CPU, without torch.
#
#   docker build -t unmask .
#   docker run --rm -p 127.0.0.1:7860:7860 unmask
#
# Other flags follow the image's name: docker run … unmask serve --host 0.0.0.0 --workers 4. docs/security.md says how
# to serve it to others.

FROM python:3.12-slim

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/home/unmask/.cache/huggingface

RUN useradd --create-home --uid 10001 unmask

WORKDIR /unmask
COPY pyproject.toml README.md LICENSE model_card.md ./
COPY src src
RUN pip install ".[app]"

USER unmask
WORKDIR /home/unmask

# The face model, once. Without a network here, OpenCV's own cascade finds the faces, and misses more of them.
RUN python -c "from unmask.hub import fetch_face_model; print(fetch_face_model())"

# From here on nothing is fetched. `-e HF_HUB_OFFLINE=0` lets `--detector user/name` in.
ENV HF_HUB_OFFLINE=1

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=8)"]

ENTRYPOINT ["unmask"]
CMD ["serve", "--host", "0.0.0.0"]
