"""Makes a CLIP ViT-B/32 of true shape with random weights as ONNX, in fp32 and int8, and a matrix product to measure the machine.

usage: make.py OUT          by make.sh

OUT/clip is a folder for INFERENCE_BACKEND=onnx; OUT/gemm.onnx multiplies two matrices of 2048 x 2048. What is computed does
not depend on the weights, so their values are of no matter: this measures cost, never quality.
"""

import os
import sys
import tempfile

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "../../test/rings/djl"), os.path.join(here, "../../deploy/export")]
from export import OPSET, export  # noqa: E402
from make_tiny import clip_tokenizer  # noqa: E402


class Product(torch.nn.Module):
    def forward(self, a, b):
        return a @ b


def main(out):
    torch.manual_seed(3)
    # The defaults of CLIPConfig are ViT-B/32; a small vocabulary spares 100 MB that no run reads.
    tokenizer = clip_tokenizer(["a photo of a dress", "a red shirt with long sleeves"])
    ids = {"bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    config = CLIPConfig(text_config={"vocab_size": len(tokenizer), **ids})
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = os.path.join(scratch, "vit-b-32-random")
        CLIPModel(config).eval().save_pretrained(checkpoint)
        tokenizer.save_pretrained(checkpoint)
        CLIPImageProcessor().save_pretrained(checkpoint)
        folder = os.path.join(out, "clip")
        export(checkpoint, folder)
    for tower in ("vision", "text"):
        path = os.path.join(folder, "onnx", f"{tower}_model")
        quantize_dynamic(f"{path}.onnx", f"{path}_quantized.onnx", weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"])
    square = torch.zeros(2048, 2048)
    torch.onnx.export(Product(), (square, square), os.path.join(out, "gemm.onnx"), input_names=["a", "b"],
                      output_names=["c"], opset_version=OPSET)


main(sys.argv[1])
