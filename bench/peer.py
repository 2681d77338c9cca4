# The peer: the same gradient-matching step in PyTorch, by double backward (create_graph). One JSON request per line on
# stdin, one answer per line on stdout. Requests: {"op": "open", ...}, {"op": "check"}, {"op": "block", "ms": m}.
# Started by peer.js.
import base64
import json
import math
import statistics
import sys
import time

try:
    import torch
    import torch.nn.functional as F
    from nets import NETS
except ImportError as error:
    print(json.dumps({"error": f"{error}"}), flush=True)
    sys.exit(0)


def l2(update, targets):
    return sum((u - t).pow(2).sum() for u, t in zip(update, targets))


def cosine(update, targets):
    inner = sum((u * t).sum() for u, t in zip(update, targets))
    norms = [sum(v.pow(2).sum() for v in values).sqrt() for values in (update, targets)]
    return 1 - inner / (norms[0] * norms[1])


DISTANCES = {"l2": l2, "cosine": cosine}


def read_numbers(request):
    with open(request["file"], "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=getattr(torch, request["dtype"]))


def make_step(request, numbers):
    """A function that takes one step and returns (distance, gradient to the images), in the precision of `numbers`."""
    net, distance, labels = NETS[request["net"]], DISTANCES[request["distance"]], torch.tensor(request["labels"])
    names, shapes, learnt = request["names"], request["shapes"], request["learnt"]
    shapes = [*shapes, [len(labels), *request["input"]], *shapes[:learnt]]
    parts = [part.clone().view(shape) for part, shape in zip(numbers.split([math.prod(s) for s in shapes]), shapes)]
    weights, x, targets = parts[: len(names)], parts[len(names)].requires_grad_(), parts[len(names) + 1 :]
    fixed = dict(zip(names[learnt:], weights[learnt:]))
    start = [weight.requires_grad_() for weight in weights[:learnt]]

    def gradients(parameters):
        loss = F.cross_entropy(net(x, {**fixed, **dict(zip(names, parameters))}), labels)
        return torch.autograd.grad(loss, parameters, create_graph=True)

    def local_training():
        current = start
        for _ in range(request["localSteps"]):
            current = [w - request["learningRate"] * g for w, g in zip(current, gradients(current))]
        return [before - after for before, after in zip(start, current)]

    def step():
        update = local_training() if request["localSteps"] else gradients(start)
        result = distance(update, targets)
        return result, torch.autograd.grad(result, x)[0]

    return step


def check(request, numbers):
    """Distance and image gradient in float64, from the numbers of the case."""
    value, gradient = make_step(request, numbers.double())()
    return {"distance": value.item(), "gradient": base64.b64encode(gradient.numpy().tobytes()).decode()}


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
    opened, numbers, step = None, None, None
    for line in sys.stdin:
        request = json.loads(line)
        cpu = time.process_time()
        if request["op"] == "open":
            opened, numbers = request, read_numbers(request)
            step, answer = make_step(opened, numbers), {}
        elif request["op"] == "check":
            answer = check(opened, numbers)
        else:
            answer = {"ms": block(step, request["ms"])}
        print(json.dumps({**answer, "cpuMs": (time.process_time() - cpu) * 1e3}), flush=True)


main()
