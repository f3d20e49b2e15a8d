"""Writes a checkpoint in Hugging Face's layout, from which ModelForge makes the model's graph."""

import argparse
import json
import shutil
import struct
from pathlib import Path

import torch

from model import EPSILON, THETA, Dimensions

NAME = "starter"
LICENSE = "Apache-2.0 AND LicenseRef-WordNet-3.0"
ATTRIBUTION = "Trained by the authors of OffLM.Edge on its own documentation and on WordNet 3.0, Copyright 2006 by Princeton University. All rights reserved."


def named(state: dict[str, torch.Tensor], d: Dimensions) -> dict[str, torch.Tensor]:
    """The checkpoint's tensors under the names of Qwen2 models."""
    tensors = {"model.embed_tokens.weight": state["embedding.weight"], "model.norm.weight": state["final_norm.weight"]}
    widths = [d.heads * d.head_size, d.kv_heads * d.head_size, d.kv_heads * d.head_size]
    for i in range(d.layers):
        mine, theirs = f"layers.{i}.", f"model.layers.{i}."
        for letter, weight, bias in zip("qkv", state[mine + "qkv.weight"].split(widths), state[mine + "qkv_bias"].split(widths)):
            tensors[f"{theirs}self_attn.{letter}_proj.weight"], tensors[f"{theirs}self_attn.{letter}_proj.bias"] = weight, bias
        tensors[theirs + "self_attn.o_proj.weight"] = state[mine + "o.weight"]
        for part in ("gate", "up", "down"):
            tensors[f"{theirs}mlp.{part}_proj.weight"] = state[f"{mine}{part}.weight"]
        tensors[theirs + "input_layernorm.weight"] = state[mine + "input_norm.weight"]
        tensors[theirs + "post_attention_layernorm.weight"] = state[mine + "post_norm.weight"]
    return tensors


def write_safetensors(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    """The header's length, the header, the tensors: the whole format."""
    header, data, at = {}, [], 0
    for name, tensor in sorted(tensors.items()):
        content = tensor.detach().cpu().float().contiguous().numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [at, at + len(content)]}
        data.append(content)
        at += len(content)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where training left tokenizer and checkpoint")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    checkpoint = torch.load(options.folder / "checkpoint.pt", map_location="cpu")
    d = Dimensions(**checkpoint["dimensions"])
    write_safetensors(options.out / "model.safetensors", named(checkpoint["model"], d))
    (options.out / "config.json").write_text(json.dumps({
        "name": NAME, "license": LICENSE, "attribution": ATTRIBUTION, "model_type": "qwen2", "vocab_size": d.vocabulary, "num_hidden_layers": d.layers,
        "hidden_size": d.hidden, "num_attention_heads": d.heads, "num_key_value_heads": d.kv_heads, "intermediate_size": d.intermediate,
        "max_position_embeddings": d.context, "rope_theta": THETA, "rms_norm_eps": EPSILON, "tie_word_embeddings": True}, indent=1) + "\n")
    shutil.copy(options.folder / "tokenizer.json", options.out)
    shutil.copy(Path(__file__).with_name("chat_template.jinja"), options.out)


if __name__ == "__main__":
    main()
