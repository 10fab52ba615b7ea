"""The second network, from the file that the safety gate uses."""

import numpy as np
from PIL import Image

from models.ridge import Line
from models.second_opinion import LENGTH, SecondOpinion, Witness
from tests.drawn import drawn_face, landscape


def squares() -> list[np.ndarray]:
    shown = (drawn_face((220, 120, 60)), landscape())
    return [np.asarray(each.resize((224, 224))) for each in shown]


def test_each_picture_has_features_of_its_own() -> None:
    both = SecondOpinion().features(squares())
    assert both.shape == (2, LENGTH)
    assert np.isfinite(both).all()
    np.testing.assert_allclose(SecondOpinion().features(squares()[1:])[0], both[1], atol=1e-3)
    assert np.corrcoef(both)[0, 1] < 0.99


def test_a_witness_scores_a_picture_of_any_size() -> None:
    opinion = SecondOpinion()
    weights = np.zeros(LENGTH, dtype=np.float32)
    weights[0] = 2.0
    square = squares()[0]
    expected = 2.0 * float(opinion.features([square])[0, 0]) + 1.0
    large = np.asarray(Image.fromarray(square).resize((448, 448), Image.Resampling.NEAREST))
    witness = Witness(Line(weights, 1.0), opinion)
    np.testing.assert_allclose([witness(square), witness(large)], expected, rtol=0.05)
