"""A trained network to a detector folder: safetensors, timm's config, and ONNX with its activation map."""

from __future__ import annotations

import hashlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors
from torch import nn

import unmask.backbones  # noqa: F401  puts our own networks into timm's registry
from unmask.activation_maps import WithNovelty, with_activation_map
from unmask.calibration import fake_probabilities
from unmask.detector_folder import CONFIG, ONNX, WEIGHTS, read_config, read_tensor_shapes, settings_json
from unmask.errors import BrokenDetector, UnmaskError
from unmask.files import write_json, write_whole
from unmask.half_weights import halve_onnx, halved
from unmask.novelty import KnownFaces
from unmask.runtimes.onnx import ACTIVATION_MAP, INPUT, LOGITS, NOVELTY, WEIGHTS_DIGEST, OnnxRuntime
from unmask.schema import LABEL_NAMES, DetectorSettings, InputSpec

LARGEST_DIFFERENCE = 1e-4


def fold_temperature(model: nn.Module, temperature: float) -> float:
    """Divide the head's weights by `temperature` in place, and return the temperature that was folded.

    A stock loader then gives the calibrated probability too. A network without a linear head keeps its
    logits, and 1.0 is returned.
    """
    head = model.get_classifier()
    if not isinstance(head, nn.Linear):
        return 1.0
    with torch.no_grad():
        head.weight.div_(temperature)
        if head.bias is not None:
            head.bias.div_(temperature)
    return temperature


def write_detector(
    model: nn.Module,
    architecture: str,
    spec: InputSpec,
    settings: DetectorSettings,
    folder: Path,
    known: KnownFaces | None = None,
) -> None:
    """Write config.json, model.safetensors and model.onnx of a timm network into `folder`.

    With `known`, of the network's pooled features and textures, model.onnx also gives each face's novelty.

    A network made with arguments of its own (a depth, an image size) carries them as its attribute
    `model_args`, a dict; they go into config.json, from which timm and `read_model` make it again.

    Raises:
        UnmaskError: ONNX Runtime and torch disagree by more than 1e-4 in probability on random input.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.cpu().eval().to(memory_format=torch.contiguous_format)
    config = timm_config(model, architecture, spec, settings)
    tensors = halved({name: value.contiguous() for name, value in model.state_dict().items()})
    weights = save_tensors(tensors, metadata={"format": "pt"})
    write_whole(folder / WEIGHTS, weights)
    digest = {WEIGHTS_DIGEST: hashlib.sha256(weights).hexdigest()}
    write_whole(folder / ONNX, onnx_bytes(model, spec, digest, known))
    write_json(folder / CONFIG, config)
    _check_equal(model, spec, folder / ONNX)


def read_model(folder: Path) -> nn.Module:
    """Return the network of a detector folder in evaluation mode, its weights read strictly.

    Raises:
        BrokenDetector: The config or the weights are damaged, or a tensor is missing, unknown or of another shape.
    """
    config = read_config(folder)
    spec, model_args = config.input_spec, config.raw.get("model_args", {})
    if not timm.is_model(config.architecture):  # timm would also take hf-hub: and local-dir: here, and fetch
        raise BrokenDetector(
            f"{folder / CONFIG} names the architecture {config.architecture!r}, which this timm does not know. "
            "Update timm, or train again."
        )
    try:
        model = timm.create_model(
            config.architecture,
            num_classes=2,
            pretrained_cfg_overlay={
                "architecture": config.architecture,
                "label_names": list(LABEL_NAMES),
                "input_size": (3, spec.size, spec.size),
                "interpolation": spec.interpolation,
                "crop_pct": 1.0,
                "mean": spec.mean,
                "std": spec.std,
            },
            **model_args,
        )
    except (RuntimeError, TypeError, ValueError, UnmaskError) as error:
        raise BrokenDetector(
            f"{folder / CONFIG} names the architecture {config.architecture!r}, which timm cannot make ({error}). "
            "Update timm, or train again."
        ) from error
    _check_tensors(model, folder / WEIGHTS)
    model.load_state_dict(load_file(folder / WEIGHTS))
    model.model_args = dict(model_args)
    return model.eval()


def _check_tensors(model: nn.Module, path: Path) -> None:
    """Raise BrokenDetector unless the file holds exactly the network's tensors."""
    if not path.is_file():
        raise BrokenDetector(f"{path} is missing. Download or export the detector again.")
    found = read_tensor_shapes(path)
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    wrong = {
        "lacks": sorted(wanted.keys() - found.keys()),
        "has unknown": sorted(found.keys() - wanted.keys()),
        "has of another shape": sorted(name for name in wanted.keys() & found.keys() if wanted[name] != found[name]),
    }
    for problem, names in wrong.items():
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise BrokenDetector(
                f"{path} {problem} tensors {', '.join(names[:3])}{more}. Download or export the detector again."
            )


def timm_config(model: nn.Module, architecture: str, spec: InputSpec, settings: DetectorSettings) -> dict[str, Any]:
    """Return config.json in timm's format, with the `unmask` key."""
    own: dict[str, Any] = dict(getattr(model, "pretrained_cfg", None) or {})
    kept = {key: own[key] for key in ("fixed_input_size", "pool_size", "first_conv", "classifier") if key in own}
    model_args = dict(getattr(model, "model_args", None) or {})
    return {
        "architecture": architecture,
        "num_classes": 2,
        "num_features": int(model.num_features),
        "global_pool": str(
            getattr(model, "global_pool", "") if isinstance(getattr(model, "global_pool", ""), str) else "avg"
        ),
        "label_names": list(LABEL_NAMES),
        "pretrained_cfg": {
            "tag": "unmask",
            "custom_load": False,
            "input_size": [3, spec.size, spec.size],
            "interpolation": spec.interpolation,
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": list(spec.mean),
            "std": list(spec.std),
            "num_classes": 2,
            **kept,
            "license": settings.license,
        },
        "dtype": "float32",  # of the computing: transformers would take that of the first stored tensor
        **({"model_args": model_args} if model_args else {}),
        "unmask": settings_json(settings),
    }


def onnx_bytes(model: nn.Module, spec: InputSpec, metadata: dict[str, str], known: KnownFaces | None = None) -> bytes:
    """Return the network as one ONNX file with a free batch size, weights and `metadata` inside."""
    example = torch.zeros(2, 3, spec.size, spec.size)
    mapped = with_activation_map(model, example)
    names = [LOGITS, *([ACTIVATION_MAP] if mapped else []), *([NOVELTY] if known else [])]
    network: nn.Module = mapped or model
    if known:
        network = WithNovelty(model, mapped, known).eval()
    buffer = io.BytesIO()
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (example,),
            input_names=[INPUT],
            output_names=names,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=4096)},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    for node in program.model.graph:
        node.metadata_props.clear()  # the exporter notes stack traces there, with this machine's paths
    program.model.metadata_props.update(metadata)
    program.save(buffer, external_data=False)
    return halve_onnx(buffer.getvalue())


def _check_equal(model: nn.Module, spec: InputSpec, path: Path) -> None:
    batch = torch.randn(3, 3, spec.size, spec.size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = fake_probabilities(model(batch).float().numpy())
    found = fake_probabilities(OnnxRuntime(path).run(batch.numpy()).logits)
    difference = float(abs(expected - found).max())
    if not difference <= LARGEST_DIFFERENCE:
        raise UnmaskError(
            f"{path} differs from the network by {difference:.1e} in probability. Report this as a defect."
        )
