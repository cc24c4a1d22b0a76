#!/usr/bin/python3
"""Draws the demo's face: a person who does not exist, as JPEG and JPEG 2000.

    face.py DIRECTORY     writes face.jpg and face.jp2 there (about 20 kB each)

Needs Pillow (python3-pil). The results are kept beside this script, so that
neither the build nor the demo needs Python. Deterministic but for the version
of the codecs.
"""
import os
import random
import sys

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 413, 531  # 35 x 45 mm at 300 dpi
SCALE = 3
TARGET = 20000

SKIN, SHADE, BLUSH = (226, 182, 150), (196, 148, 118), (222, 150, 126)
HAIR, HAIR_LIGHT = (86, 52, 34), (128, 82, 52)
IRIS, LIPS, COAT, SHIRT = (74, 104, 92), (176, 86, 84), (46, 66, 98), (236, 238, 240)


def box(cx, cy, rx, ry):
    return [v * SCALE for v in (cx - rx, cy - ry, cx + rx, cy + ry)]


def points(*pairs):
    return [(x * SCALE, y * SCALE) for x, y in pairs]


def background():
    image = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE))
    draw = ImageDraw.Draw(image)
    for y in range(HEIGHT * SCALE):
        k = y / (HEIGHT * SCALE)
        draw.line([(0, y), (WIDTH * SCALE, y)],
                  fill=tuple(int(a - k * b) for a, b in ((226, 34), (230, 30), (234, 22))))
    return image


def soften(image, shape, colour, radius, alpha):
    """Draws `shape(draw)` in `colour`, blurred, over the image."""
    mask = Image.new("L", image.size, 0)
    shape(ImageDraw.Draw(mask), alpha)
    mask = mask.filter(ImageFilter.GaussianBlur(radius * SCALE))
    image.paste(Image.new("RGB", image.size, colour), mask=mask)


def body(image, draw):
    draw.ellipse(box(206, 292, 128, 190), fill=HAIR)                       # hair behind
    draw.rectangle(box(206, 400, 124, 70), fill=HAIR)
    draw.polygon(points((30, 531), (52, 470), (150, 432), (262, 432), (360, 470), (383, 531)),
                 fill=COAT)
    draw.polygon(points((162, 428), (206, 500), (250, 428)), fill=SHIRT)
    draw.polygon(points((166, 350), (246, 350), (252, 432), (206, 474), (160, 432)), fill=SKIN)
    soften(image, lambda d, a: d.ellipse(box(206, 396, 40, 16), fill=a), SHADE, 6, 190)


def head(image, draw):
    draw.ellipse(box(112, 268, 14, 30), fill=SHADE)
    draw.ellipse(box(300, 268, 14, 30), fill=SHADE)
    draw.ellipse(box(206, 236, 94, 112), fill=SKIN)
    draw.polygon(points((114, 250), (298, 250), (284, 330), (240, 382), (206, 392), (172, 382),
                        (128, 330)), fill=SKIN)
    draw.ellipse(box(206, 342, 52, 52), fill=SKIN)
    for cx in (150, 262):
        soften(image, lambda d, a, x=cx: d.ellipse(box(x, 312, 24, 16), fill=a), BLUSH, 9, 110)
    soften(image, lambda d, a: d.ellipse(box(268, 318, 14, 50), fill=a), SHADE, 14, 120)


def hair(image, draw):
    draw.pieslice(box(206, 226, 110, 128), 180, 360, fill=HAIR)
    draw.polygon(points((98, 222), (132, 222), (116, 330), (98, 330)), fill=HAIR)
    draw.polygon(points((314, 222), (282, 222), (296, 330), (314, 330)), fill=HAIR)
    draw.polygon(points((118, 226), (196, 150), (300, 226), (284, 190), (206, 120), (128, 176)),
                 fill=HAIR)
    draw.ellipse(box(206, 252, 88, 92), fill=SKIN)
    rnd = random.Random(9303)
    for _ in range(420):                                                   # strands
        x, y = rnd.randint(100, 312), rnd.randint(106, 190)
        if ((x - 206) / 108) ** 2 + ((y - 226) / 124) ** 2 > 1:
            continue
        if ((x - 206) / 98) ** 2 + ((y - 252) / 120) ** 2 < 1:
            continue
        dx = (x - 206) // 6
        draw.line(points((x, y), (x + dx, y + rnd.randint(10, 26))),
                  fill=rnd.choice((HAIR_LIGHT, (70, 42, 28), (104, 64, 42))), width=SCALE)


def eye(image, draw, cx):
    draw.ellipse(box(cx, 256, 21, 11), fill=(248, 246, 242))
    draw.ellipse(box(cx, 256, 10, 10), fill=IRIS)
    draw.ellipse(box(cx, 256, 5, 5), fill=(24, 20, 18))
    draw.ellipse(box(cx + 3, 253, 2, 2), fill=(255, 255, 255))
    draw.arc(box(cx, 258, 23, 14), 190, 350, fill=(60, 40, 32), width=3 * SCALE)
    draw.arc(box(cx, 254, 21, 12), 20, 160, fill=SHADE, width=SCALE)
    draw.arc(box(cx, 244, 30, 16), 205, 335, fill=HAIR, width=5 * SCALE)


def features(image, draw):
    eye(image, draw, 164)
    eye(image, draw, 248)
    soften(image, lambda d, a: d.polygon(points((206, 262), (214, 306), (200, 306)), fill=a),
           SHADE, 4, 150)
    draw.arc(box(206, 304, 16, 10), 20, 160, fill=(170, 116, 92), width=2 * SCALE)
    draw.ellipse(box(198, 309, 3, 2), fill=(150, 98, 78))
    draw.ellipse(box(214, 309, 3, 2), fill=(150, 98, 78))
    draw.polygon(points((174, 344), (196, 337), (206, 340), (216, 337), (238, 344), (206, 348)),
                 fill=LIPS)
    draw.chord(box(206, 344, 30, 15), 5, 175, fill=(190, 98, 94))
    draw.line(points((174, 344), (206, 347), (238, 344)), fill=(132, 58, 60), width=2 * SCALE)


def grain(image):
    """A little noise, as a camera adds: a flat drawing would be far below 20 kB."""
    rnd = random.Random(19794)
    noise = Image.new("L", (WIDTH, HEIGHT))
    noise.putdata([rnd.randint(108, 148) for _ in range(WIDTH * HEIGHT)])
    noise = noise.filter(ImageFilter.GaussianBlur(0.6))
    return Image.blend(image, Image.merge("RGB", (noise,) * 3), 0.12)


def face():
    image = background()
    draw = ImageDraw.Draw(image)
    for part in (body, head, hair, features):
        part(image, draw)
    image = image.resize((WIDTH, HEIGHT), Image.LANCZOS)
    return grain(image)


def save_jpeg(image, path):
    for quality in range(95, 20, -1):
        image.save(path, "JPEG", quality=quality, optimize=True)
        if os.path.getsize(path) <= TARGET:
            return


def save_jp2(image, path):
    ratio = WIDTH * HEIGHT * 3 / TARGET
    image.save(path, "JPEG2000", quality_mode="rates", quality_layers=[ratio], irreversible=True)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    image = face()
    save_jpeg(image, os.path.join(sys.argv[1], "face.jpg"))
    save_jp2(image, os.path.join(sys.argv[1], "face.jp2"))


main()
