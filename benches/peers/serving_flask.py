"""Flask with scikit-learn's models, which are in the folder BENCH_MODELS: `gunicorn serving_flask:app`."""

import os

from flask import Flask, request
from serving_models import Models

app = Flask(__name__)
models = Models(os.environ["BENCH_MODELS"])


@app.post("/predict/<target>/<version>")
def predict(target, version):
    return models.predict(target, version, request.get_json())
