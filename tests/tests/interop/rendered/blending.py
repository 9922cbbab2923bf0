# Blending presentation states (PS3.4 sections N.2.4 and N.2.6), compared with numpy.
rows, columns = 48, 64
down, across = numpy.mgrid[0:rows, 0:columns]
PLACE = dict(
    FrameOfReferenceUID="1.2.826.0.1.3680043.8.498.1",
    ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
    ImagePositionPatient=[0, 0, 0],
    PixelSpacing=[1, 1],
    RescaleSlope=1,
    RescaleIntercept=-1024,
)
anatomy = image(CT, "CT", 600 + 10 * across + 4 * down, **PLACE)
hot_values = 900 + 12 * ((across - 30) ** 2 < 400) * down + across
function = image(CT, "CT", hot_values, **{**PLACE, "RescaleSlope": 2, "RescaleIntercept": -1000})
elsewhere = image(CT, "CT", hot_values, **{**PLACE, "FrameOfReferenceUID": "1.2.826.0.1.3680043.8.498.2"})
GREYS = window(600.0 + 10 * across + 4 * down - 1024, 40, 900)
HOT = 2 * hot_values - 1000
HEAT = window(HOT.astype(float), 1400, 1300)
levels = numpy.arange(256)
TABLES = [levels * 257, (levels.clip(128) - 128) * 514, 65535 - levels * 257]


def palette():
    values = {}
    for name, table in zip(("Red", "Green", "Blue"), TABLES):
        values[name + "PaletteColorLookupTableDescriptor"] = [256, 0, 16]
        values[name + "PaletteColorLookupTableData"] = table.astype("<u2").tobytes()
    return values


def voi(center, width):
    return dict(SoftcopyVOILUTSequence=[item(WindowCenter=center, WindowWidth=width)])


def colors(grey):
    index = grey.round().astype(int)
    return numpy.stack([table[index] / 257 for table in TABLES], -1)


def grey(values):
    return numpy.repeat(values[..., None], 3, -1)


def references(ds):
    of = item(ReferencedSOPClassUID=ds.SOPClassUID, ReferencedSOPInstanceUID=ds.SOPInstanceUID)
    return dict(SeriesInstanceUID=ds.SeriesInstanceUID, ReferencedImageSequence=[of])


def plain(over):
    def one(position, ds, *window):
        series = item(**references(ds))
        rescale = dict(RescaleSlope=ds.RescaleSlope, RescaleIntercept=ds.RescaleIntercept, RescaleType="US")
        return item(
            BlendingPosition=position,
            StudyInstanceUID=STUDY,
            ReferencedSeriesSequence=[series],
            **rescale,
            **voi(*window),
        )

    both = [one("SUPERIMPOSED", over, 1400, 1300), one("UNDERLYING", anatomy, 40, 900)]
    return instance(BLENDING, "PR", BlendingSequence=both, RelativeOpacity=0.3, **palette())


def advanced(kind, *thresholds):
    values = [item(ThresholdValue=float(value)) for value in thresholds]
    threshold = item(ThresholdType=kind, ThresholdValueSequence=values)
    inputs = [
        item(BlendingInputNumber=1, StudyInstanceUID=STUDY, **references(anatomy), **voi(40, 900)),
        item(
            BlendingInputNumber=2,
            StudyInstanceUID=STUDY,
            **references(function),
            **voi(1400, 1300),
            PaletteColorLookupTableSequence=[item(**palette())],
            ThresholdSequence=[threshold],
        ),
    ]
    step = item(
        BlendingMode="FOREGROUND",
        RelativeOpacity=0.6,
        BlendingDisplayInputSequence=[item(BlendingInputNumber=2), item(BlendingInputNumber=1)],
    )
    return instance(
        ADVANCED, "PR", AdvancedBlendingSequence=inputs, BlendingDisplaySequence=[step], PixelPresentation="TRUE_COLOR"
    )


simple, strange = plain(function), plain(elsewhere)
above, within = advanced("GREATER_THAN", 1200), advanced("RANGE_INCL", 1000, 1300)
unknown = advanced("SOMEWHERE", 1)
send(anatomy, function, elsewhere, simple, strange, above, within, unknown)
compare(picture(simple, "rendered"), 0.3 * colors(HEAT) + 0.7 * grey(GREYS), "plain blending")
for ds, shown, what in [(above, HOT > 1200, "above"), (within, (HOT >= 1000) & (HOT <= 1300), "within")]:
    check(0.1 < shown.mean() < 0.9, "thresholds that part nothing", shown.mean())
    blended = numpy.where(shown[..., None], 0.6 * colors(HEAT) + 0.4 * grey(GREYS), grey(GREYS))
    compare(picture(ds, "rendered"), blended, "blending of values " + what)
for ds, word in [(strange, b"frames of reference"), (unknown, b"thresholds")]:
    status, _, body = ask("GET", path(ds, "rendered"), None, {"Accept": "image/png"})
    check(status == 406 and word in body, status, body[:300])
