"""How do numbers become pixels?

Everything here takes NumPy arrays and gives back one uint8 RGB sheet `(height, width, 3)`. Nothing here knows a model,
and nothing here writes a file. matplotlib, cv2 and PIL are loaded when the first picture is drawn, not when the package
is imported.

    colour      which colour stands for which number
    text        words as pixels
    sheet       size, enlarge, overlay, tile: the parts every picture is laid out from
    heat        maps over images
    comparison  several maps of each image
    gallery     several pictures of images side by side
    animation   sheets that follow each other
    grid        images, kernels and feature maps side by side
    table       rows and columns
    panels      many small bars: histograms, predictions
    classes     the class predicted at each position of a cover, and counts
    chart       which chart answers which question; curves
    dot         boxes and arrows as DOT
    graph       DOT as SVG, and SVG as pixels
"""
