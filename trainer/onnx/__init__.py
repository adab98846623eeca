"""Models for other programs: one forward pass, written as a graph of ONNX operations."""

from trainer.onnx.export import export_onnx, onnx_bytes

__all__ = ["export_onnx", "onnx_bytes"]
