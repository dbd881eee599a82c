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
    dither      a sheet, or a film of them, in 256 colours
    grid        images, kernels and feature maps side by side
    table       rows and columns
    panels      many small bars: histograms, predictions
    patches     the parts of images that excite a unit
    detectors   the images of a unit that detects a concept
    mosaic      images in the cells of a grid
    matches     places of two images joined by lines
    inspection  what goes in: channels, figures, histogram
    census      the units of each layer as strips
    classes     the class predicted at each position of a cover, and counts
    axes        how every axis looks
    binned, matrix, scatter, shares, surface   charts, one in a file
    chart       which chart answers which question; curves
    dot         boxes and arrows as DOT
    graph       DOT as SVG, and SVG as pixels
"""
