"""ONNX Runtime's CPU build for browsers, in `onnxruntime/` beside this file: everystep serves it to its page Try."""
