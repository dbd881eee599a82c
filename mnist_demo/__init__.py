"""The MNIST tutorial as a program: ``python -m mnist_demo``.

Who does what: ``__main__`` reads the command line; ``data`` finds the digits, ``formats`` reads their files and
``fetch`` asks the network; ``net`` is the tutorial's net; ``run`` trains it; ``steps`` draws the pictures; ``gap`` cuts
the net at two depths for one of them.
"""
