"""Several single-threaded processes that train together.

On a busy machine threads wait for each other at every operation; processes meet once a step.
"""

import tempfile
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed

_PATIENCE = timedelta(days=2)  # a paused run must not look like a dead one


def run(work, processes, *arguments):
    """Calls work(rank, processes, *arguments) in each process."""
    if processes == 1:
        work(0, 1, *arguments)
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting = Path(folder, "meeting").as_uri()
        torch.multiprocessing.spawn(_start, (processes, meeting, work, arguments), nprocs=processes)


def _start(rank, processes, meeting, work, arguments):
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=processes, timeout=_PATIENCE)
    work(rank, processes, *arguments)
    distributed.destroy_process_group()


def average_gradients(parameters, processes):
    if processes == 1:
        return
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= processes
    for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
        gradient.copy_(mean.view_as(gradient))


def wait_for_all(processes):
    if processes > 1:
        distributed.barrier()
