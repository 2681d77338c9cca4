# The nets of the cases, in PyTorch's functions on weights by name: the forward pass of src/models once more, written
# independently.
import torch
import torch.nn.functional as F


def linear(x, at, name):
    return F.linear(x.flatten(1), at[f"{name}.weight"], at[f"{name}.bias"])


def lenet(activation):
    def forward(x, at):
        for name, stride in (("body.0", 2), ("body.2", 2), ("body.4", 1)):
            x = activation(F.conv2d(x, at[f"{name}.weight"], at[f"{name}.bias"], stride, padding=2))
        return linear(x, at, "fc.0")

    return forward


def convnet(strides):
    def forward(x, at):
        for position, stride in enumerate(strides):
            name = f"conv{position + 1}"
            x = torch.relu(F.conv2d(x, at[f"{name}.weight"], at[f"{name}.bias"], stride, padding=1))
        return linear(x, at, "fc")

    return forward


def batch_norm(x, at, name):
    of = [at[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
    return F.batch_norm(x, *of, training=False, eps=1e-5)


def basic_block(x, at, name, stride):
    y = F.conv2d(x, at[f"{name}.conv1.weight"], None, stride, padding=1)
    y = torch.relu(batch_norm(y, at, f"{name}.bn1"))
    y = batch_norm(F.conv2d(y, at[f"{name}.conv2.weight"], padding=1), at, f"{name}.bn2")
    if f"{name}.downsample.0.weight" in at:
        x = F.conv2d(x, at[f"{name}.downsample.0.weight"], None, stride)
        x = batch_norm(x, at, f"{name}.downsample.1")
    return torch.relu(y + x)


def resnet18(x, at):
    x = torch.relu(batch_norm(F.conv2d(x, at["conv1.weight"], padding=1), at, "bn1"))
    for stage, stride in enumerate((1, 2, 2, 2), start=1):
        x = basic_block(x, at, f"layer{stage}.0", stride)
        x = basic_block(x, at, f"layer{stage}.1", 1)
    return linear(x.mean((2, 3)), at, "fc")


NETS = {
    "lenet": lenet(torch.sigmoid),
    "lenet-wide": lenet(torch.relu),
    "convnet": convnet((1, 2, 2)),
    "convnet8": convnet((1, 1, 1, 2, 1, 2, 1, 1)),
    "resnet18": resnet18,
}
