"""One step of every cell in NumPy for one sequence, written from the papers gate by gate; nothing of torch in it."""

import numpy as np

tanh = np.tanh


def sigm(a):
    return 1 / (1 + np.exp(-a))


class Gates:
    """Looks up the rows of one gate in stacked weights; ``gate(k)`` of the whole, or of the part that has rows."""

    def __init__(self, parameters, size):
        self.p, self.size = parameters, size

    def rows(self, name, k):
        return self.p[name][k * self.size : (k + 1) * self.size]

    def inp(self, k, x):
        return self.rows("weight_ih", k) @ x + self.rows("bias_ih", k)

    def rec(self, k, h):
        return self.rows("weight_hh", k) @ h + self.rows("bias_hh", k)

    def both(self, k, x, h):
        return self.inp(k, x) + self.rec(k, h)


def lstm(G, x, h, c):
    i, f, g, o = sigm(G.both(0, x, h)), sigm(G.both(1, x, h)), tanh(G.both(2, x, h)), sigm(G.both(3, x, h))
    c = f * c + i * g
    return o * tanh(c), c


def lstm_coupled(G, x, h, c):
    forget = sigm(G.both(0, x, h))
    i = 1 - forget
    c = c * forget + i * tanh(G.both(1, x, h))
    return sigm(G.both(2, x, h)) * tanh(c), c


def lstm_peephole(G, x, h, c):
    p_i, p_f, p_o = (G.rows("weight_peephole", k) for k in range(3))
    i = sigm(G.both(0, x, h) + p_i * c)
    f = sigm(G.both(1, x, h) + p_f * c)
    new = i * tanh(G.both(2, x, h)) + f * c
    return sigm(G.both(3, x, h) + p_o * new) * tanh(new), new


def lstm_no_input_gate(G, x, h, c):
    c = sigm(G.both(0, x, h)) * c + tanh(G.both(1, x, h))
    return sigm(G.both(2, x, h)) * tanh(c), c


def lstm_no_forget_gate(G, x, h, c):
    c = c + sigm(G.both(0, x, h)) * tanh(G.both(1, x, h))
    return sigm(G.both(2, x, h)) * tanh(c), c


def lstm_no_output_gate(G, x, h, c):
    c = sigm(G.both(1, x, h)) * c + sigm(G.both(0, x, h)) * tanh(G.both(2, x, h))
    return tanh(c), c


def lstm_no_input_activation(G, x, h, c):
    c = sigm(G.both(1, x, h)) * c + sigm(G.both(0, x, h)) * G.both(2, x, h)
    return sigm(G.both(3, x, h)) * tanh(c), c


def lstm_no_output_activation(G, x, h, c):
    c = sigm(G.both(1, x, h)) * c + sigm(G.both(0, x, h)) * tanh(G.both(2, x, h))
    return sigm(G.both(3, x, h)) * c, c


def lstm_full_gate_recurrence(G, x, h, c, i, f, o):
    H = G.size
    R = G.p["weight_gates"]

    def seen(row):
        """R_i. i + R_f. f + R_o. o, for the gate whose rows these are."""
        block = R[row * H : (row + 1) * H]
        return block[:, :H] @ i + block[:, H : 2 * H] @ f + block[:, 2 * H :] @ o

    i_new, f_new = sigm(G.both(0, x, h) + seen(0)), sigm(G.both(1, x, h) + seen(1))
    o_new = sigm(G.both(3, x, h) + seen(2))
    c = f_new * c + i_new * tanh(G.both(2, x, h))
    return o_new * tanh(c), c, i_new, f_new, o_new


def lstm_extra_gate(G, x, h, c):
    attention = sigm(G.inp(4, x))
    c = sigm(G.both(1, x, h)) * c + attention * sigm(G.both(0, x, h)) * tanh(G.both(2, x, h))
    return sigm(G.both(3, x, h)) * tanh(c), c


def gru(G, x, h):
    r, z = sigm(G.both(0, x, h)), sigm(G.both(1, x, h))
    return (z * h + (1 - z) * tanh(G.inp(2, x) + r * G.rec(2, h)),)


def gru_extra_gate(G, x, h):
    r, z, attention = sigm(G.both(0, x, h)), sigm(G.both(1, x, h)), sigm(G.inp(3, x))
    return (z * h + attention * (1 - z) * tanh(G.inp(2, x) + r * G.rec(2, h)),)


def gru_reset_before(G, x, h):
    r, z = sigm(G.both(0, x, h)), sigm(G.both(1, x, h))
    return (z * h + (1 - z) * tanh(G.both(2, x, r * h)),)


def gru_no_reset(G, x, h):
    z = sigm(G.both(0, x, h))
    return (z * h + (1 - z) * tanh(G.both(1, x, h)),)


def gru_no_update(G, x, h):
    return (tanh(G.inp(1, x) + sigm(G.both(0, x, h)) * G.rec(1, h)),)


def mgu(G, x, h):
    f = sigm(G.both(0, x, h))
    return (h + f * (tanh(G.both(1, x, f * h)) - h),)


def mut1(G, x, h):
    z = sigm(G.inp(0, x))
    r = sigm(G.inp(1, x) + G.rec(0, h))
    return (tanh(G.rec(1, r * h) + tanh(G.inp(2, x))) * z + h * (1 - z),)


def mut2(G, x, h):
    z = sigm(G.both(0, x, h))
    r = sigm(G.both(1, x, h))
    return (tanh(G.both(2, x, r * h)) * z + h * (1 - z),)


def mut3(G, x, h):
    z = sigm(G.both(0, x, tanh(h)))
    r = sigm(G.both(1, x, h))
    return (tanh(G.both(2, x, r * h)) * z + h * (1 - z),)


def rnn(G, x, h):
    return (tanh(G.both(0, x, h)),)


def irnn(G, x, h):
    return (np.maximum(G.both(0, x, h), 0),)


def g(a):
    return np.array([v + 0.5 if v >= 0 else sigm(v) for v in a])


def min_gru(G, x, h):
    z = sigm(G.inp(0, x))
    return ((1 - z) * h + z * g(G.inp(1, x)),)


def min_lstm(G, x, h):
    f, i = sigm(G.inp(0, x)), sigm(G.inp(1, x))
    return (f / (f + i) * h + i / (f + i) * g(G.inp(2, x)),)


lstm_chrono = lstm

PARAMETERS = {  # of N inputs and H units
    "lstm": lambda N, H: 4 * H * (N + H + 2),
    "lstm_chrono": lambda N, H: 4 * H * (N + H + 2),
    "lstm_coupled": lambda N, H: 3 * H * (N + H + 2),
    "lstm_peephole": lambda N, H: 4 * H * (N + H + 2) + 3 * H,
    "lstm_no_input_gate": lambda N, H: 3 * H * (N + H + 2),
    "lstm_no_forget_gate": lambda N, H: 3 * H * (N + H + 2),
    "lstm_no_output_gate": lambda N, H: 3 * H * (N + H + 2),
    "lstm_no_input_activation": lambda N, H: 4 * H * (N + H + 2),
    "lstm_no_output_activation": lambda N, H: 4 * H * (N + H + 2),
    "lstm_full_gate_recurrence": lambda N, H: 4 * H * (N + H + 2) + 9 * H * H,
    "lstm_extra_gate": lambda N, H: 4 * H * (N + H + 2) + H * (N + 1),
    "gru": lambda N, H: 3 * H * (N + H + 2),
    "gru_reset_before": lambda N, H: 3 * H * (N + H + 2),
    "gru_no_reset": lambda N, H: 2 * H * (N + H + 2),
    "gru_no_update": lambda N, H: 2 * H * (N + H + 2),
    "gru_extra_gate": lambda N, H: 3 * H * (N + H + 2) + H * (N + 1),
    "mgu": lambda N, H: 2 * H * (N + H + 2),
    "mut1": lambda N, H: 3 * H * (N + 1) + 2 * H * (H + 1),
    "mut2": lambda N, H: 3 * H * (N + H + 2),
    "mut3": lambda N, H: 3 * H * (N + H + 2),
    "rnn": lambda N, H: H * (N + H + 2),
    "irnn": lambda N, H: H * (N + H + 2),
    "min_gru": lambda N, H: 2 * H * (N + 1),
    "min_lstm": lambda N, H: 3 * H * (N + 1),
}
