# Runs the PyTorch recipe of docs/recipes.md on a net and one picture: recipes.py PAGE PICTURE NET SEED, in the folder where the files shall be.
# NET is lenet or lenet-wide as in src/models. PICTURE holds a label byte and 3x32x32 bytes. Also writes the gradient as .npz and, by hand, as safetensors, and in after.pt the weights after
# one local step at learning rate 0.1.
import json
import re
import sys

import numpy as np
import torch
from torch import nn

page, picture, kind, seed = sys.argv[1:]
width, activation = {"lenet": (12, nn.Sigmoid), "lenet-wide": (64, nn.ReLU)}[kind]
torch.manual_seed(int(seed))
shapes = ((3, 2), (width, 2), (width, 1))
body = [layer for channels, stride in shapes for layer in (nn.Conv2d(channels, width, 5, stride, 2), activation())]
net = nn.Sequential(*body, nn.Flatten(), nn.Linear(width * 64, 10))
if kind == "lenet":
    for parameter in net.parameters():
        parameter.data.uniform_(-0.5, 0.5)
record = np.fromfile(picture, np.uint8)
images = torch.tensor(record[1:].reshape(1, 3, 32, 32) / 255.0, dtype=torch.float32)
labels = torch.tensor([int(record[0])])

exec(re.search(r"## PyTorch.*?```python\n(.*?)```", open(page, encoding="utf8").read(), re.S)[1])

arrays = {name: value.numpy() for name, value in gradient.items()}
np.savez("gradient.npz", **arrays)
header, at = {}, 0
for name, array in arrays.items():
    header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
    at += array.nbytes
text = json.dumps(header).encode()
with open("gradient.safetensors", "wb") as file:
    file.write(len(text).to_bytes(8, "little") + text + b"".join(array.tobytes() for array in arrays.values()))
torch.save({name: value - 0.1 * gradient[name] for name, value in net.state_dict().items()}, "after.pt")
