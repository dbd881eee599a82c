"""Is what is kept of a stream what went by?"""

from __future__ import annotations

import cv2
import numpy as np

from keras_vis.measure.gathered import Album, Rows


def test_rows_stand_in_their_place_whether_or_not_their_number_is_known():
    rows = np.arange(14, dtype=np.float32).reshape(7, 2)
    for count in (7, None):
        kept = Rows(count)
        for start in (0, 3, 6):
            kept.put(start, rows[start : start + 3])
        np.testing.assert_array_equal(kept.all(), rows)


def test_the_album_is_the_same_however_the_images_come():
    images = np.arange(500, dtype=np.float32)[:, None, None, None] * np.ones((1, 2, 2, 1), np.float32)
    albums = []
    for size in (500, 64, 1):
        album = Album(40, 8, seed=3)
        for start in range(0, 500, size):
            album.put(images[start : start + size])
        albums.append(album.all())
    for album in albums:
        np.testing.assert_array_equal(album["shown"], albums[0]["shown"])
        np.testing.assert_array_equal(album["images"], images[album["shown"]])
    assert len(set(albums[0]["shown"].tolist())) == 40


def test_every_image_has_the_same_chance():
    counts = np.zeros(50)
    for seed in range(400):
        album = Album(10, 8, seed)
        for _ in range(10):
            album.put(np.zeros((5, 1, 1, 1), np.float32))
        counts[album.all()["shown"]] += 1
    # 80 each, with a deviation of 8
    assert abs(counts - 80).max() < 32
    assert abs(counts[:25].mean() - 80) < 6


def test_a_small_copy_is_the_mean_over_areas():
    image = np.random.default_rng(0).uniform(size=(1, 12, 30, 3)).astype(np.float32)
    album = Album(1, 10, 0)
    album.put(image)
    small = album.all()["images"]
    assert small.shape == (1, 4, 10, 3)
    np.testing.assert_allclose(small[0], image[0].reshape(4, 3, 10, 3, 3).mean(axis=(1, 3)), rtol=1e-5)


def test_a_small_copy_of_uneven_parts_is_that_of_opencv_and_shares_nothing():
    images = np.random.default_rng(0).uniform(size=(2, 25, 64, 3)).astype(np.float32)
    album = Album(2, 30, 0)
    album.put(images)
    kept = album.all()
    assert kept["images"].shape == (2, 12, 30, 3)
    for copy, i in zip(kept["images"], kept["shown"], strict=True):
        np.testing.assert_allclose(copy, cv2.resize(images[i], (30, 12), interpolation=cv2.INTER_AREA), atol=1e-5)
    album = Album(2, 64, 0)
    album.put(images)
    assert not any(np.shares_memory(copy, images) for copy in album._images)
