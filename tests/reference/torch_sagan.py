"""Online distillation's SAGAN and step in plain eager PyTorch, for comparison of values and of speed."""

import torch
from torch import nn
from torch.nn.utils import spectral_norm  # faster here than its successor in `parametrizations`


class SelfAttention(nn.Module):
    """SAGAN's attention over the places of a map, [B, C, H, W] -> the same shape."""

    def __init__(self, channels):
        super().__init__()
        inner = max(channels // 8, 1)
        self.f, self.g = nn.Conv2d(channels, inner, 1), nn.Conv2d(channels, inner, 1)
        self.h = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        f, g, h = (conv(x).flatten(2) for conv in (self.f, self.g, self.h))  # [B, c, places]
        beta = torch.bmm(f.transpose(1, 2), g).softmax(dim=1)  # [B, i, j]
        return self.gamma * torch.bmm(h, beta).view_as(x) + x


def generator(width=64, size=64, channels=3, latent_dim=128, spectral=True):
    """Latents [B, latent_dim] -> images [B, C, size, size]; without `spectral`, kernels are used as they are."""
    normed = spectral_norm if spectral else nn.Identity()
    layers, previous, map_size = [nn.Unflatten(1, (latent_dim, 1, 1))], latent_dim, 4
    while map_size < size:
        filters = width * size // 2 // map_size
        stride, padding = (1, 0) if map_size == 4 else (2, 1)
        layers += [normed(nn.ConvTranspose2d(previous, filters, 4, stride, padding)),
                   nn.BatchNorm2d(filters, eps=1e-5), nn.ReLU()]
        if map_size in ((16, 32) if size > 32 else (8, 16)):
            layers.append(SelfAttention(filters))
        previous, map_size = filters, 2 * map_size
    return nn.Sequential(*layers, nn.ConvTranspose2d(previous, channels, 4, 2, 1), nn.Tanh())


def discriminator(width=64, size=64, channels=3, spectral=True):
    """Images [B, C, size, size] -> logits [B, 1]; a connector has this form too."""
    normed = spectral_norm if spectral else nn.Identity()
    layers, previous, map_size = [], channels, size // 2
    while map_size >= 4:
        filters = width * size // 2 // map_size
        layers += [normed(nn.Conv2d(previous, filters, 4, 2, 1)), nn.LeakyReLU(0.1)]
        if map_size <= 8:
            layers.append(SelfAttention(filters))
        previous, map_size = filters, map_size // 2
    return nn.Sequential(*layers, nn.Conv2d(previous, 1, 4), nn.Flatten())


def copy_weights(keras_model, torch_module):
    """Brings a `kgan.networks.sagan` network into one without `spectral`: its normalised kernels as they are."""
    ours = [layer for layer in keras_model.layers if layer.weights]
    theirs = [module for module in torch_module if list(module.parameters())]
    for layer, module in zip(ours, theirs, strict=True):
        if isinstance(module, SelfAttention):
            values = {"gamma": layer.gamma.numpy().reshape(1)}
            for name in "fgh":  # a matrix [in, out] becomes a 1x1 convolution [out, in, 1, 1]
                values[f"{name}.weight"] = getattr(layer, f"{name}_kernel").numpy().T[..., None, None]
                values[f"{name}.bias"] = getattr(layer, f"{name}_bias").numpy()
        elif isinstance(module, nn.BatchNorm2d):
            values = {"weight": layer.gamma.numpy(), "bias": layer.beta.numpy(),
                      "running_mean": layer.moving_mean.numpy(), "running_var": layer.moving_variance.numpy()}
        else:
            # Keras [h, w, in, out] and, transposed, [h, w, out, in]; PyTorch [out, in, h, w] and [in, out, h, w]
            kernel = layer.normalised_kernel() if hasattr(layer, "normalised_kernel") else layer.kernel
            values = {"weight": kernel.numpy().transpose(3, 2, 0, 1), "bias": layer.bias.numpy()}
        module.load_state_dict({**module.state_dict(), **{k: torch.tensor(v) for k, v in values.items()}})


def gradient_penalty(critic, real, fake, mix):
    """WGAN-GP's penalty, not yet weighed; mix [B, 1, 1, 1]."""
    between = (mix * real + (1 - mix) * fake).requires_grad_()
    gradients, = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return ((gradients.flatten(1).norm(dim=1) - 1) ** 2).mean()


class Step:
    """One update of all discriminators, connectors and generators, as plain eager PyTorch code has it.

    Connector i of the ring takes images of generator i as fake, those of generator i + 1 as real; a single
    GAN has no connectors: `Step([generator], [discriminator], [], batch_size)`.
    """

    def __init__(self, generators, discriminators, connectors, batch_size, latent_dim=128, rho=0.1, penalty=10.0):
        self.generators, self.discriminators, self.connectors = generators, discriminators, connectors
        self.generator_optimizers = _optimizers(generators, 1e-4)
        self.discriminator_optimizers = _optimizers(discriminators, 4e-4)
        self.connector_optimizers = _optimizers(connectors, 5e-5)
        self.shape, self.rho, self.penalty = (batch_size, latent_dim), rho, penalty

    def __call__(self, real):
        """Real images [B, C, H, W] -> the losses of discriminators, connectors and generators."""
        latents = torch.randn(self.shape)
        with torch.no_grad():
            fakes = [generator(latents) for generator in self.generators]
        losses = [self._judge(*judge, real, fake)
                  for *judge, fake in zip(self.discriminators, self.discriminator_optimizers, fakes, strict=True)]
        if self.connectors:
            neighbours = [*fakes[1:], fakes[0]]
            losses += [self._judge(*judge) for judge in zip(self.connectors, self.connector_optimizers, neighbours,
                                                            fakes, strict=True)]
        for number, (generator, optimizer) in enumerate(zip(self.generators, self.generator_optimizers, strict=True)):
            optimizer.zero_grad()
            images = generator(latents)
            loss = -self.discriminators[number](images).mean()
            if self.connectors:
                loss = loss - self.rho * self.connectors[number](images).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss)
        return [loss.item() for loss in losses]

    def _judge(self, judge, optimizer, real, fake):
        optimizer.zero_grad()
        loss = judge(fake).mean() - judge(real).mean()
        loss = loss + self.penalty * gradient_penalty(judge, real, fake, torch.rand(len(real), 1, 1, 1))
        loss.backward()
        optimizer.step()
        return loss.detach()


def _optimizers(networks, learning_rate):
    return [torch.optim.Adam(network.train().parameters(), learning_rate, betas=(0.0, 0.9)) for network in networks]
