"""Drawings of our own: one with a face, one of nobody."""

import numpy as np
from PIL import Image, ImageDraw


def drawn_face(colour: tuple[int, int, int]) -> Image.Image:
    """A character's head before a background of this colour: 240 x 180, face (70, 30, 170, 150)."""
    image = Image.new("RGB", (240, 180), colour)
    draw = ImageDraw.Draw(image)
    draw.ellipse((70, 30, 170, 150), "#ffe0c8", "black", 3)
    draw.pieslice((64, 20, 176, 130), 180, 360, "#335")
    for x in (95, 145):
        draw.ellipse((x - 12, 80, x + 12, 115), "white", "black", 3)
        draw.ellipse((x - 6, 88, x + 6, 112), "#259")
    draw.arc((105, 115, 135, 135), 20, 160, "black", 3)
    return image


def landscape() -> Image.Image:
    """Sky, sun, hills and a meadow."""
    blue, white = np.array([60, 120, 220]), np.array([230, 240, 255])
    down = np.linspace(0, 1, 300)[:, None, None]
    sky = np.broadcast_to(blue + down * (white - blue), (300, 400, 3)).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(sky))
    draw = ImageDraw.Draw(image)
    draw.ellipse((300, 30, 350, 80), "#fff3b0")
    draw.polygon([(0, 220), (120, 150), (240, 210), (400, 160), (400, 300), (0, 300)], "#5a7f5a")
    draw.rectangle((0, 250, 400, 300), "#7fa860")
    return image
