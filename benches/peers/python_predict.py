"""Predictions by scikit-learn, and of one row by ONNX Runtime and lleaves.

    python benches/peers/python_predict.py FOLDER   # from `bench-fits write`; see answer.py

ONNX Runtime has the forest of scikit-learn, with one thread, in single precision. lleaves compiles
LightGBM's, which has a tree for each class.
"""

import sys
import tempfile
from pathlib import Path

import lightgbm
import numpy as np
import onnxruntime
from answer import answer
from fit_data import Pair
from fits_lightgbm import PARAMETERS
from python_rows import TIMES, all_rows, one_row
from skl2onnx import to_onnx
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier


def counted(answers):
    return {"rows": len(answers)}


def onnx(forest, row):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    exported = to_onnx(forest, row.astype(np.float32), options={"zipmap": False})
    session = onnxruntime.InferenceSession(exported.SerializeToString(), options)
    single = row.astype(np.float32)
    return lambda: [session.run(None, {"X": single}) for _ in range(TIMES)]


def compiled(data, row):
    import lleaves

    trained = lightgbm.train(PARAMETERS, lightgbm.Dataset(data.x, data.y), num_boost_round=10)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.txt"
        trained.save_model(file)
        model = lleaves.Model(model_file=str(file))
        model.compile()
    return lambda: [model.predict(row, n_jobs=1) for _ in range(TIMES)]


def main(folder):
    data = Pair(folder, "classification", "quantity_category")
    rows, row = all_rows(data), one_row(data)
    forest = RandomForestClassifier(n_estimators=10, max_depth=5, n_jobs=2, random_state=42)
    forest.fit(data.x, data.y)
    alone = clone(forest).set_params(n_jobs=1).fit(data.x, data.y)
    offers = [
        ("predict", "scikit-learn", lambda: alone.predict(rows), counted),
        ("predict", "scikit-learn, two threads", lambda: forest.predict(rows), counted),
        ("one row", "scikit-learn", lambda: [alone.predict_proba(row) for _ in range(TIMES)], counted),
        ("one row", "ONNX Runtime", onnx(alone, row), counted),
    ]
    try:
        offers.append(("one row", "lleaves", compiled(data, row), counted))
    except Exception as error:
        print(f"lleaves is left out: {error!r}", file=sys.stderr)
    return offers


if __name__ == "__main__":
    answer(main(sys.argv[1]))
