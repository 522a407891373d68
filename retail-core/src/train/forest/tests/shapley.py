"""Writes shapley.json: a forest of scikit-learn in the form of `ForestModel`, and what shap says of rows.

    pip install scikit-learn==1.9.1 shap==0.54.1
    python shapley.py > shapley.json
"""

import json

import numpy as np
import shap
from sklearn.ensemble import RandomForestClassifier


def saved(tree):
    """A tree whose children lie side by side, behind their parents."""
    numbers, child, at = [0], [0], 0
    while at < len(numbers):
        number = numbers[at]
        if tree.children_left[number] >= 0:
            child[at] = len(numbers)
            numbers += [tree.children_left[number], tree.children_right[number]]
            child += [0, 0]
        at += 1
    splits = [number for number, to in zip(numbers, child) if to]
    leaves = [number for number, to in zip(numbers, child) if not to]
    shares = tree.value[leaves, 0]
    return {
        "child": child,
        "feature": tree.feature[splits].tolist(),
        "threshold": tree.threshold[splits].tolist(),
        "probability": (shares / shares.sum(axis=1, keepdims=True)).ravel().tolist(),
        "cover": tree.weighted_n_node_samples[leaves].astype(int).tolist(),
    }


# Values that single precision has, too: scikit-learn compares in it.
draw = np.random.default_rng(7)
X = draw.integers(0, 40, size=(400, 5)) / 4
y = (X[:, 0] + X[:, 1] * (X[:, 2] > 5) > 9).astype(int) + (X[:, 3] > 8)
forest = RandomForestClassifier(4, max_depth=5, random_state=3).fit(X, y)
rows = X[:25]
explainer = shap.TreeExplainer(forest, feature_perturbation="tree_path_dependent")
answer = {
    "model": {
        "n_features": 5,
        "n_classes": 3,
        "importances": forest.feature_importances_.tolist(),
        "trees": [saved(tree.tree_) for tree in forest.estimators_],
    },
    "rows": rows.tolist(),
    "base": np.asarray(explainer.expected_value).tolist(),
    # (rows, features, classes)
    "contributions": explainer.shap_values(rows).tolist(),
    "probabilities": forest.predict_proba(rows).tolist(),
}
print(json.dumps(answer))
