"""Fixtures of all tests."""

import os
import signal

import pytest
import torch

from rnncompare.base.isolation import OF_OWN_DATA, preload

os.fsync = lambda descriptor: None  # the tests write thousands of small files, and none has to survive a power cut

# A shell has what it runs in the background ignore Ctrl-C, which the commands under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def server_for_own_data():
    """All tests share one server of processes, and the first run of all may not be on own data."""
    preload(*OF_OWN_DATA)


@pytest.fixture
def process_as_before():
    """Lets a test set what holds for the whole process, as measuring does, and sets it back afterwards.

    torch's own test helpers, once a test has imported them, forbid setting such flags.
    """
    with torch.backends.__allow_nonbracketed_mutation():
        threads, tf32 = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
        yield
        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = tf32
