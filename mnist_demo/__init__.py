"""The MNIST tutorial as a program: ``python -m mnist_demo``.

Who does what: ``__main__`` reads the command line, ``names`` knows its steps; ``data`` finds the digits, ``formats``
reads their files and ``fetch`` asks the network; ``net`` is the tutorial's net; ``run`` trains it; ``steps`` draws the
pictures, which are in ``tutorial``, ``wanted`` and ``learnt``, of a ``look`` at the net; ``gap`` cuts it at two depths
for one of them. ``photographs`` are for the notebooks.
"""
