# Mask subtraction of an angiography (PS3.3 section C.7.6.10), compared with numpy.
random = numpy.random.default_rng(7)
rows, columns, count = 40, 56, 6
down, across = numpy.mgrid[0:rows, 0:columns]
frames = numpy.stack([800 + 20 * down + 9 * across + 5 * number for number in range(count)])
frames = frames + random.integers(0, 60, frames.shape)
# A vessel fills.
for number in range(2, count):
    frames[number, 10 : 10 + 4 * number, 20:30] -= 150 * number
frames = frames.clip(0, 4095)


def angiography(**mask):
    mask = item(MaskOperation="AVG_SUB", **mask)
    return image(
        XA, "XA", frames, PixelIntensityRelationship="LOG", RecommendedViewingMode="SUB", MaskSubtractionSequence=[mask]
    )


def moved(mask, shift):
    """Between rows and columns; at the edges the outermost."""
    at = numpy.clip(down - shift[0], 0, rows - 1), numpy.clip(across - shift[1], 0, columns - 1)
    top, left = (numpy.floor(a).astype(int) for a in at)
    low, right = numpy.minimum(top + 1, rows - 1), numpy.minimum(left + 1, columns - 1)
    y, x = at[0] - top, at[1] - left
    upper = mask[top, left] * (1 - x) + mask[top, right] * x
    lower = mask[low, left] * (1 - x) + mask[low, right] * x
    return upper * (1 - y) + lower * y


plain = angiography(MaskFrameNumbers=[1, 2])
averaged = angiography(MaskFrameNumbers=[2], ContrastFrameAveraging=2)
shifted = angiography(MaskFrameNumbers=[1], MaskSubPixelShift=[0.5, -1.25])
send(plain, averaged, shifted)
CENTER, WIDTH = -200, 1400
rendered = "frames/4/rendered?window=%d,%d,linear" % (CENTER, WIDTH)
for ds, difference, what in [
    (plain, frames[3] - frames[:2].mean(0), "the mean of two masks"),
    (averaged, frames[3:5].mean(0) - frames[1], "the mean of two contrasts"),
    (shifted, frames[3] - moved(frames[0].astype(float), (0.5, -1.25)), "a mask that is moved"),
]:
    compare(picture(ds, rendered), window(difference, CENTER, WIDTH), what)
