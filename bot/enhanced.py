"""A picture that was made better → files to send, which say that they are not as they were taken.

Pure but for reading the font. All words are the caller's.
"""

import io
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image, PngImagePlugin

from bot.drawing import KNOWN, PAPER, SIDE, UNKNOWN, captioned
from models.types import Pixels

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""The IPTC's word (Photo Metadata Standard 2023, Digital Source Type) for a picture of which a
trained algorithm made a part."""

_SOFTWARE = "Hantei /enhance"
_GAP = 12


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the two pictures.

    Attributes:
        title: what it is, such as "original"; cut with an ellipsis if it is too long.
        score: never cut.
    """

    pixels: Pixels
    title: str
    score: str


def beside(before: Side, after: Side) -> Pixels:
    """Both pictures, each with its words below it; `after` at the right and in colour."""
    left, right = _captioned(before, UNKNOWN), _captioned(after, KNOWN)
    size = (left.width + right.width + 3 * _GAP, max(left.height, right.height) + 2 * _GAP)
    whole = Image.new("RGB", size, PAPER)
    whole.paste(left, (_GAP, _GAP))
    whole.paste(right, (left.width + 2 * _GAP, _GAP))
    return np.asarray(whole)


def encode(pixels: Pixels, description: str) -> bytes:
    """A PNG, lossless because faces keep their pixels, whose metadata says that it is synthetic.

    Args:
        description: for people who read metadata, and for those who cannot see the picture.
    """
    told = PngImagePlugin.PngInfo()
    told.add_text("Software", _SOFTWARE)
    told.add_itxt("Description", description)
    told.add_itxt("XML:com.adobe.xmp", _XMP.format(description=escape(description)))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", pnginfo=told)
    return file.getvalue()


def _captioned(side: Side, colour: str) -> Image.Image:
    image = Image.fromarray(side.pixels)
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    shown = image.resize(size, Image.Resampling.LANCZOS)
    return captioned(shown, side.title, side.score, colour)


_XMP = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    xmp:CreatorTool="{_SOFTWARE}"
    Iptc4xmpExt:DigitalSourceType="{SOURCE}">
   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{{description}}</rdf:li></rdf:Alt>
   </dc:description>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
