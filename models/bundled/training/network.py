"""The bundled image model: a small residual CNN with a cosine classifier.

The network is trained from scratch. Its `embed` output is a unit vector, and each class is a unit vector too, so that
the service scores it exactly as it scores CLIP: softmax(scale * cosine). Nothing here is pretrained.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Residual(nn.Module):
    """Two 3x3 convolutions with a skip; a strided block pools and projects the skip (sizes must stay even)."""

    def __init__(self, inp, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inp, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        nn.init.zeros_(self.bn2.weight)
        skip = []
        if stride > 1:
            skip.append(nn.AvgPool2d(stride))
        if inp != out:
            skip += [nn.Conv2d(inp, out, 1, bias=False), nn.BatchNorm2d(out)]
        self.skip = nn.Sequential(*skip)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.skip(x))


class Cosine(nn.Module):
    """Class scores scale * cos(embedding, class vector), with one learned scale."""

    def __init__(self, dim, classes, scale=14.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, dim))
        self.log_scale = nn.Parameter(torch.tensor(float(scale)).log())

    def forward(self, unit):
        return self.log_scale.clamp(max=3.4).exp() * unit @ F.normalize(self.weight, dim=1).t()


class Network(nn.Module):
    def __init__(self, heads, dim=256, widths=(48, 96, 160, 224), blocks=(2, 2, 2, 1), strides=(1, 2, 2, 1)):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 6, 4, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU())
        layers, inp = [], widths[0]
        for width, count, stride in zip(widths, blocks, strides):
            for index in range(count):
                layers.append(Residual(inp, width, stride if index == 0 else 1))
                inp = width
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(inp, dim, bias=False)
        self.norm = nn.BatchNorm1d(dim)
        self.classifiers = nn.ModuleDict({name: Cosine(dim, n) for name, n in heads.items()})

    def embed(self, x):
        """x: N x 3 x S x S, about zero mean. Gives N x dim unit vectors."""
        features = self.body(self.stem(x)).mean((2, 3))
        return F.normalize(self.norm(self.head(features)).float(), dim=1)

    def forward(self, x):
        unit = self.embed(x)
        return {name: head(unit) for name, head in self.classifiers.items()}


class Exported(nn.Module):
    """What ships: uint8 NHWC in, unit vector out, averaged over the picture and its mirror image.

    Normalisation ((v - 128) / 64) lives inside the graph, so the service sends plain pixels.
    """

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, pixels):
        x = (pixels.permute(0, 3, 1, 2).float() - 128.0) / 64.0
        return F.normalize(self.network.embed(x) + self.network.embed(torch.flip(x, [3])), dim=1)
