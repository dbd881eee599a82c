"""What do numbers say? What is computed of arrays alone, without a model and without a picture.

quantile   the value above which few lie, streamed
overlap    where maps and masks meet, over a whole data set
gathered   rows and images that are kept while the data go by
plane      principal components, neighbours, t-SNE
pairs      which of two sets of vectors are each other's nearest
bins       an attribute in bins, with intervals
agreement  how far raters agree, and where not
drift      how far numbers are from what they were
"""
