"""A forest by LightGBM.

    python benches/peers/fits_lightgbm.py FOLDER   # from `bench-fits write`; see answer.py

Ten rounds of its random-forest mode, two threads, depth 5, 255 bins, two features of six a node,
each round on 63.2 % of the rows: as many different rows as a bootstrap has. LightGBM has no trees
with several outputs, so a round is four trees, one a class. The time includes its binning.
"""

import sys

import lightgbm
from answer import answer
from fit_data import Pair
from sklearn.metrics import accuracy_score, log_loss

PARAMETERS = {
    "boosting": "rf",
    "objective": "multiclass",
    "num_class": 4,
    "num_threads": 2,
    "max_depth": 5,
    "num_leaves": 32,
    "max_bin": 255,
    "min_data_in_leaf": 1,
    "min_sum_hessian_in_leaf": 0.0,
    "bagging_fraction": 0.632,
    "bagging_freq": 1,
    "feature_fraction_bynode": 2 / 6,
    "seed": 42,
    "verbose": -1,
}


def main(folder):
    data = Pair(folder, "classification", "quantity_category")

    def fit():
        return lightgbm.train(PARAMETERS, lightgbm.Dataset(data.x, data.y), num_boost_round=10)

    def measure(model):
        probabilities = model.predict(data.x_test)
        return {
            "accuracy": accuracy_score(data.y_test, probabilities.argmax(axis=1)),
            "log_loss": log_loss(data.y_test, probabilities, labels=range(4)),
        }

    return [("forest", "LightGBM rf", fit, measure)]


if __name__ == "__main__":
    answer(main(sys.argv[1]))
