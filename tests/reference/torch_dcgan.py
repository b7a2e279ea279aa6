"""The compression's networks and step in plain eager PyTorch, for comparison of values and of speed."""

import torch
from torch import nn


def generator(d, size=32, channels=1, latent_dim=100):
    """DCGAN generator: latents [B, latent_dim] -> images [B, C, H, W]."""
    layers, previous = [nn.Unflatten(1, (latent_dim, 1, 1))], latent_dim
    for stage, filters in enumerate((8 * d, 4 * d, 2 * d, d)):
        stride, padding = (1, 0) if stage == 0 else (2, 1)
        layers += [nn.ConvTranspose2d(previous, filters, 4, stride, padding), nn.BatchNorm2d(filters), nn.ReLU()]
        previous = filters
    last = nn.ConvTranspose2d(previous, channels, 4, 2, 1) if size == 64 else _SameConvTranspose(previous, channels)
    return nn.Sequential(*layers, last, nn.Tanh())


class _SameConvTranspose(nn.ConvTranspose2d):
    """Stride 1 with as many pixels out as in: TensorFlow's "same" cuts one at the start, two at the end."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs, 4)

    def forward(self, x):
        return super().forward(x)[..., 1:-2, 1:-2]


def copy_weights(keras_generator, torch_generator):
    """Brings a `kgan.networks.dcgan` generator's weights into this one."""
    ours = [layer for layer in keras_generator.layers if layer.weights]
    theirs = [module for module in torch_generator if list(module.parameters())]
    for layer, module in zip(ours, theirs, strict=True):
        if isinstance(module, nn.ConvTranspose2d):
            # Keras [h, w, out, in], PyTorch [in, out, h, w]
            values = {"weight": layer.kernel.numpy().transpose(3, 2, 0, 1), "bias": layer.bias.numpy()}
        else:
            values = {"weight": layer.gamma.numpy(), "bias": layer.beta.numpy(),
                      "running_mean": layer.moving_mean.numpy(), "running_var": layer.moving_variance.numpy()}
        module.load_state_dict({**module.state_dict(), **{k: torch.tensor(v) for k, v in values.items()}})


class Step:
    """One update of every student by eq. 3, as plain eager PyTorch code has it."""

    def __init__(self, teacher, students, batch_size, latent_dim=100, learning_rate=1e-3):
        self.teacher, self.students = teacher.eval(), [student.train() for student in students]
        self.optimizers = [torch.optim.Adam(student.parameters(), learning_rate) for student in students]
        self.shape = (batch_size, latent_dim)

    def __call__(self):
        latents = torch.randn(self.shape)
        with torch.no_grad():
            target = self.teacher(latents)
        for student, optimizer in zip(self.students, self.optimizers, strict=True):
            optimizer.zero_grad()
            loss = ((student(latents) - target) ** 2).sum(dim=(1, 2, 3)).mean()
            loss.backward()
            optimizer.step()
