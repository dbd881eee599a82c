"""In which coordinates is a step taken, so that an image grows from its large forms to its small ones?

An image is written as x = A z, z being its Fourier coefficients divided by their frequency, and colours that natural
images do not tell apart being one coordinate. A step along the gradient in z moves x by A Aᵀ ∂f/∂x: so the image itself
is kept, within its range, and only the step is changed. Olah, Mordvintsev & Schubert 2017, "Feature Visualization",
doi:10.23915/distill.00007, who climb in z; a preconditioner in their words.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

# The square root of the covariance of colours in ImageNet, of the source above.
_COLOURS = np.array([[0.26, 0.09, 0.02], [0.27, 0.00, -0.05], [0.27, -0.09, 0.03]])

# Of A Aᵀ. Amplitudes of natural images fall as 1/f, and A with them in the source, where a sigmoid keeps the image in
# its range; here it is cut off there, and with 2 the largest forms would soon be all black and white.
_FALL = 1.5


def smoothed(gradient: tf.Tensor) -> tf.Tensor:
    """Return A Aᵀ times a gradient ``(n, h, w, c)``: in Fourier space divided by the frequency to the power of 1.5.

    Colours are decorrelated where there are three channels. The mean counts as the lowest frequency that there is.
    """
    h, w, c = gradient.shape[1:]
    frequency = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w)[None])
    weight = (1 / np.maximum(frequency, 1 / max(h, w)) ** _FALL).astype(np.complex64)
    planes = tf.transpose(gradient, [0, 3, 1, 2])
    planes = tf.signal.irfft2d(tf.signal.rfft2d(planes) * weight, [h, w])
    if c == 3:
        planes = tf.einsum("ij,njhw->nihw", tf.constant(_COLOURS @ _COLOURS.T, tf.float32), planes)
    return tf.transpose(planes, [0, 2, 3, 1])
