"""Collaborative GANs with DCGAN networks in plain eager PyTorch, for comparison of values and of speed."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import spectral_norm  # faster here than its successor in `parametrizations`

STAGES = (9, 12)  # the ReLUs of stages 3 and 4 in `torch_dcgan.generator`: its output side


def discriminator(d, num_logits, spectral=True):
    """Images [B, 3, 64, 64] -> logits [B, num_logits]; without `spectral`, kernels are used as they are."""
    normed = spectral_norm if spectral else nn.Identity()
    layers, previous = [], 3
    for filters in (d, 2 * d, 4 * d, 8 * d):
        layers += [normed(nn.Conv2d(previous, filters, 4, 2, 1)), nn.LeakyReLU(0.2)]
        previous = filters
    return nn.Sequential(*layers, normed(nn.Conv2d(previous, num_logits, 4)), nn.Flatten())


def with_stages(generator, latents):
    """A generator's images, and the maps of its output side."""
    x, maps = latents, []
    for place, module in enumerate(generator):
        x = module(x)
        if place in STAGES:
            maps.append(x)
    return x, maps


def attention(maps):
    """Mean square over the channels, over its norm: [B, C, H, W] -> [B, H * W]."""
    return functional.normalize(maps.pow(2).mean(dim=1).flatten(1), dim=1)


def transfer_loss(target, source, alpha=1000.0):
    """Attention transfer between lists of maps, the source a constant."""
    terms = [(attention(one) - attention(other.detach())).pow(2).mean()
             for one, other in zip(target, source, strict=True)]
    return alpha * sum(terms) / len(terms)


class Step:
    """2k updates of the discriminator, then one of each of k generators that all teach each other."""

    def __init__(self, generators, judge, batch_size, latent_dim=100, alpha=1000.0):
        self.generators, self.judge = [generator.train() for generator in generators], judge.train()
        self.optimizers = [_adam(generator) for generator in generators]
        self.judge_optimizer = _adam(judge)
        self.shape, self.alpha = (batch_size, latent_dim), alpha

    def __call__(self, batches):
        """A batch of real images [B, C, H, W] for each generator -> the losses of D's updates and of generators."""
        real_class, losses = len(self.generators), []
        for place, (generator, real) in enumerate(zip(self.generators, batches, strict=True)):
            with torch.no_grad():
                fake = generator(torch.randn(self.shape))
            for images, target in ((real, real_class), (fake, place)):
                self.judge_optimizer.zero_grad()
                loss = self._cross_entropy(images, target)
                loss.backward()
                self.judge_optimizer.step()
                losses.append(loss)
        latents = torch.randn(self.shape)
        made = [with_stages(generator, latents) for generator in self.generators]
        self.judge.requires_grad_(False)  # its weights' gradients are not asked for
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        for place, (images, maps) in enumerate(made):
            loss = self._cross_entropy(images, real_class)
            for other, (_, source) in enumerate(made):
                if other != place:
                    loss = loss + transfer_loss(maps, source, self.alpha)
            loss.backward()
            losses.append(loss)
        for optimizer in self.optimizers:
            optimizer.step()
        self.judge.requires_grad_(True)
        return [loss.item() for loss in losses]

    def _cross_entropy(self, images, target):
        return functional.cross_entropy(self.judge(images), torch.full((len(images),), target))


def _adam(network):
    return torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999))
