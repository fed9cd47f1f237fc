"""The benchmark: implementations of the cells against each other, parity first, then times taken in turns."""
