"""What servers with scikit-learn have in common: the pickles of `nine_models.py`, and answers with what the engine's have."""

import pickle
from pathlib import Path

import numpy as np

LINEAR = ("quantity", "price", "month", "day", "hour")
SIX = ("quantity", "price", "total_amount", "month", "day", "hour")
CLASSES = ("Low", "Medium", "High", "Bulk")
PREFIXES = {
    "total_amount": "linear_model",
    "quantity_category": "rf_model_window",
    "high_value_customer": "logistic_model_batch",
}


class Models:
    def __init__(self, folder):
        self.models = {}
        for target, prefix in PREFIXES.items():
            for version in (1, 2, 3):
                file = Path(folder, f"{prefix}_{version}.pickle")
                self.models[target, f"v{version}"] = pickle.loads(file.read_bytes())

    def predict(self, target, version, sale):
        """`sale` has a number for each feature."""
        model = self.models[target, version]
        answer = {"model_version": version}
        if target == "total_amount":
            row = np.array([[sale[name] for name in LINEAR]])
            return answer | {"prediction": float(model.predict(row)[0])}
        scores = model.predict_proba(np.array([[sale[name] for name in SIX]]))[0]
        if target == "high_value_customer":
            probability = float(scores[1])
            return answer | {"is_high_value_customer": probability >= 0.5, "probability": probability}
        names = [CLASSES[place] for place in model.classes_]
        best = int(scores.argmax())
        return answer | {
            "predicted_category": names[best],
            "probabilities": dict(zip(names, map(float, scores), strict=True)),
            "confidence": float(scores[best]),
        }
