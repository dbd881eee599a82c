"""How does code that was written for keras-vis or tf-explain run here? With a changed import.

    from keras_vis.compat.vis.visualization import visualize_saliency  # was: from vis.visualization import ...
    from keras_vis.compat.tf_explain.core.grad_cam import GradCAM  # was: from tf_explain.core.grad_cam import ...

The old calls are translated, and no more: every number is that of this package's own functions. Where the old numbers
were others, the docstrings say so. For new code the functions of `keras_vis` itself are shorter, and can more.
"""
