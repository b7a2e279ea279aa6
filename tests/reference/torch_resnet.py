"""ResNets of depth 6n+2 and a step of distillation by soft labels in plain eager PyTorch, to compare with.

Modules are called as the layers of `kgan.networks.resnet`, a dot in place of the last underscores.
"""

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is a 1x1 convolution where the shape changes."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.conv1_bn = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.conv2_bn = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.changes = stride > 1 or inputs != outputs
        if self.changes:
            self.shortcut, self.shortcut_bn = nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = functional.relu(self.conv1_bn(self.conv1(x)), inplace=True)
        y = self.conv2_bn(self.conv2(y))
        y += self.shortcut_bn(self.shortcut(x)) if self.changes else x
        return functional.relu(y, inplace=True)


class ResNet(nn.Module):
    """Images [B, 3, H, W] -> logits [B, num_classes]; three stages of `width`, twice and four times as many channels.

    ResNet20 is `ResNet(20, 100, 16, 16)`, ResNet32x4 `ResNet(32, 100, 32, 64)`.
    """

    def __init__(self, depth, num_classes, stem, width):
        super().__init__()
        self.stem_conv, self.stem_bn = nn.Conv2d(3, stem, 3, padding=1, bias=False), nn.BatchNorm2d(stem)
        self.blocks, previous = [], stem
        for stage in (1, 2, 3):
            for number in range(1, (depth - 2) // 6 + 1):
                filters, name = width * 2 ** (stage - 1), f"stage{stage}_block{number}"
                block = Block(previous, filters, 2 if stage > 1 and number == 1 else 1)
                self.add_module(name, block)
                self.blocks.append(block)
                previous = filters
        self.logits = nn.Linear(previous, num_classes)

    def forward(self, x):
        x = functional.relu(self.stem_bn(self.stem_conv(x)), inplace=True)
        for block in self.blocks:
            x = block(x)
        return self.logits(x.mean(dim=(2, 3)))


def values(network):
    """A `kgan.networks.resnet` network's weights by the names and in the layout of `ResNet.state_dict`."""
    found = {}
    for layer in network.layers:
        weights = {weight.name: weight.numpy() for weight in layer.weights}
        name = layer.name.replace("_", ".", 2).replace(".", "_", 1) if layer.name.startswith("stage") else layer.name
        if "moving_mean" in weights:
            found |= {f"{name}.weight": weights["gamma"], f"{name}.bias": weights["beta"],
                      f"{name}.running_mean": weights["moving_mean"],
                      f"{name}.running_var": weights["moving_variance"]}
        elif "kernel" in weights:  # Keras [h, w, in, out] and [in, out], PyTorch [out, in, h, w] and [out, in]
            kernel = weights["kernel"]
            found[f"{name}.weight"] = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
            if "bias" in weights:
                found[f"{name}.bias"] = weights["bias"]
    return found


def copy_weights(network, module):
    """Brings a `kgan.networks.resnet` network's weights into `module`, all of them or it fails."""
    counters = {name: value for name, value in module.state_dict().items() if name.endswith("num_batches_tracked")}
    module.load_state_dict(counters | {name: torch.tensor(value) for name, value in values(network).items()})


class Step:
    """One update of a student by BLKD, `0.1 CE + 0.9 T^2 KL(teacher || student)` at T = 4, as plain code has it."""

    def __init__(self, student, teacher, learning_rate=0.05, weight_decay=5e-4):
        self.student, self.teacher = student.train(), teacher.eval()
        self.optimizer = torch.optim.SGD(student.parameters(), learning_rate, momentum=0.9, weight_decay=weight_decay)

    def __call__(self, images, labels):
        """Images [B, 3, H, W], labels int64 [B] -> the loss before the update."""
        with torch.no_grad():
            told = functional.softmax(self.teacher(images) / 4.0, dim=1)
        logits = self.student(images)
        soft = functional.kl_div(functional.log_softmax(logits / 4.0, dim=1), told, reduction="batchmean")
        loss = 0.1 * functional.cross_entropy(logits, labels) + 0.9 * 4.0**2 * soft
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()
