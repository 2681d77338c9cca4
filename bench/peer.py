# The peer: the same gradient-matching step in PyTorch, by double backward (create_graph). One JSON request per line on stdin, one answer
# per line on stdout. Requests: {"op": "open", ...}, {"op": "check"}, {"op": "block", "ms": m}. Started by peer.js.
import base64
import json
import math
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    print(json.dumps({"error": f"{error}"}), flush=True)
    sys.exit(0)

ACTIVATIONS = {"sigmoid": torch.sigmoid, "relu": torch.relu}


def l2(gradients, targets):
    return sum((g - t).pow(2).sum() for g, t in zip(gradients, targets))


def cosine(gradients, targets):
    inner = sum((g * t).sum() for g, t in zip(gradients, targets))
    norms = [sum(v.pow(2).sum() for v in values).sqrt() for values in (gradients, targets)]
    return 1 - inner / (norms[0] * norms[1])


DISTANCES = {"l2": l2, "cosine": cosine}


def open_case(request):
    """A function that takes one step and returns (distance, gradient to the images)."""
    dtype = getattr(torch, request["dtype"])
    net, labels = request["net"], torch.tensor(request["labels"])
    numbers = torch.frombuffer(bytearray(open(request["file"], "rb").read()), dtype=dtype)
    image_shape = [len(labels), *net["input"]]
    shapes = [*request["shapes"], image_shape, *request["shapes"]]
    parts = [part.clone().view(shape) for part, shape in zip(numbers.split([math.prod(s) for s in shapes]), shapes)]
    count = len(request["shapes"])
    parameters = [part.requires_grad_() for part in parts[:count]]
    x = parts[count].requires_grad_()
    targets = parts[count + 1 :]
    activation = ACTIVATIONS[net["activation"]]
    distance = DISTANCES[request["distance"]]

    def step():
        value = x
        for position, c in enumerate(net["convolutions"]):
            weight, bias = parameters[2 * position : 2 * position + 2]
            value = activation(F.conv2d(value, weight, bias, stride=c["stride"], padding=c["padding"]))
        loss = F.cross_entropy(F.linear(value.flatten(1), *parameters[-2:]), labels)
        gradients = torch.autograd.grad(loss, parameters, create_graph=True)
        result = distance(gradients, targets)
        return result, torch.autograd.grad(result, x)[0]

    return step


def block(step, milliseconds):
    """Median time of one step in ms, over at least three steps."""
    times = []
    end = time.perf_counter() + milliseconds / 1e3
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def main():
    torch.set_num_threads(int(sys.argv[1]))
    print(json.dumps({"version": torch.__version__, "threads": torch.get_num_threads()}), flush=True)
    step = None
    for line in sys.stdin:
        request = json.loads(line)
        cpu = time.process_time()
        if request["op"] == "open":
            step, answer = open_case(request), {}
        elif request["op"] == "check":
            value, gradient = step()
            answer = {"distance": value.item(), "gradient": base64.b64encode(gradient.numpy().tobytes()).decode()}
        else:
            answer = {"ms": block(step, request["ms"])}
        print(json.dumps({**answer, "cpuMs": (time.process_time() - cpu) * 1e3}), flush=True)


main()
