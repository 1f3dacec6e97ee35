import { BATCH_SIZE, VOCABULARY } from "./steps.js";

/** Where Debian puts the Python that its PyTorch belongs to. */
export const INTERPRETER = "/usr/bin/python3";

/** Debian's PyTorch computes matrix products with OpenBLAS, which takes threads of its own unless it is told. */
export const ONE_THREAD = { OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1" };

/** The compared models in PyTorch: `stepper(name)` gives a function that takes one step. Text, so that no file is needed. */
export const PYTORCH_MODELS = `
import sys, time
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)

class Cnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 5, padding=2), nn.Conv2d(32, 64, 5, padding=2)
        self.fc1, self.fc2 = nn.Linear(3136, 512), nn.Linear(512, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x.view(-1, 1, 28, 28))), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))

class NextWord(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.embed, self.cell, self.out = nn.Embedding(${VOCABULARY}, 48), cell(48, 96, batch_first=True), nn.Linear(96, ${VOCABULARY})

    def forward(self, x):
        return self.out(self.cell(self.embed(x))[0][:, -1])

def dense():
    return nn.Sequential(nn.Linear(784, 200), nn.ReLU(), nn.Linear(200, 200), nn.ReLU(), nn.Linear(200, 10))

MODELS = {"2nn": dense, "cnn": Cnn, "gru": lambda: NextWord(nn.GRU), "lstm": lambda: NextWord(nn.LSTM)}
BATCH = ${BATCH_SIZE}

def stepper(name):
    model = MODELS[name]()
    words = name in ("gru", "lstm")
    x = torch.randint(0, ${VOCABULARY}, (BATCH, 10)) if words else torch.rand(BATCH, 784)
    target = torch.randint(0, 10, (BATCH,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    def step():
        optimizer.zero_grad()
        F.cross_entropy(model(x), target).backward()
        optimizer.step()
    return step

`;
