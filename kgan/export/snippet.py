"""The text in export.json that shows how to use a file: ten lines of Python without kgan or TensorFlow."""

import numpy as np

from kgan.export.inputs import LAWS

_CODE = {
    "normal": "rng.standard_normal({shape}, dtype=np.float32)",
    "uniform": "rng.uniform(-1, 1, {shape}).astype(np.float32)",
}


def loading_snippet(file, inputs, output, output_range, seed=0):
    """Python text that loads a TFLite file with ai_edge_litert and makes one uint8 image.

    Run in the file's folder it writes `image.png`; where the network's output is not an image of 1 or 3
    channels in [-1, 1] it prints the output's shape.

    Args:
        file: the file's name.
        inputs: the network's `Inputs`. Floats are drawn by their law where it is one of `LAWS` or names one
            ("latents U(-1, 1), labels 0 to 9"), otherwise from N(0, I) beside the law in words; integers (labels)
            are written out as one example.
        output: `{"name", "shape", ...}` of the file's only output; its "dtype" is "uint8" where the file gives
            pixels.
        output_range: of the network, `(-1.0, 1.0)` for images, else None.
    """
    example = inputs(1, seed)
    drawn = ", ".join(f'"{name}": {_code(value, inputs.law)}' for name, value in example.items())
    shape = output["shape"]
    result = f'generate(**inputs)["{output["name"]}"]'
    is_image = output_range == (-1.0, 1.0) and len(shape) == 4 and shape[3] in (1, 3)
    lines = [
        "import numpy as np",
        "from ai_edge_litert.interpreter import Interpreter",
        *(["from PIL import Image"] if is_image else []),
        "",
        "rng = np.random.default_rng(0)",
        f"inputs = {{{drawn}}}  # {inputs.text}",
        f'generate = Interpreter(model_path="{file}").get_signature_runner()',
    ]
    if is_image:
        if output.get("dtype") == "uint8":
            lines.append(f"pixels = {result}  # uint8 {[1, *shape[1:]]}, 0 to 255")
        else:
            lines += [
                f"images = {result}  # float32 {[1, *shape[1:]]} in [-1, 1]",
                "pixels = np.clip(np.rint((images + 1) * 127.5), 0, 255).astype(np.uint8)",
            ]
        shown = "pixels[0, :, :, 0]" if shape[3] == 1 else "pixels[0]"
        lines.append(f'Image.fromarray({shown}).save("image.png")')
    else:
        lines += [f"outputs = {result}", "print(outputs.shape)"]
    return "\n".join(lines) + "\n"


def _code(value, law):
    if np.issubdtype(value.dtype, np.floating):
        named = next((name for name, (text, _) in LAWS.items() if law == name or text in law), "normal")
        return _CODE[named].format(shape=value.shape)
    return f"np.array({value.tolist()}, dtype=np.{value.dtype})"
